"""Memory: arrays at addresses, copies, and atomic operations on numbers that threads share."""

import sys
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

from npgan.kernels.jit import interpreted, jit
from npgan.kernels.vectors import FEATURES

NAP = 20  # microseconds


def _everything(context: Any, builder: Any, kind: Any, place: Any) -> Any:
    """Return an array of all memory from a place on."""
    array = context.make_array(kind)(context, builder)
    number = context.get_data_type(kind.dtype)
    size = context.get_constant(types.intp, context.get_abi_sizeof(number))
    data = builder.bitcast(place, number.as_pointer())
    shape = [context.get_constant(types.intp, 1 << 60)]
    populate_array(array, data=data, shape=shape, strides=[size], itemsize=size, meminfo=None)
    return array._getvalue()


@intrinsic
def view(context, start, example):  # type: ignore[no-untyped-def]
    """See all memory from an address on as an array of numbers like the example."""
    kind = types.Array(example, 1, "C")

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = builder.inttoptr(arguments[0], ir.IntType(8).as_pointer())
        return _everything(context, builder, kind, place)

    return kind(types.int64, example), codegen


@intrinsic
def seen_as(context, example, array, index):  # type: ignore[no-untyped-def]
    """See all memory from ``array[index]`` on as an array of numbers like the example."""
    kind = types.Array(example, 1, "C")

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = _place(context, builder, signature.args[1], *arguments[1:])
        return _everything(context, builder, kind, place)

    return kind(example, array, types.intp), codegen


@jit
def copy(source, s, target, t, count):  # type: ignore[no-untyped-def]
    """Copy numbers; to assign a slice takes longer to compile, since Numba checks its shape."""
    for i in range(count):
        target[t + i] = source[s + i]


def _place(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    return builder.gep(context.make_array(kind)(context, builder, array).data, [index])


def _atomic(name: str) -> Any:
    @intrinsic
    def operation(context, array, index, value):  # type: ignore[no-untyped-def]
        """Change a number atomically, and return what it was before."""

        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            place = _place(context, builder, array, *arguments[:2])
            return builder.atomic_rmw(name, place, arguments[2], "seq_cst")

        return types.int64(array, types.int64, types.int64), codegen

    return operation


add, exchange, maximum = _atomic("add"), _atomic("xchg"), _atomic("max")


@intrinsic
def load(context, array, index):  # type: ignore[no-untyped-def]
    """Return a number that other threads change; what they wrote before it is visible from then on."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load_atomic(_place(context, builder, array, *arguments), "seq_cst", 8)

    return types.int64(array, types.int64), codegen


@intrinsic
def call(context, function, a, b, c, d):  # type: ignore[no-untyped-def]
    """Call the C function that lies at an address."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(ir.VoidType(), [argument.type for argument in arguments[1:]])
        builder.call(builder.inttoptr(arguments[0], kind.as_pointer()), arguments[1:])
        return context.get_dummy_value()

    return types.void(*[types.int64] * 5), codegen


def _named(name: str, *arguments: int) -> Any:
    """Return an intrinsic that calls a C function or instruction, or does nothing without a name."""

    @intrinsic
    def operation(context):  # type: ignore[no-untyped-def]
        def codegen(context: Any, builder: Any, signature: Any, _: Any) -> Any:
            if name:
                numbers = [ir.IntType(32)(argument) for argument in arguments]
                kind = ir.FunctionType(ir.VoidType(), [number.type for number in numbers])
                builder.call(cgutils.get_or_insert_function(builder.module, kind, name), numbers)
            return context.get_dummy_value()

        return types.void(), codegen

    return operation


pause = _named("llvm.x86.sse2.pause" if FEATURES.get("sse2") else "")
nap = _named("" if sys.platform == "win32" or interpreted else "usleep", NAP)
