"""Detect anomalies: a model of one class scores test rows of all classes.

The ROC curves show, for every threshold, the share of anomalies found against the share of false alarms.
Scores that need no model are drawn as dashed lines beside the model's own.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from npgan.commands import common
from npgan.errors import InputError

SUMMARY = "score how unlike a run's own class each test row is"
EXAMPLES = """
  npgan train detector --data mnist:3 && npgan detect runs/detector --out roc.png
  npgan detect runs/vae --normal 3 --rows 2000 --out roc.png
"""
OPTIONS = (
    common.RUN,
    common.option(
        "--normal",
        type=common.label,
        metavar="C",
        help="the normal class; by default that of the run's data",
    ),
    common.whole("--rows", 10_000, "the first N test rows", 2),
    common.SEED,
    common.out("the curves"),
)


def run(a: argparse.Namespace) -> dict[str, Any]:
    """Draw the curves, and return the area under each."""
    import numpy as np

    from npgan import data, runs
    from npgan.metrics import auroc
    from npgan.models import GAN, NOT_OF_ONE_CODE, RECONSTRUCTORS
    from npgan.study.anomaly import scores_for

    trained = common.Trained("detect", a.run_folder, GAN | RECONSTRUCTORS, but=NOT_OF_ONE_CODE)
    source = trained.config.data
    name, normal = data.split_class(source)
    normal = normal if a.normal is None else a.normal
    if normal is None:
        raise InputError(f"which class of {source} is normal? Say --normal C")
    trained.dataset = runs.load_data(replace(trained.config, data=name), a.run_folder)
    x, labels = trained.test(a.rows)
    train = trained.model.scaled(trained.dataset.only(normal).train)
    if labels is None:
        raise InputError(f"{name} has no labels of its test rows: none is known to be an anomaly")
    is_anomaly = labels != trained.dataset.class_of(normal)
    if is_anomaly.all() or not is_anomaly.any():
        raise InputError(f"the rows of {name} to score must be of class {normal} and of others")
    scores = {
        label: score(trained.model, x, train, np.random.default_rng(a.seed))
        for label, score in scores_for(trained.model).items()
    }
    areas = {label: auroc(score, is_anomaly) for label, score in scores.items()}
    title = f"{trained.name}, trained on {source}: class {normal} is normal"
    draw(a.out, scores, areas, is_anomaly, title)
    return {label: {"auroc": area} for label, area in areas.items()}


def draw(
    path: Path, scores: dict[str, Any], areas: dict[str, float], is_anomaly: Any, title: str
) -> None:
    """Save the ROC curves of some scores as a PNG, with the area under each in the legend."""
    from npgan.metrics import roc_curve
    from npgan.plotting import as_text, new_figure, save_figure
    from npgan.study.anomaly import WITHOUT_MODEL

    figure = new_figure(6.4, 6)
    axes = figure.subplots()
    for name, area in sorted(areas.items(), key=lambda pair: -pair[1]):
        line = "--" if name in WITHOUT_MODEL else "-"
        axes.plot(*roc_curve(scores[name], is_anomaly), line, label=f"{name}: {area:.3f}")
    axes.plot([0, 1], [0, 1], ":", color="0.6")
    axes.set(title=as_text(title), xlabel="false alarms", ylabel="anomalies found", aspect="equal")
    axes.legend(title="area under the curve", loc="lower right")
    save_figure(path, figure)
