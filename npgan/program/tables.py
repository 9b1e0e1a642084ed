"""The tables of rows that threads go through, and a run through them."""

from collections.abc import Sequence
from struct import pack_into
from typing import Any

import numpy as np

from npgan.kernels import jit
from npgan.kernels.row import layout
from npgan.program import replay
from npgan.program.threads import worker_pool
from npgan.system.memory import ORIGIN, address_of, aligned_zeros, index_of


class Tables:
    """Tables of ``rows`` rows with ``parts`` parts in all, for one type of numbers, and a panel for each thread."""

    def __init__(self, rows: int, parts: int, dtype: np.dtype, panel: int) -> None:
        self.dtype, self.threads, self.panel = dtype, jit.threads(), panel
        self.integers = np.zeros((rows, replay.WIDTH), np.int64)
        self.numbers = np.zeros((rows, replay.NUMBERS), dtype)
        self.lines = [(i.data, n.data) for i, n in zip(self.integers, self.numbers, strict=True)]
        self.taken = aligned_zeros(rows * self.threads, np.int64)
        self.panels = aligned_zeros(self.threads * panel, dtype)
        self.state = aligned_zeros(replay.STATE, np.int64)
        self.state[replay.START :] = (
            ORIGIN, parts, rows, self.threads, *map(index_of, (self.integers, self.numbers, self.taken)),
            index_of(self.panels), panel,
        )  # fmt: skip
        self.address = np.int64(address_of(self.state))
        if self.threads > 1 and not jit.interpreted:
            worker_pool(self.threads - 1)

    def write(self, line: int, kind: type, fields: Sequence[Any], parts: int, wait: int) -> None:
        """Write a row of a kind, whose arrays are given by their indices; fields that are None stay unchanged."""
        function, (integers, numbers) = replay.function(kind, self.dtype), layout(kind).places
        values = (function.address, parts, wait, *[fields[i] for i in integers])
        pack_into(f"{len(values)}q", self.lines[line][0], 0, *values)
        for at, i in enumerate(numbers):
            if fields[i] is not None:
                self.lines[line][1][at] = fields[i]

    def place(self, line: int, kind: type, name: str) -> tuple[memoryview, int]:
        """Return where a field of a row lies."""
        of = layout(kind)
        if name in of.integers:
            return self.lines[line][0], replay.FIELDS + of.integers.index(name)
        return self.lines[line][1], of.numbers.index(name)

    def run(self, alone: bool = False) -> None:
        """Do all the work, with the worker threads unless they are working for another thread."""
        replay.begin(self.address)
        alone = alone or jit.interpreted or 1 in (self.threads, jit.in_use())
        pool = None if alone else worker_pool(self.threads - 1)
        if pool is None or not pool.lock.acquire(blocking=False):
            replay.work(self.address, jit.ZERO)
            return
        try:
            pool.call(self.address, (self.state, self.integers, self.taken))
        finally:  # workers may have begun: even after an interrupt the run must be finished
            try:
                replay.work(self.address, jit.ZERO)
            finally:
                pool.lock.release()
