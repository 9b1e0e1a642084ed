"""Say of each row of a table how unusual it is."""

import argparse

import numpy as np

from npgan.commands import common
from npgan.errors import InputError

SUMMARY = "say how unusual each row of a table is"
EXAMPLES = """
  npgan train table-vae --data people.csv
  npgan score runs/table-vae --data new.csv --out scores.csv    its rows, with a column "score"
"""
TABLES = ".csv", ".tsv"
COLUMN = "score"
OPTIONS = (
    common.RUN,
    common.option(
        "--data",
        type=common.text,
        required=True,
        metavar="PATH",
        help="a table with the run's columns",
    ),
    common.whole("--samples", 16, "codes that are drawn for a row"),
    common.SEED,
    common.out("the table, and a score for each row", endings=TABLES),
)


def run(a: argparse.Namespace) -> None:
    """Score the rows and save them.

    A score is minus the bound on the logarithm of a row's likelihood, in nats: the higher, the more unusual.
    """
    import pyarrow as pa

    from npgan import runs, tables
    from npgan.models import TableVAE

    model, _ = runs.load_for("score", a.run_folder, TableVAE)
    encoding, source = runs.read_table(a.run_folder), tables.open_source(a.data)
    if COLUMN in source.names:
        raise InputError(f"{source.name} has a column {COLUMN} already")
    rows = encoding.rows(source, a.seed)
    score = -model.bound(rows, np.random.default_rng(a.seed), a.samples)
    table = pa.Table.from_batches(source.batches()).append_column(COLUMN, pa.array(score.round(3)))
    columns = [tables.Column(name, "category", missing=True) for name in source.names]
    columns.append(tables.Column(COLUMN, "number", decimals=3, padded=True))
    schema = tables.Schema(tuple(columns), len(rows), source.delimiter, encoding.schema.decimal)
    tables.write(table, a.out, schema)
