"""The dense layer's products, with the bias, the activation and its derivative applied to each tile."""

from typing import Any, NamedTuple

import numpy as np

from npgan.kernels.activation import ActivationId, activate, activate_backward
from npgan.kernels.jit import ONE, ZERO, jit
from npgan.kernels.matmul import block, panel_size, region, worth_parts
from npgan.kernels.row import Reads, Writes, kernel, performs
from npgan.kernels.tile import WIDE, Matrix, at, tile, width

NEAR = 64  # rows of e that stay in the nearest cache


class Output(NamedTuple):
    """y = f(x W + b) of a dense layer of k inputs and m outputs, for n samples."""

    x: Reads
    weight: Reads
    bias: Reads
    y: Writes
    activation: int
    n: int
    k: int
    m: int
    argument: float


class Input(NamedTuple):
    """dx = e W.T, times the derivative of the activation whose output x is.

    e is the gradient with respect to x W + b.
    """

    e: Reads
    weight: Reads
    dx: Writes
    x: Reads
    activation: int
    n: int
    k: int
    m: int
    argument: float


class Tangent(NamedTuple):
    """u = t W, times the derivative of the activation whose output y is: y's change if x changes by t."""

    t: Reads
    weight: Reads
    u: Writes
    y: Reads
    activation: int
    n: int
    k: int
    m: int
    argument: float


class Weight(NamedTuple):
    """dW += x.T e, and db += the sum of e's rows; if ``add_weight`` or ``add_bias`` is 0, it is overwritten.

    If ``factors`` is not negative, each row is multiplied by its factor before it is added to db.
    """

    x: Reads
    e: Reads
    dweight: Writes
    dbias: Writes
    add_weight: int
    add_bias: int
    factors: Reads
    n: int
    k: int
    m: int


@performs(Output)
def _output(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    n, k, m = row.n, row.k, row.m
    i0, i1, j0, j1 = region(n, m, memory.itemsize, part, parts)
    x, weight = Matrix(memory, row.x, k, ONE), Matrix(memory, row.weight, m, ONE)
    y, bias = Matrix(memory, row.y, m, ONE), Matrix(memory, row.bias, ZERO, ONE)
    block(x, weight, y, bias, ONE, i0, i1, j0, j1, k, panel)
    activate(memory, row.y, m, i0, i1, j0, j1, row.activation, row.argument)


@performs(Input)
def _input_gradient(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    """W.T is the weight with its strides swapped."""
    n, k, m = row.n, row.k, row.m
    i0, i1, j0, j1 = region(n, k, memory.itemsize, part, parts)
    e, turned = Matrix(memory, row.e, m, ONE), Matrix(memory, row.weight, ONE, m)
    dx = Matrix(memory, row.dx, k, ONE)
    block(e, turned, dx, dx, ZERO, i0, i1, j0, j1, m, panel)
    if row.activation != ActivationId.IDENTITY:
        activate_backward(
            memory, row.dx, memory, row.x, k, i0, i1, j0, j1, row.activation, row.argument
        )


@performs(Tangent)
def _tangent(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    n, k, m = row.n, row.k, row.m
    i0, i1, j0, j1 = region(n, m, memory.itemsize, part, parts)
    t, weight = Matrix(memory, row.t, k, ONE), Matrix(memory, row.weight, m, ONE)
    u = Matrix(memory, row.u, m, ONE)
    block(t, weight, u, u, ZERO, i0, i1, j0, j1, k, panel)
    activate_backward(memory, row.u, memory, row.y, m, i0, i1, j0, j1, row.activation, row.argument)


@performs(Weight)
def _weight_gradient(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    """Let the part with the first row of dW compute db as well.

    Where dW has few rows, fetching e is most of the work: so both sums use the same few rows of e before
    they go on to the next ones.
    """
    n, k, m = row.n, row.k, row.m
    i0, i1, j0, j1 = region(k, m, memory.itemsize, part, parts)
    turned, e = Matrix(memory, row.x, ONE, k), Matrix(memory, row.e, m, ONE)
    dweight, dbias = Matrix(memory, row.dweight, m, ONE), Matrix(memory, row.dbias, ZERO, ONE)
    ones = Matrix(panel, ZERO, ZERO, ZERO)
    if row.factors >= 0:
        ones = Matrix(memory, row.factors, ZERO, ONE)
    rows = NEAR if k <= len(WIDE) else max(n, 1)
    for r in range(0, max(n, 1), rows):
        count, near = min(rows, n - r), at(e, r, ZERO)
        add = row.add_weight or r > 0
        block(at(turned, ZERO, r), near, dweight, dweight, add, i0, i1, j0, j1, count, panel)
        if i0 == 0 and (i1 > 0 or k == 0):
            panel[0] = 1
            add = row.add_bias or r > 0
            sum_rows(at(ones, ZERO, r), near, dbias, add, j0, j1, count)


@jit
def sum_rows(factors, e, dbias, add, j0, j1, n):  # type: ignore[no-untyped-def]
    """Add up columns j0..j1 of e's rows: the product of a row of ones, or of factors, and e."""
    step = width(1, dbias.data.itemsize)
    for j in range(j0, j1, step):
        target = at(dbias, ZERO, j)
        tile(1, min(step, j1 - j), factors, at(e, ZERO, j), target, target, add, n)


def write_product(rows: Any, dtype: Any, row: Any) -> None:
    """Write a row that multiplies matrices."""
    n, k, m = row.n, row.k, row.m
    size = np.dtype(dtype).itemsize
    rows.write(row, worth_parts(n, k, m), panel_size(max(n, k, m), size))


@kernel
def dense_forward(rows: Any, x: Any, weight: Any, bias: Any) -> Any:
    """The sums start at the bias."""
    (n, k), m = x.shape, weight.shape[1]
    y = rows.new(x.dtype, n, m)
    write_product(rows, x.dtype, Output(x, weight, bias, y, ActivationId.IDENTITY, n, k, m, 0.0))
    return y


@kernel
def dense_backward_input(rows: Any, dy: Any, weight: Any) -> Any:
    """See :class:`Input`."""
    n, (k, m) = len(dy), weight.shape
    dx = rows.new(dy.dtype, n, k)
    write_product(rows, dy.dtype, Input(dy, weight, dx, dx, ActivationId.IDENTITY, n, k, m, 0.0))
    return dx


@kernel
def dense_backward_parameters(rows: Any, dy: Any, x: Any, dweight: Any, dbias: Any) -> None:
    """The sums start at ``dweight``; x.T is only a matter of strides."""
    (n, k), m = x.shape, dy.shape[1]
    write_product(rows, dy.dtype, Weight(x, dy, dweight, dbias, 1, 1, -1, n, k, m))
