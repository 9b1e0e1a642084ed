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

AHEAD = 6  # rows to fetch ahead


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
def copy_bytes(data, start, rows, scale, low, batch, d):  # type: ignore[no-untyped-def]
    """Write rows of bytes, d wide, to a batch, both flat: each is low + byte * scale."""
    for i in range(rows.size):
        coming = start + rows[min(i + AHEAD, rows.size - 1)] * d
        for j in range(0, d, LINE):
            prefetch(data, coming + j)
        row = data[start + rows[i] * d : start + (rows[i] + 1) * d]
        target = batch[i * d : (i + 1) * d]
        for j in range(target.size):
            # Rounded twice, as the reference is: an fma would map 255 to an ulp above the range.
            target[j] = batch.dtype.type(row[j]) * scale + low


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
    """n copies of k numbers each; the strides are the steps from one copy to the next."""

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
    for i in range(rows.size):
        copy(memory, row.data + rows[i] * row.d, memory, batch + i * row.d, row.d)


@performs(GatherBytes)
def _gather_bytes_part(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    rows, batch = indices(row, memory, part, parts)
    octets = seen_as(np.uint8(0), memory, ZERO)
    copy_bytes(octets, row.data, rows, row.scale, row.low, memory[batch:], row.d)


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
