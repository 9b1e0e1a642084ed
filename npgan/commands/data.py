"""Load a data set, say what it holds and draw it."""

import argparse

import numpy as np

from npgan.commands.common import FIT, SIZE, fit_of, option, picture, text
from npgan.errors import InputError

SUMMARY = "load a data set and say what it holds"
EXAMPLES = """
  npgan data mnist --out digits.png         load a data set, say what it holds and draw it
  npgan data fashion-mnist                  downloads and verifies it first
  npgan data photos/ --size 32 --out first.png      pictures of any sizes
"""
OPTIONS = (
    option("name", type=text, metavar="NAME|PATH"),
    SIZE,
    FIT,
    option("--out", type=picture(".png"), metavar="FILE.png", help="draw its first rows"),
)


def run(a: argparse.Namespace) -> None:
    """Print its summary, and draw its first rows."""
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
