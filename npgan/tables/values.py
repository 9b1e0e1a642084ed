"""A column's cells as numbers or as codes; a cell that does not fit its column is an error that names its row."""

from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from npgan.errors import InputError, shown
from npgan.tables import cells as text
from npgan.tables.dates import dates
from npgan.tables.read import Source
from npgan.tables.schema import CODED, DATED, NUMBERED, Column

T = TypeVar("T")


class MisfitError(InputError):
    """A cell does not fit its column; ``row`` is its place in the batch."""

    def __init__(self, message: str, row: int) -> None:
        super().__init__(message)
        self.row = row


def each(source: Source, names: list[str], look: Callable[[pa.RecordBatch], T]) -> Iterator[T]:
    """Yield what a function makes of each batch; the error for a cell that does not fit names its line.

    The source must have columns of these names, and no others.
    """
    check_names(source, names)
    before = 0
    for batch in source.batches():
        try:
            yield look(batch)
        except MisfitError as error:
            place = source.place(before + error.row)
            raise InputError(f"{source.name}, {place}: {error}") from None
        before += len(batch)


def check_names(source: Source, names: list[str]) -> None:
    """Raise an InputError unless a source has columns of these names, and no others."""
    for name in names:
        if name not in source.names:
            raise InputError(f"{source.name} has no column {name}, which the schema has")
    for name in source.names:
        if name not in names:
            raise InputError(f"{source.name} has a column {name}, which the schema has not")


def values(column: Column, cells: pa.Array, decimal: str) -> np.ndarray:
    """Return the cells (n,) of a number or date as float64 (n,); NaN for what is missing.

    >>> values(Column("born", "date", True, format="%Y-%m-%d"), pa.array(["1970-01-03", None]), ".")
    array([ 2., nan])
    """
    dated = column.kind in DATED
    found = dates(cells, column.format) if dated else text.numbers(cells, decimal)
    there = cells.is_valid().to_numpy(zero_copy_only=False)
    wrong = there & np.isnan(found)
    if column.kind == "whole number":
        wrong |= there & ~text.is_whole(found)
    if wrong.any():
        row = int(wrong.argmax())
        how = f" ({column.format})" if dated else ""
        _refuse(column, cells, row, f"is no {column.kind}{how}")
    _check_missing(column, there)
    return found


def codes(column: Column, cells: pa.Array) -> np.ndarray:
    """Return the cells (n,) of a category as int64 (n,), -1 for what is missing.

    If the column has others, a value that is not among its categories has the code after theirs.

    >>> codes(Column("sex", "category", categories=("male", "female")), pa.array(["female", "male"]))
    array([1, 0])
    """
    known = pa.array(column.categories, pa.string())
    found = pc.index_in(cells, value_set=known, skip_nulls=True)
    found = pc.fill_null(found, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    there = cells.is_valid().to_numpy(zero_copy_only=False)
    new = there & (found < 0)
    if new.any() and not column.others:
        _refuse(column, cells, int(new.argmax()), "is none of its categories")
    _check_missing(column, there)
    return np.where(new, len(column.categories), found)


def check(column: Column, cells: pa.Array, decimal: str) -> None:
    """Raise a MisfitError unless all cells fit their column."""
    if column.kind in NUMBERED:
        values(column, cells, decimal)
    elif column.kind in CODED or (column.kind == "constant" and column.categories):
        codes(column, cells)


def _refuse(column: Column, cells: pa.Array, row: int, why: str) -> None:
    raise MisfitError(f"{shown(cells[row].as_py())} in the column {column.name} {why}", row)


def _check_missing(column: Column, there: np.ndarray) -> None:
    if not column.missing and not there.all():
        raise MisfitError(
            f"the column {column.name} has a cell without a value, which none may be",
            int(there.argmin()),
        )
