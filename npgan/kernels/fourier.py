"""Fourier features and their derivatives; the layout of a row is that of :mod:`npgan.ops.fourier`."""

from typing import Any, NamedTuple

import numpy as np

from npgan.kernels.elementary import sine
from npgan.kernels.elementwise import worth
from npgan.kernels.jit import ONE, fma
from npgan.kernels.matmul import share
from npgan.kernels.memory import copy
from npgan.kernels.row import NotRecordable, Reads, Writes, kernel, only_recorded, performs
from npgan.ops.fourier import TURN


class Fourier(NamedTuple):
    """The features y of n samples x of d numbers, for k frequencies."""

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


@performs(Fourier)
def _fourier(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    """Write all phases first, so that the sine is one long loop; x then overwrites its own columns."""
    d, k = row.d, row.k
    first, last = share(row.n, ONE, part, parts)
    width, frequencies = d + 2 * d * k, memory[row.frequencies :][:k]
    quarter = memory.dtype.type(0.25)
    for i in range(first, last):
        for j in range(d):
            at, xj = row.y + i * width + d + j * k, memory[row.x + i * d + j]
            s, c = memory[at:][:k], memory[at + d * k :][:k]
            for m in range(k):
                turns = frequencies[m] * xj
                s[m], c[m] = turns, turns + quarter
    rows = memory[row.y + first * width : row.y + last * width]
    for i in range(rows.size):
        rows[i] = sine(rows[i])
    for i in range(first, last):
        copy(memory, row.x + i * d, memory, row.y + i * width, d)


@performs(FourierBackward)
def _gradient(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    """Sum over the waves of each number."""
    d, k = row.d, row.k
    first, last = share(row.n, ONE, part, parts)
    width, omega = d + 2 * d * k, memory[row.frequencies :][:k]
    for i in range(first, last):
        for j in range(d):
            at = i * width + d + j * k
            ds, dc = memory[row.dy + at :][:k], memory[row.dy + at + d * k :][:k]
            s, c = memory[row.y + at :][:k], memory[row.y + at + d * k :][:k]
            total = memory[row.dy + i * width + j]
            for m in range(k):
                total = fma(omega[m], ds[m] * c[m] - dc[m] * s[m], total)
            memory[row.dx + i * d + j] = total


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


@kernel
def fourier_forward(rows: Any, x: Any, frequencies: np.ndarray) -> Any:
    """See :class:`Fourier`."""
    (n, d), k = x.shape, len(frequencies)
    y = rows.new(x.dtype, n, d + 2 * d * k)
    rows.write(Fourier(x, frequencies.astype(x.dtype), y, n, d, k), worth(n * d * k))
    return y


@kernel
def fourier_backward(rows: Any, dy: Any, y: Any, frequencies: np.ndarray) -> Any:
    """See :class:`FourierBackward`."""
    (n, width), k, omega = y.shape, len(frequencies), angular(frequencies, y.dtype)
    d = width // (1 + 2 * k)
    dx = rows.new(y.dtype, n, d)
    rows.write(FourierBackward(dy, y, omega, dx, n, d, k), worth(n * d * k))
    return dx


@only_recorded
def fourier_double_backward(
    rows: Any, ddx: Any, dy: Any, y: Any, frequencies: np.ndarray, input_grad: bool = True
) -> tuple[Any, None]:
    """See :class:`FourierTangent`; for ``dx`` there is no row."""
    if input_grad:
        raise NotRecordable("the second derivative of Fourier features with respect to x")
    (n, d), k, omega = ddx.shape, len(frequencies), angular(frequencies, y.dtype)
    u = rows.new(y.dtype, *y.shape)
    rows.write(FourierTangent(ddx, y, omega, u, n, d, k), worth(n * d * k))
    return u, None


def angular(frequencies: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return 2 pi f, as the reference computes it."""
    return TURN * frequencies.astype(dtype)
