"""Rows that are performed immediately, for operations that are called one by one."""

import threading
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import numpy as np

from npgan import ops
from npgan.kernels import jit
from npgan.kernels.row import KERNELS, Later, layout
from npgan.ops.random import key
from npgan.program.schedule import Row
from npgan.program.tables import Tables
from npgan.system.memory import index_of


class Kept(threading.local):
    """Tables that each thread keeps for its next operations: one for each type and each tuple of numbers of parts.

    So a worker that comes late finds only parts of the last run, all taken.
    """

    def __init__(self) -> None:
        self.tables: dict[tuple[np.dtype, tuple[int, ...]], Tables] = {}


KEPT = Kept()


class Eager:
    """Collects the rows of one operation and performs them together, since Python is slow between two rows."""

    dtype = None

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.panel = 0

    def new(self, dtype: Any, *shape: int) -> np.ndarray:
        """Return a new array."""
        return np.empty(shape, dtype)

    def outputs(self, dtype: Any, n: int, widths: list[int]) -> np.ndarray:
        """Return a new array for the outputs of a chain's stages."""
        return np.empty(n * sum(widths), dtype)

    def data(self, array: np.ndarray) -> np.ndarray:
        """Return an array of any type and layout so that a kernel can read it."""
        return array if array.flags.carray else np.require(array, requirements=["C", "A"])

    def key(self, rng: np.random.Generator) -> Later:
        """Draw a key."""
        drawn = Later(partial(key, rng))
        drawn.value = drawn.function()
        return drawn

    def failed(self, dtype: Any) -> np.ndarray:
        """Return zero, which says that no check has failed."""
        return np.zeros(1, dtype)

    def write(self, row: Any, most: int = 1, panel: int = 0, changing: Any = None) -> None:
        """Add a row."""
        self.rows.append(Row(row, most, changing))
        self.panel = max(self.panel, panel)

    def done(self, array: np.ndarray) -> np.ndarray:
        """Return an array after all rows are performed."""
        self.perform()
        return array

    def perform(self) -> None:
        """Perform the rows, one after the other."""
        rows, self.rows = self.rows, []
        if not rows:
            return
        most = jit.threads()
        parts = tuple([1 if row.most <= 1 else min(row.most, most) for row in rows])
        kind: Any = type(rows[0].fields)
        dtype = getattr(rows[0].fields, layout(kind).written).dtype
        tables = KEPT.tables.get((dtype, parts))
        if tables is None or tables.panel < self.panel:
            tables = KEPT.tables[dtype, parts] = Tables(len(rows), sum(parts), dtype, self.panel)
        complete = 0
        for line, (row, count) in enumerate(zip(rows, parts, strict=True)):
            fields = [index_of(f) if type(f) is np.ndarray else f for f in row.fields]
            tables.write(line, type(row.fields), fields, count, complete)
            complete += count
            if row.changing:
                name, values = row.changing
                table, first = tables.place(line, type(row.fields), name)
                for i, value in enumerate(values(), first):
                    table[i] = value
        tables.run(alone=complete == len(rows))


def performed(kernel: Callable) -> Callable:
    """Return a kernel whose rows are performed before it returns."""

    @wraps(kernel)
    def call(*given: Any) -> Any:
        rows = Eager()
        result = kernel(rows, *given)
        rows.perform()
        return result

    return call


KERNELS = {
    name: getattr(ops, name).border.around(performed(kernel)) for name, kernel in KERNELS.items()
}
"""Operation -> its kernel, behind the operation's :class:`~npgan.shapes.Border`."""
