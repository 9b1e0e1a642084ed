"""The dense layer's products, with the bias, the activation and its derivative on the tile."""

from typing import Any, NamedTuple

import numpy as np

from npgan.kernels.activation import ActivationId, activate, activate_backward
from npgan.kernels.jit import NONE, ONE, ZERO, jit
from npgan.kernels.matmul import SMALL, block, panel_size, region
from npgan.kernels.row import Reads, Writes, kernel, performs
from npgan.kernels.tile import WIDE, tile, width

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
    """dx = e W.T, times the derivative of the activation whose output x is."""

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
    """dW += x.T e, and db += the sum of e's rows; without ``add`` what was there is overwritten.

    If ``factors`` is not negative, each row is multiplied by its factor before it is added to db.
    """

    x: Reads
    e: Reads
    dweight: Writes
    dbias: Writes
    add: int
    factors: Reads
    n: int
    k: int
    m: int


@performs(Output)
def _output(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    n, k, m = row.n, row.k, row.m
    i0, i1, j0, j1 = region(n, m, k, memory.itemsize, part, parts)
    block(
        memory, row.x, k, ONE, memory, row.weight, m, ONE, memory, row.y, m, memory, row.bias, ZERO, ONE,
        i0, i1, j0, j1, k, panel,
    )  # fmt: skip
    activate(memory, row.y, m, i0, i1, j0, j1, row.activation, row.argument)


@performs(Input)
def _input_gradient(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    n, k, m = row.n, row.k, row.m
    i0, i1, j0, j1 = region(n, k, m, memory.itemsize, part, parts)
    block(
        memory, row.e, m, ONE, memory, row.weight, ONE, m, memory, row.dx, k, memory, row.dx, k, ZERO,
        i0, i1, j0, j1, m, panel,
    )  # fmt: skip
    if row.activation != ActivationId.IDENTITY:
        activate_backward(
            memory, row.dx, memory, row.x, k, i0, i1, j0, j1, row.activation, row.argument
        )


@performs(Tangent)
def _tangent(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    n, k, m = row.n, row.k, row.m
    i0, i1, j0, j1 = region(n, m, k, memory.itemsize, part, parts)
    block(
        memory, row.t, k, ONE, memory, row.weight, m, ONE, memory, row.u, m, memory, row.u, m, ZERO,
        i0, i1, j0, j1, k, panel,
    )  # fmt: skip
    activate_backward(memory, row.u, memory, row.y, m, i0, i1, j0, j1, row.activation, row.argument)


@performs(Weight)
def _weight_gradient(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    """Let the part with the first row of dW do the bias as well.

    Where dW has few rows, fetching e is most of the work: so both sums take the same few rows of e,
    then the next ones.
    """
    n, k, m, w0, factors = row.n, row.k, row.m, row.dweight, row.factors
    i0, i1, j0, j1 = region(k, m, n, memory.itemsize, part, parts)
    rows = NEAR if i1 - i0 <= len(WIDE) else max(n, 1)
    for r in range(0, max(n, 1), rows):
        count, e0 = min(rows, n - r), row.e + r * m
        add = row.add or r > 0
        block(
            memory, row.x + r * k, ONE, k, memory, e0, m, ONE, memory, w0, m, memory, w0, m, add,
            i0, i1, j0, j1, count, panel,
        )  # fmt: skip
        if i0 == 0 and i1 > 0:
            l0 = factors + r if factors >= 0 else factors
            bias_part(memory, e0, row.dbias, add, l0, count, m, j0, j1, panel)


@jit
def bias_part(memory, e0, b0, add, factors, n, m, j0, j1, panel):  # type: ignore[no-untyped-def]
    """Add up columns j0..j1 of e's rows: the product of a row of ones, or of factors, and e."""
    step, ones = width(1, memory.itemsize), panel
    ones[0] = 1
    for j in range(j0, j1, step):
        columns, b, e = min(step, j1 - j), b0 + j, e0 + j
        if factors < 0:
            tile(
                1, columns, ones, ZERO, ZERO, ZERO, memory, e, m, memory, b, m, memory, b, m, add, n
            )
        else:
            tile(
                1,
                columns,
                memory,
                factors,
                ZERO,
                ONE,
                memory,
                e,
                m,
                memory,
                b,
                m,
                memory,
                b,
                m,
                add,
                n,
            )


def write_product(rows: Any, dtype: Any, row: Any) -> None:
    """Write a row that multiplies matrices."""
    n, k, m = row.n, row.k, row.m
    size = np.dtype(dtype).itemsize
    rows.write(row, n * k * m // (SMALL // 2), panel_size(max(n, k, m), size))


@kernel
def dense_forward(rows: Any, x: Any, weight: Any, bias: Any) -> Any:
    """The sums start at the bias."""
    (n, k), m = x.shape, weight.shape[1]
    y = rows.new(x.dtype, n, m)
    write_product(rows, x.dtype, Output(x, weight, bias, y, ActivationId.IDENTITY, n, k, m, 0.0))
    return y


@kernel
def dense_backward_input(rows: Any, dy: Any, weight: Any) -> Any:
    """W.T is the weight with its strides exchanged."""
    n, (k, m) = len(dy), weight.shape
    dx = rows.new(dy.dtype, n, k)
    write_product(rows, dy.dtype, Input(dy, weight, dx, dx, ActivationId.IDENTITY, n, k, m, 0.0))
    return dx


@kernel
def dense_backward_parameters(rows: Any, dy: Any, x: Any, dweight: Any, dbias: Any) -> None:
    """The sums start at ``dweight``; x.T is only a matter of strides."""
    (n, k), m = x.shape, dy.shape[1]
    write_product(rows, dy.dtype, Weight(x, dy, dweight, dbias, ONE, NONE, n, k, m))
