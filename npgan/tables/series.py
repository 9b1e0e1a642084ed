r"""Columns that are one series, such as 150 heights of a hand over time, by their principal components.

To networks that make each number on its own, a value says little about the next one: a generated series jumps from
point to point. But neighbours are nearly the same, and few directions v_1, ..., v_k hold nearly all that varies. With
the normal scores s (p,) of a series, their mean m, and V (k, p) with the directions as rows, networks see

.. math:: c = V(s - m), \qquad \hat s = m + V^\top c,

each component as its normal score: whatever they generate is a sum of directions in which real series vary. The rows
of V are eigenvectors of the scores' covariance C. For orthonormal rows the mean of ||s - ŝ||² is tr C - tr(V C Vᵀ),
and the eigenvectors of the k largest eigenvalues make the second trace largest: their sum. k is the least number of
them whose sum is 99 % of tr C.
Source: Ramsay and Silverman 2005, "Functional Data Analysis", ch. 8.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from npgan.errors import InputError
from npgan.tables.quantiles import Quantiles
from npgan.tables.schema import Column

FEWEST, ALIKE, KEPT = 16, 0.9, 0.99
"""The fewest columns of a series, the least mean correlation of neighbours, and the variance that components keep."""
ROWS, CELLS = 10_000, 2**24
"""The most rows, and cells, from which components are found."""


@dataclass(frozen=True)
class Series:
    """The columns of a series, their mean scores m (p,), the directions V (k, p), and each component's quantiles, k."""

    names: tuple[str, ...]
    mean: np.ndarray
    directions: np.ndarray
    components: tuple[Quantiles, ...]

    @property
    def line(self) -> str:
        """What is said of it."""
        return (
            f"{self.names[0]} to {self.names[-1]}: a series of {len(self.names)} numbers, of which networks see "
            f"{len(self.components)} principal components"
        )

    @classmethod
    def fit(cls, names: Sequence[str], scores: np.ndarray) -> "Series | None":
        """Return the series of columns with scores (n, p); None if neighbouring columns are not alike, or n < 2.

        >>> time, start = np.arange(16), np.random.default_rng(0).random((50, 1))
        >>> series = Series.fit([f"t{i}" for i in time], np.sin(time / 5 + start))
        >>> len(series.components)
        2
        """
        centred = scores - (mean := scores.mean(axis=0, dtype=np.float64))
        if len(scores) < 2 or neighbours(centred) < ALIKE:
            return None
        with threadpool_limits(1):  # the same bits on any number of threads
            _, sizes, directions = np.linalg.svd(centred, full_matrices=False)
        kept = np.cumsum(np.square(sizes)) / np.square(sizes).sum()
        directions = directions[: 1 + np.searchsorted(kept, KEPT)]
        parts = _codes(centred, directions).T
        return cls(tuple(names), mean, directions, tuple(map(Quantiles.fit, parts)))

    def encode(self, scores: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the normal scores (n, k), float32, of the components of scores (n, p)."""
        parts = _codes(scores - self.mean, self.directions)
        both = zip(self.components, parts.T, strict=True)
        return np.column_stack([quantiles.encode(part, rng) for quantiles, part in both])

    def decode(self, rows: np.ndarray) -> np.ndarray:
        """Return the scores (n, p) that components (n, k) stand for."""
        both = zip(self.components, rows.T, strict=True)
        parts = np.column_stack([quantiles.decode(z) for quantiles, z in both])
        return self.mean + _codes(parts, self.directions.T)

    def to_dict(self) -> dict[str, Any]:
        """Return the series as a dict that JSON can hold."""
        return {
            "names": list(self.names),
            "mean": self.mean.tolist(),
            "directions": self.directions.tolist(),
            "components": [quantiles.to_dict() for quantiles in self.components],
        }

    @classmethod
    def from_dict(cls, said: Any, columns: Sequence[Column]) -> "Series":
        """Return the series of such a dict, or raise an InputError unless it is one of these columns."""
        if isinstance(said, dict) and {*said} == {"names", "mean", "directions", "components"}:
            runs = [[column.name for column in run] for run in candidates(columns)]
            parts = said["components"]
            if said["names"] in runs and isinstance(parts, list) and parts:
                mean = _matrix([said["mean"]], 1, len(said["names"]))
                directions = _matrix(said["directions"], len(parts), len(said["names"]))
                if mean is not None and directions is not None:
                    found = tuple(map(Quantiles.from_dict, parts))
                    return cls(tuple(said["names"]), mean[0], directions, found)
        raise InputError("a series must say its names, mean, directions and components")


def candidates(columns: Sequence[Column]) -> list[list[Column]]:
    """Return the runs of at least 16 columns, one after another, of one kind of number and without gaps.

    >>> [len(run) for run in candidates([Column("a", "category"), *[Column(f"t{i}", "number") for i in range(20)]])]
    [20]
    """
    runs = groupby(columns, key=lambda c: "" if c.missing else c.kind)
    numbers = ("number", "whole number")
    return [run for kind, some in runs if kind in numbers and len(run := list(some)) >= FEWEST]


def every(n: int, p: int) -> int:
    """Return k: of n rows of p columns every k-th is looked at.

    >>> every(10_000, 20), every(10_001, 20), every(10_000, 2000)
    (1, 2, 2)
    """
    return -(-n // min(ROWS, CELLS // p))


def neighbours(centred: np.ndarray) -> float:
    """Return the mean correlation of each column (n, p) but the last, whose means are 0, with the next.

    >>> neighbours(np.array([[1.0, 2, -1], [-1, -2, 1]]))
    0.0
    """
    sizes = np.sqrt(np.square(centred).sum(axis=0))
    products = (centred[:, 1:] * centred[:, :-1]).sum(axis=0)
    pairs = sizes[1:] * sizes[:-1]
    return float(np.mean(products / np.where(pairs > 0, pairs, 1)))


def _codes(rows: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Return the products (n, k) of rows (n, p) with directions (k, p): sums whose order no thread changes."""
    return np.einsum("np,kp->nk", rows, directions)


def _matrix(said: Any, height: int, width: int) -> np.ndarray | None:
    """Return lists of numbers as a matrix (height, width), and None for anything else."""
    if not isinstance(said, list) or len(said) != height:
        return None
    for row in said:
        if not isinstance(row, list) or len(row) != width:
            return None
        if not all(type(one) in (int, float) and abs(one) < 1e6 for one in row):
            return None
    return np.array(said, np.float64)
