"""Recognising the columns of a table, in one pass over its rows."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from npgan.errors import InputError, listed, shown
from npgan.tables.cells import numbers
from npgan.tables.dates import FORMATS, ambiguous, dates
from npgan.tables.read import Source
from npgan.tables.schema import CODED, DATED, WORDS, Column, Schema
from npgan.tables.tally import Tally
from npgan.tables.values import check, check_names, each

__all__ = ["complete", "has_more_than_numbers", "infer"]

CODES = 255
"""The most categories of a column with a code of their own."""
FEW, OFTEN = 10, 0.01
"""Whole numbers are categories if at most `FEW` are different and each is at least this share of the cells."""
NEARLY_ALL, LEAST = 0.9, 10
"""Texts are identifiers if at least this share of them differ; any identifier has at least `LEAST` values."""
NEARLY_NUMBERS = 0.9
"""If at least this share of the cells are numbers, a note shows the first cell that is not one."""


def infer(source: Source) -> Schema:
    """Return what the columns of a table are; memory does not grow with its rows.

    The first rule of `RULES` that holds for a column gives its kind.

    >>> from npgan.tables import open_source
    >>> source = open_source(pa.table({"age": [22.5, None, 38, 26], "sex": ["m", "f", "f", "m"]}))
    >>> infer(source).lines()
    ['age: number, 22.5 to 38, 1 of 4 missing', 'sex: category, f 2, m 2']
    """
    tallies = _tallies(source)
    rows = next(iter(tallies.values())).rows
    decimal = _decimal(source, tallies)
    columns = tuple(
        _column(Column(name, next(kind for kind, holds in RULES if holds(tally))), tally)
        for name, tally in tallies.items()
    )
    return Schema(columns, rows, source.delimiter, decimal)


def has_more_than_numbers(source: Source) -> bool:
    """Return whether some cells in the first rows of a table are not numbers.

    >>> from npgan.tables import open_source
    >>> has_more_than_numbers(open_source(pa.table({"a": [1, 2], "b": ["x", "y"]})))
    True
    """
    first = next(iter(source.batches()))
    return any(
        np.isnan(numbers(cells, decimal)).any()
        for cells in first.columns
        for decimal in ("." if source.delimiter == "," else ",")
    )


def complete(schema: Schema, source: Source) -> Schema:
    """Return a schema, which may give only names and kinds, completed from the table.

    Raises an InputError that names the first cell that does not fit its column.

    >>> from npgan.tables import open_source
    >>> source = open_source(pa.table({"class": [3, 1, 3]}))
    >>> complete(Schema((Column("class", "category"),)), source).columns[0].categories
    ('3', '1')
    """
    names = [column.name for column in schema.columns]
    check_names(source, names)
    tallies = _tallies(source)
    columns = tuple(_column(column, tallies[column.name]) for column in schema.columns)
    rows = tallies[names[0]].rows
    numbers = {c.name: tallies[c.name] for c in columns if c.kind in ("number", "whole number")}
    whole = Schema(columns, rows, source.delimiter, _decimal(source, numbers))

    def look(batch: pa.RecordBatch) -> None:
        for column in columns:
            check(column, batch.column(column.name), whole.decimal)

    for _ in each(source, names, look):
        pass
    return whole


def _tallies(source: Source) -> dict[str, Tally]:
    tallies = {name: Tally("." if source.delimiter == "," else ".,") for name in source.names}
    for batch in source.batches():
        for name, cells in zip(batch.schema.names, batch.columns, strict=True):
            tallies[name].add(cells)
    return tallies


def _decimal(source: Source, tallies: dict[str, Tally]) -> str:
    """Return the decimal mark of all numbers."""
    marks: dict[str, str] = {}
    for name, tally in tallies.items():
        mark = tally.are_numbers()
        if mark and tally.numbers[mark].decimals[1]:
            marks.setdefault(mark, name)
    if len(marks) > 1:
        raise InputError(
            f"{source.name} has decimal points in the column {marks['.']} and decimal commas in "
            f"{marks[',']}: one of them is no decimal"
        )
    return next(iter(marks), ".")


# --- which kind ----------------------------------------------------------------------------------


def _numbers(tally: Tally) -> Any:
    return tally.numbers.get(tally.are_numbers())


def _is_constant(tally: Tally) -> bool:
    return not tally.there or (not tally.missing and len(tally.values.counts) == 1)


def _counts_rows(tally: Tally) -> bool:
    found = _numbers(tally)
    if not found or not found.whole or tally.missing or tally.rows < LEAST:
        return False
    shuffled = not tally.values.full and len(tally.values.counts) == tally.rows
    return found.counting or (shuffled and found.high - found.low == tally.rows - 1)


def _is_yes_no(tally: Tally) -> bool:
    words = {word.lower() for word in tally.values.counts}
    return len(tally.values.counts) == 2 and words in [{*pair} for pair in WORDS.items()]


def _is_few(tally: Tally) -> bool:
    found, counts = _numbers(tally), tally.values.counts
    often = max(2, OFTEN * tally.there)
    alike = bool(found) and found.whole and found.decimals[0] == found.decimals[1]
    return alike and len(counts) <= FEW and min(counts.values()) >= often


def _is_dated(kind: str) -> Callable[[Tally], bool]:
    return lambda tally: any(FORMATS[form] == kind for form in tally.dates.formats)


def _nearly_all_differ(tally: Tally) -> bool:
    return tally.there >= LEAST and tally.values.share >= NEARLY_ALL


RULES: tuple[tuple[str, Callable[[Tally], bool]], ...] = (
    ("constant", _is_constant),
    ("identifier", _counts_rows),
    ("yes/no", _is_yes_no),
    ("category", _is_few),
    ("whole number", lambda tally: bool(found := _numbers(tally)) and found.whole),
    ("number", lambda tally: bool(_numbers(tally))),
    *((kind, _is_dated(kind)) for kind in DATED),
    ("identifier", _nearly_all_differ),
    ("category", lambda tally: True),
)
"""Kind -> whether a column is of this kind, if it is of none above."""


# --- what of it ----------------------------------------------------------------------------------


def _column(said: Column, tally: Tally) -> Column:
    """Return a column with all that is known about it; what its schema says stays."""
    single = said.kind in CODED and not said.categories and _is_constant(tally)
    if said.kind == "constant" or single or not tally.there:
        kept = replace(_numbered(said, tally), kind="constant", missing=False)
        values = tuple(tally.values.ranked()[:1])
        note = shown(values[0]) if values else "without any value"
        return replace(kept, categories=said.categories or values, note=note)
    found = replace(said, missing=said.missing or tally.missing > 0)
    for kinds, fill in FILL.items():
        if said.kind in kinds:
            found = fill(found, tally)
    gaps = f"{tally.missing} of {tally.rows} missing" if tally.missing else ""
    return replace(found, note=", ".join(filter(None, [found.note, gaps])))


def _numbered(column: Column, tally: Tally) -> Column:
    found = _numbers(tally)
    if not found:
        return column
    least, most = found.decimals
    note = f"{found.low:.15g} to {found.high:.15g}"
    return replace(
        column,
        decimals=column.decimals or most,
        padded=column.padded or least == most > 0,
        note=note,
    )


def _dated(column: Column, tally: Tally) -> Column:
    """Return a date with its format: the first that fits all cells, or at least the first of them."""
    fits = [f for f in tally.dates.formats if FORMATS[f] == column.kind]
    some = [f for f, kind in FORMATS.items() if kind == column.kind]
    first = [f for f in some if not np.isnan(dates(pa.array([tally.dates.first]), f)).any()]
    form = column.format or [*fits, *first, *some][0]
    note = f"such as {tally.dates.first}"
    if ambiguous(fits):
        note += f", day first, {form} (no day above 12 tells)"
    return replace(column, format=form, note=note)


def _coded(column: Column, tally: Tally) -> Column:
    ranked = tally.values.ranked()
    categories = column.categories or tuple(ranked[:CODES])
    rest = set(ranked) - set(categories)
    others = bool(rest) and (column.others or not column.categories)
    more = "more than " * tally.values.full
    words = [f"{value} {tally.values.counts.get(value, 0)}" for value in categories]
    note = listed(words, 5) if len(categories) <= 5 else f"{more}{len(ranked)} values"
    if others:
        note += f", of which {len(categories)} have a code of their own"
    return replace(column, categories=categories, others=others, note=note + _strays(tally))


def _left_out(column: Column, tally: Tally) -> Column:
    found = _numbers(tally)
    why = "it counts the rows" if found and found.whole else "nearly all its values differ"
    return replace(column, missing=False, note=why + _strays(tally))


def _strays(tally: Tally) -> str:
    """Say which cell keeps a column from being one of numbers, if nearly all are numbers."""
    for found in tally.numbers.values():
        if found.other and found.count >= NEARLY_NUMBERS * tally.there:
            return f", nearly all of them numbers, but not {shown(found.other)}"
    return ""


FILL: dict[tuple[str, ...], Callable[[Column, Tally], Column]] = {
    ("number", "whole number"): _numbered,
    DATED: _dated,
    CODED: _coded,
    ("identifier",): _left_out,
}
"""Kinds -> what fills in the rest of a column of such a kind."""
