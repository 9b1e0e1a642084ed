"""Detect what does not belong: a model of one class scores test rows of all classes.

The curves show, for every threshold, the share of strange rows that raise an alarm against the share of
others that do. Scores without a model are drawn beside the model's own, with broken lines.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from npgan.commands.common import check_out, out_argument, run_argument, seed_argument, test_part
from npgan.errors import InputError, count

SUMMARY = "score test data by how little it is like a run's own class"
EXAMPLES = """
  npgan train detector --data mnist:3 && npgan detect runs/detector --out roc.png
  npgan detect runs/vae --normal 3 --rows 2000 --out roc.png
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    run_argument(parser)
    parser.add_argument(
        "--normal",
        type=int,
        metavar="C",
        help="the class that belongs; by default that of the run's data",
    )
    parser.add_argument(
        "--rows", type=int, default=10_000, metavar="N", help="score so many; 10000"
    )
    seed_argument(parser)
    out_argument(parser, "the curves")


def run(a: argparse.Namespace) -> dict[str, Any]:
    """Draw the curves, and return the area under each."""
    import numpy as np

    from npgan import data, runs
    from npgan.metrics import auroc
    from npgan.models import GAN, NOT_OF_ONE_CODE, RECONSTRUCTORS
    from npgan.study.anomaly import scores_for

    check_out(a.out)
    count("--rows", a.rows, 2)
    kinds = GAN | RECONSTRUCTORS
    model, config = runs.load_for("detect", a.run_folder, kinds, but=NOT_OF_ONE_CODE)
    name, normal = data.split_class(config.data)
    normal = normal if a.normal is None else a.normal
    if normal is None:
        raise InputError(f"which class of {config.data} belongs? Say --normal C")
    dataset = runs.load_data(replace(config, data=name), a.run_folder)
    x, labels = test_part(dataset)
    train = model.scaled(dataset.only(normal).train)
    if labels is None:
        raise InputError(f"{name} has no labels of its test rows: none is known to be strange")
    strange = labels[: a.rows] != dataset.class_of(normal)
    if strange.all() or not strange.any():
        raise InputError(
            f"the rows of {name} to score are not some of class {normal}, some of others"
        )
    x = model.scaled(x[: a.rows])
    scores = {
        label: score(model, x, train, np.random.default_rng(a.seed))
        for label, score in scores_for(model).items()
    }
    draw(
        a.out,
        scores,
        strange,
        f"{config.preset or config.model}, trained on {config.data}: class {normal} belongs",
    )
    return {label: {"auroc": auroc(score, strange)} for label, score in scores.items()}


def draw(path: Path, scores: dict[str, Any], strange: Any, title: str) -> None:
    """Save the curves of some scores, the area under each in the legend."""
    from matplotlib.figure import Figure

    from npgan.metrics import auroc, roc_curve
    from npgan.plotting import as_text
    from npgan.study.anomaly import WITHOUT_MODEL

    figure = Figure(figsize=(6.4, 6), layout="constrained")
    axes = figure.subplots()
    for name, score in sorted(scores.items(), key=lambda pair: -auroc(pair[1], strange)):
        label, line = f"{name}: {auroc(score, strange):.3f}", "--" if name in WITHOUT_MODEL else "-"
        axes.plot(*roc_curve(score, strange), line, label=label)
    axes.plot([0, 1], [0, 1], ":", color="0.6")
    axes.set(
        title=as_text(title), xlabel="false alarms", ylabel="strange rows found", aspect="equal"
    )
    axes.legend(title="area under the curve", loc="lower right")
    figure.savefig(path, format="png", dpi=100)
