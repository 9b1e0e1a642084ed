"""Measure how good a run's model is."""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from npgan.commands import common
from npgan.errors import InputError, count
from npgan.metrics import NEIGHBOURS
from npgan.models.config import MOST_CLASSES

if TYPE_CHECKING:
    from npgan.data.dataset import Dataset
    from npgan.models import Classifier
    from npgan.models.config import Config

SUMMARY = "measure a run on its test data, as JSON"
EXAMPLES = """
  npgan evaluate runs/ring                  JSON on standard output
  npgan evaluate runs/clothes               of images with labels: a classifier of them is trained once, in a minute,
                                            and samples are compared by what it sees
  npgan evaluate runs/clothes --classifier runs/classifier
                                            by what your own classifier sees
"""
COPYING = (
    "the model copies its training data: about {:.0%} of the samples are nearest to rows that it was trained on, "
    "where new samples would also be nearest to rows that were held out"
)
KNOWN, LEARNED = 1000, 0.75
"""How many test images show whether a classifier can read them, and of how many of them the label must be right."""
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
        "default npgan's classifier of digits if it can read them, else one that is trained once on the images' "
        "labels, if they have some, and kept in the run's folder",
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
    classifier = (
        _classifier(a.classifier, config, dataset)
        if a.classifier
        else _of_labels(a.run_folder, model, config, dataset)
    )
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


def _of_labels(
    folder: Path, model: Any, config: "Config", dataset: "Dataset"
) -> "Classifier | None":
    """Return the classifier of a run's labelled images; None if there are no labels, or digits can be read in them."""
    from npgan import runs
    from npgan.models import GENERATORS
    from npgan.study.sample_metrics import SampleMetrics
    from npgan.training import Progress

    if (
        not isinstance(model, GENERATORS)
        or not _has_classes(dataset)
        or not os.access(folder, os.W_OK)
    ):
        return None
    known = SampleMetrics(model, dataset, KNOWN, np.random.default_rng(0))
    if known.has_features or known.has_stacks:
        return None
    found = runs.own_classifier(folder, config, dataset, [Progress()])
    images, labels = dataset.held_out
    chosen = np.random.default_rng(0).permutation(len(images))[:KNOWN]
    right = np.mean(found.predict(images[chosen]) == labels[chosen])  # type: ignore[index]
    if right < LEARNED:
        print(
            f"the classifier of the labels is right in only {right:.0%} of test images, and is not used",
            file=sys.stderr,
        )
        return None
    return found


def _has_classes(dataset: "Dataset") -> bool:
    """Return whether a data set has images of two or more classes, each with training rows, and labels to test with."""
    if not dataset.image_shape or dataset.train_labels is None or dataset.test_labels is None:
        return False
    present = np.unique(dataset.train_labels)
    classes = len(dataset.classes) if dataset.classes else int(present[-1]) + 1
    return 2 <= len(present) == classes <= MOST_CLASSES


def _far(a: list[float] | None, b: list[float] | None) -> bool:
    """Return whether two ranges differ by more than a tenth of their width; None: those of bytes."""
    if a is None or b is None:
        return a is not b
    return max(abs(x - y) for x, y in zip(a, b, strict=True)) > 0.1 * (a[1] - a[0])
