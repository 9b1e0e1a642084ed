"""The order of a program's rows, and its runs.

Functions that have no row are called between rows. They are called in the order in which they were recorded, and
no row moves across such a call. So a program has stages: each call is one, and so are the rows between two calls.
Within a stage, rows that touch different arrays need not wait for each other. A row depends on the earlier rows whose
results it reads or overwrites, and on those that read what it overwrites. It belongs to the first phase after
theirs. Rows of the same phase may run side by side.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from npgan.kernels import jit
from npgan.kernels.row import Later, Writes, value_of
from npgan.program.arena import live_ranges, offsets
from npgan.program.tables import Tables
from npgan.program.traced import OUTSIDE, Buffer, Place, Traced
from npgan.system.memory import LINE, aligned_zeros, index_of

Values = Callable[[], Sequence[Any]]


class Call(NamedTuple):
    """A function that is called between two rows, its arguments and its results, traced or real."""

    function: Callable[..., Any]
    given: tuple[Any, ...]
    results: list[Any]


class Row(NamedTuple):
    """A row before its arrays have addresses.

    Attributes
    ----------
    fields : a named tuple of :mod:`npgan.kernels`, with places where it has arrays
    most : the most parts that it may be cut into
    changing : the first of its fields that change at each run, and a function that returns their values
    """

    fields: Any
    most: int = 1
    changing: tuple[str, Values] | None = None

    def places(self) -> list[tuple[Place, bool]]:
        """Return the places that it touches, and whether it writes there, as a call is assumed to do."""
        if isinstance(self.fields, Call):
            arrays = flat((self.fields.given, self.fields.results))
            return [(array.place(), True) for array in arrays if isinstance(array, Traced)]
        kinds = type(self.fields).__annotations__.values()
        return [
            (field, kind is Writes)
            for field, kind in zip(self.fields, kinds, strict=True)
            if isinstance(field, Place)
        ]

    def ranges(self) -> list[tuple[Buffer, int, int, bool]]:
        """Return the ranges of outermost buffers that it touches, and whether it writes there."""
        return [(*place.at(), writes) for place, writes in self.places() if place.size]


def flat(given: Any) -> Iterator[Any]:
    """Yield all arguments, including those inside lists and tuples."""
    for one in given:
        if type(one) in (list, tuple):
            yield from flat(one)
        else:
            yield one


def mapped(function: Callable[[Any], Any], given: Any) -> Any:
    """Apply a function to all arguments, including those inside lists and tuples, which are kept."""
    if type(given) in (list, tuple):
        return type(given)(mapped(function, one) for one in given)
    return function(given)


def listed(made: Any) -> Sequence[Any]:
    """Return what a function returned as a list; None becomes an empty one."""
    if type(made) in (list, tuple):
        return made
    return [] if made is None else [made]


def perform(
    function: Callable[..., Any], given: tuple, results: Sequence[np.ndarray | None]
) -> None:
    """Make a call, and keep its results."""
    given = mapped(value_of, given)
    if isinstance(function, np.ufunc):  # which writes where it is told to
        function(*given, out=tuple(results))
        return
    for kept, result in zip(results, listed(function(*given)), strict=True):
        if kept is not None:
            kept[...] = result


def stages(rows: Sequence[Row]) -> list[list[Row]]:
    """Return the rows of each stage; a call is a stage of its own."""
    found: list[list[Row]] = []
    for called, group in groupby(rows, lambda row: isinstance(row.fields, Call)):
        some = [*group]
        found += [[row] for row in some] if called else [some]
    return found


def phases(rows: Sequence[Row]) -> list[int]:
    """Return the phase of each row."""
    found: list[int] = []
    touched = [row.ranges() for row in rows]
    for i, mine in enumerate(touched):
        before = (j for j in range(i) if meet(mine, touched[j]))
        found.append(max((found[j] + 1 for j in before), default=0))
    return found


def meet(mine: Sequence[tuple], others: Sequence[tuple]) -> bool:
    """Return whether both touch a range that one of them writes."""
    return any(
        a is b and first < end and start < last and (writes or written)
        for a, first, last, writes in mine
        for b, start, end, written in others
    )


class Program:
    """Rows with their memory. ``run`` runs them and returns what the step reports.

    Parameters
    ----------
    rows : see :class:`Row`
    before, after : functions to call before and after each run
    otherwise : for each check, how many of ``after`` to call if it fails, and what to call then
    failed : where the number of the check that failed is kept; 0: none has
    metrics : name -> where the number is
    dtype : the type of all numbers
    panel : how many of them a thread's scratch memory holds
    """

    def __init__(
        self,
        rows: Sequence[Row],
        before: Sequence[Later],
        after: Sequence[Callable[[], None]],
        otherwise: Sequence[tuple[int, Callable[[], None]]],
        failed: Place,
        metrics: Mapping[str, Place],
        dtype: np.dtype,
        panel: int,
    ) -> None:
        self.before, self.after, self.otherwise = before, after, otherwise
        self.dtype = dtype
        self.changing: list[tuple[Values, memoryview, int]] = []
        self.stages: list[Callable[[], None]] = []
        staged = stages(rows)
        self._allocate([failed, *metrics.values()], staged)
        for group in staged:
            call = group[0].fields
            if isinstance(call, Call):
                self.stages.append(partial(perform, *self._bound(call)))
            else:
                self.stages.append(self._tables(group, panel).run)
        self.metrics = {name: self.view(place).data for name, place in metrics.items()}
        self.failed = self.view(failed).data

    def _tables(self, rows: Sequence[Row], panel: int) -> Tables:
        """Return the tables of rows between two calls."""
        phase = phases(rows)
        order = sorted(range(len(rows)), key=phase.__getitem__)
        parts = [max(1, min(jit.threads(), rows[i].most)) for i in order]
        tables = Tables(len(rows), sum(parts), self.dtype, panel)
        complete, waits = 0, {0: 0}
        for line, i in enumerate(order):
            row, kind = rows[i], type(rows[i].fields)
            wait = waits.setdefault(phase[i], complete)
            tables.write(line, kind, [*map(self._address, row.fields)], parts[line], wait)
            if row.changing:
                name, values = row.changing
                self.changing.append((values, *tables.place(line, kind, name)))
            complete += parts[line]
        return tables

    def _bound(self, call: Call) -> tuple[Any, ...]:
        """Return a call with the program's arrays in place of traced ones."""

        def array(given: Any) -> Any:
            traced = isinstance(given, Traced)
            return self.view(given.place()).reshape(given.shape) if traced else given

        return call.function, mapped(array, call.given), mapped(array, call.results)

    def _allocate(self, kept: Sequence[Place], stages: Sequence[Sequence[Row]]) -> None:
        """Give the buffers addresses, in units of the numbers' size."""
        touched = [[place for row in stage for place, _ in row.places()] for stage in stages]
        self.outside = [p.buffer for places in touched for p in places if p.buffer.outside]  # alive
        found, total = offsets(live_ranges(touched, kept), LINE // self.dtype.itemsize)
        self.arena = aligned_zeros(total, self.dtype)
        start = index_of(self.arena)
        self.addresses = {OUTSIDE: 0} | {buffer: start + at for buffer, at in found.items()}

    def _address(self, field: Any) -> Any:
        if not isinstance(field, Place):
            return field
        buffer, start, _ = field.at()
        return self.addresses[buffer] + start

    def view(self, place: Place) -> np.ndarray:
        """Return the numbers in a place."""
        if place.buffer.array is not None:
            return place.buffer.array.reshape(-1)[place.start : place.start + place.size]
        buffer, start, end = place.at()
        first = self.addresses[buffer] - index_of(self.arena)
        return self.arena[first + start : first + end]

    def run(self) -> dict[str, float]:
        """Run all rows; where a check failed, its ``otherwise`` is called, and usually raises."""
        for later in self.before:
            later.value = later.function()
        for values, line, first in self.changing:
            for i, value in enumerate(values(), first):
                line[i] = value
        self.failed[0] = 0
        for stage in self.stages:
            stage()
            if self.failed[0]:  # skip the rest, as a step without a program would
                break
        if self.failed[0]:
            done, otherwise = self.otherwise[int(self.failed[0]) - 1]
            for function in self.after[:done]:
                function()
            otherwise()
        for function in self.after:
            function()
        return {name: view[0] for name, view in self.metrics.items()}
