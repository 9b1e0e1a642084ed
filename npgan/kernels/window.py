r"""The register tile of convolutions: sums over the windows of a few pixels, which never leave the vector registers.

:math:`C_r = D + \sum A_r B` for a few rows r, as in :mod:`npgan.kernels.tile`, with two differences. A row of A is
a window, whose pixels lie in several runs of memory: so there are three nested sums, each with its own steps in A
and B. And rows lie anywhere: tables say where A's and C's begin, so that any pixels make a tile. Nothing is copied.

Windows at an image's border are sums over fewer taps: zeros outside the image are not multiplied.
"""

from typing import Any, NamedTuple

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from npgan.kernels.jit import c_function, interpreted, jit
from npgan.kernels.tile import after
from npgan.kernels.vectors import BYTES, FEATURES, INDEX, Vectors

ROWS = 6
VECTORS = 4 if BYTES == 64 or FEATURES.get("neon") else 2
"""The most vectors of columns of a tile, which then fills 29 of 32 registers, or 15 of 16."""


@jit
def width(itemsize):  # type: ignore[no-untyped-def]
    """Return how many columns a tile has at most."""
    return BYTES // itemsize * VECTORS


class Sums(NamedTuple):
    """Three nested sums, the innermost first: how many terms each has, and its steps in A and in B."""

    count1: int
    a1: int
    b1: int
    count2: int
    a2: int
    b2: int
    count3: int
    a3: int
    b3: int


def _signature(number: Any) -> Any:
    """Return the type of :func:`_tiles`."""
    i, n, table = types.intp, types.CPointer(number), types.CPointer(types.int64)
    return types.void(i, i, n, table, n, n, table, n, i, *[i] * len(Sums._fields))


@intrinsic
def _jump(context, rows, columns, a, ao, b, c, co, d, ds, sums):  # type: ignore[no-untyped-def]
    """Jump to the loops for this number of rows and of vectors."""
    signature = types.void(rows, columns, a, ao, b, c, co, d, ds, sums)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        rows, columns, *values, sums = arguments
        values += cgutils.unpack_tuple(builder, sums)
        number = signature.args[2].dtype
        lanes = INDEX(BYTES * 8 // number.bitwidth)
        before = builder.sdiv(builder.sub(columns, INDEX(1)), lanes)  # vectors before the last one
        values.append(builder.sub(columns, builder.mul(before, lanes)))
        end = builder.append_basic_block("end")
        shape = builder.add(builder.mul(rows, INDEX(VECTORS)), before)
        jump = builder.switch(shape, end)
        for mr, nv in ((i + 1, j + 1) for i in range(ROWS) for j in range(VECTORS)):
            case = builder.append_basic_block(f"window_{mr}_{nv}")
            jump.add_case(INDEX(VECTORS * mr + nv - 1), case)
            builder.position_at_end(case)
            builder.call(_loops(context, builder.module, number, mr, nv, values), values)
            builder.branch(end)
        builder.position_at_end(end)
        return context.get_dummy_value()

    return signature, codegen


class _Sum:
    """A loop that is being built: what it counts, where A and B are, and the sums; one of them for each loop."""

    def __init__(self, builder: Any, block: Any, pointer: Any, vector: Any, shape: tuple) -> None:
        builder.position_at_end(block)
        rows, columns = shape
        self.left, self.a, self.b = builder.phi(INDEX), builder.phi(INDEX), builder.phi(pointer)
        self.sums = [[builder.phi(vector) for _ in range(columns)] for _ in range(rows)]

    def comes_from(self, block: Any, left: Any, a: Any, b: Any, sums: list) -> None:
        """Say what the loop has when control comes from a block."""
        places = zip((self.left, self.a, self.b), (left, a, b), strict=True)
        rows = zip(self.sums, sums, strict=True)
        for phi, value in (*places, *(pair for row in rows for pair in zip(*row, strict=True))):
            phi.add_incoming(value, block)


def _loops(context: Any, module: Any, number: Any, mr: int, nv: int, values: list) -> Any:
    """Build a tile's three loops, in a function of its own, which can use all registers."""
    kind = ir.FunctionType(ir.VoidType(), [value.type for value in values])
    function = ir.Function(module, kind, f"window_{mr}_{nv}")
    function.linkage = "internal"
    function.attributes.update(("noinline", "optsize"))
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    a, ao, b, c, co, d, ds, *nest, last = function.args
    counts, steps = nest[::3], [*zip(nest[1::3], nest[2::3], strict=True)]
    vector = Vectors(context, builder, number, nv, last)
    places = [
        [builder.load(builder.gep(table, [INDEX(i)])) for table in (ao, co)] for i in range(mr)
    ]
    rows = [builder.gep(a, [place]) for place, _ in places]
    start = [vector.load_row(builder.gep(d, [builder.mul(place, ds)])) for _, place in places]
    before = builder.block
    blocks = [builder.append_basic_block(f"sum{i}") for i in (1, 2, 3)]
    ends = [builder.append_basic_block(f"end{i}") for i in (1, 2, 3)]
    builder.cbranch(builder.icmp_signed(">", counts[2], INDEX(0)), blocks[2], ends[2])

    loops = [_Sum(builder, block, b.type, vector.type, (mr, nv)) for block in blocks]
    loops[2].comes_from(before, counts[2], INDEX(0), b, start)
    for outer, inner in ((2, 1), (1, 0)):
        builder.position_at_end(blocks[outer])
        builder.branch(blocks[inner])
        this = loops[outer]
        loops[inner].comes_from(blocks[outer], counts[inner], this.a, this.b, this.sums)

    builder.position_at_end(blocks[0])
    innermost = loops[0]
    row = vector.load_row(innermost.b)
    numbers = [builder.load(builder.gep(window, [innermost.a])) for window in rows]
    sums = [
        vector.multiply_add(x, row, old) for x, old in zip(numbers, innermost.sums, strict=True)
    ]
    for loop, begins, (a_step, b_step), end in zip(loops, blocks, steps, ends, strict=True):
        left, at = builder.sub(loop.left, INDEX(1)), builder.add(loop.a, a_step)
        loop.comes_from(builder.block, left, at, builder.gep(loop.b, [b_step]), sums)
        builder.cbranch(builder.icmp_signed("!=", left, INDEX(0)), begins, end)
        builder.position_at_end(end)

    totals = [[vector.phi([(old, before), (new, ends[1])]) for old, new in zip(*pair, strict=True)]
              for pair in zip(start, sums, strict=True)]  # fmt: skip
    for total, (_, place) in zip(totals, places, strict=True):
        vector.store_row(total, builder.gep(c, [place]))
    builder.ret_void()
    return function


def _tiles(rows, columns, a, ao, b, c, co, d, ds, n1, a1, b1, n2, a2, b2, n3, a3, b3):  # type: ignore[no-untyped-def]
    """The body of the C function: any number of rows, in tiles of nearly equal heights.

    If the step ``ds`` is 0, D is one row at ``d``; if it is 1, its rows lie from ``d`` on as those of C from ``c`` on.
    """
    tiles = (rows + ROWS - 1) // ROWS
    for t in range(tiles):
        height = rows // tiles + (t < rows % tiles)
        _jump(height, columns, a, ao, b, c, co, d, ds, (n1, a1, b1, n2, a2, b2, n3, a3, b3))
        ao, co = after(ao, height), after(co, height)


def _symbol(number: Any) -> str:
    return f"npgan_window_{number}"


@intrinsic
def _windows(context, rows, columns, memory, table, a, ao, b, c, co, d, ds, sums):  # type: ignore[no-untyped-def]
    """Call the compiled loops by their symbol, so that kernels do not each get a copy of them."""
    i = types.intp
    signature = types.void(i, i, memory, table, *[i] * 7, sums)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        rows, columns, memory, table, *places, ds, sums = arguments
        numbers, offsets = (
            context.make_array(kind)(context, builder, array).data
            for kind, array in zip(signature.args[2:4], (memory, table), strict=True)
        )
        of = (numbers, offsets, numbers, numbers, offsets, numbers)
        pointers = [builder.gep(base, [at]) for base, at in zip(of, places, strict=True)]
        values = [rows, columns, *pointers, ds, *cgutils.unpack_tuple(builder, sums)]
        kind = ir.FunctionType(ir.VoidType(), [value.type for value in values])
        name = _symbol(signature.args[2].dtype)
        builder.call(cgutils.get_or_insert_function(builder.module, kind, name), values)
        return context.get_dummy_value()

    return signature, codegen


def _plain_windows(rows, columns, memory, table, a, ao, b, c, co, d, ds, sums):  # type: ignore[no-untyped-def]
    """Do the same in plain loops, for runs without a compiler."""
    for i in range(rows):
        window, place = a + table[ao + i], table[co + i]
        for j in range(columns):
            total = memory[d + place * ds + j]
            for n3 in range(sums.count3):
                for n2 in range(sums.count2):
                    for n1 in range(sums.count1):
                        left = memory[window + n1 * sums.a1 + n2 * sums.a2 + n3 * sums.a3]
                        at = b + n1 * sums.b1 + n2 * sums.b2 + n3 * sums.b3 + j
                        total += left * memory[at]
            memory[c + place + j] = total


def _compile(number: Any) -> None:
    """Compile the loops for a type of numbers, and name them."""
    function = c_function(_signature(number), _tiles)
    llvm.add_symbol(_symbol(number), function.address)


windows = _plain_windows if interpreted else _windows
if not interpreted:
    for _number in (types.float32, types.float64):
        _compile(_number)
