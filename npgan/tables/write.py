"""Tables are written as their source was: with the same delimiter, decimals, dates, and words for yes and no."""

import io
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from npgan.errors import as_path, chosen, instance
from npgan.system.disk import write_atomically
from npgan.tables import cells, dates
from npgan.tables.schema import DATED, WORDS, Column, Schema

__all__ = ["texts", "write", "write_texts"]

ROWS = 2**16  # the most that become text at once


def write(table: pa.Table, path: str | Path, schema: Schema) -> None:
    r"""Write a table as .csv, .tsv or .parquet, whole or not at all.

    A CSV file has the delimiter and the decimal mark of the schema; numbers have the decimals of their columns,
    and dates have their formats. Cells without a value are empty.

    Raises an InputError for any other ending, and for columns that are not in the schema.

    >>> import tempfile
    >>> schema = Schema((Column("a", "number", decimals=2, padded=True),), delimiter=";", decimal=",")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(pa.table({"a": [3.5, 0.25]}), Path(folder) / "a.csv", schema)
    ...     (Path(folder) / "a.csv").read_text()
    'a\n3,50\n0,25\n'
    """
    instance("table", table, pa.Table)
    instance("schema", schema, Schema)
    path = as_path(path)
    write_as = chosen("ending of a table", path.suffix, ENDINGS)
    for name in table.column_names:
        schema.column(name)
    write_atomically(path, write_as(table, schema))


def texts(table: pa.Table, schema: Schema, decimal: str | None = None) -> pa.Table:
    """Return a table's values as strings, as its source has them; null for what is missing.

    >>> texts(pa.table({"a": [3.5]}), Schema((Column("a", "number", decimals=2, padded=True),))).to_pylist()
    [{'a': '3.50'}]
    """
    mark = decimal or schema.decimal
    columns = {name: _cells(table[name], schema.column(name), mark) for name in table.column_names}
    return pa.table(columns)


def write_texts(table: pa.Table, path: str | Path, delimiter: str) -> None:
    """Write a table of strings, whole or not at all, as .tsv with tabs; a cell without a value is empty."""
    instance("table", table, pa.Table)
    path = as_path(path)
    write_atomically(path, _lines(table, "\t" if path.suffix == ".tsv" else delimiter))


def _csv(table: pa.Table, schema: Schema) -> memoryview:
    mark = "." if schema.delimiter == "," else schema.decimal
    return _lines(texts(table, schema, mark), schema.delimiter)


def _tsv(table: pa.Table, schema: Schema) -> memoryview:
    return _lines(texts(table, schema), "\t")


def _parquet(table: pa.Table, schema: Schema) -> memoryview:
    content = pa.BufferOutputStream()
    pq.write_table(table, content)
    return memoryview(content.getvalue())


ENDINGS: dict[str, Callable[[pa.Table, Schema], memoryview]] = {
    ".csv": _csv,
    ".tsv": _tsv,
    ".parquet": _parquet,
}
"""A file's ending -> what makes its content."""


def _lines(table: pa.Table, delimiter: str) -> memoryview:
    empty = "" if len(table.column_names) > 1 else '""'  # an empty line would be no row
    header = _quoted(pa.array(table.column_names), delimiter).to_pylist()
    content = io.BytesIO()
    content.write((delimiter.join(header) + "\n").encode())
    for batch in table.to_batches(ROWS):
        parts = [_quoted(one, delimiter) for one in batch.columns]
        lines = pc.binary_join_element_wise(
            *parts, delimiter, null_handling="replace", null_replacement=empty
        )
        content.write("".join(f"{line}\n" for line in lines.to_pylist()).encode())
    return content.getbuffer()


def _cells(values: pa.Array, column: Column, decimal: str) -> pa.Array:
    """Return a column's values as strings, as its source has them."""
    kind = values.type
    if pa.types.is_boolean(kind):
        yes = next((word for word in column.categories if word.lower() in WORDS), "true")
        no = next((word for word in column.categories if word.lower() not in WORDS), "false")
        return pc.if_else(values, yes, no)
    if column.kind in DATED:
        return dates.as_cells(values, column.format)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return cells.as_cells(values, column.decimals, column.padded, decimal)
    return values.cast(pa.string())


def _quoted(text: pa.Array, delimiter: str) -> pa.Array:
    """Return cells (n,), in quotes where they need them."""
    unsafe = pc.match_substring_regex(text, f'[{delimiter}"\n\r]|^#')
    inside = pc.replace_substring(text, '"', '""')
    return pc.if_else(unsafe, pc.binary_join_element_wise('"', inside, '"', ""), text)
