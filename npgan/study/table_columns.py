"""The columns of a table as numbers, to measure columns and distances between rows."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from npgan.tables import Encoding
from npgan.tables.cells import rounded
from npgan.tables.normal import score
from npgan.tables.schema import CODED, NUMBERED, Column


@dataclass(frozen=True)
class Columns:
    """The c columns of an encoding that are learned from.

    Their values (n, c) are numbers or dates as in the table, and codes of categories; missing is NaN. Values that
    share a code count as one category.
    """

    encoding: Encoding

    @cached_property
    def schema(self) -> list[Column]:
        """What they are."""
        kinds = (*NUMBERED, *CODED)
        return [c for c in self.encoding.schema.columns if c.kind in kinds]

    @property
    def names(self) -> list[str]:
        """Their names."""
        return [column.name for column in self.schema]

    @property
    def coded(self) -> np.ndarray:
        """Whether each (c,) is a category."""
        return np.array([column.kind in CODED for column in self.schema])

    @property
    def _places(self) -> list[int]:
        """The first block of each."""
        return [self.encoding.blocks[column.name] for column in self.schema]

    def values(self, rows: np.ndarray) -> np.ndarray:
        """Return the values (n, c), float64, of rows (n, blocks)."""
        rows, found = self.encoding.cells(rows), np.empty((len(rows), len(self.schema)))
        for j, (column, at) in enumerate(zip(self.schema, self._places, strict=True)):
            if column.kind in CODED:
                x = np.rint(rows[:, at])
                missing = column.missing & (x == self.encoding.widths[at] - 1)
            else:
                x = rounded(self.encoding.numbers[column.name].decode(rows[:, at]), column.decimals)
                missing = column.missing & (np.rint(rows[:, at + column.missing]) == 1)
            found[:, j] = np.where(missing, np.nan, x) + 0.0  # there is one zero, not -0.0
        return found

    def blocks(self, values: np.ndarray, known: np.ndarray) -> list[np.ndarray]:
        """Return float64 (n, width) for each column of values (n, c), between which distances make sense.

        A category is one-hot, with a place for missing. A number is its normal score among ``known`` values (m, c),
        and 0 if it is missing; a second place then says so. The squared distance of two different
        categories is 2, and so is that of two independent numbers on average, as scores have a variance of about 1.
        Equal values have equal blocks.
        """
        return [
            _one_hot(values[:, j], self.encoding.widths[at])
            if column.kind in CODED
            else _scores(values[:, j], known[:, j], column.missing)
            for j, (column, at) in enumerate(zip(self.schema, self._places, strict=True))
        ]


def _one_hot(codes: np.ndarray, width: int) -> np.ndarray:
    """Return codes (n,) one-hot, (n, width); missing is the last."""
    known = np.where(np.isnan(codes), width - 1, codes)
    return (known[:, None] == np.arange(width)).astype(np.float64)


def _scores(x: np.ndarray, known: np.ndarray, may_miss: bool) -> np.ndarray:
    """Return normal scores, by the middle of the ranks that a number would have among the known ones."""
    known, missing = np.sort(known[~np.isnan(known)]), np.isnan(x)
    n = max(len(known), 1)
    ranks = (np.searchsorted(known, x, "left") + np.searchsorted(known, x, "right")) / 2
    z = np.where(missing, 0, score(np.clip(ranks, 0.5, n - 0.5) / n))
    return np.column_stack([z, missing] if may_miss else [z])
