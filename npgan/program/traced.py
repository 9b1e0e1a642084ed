"""Traced arrays stand for arrays while a step is recorded: they have shapes, but no numbers."""

import math
from collections.abc import Sequence
from functools import cached_property, partial
from operator import getitem, methodcaller
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from npgan.kernels.row import Later, NotRecordable
from npgan.shapes import ARRAYS
from npgan.system.memory import index_of


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
        """Whether it is an array from outside the program."""
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
    """A range of a buffer, which stands for an array in a row's fields."""

    buffer: Buffer
    start: int
    size: int

    def at(self) -> tuple[Buffer, int, int]:
        """Return the outermost buffer, and the range in it."""
        root, offset = self.buffer.root()
        return root, offset + self.start, offset + self.start + self.size


METHODS = "argmax", "astype", "max", "mean", "min", "sum", "view"
"""Methods of arrays that are called again at each run."""


class Traced(NDArrayOperatorsMixin):
    """An array without numbers, which stands for a real one while a step is recorded.

    A NumPy function that is called with it becomes a row if there is a kind of row for it; else NumPy is
    called again at each run of the program, between the rows (:meth:`~npgan.program.record.Recorder.call`).
    """

    def __init__(
        self,
        recorder: Any,
        buffer: Buffer,
        shape: tuple[int, ...],
        start: int = 0,
        dtype: np.dtype | None = None,
    ) -> None:
        self.recorder, self.buffer, self.shape, self.start = recorder, buffer, shape, start
        self.own_dtype = dtype

    def place(self) -> Place:
        """Return where it lies."""
        return Place(self.buffer, self.start, self.size)

    @property
    def size(self) -> int:
        """The number of its elements."""
        return math.prod(self.shape)

    @property
    def dtype(self) -> np.dtype:
        """The type of its elements: that of all numbers in a program, if NumPy has not chosen another."""
        return self.own_dtype or self.recorder.dtype

    @property
    def real(self) -> "Traced":
        """Itself: a program has no complex numbers."""
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
        return Traced(self.recorder, self.buffer, sizes, self.start, self.own_dtype)

    def __getitem__(self, which: Any) -> Any:
        """Return a range of rows in place, a copy of a range of columns, or else what NumPy selects."""
        key = which if isinstance(which, tuple) else (which,)
        if any(not isinstance(k, slice | int | None) for k in key):
            raise NotRecordable(f"elements that are chosen by {which}")
        if key == ():
            return self
        ranges = [isinstance(k, slice) and k.step in (None, 1) for k in key]
        if len(key) > 1 and key[0] == slice(None) and ranges == [True, True] and self.ndim == 2:
            return self.recorder.columns(self, key[1])
        if ranges != [True]:
            return self.recorder.call(getitem, self, which)
        first, last, _ = key[0].indices(len(self))
        width = self.size // max(len(self), 1)
        shape = (max(0, last - first), *self.shape[1:])
        start = self.start + first * width
        return Traced(self.recorder, self.buffer, shape, start, self.own_dtype)

    def __array_ufunc__(self, ufunc: Any, method: str, *arrays: Any, **options: Any) -> Any:
        out = options.pop("out", (None,))[0]
        if method != "__call__" or isinstance(out, Traced):
            raise NotRecordable(f"{ufunc.__name__} of traced arrays, in place or along an axis")
        if out is not None:
            return self.recorder.change(out, partial(ufunc, **options), *arrays)
        if options:
            return self.recorder.call(partial(ufunc, **options), *arrays)
        row = self.recorder.arithmetic(ufunc, *arrays)
        return self.recorder.call(ufunc, *arrays) if row is None else row

    def __array_function__(self, function: Any, _: Any, given: Any, options: Any) -> Any:
        wide = options == {"axis": 1}
        if function is np.concatenate and not options:
            return self.recorder.concatenate(*given)
        if function is np.hstack or (function is np.concatenate and wide):
            return self.recorder.beside(*given)
        if function is np.split and wide and self.ndim == 2 and self.shape[1] % given[1] == 0:
            width = self.shape[1] // given[1]
            return [self[:, i * width : (i + 1) * width] for i in range(given[1])]
        if "out" in options:
            raise NotRecordable(f"{function.__name__} of traced arrays, in place")
        return self.recorder.call(partial(function, **options), *given)

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise NotRecordable("numbers that are needed before the program has run")

    __array__ = __bool__ = __setitem__ = _refuse

    def __getattr__(self, name: str) -> Any:
        """Return a method of arrays."""
        if name not in METHODS:
            raise AttributeError(f"traced arrays have no {name}")
        return lambda *given, **named: self.recorder.call(methodcaller(name, *given, **named), self)

    def __float__(self) -> float:
        """Return the number that the last run of the program left here."""
        return float(self.recorder.number(self))


class Outputs:
    """The outputs of a chain's stages, as one flat array; each stage's lie in a buffer of their own."""

    def __init__(self, stages: Sequence[Traced]) -> None:
        self.stages = stages
        self.size = sum(stage.size for stage in stages)
        self.shape, self.dtype = (self.size,), stages[-1].dtype

    @cached_property
    def joined(self) -> Traced:
        """All of them as one array without numbers."""
        columns = [stage.reshape(-1, 1) for stage in self.stages]
        return columns[0].recorder.concatenate(columns).reshape(-1)

    def __getitem__(self, numbers: slice) -> Traced:
        """Return a stage's output, if this is the slice in which it lies."""
        first, last, _ = numbers.indices(self.size)
        for stage in self.stages:
            if (first, last) == (0, stage.size):
                return stage.reshape(-1)
            first, last = first - stage.size, last - stage.size
        raise NotRecordable("a slice of a chain's outputs that is not the output of one stage")


ARRAYS.update((Traced, Outputs, Later))
