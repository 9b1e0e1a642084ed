"""The softmax and its cross-entropy, one row after the other."""

import math
from typing import Any, NamedTuple

import numpy as np

from npgan.kernels.elementary import exp
from npgan.kernels.elementwise import worth
from npgan.kernels.jit import ONE, ZERO, jit
from npgan.kernels.matmul import share
from npgan.kernels.memory import seen_as
from npgan.kernels.row import Reads, Writes, kernel, performs


class Softmax(NamedTuple):
    """The softmax of n rows of k numbers."""

    x: Reads
    y: Writes
    n: int
    k: int


class SoftmaxBackward(NamedTuple):
    """dx, from dy and y."""

    dy: Reads
    y: Reads
    dx: Writes
    n: int
    k: int


class SoftmaxCrossEntropy(NamedTuple):
    """The losses of n rows of k logits, float64, and the gradient of their mean.

    ``labels`` is the place of the labels, counted in 64-bit integers.
    """

    logits: Reads
    losses: Writes
    dlogits: Writes
    labels: int
    n: int
    k: int


@jit
def softmax(x, y):  # type: ignore[no-untyped-def]
    """Write a row's softmax; return the largest number, and log(sum of e**x) minus that."""
    top = x[0]
    for j in range(x.size):
        top = x[j] if x[j] > top or x[j] != x[j] else top
    total = y.dtype.type(0)
    for j in range(x.size):
        y[j] = exp(x[j] - top)
        total += y[j]
    for j in range(x.size):
        y[j] /= total
    return top, math.log(total)


@jit
def softmax_backward_row(dy, y, dx):  # type: ignore[no-untyped-def]
    """Write dx of a row."""
    total = dx.dtype.type(0)
    for j in range(y.size):
        total += dy[j] * y[j]
    for j in range(y.size):
        dx[j] = y[j] * (dy[j] - total)


@performs(Softmax)
def _forward(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    k, (first, last) = row.k, share(row.n, ONE, part, parts)
    for i in range(first, last):
        softmax(memory[row.x + i * k :][:k], memory[row.y + i * k :][:k])


@performs(SoftmaxBackward)
def _backward(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    k, (first, last) = row.k, share(row.n, ONE, part, parts)
    for i in range(first, last):
        dy, y = memory[row.dy + i * k :][:k], memory[row.y + i * k :][:k]
        softmax_backward_row(dy, y, memory[row.dx + i * k :][:k])


@performs(SoftmaxCrossEntropy)
def _cross_entropy(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    """Use the softmax of the gradient for the loss, too."""
    k, (first, last) = row.k, share(row.n, ONE, part, parts)
    losses, labels = seen_as(0.0, memory, row.losses), seen_as(ZERO, memory, ZERO)
    for i in range(first, last):
        x, dx = memory[row.logits + i * k :][:k], memory[row.dlogits + i * k :][:k]
        right, (top, above) = labels[row.labels + i], softmax(x, dx)
        losses[i] = above - (x[right] - top)
        dx[right], total = 0, memory.dtype.type(0)
        for j in range(k):
            total += dx[j]
        dx[right] = -total
        for j in range(k):
            dx[j] /= row.n


@kernel
def softmax_forward(rows: Any, x: Any) -> Any:
    """See :class:`Softmax`."""
    y, k = rows.new(x.dtype, *x.shape), x.shape[-1]
    rows.write(Softmax(x, y, x.size // k, k), worth(x.size))
    return y


@kernel
def softmax_backward(rows: Any, dy: Any, y: Any) -> Any:
    """See :class:`SoftmaxBackward`."""
    dx, k = rows.new(y.dtype, *y.shape), y.shape[-1]
    rows.write(SoftmaxBackward(dy, y, dx, y.size // k, k), worth(y.size))
    return dx


@kernel
def softmax_cross_entropy(rows: Any, logits: Any, labels: np.ndarray) -> tuple[Any, Any]:
    """See :class:`SoftmaxCrossEntropy`."""
    n, k = logits.shape
    dlogits, losses = rows.new(logits.dtype, n, k), rows.new(logits.dtype, 2 * n)
    row = SoftmaxCrossEntropy(logits, losses, dlogits, rows.data(labels), n, k)
    rows.write(row, worth(logits.size))
    value = rows.done(losses).view(np.float64)[:n].mean()
    return value.astype(logits.dtype), dlogits
