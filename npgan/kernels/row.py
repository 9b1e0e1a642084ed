"""Rows of a recorded step: named tuples, each beside the kernel that does what it says.

A row's fields are the arrays that the kernel reads and writes, whole numbers, and floating-point
numbers. In compiled code an array is its offset in memory, counted in numbers of the program's type.
"""

from collections.abc import Callable
from typing import Annotated, Any

from numba import types
from numba.extending import intrinsic

from npgan.kernels.jit import jit
from npgan.kernels.vectors import INDEX

Reads = Annotated[Any, "an array that is read"]
Writes = Annotated[Any, "an array that is written, and may be read"]
Rates = Annotated[Any, "as many numbers as an update rule takes"]
PERFORM: dict[type, Any] = {}
"""Kind of row -> the function that does a part of its work, for the compiler."""


def performs(kind: type) -> Callable[[Callable], Any]:
    """Let a function do a part of the work of rows of a kind.

    It is given the row, memory, the thread's panel of scratch memory, the part and the number of parts.
    It becomes a piece of one C function (:func:`npgan.program.replay.function`): inlined, it is compiled once.
    """

    def register(function: Callable) -> Any:
        PERFORM[kind] = jit(function, inline="always")
        return PERFORM[kind]

    return register


def columns(kind: type) -> tuple[list[str], list[str]]:
    """Return which fields of a kind of row lie in the table of integers, and which in that of numbers."""
    names: tuple[list[str], list[str]] = [], []
    for name, what in kind.__annotations__.items():
        names[what in (float, Rates)].append(name)
    return names


@intrinsic
def read(context, kind, integers, numbers):  # type: ignore[no-untyped-def]
    """Return a row of a kind from its places in the two tables."""
    made = kind.instance_class
    of = {float: numbers.dtype, Rates: numbers}
    fields = [of.get(what, types.int64) for what in made.__annotations__.values()]
    row = types.NamedTuple(fields, made)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        places = {
            kind.dtype: context.make_array(kind)(context, builder, array).data
            for kind, array in zip(signature.args[1:], arguments[1:], strict=True)
        }
        values, used = [], dict.fromkeys(places, 0)
        for field in fields:
            if field is numbers:
                values.append(arguments[2])
            else:
                values.append(builder.load(builder.gep(places[field], [INDEX(used[field])])))
                used[field] += 1
        return context.make_tuple(builder, row, values)

    return row(kind, integers, numbers), codegen
