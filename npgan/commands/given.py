"""Rows that a user gives a trained run, and the table of what is said of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from npgan.commands import common
from npgan.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

    from npgan.data import Dataset


@dataclass(frozen=True)
class Given:
    """Rows as a model's own methods take them, and what they are known by.

    Attributes
    ----------
    name : of the file
    rows : (n, d) floats
    table : strings: the rows of a table as they were given, the names of pictures, or rows' numbers from 0 on
    delimiter, decimal : of the table's text
    """

    name: str
    rows: np.ndarray
    table: "pa.Table"
    delimiter: str = ","
    decimal: str = "."

    def write(self, columns: Mapping[str, np.ndarray], path: Path) -> None:
        """Write the table with further columns of numbers (n,)."""
        import pyarrow as pa

        from npgan import tables

        table = self.table
        for name, numbers in columns.items():
            if name in table.column_names:
                raise InputError(f"{self.name} has a column {name} already")
            texts = [f"{number:.6g}".replace(".", self.decimal) for number in numbers]
            table = table.append_column(name, pa.array(texts))
        tables.write_texts(table, path, self.delimiter)


def given(trained: common.Trained, source: str, seed: int = 0) -> Given:
    """Return the rows at a name or path; ``seed`` is of the noise in a table's rows."""
    if trained.model.of_tables:
        from npgan.data.rows import open_table

        return of_table(trained, open_table(source, least=1), seed)
    import pyarrow as pa

    from npgan.data.files import picture_names

    dataset = like(trained, source)
    rows, names = dataset.held_out[0], picture_names(source)
    known = {"name": names} if names else {"row": list(map(str, range(len(rows))))}
    return Given(dataset.name, trained.taken(rows), pa.table(known))


def of_table(trained: common.Trained, source: Any, seed: int) -> Given:
    """Return the rows of a table's source."""
    import pyarrow as pa

    from npgan import runs

    encoding = runs.read_table(trained.folder)
    rows, table = encoding.rows(source, seed), pa.Table.from_batches(source.batches())
    decimal = "." if source.delimiter == "," else encoding.schema.decimal
    return Given(source.name, rows, table, source.delimiter, decimal)


def like(trained: common.Trained, source: str) -> "Dataset":
    """Return data of the shape of the run's; pictures in a folder are brought to it."""
    from npgan import data
    from npgan.data.files import picture_names
    from npgan.data.fit import DEFAULT

    config = trained.config
    size = config.image_shape if picture_names(data.split_class(source)[0]) else None
    dataset = data.load(source, size, config.fit or DEFAULT)
    if config.shape not in (None, list(dataset.shape)):
        raise InputError(
            f"{dataset.name} has samples of the shape {dataset.shape}; those of {trained.folder} have "
            f"{tuple(config.shape)}"
        )
    return dataset
