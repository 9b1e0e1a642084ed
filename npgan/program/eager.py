"""Rows performed as soon as they are written: operations called one by one."""

import threading
from functools import partial
from typing import Any

import numpy as np

from npgan import ops
from npgan.kernels import jit
from npgan.kernels.row import KERNELS, Later, layout
from npgan.memory import index_of
from npgan.ops.random import key
from npgan.program.tables import Tables


class Eager(threading.local):
    """What a kernel's rows are performed by. Each thread has tables of its own, of a single row.

    There is one for each number of parts: so a worker that comes late finds all parts of the last run taken,
    and none of the next one.
    """

    dtype = None

    def __init__(self) -> None:
        self.tables: dict[tuple[np.dtype, int], Tables] = {}

    def new(self, dtype: Any, *shape: int) -> np.ndarray:
        """Return a new array."""
        return np.empty(shape, dtype)

    def outputs(self, dtype: Any, n: int, widths: list[int]) -> np.ndarray:
        """Return a new array for the outputs of a chain's stages."""
        return np.empty(n * sum(widths), dtype)

    def data(self, array: np.ndarray) -> np.ndarray:
        """Return an array of any type and layout so that a kernel can read it."""
        return np.require(array, requirements=["C", "A"])

    def key(self, rng: np.random.Generator) -> Later:
        """Draw a key."""
        drawn = Later(partial(key, rng))
        drawn.value = drawn.function()
        return drawn

    def failed(self, dtype: Any) -> np.ndarray:
        """Return that no check has failed."""
        return np.zeros(1, dtype)

    def write(self, row: Any, most: int = 1, panel: int = 0, changing: Any = None) -> None:
        """Perform a row."""
        kind: Any = type(row)
        of = layout(kind)
        integers = [
            index_of(f) if type(f) is np.ndarray else f
            for f in map(row.__getattribute__, of.integers)
        ]
        numbers = [f for f in map(row.__getattribute__, of.numbers) if f is not None]
        if changing:
            name, values = changing
            table, names = (integers, of.integers) if name in of.integers else (numbers, of.numbers)
            for i, value in enumerate(values(), names.index(name)):
                table[i : i + 1] = [value]
        dtype = getattr(row, of.written).dtype
        parts = jit.threads() if most > 1 else 1
        tables = self.tables.get((dtype, parts))
        if tables is None or tables.panel < panel:
            tables = self.tables[dtype, parts] = Tables(1, parts, dtype, panel)
        tables.write(0, kind, parts, 0, integers, numbers)
        tables.run(alone=parts == 1)


EAGER = Eager()
KERNELS = {
    name: getattr(ops, name).border.around(partial(kernel, EAGER))
    for name, kernel in KERNELS.items()
}
"""Operation -> its kernel, behind the operation's :class:`~npgan.shapes.Border`."""
