"""What a penalty on a network's input gradient needs beside products: two passes over samples."""

from typing import NamedTuple

from npgan.kernels.jit import ONE, fma
from npgan.kernels.matmul import share
from npgan.kernels.memory import seen_as
from npgan.kernels.row import Reads, Writes, performs


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
