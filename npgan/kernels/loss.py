"""Losses: the value and the gradient in one pass over memory."""

from collections.abc import Callable

import numpy as np
from numba import prange

from npgan.kernels.elementary import exp, log, log1p
from npgan.kernels.jit import Threaded, jit
from npgan.kernels.matmul import share

LOSSES = ("mse", "l1", "bce", "bce_with_logits")
MSE, L1, BCE, BCE_WITH_LOGITS = range(len(LOSSES))
BLOCK = 2048


@jit
def _block(x, target, code, n, tiny, values, dx):  # type: ignore[no-untyped-def]
    """Write the gradient of a block of the n numbers; return its part of the sum."""
    one = n / n
    if code == MSE:
        for i in range(x.size):
            e = x[i] - target[i]
            values[i], dx[i] = e * e, (e + e) / n
    elif code == L1:
        for i in range(x.size):
            e = x[i] - target[i]
            values[i] = abs(e)
            dx[i] = (one if e > 0 else -one if e < 0 else e) / n
    elif code == BCE:
        for i in range(x.size):
            p, t = min(max(x[i], tiny), one - tiny), target[i]
            p = p if x[i] == x[i] else x[i]  # a NaN must not vanish in the bounds
            values[i] = -(t * log(p) + (one - t) * log1p(-p))
            dx[i] = (p - t) / (p * (one - p) * n)
    else:
        for i in range(x.size):
            e = exp(-abs(x[i]))
            p = (one if x[i] >= 0 else e) / (one + e)
            values[i] = max(x[i], one - one) + log1p(e) - target[i] * x[i]
            dx[i] = (p - target[i]) / n
    count = x.size
    while count > 1:  # half of them onto the other half
        half = (count + 1) // 2
        low, high = values[: count - half], values[half:count]
        for i in range(high.size):
            low[i] += high[i]
        count = half
    return values[0]


def _sums(x, target, code, n, tiny, sums, dx, parts):  # type: ignore[no-untyped-def]
    for part in prange(parts):
        values = np.empty(BLOCK, x.dtype)
        first, last = share(sums.size, 1, part, parts)
        for b in range(first, last):
            at = slice(b * BLOCK, (b + 1) * BLOCK)
            sums[b] = _block(x[at], target[at], code, n, tiny, values, dx[at])


sums_of = Threaded(_sums)


def loss(name: str) -> Callable[..., tuple[np.floating, np.ndarray]]:
    """Return the kernel of a loss and its gradient: the sums of blocks do not depend on threads."""
    code = LOSSES.index(name)

    def kernel(x: np.ndarray, target: np.ndarray | float) -> tuple[np.floating, np.ndarray]:
        flat = np.ascontiguousarray(x).reshape(-1)
        wanted = np.empty(x.shape, x.dtype)
        wanted[...] = target
        number, tiny = x.dtype.type, np.finfo(x.dtype).eps / 2
        sums, dx = np.empty(-(-x.size // BLOCK)), np.empty(x.shape, x.dtype)
        arguments = (flat, wanted.reshape(-1), code, number(x.size), number(tiny))
        sums_of(*arguments, sums, dx.reshape(-1))
        return number(sums.sum() / x.size), dx

    return kernel
