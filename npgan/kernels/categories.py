"""Kernels of rows of tables: rows are gathered with one-hot categories, and categories are drawn softly."""

from typing import Any, NamedTuple

import numpy as np

from npgan.kernels.elementwise import worth
from npgan.kernels.jit import ONE, ZERO, jit
from npgan.kernels.matmul import share
from npgan.kernels.memory import seen_as
from npgan.kernels.row import Reads, Writes, kernel, performs, value_of
from npgan.kernels.softmax import softmax, softmax_backward_row
from npgan.system.memory import index_of


class GatherTable(NamedTuple):
    """A batch of n rows of d + c numbers, gathered from rows of b numbers.

    ``rows``, ``conditions`` and ``widths`` are where these integers begin in memory, counted in 64-bit integers.
    """

    data: Reads
    rows: int
    conditions: int
    widths: int
    batch: Writes
    n: int
    b: int
    d: int
    c: int


class GumbelSoftmax(NamedTuple):
    """y, from n rows of d numbers in b blocks; ``noise`` is added to the logits of categories unless ``noisy`` is 0."""

    x: Reads
    noise: Reads
    noisy: int
    widths: int
    y: Writes
    n: int
    b: int
    d: int
    temperature: float


class GumbelSoftmaxBackward(NamedTuple):
    """dx, from dy and y."""

    dy: Reads
    y: Reads
    widths: int
    dx: Writes
    n: int
    b: int
    d: int
    temperature: float


@jit
def _mark(row, chosen, width):  # type: ignore[no-untyped-def]
    """Write 1 at the chosen place, 0 at the others."""
    for j in range(width):
        row[j] = row.dtype.type(j == chosen)


@performs(GatherTable)
def _gather_part(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    integers, (first, last) = seen_as(ZERO, memory, ZERO), share(row.n, ONE, part, parts)
    widths = integers[row.widths : row.widths + row.b]
    for i in range(first, last):
        data = memory[row.data + integers[row.rows + i] * row.b :][: row.b]
        batch, start = memory[row.batch + i * (row.d + row.c) :][: row.d + row.c], 0
        for j in range(row.b):
            if widths[j] == 1:
                batch[start] = data[j]
            else:
                _mark(batch[start:], data[j], widths[j])
            start += widths[j]
        _mark(batch[start:], integers[row.conditions + i], row.c)


@performs(GumbelSoftmax)
def _forward(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    integers, (first, last) = seen_as(ZERO, memory, ZERO), share(row.n, ONE, part, parts)
    widths = integers[row.widths : row.widths + row.b]
    temperature = memory.dtype.type(row.temperature)
    for i in range(first, last):
        x, y = memory[row.x + i * row.d :][: row.d], memory[row.y + i * row.d :][: row.d]
        noise, start = memory[row.noise + i * row.d :], 0
        for j in range(row.b):
            stop = start + widths[j]
            for k in range(start, stop):
                y[k] = x[k]
                if row.noisy != 0 and widths[j] > 1:
                    y[k] = (x[k] + noise[k]) / temperature
            if widths[j] > 1:
                softmax(y[start:stop], y[start:stop])
            start = stop


@performs(GumbelSoftmaxBackward)
def _backward(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    integers, (first, last) = seen_as(ZERO, memory, ZERO), share(row.n, ONE, part, parts)
    widths = integers[row.widths : row.widths + row.b]
    temperature = memory.dtype.type(row.temperature)
    for i in range(first, last):
        dy, y = memory[row.dy + i * row.d :][: row.d], memory[row.y + i * row.d :][: row.d]
        dx, start = memory[row.dx + i * row.d :][: row.d], 0
        for j in range(row.b):
            stop = start + widths[j]
            if widths[j] == 1:
                dx[start] = dy[start]
            else:
                softmax_backward_row(dy[start:stop], y[start:stop], dx[start:stop])
                for k in range(start, stop):
                    dx[k] /= temperature
            start = stop


@kernel
def gather_table(
    on: Any, data: np.ndarray, rows: Any, conditions: Any, widths: np.ndarray, c: int
) -> Any:
    """See :class:`GatherTable`."""
    b, d = data.shape[1], int(widths.sum())
    batch = on.new(data.dtype, rows.size, d + c)
    row = GatherTable(on.data(data), 0, 0, on.data(widths), batch, rows.size, b, d, c)
    chosen = "rows", lambda: [index_of(value_of(rows)), index_of(value_of(conditions))]
    on.write(row, worth(batch.size), changing=chosen)
    return batch


@kernel
def gumbel_softmax_forward(
    on: Any, x: Any, noise: Any, widths: np.ndarray, temperature: float
) -> Any:
    """See :class:`GumbelSoftmax`."""
    y, (n, d) = on.new(x.dtype, *x.shape), x.shape
    given, noisy = (x, 0) if noise is None else (noise, 1)
    row = GumbelSoftmax(x, given, noisy, on.data(widths), y, n, widths.size, d, temperature)
    on.write(row, worth(x.size))
    return y


@kernel
def gumbel_softmax_backward(
    on: Any, dy: Any, y: Any, widths: np.ndarray, temperature: float
) -> Any:
    """See :class:`GumbelSoftmaxBackward`."""
    dx, (n, d) = on.new(y.dtype, *y.shape), y.shape
    row = GumbelSoftmaxBackward(dy, y, on.data(widths), dx, n, widths.size, d, temperature)
    on.write(row, worth(y.size))
    return dx
