"""Tables of pyarrow, pandas and Parquet, read with every column as strings."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from npgan.errors import InputError
from npgan.system.disk import opened

ROWS = 2**16  # at once

types = pa.types
PLAIN = (
    types.is_boolean,
    types.is_integer,
    types.is_floating,
    types.is_decimal,
    types.is_string,
    types.is_large_string,
    types.is_string_view,
    types.is_date,
    types.is_null,
)
"""Tests of types whose values are written as they are."""
SECONDS = {types.is_timestamp: pa.timestamp("s"), types.is_time: pa.time32("s")}
"""Test of a type that is written to the second -> the type it is written as; times with a zone are in UTC."""


def as_text(column: pa.Array, name: str, table: str) -> pa.Array:
    """Return a column as strings, or raise an InputError if npgan does not know its type.

    >>> as_text(pa.array([True, None]), "a", "a table").to_pylist()
    ['true', None]
    """
    kind = column.type
    try:
        if types.is_dictionary(kind):
            return as_text(column.dictionary_decode(), name, table)
        for is_it, seconds in SECONDS.items():
            if is_it(kind):
                return column.cast(seconds, safe=False).cast(pa.string())
        if any(is_it(kind) for is_it in PLAIN):
            return column.cast(pa.string())
    except pa.ArrowNotImplementedError:
        pass
    except pa.ArrowInvalid as error:
        raise InputError(f"{table}, column {name}: {error}") from None
    raise InputError(
        f"{table}, column {name}: numbers, texts, truth values, dates and times are read, not {kind}"
    )


def as_table(table: Any) -> pa.Table | None:
    """Return a pandas DataFrame or a pyarrow Table as a pyarrow Table, and None for anything else."""
    if isinstance(table, pa.Table):
        return table
    pandas = sys.modules.get("pandas")
    if pandas is None or not isinstance(table, pandas.DataFrame):
        return None
    names = [str(name) for name in table.columns]
    try:
        columns = [pa.array(table.iloc[:, i], from_pandas=True) for i in range(len(names))]
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise InputError(f"the DataFrame has a column of mixed types: {error}") from None
    return pa.Table.from_arrays(columns, names=names)


def table_batches(table: pa.Table) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a table."""
    yield from table.to_batches(ROWS)


@contextmanager
def _parquet(path: Path) -> Iterator[pq.ParquetFile]:
    """Open a Parquet file; whatever is wrong with it is an InputError of one line."""
    try:
        with opened(path) as (file, _):
            yield pq.ParquetFile(file, memory_map=False)
    except (pa.ArrowException, OSError) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise InputError(f"cannot read {path}: {reason}") from None


def parquet_names(path: Path) -> list[str]:
    """Return the names of a Parquet file's columns."""
    with _parquet(path) as file:
        return list(file.schema_arrow.names)


def parquet_batches(path: Path) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a Parquet file."""
    with _parquet(path) as file:
        yield from file.iter_batches(ROWS, use_threads=False)
