"""Recording: the operations that a training step calls become a program, which runs from then on.

Every step calls the same operations on the same arrays. Only a few numbers change: which rows of
the data, the noise's keys, the learning rate. So the step's own code runs once with traced arrays:
the kernel of each operation that it calls writes down rows for :mod:`~npgan.program.replay`, and
nothing is computed. A number that changes from step to step comes from a function that was handed to
``run.each``; it is called before every run of the program. What cannot be recorded (a user's own layer,
say) raises :class:`~npgan.kernels.row.NotRecordable`, and the step runs operation by operation.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from operator import methodcaller
from typing import Any

import numpy as np

from npgan import ops
from npgan.kernels.batch import Columns
from npgan.kernels.dense import Weight
from npgan.kernels.elementwise import Add, Finite, Scale, worth
from npgan.kernels.row import KERNELS, ONLY_RECORDED, Later, NotRecordable, Reads, Writes
from npgan.kernels.update import Step
from npgan.ops.random import key
from npgan.ops.update import too_large
from npgan.program.fusion import fused
from npgan.program.repetition import once
from npgan.program.schedule import Call, Program, Row, Values, flat, listed, mapped, perform
from npgan.program.traced import Buffer, Outputs, Place, Traced
from npgan.system.memory import address_of

SIGNS = {np.add: 1.0, np.subtract: -1.0}


def _example(given: Any) -> Any:
    """Return a stand-in for an argument, since the function that is tried may change it."""
    if isinstance(given, Recorder):
        return np.random.default_rng(0)
    if isinstance(given, np.ndarray):
        return given.copy()
    return np.ones(given.shape, given.dtype) if isinstance(given, Traced | Later) else given


def _marked(limit: float, dtype: np.dtype, array: np.ndarray) -> np.ndarray:
    """Return infinity where a number is NaN or reaches the limit, else 0, in a program's type."""
    return np.where(abs(array) < limit, 0.0, np.inf).astype(dtype)


class Recorder:
    """Has the same operations as :data:`npgan.backend.run`, but keeps the rows of their kernels.

    It also stands for the step's random generator.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.rows: list[Row] = []
        self.before: list[Later] = []
        self.afterwards: list[Callable[[], None]] = []
        self.otherwise: list[tuple[int, Callable[[], None]]] = []
        self.dtype: Any = None
        self.panel = 1
        self.check = Place(Buffer(1), 0, 1)  # the number of the check that failed
        self.written: list[tuple[Buffer, int, int]] = []  # gradients that are not zero any more
        self.updated: set[tuple[Buffer, int, int]] = set()
        self.program: Program | None = None

    def __getattr__(self, name: str) -> Any:
        kernel = KERNELS.get(name) or ONLY_RECORDED.get(name)
        if kernel:
            return partial(kernel, self)
        operation = getattr(ops, name, None)
        if not hasattr(operation, "border"):
            raise NotRecordable(f"the operation {name}")
        return partial(self.reference, operation)

    def reference(self, operation: Any, *given: Any) -> Any:
        """Call an operation that has no kernel; gradients that it adds to are not zero any more."""
        changed = [given[i] for i, _ in operation.border.changed if i < len(given)]
        self.written += [self.data(array).at() for array in changed if array is not None]
        return self.call(operation, *(x.joined if isinstance(x, Outputs) else x for x in given))

    def change(self, out: np.ndarray, ufunc: Any, *given: Any) -> np.ndarray:
        """Let a NumPy function write to an array that is not the program's own."""
        self.written.append(self.data(out).at())
        self.call(lambda out, *given: np.copyto(out, ufunc(*given)), out, *given)
        return out

    def number(self, array: Traced) -> float:
        """Return an array's first number, after the program has run."""
        if self.program is None:
            raise NotRecordable("a number that is needed before the program has run")
        return self.program.view(self.data(array))[0]

    def key(self, rng: Any) -> Later:
        """Draw another key at each step."""
        if rng is not self:
            raise NotRecordable("randomness that is not the step's")
        return self.each(partial(key, self.rng))

    def random(self, *given: Any, **named: Any) -> Traced:
        """Draw numbers between 0 and 1 at each step."""
        return self.call(methodcaller("random", *given, **named), self)

    def integers(self, *given: Any, **named: Any) -> Traced:
        """Draw whole numbers at each step."""
        return self.call(methodcaller("integers", *given, **named), self)

    def __deepcopy__(self, memory: Any) -> Any:
        """Return an object that no noise can be drawn from: repeated noise cannot be recorded."""
        return object()

    def failed(self, dtype: Any) -> Place:
        """Return where the number of the check that failed will be."""
        return self.check

    def done(self, array: Any) -> Any:
        """Return an array as it is: a program has not run yet."""
        return array

    # Places.

    def place(self, array: Any) -> Place:
        """Return where an array lies, traced or real."""
        if not isinstance(array, Traced | np.ndarray):
            raise NotRecordable(f"a {type(array).__name__} in place of an array")
        self.same(array.dtype)
        return self.data(array)

    def data(self, array: Any) -> Place:
        """Return where an array of any type lies."""
        if isinstance(array, Traced):
            return array.place()
        if not array.flags.c_contiguous or address_of(array) % array.itemsize:
            raise NotRecordable("an array with gaps, or not aligned")
        return Place(Buffer(array.size, array), 0, array.size)

    def same(self, dtype: np.dtype) -> None:
        """Raise NotRecordable for an array whose type is not that of the first one."""
        self.dtype = dtype if self.dtype is None else self.dtype
        if dtype.kind != "f" or dtype != self.dtype:
            raise NotRecordable(f"{dtype} and {self.dtype} in one program")

    def new(self, dtype: Any, *shape: int) -> Traced:
        """Return a new traced array in the program's own memory."""
        self.same(np.dtype(dtype))
        return Traced(self, Buffer(math.prod(shape)), shape)

    def outputs(self, dtype: Any, n: int, widths: list[int]) -> Outputs:
        """Return traced arrays for the outputs of a chain's stages."""
        return Outputs([self.new(dtype, n, width) for width in widths])

    def concatenate(self, parts: Sequence[Any]) -> Traced:
        """Let arrays be written directly into the joined array; copy those that already have a place."""
        whole, start = self.new(self.dtype, sum(map(len, parts)), *parts[0].shape[1:]), 0
        for part in parts:
            if part.ndim != 2 or part.shape[1:] != whole.shape[1:]:
                raise NotRecordable("a concatenation of arrays that do not fit")
            place = self.place(part)
            if place.size == place.buffer.size and place.buffer.whole is None:
                place.buffer.whole, place.buffer.offset = whole.buffer, start * part.shape[1]
            else:
                self._copy_columns(part, 0, whole[start : start + len(part)], 0, part.shape[1])
            start += len(part)
        return whole

    def beside(self, parts: Sequence[Any]) -> Traced:
        """Copy arrays side by side."""
        whole, at = self.new(self.dtype, len(parts[0]), sum(part.shape[-1] for part in parts)), 0
        for part in parts:
            if part.ndim != 2 or len(part) != len(whole):
                raise NotRecordable("arrays side by side that do not fit")
            self._copy_columns(part, 0, whole, at, part.shape[1])
            at += part.shape[1]
        return whole

    def columns(self, array: Traced, which: slice) -> Traced:
        """Copy some columns of an array."""
        first, last, _ = which.indices(array.shape[1])
        if (first, last) == (0, array.shape[1]):
            return array
        taken = self.new(self.dtype, len(array), max(0, last - first))
        self._copy_columns(array, first, taken, 0, taken.shape[1])
        return taken

    def _copy_columns(self, x: Any, first: int, y: Traced, at: int, k: int) -> None:
        (n, wide), width = x.shape, y.shape[1]
        source, target = self.place(x), self.place(y)
        source = source._replace(start=source.start + first, size=(n - 1) * wide + k)
        target = target._replace(start=target.start + at, size=(n - 1) * width + k)
        self.write(Columns(source, wide, target, width, n, k), worth(n * k))

    # Rows.

    def write(
        self, row: Any, most: int = 1, panel: int = 0, changing: tuple[str, Values] | None = None
    ) -> None:
        """Write down a row; its fields may be arrays."""
        for name, kind in type(row).__annotations__.items():
            array = getattr(row, name)
            if kind in (Reads, Writes) and isinstance(array, Traced | np.ndarray):
                row = row._replace(**{name: self.place(array)})
        if isinstance(row, Weight):
            added = self._added(row.dweight), self._added(row.dbias)
            row = row._replace(add_weight=added[0], add_bias=added[1])
        if isinstance(row, Step):
            self._update(row)
        self.panel = max(self.panel, panel)
        self.rows.append(Row(row, most, changing))

    def _added(self, gradient: Place) -> int:
        """Return whether a gradient must be added to what is there; if not, that is still zero."""
        root, start, end = gradient.at()
        added = any(r is root and first <= start < last for r, first, last in self.written)
        self.written.append((root, start, end))
        return int(added)

    def _update(self, row: Step) -> None:
        """Remember that weights change, and that their gradient is zero from then on."""
        if row.w.at() in self.updated:  # the second one's rates may depend on the first update
            raise NotRecordable("two updates of the same weights in one step")
        self.updated.add(row.w.at())
        root, first, last = row.g.at()
        self.written = [w for w in self.written if not (w[0] is root and first <= w[1] < last)]

    # Arithmetic, and calls of functions that have no row.

    def arithmetic(self, ufunc: Any, *given: Any) -> Traced | None:
        """Return the result of a NumPy function on traced arrays, or None if there is no row for it."""
        *before, x = given
        if not isinstance(x, Traced) or x.dtype != self.dtype:
            return None
        y, (first,) = self.new(self.dtype, *x.shape), before or (-1.0,)
        alike = isinstance(first, Traced) and (first.dtype, first.shape) == (x.dtype, x.shape)
        if ufunc in SIGNS and alike:
            self.write(Add(y, first, x, y.size, SIGNS[ufunc]), worth(y.size))
        elif ufunc in (np.negative, np.multiply) and type(first) is Later:
            row, factor = Scale(y, x, y.size, 0.0), lambda: [first.value]
            self.write(row, worth(y.size), changing=("factor", factor))
        elif ufunc in (np.negative, np.multiply) and type(first) in (int, float, self.dtype.type):
            self.write(Scale(y, x, y.size, first), worth(y.size))
        else:
            return None
        return y

    def call(self, function: Callable[..., Any], *given: Any) -> Any:
        """Let a function be called between two rows, or before all of them if it draws random numbers.

        It is first called on ones, to learn the shapes and types of its results, which get arrays of their own.
        """
        arguments = list(flat(given))
        if any(isinstance(x, Later) and not x.size for x in arguments):
            raise NotRecordable("a number that changes, other than as a factor before an array")
        try:
            with np.errstate(all="ignore"):
                tried = function(*mapped(_example, given))
        except (ArithmeticError, LookupError, ValueError) as error:
            raise NotRecordable(f"what cannot be computed of ones ({error})") from None
        drawn = any(x is self for x in arguments)
        if drawn and any(isinstance(x, Traced) for x in arguments):
            raise NotRecordable("randomness that depends on what the program computes")
        results = [self._result(result, outside=drawn) for result in listed(tried)]
        known = mapped(lambda x: self.rng if x is self else x, given)
        if drawn:
            arrays = [result if result is None else result.buffer.array for result in results]
            self.each(partial(perform, function, known, arrays))
        else:
            self.rows.append(Row(Call(function, known, results)))
        return type(tried)(results) if type(tried) in (list, tuple) else (*results, None)[0]

    def _result(self, result: Any, outside: bool) -> Traced | None:
        """Return where a call's result will lie: outside if it is drawn, or not of the program's type."""
        if result is None:
            return None
        array = np.array(result)
        if array.dtype.hasobject:
            raise NotRecordable(f"what returns a {type(result).__name__} in place of arrays")
        if array.dtype == self.dtype and not outside:
            return Traced(self, Buffer(array.size), array.shape)
        return Traced(self, Buffer(array.size, array), array.shape, dtype=array.dtype)

    # What ``run`` has besides operations.

    def each(self, function: Callable[[], Any], size: int = 0) -> Later:
        """Call a function before each run of the program."""
        self.before.append(Later(function, size))
        return self.before[-1]

    def after(self, function: Callable[[], None]) -> None:
        """Call a function after each run of the program."""
        self.afterwards.append(function)

    def require_finite(self, otherwise: Callable[[], None], *arrays: Any) -> None:
        """Check numbers: if one is NaN or has too large a square, no later row updates weights; call ``otherwise``."""
        self.otherwise.append((len(self.afterwards), otherwise))
        for array in arrays:
            limit = too_large(array.dtype)
            if array.dtype != self.dtype:  # a loss in double precision
                array = self.call(partial(_marked, limit, self.dtype), array)
            row = Finite(array, self.check, array.size, len(self.otherwise), limit)
            self.write(row, worth(array.size))

    def finish(self, metrics: dict[str, Traced]) -> Program:
        """Return the program of all rows; it reports ``metrics``."""
        if self.dtype is None or not all(isinstance(value, Traced) for value in metrics.values()):
            raise NotRecordable("a step that computes nothing, or reports a number of its own")
        reported = {name: self.data(value) for name, value in metrics.items()}
        self.program = Program(
            fused(once(self.rows), list(reported.values())), self.before, self.afterwards, self.otherwise,
            self.check, reported, self.dtype, self.panel,
        )  # fmt: skip
        return self.program
