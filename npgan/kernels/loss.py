"""Losses: the value and the gradient in one pass over memory."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import prange

from npgan.kernels.elementary import exp, log1p
from npgan.kernels.jit import ONE, Threaded, jit
from npgan.kernels.matmul import share
from npgan.kernels.memory import seen_as
from npgan.kernels.row import Reads, Writes, performs

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
    scratch: Reads
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
    scratch = memory[row.scratch + part * BLOCK :][:BLOCK]
    first, last = share((size + BLOCK - 1) // BLOCK, ONE, part, parts)
    for b in range(first, last):
        i, count = b * BLOCK, min(size - b * BLOCK, BLOCK)
        x, target = memory[row.x + i :][:count], memory[row.target + i :][:count]
        sums[b] = block(x, target, row.loss, row.each, scratch, memory[row.dx + i :][:count])


@performs(Mean)
def _mean(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    total, sums = 0.0, seen_as(0.0, memory, row.sums)
    for b in range(row.blocks):
        total += sums[b]
    memory[row.value] = total / row.size


def _sums(x, target, code, each, sums, dx, parts):  # type: ignore[no-untyped-def]
    for part in prange(parts):
        values = np.empty(BLOCK, x.dtype)
        first, last = share(sums.size, ONE, np.int64(part), parts)
        for b in range(first, last):
            at = slice(b * BLOCK, (b + 1) * BLOCK)
            sums[b] = block(x[at], target[at], code, each, values, dx[at])


sums_of = Threaded(_sums)


def loss(name: str) -> Callable[..., tuple[np.floating, np.ndarray]]:
    """Return the kernel of a loss and its gradient: the sums of blocks do not depend on threads."""
    code = LOSSES.index(name)

    def kernel(x: np.ndarray, target: np.ndarray | float) -> tuple[np.floating, np.ndarray]:
        if not isinstance(target, np.ndarray):
            target = np.full(x.shape, target, x.dtype)
        a, b, dx = x.reshape(-1), target.reshape(-1), np.empty(x.size, x.dtype)
        number = x.dtype.type
        each = number(1 / x.size)
        if x.size <= BLOCK:
            total = block(a, b, code, each, np.empty_like(a), dx)
        else:
            sums = np.empty(-(-x.size // BLOCK))
            sums_of(a, b, code, each, sums, dx)
            total = sums.cumsum()[-1]  # one after the other, as a program adds them
        return number(total / x.size), dx.reshape(x.shape)

    return kernel
