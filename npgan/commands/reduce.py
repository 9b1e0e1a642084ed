"""Reduce dimensions: write the codes of rows, or draw a map of them, beside a map by principal components.

Two numbers say how much a code keeps: the squared error of reconstructions, and the accuracy of predicting a
row's class from its nearest neighbours' codes. Principal components are the best linear code of the same width.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from npgan.commands import common
from npgan.commands.given import given, like
from npgan.errors import InputError, count

SUMMARY = "reduce rows to codes: a table of them, or a map beside principal components"
EXAMPLES = """
  npgan reduce runs/autoencoder --out map.png
  npgan reduce runs/vae -k 10 --out map.png      classes by the votes of 10 neighbours
  npgan reduce runs/table-vae --data new.csv --out codes.csv    its rows, with columns "code_1", ...
  npgan reduce runs/table-vae --by species --out map.png        a colour for each species
  npgan reduce runs/vae --data photos --out codes.csv           a line for each picture
"""
if TYPE_CHECKING:
    from npgan.data import Dataset
    from npgan.tables import Encoding

KNOWN = 10_000  # training rows, drawn at random, among which neighbours are sought
POINTS = 5000  # in a map
OPTIONS = (
    common.RUN,
    common.data(
        "pictures, rows, or a table with the run's columns; by default the run's test rows"
    ),
    common.option(
        "--by",
        type=common.text,
        metavar="COLUMN",
        help="a category of a run's table that gives rows their classes, and the map its colours",
    ),
    common.whole("-k", 5, "neighbours"),
    common.out("the maps, or the codes of --data", endings=(".png", *common.TABLES)),
)


def run(a: argparse.Namespace) -> dict[str, Any] | None:
    """Write the codes, or draw both maps and return how much each code keeps."""
    from npgan.models import RECONSTRUCTORS, TableVAE

    trained = common.Trained("reduce", a.run_folder, RECONSTRUCTORS | TableVAE)
    if a.by and not trained.model.of_tables:
        raise InputError(f"{a.run_folder} is a run of {trained.config.model}, no table: no --by")
    if a.out.suffix == ".png":
        return _map(a, trained)
    if not a.data:
        raise InputError(f"{a.out} will hold the codes of given rows: say which by --data")
    new = given(trained, a.data)
    codes = trained.model.encode(new.rows)
    new.write({f"code_{i + 1}": code for i, code in enumerate(codes.T)}, a.out)
    return None


def _map(a: argparse.Namespace, trained: common.Trained) -> dict[str, Any]:
    """Draw both maps, and return how much each code keeps."""
    from npgan.metrics import PCA, neighbour_accuracy

    rows, labels = _rows(a, trained)
    model, dataset = trained.model, trained.dataset
    count("-k", a.k, 1, most=min(KNOWN, len(dataset.train)))
    train, test = trained.train, model.scaled(rows)
    components = PCA(train, min(model.encode(rows[:1]).shape[1], train.shape[1]))
    chosen = np.random.default_rng(0).permutation(len(train))[:KNOWN]
    coders = {
        trained.config.model: (model, rows, dataset.train[chosen]),
        f"{components.directions.shape[1]} principal components": (components, test, train[chosen]),
    }
    low, high = model.bounds or (-np.inf, np.inf)
    result, maps = {}, {}
    for name, (coder, x, known) in coders.items():
        code = coder.encode(x)
        errors = np.clip(coder.decode(code), low, high) - test
        result[name] = {"mean_squared_error": float(np.square(errors).mean())}
        if labels is not None and dataset.train_labels is not None:
            classes = dataset.train_labels[chosen]
            result[name]["neighbour_accuracy"] = neighbour_accuracy(
                code, labels, coder.encode(known), classes, a.k
            )
        maps[name] = code if code.shape[1] == 2 else PCA(code, min(2, code.shape[1])).encode(code)
    draw(a.out, maps, dataset.given(labels))
    return result


def _rows(a: argparse.Namespace, trained: common.Trained) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the rows of the maps, as the run's data are, and their labels, if these are known to be the run's."""
    from npgan import runs

    if trained.model.of_tables:
        if a.data:
            trained.dataset = replace(trained.dataset, test=given(trained, a.data).rows)
        if a.by:
            trained.dataset = _by(a.by, trained.dataset, runs.read_table(a.run_folder))
    elif a.data:
        other = like(trained, a.data)
        rows, labels = other.held_out
        return rows, labels if other.classes == trained.dataset.classes else None
    return trained.held_out()


def _by(name: str, dataset: "Dataset", table: "Encoding") -> "Dataset":
    """Return a table's data with a category as labels."""
    from npgan.tables.schema import CODED

    column = table.schema.column(name)
    if column.kind not in CODED:
        raise InputError(f"the column {name} is a {column.kind}: only categories have classes")
    words = *column.categories, *["others"] * column.others, *["missing"] * column.missing
    train, test = (
        None if rows is None else rows.T[table.blocks[name]].astype(np.int64)
        for rows in (dataset.train, dataset.test)
    )
    return replace(dataset, classes=words, train_labels=train, test_labels=test)


def draw(path: Path, maps: dict[str, np.ndarray], labels: np.ndarray | None) -> None:
    """Save the first rows of maps (n, 2), or (n, 1), side by side, a colour for each class."""
    from npgan.plotting import as_text, new_figure, save_figure

    figure = new_figure(6 * len(maps), 6.4)
    for axes, (name, points) in zip(figure.subplots(1, len(maps)), maps.items(), strict=True):
        x, y = points[:POINTS, 0], points[:POINTS, -1]
        classes = [None] if labels is None else np.unique(labels)
        for i, c in enumerate(classes):
            group = slice(None) if labels is None else labels[:POINTS] == c
            axes.plot(x[group], y[group], ".", ms=3, color=f"C{i % 10}", label=as_text(str(c)))
        axes.set(title=name, xlabel="first direction of the code", ylabel="second direction")
    if labels is not None:
        entries = axes.get_legend_handles_labels()
        figure.legend(*entries, loc="outside right upper", title="class", markerscale=3)
    save_figure(path, figure)
