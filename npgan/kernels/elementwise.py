"""Operations on each number by itself, and means: one pass over memory each."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import prange

from npgan.kernels import gated
from npgan.kernels.activation import ActivationId, activate, activate_backward
from npgan.kernels.elementary import exp
from npgan.kernels.jit import MOST_THREADS, ONE, ZERO, Threaded, fma, jit
from npgan.kernels.matmul import share
from npgan.kernels.memory import copy
from npgan.kernels.row import Reads, Writes, performs
from npgan.ops.chain import ACTIVATIONS
from npgan.ops.kinds import KINDS
from npgan.ops.update import too_large

UNIT = np.int64(4096)  # numbers below which a second thread is not worth it
FROM_INPUT = len(ACTIVATIONS)  # the first activation whose derivative is taken from x


@jit
def activate_part(y, activation, argument):  # type: ignore[no-untyped-def]
    """Apply any activation in place."""
    if activation < FROM_INPUT:
        activate(y, ZERO, ZERO, ZERO, ONE, ZERO, y.size, activation, argument)
    else:
        gated.activate(y, activation)


@jit
def activate_backward_part(dx, seen, activation, argument):  # type: ignore[no-untyped-def]
    """Multiply dx in place by any activation's derivative, from its output or its input."""
    if activation < FROM_INPUT:
        activate_backward(
            dx, ZERO, seen, ZERO, ZERO, ZERO, ONE, ZERO, dx.size, activation, argument
        )
    else:
        gated.activate_backward(dx, seen, activation)


def _apply(y, activation, argument, parts):  # type: ignore[no-untyped-def]
    for part in prange(parts):
        i, j = share(y.size, UNIT, np.int64(part), parts)
        activate_part(y[i:j], activation, argument)


def _apply_backward(dx, seen, activation, argument, parts):  # type: ignore[no-untyped-def]
    for part in prange(parts):
        i, j = share(dx.size, UNIT, np.int64(part), parts)
        activate_backward_part(dx[i:j], seen[i:j], activation, argument)


apply, apply_backward = Threaded(_apply), Threaded(_apply_backward)


def forward(name: str) -> Callable[..., np.ndarray]:
    """Return the kernel of ``<name>_forward``."""
    activation, default = np.int64(ActivationId[name.upper()]), KINDS[name].argument or 0.0

    def kernel(x: np.ndarray, argument: float = default) -> np.ndarray:
        y = x.copy()
        apply(y.reshape(-1), activation, y.dtype.type(argument))
        return y

    return kernel


def backward(name: str) -> Callable[..., np.ndarray]:
    """Return the kernel of ``<name>_backward``."""
    activation, default = np.int64(ActivationId[name.upper()]), KINDS[name].argument or 0.0

    def kernel(dy: np.ndarray, seen: np.ndarray, argument: float = default) -> np.ndarray:
        dx = dy.copy()
        apply_backward(dx.reshape(-1), seen.reshape(-1), activation, dx.dtype.type(argument))
        return dx

    return kernel


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
    """Return the mean of a step from 0 to 1 at x = 0, where it is 1/2; these sums are exact."""
    total = 0.0
    for i in range(x.size):
        total += 1.0 if x[i] > 0 else 0.0 if x[i] < 0 else 0.5 + x[i]  # NaN stays
    return total / x.size


def mean_heaviside(x: np.ndarray) -> np.floating:
    """One pass."""
    return x.dtype.type(mean_of_steps(x.reshape(-1)))


@jit
def too_large_in(x, limit):  # type: ignore[no-untyped-def]
    """Return whether any number's size is not below the limit; NaN counts as too large."""
    found = False
    for i in range(x.size):
        found |= not abs(x[i]) < limit
    return found


def _too_large(x, limit, found, parts):  # type: ignore[no-untyped-def]
    for part in prange(parts):
        i, j = share(x.size, UNIT, np.int64(part), parts)
        found[part] = too_large_in(x[i:j], limit)


too_large_of = Threaded(_too_large)


def all_finite(x: np.ndarray) -> bool:
    """One pass."""
    found = np.zeros(MOST_THREADS, np.bool_)
    too_large_of(x.reshape(-1), x.dtype.type(too_large(x.dtype)), found)
    return not found.any()


class Add(NamedTuple):
    """y = a + factor b."""

    y: Writes
    a: Reads
    b: Reads
    size: int
    factor: float


class Scale(NamedTuple):
    """y = factor a."""

    y: Writes
    a: Reads
    size: int
    factor: float


class Multiply(NamedTuple):
    """y = a b."""

    y: Writes
    a: Reads
    b: Reads
    size: int


class Activation(NamedTuple):
    """y = f(x)."""

    y: Writes
    x: Reads
    size: int
    activation: int
    argument: float


class ActivationBackward(NamedTuple):
    """dx = dy f'(x), which is taken from y = f(x)."""

    dx: Writes
    dy: Reads
    y: Reads
    size: int
    activation: int
    argument: float


class Gate(NamedTuple):
    """y = f(x), for an activation whose derivative is taken from x."""

    y: Writes
    x: Reads
    size: int
    activation: int


class GateBackward(NamedTuple):
    """dx = dy f'(x), which is taken from x."""

    dx: Writes
    dy: Reads
    x: Reads
    size: int
    activation: int


class MeanSigmoid(NamedTuple):
    """The mean of sigmoid(x)."""

    value: Writes
    x: Reads
    size: int


class MeanHeaviside(NamedTuple):
    """The mean of a step from 0 to 1 at x = 0."""

    value: Writes
    x: Reads
    size: int


class Finite(NamedTuple):
    """A check that the size of all numbers of x is below ``limit``: else ``failed`` becomes ``check``.

    Of several checks that fail, the first one's number stays there.
    """

    x: Reads
    failed: Writes
    size: int
    check: float
    limit: float


@performs(Add)
def _add(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    i, j = share(row.size, UNIT, part, parts)
    y, a, b = (
        memory[row.y + i : row.y + j],
        memory[row.a + i : row.a + j],
        memory[row.b + i : row.b + j],
    )
    for k in range(y.size):
        y[k] = fma(row.factor, b[k], a[k])


@performs(Scale)
def _scale(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    i, j = share(row.size, UNIT, part, parts)
    y, a = memory[row.y + i : row.y + j], memory[row.a + i : row.a + j]
    for k in range(y.size):
        y[k] = row.factor * a[k]


@performs(Multiply)
def _multiply(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    i, j = share(row.size, UNIT, part, parts)
    y, a, b = (
        memory[row.y + i : row.y + j],
        memory[row.a + i : row.a + j],
        memory[row.b + i : row.b + j],
    )
    for k in range(y.size):
        y[k] = a[k] * b[k]


@performs(Activation)
def _activation(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    i, j = share(row.size, UNIT, part, parts)
    copy(memory, row.x + i, memory, row.y + i, j - i)
    activate(memory, row.y, ZERO, ZERO, ONE, i, j, row.activation, row.argument)


@performs(Gate)
def _gate(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    i, j = share(row.size, UNIT, part, parts)
    copy(memory, row.x + i, memory, row.y + i, j - i)
    gated.activate(memory[row.y + i : row.y + j], row.activation)


@performs(GateBackward)
def _gate_backward(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    i, j = share(row.size, UNIT, part, parts)
    copy(memory, row.dy + i, memory, row.dx + i, j - i)
    dx, x = memory[row.dx + i : row.dx + j], memory[row.x + i : row.x + j]
    gated.activate_backward(dx, x, row.activation)


@performs(ActivationBackward)
def _activation_backward(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    i, j = share(row.size, UNIT, part, parts)
    copy(memory, row.dy + i, memory, row.dx + i, j - i)
    activate_backward(
        memory, row.dx, memory, row.y, ZERO, ZERO, ONE, i, j, row.activation, row.argument
    )


@performs(MeanSigmoid)
def _mean_sigmoid_part(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    memory[row.value] = mean_of_sigmoids(memory[row.x :][: row.size])


@performs(MeanHeaviside)
def _mean_heaviside_part(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    memory[row.value] = mean_of_steps(memory[row.x :][: row.size])


@performs(Finite)
def _finite(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    i, j = share(row.size, UNIT, part, parts)
    if memory[row.failed] == 0 and too_large_in(memory[row.x + i : row.x + j], row.limit):
        memory[row.failed] = row.check
