"""Values of a category without a code of their own: they share one, and are drawn by their frequencies."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from npgan.errors import MOST, InputError

MOST_VALUES = 10_000
"""The most such values of a column that are kept."""


@dataclass(frozen=True)
class Rare:
    """Values (k,), and how often each occurs (k,)."""

    values: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()

    @classmethod
    def most(cls, counted: Mapping[str, int]) -> "Rare":
        """Return the most frequent of the values that were counted.

        >>> Rare.most({"a": 1, "b": 2})
        Rare(values=('b', 'a'), counts=(2, 1))
        """
        ranked = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_VALUES]
        return cls(tuple(value for value, _ in ranked), tuple(n for _, n in ranked))

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Return places (n,) of values, each as likely as it is frequent."""
        return rng.choice(len(self.counts), n, p=np.array(self.counts) / sum(self.counts))

    def to_dict(self) -> dict[str, list]:
        """Return the values and counts as lists."""
        return {"values": list(self.values), "counts": list(self.counts)}

    @classmethod
    def from_dict(cls, said: Any) -> "Rare":
        """Return the values of such lists, or raise an InputError."""
        if isinstance(said, dict) and {*said} == {"values", "counts"}:
            values, counts = said["values"], said["counts"]
            if isinstance(values, list) and isinstance(counts, list):
                sound = all(isinstance(one, str) and one for one in values)
                sound = sound and all(type(n) is int and 0 < n < MOST for n in counts)
                if sound and 0 < len(set(values)) == len(values) == len(counts) <= MOST_VALUES:
                    return cls(tuple(values), tuple(counts))
        raise InputError(
            "the others of a column must be different texts, and how often each occurs"
        )


def count_rare(cells: pa.Array, known: tuple[str, ...], counts: Counter) -> None:
    """Count the cells that are not known values; new values are counted only while there is room."""
    mine = cells.drop_null()
    mine = mine.filter(pc.invert(pc.is_in(mine, pa.array(known, pa.string()))))
    found = pc.value_counts(mine)
    values, times = found.flatten()
    for value, n in zip(values.to_pylist(), times.to_pylist(), strict=True):
        if value in counts or len(counts) < 2 * MOST_VALUES:
            counts[value] += n
