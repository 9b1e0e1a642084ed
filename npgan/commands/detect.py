"""Detect anomalies: a model of what is normal scores rows of which some are known to be anomalies.

The ROC curves show, for every threshold, the share of anomalies found against the share of false alarms.
Scores that need no model are drawn as dashed lines beside the model's own.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from npgan.commands import common, given
from npgan.errors import InputError

SUMMARY = "compare how well scores tell known anomalies from normal rows"
EXAMPLES = """
  npgan train detector --data mnist:3 && npgan detect runs/detector --out roc.png
  npgan detect runs/vae --normal 3 --rows 2000 --out roc.png
  npgan detect runs/parts --data inspected --normal good --out roc.png            a folder for each class
  npgan detect runs/table-vae --data people.csv --normal fraud=no --out roc.png   rows of a table
"""
OPTIONS = (
    common.RUN,
    common.data("labelled rows or a table to score; by default the run's test rows"),
    common.option(
        "--normal",
        type=common.label,
        metavar="C|COLUMN=VALUE",
        help="the normal class, by default that of the run's data; of a table, the normal rows",
    ),
    common.whole("--rows", 10_000, "the first N rows", 2),
    common.SEED,
    common.out("the curves"),
)


class Labelled(NamedTuple):
    """Rows to score (n, d), which of them are anomalies, the training rows, and in words what is normal."""

    rows: np.ndarray
    is_anomaly: np.ndarray
    train: np.ndarray
    normal: str


def run(a: argparse.Namespace) -> dict[str, Any]:
    """Draw the curves, and return the area under each, the largest first."""
    from npgan.metrics import auroc
    from npgan.models import NOT_OF_ONE_CODE
    from npgan.study.anomaly import SCORED, scores_for

    trained = common.Trained("detect", a.run_folder, SCORED, but=NOT_OF_ONE_CODE)
    source = trained.config.data
    found = (_of_table if trained.model.of_tables else _of_classes)(a, trained)
    is_anomaly = found.is_anomaly[: a.rows]
    if is_anomaly.all() or not is_anomaly.any():
        raise InputError(f"the rows to score must be of {found.normal} and of others")
    x, train = trained.taken(found.rows[: a.rows]), trained.taken(found.train)
    scores = {
        name: score(trained.model, x, train, np.random.default_rng(a.seed), trained.images)
        for name, score in scores_for(trained.model, trained.images).items()
    }
    areas = {name: auroc(score, is_anomaly) for name, score in scores.items()}
    areas = dict(sorted(areas.items(), key=lambda pair: -pair[1]))
    title = f"{trained.name}, trained on {source}: {found.normal} is normal"
    draw(a.out, scores, areas, is_anomaly, title)
    return {name: {"auroc": area} for name, area in areas.items()}


def _of_classes(a: argparse.Namespace, trained: common.Trained) -> Labelled:
    """Return rows of which one class is normal."""
    from npgan import data, runs

    source = trained.config.data
    name, normal = data.split_class(source)
    normal = normal if a.normal is None else a.normal
    if normal is None:
        raise InputError(f"which class of {a.data or source} is normal? Say --normal C")
    if a.data:
        whole = given.like(trained, a.data)
        (rows, labels), train = whole.held_out, trained.dataset.train
    else:
        trained.dataset = whole = runs.load_data(replace(trained.config, data=name), a.run_folder)
        (rows, labels), train = trained.held_out(), whole.only(normal).train
    if labels is None:
        raise InputError(
            f"{whole.name} has no labels of its test rows: none is known to be an anomaly"
        )
    return Labelled(rows, labels != whole.class_of(normal), train, f"class {normal}")


def _of_table(a: argparse.Namespace, trained: common.Trained) -> Labelled:
    """Return rows of a table, of which those with one value in a column that the model has not seen are normal."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from npgan import runs
    from npgan.data.rows import open_table

    column, sign, value = str(a.normal).partition("=")
    if not a.data or not sign:
        raise InputError(
            f"{a.run_folder} is a run of a table: say --data FILE and --normal COLUMN=VALUE"
        )
    source = open_table(a.data, least=1)
    if column not in source.names:
        raise InputError(f"{source.name} has no column {column}")
    if column in runs.read_table(a.run_folder).blocks:
        raise InputError(f"{a.run_folder} learned the column {column}: its scores know the answer")
    cells = pa.chunked_array([batch.column(column) for batch in source.batches()])
    normal = pc.fill_null(pc.equal(cells, value), False).to_numpy()
    rows = given.of_table(trained, source.without(column), a.seed).rows
    return Labelled(rows, ~normal, trained.dataset.train, a.normal)


def draw(
    path: Path, scores: dict[str, Any], areas: dict[str, float], is_anomaly: Any, title: str
) -> None:
    """Save the ROC curves of some scores as a PNG, with the area under each in the legend."""
    from npgan.metrics import roc_curve
    from npgan.plotting import as_text, new_figure, save_figure
    from npgan.study.anomaly import WITHOUT_MODEL

    figure = new_figure(6.4, 6)
    axes = figure.subplots()
    for name, area in areas.items():
        line = "--" if name in WITHOUT_MODEL else "-"
        axes.plot(*roc_curve(scores[name], is_anomaly), line, label=f"{name}: {area:.3f}")
    axes.plot([0, 1], [0, 1], ":", color="0.6")
    axes.set(title=as_text(title), xlabel="false alarms", ylabel="anomalies found", aspect="equal")
    axes.legend(title="area under the curve", loc="lower right")
    save_figure(path, figure)
