"""Memory: arrays at addresses, copies, and atomic operations on numbers that threads share.

Below each group of intrinsics are the Python functions that replace them where nothing is compiled.
"""

import operator
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

from npgan.kernels.jit import call_function, interpreted, jit
from npgan.kernels.vectors import FEATURES
from npgan.system.memory import LINE, address_of

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
def _view(context, start, example):  # type: ignore[no-untyped-def]
    """See all memory from an address on as an array of numbers like the example."""
    kind = types.Array(example, 1, "C")

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = builder.inttoptr(arguments[0], ir.IntType(8).as_pointer())
        return _everything(context, builder, kind, place)

    return kind(types.int64, example), codegen


@intrinsic
def _seen_as(context, example, array, index):  # type: ignore[no-untyped-def]
    """See all memory from ``array[index]`` on as an array of numbers like the example."""
    kind = types.Array(example, 1, "C")

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = _place(context, builder, signature.args[1], *arguments[1:])
        return _everything(context, builder, kind, place)

    return kind(example, array, types.intp), codegen


def _plain_view(start: int, example: Any) -> np.ndarray:
    number = np.dtype(type(example))
    shape = (1 << 56,)
    interface = {"data": (int(start), False), "shape": shape, "typestr": number.str, "version": 3}
    return np.asarray(SimpleNamespace(__array_interface__=interface))


def _plain_seen_as(example: Any, array: np.ndarray, index: int) -> np.ndarray:
    return _plain_view(address_of(array) + int(index) * array.itemsize, example)


view = _plain_view if interpreted else _view
seen_as = _plain_seen_as if interpreted else _seen_as


@jit
def copy(source, s, target, t, count):  # type: ignore[no-untyped-def]
    """Copy numbers.

    An index that may be negative is wrapped, which keeps a loop from being vectorised; those of the slices begin at 0.
    To assign one slice to the other would take longer to compile, since Numba checks their shapes.
    """
    ours, theirs = target[t : t + count], source[s : s + count]
    for i in range(ours.size):
        ours[i] = theirs[i]


def _place(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    return builder.gep(context.make_array(kind)(context, builder, array).data, [index])


def _atomic(name: str, plain: Callable) -> Any:
    @intrinsic
    def operation(context, array, index, value):  # type: ignore[no-untyped-def]
        """Change a number atomically, and return what it was before."""

        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            place = _place(context, builder, array, *arguments[:2])
            return builder.atomic_rmw(name, place, arguments[2], "seq_cst")

        return types.int64(array, types.int64, types.int64), codegen

    def in_python(array: np.ndarray, index: int, value: int) -> Any:
        before = array[index]
        array[index] = plain(before, value)
        return before

    return in_python if interpreted else operation


add, maximum = _atomic("add", operator.add), _atomic("max", max)
exchange = _atomic("xchg", lambda _, value: value)


@intrinsic
def _load(context, array, index):  # type: ignore[no-untyped-def]
    """Return a number that other threads change; what they wrote before it is visible from then on."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load_atomic(_place(context, builder, array, *arguments), "seq_cst", 8)

    return types.int64(array, types.int64), codegen


@intrinsic
def _call(context, function, a, b, c, d):  # type: ignore[no-untyped-def]
    """Call the C function that lies at an address."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(ir.VoidType(), [argument.type for argument in arguments[1:]])
        builder.call(builder.inttoptr(arguments[0], kind.as_pointer()), arguments[1:])
        return context.get_dummy_value()

    return types.void(*[types.int64] * 5), codegen


@intrinsic
def _rewrite(context, array, index):  # type: ignore[no-untyped-def]
    """Write a number that is there already; as atomic operations, these are not removed."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        size = context.get_abi_sizeof(context.get_data_type(array.dtype))
        number = _place(context, builder, array, *arguments)
        place = builder.bitcast(number, ir.IntType(8 * size).as_pointer())
        builder.store_atomic(
            builder.load_atomic(place, "monotonic", size), place, "monotonic", size
        )
        return context.get_dummy_value()

    return types.void(array, types.intp), codegen


load = operator.getitem if interpreted else _load
call = call_function if interpreted else _call
rewrite = (lambda array, index: None) if interpreted else _rewrite


@jit
def own(memory, start, count):  # type: ignore[no-untyped-def]
    """Fetch the cache lines of numbers for writing, from other cores that have read them; nothing changes.

    A core writes to such a line only when the others have dropped it. Where few other instructions lie
    between the writes, it waits for many lines at once: on two cores of a Zen 4, Adam's update of 50,000
    weights takes 57 us after both have read all of them, 28 us with this, and 15 us if one has not.
    Only the thread that writes the numbers may call this.
    """
    for i in range(start, start + count, LINE // memory.itemsize):
        rewrite(memory, i)


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

    return operation if not interpreted else lambda: None


pause = _named("llvm.x86.sse2.pause" if FEATURES.get("sse2") else "")
nap = _named("" if sys.platform == "win32" else "usleep", NAP)
