"""Everything that is done to each number by itself, in one pass over memory, on all threads."""

from collections.abc import Callable
from functools import cache

import numpy as np
from numba import prange

from npgan.kernels.activation import Code, activate, activate_backward
from npgan.kernels.elementary import exp
from npgan.kernels.jit import MOST_THREADS, ONE, ZERO, Threaded, jit
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


@jit
def largest(bits, sign):  # type: ignore[no-untyped-def]
    """Return the largest of the numbers that these are the bits of, without their signs."""
    top = sign & 0
    for i in range(bits.size):
        top = max(top, bits[i] & ~sign)
    return top


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
