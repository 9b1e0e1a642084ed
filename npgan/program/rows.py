"""What a recording consists of: rows, where their arrays lie, and calls before and after each run."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from npgan.kernels.batch import Columns
from npgan.kernels.elementwise import UNIT, Finite
from npgan.kernels.matmul import panel_size
from npgan.kernels.row import Reads, Writes
from npgan.memory import address_of
from npgan.ops.update import too_large
from npgan.program.fusion import fused
from npgan.program.schedule import Program, Row, Values
from npgan.program.traced import Buffer, Later, NotRecordable, Place, Traced


def worth(size: int) -> int:
    """Return into how many parts work on this many numbers is worth cutting."""
    return size // int(UNIT) + 1


class Rows:
    """Rows as they are written down, their arrays, and the calls before and after each run."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.rows: list[Row] = []
        self.before: list[Later] = []
        self.afterwards: list[Callable[[], None]] = []
        self.otherwise: list[tuple[int, Callable[[], None]]] = []
        self.dtype: Any = None
        self.longest = 1
        self.failed = Place(Buffer(1), 0, 1)  # the check that failed
        self.program: Program | None = None

    def number(self, array: Traced) -> float:
        """Return an array's first number, after the program has run."""
        if self.program is None:
            raise NotRecordable("a number that is needed before the program has run")
        return self.program.view(self.place(array))[0]

    # Places.

    def place(self, array: Any) -> Place:
        """Return where an array lies, traced or real."""
        if isinstance(array, Traced):
            return Place(array.buffer, array.start, array.size)
        if not isinstance(array, np.ndarray):
            raise NotRecordable(f"a {type(array).__name__} in place of an array")
        self.same(array.dtype)
        return self.outside(array)

    def outside(self, array: np.ndarray) -> Place:
        """Return where an array from outside lies, of any type."""
        if not array.flags.c_contiguous or address_of(array) % array.itemsize:
            raise NotRecordable("an array with gaps, or not aligned")
        return Place(Buffer(array.size, array), 0, array.size)

    def same(self, dtype: np.dtype) -> None:
        """Refuse arrays of another type than that of the first one."""
        self.dtype = dtype if self.dtype is None else self.dtype
        if dtype.kind != "f" or dtype != self.dtype:
            raise NotRecordable(f"{dtype} and {self.dtype} in one program")

    def new(self, *shape: int) -> Traced:
        """Return a traced array of the program's own."""
        return Traced(self, Buffer(math.prod(shape)), shape)

    def concatenate(self, parts: Sequence[Any]) -> Traced:
        """Let arrays be written where they will be joined; copy those that have a place already."""
        whole, start = self.new(sum(map(len, parts)), *parts[0].shape[1:]), 0
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
        whole, at = self.new(len(parts[0]), sum(part.shape[-1] for part in parts)), 0
        for part in parts:
            if part.ndim != 2 or len(part) != len(whole):
                raise NotRecordable("arrays side by side that do not fit")
            self._copy_columns(part, 0, whole, at, part.shape[1])
            at += part.shape[1]
        return whole

    def columns(self, array: Traced, which: slice) -> Traced:
        """Copy some columns of an array."""
        if not isinstance(which, slice) or which.step not in (None, 1):
            raise NotRecordable(f"only columns side by side can be taken, not {which}")
        first, last, _ = which.indices(array.shape[1])
        taken = self.new(len(array), max(0, last - first))
        self._copy_columns(array, first, taken, 0, taken.shape[1])
        return taken

    def _copy_columns(self, x: Any, first: int, y: Traced, at: int, k: int) -> None:
        (n, wide), width = x.shape, y.shape[1]
        source, target = self.place(x), self.place(y)
        source = source._replace(start=source.start + first, size=(n - 1) * wide + k)
        target = target._replace(start=target.start + at, size=(n - 1) * width + k)
        self.row(Columns(source, wide, target, width, n, k), worth(n * k))

    def row(self, fields: Any, most: int = 1, changing: tuple[str, Values] | None = None) -> None:
        """Write down a row: see :class:`~npgan.program.schedule.Row`; its fields may be arrays."""
        for name, kind in type(fields).__annotations__.items():
            array = getattr(fields, name)
            if kind in (Reads, Writes) and isinstance(array, Traced | np.ndarray):
                fields = fields._replace(**{name: self.place(array)})
        self.rows.append(Row(fields, most, changing))

    # What ``run`` has beside operations.

    def each(self, function: Callable[[], Any], size: int = 0) -> Later:
        """Call a function before each run of the program."""
        self.before.append(Later(function, size))
        return self.before[-1]

    def after(self, function: Callable[[], None]) -> None:
        """Call a function after each run of the program."""
        self.afterwards.append(function)

    def require_finite(self, otherwise: Callable[[], None], *arrays: Any) -> None:
        """Check numbers: if one is not finite, no later row updates weights, and ``otherwise`` is called."""
        self.otherwise.append((len(self.afterwards), otherwise))
        for array in arrays:
            limit = too_large(array.dtype)
            fields = Finite(array, self.failed, array.size, len(self.otherwise), limit)
            self.row(fields, worth(array.size))

    def finish(self, metrics: dict[str, Traced]) -> Program:
        """Return the program of all rows; it reports ``metrics``."""
        if self.dtype is None or not all(isinstance(value, Traced) for value in metrics.values()):
            raise NotRecordable("a step that computes nothing, or reports a number of its own")
        reported = {name: self.place(value) for name, value in metrics.items()}
        self.program = Program(
            fused(self.rows, list(reported.values())), self.before, self.afterwards, self.otherwise,
            self.failed, reported, self.dtype, panel_size(self.longest, self.dtype.itemsize),
        )  # fmt: skip
        return self.program
