"""Fourier features and their derivatives; the layout of a row is that of :mod:`npgan.ops.fourier`."""

from typing import NamedTuple

import numpy as np
from numba import prange

from npgan.kernels.elementary import sine
from npgan.kernels.jit import ONE, Threaded, fma, jit
from npgan.kernels.matmul import share
from npgan.kernels.memory import copy
from npgan.kernels.row import Reads, Writes, performs
from npgan.ops.fourier import TURN


class Fourier(NamedTuple):
    """The features y of n samples x of d numbers, by k frequencies."""

    x: Reads
    frequencies: Reads
    y: Writes
    n: int
    d: int
    k: int


class FourierBackward(NamedTuple):
    """dx, from dy and y; ``frequencies`` are 2 pi times the frequencies."""

    dy: Reads
    y: Reads
    frequencies: Reads
    dx: Writes
    n: int
    d: int
    k: int


class FourierTangent(NamedTuple):
    """u, the change of y if x changes by t; ``frequencies`` are 2 pi times the frequencies."""

    t: Reads
    y: Reads
    frequencies: Reads
    u: Writes
    n: int
    d: int
    k: int


@jit
def forward_part(x, f, y, row, part, parts):  # type: ignore[no-untyped-def]
    """Write all phases first, so that the sine is one long loop; x then overwrites its own columns."""
    d, k = row.d, row.k
    first, last = share(row.n, ONE, part, parts)
    width, frequencies, quarter = d + 2 * d * k, f[row.frequencies :][:k], y.dtype.type(0.25)
    for i in range(first, last):
        for j in range(d):
            at, xj = row.y + i * width + d + j * k, x[row.x + i * d + j]
            s, c = y[at:][:k], y[at + d * k :][:k]
            for m in range(k):
                turns = frequencies[m] * xj
                s[m], c[m] = turns, turns + quarter
    rows = y[row.y + first * width : row.y + last * width]
    for i in range(rows.size):
        rows[i] = sine(rows[i])
    for i in range(first, last):
        copy(x, row.x + i * d, y, row.y + i * width, d)


@jit
def backward_part(dy, y, f, dx, row, part, parts):  # type: ignore[no-untyped-def]
    """Add up the waves of each number."""
    d, k = row.d, row.k
    first, last = share(row.n, ONE, part, parts)
    width, omega = d + 2 * d * k, f[row.frequencies :][:k]
    for i in range(first, last):
        for j in range(d):
            at = i * width + d + j * k
            ds, dc = dy[row.dy + at :][:k], dy[row.dy + at + d * k :][:k]
            s, c = y[row.y + at :][:k], y[row.y + at + d * k :][:k]
            total = dy[row.dy + i * width + j]
            for m in range(k):
                total = fma(omega[m], ds[m] * c[m] - dc[m] * s[m], total)
            dx[row.dx + i * d + j] = total


@performs(Fourier)
def _fourier(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    forward_part(memory, memory, memory, row, part, parts)


@performs(FourierBackward)
def _gradient(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    backward_part(memory, memory, memory, memory, row, part, parts)


@performs(FourierTangent)
def _tangent(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    """Multiply by the derivatives of the waves."""
    d, k = row.d, row.k
    first, last = share(row.n, ONE, part, parts)
    width, omega = d + 2 * d * k, memory[row.frequencies :][:k]
    for i in range(first, last):
        copy(memory, row.t + i * d, memory, row.u + i * width, d)
        for j in range(d):
            at, tj = i * width + d + j * k, memory[row.t + i * d + j]
            s, c = memory[row.y + at :][:k], memory[row.y + at + d * k :][:k]
            us, uc = memory[row.u + at :][:k], memory[row.u + at + d * k :][:k]
            for m in range(k):
                change = tj * omega[m]
                us[m], uc[m] = change * c[m], -change * s[m]


def _forward(x, f, y, row, parts):  # type: ignore[no-untyped-def]
    for part in prange(parts):
        forward_part(x, f, y, row, np.int64(part), parts)


def _backward(dy, y, f, dx, row, parts):  # type: ignore[no-untyped-def]
    for part in prange(parts):
        backward_part(dy, y, f, dx, row, np.int64(part), parts)


forward, backward = Threaded(_forward), Threaded(_backward)


def fourier_forward(x: np.ndarray, frequencies: np.ndarray) -> np.ndarray:
    """See :func:`forward_part`."""
    (n, d), k = x.shape, len(frequencies)
    y = np.empty((n, d + 2 * d * k), x.dtype)
    forward(x.reshape(-1), frequencies, y.reshape(-1), Fourier(0, 0, 0, n, d, k))
    return y


def fourier_backward(dy: np.ndarray, y: np.ndarray, frequencies: np.ndarray) -> np.ndarray:
    """See :func:`backward_part`."""
    (n, width), k = y.shape, len(frequencies)
    d = width // (1 + 2 * k)
    dx = np.empty((n, d), y.dtype)
    omega = angular(frequencies, dx.dtype)
    row = FourierBackward(0, 0, 0, 0, n, d, k)
    backward(dy.reshape(-1), y.reshape(-1), omega, dx.reshape(-1), row)
    return dx


def angular(frequencies: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return 2 pi f, as the reference has it."""
    return TURN * frequencies.astype(dtype)
