"""A program's memory, the order of its rows, and its runs.

Rows that touch different arrays need not wait for each other. A row depends on the earlier rows
whose results it reads or overwrites, and on those that read what it overwrites. It belongs to the
first phase after theirs. Rows of the same phase may run side by side.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from npgan.kernels import jit
from npgan.kernels.row import Later, Writes
from npgan.memory import LINE, aligned_zeros, index_of
from npgan.program.tables import Tables
from npgan.program.traced import OUTSIDE, Buffer, Place

Values = Callable[[], Sequence[Any]]


class Row(NamedTuple):
    """A row before its arrays have addresses.

    Attributes
    ----------
    fields : a named tuple of :mod:`npgan.kernels`, with places where it has arrays
    most : into how many parts it may be cut
    changing : the first of its fields that are others at each run, and what returns their values
    """

    fields: Any
    most: int = 1
    changing: tuple[str, Values] | None = None

    def places(self) -> list[tuple[Place, bool]]:
        """Return the places that it touches, and whether it writes there."""
        kinds = type(self.fields).__annotations__.values()
        return [
            (field, kind is Writes)
            for field, kind in zip(self.fields, kinds, strict=True)
            if isinstance(field, Place)
        ]

    def ranges(self) -> list[tuple[Buffer, int, int, bool]]:
        """Return the outermost buffers and the ranges in them that it touches, and if it writes."""
        return [(*place.at(), writes) for place, writes in self.places() if place.size]


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
    otherwise : what to call where a check failed, and how many of ``after`` before that
    failed : where the number of the check that failed is kept; 0: none has
    metrics : name -> where the number is
    dtype : of all numbers
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
        touched = [place for row in rows for place, _ in row.places()]
        self._allocate([failed, *metrics.values(), *touched])
        phase = phases(rows)
        order = sorted(range(len(rows)), key=phase.__getitem__)
        parts = [max(1, min(jit.threads(), rows[i].most)) for i in order]
        self.tables = Tables(len(rows), sum(parts), dtype, panel)
        self.changing: list[tuple[Values, memoryview, int]] = []
        complete, waits = 0, {0: 0}
        for line, i in enumerate(order):
            self._write(rows[i], line, parts[line], waits.setdefault(phase[i], complete))
            complete += parts[line]
        self.metrics = {name: self.view(place).data for name, place in metrics.items()}
        self.failed = self.view(failed).data

    def _write(self, row: Row, line: int, parts: int, wait: int) -> None:
        """Write a row into a line of the tables."""
        kind: type = type(row.fields)
        self.tables.write(line, kind, [*map(self._address, row.fields)], parts, wait)
        if row.changing:
            name, values = row.changing
            self.changing.append((values, *self.tables.place(line, kind, name)))

    def _allocate(self, places: Sequence[Place]) -> None:
        """Give the buffers addresses, in units of the numbers' size."""
        size = self.dtype.itemsize
        inside = list(dict.fromkeys(place.at()[0] for place in places if not place.buffer.outside))
        self.addresses, total, line = {OUTSIDE: 0}, 0, LINE // size
        for buffer in inside:
            self.addresses[buffer] = total
            total += -(-buffer.size // line) * line
        self.arena = aligned_zeros(total, self.dtype)
        for buffer in inside:
            self.addresses[buffer] += index_of(self.arena)
        self.outside = [place.buffer for place in places if place.buffer.outside]  # kept alive

    def _address(self, field: Any) -> Any:
        if not isinstance(field, Place):
            return field
        buffer, start, _ = field.at()
        return self.addresses[buffer] + start

    def view(self, place: Place) -> np.ndarray:
        """Return the numbers in a place of the program's own memory."""
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
        self.tables.run()
        if self.failed[0]:
            done, otherwise = self.otherwise[int(self.failed[0]) - 1]
            for function in self.after[:done]:
                function()
            otherwise()
        for function in self.after:
            function()
        return {name: view[0] for name, view in self.metrics.items()}
