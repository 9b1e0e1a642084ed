r"""Training by sampling: rows of a table, each with one of its own categories as a condition.

If all rows are equally likely to be drawn, a generator of tables learns rare categories late, for it hardly meets
them. So a column of categories is drawn, all equally likely; then one of its categories, in proportion to
:math:`\log(1 + n_{jk})`, with :math:`n_{jk}` the number of rows that have category k in column j; then one of these
rows (Xu et al. 2019, "Modeling tabular data using conditional GAN", sec. 4.3). Here "any row" is a column, too, with
one category. With :math:`w_{jk}` the probability of category k, given its column, and J columns, the probability of
row i is

.. math:: p_i = \frac1J\sum_j \frac{w_{jk}}{n_{jk}}, \qquad k = x_{ij},

and given the row, its condition is in column j with a probability in proportion to the term of j.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from npgan.backend import run
from npgan.data.batches import Batches


def conditions(widths: Sequence[int]) -> int:
    """Return how many conditions there are on rows of these widths: "any row", and one for each category.

    >>> conditions([1, 3, 1, 2])
    6
    """
    return 1 + sum(width for width in widths if width > 1)


def shares(rows: np.ndarray, widths: Sequence[int]) -> np.ndarray:
    """Return the share of rows (n, b) that fulfil each condition; for "any row" it is 1.

    >>> shares(np.array([[0.5, 2.0], [0.1, 0.0]]), [1, 3])
    array([1. , 0.5, 0. , 0.5])
    """
    parts = [
        np.bincount(column.astype(np.int64), minlength=width) / len(rows)
        for column, width in zip(rows.T, widths, strict=True)
        if width > 1
    ]
    return np.concatenate([[1.0], *parts])


def starts(widths: Sequence[int]) -> np.ndarray:
    """Return the first condition of each column; the first column is "any row".

    >>> starts([1, 3, 1, 2])
    array([0, 1, 4])
    """
    wide = [width for width in widths if width > 1]
    return np.concatenate([[0, 1], 1 + np.cumsum(wide, dtype=np.int64)])[:-1]


class TableBatches(Batches):
    """Minibatches of a table with one-hot categories.

    Parameters
    ----------
    data : (n, b) numbers, and codes of categories, as :func:`npgan.ops.gather_table` takes them
    batch_size, rng : see :class:`Batches`
    widths : of the b blocks

    Examples
    --------
    >>> data = np.array([[0.5, 2.0], [0.1, 0.0]], np.float32)
    >>> TableBatches(data, 1, np.random.default_rng(0), [1, 3]).next()
    array([[0.5, 0. , 0. , 1. ]], dtype=float32)
    """

    count = 0  # conditions

    def __init__(
        self, data: np.ndarray, batch_size: int, rng: np.random.Generator, widths: Sequence[int]
    ) -> None:
        self.widths = np.array(widths)
        self.conditions = np.zeros(batch_size, np.int64)
        super().__init__(data, batch_size, rng)

    @classmethod
    def in_epoch(cls, rows: int, batch_size: int) -> int:
        """Return how many batches an epoch has: at most 1000, and at least 50, of 1000 rows or more 100.

        >>> [TableBatches.in_epoch(rows, 32) for rows in (300, 700, 2000, 9000, 90_000)]
        [50, 70, 100, 281, 1000]
        """
        least = min(max(50, rows // 10), 100)
        return min(max(least, rows // batch_size), 1000)

    def next(self) -> np.ndarray:
        """Return the next batch, (batch_size, d + count)."""
        rows = run.each(self._next_rows, self.batch_size)
        chosen = run.each(lambda: self.conditions, self.batch_size)
        return run.gather_table(self.data, rows, chosen, self.widths, self.count)

    def first(self) -> np.ndarray:
        """Return the data's first rows as a batch, with the condition "any row"."""
        rows = np.arange(self.batch_size)
        return run.gather_table(self.data, rows, 0 * rows, self.widths, self.count)


class ConditionedBatches(TableBatches):
    """Endless minibatches [x, c] of a table: rows with one-hot categories, each with a condition that it fulfils.

    Rows are drawn with replacement.

    Examples
    --------
    >>> data = np.array([[0.5, 2.0], [0.1, 0.0]], np.float32)
    >>> ConditionedBatches(data, 1, np.random.default_rng(0), [1, 3]).next()
    array([[0.1, 1. , 0. , 0. , 1. , 0. , 0. , 0. ]], dtype=float32)
    """

    def __init__(
        self, data: np.ndarray, batch_size: int, rng: np.random.Generator, widths: Sequence[int]
    ) -> None:
        self.starts, self.count = starts(widths), conditions(widths)
        self.codes = data[:, np.array(widths) > 1]
        counts = shares(data, widths) * len(data)
        likely = np.log1p(counts)
        for first, last in zip(self.starts, [*self.starts[1:], self.count], strict=True):
            likely[first:last] /= likely[first:last].sum()
        with np.errstate(invalid="ignore"):
            self.terms = likely / counts  # NaN for categories without rows, which are never drawn
        rows = sum((self._terms(j) for j in range(len(self.starts))), np.zeros(len(data)))
        self.cumulative = np.cumsum(rows)
        super().__init__(data, batch_size, rng, widths)

    def _terms(self, j: int, rows: Any = slice(None)) -> np.ndarray:
        """Return the terms of column j for some rows; column 0 is "any row"."""
        if j == 0:
            return np.full(len(self.codes[rows]), self.terms[0])
        return self.terms[self.starts[j] + self.codes[rows, j - 1].astype(np.int64)]

    def _shuffle(self) -> None:
        """Do nothing: rows are drawn anew for each batch."""

    def _next_rows(self) -> np.ndarray:
        """Draw rows, and a condition for each."""
        self.position = self.position % self.per_epoch + 1
        u = self.rng.random((2, self.batch_size))
        total = self.cumulative[-1]
        rows = np.minimum(
            np.searchsorted(self.cumulative, u[0] * total, "right"), len(self.data) - 1
        )
        terms = np.cumsum([self._terms(j, rows) for j in range(len(self.starts))], axis=0)
        column = (terms < u[1] * terms[-1]).sum(axis=0)
        codes = np.column_stack([np.zeros(len(rows)), self.codes[rows]]).astype(np.int64)
        self.conditions = self.starts[column] + codes[np.arange(len(rows)), column]
        return rows

    def state(self) -> dict[str, Any]:
        """Return the position and the generator's state."""
        return {"position": self.position, "rng": self.rng.bit_generator.state}
