"""A chain of dense layers and activations in one call: the plan is that of :mod:`npgan.ops.chain`.

Below are the rows of :func:`npgan.ops.chain_penalized_backward`, which only recorded steps compute so.
"""

from typing import NamedTuple

import numpy as np
from numba import prange

from npgan.kernels.activation import ActivationId, activate_backward
from npgan.kernels.dense import Input, Output, Weight, input_part, output_part, weight_part
from npgan.kernels.jit import NONE, ONE, ZERO, Threaded, fma, jit
from npgan.kernels.matmul import panel_size, share
from npgan.kernels.memory import copy, seen_as
from npgan.kernels.row import Reads, Writes, performs

IN, OUT, WEIGHT, BIAS, CODE, BEFORE = range(6)


@jit
def panels(plan, n, y, parts):  # type: ignore[no-untyped-def]
    """Return a panel for each part, large enough for all stages' products."""
    longest = n
    for s in range(len(plan)):
        longest = max(longest, plan[s, IN], plan[s, OUT])
    return np.empty((parts, panel_size(longest, y.itemsize)), y.dtype)


@jit
def forward_stage(s, x, w, plan, arguments, y, n, panel, part, parts):  # type: ignore[no-untyped-def]
    """Compute a part of a stage's output: activation(source @ W + b)."""
    k, m, activation, before = plan[s, IN], plan[s, OUT], plan[s, CODE], plan[s, BEFORE]
    source, x0 = (x, ZERO) if s == 0 else (y, n * (before - k))
    row = Output(
        x0, plan[s, WEIGHT], plan[s, BIAS], n * before, activation, n, k, m, arguments[s]
    )  # fmt: skip
    output_part(source, w, y, row, panel, part, parts)


@jit
def top_stage(dy, y, plan, arguments, d, n, part, parts):  # type: ignore[no-untyped-def]
    """Compute a part of the gradient before the last activation."""
    s = len(plan) - 1
    m, activation, d0 = plan[s, OUT], plan[s, CODE], n * plan[s, BEFORE]
    i0, i1 = share(n, ONE, part, parts)
    copy(dy, i0 * m, d, d0 + i0 * m, (i1 - i0) * m)
    activate_backward(d, d0, y, d0, m, i0, i1, ZERO, m, activation, arguments[s])


@jit
def backward_stage(s, x, y, w, plan, arguments, grads, dx, d, n, panel, part, parts):  # type: ignore[no-untyped-def]
    """Compute a part of a stage's gradients, and of the gradient before the activation below it."""
    k, m, weight, bias = plan[s, IN], plan[s, OUT], plan[s, WEIGHT], plan[s, BIAS]
    d0, below = n * plan[s, BEFORE], n * (plan[s, BEFORE] - k)
    source, target, x0 = (x, dx, ZERO) if s == 0 else (y, d, below)
    if grads.size:
        row = Weight(x0, d0, weight, bias, ONE, NONE, n, k, m)
        weight_part(source, d, grads, row, panel, part, parts)
    if target.size:
        activation = plan[s - 1, CODE] if s else ActivationId.IDENTITY.value
        back = Input(d0, weight, x0, below, activation, n, k, m, arguments[s - 1])
        input_part(d, w, target, y, back, panel, part, parts)


def _chain(forward, dy, x, y, w, plan, arguments, grads, dx, d, n, parts):  # type: ignore[no-untyped-def]
    stages, panel = len(plan), panels(plan, n, y, parts)
    for t in range(stages if forward else stages + 1):
        for part in prange(parts):
            mine, index = panel[part], np.int64(part)
            if forward:
                forward_stage(t, x, w, plan, arguments, y, n, mine, index, parts)
            elif t == 0:
                top_stage(dy, y, plan, arguments, d, n, index, parts)
            else:
                s = stages - t
                backward_stage(s, x, y, w, plan, arguments, grads, dx, d, n, mine, index, parts)


chain = Threaded(_chain)  # both directions in one: Numba compiles a parallel region thrice over


def chain_forward(
    x: np.ndarray, w: np.ndarray, plan: np.ndarray, arguments: np.ndarray
) -> np.ndarray:
    """One parallel region for each stage."""
    n = len(x)
    y = np.empty(n * (plan[-1, BEFORE] + plan[-1, OUT]), w.dtype)
    none = y[:0]
    chain(True, none, x.reshape(-1), y, w, plan, arguments, none, none, none, n)
    return y


def chain_backward(
    dy: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    w: np.ndarray,
    plan: np.ndarray,
    arguments: np.ndarray,
    grads: np.ndarray | None,
    input_grad: bool,
) -> np.ndarray | None:
    """One parallel region for each stage: both its products, and the derivative of the activation below."""
    n, d = len(dy), np.empty_like(y)
    dx = np.empty(n * plan[0, IN] if input_grad else 0, w.dtype)
    grads = w[:0] if grads is None else grads
    chain(False, dy.reshape(-1), x.reshape(-1), y, w, plan, arguments, grads, dx, d, n)
    return dx.reshape(n, -1) if input_grad else None


class Slope(NamedTuple):
    """t = c g, and for each of n samples the sum of t g / 2, a float64.

    Where ``each`` is 0, a sample has one coefficient c, else one for each of its k numbers.
    """

    g: Reads
    c: Reads
    t: Writes
    sums: Writes
    each: int
    n: int
    k: int


class Mix(NamedTuple):
    """z = l x + t, where each sample has its l, the loss's gradient with respect to the logit.

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
    """Add one half of a sum's terms to the other, until one number is left."""
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
