"""Measure what a run's model makes and knows."""

import argparse
from typing import Any

import numpy as np

from npgan.commands.common import LARGEST, run_argument, seed_argument
from npgan.errors import count

SUMMARY = "measure a run on its test data, as JSON"
EXAMPLES = """
  npgan evaluate runs/ring                  JSON on standard output
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    run_argument(parser)
    seed_argument(parser)
    parser.add_argument(
        "--samples", type=int, default=10_000, metavar="N", help="generate so many; default 10000"
    )


def run(a: argparse.Namespace) -> dict[str, Any]:
    """Return the measures."""
    from npgan import runs
    from npgan.metrics import NEIGHBOURS
    from npgan.study.evaluation import evaluate

    count("--samples", a.samples, NEIGHBOURS + 1)
    model, config = runs.load(a.run_folder)
    count("--samples", a.samples, most=LARGEST // model.features)
    dataset = runs.load_data(config, a.run_folder)
    result = evaluate(model, dataset, np.random.default_rng(a.seed), a.samples)
    return {"run": str(a.run_folder), "data": config.data, **result}
