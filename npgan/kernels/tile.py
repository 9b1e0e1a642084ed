r"""The register tile: a small matrix product that never leaves the vector registers.

:math:`C = D + AB` for a few rows and up to two vectors of columns. For each k it loads the vectors
of a row of B, broadcasts a number of A for each row, and issues fused multiply-adds on sums that
stay in registers: with 14 rows, 28 multiply-adds for 16 loads, so that the arithmetic, not the
memory, sets the pace. An element's sum runs over k in order whatever the tile's shape, so its bits
do not depend on how a product is cut into tiles.

Numba cannot write this loop, but an intrinsic can: the code below builds LLVM's instructions, a
loop for every number of rows and vectors, and a jump to the one that is asked for. They are compiled
once, as a C function, and other kernels call them by name.
"""

from itertools import product
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils, config
from numba.extending import intrinsic

from npgan.kernels.jit import DIGEST, c_function

_FEATURES = llvm.get_host_cpu_features()
BYTES = 64 if _FEATURES.get("avx512f") else 32 if _FEATURES.get("avx2") else 16
ROWS = 14 if BYTES == 64 or _FEATURES.get("neon") else 6
INDEX, LANE, BIT = ir.IntType(64), ir.IntType(32), ir.IntType(1)


@intrinsic
def _jump(context, rows, columns, a, ars, acs, b, brs, c, crs, d, drs, add, k):  # type: ignore[no-untyped-def]
    index, pointer = types.intp, a
    signature = types.void(
        index, index, pointer, index, index, pointer, index, pointer, index, pointer, index, index,
        index,
    )  # fmt: skip

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        rows, columns, a, ars, acs, b, brs, c, crs, d, drs, add, k = arguments
        number = signature.args[2].dtype
        lanes = INDEX(BYTES * 8 // number.bitwidth)
        wide = builder.icmp_signed(">", columns, lanes)
        last = builder.select(wide, builder.sub(columns, lanes), columns)
        add = builder.icmp_signed("!=", add, INDEX(0))
        values = [a, b, c, d, ars, acs, brs, crs, drs, add, k, last]
        end = builder.append_basic_block("end")
        shape = builder.add(builder.shl(rows, INDEX(1)), builder.zext(wide, INDEX))
        jump = builder.switch(shape, end)
        for mr, nv in product(range(1, ROWS + 1), (1, 2)):
            case = builder.append_basic_block(f"tile_{mr}_{nv}")
            jump.add_case(INDEX(2 * mr + nv - 1), case)
            builder.position_at_end(case)
            builder.call(_loop(context, builder.module, number, mr, nv, values), values)
            builder.branch(end)
        builder.position_at_end(end)
        return context.get_dummy_value()

    return signature, codegen


def _loop(context: Any, module: Any, number: Any, mr: int, nv: int, values: list) -> Any:
    """Build a tile's loop over k, in a function of its own: all registers are its."""
    kind = ir.FunctionType(ir.VoidType(), [value.type for value in values])
    function = ir.Function(module, kind, f"tile_{mr}_{nv}")
    function.linkage = "internal"
    function.attributes.update(("noinline", "optsize"))
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    ap, bp, cp, dp, ars, acs, brs, crs, drs, add, k, last = function.args
    vector = Vectors(context, builder, number, nv, last)
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


def _tiles(rows, columns, a, ars, acs, b, brs, c, crs, d, drs, add, k):  # type: ignore[no-untyped-def]
    _jump(rows, columns, a, ars, acs, b, brs, c, crs, d, drs, add, k)


def _symbol(number: Any) -> str:
    return f"npgan_tile_{number}_{DIGEST}"


@intrinsic
def _tile(  # type: ignore[no-untyped-def]
    context, rows, columns, a, ia, ars, acs, b, ib, brs, c, ic, crs, d, id_, drs, add, k
):
    """Call the compiled loops by their symbol: the kernels do not each get a copy of them."""
    index = types.intp
    signature = types.void(
        index, index, a, index, index, index, b, index, index, c, index, index, d, index, index,
        index, index,
    )  # fmt: skip

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        rows, columns, a, ia, ars, acs, b, ib, brs, c, ic, crs, d, id_, drs, add, k = arguments

        def pointer(position: int, array: Any, offset: Any) -> Any:
            data = context.make_array(signature.args[position])(context, builder, array).data
            return builder.gep(data, [offset])

        ap, bp, cp, dp = (
            pointer(2, a, ia),
            pointer(6, b, ib),
            pointer(9, c, ic),
            pointer(12, d, id_),
        )
        values = [rows, columns, ap, ars, acs, bp, brs, cp, crs, dp, drs, add, k]
        kind = ir.FunctionType(ir.VoidType(), [value.type for value in values])
        name = _symbol(signature.args[9].dtype)
        builder.call(cgutils.get_or_insert_function(builder.module, kind, name), values)
        return context.get_dummy_value()

    return signature, codegen


class Vectors:
    """Rows of ``count`` vectors, of whose last only the first ``last`` numbers are there."""

    def __init__(self, context: Any, builder: Any, number: Any, count: int, last: Any) -> None:
        self.builder, self.count = builder, count
        self.lanes = BYTES * 8 // number.bitwidth
        self.align = number.bitwidth // 8
        self.type = ir.VectorType(context.get_value_type(number), self.lanes)
        self.zero = ir.Constant(self.type, [0.0] * self.lanes)
        kind = f"v{self.lanes}f{number.bitwidth}"
        mask = ir.VectorType(BIT, self.lanes)
        pointer = self.type.as_pointer()

        def declare(name: str, result: Any, *arguments: Any) -> Any:
            function = ir.FunctionType(result, arguments)
            return cgutils.get_or_insert_function(builder.module, function, name)

        same = [self.type] * 3
        self.fma = declare(f"llvm.fmuladd.{kind}", self.type, *same)
        self.masked_load = declare(
            f"llvm.masked.load.{kind}.p0", self.type, pointer, LANE, mask, self.type
        )
        self.masked_store = declare(
            f"llvm.masked.store.{kind}.p0", ir.VoidType(), self.type, pointer, LANE, mask
        )
        lane = ir.Constant(ir.VectorType(LANE, self.lanes), list(range(self.lanes)))
        last = builder.trunc(last, LANE)
        self.mask = builder.icmp_signed("<", lane, self.broadcast(last, LANE))

    def broadcast(self, scalar: Any, kind: Any) -> Any:
        """Return a vector of one number."""
        empty = ir.Constant(ir.VectorType(kind, self.lanes), ir.Undefined)
        first = self.builder.insert_element(empty, scalar, LANE(0))
        zeros = ir.Constant(ir.VectorType(LANE, self.lanes), [0] * self.lanes)
        return self.builder.shuffle_vector(first, empty, zeros)

    def times(self, i: int, stride: Any) -> Any:
        """Return i * stride."""
        return self.builder.mul(INDEX(i), stride)

    def phi(self, incoming: list) -> Any:
        """Return a vector that depends on where control comes from."""
        node = self.builder.phi(self.type)
        for value, block in incoming:
            node.add_incoming(value, block)
        return node

    def _places(self, pointer: Any) -> list:
        step = [self.builder.gep(pointer, [INDEX(j * self.lanes)]) for j in range(self.count)]
        return [self.builder.bitcast(p, self.type.as_pointer()) for p in step]

    def load_row(self, pointer: Any) -> list:
        """Return the row's vectors; the last one masked."""
        *full, end = self._places(pointer)
        row = [self.builder.load(p, align=self.align) for p in full]
        masked = [end, LANE(self.align), self.mask, self.zero]
        return [*row, self.builder.call(self.masked_load, masked)]

    def store_row(self, row: list, pointer: Any) -> None:
        """Store the row's vectors; of the last one, what is there."""
        *full, end = self._places(pointer)
        for value, place in zip(row, full, strict=False):
            self.builder.store(value, place, align=self.align)
        self.builder.call(self.masked_store, [row[-1], end, LANE(self.align), self.mask])

    def sum(self, value: Any) -> Any:
        """Return the sum of a vector's lanes: one half onto the other, until one is left."""
        half = self.lanes // 2
        while half:
            lanes = [(lane + half) % self.lanes for lane in range(self.lanes)]
            other = ir.Constant(ir.VectorType(LANE, self.lanes), lanes)
            value = self.builder.fadd(value, self.builder.shuffle_vector(value, value, other))
            half //= 2
        return self.builder.extract_element(value, LANE(0))

    def multiply_add(self, scalar: Any, row: list, sums: list) -> list:
        """Return sums + scalar * row."""
        number = self.broadcast(scalar, self.type.element)
        pairs = zip(row, sums, strict=True)
        return [self.builder.call(self.fma, [number, v, s]) for v, s in pairs]


@intrinsic(prefer_literal=True)
def _dots(context, rows, a, ia, ars, b, ib, k, c, ic, crs):  # type: ignore[no-untyped-def]
    index, mr, number = types.intp, rows.literal_value, c.dtype
    signature = types.void(rows, a, index, index, b, index, index, c, index, index)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _, a, ia, ars, b, ib, k, c, ic, crs = arguments
        arrays = zip(signature.args[1::3], (a, b, c), (ia, ib, ic), strict=True)
        ap, bp, cp = (
            builder.gep(context.make_array(kind)(context, builder, array).data, [offset])
            for kind, array, offset in arrays
        )
        before = builder.block
        loop, body, end = (builder.append_basic_block(name) for name in ("loop", "body", "end"))
        vector = Vectors(context, builder, number, 1, k)
        builder.branch(loop)

        builder.position_at_end(loop)
        step = builder.phi(INDEX)
        step.add_incoming(INDEX(0), before)
        sums = [vector.phi([(vector.zero, before)]) for _ in range(mr)]
        builder.cbranch(builder.icmp_signed("<", step, k), body, end)

        builder.position_at_end(body)
        left = Vectors(context, builder, number, 1, builder.sub(k, step))
        (right,) = left.load_row(builder.gep(bp, [step]))
        for i in range(mr):
            (row,) = left.load_row(builder.gep(ap, [builder.add(vector.times(i, ars), step)]))
            sums[i].add_incoming(builder.call(left.fma, [row, right, sums[i]]), body)
        step.add_incoming(builder.add(step, INDEX(vector.lanes)), body)
        builder.branch(loop)

        builder.position_at_end(end)
        for i in range(mr):
            place = builder.gep(cp, [vector.times(i, crs)])
            builder.store(builder.fadd(builder.load(place), vector.sum(sums[i])), place)
        return context.get_dummy_value()

    return signature, codegen


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


def _plain_tile(rows, columns, a, ia, ars, acs, b, ib, brs, c, ic, crs, d, id_, drs, add, k):  # type: ignore[no-untyped-def]
    """Do the same in plain loops, for runs without a compiler."""
    for i in range(rows):
        for j in range(columns):
            total = d[id_ + i * drs + j] if add else c.dtype.type(0)
            for p in range(k):
                total += a[ia + i * ars + p * acs] * b[ib + p * brs + j]
            c[ic + i * crs + j] = total


def _plain_dots(rows, a, ia, ars, b, ib, k, c, ic, crs):  # type: ignore[no-untyped-def]
    """Do the same in plain loops."""
    for i in range(rows):
        for p in range(k):
            c[ic + i * crs] += a[ia + i * ars + p] * b[ib + p]


def _compile(number: Any) -> None:
    """Compile the loops for a type of numbers, and name them."""
    index, pointer = types.intp, types.CPointer(number)
    signature = types.void(
        index, index, pointer, index, index, pointer, index, pointer, index, pointer, index, index,
        index,
    )  # fmt: skip
    llvm.add_symbol(_symbol(number), c_function(signature, _tiles).address)


plain = config.DISABLE_JIT  # type: ignore[attr-defined]
tile = _plain_tile if plain else _tile
transpose_tile = _plain_transpose_tile if plain else _transpose_tile
dots = _plain_dots if plain else _dots
if not plain:
    for _number in (types.float32, types.float64):
        _compile(_number)
