"""The tables of rows that threads go through, and a run through them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from npgan.kernels import jit
from npgan.memory import ORIGIN, address_of, aligned_zeros, index_of
from npgan.program import replay
from npgan.program.threads import worker_pool


class Tables:
    """So many rows with ``parts`` parts in all, for numbers of one type, and a panel for each thread."""

    def __init__(self, rows: int, parts: int, dtype: np.dtype, panel: int) -> None:
        self.dtype, self.threads, self.panel = dtype, jit.threads(), panel
        self.integers = np.zeros((rows, replay.WIDTH), np.int64)
        self.numbers = np.zeros((rows, replay.NUMBERS), dtype)
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

    def write(
        self, line: int, kind: type, parts: int, wait: int, integers: Sequence[int], numbers: Any
    ) -> None:
        """Write a row of a kind."""
        function = replay.function(kind, self.dtype).address
        self.integers[line, : replay.FIELDS + len(integers)] = (function, parts, wait, *integers)
        self.numbers[line, : len(numbers)] = numbers

    def run(self, alone: bool = False) -> None:
        """Do all the work, with the worker threads unless another thread's work has them."""
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
