"""The softmax and its cross-entropy, row by row."""

import math

import numpy as np
from numba import prange

from npgan.kernels.elementary import exp
from npgan.kernels.jit import ONE, Threaded, jit
from npgan.kernels.matmul import share


@jit
def _softmax(x, y):  # type: ignore[no-untyped-def]
    """Write a row's softmax; return the largest number, and log(sum of e**x) minus that."""
    top = x[0]
    for j in range(x.size):
        top = x[j] if x[j] > top or x[j] != x[j] else top
    total = y.dtype.type(0)
    for j in range(x.size):
        y[j] = exp(x[j] - top)
        total += y[j]
    for j in range(x.size):
        y[j] /= total
    return top, math.log(total)


def _forward(x, y, width, parts):  # type: ignore[no-untyped-def]
    for part in prange(parts):
        first, last = share(x.size // width, ONE, np.int64(part), parts)
        for i in range(first, last):
            row = slice(i * width, (i + 1) * width)
            _softmax(x[row], y[row])


def _backward(dy, y, dx, width, parts):  # type: ignore[no-untyped-def]
    for part in prange(parts):
        first, last = share(y.size // width, ONE, np.int64(part), parts)
        for i in range(first, last):
            row = slice(i * width, (i + 1) * width)
            dy_, y_, dx_ = dy[row], y[row], dx[row]
            total = y.dtype.type(0)
            for j in range(width):
                total += dy_[j] * y_[j]
            for j in range(width):
                dx_[j] = y_[j] * (dy_[j] - total)


def _cross_entropy(logits, labels, losses, dlogits, width, parts):  # type: ignore[no-untyped-def]
    for part in prange(parts):
        first, last = share(losses.size, ONE, np.int64(part), parts)
        for i in range(first, last):
            row, right = slice(i * width, (i + 1) * width), labels[i]
            x, dx = logits[row], dlogits[row]
            top, above = _softmax(x, dx)
            losses[i] = above - (x[right] - top)
            dx[right], total = 0, dx.dtype.type(0)
            for j in range(width):
                total += dx[j]
            dx[right] = -total
            for j in range(width):
                dx[j] /= losses.size


forward, backward = Threaded(_forward), Threaded(_backward)
cross_entropy = Threaded(_cross_entropy)


def softmax_forward(x: np.ndarray) -> np.ndarray:
    """One row after the other."""
    y = np.empty_like(x)
    forward(x.reshape(-1), y.reshape(-1), x.shape[-1])
    return y


def softmax_backward(dy: np.ndarray, y: np.ndarray) -> np.ndarray:
    """One row after the other."""
    dx = np.empty_like(y)
    backward(dy.reshape(-1), y.reshape(-1), dx.reshape(-1), y.shape[-1])
    return dx


def softmax_cross_entropy(logits: np.ndarray, labels: np.ndarray) -> tuple[np.floating, np.ndarray]:
    """The gradient's softmax gives the loss."""
    losses, dlogits = np.empty(len(logits)), np.empty_like(logits)
    cross_entropy(logits.reshape(-1), labels, losses, dlogits.reshape(-1), logits.shape[1])
    return logits.dtype.type(losses.mean()), dlogits
