"""Rows of a table as networks see them, and back.

A row consists of ``blocks`` numbers, float32. A number or date is one block, its normal score
(:mod:`npgan.tables.quantiles`). If it may be missing, a second block follows: 0 if it is there, 1 if it is not; then
the score is a draw from N(0, 1). A category or yes/no is one block, a code from 0. After the codes of its categories
comes one for all values that have no code of their own, and then one for missing, where there are such cells.
Identifiers and constants have no block. Of columns that are one series (:mod:`npgan.tables.series`), the last blocks
are principal components.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np
import pyarrow as pa

from npgan.errors import InputError, array, generator, instance, shown
from npgan.tables.cells import EXACT
from npgan.tables.dates import LARGEST
from npgan.tables.natural import coded, constant, numbered
from npgan.tables.quantiles import Quantiles
from npgan.tables.rare import Rare, count_rare
from npgan.tables.read import Source, is_missing
from npgan.tables.schema import CODED, DATED, NUMBERED, Column, Schema
from npgan.tables.series import Series, candidates, every
from npgan.tables.values import codes, each, values

__all__ = ["Encoding"]

ROWS = 1_000_000
"""The most rows from which quantiles are estimated."""


def _widths(column: Column) -> tuple[int, ...]:
    """Return the widths of a column's blocks."""
    if column.kind in NUMBERED:
        return (1, 2) if column.missing else (1,)
    if column.kind in CODED:
        return (len(column.categories) + column.others + column.missing,)
    return ()


def _check_whole(schema: Schema) -> None:
    """Raise an InputError unless a schema says all that an encoding needs to know."""
    for column in schema.columns:
        few = column.kind in CODED and _widths(column)[0] < 2
        if few or (column.kind in DATED and not column.format):
            raise InputError(
                f"the schema does not say all of the column {column.name}: complete it"
            )
    if not any(map(_widths, schema.columns)):
        raise InputError("all columns are identifiers or constants, from which nothing is learned")


@dataclass(frozen=True)
class Encoding:
    """A schema, the quantiles of its numbers, and the values that have no code of their own.

    >>> from npgan.tables import infer, open_source
    >>> source = open_source(pa.table({"age": [22, None, 38, 22], "sex": ["m", "f", "f", "m"]}))
    >>> encoding = Encoding.fit(infer(source), source)
    >>> encoding.widths, encoding.code("sex", "m")
    ((1, 2, 2), (2, 1))
    >>> encoding.decode(encoding.rows(source), np.random.default_rng(0)).to_pylist()[1:3]
    [{'age': None, 'sex': 'f'}, {'age': 38, 'sex': 'f'}]
    """

    schema: Schema
    numbers: dict[str, Quantiles] = field(repr=False)
    others: dict[str, Rare] = field(repr=False)
    series: Series | None = field(default=None, repr=False)

    @classmethod
    def fit(cls, schema: Schema, source: Source) -> "Encoding":
        """Return the encoding of a table; quantiles are found from at most 1,000,000 rows, evenly chosen.

        Columns are a series if they are at least 16 numbers without gaps, one after another, of which neighbours
        have a mean correlation of at least 0.9.
        """
        instance("schema", schema, Schema)
        instance("source", source, Source)
        _check_whole(schema)
        step = -(-max(schema.rows, 1) // ROWS)
        found: dict[str, list[np.ndarray]] = {}
        others: dict[str, Counter] = {c.name: Counter() for c in schema.columns if c.others}
        before = 0

        def look(batch: pa.RecordBatch) -> None:
            nonlocal before
            for column in schema.columns:
                cells = batch.column(column.name)
                if column.kind in NUMBERED:
                    some = values(column, cells, schema.decimal)[-before % step :: step]
                    found.setdefault(column.name, []).append(some[~np.isnan(some)])
                elif column.others:
                    count_rare(cells, column.categories, others[column.name])
            before += len(batch)

        for _ in each(source, [c.name for c in schema.columns], look):
            pass
        kept = {name: np.concatenate(found.pop(name)) for name in list(found)}
        for name, some in kept.items():
            if not len(some):
                raise InputError(f"{source.name}: the column {name} has no value")
        numbers = {name: Quantiles.fit(some) for name, some in kept.items()}
        for name, counts in others.items():
            if not counts:
                raise InputError(
                    f"{source.name}: the column {name} has no others than its categories"
                )
        rare = {name: Rare.most(one) for name, one in others.items()}
        return cls(schema, numbers, rare, _series(schema.columns, numbers, kept))

    def lines(self) -> list[str]:
        """Return a line about each column, but one about all those of a series."""
        if not self.series:
            return self.schema.lines()
        names = self.series.names
        rest = tuple(c for c in self.schema.columns if c.name not in names)
        return [*replace(self.schema, columns=rest).lines(), self.series.line]

    @cached_property
    def _learned(self) -> dict[str, Column]:
        """Return each column that has a block, those of a series last."""
        last = set(self.series.names) if self.series else ()
        columns = sorted(self.schema.columns, key=lambda column: column.name in last)
        return {column.name: column for column in columns if _widths(column)}

    @cached_property
    def blocks(self) -> dict[str, int]:
        """Return the first block of each column that has one, those of a series last, as :meth:`cells` has them."""
        sizes = [len(_widths(column)) for column in self._learned.values()]
        return dict(zip(self._learned, accumulate(sizes, initial=0), strict=False))

    @property
    def widths(self) -> tuple[int, ...]:
        """The width of each block: 1 for a number, the number of its codes for a category."""
        found = [width for column in self._learned.values() for width in _widths(column)]
        if self.series:
            found[-len(self.series.names) :] = [1] * len(self.series.components)
        return tuple(found)

    def cells(self, rows: np.ndarray) -> np.ndarray:
        """Return rows (n, blocks) with a block for each number of a series, instead of each component."""
        if not self.series:
            return rows
        first = len(self.widths) - len(self.series.components)
        return np.column_stack([rows[:, :first], self.series.decode(rows[:, first:])])

    def encode(self, batch: pa.RecordBatch, rng: np.random.Generator | int | None) -> np.ndarray:
        """Return the rows (n, blocks), float32, of a batch of a source.

        Raises an InputError for a category that was never seen, for a cell that is not a number, and for an empty cell
        where none may be.
        """
        width = sum(len(_widths(column)) for column in self._learned.values())
        rng, rows = generator(rng), np.empty((len(batch), width), np.float32)
        for name, column in self._learned.items():
            at, cells = self.blocks[name], batch.column(name)
            if column.kind in CODED:
                found = codes(column, cells)
                rows[:, at] = np.where(found < 0, _widths(column)[0] - 1, found)
                continue
            x = values(column, cells, self.schema.decimal)
            missing = np.isnan(x)
            rows[:, at] = self.numbers[name].encode(np.where(missing, 0, x), rng)
            if column.missing:
                rows[missing, at] = rng.standard_normal(missing.sum(), np.float32)
                rows[:, at + 1] = missing
        if self.series:
            first = width - len(self.series.names)
            return np.column_stack([rows[:, :first], self.series.encode(rows[:, first:], rng)])
        return rows

    def rows(self, source: Source, seed: int = 0) -> np.ndarray:
        """Return all rows (n, blocks), float32, of a source; an InputError names the line of a wrong cell.

        The source may be without the columns that have no block, identifiers and constants.
        """
        instance("source", source, Source)
        rng, columns = generator(seed), [column.name for column in self.schema.columns]
        names = [name for name in columns if name in self.blocks or name in source.names]
        expected = min(max(self.schema.rows, 1), ROWS)
        rows = np.empty((expected, len(self.widths)), np.float32)
        end = 0
        for some in each(source, names, lambda batch: self.encode(batch, rng)):
            start, end = end, end + len(some)
            if end > len(rows):  # in place: no second copy of millions of rows
                rows.resize((max(end, 2 * len(rows)), rows.shape[1]), refcheck=False)
            rows[start:end] = some
        rows.resize((end, rows.shape[1]), refcheck=False)
        return rows

    def decode(self, rows: np.ndarray, rng: np.random.Generator | int | None) -> pa.Table:
        """Return the table of rows (n, blocks): all columns except identifiers, in their natural types.

        Numbers have the column's decimals and lie within its range.
        """
        rows = self.cells(array("rows", rows, ("n", len(self.widths))))
        rng, columns = generator(rng), {}
        for column in self.schema.columns:
            at = self.blocks.get(column.name)
            if column.kind == "constant":
                columns[column.name] = constant(column, len(rows), self.schema.decimal)
            elif column.kind in NUMBERED and at is not None:
                x = self.numbers[column.name].decode(rows[:, at])
                missing = self._codes(rows, at + 1) == 1 if column.missing else None
                columns[column.name] = numbered(column, x, missing)
            elif at is not None:
                texts = [*column.categories, *self._rare(column).values]
                found = self._drawn(column, self._codes(rows, at), rng)
                columns[column.name] = coded(column, texts, found)
        return pa.table(columns)

    def missing(self, rows: np.ndarray) -> np.ndarray:
        """Return which blocks of rows (n, blocks) belong to a cell without a value, (n, blocks)."""
        found = np.zeros(rows.shape, bool)
        for name, at in self.blocks.items():
            column = self.schema.column(name)
            if column.missing and column.kind in CODED:
                found[:, at] = rows[:, at] == self.widths[at] - 1
            elif column.missing:
                found[:, at] = found[:, at + 1] = rows[:, at + 1] == 1
        return found

    def there(self) -> np.ndarray:
        """Return (d,), d the sum of the widths: 0 for the categories that mean "missing", and 1 elsewhere."""
        ends, found = np.cumsum(self.widths), np.ones(sum(self.widths))
        for name, at in self.blocks.items():
            column = self.schema.column(name)
            if column.missing:
                found[ends[at if column.kind in CODED else at + 1] - 1] = 0
        return found

    def code(self, column: str, value: str) -> tuple[int, int]:
        """Return the block of a category, and the code of a value there; an empty value has the code of missing."""
        found = self.schema.column(column)
        if found.kind not in CODED:
            raise InputError(f"the column {column} is a {found.kind}: only categories have codes")
        at = self.blocks[column]
        if value in found.categories:
            return at, found.categories.index(value)
        if is_missing(value) and found.missing:
            return at, _widths(found)[0] - 1
        if value in self._rare(found).values:
            raise InputError(
                f"{shown(value)} in the column {column} is rare: it has no code of its own"
            )
        known = ", ".join(found.categories[:20]) + ", ..." * (len(found.categories) > 20)
        raise InputError(f"the column {column} has no {shown(value)}; it has {known}")

    def _rare(self, column: Column) -> Rare:
        return self.others.get(column.name, Rare())

    def _codes(self, rows: np.ndarray, at: int) -> np.ndarray:
        found = array(f"block {at}", rows[:, at], ("n",), limits=(0, self.widths[at] - 1))
        return np.rint(found).astype(np.int64)

    def _drawn(self, column: Column, found: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return places (n,) in the categories and then the others, which are drawn by frequency; -1 for missing."""
        last, known = _widths(column)[0] - 1, len(column.categories)
        missing = (found == last) & column.missing
        if column.others:
            some = found == known
            found[some] += self._rare(column).draw(some.sum(), rng)
        return np.where(missing, -1, found)

    def to_dict(self) -> dict[str, Any]:
        """Return the encoding as a dict that JSON can hold."""
        return {
            "schema": self.schema.to_toml(),
            "numbers": {name: found.to_dict() for name, found in self.numbers.items()},
            "others": {name: found.to_dict() for name, found in self.others.items()},
        } | ({"series": self.series.to_dict()} if self.series else {})

    @classmethod
    def from_dict(cls, said: Any) -> "Encoding":
        """Return the encoding of such a dict, or raise an InputError."""
        if not isinstance(said, dict) or {*said} - {"series"} != {"schema", "numbers", "others"}:
            raise InputError("an encoding must say its schema, numbers and others")
        schema = Schema.from_toml(said["schema"])
        _check_whole(schema)
        numbered = {c.name for c in schema.columns if c.kind in NUMBERED}
        rare = {c.name for c in schema.columns if c.others}
        for part, names in (("numbers", numbered), ("others", rare)):
            if not isinstance(said[part], dict) or {*said[part]} != names:
                raise InputError(f"an encoding's {part} must be those of the schema's columns")
        numbers = {name: Quantiles.from_dict(one) for name, one in said["numbers"].items()}
        for column in schema.columns:
            last = {"whole number": EXACT, **LARGEST}.get(column.kind)
            if last is not None and abs(numbers[column.name].x).max() > last:
                raise InputError(f"the quantiles of the column {column.name} are no {column.kind}s")
        others = {name: Rare.from_dict(one) for name, one in said["others"].items()}
        series = Series.from_dict(said["series"], schema.columns) if "series" in said else None
        return cls(schema, numbers, others, series)


def _series(
    columns: Sequence[Column], numbers: dict[str, Quantiles], some: dict[str, np.ndarray]
) -> Series | None:
    """Return the first columns that are a series, if there are any, as some of their values (n,) show."""
    for run in candidates(columns):
        names, rng = [column.name for column in run], generator(0)
        step = every(len(some[names[0]]), len(names))
        scores = [numbers[name].encode(some[name][::step], rng) for name in names]
        if found := Series.fit(names, np.column_stack(scores)):
            return found
    return None
