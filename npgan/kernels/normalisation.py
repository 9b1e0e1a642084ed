"""Batch normalisation: moments of columns in float64, then one pass over the numbers."""

from typing import Any, NamedTuple

import numpy as np

from npgan.kernels.activation import ActivationId, activate
from npgan.kernels.elementwise import Add, worth
from npgan.kernels.jit import ONE, ZERO, jit
from npgan.kernels.matmul import share
from npgan.kernels.memory import seen_as
from npgan.kernels.row import Reads, Writes, kernel, performs
from npgan.ops.normalisation import check_minibatch
from npgan.system.memory import LINE


class Moments(NamedTuple):
    """Each column's mean, which is ``mean + rest``, its variance, and 1 / sqrt(variance + eps)."""

    x: Reads
    mean: Writes
    rest: Writes
    variance: Writes
    inverse: Writes
    n: int
    d: int
    eps: float


class Running(NamedTuple):
    """The running moments move a share of the way to those of a minibatch of n rows, which is counted."""

    mean: Reads
    variance: Reads
    running_mean: Writes
    running_var: Writes
    batches: Writes
    n: int
    d: int
    momentum: float


class Normal(NamedTuple):
    """normal = (x - mean - rest) inverse, column by column; y = f(normal weight + bias)."""

    x: Reads
    mean: Reads
    rest: Reads
    inverse: Reads
    weight: Reads
    bias: Reads
    normal: Writes
    y: Writes
    n: int
    d: int
    activation: int
    argument: float


class Sums(NamedTuple):
    """Each column's sums of dy and of dy times normal."""

    dy: Reads
    normal: Reads
    plain: Writes
    product: Writes
    n: int
    d: int


class NormalBackward(NamedTuple):
    """dx = inverse (g - the mean of g - normal times that of g normal), where g = dy weight, column by column."""

    dy: Reads
    normal: Reads
    inverse: Reads
    weight: Reads
    plain: Reads
    product: Reads
    dx: Writes
    n: int
    d: int


@jit
def _sums(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    """Return a part's first column, and three float64 sums for each of its columns, which are 0."""
    first, last = share(row.d, np.int64(LINE // memory.itemsize), part, parts)
    sums, d = seen_as(0.0, panel, ZERO), last - first
    for j in range(3 * d):
        sums[j] = 0.0
    return first, sums[:d], sums[d : 2 * d], sums[2 * d : 3 * d]


@performs(Moments)
def _moments(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    """The second pass also sums what is left of the numbers when the rounded mean is subtracted."""
    first, mean, rest, square = _sums(row, memory, panel, part, parts)
    for i in range(row.n):
        x = memory[row.x + i * row.d + first :]
        for j in range(mean.size):
            mean[j] += x[j]
    for j in range(mean.size):
        mean[j] /= row.n
    for i in range(row.n):
        x = memory[row.x + i * row.d + first :]
        for j in range(mean.size):
            centred = x[j] - mean[j]
            rest[j] += centred
            square[j] += centred * centred
    for j in range(mean.size):
        k, more = first + j, rest[j] / row.n
        variance = square[j] / row.n - more * more
        memory[row.mean + k] = mean[j] + more
        memory[row.rest + k] = mean[j] - memory[row.mean + k] + more
        memory[row.variance + k] = variance
        memory[row.inverse + k] = 1 / np.sqrt(variance + row.eps)


@performs(Running)
def _running(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    memory[row.batches] += 1
    kept = 1 - np.float64(row.momentum)
    rate, unbiased = (1 - kept) / (1 - kept ** memory[row.batches]), row.n / (row.n - 1)
    for j in range(row.d):
        mean, var = memory[row.running_mean + j], memory[row.running_var + j]
        memory[row.running_mean + j] = mean + rate * (memory[row.mean + j] - mean)
        memory[row.running_var + j] = var + rate * (memory[row.variance + j] * unbiased - var)


@performs(Normal)
def _normal(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    mean, rest, inverse = memory[row.mean :], memory[row.rest :], memory[row.inverse :]
    weight, bias = memory[row.weight :], memory[row.bias :]
    first, last = share(row.n, ONE, part, parts)
    for i in range(first, last):
        at = i * row.d
        x, normal, y = memory[row.x + at :], memory[row.normal + at :], memory[row.y + at :]
        for j in range(row.d):
            normal[j] = (x[j] - mean[j] - rest[j]) * inverse[j]
            y[j] = normal[j] * weight[j] + bias[j]
    activate(memory, row.y, row.d, first, last, ZERO, row.d, row.activation, row.argument)


@performs(Sums)
def _column_sums(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    first, plain, product, _ = _sums(row, memory, panel, part, parts)
    for i in range(row.n):
        at = i * row.d + first
        dy, normal = memory[row.dy + at :], memory[row.normal + at :]
        for j in range(plain.size):
            plain[j] += dy[j]
            product[j] += np.float64(dy[j]) * normal[j]
    for j in range(plain.size):
        memory[row.plain + first + j] = plain[j]
        memory[row.product + first + j] = product[j]


@performs(NormalBackward)
def _normal_backward(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    inverse, weight = memory[row.inverse :], memory[row.weight :]
    plain, product = memory[row.plain :], memory[row.product :]
    each, (first, last) = (
        memory.dtype.type(1) / memory.dtype.type(row.n),
        share(row.n, ONE, part, parts),
    )
    for i in range(first, last):
        at = i * row.d
        dy, normal, dx = memory[row.dy + at :], memory[row.normal + at :], memory[row.dx + at :]
        for j in range(row.d):
            w = weight[j]
            mean, gain = (
                each * plain[j] * w,
                each * product[j] * w + (w - w),
            )  # NaN if w is infinite
            dx[j] = inverse[j] * (dy[j] * w - mean - normal[j] * gain)


@kernel
def batch_norm_forward(
    rows: Any,
    x: Any,
    weight: Any,
    bias: Any,
    running_mean: Any,
    running_var: Any,
    batches: Any,
    momentum: float,
    eps: float,
) -> tuple[Any, Any, Any]:
    """Two passes for the moments, one for the numbers."""
    n, d = x.shape
    check_minibatch(n)
    mean, rest, variance = (rows.new(x.dtype, d) for _ in range(3))
    inverse, normal, y = (rows.new(x.dtype, *shape) for shape in ((1, d), (n, d), (n, d)))
    rows.write(Moments(x, mean, rest, variance, inverse, n, d, eps), worth(x.size), 6 * d)
    rows.write(Running(mean, variance, running_mean, running_var, batches, n, d, momentum))
    row = Normal(
        x, mean, rest, inverse, weight, bias, normal, y, n, d, ActivationId.IDENTITY, 0.0
    )  # fmt: skip
    rows.write(row, worth(x.size))
    return y, normal, inverse


@kernel
def batch_norm_backward(
    rows: Any,
    dy: Any,
    normal: Any,
    inverse: Any,
    weight: Any,
    dweight: Any = None,
    dbias: Any = None,
) -> Any:
    """One pass for the sums, which are dbias and dweight, and one for the numbers."""
    n, d = dy.shape
    plain, product, dx = (rows.new(dy.dtype, *shape) for shape in ((d,), (d,), (n, d)))
    rows.write(Sums(dy, normal, plain, product, n, d), worth(dy.size), 6 * d)
    if dweight is not None and dbias is not None:
        rows.write(Add(dweight, dweight, product, d, 1.0))
        rows.write(Add(dbias, dbias, plain, d, 1.0))
    row = NormalBackward(dy, normal, inverse, weight, plain, product, dx, n, d)
    rows.write(row, worth(dy.size))
    return dx
