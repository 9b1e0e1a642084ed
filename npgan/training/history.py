"""The history of a run: rows of numbers, as a table in memory and as CSV."""

import csv
from collections.abc import Iterator
from pathlib import Path

from npgan.errors import InputError


class History:
    """Rows of named numbers, one every so many steps and one at each epoch's end.

    Examples
    --------
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

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, float]]:
        return iter(self.rows)

    def __repr__(self) -> str:
        return f"History({len(self)} rows: {', '.join(self.columns)})"

    @classmethod
    def read_csv(cls, path: Path) -> "History":
        """Read what the CSV callback wrote; empty cells are left out."""
        history = cls()
        try:
            with path.open(newline="") as file:
                for row in csv.DictReader(file):
                    cells = {k: float(v) for k, v in row.items() if v}
                    if "step" not in cells:
                        raise ValueError(f"row {len(history) + 1} has no step")
                    history.append(
                        {k: int(v) if k in ("step", "epoch") else v for k, v in cells.items()}
                    )
        except (ValueError, TypeError, OverflowError, csv.Error) as error:
            raise InputError(f"{path} is not a history of npgan's: {error}") from None
        return history
