"""Say of each row of a table how unusual it is."""

import argparse

import numpy as np

from npgan.commands import common
from npgan.errors import InputError

SUMMARY = "score each row of a table by how unusual it is"
EXAMPLES = """
  npgan train table-vae --data people.csv
  npgan score runs/table-vae --data new.csv --out scores.csv    its rows, with a column "score"
"""
COLUMN = "score"
OPTIONS = (
    common.RUN,
    common.TABLE,
    common.whole("--samples", 16, "codes that are drawn for a row", most=10_000),
    common.SEED,
    common.out("the table, and a score for each row", endings=common.TABLES),
)


def run(a: argparse.Namespace) -> None:
    """Score the rows and save them.

    A score is minus a lower bound on the logarithm of a row's likelihood, in nats: the higher, the more unusual.
    """
    import pyarrow as pa

    from npgan import runs, tables
    from npgan.data.rows import open_table
    from npgan.models import TableVAE

    model, _ = runs.load_for("score", a.run_folder, TableVAE)
    encoding = runs.read_table(a.run_folder)
    source = open_table(a.data, least=1)
    if COLUMN in source.names:
        raise InputError(f"{source.name} has a column {COLUMN} already")
    rows = encoding.rows(source, a.seed)
    score = -model.bound(rows, np.random.default_rng(a.seed), a.samples)
    table = pa.Table.from_batches(source.batches())
    texts = pa.array([f"{one:.3f}" for one in score])
    tables.write_texts(table.append_column(COLUMN, texts), a.out, source.delimiter)
