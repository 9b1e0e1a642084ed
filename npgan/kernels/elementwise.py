"""Everything that is done to each number by itself, in one pass over memory, on all threads."""

import math
from collections.abc import Callable
from functools import cache

import numpy as np
from numba import prange

from npgan.kernels.activation import Code, activate, activate_backward
from npgan.kernels.elementary import exp
from npgan.kernels.jit import MOST_THREADS, ONE, ZERO, Threaded, fma, jit
from npgan.kernels.matmul import share
from npgan.ops.kinds import KINDS
from npgan.ops.update import too_large

UNIT = np.int64(4096)  # numbers below which a second thread is not worth it


def _apply(y, code, argument, parts):  # type: ignore[no-untyped-def]
    for part in prange(parts):
        first, last = share(y.size, UNIT, np.int64(part), parts)
        activate(y, ZERO, ZERO, ZERO, ONE, first, last, code, argument)


def _apply_backward(dx, y, code, argument, parts):  # type: ignore[no-untyped-def]
    for part in prange(parts):
        first, last = share(y.size, UNIT, np.int64(part), parts)
        activate_backward(dx, ZERO, y, ZERO, ZERO, ZERO, ONE, first, last, code, argument)


apply, apply_backward = Threaded(_apply), Threaded(_apply_backward)


def forward(name: str) -> Callable[..., np.ndarray]:
    """Return the kernel of ``<name>_forward``."""

    def kernel(x: np.ndarray, argument: float = KINDS[name].argument or 0.0) -> np.ndarray:
        y = x.copy()
        apply(y.reshape(-1), np.int64(Code[name.upper()]), y.dtype.type(argument))
        return y

    return kernel


def backward(name: str) -> Callable[..., np.ndarray]:
    """Return the kernel of ``<name>_backward``."""

    def kernel(
        dy: np.ndarray, y: np.ndarray, argument: float = KINDS[name].argument or 0.0
    ) -> np.ndarray:
        dx = dy.copy()
        apply_backward(
            dx.reshape(-1), y.reshape(-1), np.int64(Code[name.upper()]), y.dtype.type(argument)
        )
        return dx

    return kernel


# The loops below run over slices from 0: an index that cannot be negative lets LLVM vectorise.


@jit
def sgd(w, g, rates):  # type: ignore[no-untyped-def]
    """Update a slice by ``rates``: lr."""
    lr = rates[0]
    for i in range(w.size):
        w[i] = fma(-lr, g[i], w[i])
        g[i] = 0


@jit
def momentum(w, g, v, rates):  # type: ignore[no-untyped-def]
    """Update a slice by ``rates``: lr, momentum."""
    lr, mu = rates[0], rates[1]
    for i in range(w.size):
        v[i] = fma(mu, v[i], g[i])
        w[i] = fma(-lr, v[i], w[i])
        g[i] = 0


@jit
def rmsprop(w, g, v, rates):  # type: ignore[no-untyped-def]
    """Update a slice by ``rates``: lr, decay, 1 - decay, eps."""
    lr, decay, rest, eps = rates[0], rates[1], rates[2], rates[3]
    for i in range(w.size):
        v[i] = fma(decay, v[i], rest * (g[i] * g[i]))
        w[i] -= lr * g[i] / (math.sqrt(v[i]) + eps)
        g[i] = 0


@jit
def adam(w, g, m, v, rates):  # type: ignore[no-untyped-def]
    """Update a slice by ``rates``: see :func:`adam_rates`."""
    lr, beta1, rest1, beta2 = rates[0], rates[1], rates[2], rates[3]
    rest2, eps, keep, unbias = rates[4], rates[5], rates[6], rates[7]
    for i in range(w.size):
        m[i] = fma(beta1, m[i], rest1 * g[i])
        v[i] = fma(beta2, v[i], rest2 * (g[i] * g[i]))
        w[i] = fma(keep, w[i], -lr * m[i] / (math.sqrt(v[i] * unbias) + eps))
        g[i] = 0


@jit
def ema(average, w, rates):  # type: ignore[no-untyped-def]
    """Update a slice by ``rates``: decay, 1 - decay."""
    decay, rest = rates[0], rates[1]
    for i in range(w.size):
        average[i] = fma(decay, average[i], rest * w[i])


@jit
def largest(bits, sign):  # type: ignore[no-untyped-def]
    """Return the largest of the numbers that these are the bits of, without their signs."""
    top = sign & 0
    for i in range(bits.size):
        top = max(top, bits[i] & ~sign)
    return top


def _sgd(w, g, rates, parts):  # type: ignore[no-untyped-def]
    for part in prange(parts):
        i, j = share(w.size, UNIT, np.int64(part), parts)
        sgd(w[i:j], g[i:j], rates)


def _momentum(w, g, v, rates, parts):  # type: ignore[no-untyped-def]
    for part in prange(parts):
        i, j = share(w.size, UNIT, np.int64(part), parts)
        momentum(w[i:j], g[i:j], v[i:j], rates)


def _rmsprop(w, g, v, rates, parts):  # type: ignore[no-untyped-def]
    for part in prange(parts):
        i, j = share(w.size, UNIT, np.int64(part), parts)
        rmsprop(w[i:j], g[i:j], v[i:j], rates)


def _adam(w, g, m, v, rates, parts):  # type: ignore[no-untyped-def]
    for part in prange(parts):
        i, j = share(w.size, UNIT, np.int64(part), parts)
        adam(w[i:j], g[i:j], m[i:j], v[i:j], rates)


def _ema(average, w, rates, parts):  # type: ignore[no-untyped-def]
    for part in prange(parts):
        i, j = share(w.size, UNIT, np.int64(part), parts)
        ema(average[i:j], w[i:j], rates)


all_sgd, all_momentum, all_rmsprop = Threaded(_sgd), Threaded(_momentum), Threaded(_rmsprop)
all_adam, all_ema = Threaded(_adam), Threaded(_ema)


def numbers(like: np.ndarray, *values: float) -> tuple:
    """Return numbers of an array's type: one of another would turn all arithmetic into its own."""
    return tuple(map(like.dtype.type, values))


def sgd_update(w: np.ndarray, g: np.ndarray, lr: float) -> None:
    """One pass."""
    all_sgd(w, g, numbers(w, lr))


def momentum_update(w: np.ndarray, g: np.ndarray, v: np.ndarray, lr: float, mu: float) -> None:
    """One pass."""
    all_momentum(w, g, v, numbers(w, lr, mu))


def rmsprop_update(
    w: np.ndarray, g: np.ndarray, v: np.ndarray, lr: float, decay: float, eps: float
) -> None:
    """One pass."""
    all_rmsprop(w, g, v, numbers(w, lr, decay, 1 - decay, eps))


def adam_rates(
    t: int, lr: float, beta1: float, beta2: float, eps: float, weight_decay: float = 0.0
) -> list[float]:
    """Return what :func:`adam` takes: the divisions by 1 - beta**t become two factors."""
    first, second = lr / (1 - beta1**t), 1 / (1 - beta2**t)
    return [first, beta1, 1 - beta1, beta2, 1 - beta2, eps, 1 - lr * weight_decay, second]


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
    """One pass."""
    all_adam(w, g, m, v, numbers(w, *adam_rates(t, lr, beta1, beta2, eps, weight_decay)))


adam_update = adamw_update


def ema_update(average: np.ndarray, w: np.ndarray, decay: float) -> None:
    """One pass."""
    all_ema(average, w, numbers(w, decay, 1 - decay))


@jit
def mean_of_sigmoids(x):  # type: ignore[no-untyped-def]
    """Return the mean of sigmoid(x), summed in float64."""
    total = 0.0
    for i in range(x.size):
        total += 1 / (1 + exp(-x[i]))
    return total / x.size


def mean_sigmoid(x: np.ndarray) -> np.floating:
    """One pass."""
    return x.dtype.type(mean_of_sigmoids(x.reshape(-1)))


@jit
def mean_of_steps(x):  # type: ignore[no-untyped-def]
    """Return the mean of steps from 0 to 1 at x = 0, and 1/2 there; halves are added up exactly."""
    total = 0.0
    for i in range(x.size):
        total += 1.0 if x[i] > 0 else 0.0 if x[i] < 0 else 0.5 + x[i]  # NaN stays
    return total / x.size


def mean_heaviside(x: np.ndarray) -> np.floating:
    """One pass."""
    return x.dtype.type(mean_of_steps(x.reshape(-1)))


def _largest(bits, sign, tops, parts):  # type: ignore[no-untyped-def]
    for part in prange(parts):
        i, j = share(bits.size, UNIT, np.int64(part), parts)
        tops[part] = largest(bits[i:j], sign)


largest_of = Threaded(_largest)


@cache
def limits(dtype: np.dtype) -> tuple:
    """Return the bits of minus zero, which are the sign's, and of the first number that is too large."""
    return tuple(np.array([-0.0, too_large(dtype)], dtype).view(f"i{dtype.itemsize}"))


def all_finite(x: np.ndarray) -> bool:
    """Numbers of one sign are in the order of their bits, and NaN is above all: a pass of integers."""
    sign, bound = limits(x.dtype)
    tops = np.zeros(MOST_THREADS, bound.dtype)
    largest_of(x.reshape(-1).view(tops.dtype), sign, tops)
    return bool(tops.max() < bound)
