"""What models of tables share: rows of numbers and categories, which become one-hot for the networks."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from npgan import errors
from npgan.backend import run
from npgan.data.batches import Batches
from npgan.data.conditions import TableBatches
from npgan.errors import InputError, count
from npgan.layers.layer import Array


class Tabular:
    """A model of rows (n, b): each block is a number, or a category 0, 1, ...

    The networks see (n, d), with d the sum of the widths.

    Attributes
    ----------
    widths : of the blocks: 1 for a number, the number of its values for a category
    """

    networks: Any
    output: str
    of_tables = True

    def _take_widths(self, widths: Sequence[int]) -> None:
        errors.instance("widths", widths, Sequence)
        self.widths = [count("the width of a block", width, 1) for width in widths]
        self._blocks = np.array(self.widths)

    @property
    def features(self) -> int:
        """The number of blocks: a row of data has one number for each."""
        return len(self.widths)

    def check_data(self, data: Array) -> Array:
        """Return rows (n, b), in the networks' float type; an InputError if a category is none of its block's."""
        dtype, form = self.networks[self.output].parameters.flat.dtype, ("n", self.features)
        if getattr(data, "dtype", None) == np.uint8:
            raise InputError(
                "rows of tables are floats, as npgan.data.load_table makes them, not bytes"
            )
        data = np.ascontiguousarray(errors.array("the data", data, form, rows=1, dtype=dtype))
        for j, width in enumerate(self.widths):
            codes = data[:, j]
            known = (codes >= 0) & (codes < width) & (codes == np.floor(codes))
            if width > 1 and not known.all():
                raise InputError(f"column {j} of the data must hold categories, 0 to {width - 1}")
        return data

    def batches(self, rows: Array, batch_size: int, rng: np.random.Generator) -> Batches:
        """Return minibatches of rows with one-hot categories."""
        return TableBatches(rows, batch_size, rng, self.widths)

    def _batch(self, rows: Array) -> Array:
        """Return all rows as the networks see them."""
        every = np.arange(len(rows))
        return run.gather_table(rows, every, 0 * every, self._blocks, 0)

    def _drawn(self, rows: Array, rng: np.random.Generator) -> Array:
        """Return rows (n, b) of numbers and categories, which are drawn from the probabilities in rows (n, d)."""
        parts = np.split(rows, np.cumsum(self.widths)[:-1], axis=1)
        return np.column_stack(
            [part[:, 0] if part.shape[1] == 1 else drawn(part, rng) for part in parts]
        )


def drawn(probabilities: Array, rng: np.random.Generator) -> Array:
    """Return a category for each row of probabilities (n, k), drawn from them.

    >>> drawn(np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]), np.random.default_rng(0))
    array([1, 0])
    """
    below = np.cumsum(probabilities, axis=1)
    return (below < rng.random((len(below), 1)) * below[:, -1:]).sum(axis=1)
