"""How likely pixels are, a value a row: a loss's block for each, with the sign turned."""

import numpy as np
from numba import prange

from npgan.kernels.jit import ONE, Threaded
from npgan.kernels.loss import BCE, TINY, block
from npgan.kernels.matmul import share


def _likelihoods(p, x, tiny, y, slopes, d, parts):  # type: ignore[no-untyped-def]
    """Write each row's logarithm of the probability of x, and its slope by p."""
    code, each = np.int64(BCE), -p.dtype.type(1)
    for part in prange(parts):
        values = np.empty(d, p.dtype)
        first, last = share(y.size, ONE, np.int64(part), parts)
        for r in range(first, last):
            at = slice(r * d, (r + 1) * d)
            y[r] = -block(p[at], x[at], code, each, tiny, values, slopes[at])


likelihoods = Threaded(_likelihoods)


def _log_bernoulli(p: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n, d = p.shape
    y, slopes = np.empty(n, p.dtype), np.empty_like(p, order="C")
    rows = (np.ascontiguousarray(a, p.dtype).reshape(-1) for a in (p, x))
    likelihoods(*rows, p.dtype.type(TINY[p.dtype]), y, slopes.reshape(-1), d)
    return y, slopes


def log_bernoulli_forward(p: np.ndarray, x: np.ndarray) -> np.ndarray:
    """See :func:`npgan.ops.log_bernoulli_forward`."""
    return _log_bernoulli(p, x)[0]


def log_bernoulli_backward(dy: np.ndarray, p: np.ndarray, x: np.ndarray) -> np.ndarray:
    """See :func:`npgan.ops.log_bernoulli_backward`."""
    slopes = _log_bernoulli(p, x)[1]
    slopes *= dy[:, None]
    return slopes
