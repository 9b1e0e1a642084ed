"""Losses: the value and the gradient in one pass over memory."""

from functools import partial
from typing import Any, NamedTuple

import numpy as np

from npgan.kernels.elementary import exp, log1p
from npgan.kernels.jit import ONE, jit
from npgan.kernels.matmul import share
from npgan.kernels.memory import seen_as
from npgan.kernels.row import KERNELS, NotRecordable, Reads, Writes, performs

LOSSES = ("mse", "l1", "bce_with_logits")
MSE, L1, BCE_WITH_LOGITS = range(len(LOSSES))
BLOCK = 2048


@jit
def block(x, target, code, each, values, dx):  # type: ignore[no-untyped-def]
    """Write a block's gradient, in which each number has the weight ``each``; return the block's sum."""
    zero, one = x.dtype.type(0), x.dtype.type(1)
    if code == MSE:
        for i in range(x.size):
            e = x[i] - target[i]
            values[i], dx[i] = e * e, (e + e) * each
    elif code == L1:
        for i in range(x.size):
            e = x[i] - target[i]
            values[i] = abs(e)
            dx[i] = each if e > zero else -each if e < zero else e * each
    else:
        for i in range(x.size):
            e = exp(-abs(x[i]))
            p = (one if x[i] >= zero else e) / (one + e)
            q = (e if x[i] >= zero else one) / (one + e)
            t = target[i]
            values[i] = (max(x[i], zero) - t * x[i]) + log1p(e)
            dx[i] = ((one - t) * p - t * q) * each
    count = x.size
    while count > 1:  # add one half to the other
        half = (count + 1) // 2
        low, high = values[: count - half], values[half:count]
        for i in range(high.size):
            low[i] += high[i]
        count = half
    return values[0]


class Loss(NamedTuple):
    """A loss's gradient, and its sums over blocks, float64; ``each`` is a number's weight in the mean."""

    x: Reads
    target: Reads
    dx: Writes
    sums: Writes
    size: int
    loss: int
    each: float


class Mean(NamedTuple):
    """The mean of ``size`` numbers from their sums over blocks."""

    sums: Reads
    value: Writes
    size: int
    blocks: int


@performs(Loss)
def _loss_part(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    size, sums = row.size, seen_as(0.0, memory, row.sums)
    first, last = share((size + BLOCK - 1) // BLOCK, ONE, part, parts)
    for b in range(first, last):
        i, count = b * BLOCK, min(size - b * BLOCK, BLOCK)
        x, target = memory[row.x + i :][:count], memory[row.target + i :][:count]
        sums[b] = block(x, target, row.loss, row.each, panel, memory[row.dx + i :][:count])


@performs(Mean)
def _mean(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    total, sums = 0.0, seen_as(0.0, memory, row.sums)
    for b in range(row.blocks):
        total += sums[b]
    memory[row.value] = total / row.size


def loss(rows: Any, x: Any, target: Any, code: int) -> tuple[Any, Any]:
    """Write rows for the gradient and the sums of blocks, which do not depend on threads; then for the mean."""
    if not hasattr(target, "shape"):
        target = np.full(x.shape, target, x.dtype)
    if target.shape != x.shape:
        raise NotRecordable("a target of another shape")
    size, blocks = x.size, -(-x.size // BLOCK)
    dx, sums = rows.new(x.dtype, *x.shape), rows.new(x.dtype, 2 * blocks)
    rows.write(Loss(x, target, dx, sums, size, code, 1 / size), blocks, BLOCK)
    return write_mean(rows, sums, x.dtype, size, blocks), dx


def write_mean(rows: Any, sums: Any, dtype: Any, size: int, blocks: int) -> Any:
    """Write the mean of so many numbers from their sums over blocks, and return it."""
    value = rows.new(dtype)
    rows.write(Mean(sums, value, size, blocks))
    return rows.done(value)[()]


KERNELS.update({name: partial(loss, code=code) for code, name in enumerate(LOSSES)})
