"""Batches: bytes become floats as they are copied, and the next rows are on their way meanwhile."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import prange, types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from npgan.kernels.jit import ONE, Threaded, fma
from npgan.kernels.matmul import share

AHEAD, LINE = 6, 64  # rows to fetch ahead, and the bytes that come at once
BYTE, FLAG = ir.IntType(8), ir.IntType(32)


@intrinsic
def _prefetch(context, array, index):  # type: ignore[no-untyped-def]
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        place = builder.bitcast(builder.gep(data, [arguments[1]]), BYTE.as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [BYTE.as_pointer(), FLAG, FLAG, FLAG])
        fetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(fetch, [place, FLAG(0), FLAG(3), FLAG(1)])  # to read; into the nearest cache
        return context.get_dummy_value()

    return types.void(array, types.intp), codegen


def prefetch(array: np.ndarray, index: int) -> None:
    """Ask for the cache line that ``array[index]`` lies in: a hint that changes no result."""


@overload(prefetch, inline="always")
def _prefetch_compiled(array, index):  # type: ignore[no-untyped-def]
    return lambda array, index: _prefetch(array, index)


def _gather(data, rows, scale, low, batch, parts):  # type: ignore[no-untyped-def]
    for part in prange(parts):
        first, last = share(rows.size, ONE, np.int64(part), parts)
        for i in range(first, last):
            coming = data[rows[min(i + AHEAD, last - 1)]]
            for j in range(0, coming.size, LINE):
                prefetch(coming, j)
            row, target = data[rows[i]], batch[i]
            for j in range(target.size):
                target[j] = fma(np.float32(row[j]), scale, low)


gather_bytes = Threaded(_gather)


def gather(data: np.ndarray, rows: np.ndarray, low: float, high: float) -> np.ndarray:
    """Rows lie anywhere in memory: their cache lines are asked for some rows ahead."""
    if data.dtype != np.uint8:
        return data[rows]
    batch = np.empty((len(rows), data.shape[1]), np.float32)
    gather_bytes(data, rows, np.float32((high - low) / 255), np.float32(low), batch)
    return batch
