"""Tables as data sets: rows of numbers and of codes of categories."""

import re
from pathlib import Path
from typing import Any

import numpy as np

from npgan.data.dataset import Dataset
from npgan.errors import InputError, as_path, fraction

__all__ = ["TABLES", "is_table", "load_table", "open_table"]

LETTERS = 2**16  # of a line that is looked at

TABLES = {"penguins": Path(__file__).with_name("tables") / "penguins.csv"}
"""Name of a table -> its file. Penguins: Horst, Hill and Gorman 2020, "palmerpenguins" (CC0)."""


def open_table(table: Any, least: int = 2) -> Any:
    """Return a table's :class:`npgan.tables.Source`, of at least so many rows; it may be a name of `TABLES`.

    >>> open_table("penguins").names[:2]
    ('species', 'island')
    """
    from npgan import tables

    named = isinstance(table, str) and table in TABLES
    return tables.open_source(TABLES[table] if named else table, least)


def load_table(table: Any, share: float = 0.0, schema: Any = None, encoding: Any = None) -> Dataset:
    """Load a table of numbers, categories, dates, ...: a file, a pandas DataFrame or a pyarrow table.

    Its rows are as :class:`npgan.tables.Encoding` makes them.

    Parameters
    ----------
    table : a name of `TABLES`, the path of a .csv, .tsv or .parquet file, a DataFrame or a pyarrow table
    share : the share of the rows that is held out as test rows
    schema : an :class:`npgan.tables.Schema`; None: the columns are recognised
    encoding : that of the run that the rows are for; None: a new one, found from all rows of the table

    Examples
    --------
    >>> import pyarrow
    >>> load_table(pyarrow.table({"age": [22, 38, 26, 35], "sex": ["m", "f", "f", "m"]}))
    Dataset('the table', train=(4, 2) float32)

    Raises InputError if the table cannot be read, does not fit, or has no column to learn from.
    """
    from npgan import tables

    share, source = fraction("share", share), open_table(table)
    if encoding is None:
        found = tables.infer(source) if schema is None else tables.complete(schema, source)
        encoding = tables.Encoding.fit(found, source)
    if not encoding.widths:
        raise InputError(
            f"{source.name} has no column to learn from: {'; '.join(encoding.lines())}"
        )
    name = table if isinstance(table, str) and table in TABLES else source.name
    rows = encoding.rows(source)
    return Dataset(name, rows, table=encoding, notes=source.notes).keep_back(share)


def is_table(name_or_path: str | Path) -> bool:
    """Return whether data are a table for :func:`load_table`, and not only numbers, which `load_path` reads.

    For a .csv file the first rows decide, for a .csv.gz whether they are those of images; a folder is none.

    >>> is_table("penguins"), is_table("mnist"), is_table("people.parquet")
    (True, False, True)
    """
    path = as_path(name_or_path)
    if name_or_path in TABLES:
        return True
    ending = Path(path.name.removesuffix(".gz")).suffix
    if ending != ".csv":
        return ending in (".tsv", ".txt", ".parquet") and not path.is_dir()
    if not path.is_file():
        return False
    from npgan import tables

    try:
        source = tables.open_source(path)
        if not source.plain or tables.has_more_than_numbers(source):
            return True
        return path.suffix == ".gz" and not _holds_images(source)
    except InputError:  # what is wrong with a table, `load_table` says
        return path.suffix == ".gz" or _has_words(path)


def _holds_images(source: Any) -> bool:
    """Return whether the first rows of a table are the pixels of images."""
    from npgan.data.table import LABELS, pixels
    from npgan.tables.cells import numbers

    batch = next(iter(source.batches()))
    kept = [i for i, name in enumerate(source.names) if name.lower() not in LABELS]
    if not kept:
        return False
    table = np.column_stack([numbers(batch.column(i), ".") for i in kept])
    names = [source.names[i] for i in kept]
    return pixels(table, names, labelled=len(kept) < len(source.names)) is not None


def _has_words(path: Path) -> bool:
    """Return whether the second line of a text has a cell that is no number."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            file.readline(LETTERS)
            cells = re.split("[,;\t]", file.readline(LETTERS).strip())
    except OSError:
        return False
    return any(not re.fullmatch(r"[\s\d.eE+-]*|nan|inf", cell) for cell in cells)
