r"""The register tile: a small matrix product that never leaves the vector registers.

:math:`C = D + AB` for a few rows and, most often, two vectors of columns. For each k it loads the vectors
of a row of B, broadcasts a number of A for each row, and issues fused multiply-adds on sums that
stay in registers: with 14 rows, 28 multiply-adds for 16 loads, so that the arithmetic, not the
memory, sets the pace. Few rows are given more vectors of columns, since a multiply-add must wait for
the one before it on the same sum. An element's sum runs over k in order whatever the tile's shape,
so its bits do not depend on how a product is cut into tiles.

Numba cannot write this loop, but an intrinsic can: the code below builds LLVM's instructions, a
loop for every number of rows and vectors, and a jump to the one that is asked for. They are compiled
once, as a C function, and other kernels call them by name.
"""

from typing import Any, NamedTuple

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from npgan.kernels.jit import c_function, interpreted, jit
from npgan.kernels.vectors import BYTES, FEATURES, INDEX, Vectors

ROWS = 14 if BYTES == 64 or FEATURES.get("neon") else 6
WIDE = (8, 4, 4)  # vectors of columns for one, two and three rows: at least eight sums at a time
MOST = WIDE[0]
LONG = 16  # terms of a sum beyond which the memory for its result is prefetched


@jit
def width(rows, itemsize):  # type: ignore[no-untyped-def]
    """Return how many columns a tile of this many rows has at most."""
    return BYTES // itemsize * (WIDE[rows - 1] if rows <= len(WIDE) else 2)


def _signature(pointer: Any) -> Any:
    """Return the type of :func:`_tiles`."""
    i = types.intp
    return types.void(i, i, pointer, i, i, pointer, i, pointer, i, pointer, i, i, i)


@intrinsic
def _jump(context, rows, columns, a, ars, acs, b, brs, c, crs, d, drs, add, k):  # type: ignore[no-untyped-def]
    """Jump to the loop for this number of rows and of vectors."""
    signature = _signature(a)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        rows, columns, a, ars, acs, b, brs, c, crs, d, drs, add, k = arguments
        number = signature.args[2].dtype
        lanes = INDEX(BYTES * 8 // number.bitwidth)
        before = builder.sdiv(builder.sub(columns, INDEX(1)), lanes)  # vectors before the last one
        last = builder.sub(columns, builder.mul(before, lanes))
        add = builder.icmp_signed("!=", add, INDEX(0))
        values = [a, b, c, d, ars, acs, brs, crs, drs, add, k, last]
        end = builder.append_basic_block("end")
        shape = builder.add(builder.mul(rows, INDEX(MOST)), before)
        jump = builder.switch(shape, end)
        most = (*WIDE, *[2] * (ROWS - len(WIDE)))
        for mr, nv in ((i + 1, j + 1) for i in range(ROWS) for j in range(most[i])):
            case = builder.append_basic_block(f"tile_{mr}_{nv}")
            jump.add_case(INDEX(MOST * mr + nv - 1), case)
            builder.position_at_end(case)
            builder.call(_loop(context, builder.module, number, mr, nv, values), values)
            builder.branch(end)
        builder.position_at_end(end)
        return context.get_dummy_value()

    return signature, codegen


def _loop(context: Any, module: Any, number: Any, mr: int, nv: int, values: list) -> Any:
    """Build a tile's loop over k, in a function of its own, which can use all registers."""
    kind = ir.FunctionType(ir.VoidType(), [value.type for value in values])
    function = ir.Function(module, kind, f"tile_{mr}_{nv}")
    function.linkage = "internal"
    function.attributes.update(("noinline", "optsize"))
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    ap, bp, cp, dp, ars, acs, brs, crs, drs, add, k, last = function.args
    vector = Vectors(context, builder, number, nv, last)
    with builder.if_then(builder.icmp_signed(">", k, INDEX(LONG))):
        for i in range(mr):  # the sums will be stored there
            vector.prefetch(builder.gep(cp, [vector.times(i, crs)]), writes=True)
    before = builder.block
    blocks = {n: builder.append_basic_block(n) for n in ("add", "start", "loop", "body", "store")}
    builder.cbranch(add, blocks["add"], blocks["start"])

    builder.position_at_end(blocks["add"])  # the sums start at D, ...
    first = [vector.load_row(builder.gep(dp, [vector.times(i, drs)])) for i in range(mr)]
    builder.branch(blocks["start"])

    builder.position_at_end(blocks["start"])  # ... or at zero
    zero = vector.zero
    start = [[vector.phi([(zero, before), (v, blocks["add"])]) for v in row] for row in first]
    builder.branch(blocks["loop"])

    builder.position_at_end(blocks["loop"])
    step = builder.phi(INDEX)
    step.add_incoming(INDEX(0), blocks["start"])
    apk, bpk = builder.phi(ap.type), builder.phi(bp.type)
    apk.add_incoming(ap, blocks["start"])
    bpk.add_incoming(bp, blocks["start"])
    sums = [[vector.phi([(v, blocks["start"])]) for v in row] for row in start]
    builder.cbranch(builder.icmp_signed("<", step, k), blocks["body"], blocks["store"])

    builder.position_at_end(blocks["body"])
    row = vector.load_row(bpk)
    if mr > len(WIDE):
        vector.prefetch(builder.gep(bpk, [INDEX(nv * vector.lanes)]))  # the next tiles' columns
    for i in range(mr):
        scalar = builder.load(builder.gep(apk, [vector.times(i, ars)]))
        products = vector.multiply_add(scalar, row, sums[i])
        for phi, value in zip(sums[i], products, strict=True):
            phi.add_incoming(value, blocks["body"])
    step.add_incoming(builder.add(step, INDEX(1)), blocks["body"])
    apk.add_incoming(builder.gep(apk, [acs]), blocks["body"])
    bpk.add_incoming(builder.gep(bpk, [brs]), blocks["body"])
    builder.branch(blocks["loop"])

    builder.position_at_end(blocks["store"])
    for i in range(mr):
        vector.store_row(sums[i], builder.gep(cp, [vector.times(i, crs)]))
    builder.ret_void()
    return function


@intrinsic
def after(context, pointer, count):  # type: ignore[no-untyped-def]
    """Return the pointer moved on by ``count`` numbers."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.gep(arguments[0], [arguments[1]])

    return pointer(pointer, types.intp), codegen


def _tiles(rows, columns, a, ars, acs, b, brs, c, crs, d, drs, add, k):  # type: ignore[no-untyped-def]
    """The body of the C function: any number of rows, in tiles of nearly equal heights.

    Its arguments are pointers, strides, whether to start at D, and the length of the sums.
    """
    tiles = (rows + ROWS - 1) // ROWS
    for t in range(tiles):
        height = rows // tiles + (t < rows % tiles)
        _jump(height, columns, a, ars, acs, b, brs, c, crs, d, drs, add, k)
        a, c, d = after(a, height * ars), after(c, height * crs), after(d, height * drs)


def _symbol(number: Any) -> str:
    """Return the name that the kernels call."""
    return f"npgan_tile_{number}"


class Matrix(NamedTuple):
    """A matrix in a flat array: element (i, j) is ``data[start + i * rows + j * columns]``."""

    data: Any
    start: int
    rows: int
    columns: int


@jit
def at(matrix, i, j):  # type: ignore[no-untyped-def]
    """Return the part of a matrix that begins at element (i, j)."""
    start = matrix.start + i * matrix.rows + j * matrix.columns
    return Matrix(matrix.data, start, matrix.rows, matrix.columns)


@intrinsic
def _tile(context, rows, columns, a, b, c, d, add, k):  # type: ignore[no-untyped-def]
    """Call the compiled loops by their symbol, so that kernels do not each get a copy of them."""
    index = types.intp
    signature = types.void(index, index, a, b, c, d, index, index)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        values = list(arguments[:2])
        for kind, matrix in zip(signature.args[2:6], arguments[2:6], strict=True):
            data, start, *strides = cgutils.unpack_tuple(builder, matrix)
            pointer = context.make_array(kind.types[0])(context, builder, data).data
            values += [builder.gep(pointer, [start]), *strides[: 1 if len(values) > 2 else 2]]
        values += arguments[6:]
        kind = ir.FunctionType(ir.VoidType(), [value.type for value in values])
        name = _symbol(signature.args[4].types[0].dtype)
        builder.call(cgutils.get_or_insert_function(builder.module, kind, name), values)
        return context.get_dummy_value()

    return signature, codegen


def _plain_tile(rows, columns, a, b, c, d, add, k):  # type: ignore[no-untyped-def]
    """Do the same in plain loops, for runs without a compiler."""
    for i in range(rows):
        for j in range(columns):
            total = d.data[d.start + i * d.rows + j] if add else c.data.dtype.type(0)
            for p in range(k):
                left = a.data[a.start + i * a.rows + p * a.columns]
                total += left * b.data[b.start + p * b.rows + j]
            c.data[c.start + i * c.rows + j] = total


def _compile(number: Any) -> None:
    """Compile the loops for a type of numbers, and name them."""
    function = c_function(_signature(types.CPointer(number)), _tiles)
    llvm.add_symbol(_symbol(number), function.address)


tile = _plain_tile if interpreted else _tile
if not interpreted:
    for _number in (types.float32, types.float64):
        _compile(_number)
