"""A few vectors as sums of a few others, times the constants of a small matrix: loops that LLVM is given whole."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from npgan.kernels.jit import interpreted
from npgan.kernels.vectors import BYTES, INDEX, multiply_add

MOST = 5
"""The most vectors on either side."""


def combinations(name: str, matrices: Sequence[np.ndarray], add: bool) -> Any:
    """Return a function for kernels, ``combine(which, count, memory, sources, targets)``.

    It multiplies ``matrices[which]`` by as many vectors as that has columns. These are ``count``
    numbers long, a multiple of a vector register's, and begin at the ``sources`` in memory. The results are written to
    the ``targets``, or added to what is there. Of both there are five places; those that a matrix lacks are ignored.
    """

    @intrinsic
    def combine(context, which, count, memory, sources, targets):  # type: ignore[no-untyped-def]
        i = types.intp
        signature = types.void(i, i, memory, sources, targets)

        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            which, count, memory, sources, targets = arguments
            data = context.make_array(signature.args[2])(context, builder, memory).data
            ends = [cgutils.unpack_tuple(builder, places, MOST) for places in (sources, targets)]
            pointers = [[builder.gep(data, [place]) for place in places] for places in ends]
            end = builder.append_basic_block("end")
            jump = builder.switch(which, end)
            for number, matrix in enumerate(matrices):
                case = builder.append_basic_block(f"{name}_{number}")
                jump.add_case(INDEX(number), case)
                builder.position_at_end(case)
                values = [
                    count, *pointers[0][: matrix.shape[1]], *pointers[1][: matrix.shape[0]]
                ]  # fmt: skip
                called = f"combine_{name}_{number}"
                function = builder.module.globals.get(called) or _loop(
                    builder.module, called, matrix, add, values
                )
                builder.call(function, values)
                builder.branch(end)
            builder.position_at_end(end)
            return context.get_dummy_value()

        return signature, codegen

    def plain_combine(which, count, memory, sources, targets):  # type: ignore[no-untyped-def]
        """Do the same in NumPy."""
        matrix = matrices[which].astype(memory.dtype)
        made = matrix @ np.stack([memory[at : at + count] for at in sources[: matrix.shape[1]]])
        for place, row in zip(targets, made, strict=False):
            memory[place : place + count] = row + (memory[place : place + count] if add else 0)

    return plain_combine if interpreted else combine


def _loop(module: Any, name: str, matrix: np.ndarray, add: bool, values: list) -> Any:
    """Build the loop over vectors, in a function of its own."""
    kind = ir.FunctionType(ir.VoidType(), [value.type for value in values])
    function = ir.Function(module, kind, name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    count, *pointers = function.args
    number = pointers[0].type.pointee
    align = {"float": 4, "double": 8}[str(number)]
    vector = ir.VectorType(number, BYTES // align)
    before, loop = builder.block, builder.append_basic_block("loop")
    end = builder.append_basic_block("end")
    builder.cbranch(builder.icmp_signed(">", count, INDEX(0)), loop, end)

    builder.position_at_end(loop)
    step = builder.phi(INDEX)
    step.add_incoming(INDEX(0), before)
    places = [builder.bitcast(builder.gep(p, [step]), vector.as_pointer()) for p in pointers]
    columns = matrix.shape[1]
    vectors = [builder.load(place, align=align) for place in places[:columns]]
    for row, place in zip(matrix, places[columns:], strict=True):
        total = builder.load(place, align=align) if add else None
        builder.store(_sum(builder, row, vectors, total), place, align=align)
    after = builder.add(step, INDEX(vector.count))
    step.add_incoming(after, loop)
    builder.cbranch(builder.icmp_signed("<", after, count), loop, end)

    builder.position_at_end(end)
    builder.ret_void()
    return function


def _sum(builder: Any, row: np.ndarray, vectors: list, total: Any) -> Any:
    """Return the total plus the sum of a row's numbers times the vectors; ones are not multiplied by."""
    terms = [(float(a), v) for a, v in zip(row, vectors, strict=True) if a]
    for factor, vector in sorted(terms, key=lambda term: -term[0]):  # begin with a positive one
        times = ir.Constant(vector.type, [factor] * vector.type.count)
        if total is None:
            total = vector if factor == 1 else builder.fmul(vector, times)
        elif abs(factor) == 1:
            total = (builder.fadd if factor > 0 else builder.fsub)(total, vector)
        else:
            fma = multiply_add(builder.module, vector.type)
            total = builder.call(fma, [vector, times, total])
    return total
