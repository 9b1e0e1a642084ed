"""The transpose of a matrix, in squares that fit the registers."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from npgan.kernels.jit import interpreted, jit
from npgan.kernels.vectors import BYTES, INDEX, LANE


@intrinsic
def _transpose_tile(context, a, ia, ars, c, ic, crs):  # type: ignore[no-untyped-def]
    index, number = types.intp, a.dtype
    signature = types.void(a, index, index, c, index, index)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        a, ia, ars, c, ic, crs = arguments
        ap = builder.gep(context.make_array(signature.args[0])(context, builder, a).data, [ia])
        cp = builder.gep(context.make_array(signature.args[3])(context, builder, c).data, [ic])
        lanes, align = BYTES * 8 // number.bitwidth, number.bitwidth // 8
        kind = ir.VectorType(context.get_value_type(number), lanes)

        def place(pointer: Any, i: int, stride: Any) -> Any:
            row = builder.gep(pointer, [builder.mul(INDEX(i), stride)])
            return builder.bitcast(row, kind.as_pointer())

        def shuffle(u: Any, v: Any, lanes_of: list[int]) -> Any:
            mask = ir.Constant(ir.VectorType(LANE, lanes), lanes_of)
            return builder.shuffle_vector(u, v, mask)

        rows = [builder.load(place(ap, i, ars), align=align) for i in range(lanes)]
        span = 1
        while span < lanes:  # swap the off-diagonal halves of every 2 span x 2 span square
            low = [x if not x & span else lanes + x - span for x in range(lanes)]
            high = [x + span if not x & span else lanes + x for x in range(lanes)]
            for i in (i for i in range(lanes) if not i & span):
                u, v = rows[i], rows[i + span]
                rows[i], rows[i + span] = shuffle(u, v, low), shuffle(u, v, high)
            span *= 2
        for i, row in enumerate(rows):
            builder.store(row, place(cp, i, crs), align=align)
        return context.get_dummy_value()

    return signature, codegen


def _plain_transpose_tile(a, ia, ars, c, ic, crs):  # type: ignore[no-untyped-def]
    """Do the same in plain loops."""
    lanes = BYTES // a.itemsize
    for i in range(lanes):
        for j in range(lanes):
            c[ic + j * crs + i] = a[ia + i * ars + j]


transpose_tile = _plain_transpose_tile if interpreted else _transpose_tile


@jit
def transpose(a, ia, ars, rows, columns, c, crs):  # type: ignore[no-untyped-def]
    """Write a matrix's transpose to the beginning of c; rows are contiguous in both."""
    lanes = BYTES // a.itemsize
    whole_rows, whole_columns = rows // lanes * lanes, columns // lanes * lanes
    for i in range(0, whole_rows, lanes):
        for j in range(0, whole_columns, lanes):
            transpose_tile(a, ia + i * ars + j, ars, c, j * crs + i, crs)
    for i in range(rows):
        for j in range(whole_columns if i < whole_rows else 0, columns):
            c[j * crs + i] = a[ia + i * ars + j]
