"""The history of a run: rows of numbers, as a table in memory and as CSV."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from npgan.errors import InputError, shown
from npgan.system.disk import check_regular

WHOLE = "step", "epoch"
"""Columns of whole numbers."""
RISING = frozenset({"val_accuracy", "precision", "recall", "modes", "high_quality"})
"""Columns whose larger values are the better ones."""
MOST = 2**26
"""The most bytes that a history file may have."""


class History:
    """Rows of named numbers, one at regular steps and one at the end of each epoch.

    >>> history = History()
    >>> history.append({"step": 100, "loss": 0.5})
    >>> history.append({"step": 200, "loss": 0.25})
    >>> history["loss"], len(history)
    ([0.5, 0.25], 2)
    """

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []

    def append(self, row: dict[str, float]) -> None:
        """Add a row."""
        self.rows.append(row)

    @property
    def columns(self) -> list[str]:
        """The names of all columns, in the order of their first appearance."""
        return list(dict.fromkeys(name for row in self.rows for name in row))

    def __getitem__(self, column: str) -> list[float]:
        return [row[column] for row in self.rows if column in row]

    def costs(self, column: str) -> list[float]:
        """Return a column's numbers, which are better the lower they are: of :data:`RISING`, the negative ones."""
        sign = -1 if column in RISING else 1
        return [sign * value for value in self[column]]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, float]]:
        return iter(self.rows)

    def __repr__(self) -> str:
        return f"History({len(self)} rows: {', '.join(self.columns)})"

    def table(self) -> np.ndarray:
        """Return the rows as numbers (rows, columns) float64, NaN where a row lacks a column.

        >>> history = History()
        >>> history.append({"step": 100})
        >>> history.append({"step": 200, "loss": 0.25})
        >>> history.table()
        array([[100.  ,    nan],
               [200.  ,   0.25]])
        """
        rows = [[row.get(column, np.nan) for column in self.columns] for row in self.rows]
        return np.array(rows, np.float64).reshape(len(self), len(self.columns))

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, float]]) -> "History":
        """Return a history of these rows, whose steps must be whole numbers and increase.

        Raises ValueError if they are not.
        """
        history, last = cls(), 0
        for row in rows:
            step = row.get("step", np.nan)
            if not last < step < np.inf or step != int(step):
                raise ValueError(f"row {len(history) + 1} has the step {step} after {last}")
            last = int(step)
            history.append({k: int(v) if k in WHOLE else float(v) for k, v in row.items()})
        return history

    @classmethod
    def of_table(cls, columns: Sequence[str], table: np.ndarray) -> "History":
        """Return the history that :meth:`table` turned into numbers."""
        check_columns(columns)
        if table.dtype != np.float64 or table.shape[1:] != (len(set(columns)),):
            raise ValueError(f"a history of {len(columns)} columns is {table.dtype} {table.shape}")
        rows = (zip(columns, row, strict=True) for row in table.tolist())
        return cls.of({k: v for k, v in row if v == v} for row in rows)

    @classmethod
    def read_csv(cls, path: Path) -> "History":
        """Read what the CSV callback wrote, without empty cells and without a last row that is cut off."""
        check_regular(path, MOST)
        try:
            with path.open(newline="") as file:
                whole = (line for line in file if line.endswith("\n"))
                return cls.of(map(_cells, csv.DictReader(whole)))
        except (ValueError, TypeError, OverflowError, csv.Error) as error:
            raise InputError(f"{path} is not a history of npgan's: {error}") from None


def check_columns(names: Iterable[str]) -> None:
    """Raise a ValueError for column names that could not be printed or written to a file."""
    for name in names:
        if not (isinstance(name, str) and name and name.isprintable()):
            raise ValueError(f"a column is called {shown(name)}")


def _cells(row: dict[str, str]) -> dict[str, float]:
    """Return the numbers in a row of a CSV file; cells that a short row lacks are None, not empty."""
    return {name: float(cell) for name, cell in row.items() if cell != ""}
