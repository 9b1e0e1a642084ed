"""The dense layer's three products, as calls of their own; a :mod:`chain <.chain>` fuses them."""

import numpy as np
from numba import prange

from npgan.kernels.jit import MOST_THREADS, Threaded
from npgan.kernels.matmul import block, region, transpose
from npgan.kernels.tile import BYTES


def _product(a, ars, acs, b, c, d, drs, add, m, n, k, parts):  # type: ignore[no-untyped-def]
    for part in prange(parts):
        i0, i1, j0, j1 = region(m, n, k, c.itemsize, part, parts)
        block(a, 0, ars, acs, b, 0, n, c, 0, n, d, 0, drs, add, i0, i1, j0, j1, k)


def _product_transposed(a, b, c, bt, m, n, k, parts):  # type: ignore[no-untyped-def]
    for part in prange(parts):
        i0, i1, j0, j1 = region(m, n, k, c.itemsize, part, parts)
        if i1 > i0:
            mine = bt[0 if j1 - j0 < n else part * n * k :]
            transpose(b, 0, n, k, mine, j0, j1)
            block(a, 0, k, 1, mine, 0, n, c, 0, n, c, 0, n, False, i0, i1, j0, j1, k)


product, product_transposed = Threaded(_product), Threaded(_product_transposed)


def transposes(rows: int, columns: int, itemsize: int) -> int:
    """Return how many numbers the transposes of a (rows, columns) weight take, over all threads."""
    shared = rows >= MOST_THREADS * 2 * BYTES // itemsize
    return rows * columns * (1 if shared else MOST_THREADS)


def flat(*arrays: np.ndarray) -> list[np.ndarray]:
    """Return arrays as contiguous flat ones of their common type."""
    dtype = np.result_type(*arrays)
    return [np.ascontiguousarray(array, dtype).reshape(-1) for array in arrays]


def dense_forward(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """The sums start at the bias."""
    (n, k), m = x.shape, weight.shape[1]
    a, b, d = flat(x, weight, bias)
    y = np.empty(n * m, a.dtype)
    product(a, k, 1, b, y, d, 0, True, n, m, k)
    return y.reshape(n, m)


def dense_backward_input(dy: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The weight is transposed once, in blocks that fit the registers."""
    (n, m), k = dy.shape, weight.shape[0]
    a, b = flat(dy, weight)
    dx = np.empty(n * k, a.dtype)
    product_transposed(a, b, dx, np.empty(transposes(k, m, a.itemsize), a.dtype), n, k, m)
    return dx.reshape(n, k)


def dense_backward_parameters(
    dy: np.ndarray, x: np.ndarray, dweight: np.ndarray, dbias: np.ndarray
) -> None:
    """The sums start at ``dweight``; x.T is only a matter of strides."""
    (n, m), k = dy.shape, x.shape[1]
    b, a = flat(dy, x)
    c = dweight.reshape(-1)
    product(a, 1, k, b, c, c, m, True, k, m, n)
    dbias += dy.sum(axis=0)
