"""Measure how good a run's model is."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from npgan.commands import common
from npgan.errors import InputError, count
from npgan.metrics import NEIGHBOURS

if TYPE_CHECKING:
    from npgan.data.dataset import Dataset
    from npgan.models import Classifier
    from npgan.models.config import Config

SUMMARY = "measure a run on its test data, as JSON"
EXAMPLES = """
  npgan evaluate runs/ring                  JSON on standard output
  npgan evaluate runs/clothes --classifier runs/classifier
                                            compare samples by what a classifier of your data sees
"""
COPYING = (
    "the model copies its training data: about {:.0%} of the samples are nearest to rows that it was trained on, "
    "where new samples would also be nearest to rows that were held out"
)
OPTIONS = (
    common.RUN,
    common.SEED,
    common.whole(
        "--samples", 10_000, "to generate, but no more than training rows", NEIGHBOURS + 1
    ),
    common.option(
        "--classifier",
        type=common.path,
        metavar="RUN",
        help="a run of a classifier of such data, whose features are compared; "
        "default npgan's classifier of digits for images of its size, else none",
    ),
)


def run(a: argparse.Namespace) -> dict[str, Any]:
    """Return the measures."""
    from npgan import runs
    from npgan.study.evaluation import evaluate
    from npgan.study.intervals import rounded

    model, config = runs.load(a.run_folder)
    count("--samples", a.samples, NEIGHBOURS + 1, common.LARGEST // model.features)
    dataset = runs.load_data(config, a.run_folder)
    classifier = a.classifier and _classifier(a.classifier, config, dataset)
    rng, progress = np.random.default_rng(a.seed), common.progress("evaluating")
    result = evaluate(model, dataset, rng, a.samples, classifier, progress)
    if result.get("copies", {}).get("copying"):
        print(COPYING.format(result["copies"]["copied"]), file=sys.stderr)
    return {"run": str(a.run_folder), "data": config.data, **rounded(result)}


def _classifier(folder: Path, config: "Config", dataset: "Dataset") -> "Classifier":
    """Return the classifier of a run, if it was trained on such data: else what it sees means nothing."""
    from npgan import runs
    from npgan.models import Classifier

    model, its = runs.load_for("--classifier", folder, Classifier)
    differences = {
        "shape": its.shape != config.shape,
        "labels": dataset.test_labels is not None and its.labels != config.labels,
        "image_range": _far(its.image_range, config.image_range),
    }
    for what, differs in differences.items():
        if differs:
            raise InputError(
                f"--classifier {folder} was trained on other data: its {what} is {getattr(its, what)}, "
                f"that of {config.data} is {getattr(config, what)}"
            )
    return model


def _far(a: list[float] | None, b: list[float] | None) -> bool:
    """Return whether two ranges differ by more than a tenth of their width; None: those of bytes."""
    if a is None or b is None:
        return a is not b
    return max(abs(x - y) for x, y in zip(a, b, strict=True)) > 0.1 * (a[1] - a[0])
