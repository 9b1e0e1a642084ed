"""Batches: rows of data are copied, and bytes become floats, while the next rows are prefetched."""

from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.extending import intrinsic, overload

from npgan.kernels.elementwise import worth
from npgan.kernels.jit import ONE, ZERO, jit
from npgan.kernels.matmul import share
from npgan.kernels.memory import copy, seen_as
from npgan.kernels.row import Reads, Writes, kernel, performs, value_of
from npgan.kernels.vectors import fetch
from npgan.system.memory import LINE, index_of

AHEAD = 80  # cache lines to fetch ahead


@intrinsic
def _prefetch(context, array, index):  # type: ignore[no-untyped-def]
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        fetch(builder, builder.gep(data, [arguments[1]]))
        return context.get_dummy_value()

    return types.void(array, types.intp), codegen


def prefetch(array: np.ndarray, index: int) -> None:
    """Ask for the cache line that ``array[index]`` lies in: a hint that changes no result."""


@overload(prefetch, inline="always")
def _prefetch_compiled(array, index):  # type: ignore[no-untyped-def]
    return lambda array, index: _prefetch(array, index)


@jit
def fetch_row(data, start, d):  # type: ignore[no-untyped-def]
    """Ask for the cache lines of a row of d numbers."""
    for j in range(0, d, LINE // data.itemsize):
        prefetch(data, start + j)


@jit
def rows_ahead(d, itemsize):  # type: ignore[no-untyped-def]
    """Return how many rows are fetched before they are copied."""
    return AHEAD // (d * itemsize // LINE + 1) + 1


@jit
def scaled(octets, scale, low, batch):  # type: ignore[no-untyped-def]
    """Write low + byte * scale for each byte, rounded twice: an fma would map 255 to an ulp above the range."""
    for j in range(batch.size):
        batch[j] = batch.dtype.type(octets[j]) * scale + low


class Gather(NamedTuple):
    """A batch of n rows of d numbers; ``rows`` is the place of their indices, counted in 64-bit integers."""

    data: Reads
    rows: int
    batch: Writes
    n: int
    d: int


class GatherBytes(NamedTuple):
    """The same from bytes, which become low + byte * scale; the place of ``data`` is counted in bytes."""

    data: Reads
    rows: int
    batch: Writes
    n: int
    d: int
    scale: float
    low: float


class Columns(NamedTuple):
    """n runs of k numbers, copied from x to y; the strides are the steps from one run to the next."""

    x: Reads
    x_stride: int
    y: Writes
    y_stride: int
    n: int
    k: int


@jit
def indices(row, memory, part, parts):  # type: ignore[no-untyped-def]
    """Return the indices of a part's rows, and where in the batch they go."""
    first, last = share(row.n, ONE, part, parts)
    rows = seen_as(ZERO, memory, ZERO)[row.rows + first : row.rows + last]
    return rows, row.batch + first * row.d


@performs(Gather)
def _gather_part(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    rows, batch = indices(row, memory, part, parts)
    ahead = rows_ahead(row.d, memory.itemsize)
    for i in range(-ahead, rows.size):
        if i + ahead < rows.size:
            fetch_row(memory, row.data + rows[i + ahead] * row.d, row.d)
        if i >= 0:
            copy(memory, row.data + rows[i] * row.d, memory, batch + i * row.d, row.d)


@performs(GatherBytes)
def _gather_bytes_part(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    rows, batch = indices(row, memory, part, parts)
    octets, ahead = seen_as(np.uint8(0), memory, ZERO), rows_ahead(row.d, 1)
    for i in range(-ahead, rows.size):
        if i + ahead < rows.size:
            fetch_row(octets, row.data + rows[i + ahead] * row.d, row.d)
        if i >= 0:
            data, target = octets[row.data + rows[i] * row.d :], memory[batch + i * row.d :]
            scaled(data, row.scale, row.low, target[: row.d])


@performs(Columns)
def _columns_part(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    first, last = share(row.n, ONE, part, parts)
    for i in range(first, last):
        copy(memory, row.x + i * row.x_stride, memory, row.y + i * row.y_stride, row.k)


@kernel
def gather(on: Any, data: np.ndarray, rows: Any, low: float, high: float) -> Any:
    """Rows may lie anywhere in memory, so their cache lines are fetched a few rows ahead."""
    octets, n, d = data.dtype == np.uint8, rows.size, data.shape[1]
    batch = on.new(np.float32 if octets else data.dtype, n, d)
    fields = on.data(data), 0, batch, n, d
    row = GatherBytes(*fields, (high - low) / 255, low) if octets else Gather(*fields)
    on.write(row, worth(batch.size), changing=("rows", lambda: [index_of(value_of(rows))]))
    return batch
