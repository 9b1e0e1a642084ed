"""Show test data above its reconstructions."""

import argparse

from npgan.commands.common import Trained, out_argument, run_argument
from npgan.errors import InputError

SUMMARY = "show test data and its reconstructions"
EXAMPLES = """
  npgan reconstruct runs/autoencoder --out pairs.png   each row of digits above its reconstruction
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    run_argument(parser)
    out_argument(parser)


def run(a: argparse.Namespace) -> None:
    """Draw the pairs."""
    from npgan.models import RECONSTRUCTORS
    from npgan.study import pictures

    trained = Trained("reconstruct", a.run_folder, RECONSTRUCTORS)
    model, config = trained.model, trained.config
    if not pictures.drawable(model, config):
        raise InputError(f"reconstructions of {model.features} features are no picture")
    pictures.draw_pairs(model, config, trained.dataset.held_out[0], a.out)
