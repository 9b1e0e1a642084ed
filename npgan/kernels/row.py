"""Rows: named tuples that say what to compute, each beside the function that does it; and kernels, which write them.

A row's fields are the arrays that it reads and writes, whole numbers, and floating-point numbers. In
compiled code an array is its place in memory, counted in numbers of the type that the code computes in.

A kernel computes an operation of :mod:`npgan.ops` by rows. Its first argument takes them: to perform them
at once (:mod:`npgan.program.eager`), or to keep them for a program (:mod:`npgan.program.record`). This argument has

- ``new(dtype, *shape)``, which returns a new array, and ``outputs(dtype, n, widths)``, those of a chain's stages,
- ``dtype``, that of all numbers of a program, or None; ``data(array)``, which lets an array of any type be read,
- ``key(rng)``, a key of random numbers, which is a :class:`Later`; ``failed(dtype)``, which is not 0 after a
  check of the program has failed,
- ``write(row, most, panel, changing)``: a row, into how many parts it may be cut, how many numbers of
  scratch memory a part needs, and the first of the fields that change at each run, with a
  function that returns their values,
- ``done(array)``: an array that was written, for NumPy to compute with,
- in programs only, ``reference(operation, ...)``, which has NumPy compute an operation between rows.
"""

from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, NamedTuple

import numpy as np
from numba import types
from numba.extending import intrinsic

from npgan.kernels.jit import interpreted, jit
from npgan.kernels.vectors import INDEX

Reads = Annotated[Any, "an array that is read"]
Writes = Annotated[Any, "an array that is written, and may be read"]
Rates = Annotated[Any, "as many numbers as an update rule takes"]
PERFORM: dict[type, Any] = {}
"""Kind of row -> the function that does a part of its work, for the compiler."""
KERNELS: dict[str, Callable[..., Any]] = {}
"""Operation -> its kernel."""
ONLY_RECORDED: dict[str, Callable[..., Any]] = {}
"""The same, for operations that only programs compute by a kernel: elsewhere the reference runs."""


def kernel(function: Callable) -> Callable:
    """Register a function as the kernel of the operation with its name."""
    KERNELS[function.__name__] = function
    return function


def only_recorded(function: Callable) -> Callable:
    """Register a function as the kernel of the operation with its name, in programs only."""
    ONLY_RECORDED[function.__name__] = function
    return function


def performs(kind: type) -> Callable[[Callable], Any]:
    """Register the function that does a part of the work of rows of a kind.

    It is given the row, memory, the thread's panel of scratch memory, the part and the number of parts.
    It becomes a piece of one C function (:func:`npgan.program.replay.function`): inlined, it is compiled once.
    """

    def register(function: Callable) -> Any:
        PERFORM[kind] = jit(function, inline="always")
        return PERFORM[kind]

    return register


class NotRecordable(Exception):
    """A step contains something that cannot be recorded; the message says what."""


class Later:
    """A value that differs from step to step, ``function()``: a number, or a vector of ``size`` integers."""

    dtype = np.dtype(np.int64)

    def __init__(self, function: Callable[[], Any], size: int = 0) -> None:
        self.function, self.size = function, size
        self.shape = (size,) if size else ()
        self.value: Any = None


def value_of(given: Any) -> Any:
    """Return a value, and of a :class:`Later` the value that it has at this step."""
    return given.value if type(given) is Later else given


class Layout(NamedTuple):
    """Which fields of a kind of row lie in the table of integers and in that of numbers, and an array it writes.

    ``places`` are the positions of the two tables' fields in the row.
    """

    integers: list[str]
    numbers: list[str]
    written: str
    places: tuple[list[int], list[int]]


@cache
def layout(kind: Any) -> Layout:
    """Return where the fields of a kind of row lie."""
    fields = kind.__annotations__
    numbers = [name for name, what in fields.items() if what in (float, Rates)]
    written = next(name for name, what in fields.items() if what is Writes)
    integers = [name for name in fields if name not in numbers]
    at = list(fields).index
    return Layout(integers, numbers, written, ([*map(at, integers)], [*map(at, numbers)]))


@intrinsic
def _read(context, kind, integers, numbers):  # type: ignore[no-untyped-def]
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


def _plain_read(kind: Any, integers: np.ndarray, numbers: np.ndarray) -> Any:
    """Return a row of a kind from its places in the two tables."""
    of = layout(kind)
    fields = dict(zip(of.integers, integers, strict=False)) | dict(
        zip(of.numbers, numbers, strict=False)
    )
    return kind(
        **{f: numbers if what is Rates else fields[f] for f, what in kind.__annotations__.items()}
    )


read = _plain_read if interpreted else _read
