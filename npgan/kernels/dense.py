"""The dense layer's products: parts of them for chains and programs, and the kernels of single layers."""

from typing import NamedTuple

import numpy as np
from numba import prange

from npgan.kernels.activation import ActivationId, activate, activate_backward
from npgan.kernels.jit import ONE, ZERO, Threaded, jit
from npgan.kernels.matmul import block, panel_size, region
from npgan.kernels.row import Reads, Writes, performs
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


@jit
def output_part(x, w, y, row, panel, part, parts):  # type: ignore[no-untyped-def]
    """Do a part of a row; bias and activation on the tile's result while it is in the cache."""
    n, k, m = row.n, row.k, row.m
    i0, i1, j0, j1 = region(n, m, k, y.itemsize, part, parts)
    block(
        x, row.x, k, ONE, w, row.weight, m, ONE, y, row.y, m, w, row.bias, ZERO, ONE,
        i0, i1, j0, j1, k, panel,
    )  # fmt: skip
    activate(y, row.y, m, i0, i1, j0, j1, row.activation, row.argument)


@jit
def input_part(e, w, dx, x, row, panel, part, parts):  # type: ignore[no-untyped-def]
    """Do a part of a row."""
    n, k, m = row.n, row.k, row.m
    i0, i1, j0, j1 = region(n, k, m, e.itemsize, part, parts)
    block(
        e, row.e, m, ONE, w, row.weight, ONE, m, dx, row.dx, k, dx, row.dx, k, ZERO,
        i0, i1, j0, j1, m, panel,
    )  # fmt: skip
    if row.activation != ActivationId.IDENTITY:
        activate_backward(dx, row.dx, x, row.x, k, i0, i1, j0, j1, row.activation, row.argument)


@jit
def bias_part(e, e0, grads, b0, add, factors, n, m, j0, j1, panel):  # type: ignore[no-untyped-def]
    """Add up columns j0..j1 of e's rows: the product of a row of ones, or of factors, and e."""
    step, ones = width(1, e.itemsize), panel
    ones[0] = 1
    for j in range(j0, j1, step):
        columns, b = min(step, j1 - j), b0 + j
        if factors < 0:
            tile(1, columns, ones, ZERO, ZERO, ZERO, e, e0 + j, m, grads, b, m, grads, b, m, add, n)
        else:
            tile(1, columns, e, factors, ZERO, ONE, e, e0 + j, m, grads, b, m, grads, b, m, add, n)


@jit
def weight_part(x, e, grads, row, panel, part, parts):  # type: ignore[no-untyped-def]
    """Do a part of a row; the part with the first row of dW does the bias as well.

    Where dW has few rows, fetching e is most of the work: so both sums take the same few rows of e,
    then the next ones.
    """
    n, k, m, w0, factors = row.n, row.k, row.m, row.dweight, row.factors
    i0, i1, j0, j1 = region(k, m, n, e.itemsize, part, parts)
    rows = NEAR if i1 - i0 <= len(WIDE) else max(n, 1)
    for r in range(0, max(n, 1), rows):
        count, e0 = min(rows, n - r), row.e + r * m
        add = row.add or r > 0
        block(
            x, row.x + r * k, ONE, k, e, e0, m, ONE, grads, w0, m, grads, w0, m, add,
            i0, i1, j0, j1, count, panel,
        )  # fmt: skip
        if i0 == 0 and i1 > 0:
            l0 = factors + r if factors >= 0 else factors
            bias_part(e, e0, grads, row.dbias, add, l0, count, m, j0, j1, panel)


@performs(Output)
def _output(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    output_part(memory, memory, memory, row, panel, part, parts)


@performs(Input)
def _input_gradient(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    input_part(memory, memory, memory, memory, row, panel, part, parts)


@performs(Weight)
def _weight_gradient(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    weight_part(memory, memory, memory, row, panel, part, parts)


@performs(Tangent)
def _tangent(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    n, k, m = row.n, row.k, row.m
    i0, i1, j0, j1 = region(n, m, k, memory.itemsize, part, parts)
    block(
        memory, row.t, k, ONE, memory, row.weight, m, ONE, memory, row.u, m, memory, row.u, m, ZERO,
        i0, i1, j0, j1, k, panel,
    )  # fmt: skip
    activate_backward(memory, row.u, memory, row.y, m, i0, i1, j0, j1, row.activation, row.argument)


def _product(a, ars, acs, b, brs, bcs, c, d, drs, add, m, n, k, parts):  # type: ignore[no-untyped-def]
    panel = np.empty((parts, panel_size(k, c.itemsize)), c.dtype)
    for part in prange(parts):
        i0, i1, j0, j1 = region(m, n, k, c.itemsize, np.int64(part), parts)
        block(
            a, ZERO, ars, acs, b, ZERO, brs, bcs, c, ZERO, n, d, ZERO, drs, add,
            i0, i1, j0, j1, k, panel[part],
        )  # fmt: skip


product = Threaded(_product)


def dense_forward(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """The sums start at the bias."""
    (n, k), m = x.shape, weight.shape[1]
    y = np.empty((n, m), x.dtype)
    product(x.reshape(-1), k, 1, weight.reshape(-1), m, 1, y.reshape(-1), bias, 0, 1, n, m, k)
    return y


def dense_backward_input(dy: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """W.T is the weight with its strides exchanged."""
    (n, m), k = dy.shape, weight.shape[0]
    dx = np.empty((n, k), dy.dtype)
    c = dx.reshape(-1)
    product(dy.reshape(-1), m, 1, weight.reshape(-1), 1, m, c, c, k, 0, n, k, m)
    return dx


def dense_backward_parameters(
    dy: np.ndarray, x: np.ndarray, dweight: np.ndarray, dbias: np.ndarray
) -> None:
    """The sums start at ``dweight``; x.T is only a matter of strides."""
    (n, m), k = dy.shape, x.shape[1]
    c = dweight.reshape(-1)
    product(x.reshape(-1), 1, k, dy.reshape(-1), m, 1, c, c, m, 1, k, m, n)
    dbias += dy.sum(axis=0)
