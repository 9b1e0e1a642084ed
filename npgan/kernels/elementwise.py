"""Everything that is done to each number by itself, in one pass over memory, on all threads."""

import math
from collections.abc import Callable
from functools import cache

import numpy as np
from numba import prange

from npgan.kernels.activation import CODES, activate, activate_backward
from npgan.kernels.jit import MOST_THREADS, ONE, ZERO, Threaded, fma
from npgan.kernels.matmul import share

UNIT = np.int64(4096)  # numbers below which a second thread is not worth it


def _apply(y, code, argument, parts):  # type: ignore[no-untyped-def]
    for part in prange(parts):
        first, last = share(y.size, UNIT, np.int64(part), parts)
        activate(y, ZERO, ZERO, ZERO, ONE, first, last, code, argument)


def _apply_backward(dx, y, code, argument, parts):  # type: ignore[no-untyped-def]
    for part in prange(parts):
        first, last = share(y.size, UNIT, np.int64(part), parts)
        activate_backward(dx, y, ZERO, ZERO, ZERO, ONE, first, last, code, argument)


apply, apply_backward = Threaded(_apply), Threaded(_apply_backward)


def forward(name: str) -> Callable[..., np.ndarray]:
    """Return the kernel of ``<name>_forward``."""

    def kernel(x: np.ndarray, argument: float = DEFAULTS.get(name, 0.0)) -> np.ndarray:
        y = np.array(x, order="C")
        apply(y.reshape(-1), CODES[name], y.dtype.type(argument))
        return y

    return kernel


def backward(name: str) -> Callable[..., np.ndarray]:
    """Return the kernel of ``<name>_backward``."""

    def kernel(
        dy: np.ndarray, y: np.ndarray, argument: float = DEFAULTS.get(name, 0.0)
    ) -> np.ndarray:
        dx = np.array(dy, y.dtype, order="C")
        flat = np.ascontiguousarray(y).reshape(-1)
        apply_backward(dx.reshape(-1), flat, CODES[name], y.dtype.type(argument))
        return dx

    return kernel


DEFAULTS = {"leaky_relu": 0.2, "elu": 1.0}


# The loops below run over slices from 0: an index that cannot be negative lets LLVM vectorise.


def _sgd(w, g, rates, parts):  # type: ignore[no-untyped-def]
    (lr,) = rates
    for part in prange(parts):
        first, last = share(w.size, UNIT, np.int64(part), parts)
        w_, g_ = w[first:last], g[first:last]
        for i in range(w_.size):
            w_[i] = fma(-lr, g_[i], w_[i])
            g_[i] = 0


def _momentum(w, g, v, rates, parts):  # type: ignore[no-untyped-def]
    lr, momentum = rates
    for part in prange(parts):
        first, last = share(w.size, UNIT, np.int64(part), parts)
        w_, g_, v_ = w[first:last], g[first:last], v[first:last]
        for i in range(w_.size):
            v_[i] = fma(momentum, v_[i], g_[i])
            w_[i] = fma(-lr, v_[i], w_[i])
            g_[i] = 0


def _rmsprop(w, g, v, rates, parts):  # type: ignore[no-untyped-def]
    lr, decay, rest, eps = rates
    for part in prange(parts):
        first, last = share(w.size, UNIT, np.int64(part), parts)
        w_, g_, v_ = w[first:last], g[first:last], v[first:last]
        for i in range(w_.size):
            v_[i] = fma(decay, v_[i], rest * (g_[i] * g_[i]))
            w_[i] -= lr * g_[i] / (math.sqrt(v_[i]) + eps)
            g_[i] = 0


def _adam(w, g, m, v, rates, parts):  # type: ignore[no-untyped-def]
    lr, beta1, rest1, beta2, rest2, eps, keep, unbias = rates
    for part in prange(parts):
        first, last = share(w.size, UNIT, np.int64(part), parts)
        w_, g_, m_, v_ = w[first:last], g[first:last], m[first:last], v[first:last]
        for i in range(w_.size):
            m_[i] = fma(beta1, m_[i], rest1 * g_[i])
            v_[i] = fma(beta2, v_[i], rest2 * (g_[i] * g_[i]))
            w_[i] = fma(keep, w_[i], -lr * m_[i] / (math.sqrt(v_[i] * unbias) + eps))
            g_[i] = 0


def _ema(average, w, rates, parts):  # type: ignore[no-untyped-def]
    decay, rest = rates
    for part in prange(parts):
        first, last = share(w.size, UNIT, np.int64(part), parts)
        average_, w_ = average[first:last], w[first:last]
        for i in range(w_.size):
            average_[i] = fma(decay, average_[i], rest * w_[i])


sgd, momentum, rmsprop = Threaded(_sgd), Threaded(_momentum), Threaded(_rmsprop)
adam, ema = Threaded(_adam), Threaded(_ema)


def numbers(like: np.ndarray, *values: float) -> tuple:
    """Return numbers of an array's type: one of another would turn all arithmetic into its own."""
    return tuple(map(like.dtype.type, values))


def sgd_update(w: np.ndarray, g: np.ndarray, lr: float) -> None:
    """One pass."""
    sgd(w, g, numbers(w, lr))


def momentum_update(
    w: np.ndarray, g: np.ndarray, v: np.ndarray, lr: float, momentum_: float
) -> None:
    """One pass."""
    momentum(w, g, v, numbers(w, lr, momentum_))


def rmsprop_update(
    w: np.ndarray, g: np.ndarray, v: np.ndarray, lr: float, decay: float, eps: float
) -> None:
    """One pass."""
    rmsprop(w, g, v, numbers(w, lr, decay, 1 - decay, eps))


def adamw_update(
    w: np.ndarray,
    g: np.ndarray,
    m: np.ndarray,
    v: np.ndarray,
    t: int,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float = 0.0,
) -> None:
    """One pass; the divisions by 1 - beta**t become two factors."""
    first, second = lr / (1 - beta1**t), 1 / (1 - beta2**t)
    rates = [first, beta1, 1 - beta1, beta2, 1 - beta2, eps, 1 - lr * weight_decay, second]
    adam(w, g, m, v, numbers(w, *rates))


adam_update = adamw_update


def ema_update(average: np.ndarray, w: np.ndarray, decay: float) -> None:
    """One pass."""
    ema(average, w, numbers(w, decay, 1 - decay))


def _largest(bits, sign, largest, parts):  # type: ignore[no-untyped-def]
    for part in prange(parts):
        first, last = share(bits.size, UNIT, np.int64(part), parts)
        bits_, top = bits[first:last], sign & 0
        for i in range(bits_.size):
            top = max(top, bits_[i] & ~sign)
        largest[part] = top


largest_of = Threaded(_largest)


@cache
def _signs(dtype: np.dtype) -> tuple:
    """Return the bits of minus zero, which are the sign's, and those of infinity."""
    return tuple(np.array([-0.0, np.inf], dtype).view(f"i{dtype.itemsize}"))


def all_finite(x: np.ndarray) -> bool:
    """A number is finite if its bits, without the sign, are less than infinity's: a pass of integers."""
    sign, infinity = _signs(x.dtype)
    largest = np.zeros(MOST_THREADS, infinity.dtype)
    largest_of(x.reshape(-1).view(largest.dtype), sign, largest)
    return bool(largest.max() < infinity)
