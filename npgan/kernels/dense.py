"""The dense layer's three products, as calls of their own; a :mod:`chain <.chain>` fuses them."""

import numpy as np
from numba import prange

from npgan.kernels.jit import ZERO, Threaded
from npgan.kernels.matmul import block, panel_size, region


def _product(a, ars, acs, b, brs, bcs, c, d, drs, add, m, n, k, parts):  # type: ignore[no-untyped-def]
    panel = np.empty((parts, panel_size(k, c.itemsize)), c.dtype)
    for part in prange(parts):
        i0, i1, j0, j1 = region(m, n, k, c.itemsize, np.int64(part), parts)
        block(
            a, ZERO, ars, acs, b, ZERO, brs, bcs, c, ZERO, n, d, ZERO, drs, add,
            i0, i1, j0, j1, k, panel[part],
        )  # fmt: skip


product = Threaded(_product)


def flat(*arrays: np.ndarray) -> list[np.ndarray]:
    """Return arrays as contiguous flat ones of their common type."""
    dtype = np.result_type(*arrays)
    return [np.ascontiguousarray(array, dtype).reshape(-1) for array in arrays]


def dense_forward(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """The sums start at the bias."""
    (n, k), m = x.shape, weight.shape[1]
    a, b, d = flat(x, weight, bias)
    y = np.empty(n * m, a.dtype)
    product(a, k, 1, b, m, 1, y, d, 0, 1, n, m, k)
    return y.reshape(n, m)


def dense_backward_input(dy: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """W.T is the weight with its strides exchanged."""
    (n, m), k = dy.shape, weight.shape[0]
    a, b = flat(dy, weight)
    dx = np.empty(n * k, a.dtype)
    product(a, m, 1, b, 1, m, dx, dx, k, 0, n, k, m)
    return dx.reshape(n, k)


def dense_backward_parameters(
    dy: np.ndarray, x: np.ndarray, dweight: np.ndarray, dbias: np.ndarray
) -> None:
    """The sums start at ``dweight``; x.T is only a matter of strides."""
    (n, m), k = dy.shape, x.shape[1]
    b, a = flat(dy, x)
    c = dweight.reshape(-1)
    product(a, 1, k, b, m, 1, c, c, m, 1, k, m, n)
    dbias += dy.sum(axis=0)
