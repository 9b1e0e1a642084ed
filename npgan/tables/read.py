"""A table that can be read again and again, as rows of strings, however it is stored."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from npgan.errors import InputError, count, listed, shown
from npgan.tables import frames, text

__all__ = ["Source", "open_source"]

MISSING = pa.array(["", "na", "n/a", "#n/a", "nan", "null", "none", "-", "?"])
"""Cells, in lower case, that mean that there is no value."""
NAMELESS = ("", "Unnamed: 0")
"""Names, in files that pandas writes, of the column that numbers the rows."""
TEXT = (".csv", ".tsv", ".txt")
ENDINGS = ".csv, .tsv, .txt (each also .gz) and .parquet"


@dataclass(frozen=True)
class Source:
    """A table: its name, its columns' names, and its rows as often as they are wanted.

    ``delimiter`` separates the cells of a text, and is a comma for everything else. ``notes`` say
    what was left out. ``place(row)`` says where a row, counted from 0, is found: ``line 7``.
    """

    name: str
    names: tuple[str, ...]
    delimiter: str
    place: Callable[[int], str]
    raw: Callable[[], Iterator[pa.RecordBatch]] = field(repr=False)
    notes: tuple[str, ...] = ()
    first: int = 0  # the first column that is read
    plain: bool = True  # whether `npgan.data.table.read_csv` takes it for the same table

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows as strings, stripped; a cell without a value is null."""
        for batch in self.raw():
            columns = [
                _cleaned(frames.as_text(column, name, self.name))
                for column, name in zip(batch.columns[self.first :], self.names, strict=True)
            ]
            yield pa.RecordBatch.from_arrays(columns, names=self.names)

    def without(self, column: str) -> "Source":
        """Return the table without one of its columns."""
        names = [name for name in self.names if name != column]
        raw = lambda: (batch.select(names) for batch in self.batches())  # noqa: E731
        return replace(self, names=tuple(names), first=0, raw=raw)


def open_source(table: Any, least: int = 2) -> Source:
    """Open a table: the path of a CSV, TSV or Parquet file, a pandas DataFrame or a pyarrow Table.

    Text is UTF-8; cells stand between semicolons, tabs or commas, in quotes or not, or between blanks if the first
    row has as many numbers as the header has words. Lines before the header may begin with #. Columns without a
    header are called c1, c2, ... A first column without a name that numbers the rows, as pandas writes it,
    is left out.

    Raises an InputError for what cannot be read, for columns without a name of their own, and for
    tables of fewer rows than ``least``.

    >>> source = open_source(pa.table({"age": [22, None], "sex": ["male", " female"]}))
    >>> source.names, next(source.batches()).to_pylist()
    (('age', 'sex'), [{'age': '22', 'sex': 'male'}, {'age': None, 'sex': 'female'}])
    """
    least, source = count("the least number of rows", least, 1), _without_index(_opened(table))
    _check_names(source)
    rows = 0
    for batch in source.batches():
        rows += len(batch)
        if rows >= least:
            return source
    has = "one row: nothing can be learned from it" if rows else "a header and no rows"
    raise InputError(f"{source.name} has {has}")


def _opened(table: Any) -> Source:
    held = frames.as_table(table)
    if held is not None:
        name = "the table" if held is table else "the DataFrame"
        raw = partial(frames.table_batches, held)
        return Source(name, tuple(held.column_names), ",", _row, raw)
    if not isinstance(table, str | Path):
        raise InputError(
            f"a table is a path, a pandas DataFrame or a pyarrow Table, not {shown(table)}"
        )
    path = Path(table)
    if path.suffix == ".parquet":
        names, raw = tuple(frames.parquet_names(path)), partial(frames.parquet_batches, path)
        return Source(path.name, names, ",", _row, raw)
    if Path(path.name.removesuffix(".gz")).suffix not in TEXT:
        raise InputError(f"{path} is no table that can be read; those end with {ENDINGS}")
    head = text.read_head(path)
    raw, place = partial(text.text_batches, path, head), partial(text.text_place, path, head)
    plain = not head.blanks and not head.counted
    return Source(path.name, tuple(head.names), head.delimiter, place, raw, head.notes, plain=plain)


def is_missing(text: str) -> bool:
    """Return whether a text says that there is no value."""
    return text.strip().lower() in MISSING.to_pylist()


def _row(row: int) -> str:
    return f"row {row + 1}"


def _cleaned(cells: pa.Array) -> pa.Array:
    cells = pc.utf8_trim_whitespace(cells)
    missing = pc.is_in(pc.utf8_lower(cells), MISSING)
    return pc.if_else(missing, pa.scalar(None, pa.string()), cells)


def _without_index(source: Source) -> Source:
    """Leave out a first column without a name if, in the first rows, it holds whole numbers that all differ."""
    if len(source.names) < 2 or source.names[0] not in NAMELESS:
        return source
    cells = next((batch.column(0) for batch in source.batches() if len(batch)), pa.array([""]))
    whole = pc.all(pc.match_substring_regex(cells, r"^\d+$"), skip_nulls=False).as_py()
    if not whole or len(pc.unique(cells)) < len(cells):
        return source
    note = "left out: the first column, without a name, which numbers the rows"
    return replace(source, names=source.names[1:], first=1, notes=(*source.notes, note))


def _check_names(source: Source) -> None:
    if not source.names:
        raise InputError(f"{source.name} has no columns")
    nameless = np.flatnonzero([not name.strip() for name in source.names])
    if nameless.size:
        raise InputError(f"{source.name}: column {nameless[0] + 1 + source.first} has no name")
    twice = [name for name, n in Counter(source.names).items() if n > 1]
    if twice:
        raise InputError(f"{source.name}: several columns have the name {listed(twice)}")
