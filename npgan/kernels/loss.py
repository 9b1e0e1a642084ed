"""Losses, each in one pass over memory."""

import math

import numpy as np
from numba import prange

from npgan.kernels.activation import exp
from npgan.kernels.dense import flat
from npgan.kernels.jit import Threaded, jit
from npgan.kernels.matmul import share

BLOCK, LANES = 4096, 32


@jit
def _bce_with_logits(logits, target):  # type: ignore[no-untyped-def]
    total = 0.0
    for i in range(logits.size):
        x, t = logits[i], target[i % target.size]
        total += max(x, 0) + math.log1p(exp(-abs(x))) - t * x
    return total / logits.size


@jit
def _bce_with_logits_backward(logits, target, dlogits):  # type: ignore[no-untyped-def]
    for i in range(logits.size):
        e = exp(-abs(logits[i]))
        p = (1 if logits[i] >= 0 else e) / (1 + e)
        dlogits[i] = (p - target[i % target.size]) / logits.size


@jit
def _squares(x, target):  # type: ignore[no-untyped-def]
    """Sum squared differences in LANES sums side by side, then those: vectors in a fixed order."""
    sums = np.zeros(LANES, x.dtype)
    whole = x.size // LANES * LANES
    for i in range(0, whole, LANES):
        x_, target_ = x[i : i + LANES], target[i : i + LANES]
        for j in range(LANES):
            sums[j] += (x_[j] - target_[j]) * (x_[j] - target_[j])
    for j in range(x.size - whole):
        sums[j] += (x[whole + j] - target[whole + j]) ** 2
    return sums.sum()


def _mse(x, target, sums, parts):  # type: ignore[no-untyped-def]
    for part in prange(parts):
        first, last = share(sums.size, 1, part, parts)
        for b in range(first, last):
            sums[b] = _squares(x[b * BLOCK : (b + 1) * BLOCK], target[b * BLOCK : (b + 1) * BLOCK])


def _mse_backward(x, target, scale, dx, parts):  # type: ignore[no-untyped-def]
    for part in prange(parts):
        first, last = share(x.size, BLOCK, part, parts)
        x_, target_, dx_ = x[first:last], target[first:last], dx[first:last]
        for i in range(x_.size):
            dx_[i] = (x_[i] - target_[i]) * scale


mse, mse_gradient = Threaded(_mse), Threaded(_mse_backward)


def _targets(target: np.ndarray | float, logits: np.ndarray) -> np.ndarray:
    """Return the targets as a flat array, a single one as an array of one."""
    if isinstance(target, float):
        return np.array((target,), logits.dtype)
    return np.array(np.broadcast_to(target, logits.shape), logits.dtype).reshape(-1)


def bce_with_logits_forward(logits: np.ndarray, target: np.ndarray | float) -> np.floating:
    """A target of one number is not spread out."""
    value = _bce_with_logits(logits.reshape(-1), _targets(target, logits))
    return logits.dtype.type(value)


def bce_with_logits_backward(logits: np.ndarray, target: np.ndarray | float) -> np.ndarray:
    """A target of one number is not spread out."""
    dlogits = np.empty(logits.shape, logits.dtype)
    _bce_with_logits_backward(logits.reshape(-1), _targets(target, logits), dlogits.reshape(-1))
    return dlogits


def mse_forward(x: np.ndarray, target: np.ndarray) -> np.floating:
    """Sums of blocks, in any order of the blocks, then their sum in float64: no thread changes it."""
    a, b = flat(x, target)
    sums = np.empty(-(-a.size // BLOCK))
    mse(a, b, sums)
    return a.dtype.type(sums.sum() / a.size)


def mse_backward(x: np.ndarray, target: np.ndarray) -> np.ndarray:
    """One pass."""
    a, b = flat(x, target)
    dx = np.empty(a.size, a.dtype)
    mse_gradient(a, b, a.dtype.type(2 / x.size), dx)
    return dx.reshape(x.shape)
