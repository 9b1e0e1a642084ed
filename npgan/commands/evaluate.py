"""Measure how good a run's model is."""

import argparse
from typing import Any

import numpy as np

from npgan.commands import common
from npgan.errors import count
from npgan.metrics import NEIGHBOURS

SUMMARY = "measure a run on its test data, as JSON"
EXAMPLES = """
  npgan evaluate runs/ring                  JSON on standard output
  npgan evaluate runs/clothes --classifier runs/classifier
                                            compare samples by what a classifier of your data sees
"""
OPTIONS = (
    common.RUN,
    common.SEED,
    common.whole("--samples", 10_000, "to generate", NEIGHBOURS + 1),
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
    from npgan.models import Classifier
    from npgan.study.evaluation import evaluate

    model, config = runs.load(a.run_folder)
    count("--samples", a.samples, NEIGHBOURS + 1, common.LARGEST // model.features)
    dataset = runs.load_data(config, a.run_folder)
    classifier = a.classifier and runs.load_for("--classifier", a.classifier, Classifier)[0]
    result = evaluate(model, dataset, np.random.default_rng(a.seed), a.samples, classifier)
    return {"run": str(a.run_folder), "data": config.data, **result}
