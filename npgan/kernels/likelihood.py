"""Log-likelihoods of binary pixels, one for each row: minus the sums of the cross-entropy."""

import numpy as np
from numba import prange

from npgan.kernels.jit import ONE, Threaded
from npgan.kernels.loss import BCE_WITH_LOGITS, block
from npgan.kernels.matmul import share


def _likelihoods(logits, x, y, dlogits, d, parts):  # type: ignore[no-untyped-def]
    """Write each row's log-likelihood of x, and its gradient with respect to the logits."""
    which, each = np.int64(BCE_WITH_LOGITS), -logits.dtype.type(1)
    for part in prange(parts):
        values = np.empty(d, logits.dtype)
        first, last = share(y.size, ONE, np.int64(part), parts)
        for r in range(first, last):
            at = slice(r * d, (r + 1) * d)
            y[r] = -block(logits[at], x[at], which, each, values, dlogits[at])


likelihoods = Threaded(_likelihoods)


def _log_bernoulli(logits: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n, d = logits.shape
    y, dlogits = np.empty(n, logits.dtype), np.empty_like(logits)
    likelihoods(logits.reshape(-1), x.reshape(-1), y, dlogits.reshape(-1), d)
    return y, dlogits


def log_bernoulli_with_logits_forward(logits: np.ndarray, x: np.ndarray) -> np.ndarray:
    """See :func:`npgan.ops.log_bernoulli_with_logits_forward`."""
    return _log_bernoulli(logits, x)[0]


def log_bernoulli_with_logits_backward(
    dy: np.ndarray, logits: np.ndarray, x: np.ndarray
) -> np.ndarray:
    """See :func:`npgan.ops.log_bernoulli_with_logits_backward`."""
    dlogits = _log_bernoulli(logits, x)[1]
    dlogits *= dy[:, None]
    return dlogits
