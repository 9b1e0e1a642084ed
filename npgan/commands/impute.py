"""Fill the gaps of a table."""

import argparse

from npgan.commands import common

SUMMARY = "fill the cells of a table that have no value"
EXAMPLES = """
  npgan train table-vae --data people.csv
  npgan impute runs/table-vae --data people.csv --out filled.csv            the same rows, without gaps
  npgan impute runs/table-vae --data people.csv --seed 1 --out again.csv    other draws for the gaps
"""
OPTIONS = (common.RUN, common.TABLE, common.SEED, common.out("the table", endings=common.TABLES))


def run(a: argparse.Namespace) -> None:
    """Fill the gaps, and leave every other value as it is; the gaps of identifiers stay."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from npgan import runs, tables
    from npgan.data.rows import open_table
    from npgan.models import TableVAE
    from npgan.study.imputation import impute

    model, _ = runs.load_for("impute", a.run_folder, TableVAE)
    encoding = runs.read_table(a.run_folder)
    source = open_table(a.data, least=1)
    rows = impute(model, encoding, encoding.rows(source, a.seed), a.seed)
    made = tables.texts(encoding.decode(rows, a.seed), encoding.schema)
    given = pa.Table.from_batches(source.batches())
    columns = {
        name: pc.coalesce(given[name], made[name]) if name in made.column_names else given[name]
        for name in given.column_names
    }
    tables.write_texts(pa.table(columns), a.out, source.delimiter)
