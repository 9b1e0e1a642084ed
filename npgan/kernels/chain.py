"""A chain of dense layers and activations, a row for each product: the plan is that of :mod:`npgan.ops.chain`."""

from typing import Any, NamedTuple

import numpy as np

from npgan import ops
from npgan.kernels.activation import ActivationId
from npgan.kernels.dense import Input, Output, Tangent, Weight, write_product
from npgan.kernels.elementwise import ActivationBackward, worth
from npgan.kernels.jit import ONE, fma
from npgan.kernels.loss import write_mean
from npgan.kernels.matmul import share
from npgan.kernels.memory import seen_as
from npgan.kernels.row import NotRecordable, Reads, Writes, kernel, only_recorded, performs
from npgan.ops.chain import ACTIVATIONS, Pass, check_coefficients, unchanged
from npgan.ops.kinds import KINDS

LINEAR = [activation for activation, name in enumerate(ACTIVATIONS) if not KINDS[name].curved]


@kernel
def chain_forward(rows: Any, x: Any, w: Any, plan: np.ndarray, arguments: np.ndarray) -> Any:
    """The bias and the activation are applied to each tile of a stage's product."""
    n, stages = len(x), plan.tolist()
    y = rows.outputs(w.dtype, n, [m for _, m, *_ in stages])
    for (k, m, weight, bias, activation, before), argument in zip(stages, arguments, strict=True):
        out = y[n * before : n * (before + m)].reshape(n, m)
        places = w[weight : weight + k * m], w[bias : bias + m]
        write_product(rows, w.dtype, Output(x, *places, out, activation, n, k, m, argument))
        x = out
    return y


@kernel
def chain_backward(
    rows: Any,
    dy: Any,
    x: Any,
    y: Any,
    w: Any,
    plan: np.ndarray,
    arguments: np.ndarray,
    grads: Any,
    input_grad: bool,
) -> Any:
    """The two products of a stage may run side by side."""
    xs = inputs(x, y, plan)
    e, dx = gradients(rows, dy, xs, w, plan, arguments, input_grad)
    if grads is not None:
        for stage, source, gradient in zip(plan.tolist(), xs, e, strict=False):
            write_weight(rows, source, gradient, stage, grads)
    return dx


def inputs(x: Any, y: Any, plan: np.ndarray) -> list[Any]:
    """Return the input of each stage, and the output of the last one."""
    n = len(x)
    return [x, *(y[n * at : n * (at + m)].reshape(n, m) for _, m, _, _, _, at in plan.tolist())]


def gradients(
    rows: Any,
    dy: Any,
    xs: list[Any],
    w: Any,
    plan: np.ndarray,
    arguments: np.ndarray,
    input_grad: bool,
) -> tuple[list[Any], Any]:
    """Return the gradients with respect to each activation's input, and with respect to x."""
    stages, n = plan.tolist(), len(dy)
    e, dx = [dy] * len(stages), None
    activation = stages[-1][4]
    if activation != ActivationId.IDENTITY:
        e[-1] = rows.new(w.dtype, *dy.shape)
        row = ActivationBackward(e[-1], dy, xs[-1], dy.size, activation, arguments[-1])
        rows.write(row, worth(dy.size))
    for s in reversed(range(0 if input_grad else 1, len(stages))):
        k, m, weight, *_ = stages[s]
        dx = rows.new(w.dtype, n, k)
        activation, argument = (
            (stages[s - 1][4], arguments[s - 1]) if s else (ActivationId.IDENTITY, 0.0)
        )
        places = w[weight : weight + k * m], dx, xs[s]
        write_product(rows, w.dtype, Input(e[s], *places, activation, n, k, m, argument))
        if s:
            e[s - 1] = dx
    return e, dx if input_grad else None


def write_weight(
    rows: Any, x: Any, e: Any, stage: list[int], grads: Any, factors: Any = -1
) -> None:
    """Write dW += x.T e, and db += the sum of e's rows, each times its factor."""
    k, m, weight, bias, *_ = stage
    places = grads[weight : weight + k * m], grads[bias : bias + m]
    write_product(rows, grads.dtype, Weight(x, e, *places, 1, 1, factors, len(e), k, m))


@only_recorded
def chain_penalized_backward(
    rows: Any,
    dy: Any,
    c: np.ndarray,
    x: Any,
    y: Any,
    w: Any,
    plan: np.ndarray,
    arguments: np.ndarray,
    grads: Any,
    down: Pass = unchanged,
    up: Pass = unchanged,
) -> Any:
    """One product for each stage serves both the loss and the penalty, since every f'' is 0."""
    stages, n, xs = plan.tolist(), len(dy), inputs(x, y, plan)
    if any(activation not in LINEAR for *_, activation, _ in stages):
        raise NotRecordable("a penalty on a network with a curved activation")
    e, g = gradients(rows, np.ones(dy.shape, w.dtype), xs, w, plan, arguments, True)
    g = down(g)
    check_coefficients(c, g)
    k = g.shape[1]
    t, sums = rows.new(w.dtype, *g.shape), rows.new(w.dtype, 2 * n)
    rows.write(Slope(g, c, t, sums, int(c.size > n), n, k), worth(g.size), k)
    value = write_mean(rows, sums, w.dtype, 1, n)
    if grads is None:
        return value
    t = up(t)
    for s, (k, m, weight, _, activation, _) in enumerate(stages):
        z = rows.new(w.dtype, n, k)
        rows.write(Mix(dy, xs[s], t, z, n, k), worth(n * k))
        write_weight(rows, z, e[s], stages[s], grads, factors=dy)
        if s < len(stages) - 1:
            u, part = rows.new(w.dtype, n, m), w[weight : weight + k * m]
            row = Tangent(t, part, u, xs[s + 1], activation, n, k, m, arguments[s])
            write_product(rows, w.dtype, row)
            t = u
    return value


@only_recorded
def chain_double_backward(
    rows: Any,
    ddx: Any,
    dy: Any,
    x: Any,
    y: Any,
    w: Any,
    plan: np.ndarray,
    arguments: np.ndarray,
    grads: Any,
    input_grad: bool,
) -> Any:
    """Where every f'' is 0, only the sweep from the first stage to the last is left."""
    stages, n, xs = plan.tolist(), len(dy), inputs(x, y, plan)
    if any(activation not in LINEAR for *_, activation, _ in stages):
        given = ddx, dy, x, y, w, plan, arguments, grads, input_grad
        return rows.reference(ops.chain_double_backward, *given)
    e, _ = gradients(rows, dy, xs, w, plan, arguments, False)
    t = ddx
    for s, (k, m, at, _, activation, _) in enumerate(stages):
        part = slice(at, at + k * m)
        if grads is not None:
            places = t, e[s], grads[part], rows.new(w.dtype, m)
            write_product(rows, w.dtype, Weight(*places, 1, 1, -1, n, k, m))
        u = rows.new(w.dtype, n, m)
        places = t, w[part], u, xs[s + 1]
        write_product(rows, w.dtype, Tangent(*places, activation, n, k, m, arguments[s]))
        t = u
    return t, None


class Slope(NamedTuple):
    """t = c g, and for each of n samples the sum of t g / 2, a float64.

    g is each logit's gradient with respect to its sample. If ``each`` is 0, a sample has one coefficient c, otherwise
    one for each of its k numbers.
    """

    g: Reads
    c: Reads
    t: Writes
    sums: Writes
    each: int
    n: int
    k: int


class Mix(NamedTuple):
    """z = l x + t, where l is each sample's gradient of the loss with respect to its logit.

    z.T e is then the gradient of the loss and the penalty: see :func:`npgan.ops.chain_double_backward`.
    """

    l: Reads  # noqa: E741
    x: Reads
    t: Reads
    z: Writes
    n: int
    k: int


@performs(Slope)
def _slope(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    """Sum in pairs: add one half of the terms to the other, until one number is left."""
    half, k, sums = memory.dtype.type(0.5), row.k, seen_as(0.0, memory, row.sums)
    first, last = share(row.n, ONE, part, parts)
    for i in range(first, last):
        g, t, values = memory[row.g + i * k :][:k], memory[row.t + i * k :][:k], panel[:k]
        if row.each:
            factors = memory[row.c + i * k :][:k]
            for j in range(g.size):
                t[j] = factors[j] * g[j]
                values[j] = t[j] * g[j]
        else:
            factor = memory[row.c + i]
            for j in range(g.size):
                t[j] = factor * g[j]
                values[j] = t[j] * g[j]
        count = k
        while count > 1:
            middle = (count + 1) // 2
            low, high = values[: count - middle], values[middle:count]
            for j in range(high.size):
                low[j] += high[j]
            count = middle
        sums[i] = half * values[0]


@performs(Mix)
def _mix(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    k = row.k
    first, last = share(row.n, ONE, part, parts)
    for i in range(first, last):
        x, t = memory[row.x + i * k :][:k], memory[row.t + i * k :][:k]
        z, factor = memory[row.z + i * k :][:k], memory[row.l + i]
        for j in range(x.size):
            z[j] = fma(factor, x[j], t[j])
