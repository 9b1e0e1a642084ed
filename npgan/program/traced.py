"""Traced arrays stand for arrays while a step is recorded: they have shapes, but no numbers."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from npgan.kernels.row import Later, NotRecordable
from npgan.memory import index_of
from npgan.shapes import ARRAYS


class Buffer:
    """Memory of a program: an array from outside, or a part of the program's own."""

    def __init__(self, size: int, array: np.ndarray | None = None) -> None:
        self.size, self.array = size, array
        self.whole: Buffer | None = None  # the buffer that it lies in, ...
        self.offset = 0  # ... and where
        if array is not None:
            self.whole, self.offset = OUTSIDE, index_of(array)

    @property
    def outside(self) -> bool:
        """Whether it is not the program's own."""
        return self.array is not None

    def root(self) -> tuple["Buffer", int]:
        """Return the outermost buffer that this one lies in, and where."""
        if self.whole is None:
            return self, 0
        root, offset = self.whole.root()
        return root, offset + self.offset


OUTSIDE = Buffer(0)
"""All memory: arrays from outside lie there, and may overlap."""


class Place(NamedTuple):
    """A range of a buffer: an array in a row."""

    buffer: Buffer
    start: int
    size: int

    def at(self) -> tuple[Buffer, int, int]:
        """Return the outermost buffer, and the range in it."""
        root, offset = self.buffer.root()
        return root, offset + self.start, offset + self.start + self.size


class Traced:
    """An array without numbers, which stands for one while a step is recorded."""

    def __init__(
        self, recorder: Any, buffer: Buffer, shape: tuple[int, ...], start: int = 0
    ) -> None:
        self.recorder, self.buffer, self.shape, self.start = recorder, buffer, shape, start

    @property
    def size(self) -> int:
        """The number of its elements."""
        return math.prod(self.shape)

    @property
    def dtype(self) -> np.dtype:
        """The type of its elements, which is that of all numbers in a program."""
        return self.recorder.dtype

    @property
    def real(self) -> "Traced":
        """Itself: a program knows no complex numbers."""
        return self

    @property
    def ndim(self) -> int:
        """The number of its dimensions."""
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def reshape(self, *shape: int) -> "Traced":
        """Return the same elements in another shape."""
        sizes = shape[0] if isinstance(shape[0], tuple) else shape
        known = math.prod(n for n in sizes if n >= 0)
        sizes = tuple(self.size // max(known, 1) if n < 0 else n for n in sizes)
        if math.prod(sizes) != self.size:
            raise NotRecordable(f"{self.shape} as {sizes}")
        return Traced(self.recorder, self.buffer, sizes, self.start)

    def __getitem__(self, rows: Any) -> "Traced":
        if rows == () and not self.shape:
            return self
        if isinstance(rows, tuple) and rows[:1] == (slice(None),) and self.ndim == 2:
            return self.recorder.columns(self, *rows[1:])
        if not isinstance(rows, slice) or rows.step not in (None, 1):
            raise NotRecordable(f"only whole rows can be taken, not {rows}")
        first, last, _ = rows.indices(len(self))
        width = self.size // max(len(self), 1)
        shape = (max(0, last - first), *self.shape[1:])
        return Traced(self.recorder, self.buffer, shape, self.start + first * width)

    def __array_ufunc__(self, ufunc: Any, method: str, *arrays: Any, **options: Any) -> "Traced":
        plain = method == "__call__" and not options
        if plain and ufunc is np.add:
            return self.recorder.add(*arrays, 1.0)
        if plain and ufunc is np.multiply and isinstance(arrays[0], np.floating):
            self.recorder.same(arrays[0].dtype)
            return arrays[1].__rmul__(float(arrays[0]))
        raise NotRecordable(f"{ufunc.__name__} of traced arrays")

    def _refuse(self, *_: Any) -> Any:
        raise NotRecordable("numbers that are needed before the program has run")

    __array__ = __bool__ = _refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse

    def __array_function__(self, function: Any, _: Any, arrays: Any, options: Any) -> "Traced":
        if function is np.concatenate and not options:
            return self.recorder.concatenate(*arrays)
        if function is np.concatenate and options == {"axis": 1}:
            return self.recorder.beside(*arrays)
        raise NotRecordable(f"{function.__name__} of traced arrays")

    def __add__(self, other: Any) -> "Traced":
        return self.recorder.add(self, other, 1.0)

    def __sub__(self, other: Any) -> "Traced":
        return self.recorder.add(self, other, -1.0)

    def __rmul__(self, other: float) -> "Traced":
        return self.recorder.scale(self, other)

    def __neg__(self) -> "Traced":
        return self.recorder.scale(self, -1.0)

    def __float__(self) -> float:
        """Return the number that the last run of the program left here."""
        return float(self.recorder.number(self))


class Outputs:
    """The outputs of a chain's stages, as one flat array; each stage's lie in a buffer of their own."""

    def __init__(self, stages: Sequence[Traced]) -> None:
        self.stages = stages
        self.size = sum(stage.size for stage in stages)
        self.shape, self.dtype = (self.size,), stages[-1].dtype

    def __getitem__(self, numbers: slice) -> Traced:
        """Return a stage's output, if this is the slice in which it lies."""
        first, last, _ = numbers.indices(self.size)
        for stage in self.stages:
            if (first, last) == (0, stage.size):
                return stage.reshape(-1)
            first, last = first - stage.size, last - stage.size
        raise NotRecordable("a slice of a chain's outputs that is not the output of one stage")


ARRAYS.update((Traced, Outputs, Later))
