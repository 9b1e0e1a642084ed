"""Show what a step of training does to a minibatch, operation by operation.

A model has a step for each player: a GAN those of its discriminator and of its generator. Nothing is updated.
"""

import argparse

import numpy as np

from npgan.commands import common
from npgan.errors import InputError

SUMMARY = "show a step of training, operation by operation, with its values"
EXAMPLES = """
  npgan trace runs/ring                                         tables of all its steps
  npgan trace runs/ring --step generator --out step.html        a page with a picture and all values
  npgan trace runs/autoencoder --rows 2 --out step.svg
"""
OPTIONS = (
    common.RUN,
    common.option(
        "--step",
        type=common.text,
        metavar="WORD",
        help="the step whose name begins so; default: all are printed",
    ),
    common.whole("--rows", 8, "rows of the minibatch"),
    common.SEED,
    common.out("a picture or a page, of one step", (".svg", ".html"), required=False),
)


def run(a: argparse.Namespace) -> None:
    """Print a table of each step, or draw one of them."""
    from npgan.check.tracing.step import trace
    from npgan.models import Model

    trained = common.Trained("trace", a.run_folder, Model)
    model, data, rng = trained.model, trained.dataset, np.random.default_rng(a.seed)
    steps = {step.name: step for step in model.steps() if step.name.startswith(a.step or "")}
    if not steps or (a.out and len(steps) > 1):
        names = ", ".join(step.name for step in model.steps())
        raise InputError(f"--step must choose one of {names}")
    model.check_batch(a.rows)
    batch = model.batches(model.rows(data.train, data.train_labels), a.rows, rng).next()
    for name, step in steps.items():
        d = model.zero_grads()
        graph = trace(lambda step=step, d=d: step.minimise(batch, rng, d))  # type: ignore[misc]
        if a.out:
            graph.save(a.out)
        else:
            print(f"{name}\n\n{graph}\n")
