"""Show test data above its reconstructions."""

import argparse

from npgan.commands import common
from npgan.errors import InputError

SUMMARY = "show test data and its reconstructions"
EXAMPLES = """
  npgan reconstruct runs/autoencoder --out pairs.png   each row of digits above its reconstruction
"""
OPTIONS = (common.RUN, common.out())


def run(a: argparse.Namespace) -> None:
    """Draw the pairs."""
    from npgan.models import RECONSTRUCTORS
    from npgan.study import pictures

    trained = common.Trained("reconstruct", a.run_folder, RECONSTRUCTORS)
    model, config = trained.model, trained.config
    if not pictures.drawable(model, config):
        raise InputError(f"reconstructions of {model.features} features are no picture")
    pictures.draw_pairs(model, config, trained.dataset.held_out[0], a.out)
