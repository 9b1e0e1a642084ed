"""Fourier features and their derivatives; the layout of a row is that of :mod:`npgan.ops.fourier`."""

import numpy as np
from numba import prange

from npgan.kernels.elementary import sine
from npgan.kernels.jit import ONE, ZERO, Threaded, fma, jit
from npgan.kernels.matmul import share
from npgan.kernels.memory import copy
from npgan.ops.fourier import TURN


@jit
def forward_part(x, x0, f, f0, y, y0, n, d, k, part, parts):  # type: ignore[no-untyped-def]
    """Write all turns first: the sine is then one long loop, over memory that is overwritten by x."""
    first, last = share(n, ONE, part, parts)
    width, frequencies, quarter = d + 2 * d * k, f[f0:][:k], y.dtype.type(0.25)
    for i in range(first, last):
        for j in range(d):
            at, xj = y0 + i * width + d + j * k, x[x0 + i * d + j]
            s, c = y[at:][:k], y[at + d * k :][:k]
            for m in range(k):
                turns = frequencies[m] * xj
                s[m], c[m] = turns, turns + quarter
    rows = y[y0 + first * width : y0 + last * width]
    for i in range(rows.size):
        rows[i] = sine(rows[i])
    for i in range(first, last):
        copy(x, x0 + i * d, y, y0 + i * width, d)


@jit
def backward_part(dy, dy0, y, y0, w, w0, dx, dx0, n, d, k, part, parts):  # type: ignore[no-untyped-def]
    """Add up the waves of each number; ``w`` is 2 pi f."""
    first, last = share(n, ONE, part, parts)
    width, omega = d + 2 * d * k, w[w0:][:k]
    for i in range(first, last):
        for j in range(d):
            at = i * width + d + j * k
            ds, dc = dy[dy0 + at :][:k], dy[dy0 + at + d * k :][:k]
            s, c = y[y0 + at :][:k], y[y0 + at + d * k :][:k]
            total = dy[dy0 + i * width + j]
            for m in range(k):
                total = fma(omega[m], ds[m] * c[m] - dc[m] * s[m], total)
            dx[dx0 + i * d + j] = total


@jit
def tangent_part(t, t0, y, y0, w, w0, u, u0, n, d, k, part, parts):  # type: ignore[no-untyped-def]
    """Multiply by the waves' slopes: what a change t of x makes of y."""
    first, last = share(n, ONE, part, parts)
    width, omega = d + 2 * d * k, w[w0:][:k]
    for i in range(first, last):
        copy(t, t0 + i * d, u, u0 + i * width, d)
        for j in range(d):
            at, tj = i * width + d + j * k, t[t0 + i * d + j]
            s, c = y[y0 + at :][:k], y[y0 + at + d * k :][:k]
            us, uc = u[u0 + at :][:k], u[u0 + at + d * k :][:k]
            for m in range(k):
                change = tj * omega[m]
                us[m], uc[m] = change * c[m], -change * s[m]


def _forward(x, f, y, n, d, k, parts):  # type: ignore[no-untyped-def]
    for part in prange(parts):
        forward_part(x, ZERO, f, ZERO, y, ZERO, n, d, k, np.int64(part), parts)


def _backward(dy, y, w, dx, n, d, k, parts):  # type: ignore[no-untyped-def]
    for part in prange(parts):
        backward_part(dy, ZERO, y, ZERO, w, ZERO, dx, ZERO, n, d, k, np.int64(part), parts)


forward, backward = Threaded(_forward), Threaded(_backward)


def fourier_forward(x: np.ndarray, frequencies: np.ndarray) -> np.ndarray:
    """See :func:`forward_part`."""
    (n, d), k = x.shape, len(frequencies)
    y = np.empty((n, d + 2 * d * k), x.dtype)
    forward(x.reshape(-1), frequencies, y.reshape(-1), n, d, k)
    return y


def fourier_backward(dy: np.ndarray, y: np.ndarray, frequencies: np.ndarray) -> np.ndarray:
    """See :func:`backward_part`."""
    (n, width), k = y.shape, len(frequencies)
    d = width // (1 + 2 * k)
    dx = np.empty((n, d), y.dtype)
    omega = angular(frequencies, dx.dtype)
    backward(dy.reshape(-1), y.reshape(-1), omega, dx.reshape(-1), n, d, k)
    return dx


def angular(frequencies: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return 2 pi f, as the reference has it."""
    return TURN * frequencies.astype(dtype)
