"""What a recording writes down: rows, their places in memory, and calls before and after each run."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from npgan.kernels.elementwise import UNIT
from npgan.kernels.matmul import panel_size
from npgan.program import replay
from npgan.program.schedule import Patch, Program, Row, address_of
from npgan.program.traced import Buffer, Later, NotRecordable, Place, Traced

LEAST = int(UNIT)  # numbers below which a second part is not worth it


class Rows:
    """Rows as they are written down, the memory that they speak of, and what happens around them."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.rows: list[Row] = []
        self.before: list[Later] = []
        self.afterwards: list[Callable[[], None]] = []
        self.patches: list[tuple[int, Patch]] = []
        self.otherwise: list[tuple[int, Callable[[], None]]] = []
        self.outside: dict[int, Buffer] = {}
        self.dtype: Any = None
        self.longest = 1
        self.written: set[tuple[Buffer, int]] = set()
        self.updated: set[Buffer] = set()
        self.flag = Buffer(1)
        self.program: Program | None = None

    def number(self, array: Traced) -> float:
        """Return an array's first number, after the program has run."""
        if self.program is None:
            raise NotRecordable("a number that is needed before the program has run")
        return self.program.view(self.place(array))[0]

    # Places.

    def place(self, array: Any, writes: bool = False) -> Place:
        """Return an array, traced or real, as an operand."""
        if isinstance(array, Traced):
            if array.buffer.lost:
                raise NotRecordable("a gradient on both sides of an activation")
            return Place(array.buffer, array.start, array.size, writes)
        if not isinstance(array, np.ndarray):
            raise NotRecordable(f"a {type(array).__name__} as an operand")
        self.same(array.dtype)
        return self._outside(array, writes)

    def _outside(self, array: np.ndarray, writes: bool = False) -> Place:
        if not array.flags.c_contiguous or address_of(array) % array.itemsize:
            raise NotRecordable("an array with gaps, or not aligned")
        buffer = self.outside.setdefault(address_of(array), Buffer(array.size, array))
        return Place(buffer, 0, array.size, writes)

    def same(self, dtype: np.dtype) -> None:
        """Refuse numbers of a type other than those before."""
        self.dtype = dtype if self.dtype is None else self.dtype
        if dtype.kind != "f" or dtype != self.dtype:
            raise NotRecordable(f"{dtype} and {self.dtype} in one program")

    def new(self, *shape: int) -> Traced:
        """Return a traced array of the program's own."""
        return Traced(self, Buffer(math.prod(shape)), shape)

    def concatenate(self, parts: Sequence[Any]) -> Traced:
        """Let arrays be made one after the other in the first place; copy those that are elsewhere."""
        whole, start = self.new(sum(map(len, parts)), *parts[0].shape[1:]), 0
        for part in parts:
            if part.ndim != 2 or part.shape[1:] != whole.shape[1:]:
                raise NotRecordable("a concatenation of arrays that do not fit")
            place = self.place(part)
            if place.size == place.buffer.size and place.buffer.at_home:
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
        source, target = self.place(x), self.place(y, writes=True)
        source = source._replace(start=source.start + first, size=(n - 1) * wide + k)
        target = target._replace(start=target.start + at, size=(n - 1) * width + k)
        self.row("columns", n, k, source, wide, target, width, most=n * k // LEAST + 1)

    def row(
        self,
        name: str,
        *operands: Any,
        numbers: Sequence[float] = (),
        most: int = 1,
        patch: Patch | None = None,
    ) -> None:
        """Write down a row; the patch changes its operands or its numbers before each run."""
        if patch:
            self.patches.append((len(self.rows), patch))
        self.rows.append(Row(replay.OPERATIONS.index(name), operands, numbers, most))

    # What ``run`` has beside operations.

    def each(self, function: Callable[[], Any], size: int = 0) -> Later:
        """Call a function before each run of the program."""
        self.before.append(Later(function, size))
        return self.before[-1]

    def after(self, function: Callable[[], None]) -> None:
        """Call a function after each run of the program."""
        self.afterwards.append(function)

    def require_finite(self, otherwise: Callable[[], None], *arrays: Any) -> None:
        """Make no update from here on after a number that is not finite; ``otherwise`` is called."""
        index, flag = len(self.otherwise), Place(self.flag, 0, 1, writes=True)
        self.otherwise.append((len(self.afterwards), otherwise))
        for array in arrays:
            place = self.place(array)
            self.row("finite", place.size, place, index, flag, most=place.size // LEAST + 1)

    def finish(self, metrics: dict[str, Traced]) -> Program:
        """Return the program of all that was written down; it reports ``metrics``."""
        if self.dtype is None or not all(isinstance(value, Traced) for value in metrics.values()):
            raise NotRecordable("a step without networks")
        reported = {name: self.place(value) for name, value in metrics.items()}
        self.program = Program(
            self.rows, self.patches, self.before, self.afterwards, self.otherwise, reported,
            self.dtype, panel_size(self.longest, self.dtype.itemsize),
        )  # fmt: skip
        return self.program
