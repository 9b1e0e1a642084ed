"""Load a data set, say what it holds and draw it."""

import argparse
from typing import Any

import numpy as np

from npgan.commands.common import FIT, SIZE, fit_of, option, picture, text
from npgan.errors import InputError

SUMMARY = "load a data set and say what it holds"
EXAMPLES = """
  npgan data mnist --out digits.png         load a data set, say what it holds and draw it
  npgan data fashion-mnist                  downloads and verifies it first
  npgan data photos/ --size 32 --out first.png      pictures of any sizes
  npgan data people.csv                     a table: what its columns are
  npgan data people.csv --schema > schema.toml      the same, as a file to change and give to npgan train --schema
"""
OPTIONS = (
    option("name", type=text, metavar="NAME|PATH"),
    SIZE,
    FIT,
    option("--schema", action="store_true", help="print what the columns of a table are, as TOML"),
    option("--out", type=picture(".png"), metavar="FILE.png", help="draw its first rows"),
)


def run(a: argparse.Namespace) -> None:
    """Print what a data set holds, and draw its first rows."""
    from npgan import data

    if a.schema or data.is_table(a.name):
        _describe_table(a)
    else:
        _describe(a)


def _describe_table(a: argparse.Namespace) -> None:
    """Print what the columns of a table are."""
    from npgan import data

    if a.size or a.out:
        raise InputError(f"{a.name} is a table: --size and --out are for pictures")
    dataset = data.load_table(a.name)
    table: Any = dataset.table
    print(table.schema.to_toml() if a.schema else "\n".join([dataset.summary(), *table.lines()]))


def _describe(a: argparse.Namespace) -> None:
    """Print a summary of rows or images, and draw the first of them."""
    from npgan import data, plotting
    from npgan.data.fit import DEFAULT

    dataset = data.load(a.name, a.size, fit_of(a.size, a.fit) or DEFAULT)
    print(dataset)
    print(dataset.summary())
    if dataset.train_labels is not None:
        classes, counts = np.unique(dataset.given(dataset.train_labels), return_counts=True)
        rows = ", ".join(f"{c}: {n}" for c, n in zip(classes, counts, strict=True))
        print(f"training rows a class: {rows}")
    if a.out and dataset.image_shape:
        images = dataset.train[:64]
        limits = (0, 255) if images.dtype == np.uint8 else (images.min(), images.max())
        plotting.save_grid(a.out, plotting.to_unit(images, *limits), dataset.shape, columns=8)
    elif a.out and dataset.train.shape[1] == 2:
        plotting.save_points(a.out, dataset.train[:0], dataset.train)
    elif a.out:
        raise InputError(f"rows of {dataset.train.shape[1]} numbers are no picture")
