"""The dense layer's products: parts of them, which chains and programs call, and calls of their own."""

import numpy as np
from numba import prange

from npgan.kernels.activation import Code, activate, activate_backward
from npgan.kernels.jit import ONE, ZERO, Threaded, jit
from npgan.kernels.matmul import block, panel_size, region
from npgan.kernels.tile import WIDE, tile, width

NEAR = 64  # rows of d that stay in the nearest cache


@jit
def output_part(x, x0, w, w0, b0, y, y0, n, k, m, code, argument, panel, part, parts):  # type: ignore[no-untyped-def]
    """Compute a part of y = f(x W + b), bias and activation on the tile's result while it is hot."""
    i0, i1, j0, j1 = region(n, m, k, y.itemsize, part, parts)
    block(
        x, x0, k, ONE, w, w0, m, ONE, y, y0, m, w, b0, ZERO, ONE, i0, i1, j0, j1, k, panel
    )  # fmt: skip
    activate(y, y0, m, i0, i1, j0, j1, code, argument)


@jit
def bias_part(d, d0, grads, b0, add, l0, n, m, j0, j1, panel):  # type: ignore[no-untyped-def]
    """Add up d's rows, columns j0..j1: the product of a row of ones, or of weights, and d."""
    step, ones = width(1, d.itemsize), panel
    ones[0] = 1
    for j in range(j0, j1, step):
        columns, b = min(step, j1 - j), b0 + j
        if l0 < 0:
            tile(1, columns, ones, ZERO, ZERO, ZERO, d, d0 + j, m, grads, b, m, grads, b, m, add, n)
        else:
            tile(1, columns, d, l0, ZERO, ONE, d, d0 + j, m, grads, b, m, grads, b, m, add, n)


@jit
def weight_part(x, x0, d, d0, grads, w0, b0, add, l0, n, k, m, panel, part, parts):  # type: ignore[no-untyped-def]
    """Compute a part of dW += x.T @ d, and of the bias's sum: whoever has the first row.

    Without ``add`` what was there is overwritten. The bias's sum is weighted by the numbers of d's
    memory from ``l0`` on, one a row, if that is not negative. Where dW has few rows, to fetch d is
    most of the work: it is then done for both sums at once, a few rows after the other.
    """
    i0, i1, j0, j1 = region(k, m, n, d.itemsize, part, parts)
    rows = NEAR if i1 - i0 <= len(WIDE) else max(n, 1)
    for r in range(0, max(n, 1), rows):
        count, dr = min(rows, n - r), d0 + r * m
        more, lr = add or r > 0, l0 + r if l0 >= 0 else l0
        block(
            x, x0 + r * k, ONE, k, d, dr, m, ONE, grads, w0, m, grads, w0, m, more,
            i0, i1, j0, j1, count, panel,
        )  # fmt: skip
        if i0 == 0 and i1 > 0:
            bias_part(d, dr, grads, b0, more, lr, count, m, j0, j1, panel)


@jit
def tangent_part(t, t0, w, w0, u, u0, y, y0, n, k, m, code, argument, panel, part, parts):  # type: ignore[no-untyped-def]
    """Compute a part of t @ W, times the derivative of the activation that made y (y in memory)."""
    i0, i1, j0, j1 = region(n, m, k, u.itemsize, part, parts)
    block(t, t0, k, ONE, w, w0, m, ONE, u, u0, m, u, u0, m, ZERO, i0, i1, j0, j1, k, panel)
    activate_backward(u, u0, y, y0, m, i0, i1, j0, j1, code, argument)


@jit
def input_part(  # type: ignore[no-untyped-def]
    d, d0, w, w0, dx, dx0, y, y0, n, k, m, code, argument, panel, part, parts
):
    """Compute a part of d @ W.T, times the derivative of the activation that made x (y in memory)."""
    i0, i1, j0, j1 = region(n, k, m, d.itemsize, part, parts)
    block(
        d, d0, m, ONE, w, w0, ONE, m, dx, dx0, k, dx, dx0, k, ZERO, i0, i1, j0, j1, m, panel
    )  # fmt: skip
    if code != Code.IDENTITY:
        activate_backward(dx, dx0, y, y0, k, i0, i1, j0, j1, code, argument)


def _product(a, ars, acs, b, brs, bcs, c, d, drs, add, m, n, k, parts):  # type: ignore[no-untyped-def]
    panel = np.empty((parts, panel_size(k, c.itemsize)), c.dtype)
    for part in prange(parts):
        i0, i1, j0, j1 = region(m, n, k, c.itemsize, np.int64(part), parts)
        block(
            a, ZERO, ars, acs, b, ZERO, brs, bcs, c, ZERO, n, d, ZERO, drs, add,
            i0, i1, j0, j1, k, panel[part],
        )  # fmt: skip


product = Threaded(_product)


def dense_forward(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """The sums start at the bias."""
    (n, k), m = x.shape, weight.shape[1]
    y = np.empty((n, m), x.dtype)
    product(x.reshape(-1), k, 1, weight.reshape(-1), m, 1, y.reshape(-1), bias, 0, 1, n, m, k)
    return y


def dense_backward_input(dy: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """W.T is the weight with its strides exchanged."""
    (n, m), k = dy.shape, weight.shape[0]
    dx = np.empty((n, k), dy.dtype)
    c = dx.reshape(-1)
    product(dy.reshape(-1), m, 1, weight.reshape(-1), 1, m, c, c, k, 0, n, k, m)
    return dx


def dense_backward_parameters(
    dy: np.ndarray, x: np.ndarray, dweight: np.ndarray, dbias: np.ndarray
) -> None:
    """The sums start at ``dweight``; x.T is only a matter of strides."""
    (n, m), k = dy.shape, x.shape[1]
    c = dweight.reshape(-1)
    product(x.reshape(-1), 1, k, dy.reshape(-1), m, 1, c, c, m, 1, k, m, n)
    dbias += dy.sum(axis=0)
