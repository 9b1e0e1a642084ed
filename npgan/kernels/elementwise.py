"""Operations on each number by itself, and means: one pass over memory each."""

from typing import Any, NamedTuple

import numpy as np

from npgan.kernels import gated
from npgan.kernels.activation import ActivationId, activate, activate_backward
from npgan.kernels.elementary import exp
from npgan.kernels.jit import ONE, ZERO, fma
from npgan.kernels.matmul import share
from npgan.kernels.memory import copy
from npgan.kernels.row import KERNELS, Reads, Writes, kernel, performs
from npgan.ops.chain import ACTIVATIONS
from npgan.ops.kinds import KINDS
from npgan.ops.update import too_large

FROM_INPUT = len(ACTIVATIONS)  # the first activation whose derivative is taken from x
UNIT = np.int64(4096)  # numbers below which a second thread is not worth it


def worth(size: int) -> int:
    """Return the most parts that are worth their cost, for work on this many numbers."""
    return size // int(UNIT) + 1


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


class Ascend(NamedTuple):
    """y = x + alpha sign(g), within [low, high]."""

    y: Writes
    x: Reads
    g: Reads
    low: Reads
    high: Reads
    size: int
    alpha: float


class Activation(NamedTuple):
    """y = f(x)."""

    y: Writes
    x: Reads
    size: int
    activation: int
    argument: float


class ActivationBackward(NamedTuple):
    """dx = dy f'(x); ``seen`` is y = f(x) or x, whichever the activation's derivative is computed from."""

    dx: Writes
    dy: Reads
    seen: Reads
    size: int
    activation: int
    argument: float


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
    """A check that the absolute values of x are below ``limit``: if not, ``failed`` becomes ``check``.

    If several checks fail, the number of the first one stays there.
    """

    x: Reads
    failed: Writes
    size: int
    check: float
    limit: float


@performs(Add)
def _add(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    i, j = share(row.size, UNIT, part, parts)
    y, a, b = memory[row.y + i :][: j - i], memory[row.a + i :], memory[row.b + i :]
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
    y, a, b = memory[row.y + i :][: j - i], memory[row.a + i :], memory[row.b + i :]
    for k in range(y.size):
        y[k] = a[k] * b[k]


@performs(Ascend)
def _ascend(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    """NaN stays NaN, in x, g and the box."""
    i, j = share(row.size, UNIT, part, parts)
    y, x, g = memory[row.y + i :][: j - i], memory[row.x + i :], memory[row.g + i :]
    low, high = memory[row.low + i :], memory[row.high + i :]
    for k in range(y.size):
        step = row.alpha if g[k] > 0 else -row.alpha if g[k] < 0 else abs(g[k])
        moved = x[k] + step
        moved = moved if moved >= low[k] or moved != moved else low[k]
        y[k] = moved if moved <= high[k] or moved != moved else high[k]


@performs(Activation)
def _activation(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    i, j = share(row.size, UNIT, part, parts)
    copy(memory, row.x + i, memory, row.y + i, j - i)
    if row.activation < FROM_INPUT:
        activate(memory, row.y, ZERO, ZERO, ONE, i, j, row.activation, row.argument)
    else:
        gated.activate(memory[row.y + i : row.y + j], row.activation)


@performs(ActivationBackward)
def _activation_backward(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    i, j = share(row.size, UNIT, part, parts)
    copy(memory, row.dy + i, memory, row.dx + i, j - i)
    if row.activation < FROM_INPUT:
        activate_backward(
            memory, row.dx, memory, row.seen, ZERO, ZERO, ONE, i, j, row.activation, row.argument
        )
    else:
        dx, x = memory[row.dx + i : row.dx + j], memory[row.seen + i : row.seen + j]
        gated.activate_backward(dx, x, row.activation)


@performs(MeanSigmoid)
def _mean_sigmoid(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    """Sum in float64."""
    x, total = memory[row.x :][: row.size], 0.0
    for i in range(x.size):
        total += 1 / (1 + exp(-x[i]))
    memory[row.value] = total / x.size


@performs(MeanHeaviside)
def _mean_heaviside(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    """Sum in float64, which is exact."""
    x, total = memory[row.x :][: row.size], 0.0
    for i in range(x.size):
        total += 1.0 if x[i] > 0 else 0.0 if x[i] < 0 else 0.5 + x[i]  # NaN stays
    memory[row.value] = total / x.size


@performs(Finite)
def _finite(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    """Look at all numbers, without a branch in the loop; NaN counts as too large."""
    i, j = share(row.size, UNIT, part, parts)
    if memory[row.failed] == 0:
        x, found = memory[row.x + i : row.x + j], False
        for k in range(x.size):
            found |= not abs(x[k]) < row.limit
        if found:
            memory[row.failed] = row.check


@kernel
def dropout_forward(rows: Any, x: Any, mask: Any) -> Any:
    """The gradient is the same product."""
    y = rows.new(x.dtype, *x.shape)
    rows.write(Multiply(y, x, mask, y.size), worth(y.size))
    return y


KERNELS["dropout_backward"] = dropout_forward


@kernel
def projected_ascent(rows: Any, x: Any, g: Any, low: Any, high: Any, alpha: Any) -> Any:
    """One pass, where NumPy makes an array of each of its four steps."""
    y = rows.new(x.dtype, *x.shape)
    rows.write(Ascend(y, x, g, low, high, y.size, alpha), worth(y.size))
    return rows.done(y)


@kernel
def mean_sigmoid(rows: Any, x: Any) -> Any:
    """One pass."""
    value = rows.new(x.dtype)
    rows.write(MeanSigmoid(value, x, x.size))
    return rows.done(value)[()]


@kernel
def mean_heaviside(rows: Any, x: Any) -> Any:
    """One pass."""
    value = rows.new(x.dtype)
    rows.write(MeanHeaviside(value, x, x.size))
    return rows.done(value)[()]


@kernel
def all_finite(rows: Any, x: Any) -> Any:
    """One pass; a part that begins after another has failed does nothing."""
    failed = rows.new(x.dtype, 1)
    failed[0] = 0
    rows.write(Finite(x, failed, x.size, 1.0, too_large(x.dtype)), worth(x.size))
    return rows.done(failed)[0] == 0


def _register(name: str) -> None:
    """Register the kernels of an activation."""
    activation, default = ActivationId[name.upper()], KINDS[name].argument or 0.0

    def forward(rows: Any, x: Any, argument: float = default) -> Any:
        y = rows.new(x.dtype, *x.shape)
        rows.write(Activation(y, x, y.size, activation, argument), worth(y.size))
        return y

    def backward(rows: Any, dy: Any, seen: Any, argument: float = default) -> Any:
        dx = rows.new(dy.dtype, *dy.shape)
        rows.write(ActivationBackward(dx, dy, seen, dx.size, activation, argument), worth(dx.size))
        return dx

    def double_backward(
        rows: Any, ddx: Any, dy: Any, seen: Any, argument: float = default
    ) -> tuple[Any, None]:
        return backward(rows, ddx, seen, argument), None

    KERNELS[f"{name}_forward"], KERNELS[f"{name}_backward"] = forward, backward
    if not KINDS[name].curved:
        KERNELS[f"{name}_double_backward"] = double_backward


for _name in KINDS:
    _register(_name)
