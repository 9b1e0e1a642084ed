"""A program's memory, the order of its rows, and its runs.

Rows that touch different arrays need not wait for each other: a row belongs to the first phase
after those of all rows whose results it reads or overwrites, and the rows of a phase may run side
by side.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from npgan.kernels import jit
from npgan.memory import LINE, aligned_zeros
from npgan.program import replay
from npgan.program.threads import crew
from npgan.program.traced import Buffer, Later, Place

OUTSIDE = Buffer(0)  # where all arrays from outside lie: they may overlap
Patch = Callable[[Any, Any], None]


class Row(NamedTuple):
    """A row before its places have addresses, and into how many parts it may be cut."""

    operation: int
    operands: Sequence[Place | int]
    numbers: Sequence[float]
    most: int

    def buffers(self) -> list[Buffer]:
        """Return the buffers that it touches."""
        return [o.buffer for o in self.operands if isinstance(o, Place)]

    def places(self) -> list[tuple[Buffer, int, int, bool]]:
        """Return the outermost buffers and the ranges in them that it touches, and if it writes."""
        found = []
        for place in self.operands:
            if isinstance(place, Place) and place.size:
                buffer, first, last = place.at()
                if buffer.array is not None:
                    start = address_of(buffer.array) // buffer.array.itemsize
                    buffer, first, last = OUTSIDE, start + first, start + last
                found.append((buffer, first, last, place.writes))
        return found


def phases(rows: Sequence[Row]) -> list[int]:
    """Return the phase of each row."""
    found: list[int] = []
    touched = [row.places() for row in rows]
    for i, mine in enumerate(touched):
        before = (j for j in range(i) if _meet(mine, touched[j]))
        found.append(max((found[j] + 1 for j in before), default=0))
    return found


def _meet(mine: Sequence[tuple], others: Sequence[tuple]) -> bool:
    """Return whether there is something that both touch and one of them writes."""
    return any(
        a is b and first < end and start < last and (writes or written)
        for a, first, last, writes in mine
        for b, start, end, written in others
    )


def address_of(array: np.ndarray) -> int:
    """Return where an array's first number lies, in bytes."""
    return array.__array_interface__["data"][0]


class Program:
    """Rows with their memory. ``run`` runs them and returns what the step reports.

    Parameters
    ----------
    rows, patches : the rows, and of some what changes their operands and numbers before each run
    before, after : functions to call before and after each run
    otherwise : what to call where a number was not finite, and how many of ``after`` before that
    metrics : name -> where the number is
    dtype : of all numbers
    panel : how many of them a thread's scratch memory holds
    """

    def __init__(
        self,
        rows: Sequence[Row],
        patches: Sequence[tuple[int, Patch]],
        before: Sequence[Later],
        after: Sequence[Callable[[], None]],
        otherwise: Sequence[tuple[int, Callable[[], None]]],
        metrics: Mapping[str, Place],
        dtype: np.dtype,
        panel: int,
    ) -> None:
        self.before, self.after, self.otherwise = before, after, otherwise
        self.dtype = dtype
        self.threads = threads = jit.threads()
        panels = Place(Buffer(threads * panel), 0, threads * panel)
        self._allocate(rows, panels)
        phase = phases(rows)
        order = sorted(range(len(rows)), key=phase.__getitem__)
        self.table = np.zeros((len(rows), replay.BEFORE + replay.OPERANDS), np.int64)
        self.numbers = np.zeros((len(rows), replay.NUMBERS), dtype)
        self.taken = aligned_zeros(len(rows) * threads, np.int64)
        complete, waits = 0, {0: 0}
        for place, i in enumerate(order):
            row, parts = rows[i], max(1, min(threads, rows[i].most))
            wait = waits.setdefault(phase[i], complete)
            operands = [self._operand(operand) for operand in row.operands]
            self.table[place, : replay.BEFORE + len(operands)] = (
                row.operation, parts, wait, *operands
            )  # fmt: skip
            self.numbers[place, : len(row.numbers)] = row.numbers
            complete += parts
        lines = {
            i: (self.table[place].data, self.numbers[place].data) for place, i in enumerate(order)
        }
        self.patches = [(patch, *lines[i]) for i, patch in patches]
        self.metrics = {name: self.view(place).data for name, place in metrics.items()}
        self.state = aligned_zeros(replay.STATE, np.int64)
        self._state = self.state.data
        self.state[replay.ALL :] = (
            complete, len(rows), threads, replay.performer(dtype).address, address_of(self.table) // 8,
            address_of(self.numbers) // dtype.itemsize, address_of(self.taken) // 8,
            self._operand(panels), panel,
        )  # fmt: skip
        self.address = np.int64(address_of(self.state))
        if threads > 1:
            crew(threads - 1)

    def _allocate(self, rows: Sequence[Row], panels: Place) -> None:
        """Give the buffers addresses, in units of the numbers' size."""
        size = self.dtype.itemsize
        places = [o for row in rows for o in row.operands if isinstance(o, Place)]
        roots = dict.fromkeys(place.at()[0] for place in [panels, *places])
        self.addresses, total, line = {}, 0, LINE // size
        inside = [buffer for buffer in roots if buffer.array is None]
        for buffer in inside:
            self.addresses[buffer] = total
            total += -(-buffer.size // line) * line
        self.arena = aligned_zeros(total, self.dtype)
        for buffer in inside:
            self.addresses[buffer] += address_of(self.arena) // size
        self.outside = [buffer for buffer in roots if buffer.array is not None]
        for buffer in self.outside:
            assert buffer.array is not None
            self.addresses[buffer] = address_of(buffer.array) // buffer.array.itemsize

    def _operand(self, operand: Place | int) -> int:
        if not isinstance(operand, Place):
            return operand
        buffer, start, _ = operand.at()
        return self.addresses[buffer] + start

    def view(self, place: Place) -> np.ndarray:
        """Return the numbers in a place of the program's own memory."""
        buffer, start, end = place.at()
        first = self.addresses[buffer] - address_of(self.arena) // self.dtype.itemsize
        return self.arena[first + start : first + end]

    def run(self) -> dict[str, float]:
        """Run all rows; a number that was not finite makes its ``otherwise`` raise."""
        for later in self.before:
            later.value = later.function()
        for patch, row, numbers in self.patches:
            patch(row, numbers)
        replay.begin(self.address)
        self._work()
        if self._state[replay.BAD] >= 0:
            done, otherwise = self.otherwise[self._state[replay.BAD]]
            for function in self.after[:done]:
                function()
            otherwise()
        for function in self.after:
            function()
        return {name: view[0] for name, view in self.metrics.items()}

    def _work(self) -> None:
        """Do the work, with help unless another thread's program has it."""
        helpers = None if 1 in (self.threads, jit.in_use()) else crew(self.threads - 1)
        if helpers is None or not helpers.lock.acquire(blocking=False):
            replay.work(self.address, jit.ZERO)
            return
        try:
            helpers.call(self.address, (self.state, self.table, self.taken))
        finally:  # helpers may be at work: no interrupt shall leave them alone with it
            try:
                replay.work(self.address, jit.ZERO)
            finally:
                helpers.lock.release()
