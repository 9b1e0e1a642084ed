"""Translate images: the digit that belongs to an outline, by a generator that has seen pairs.

Beside it is the target of the training pair whose source is nearest. The classifier's accuracy on what
comes out says whether it is still the digit that it should be.
"""

import argparse
from typing import Any

import numpy as np

from npgan.commands.common import check_out, image_shape, out_argument, run_argument
from npgan.errors import InputError, count

SUMMARY = "draw what belongs to the first halves of test pairs"
EXAMPLES = """
  npgan train translator && npgan translate runs/translator --out translated.png
  npgan translate runs/translator --images 2000 --out translated.png
"""
SHOWN = 12


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    run_argument(parser)
    parser.add_argument(
        "--images",
        type=int,
        default=1000,
        metavar="N",
        help="the first N test images; default 1000",
    )
    out_argument(parser)


def run(a: argparse.Namespace) -> dict[str, Any]:
    """Draw translations, and return how near each way comes to the truth."""
    from npgan import plotting, runs
    from npgan.metrics import nearest_rows, psnr
    from npgan.models import Translator
    from npgan.study.features import PIXELS, probabilities
    from npgan.study.pictures import to_unit

    check_out(a.out)
    count("--images", a.images, 1)
    model, config = runs.load_for("translate", a.run_folder, Translator)
    height, width = image_shape("translate", config)
    if height % 2 or model.generator.in_width != model.generator.out_width:
        raise InputError("translate draws halves of images: their height must be even")
    dataset = runs.load_data(config, a.run_folder)
    rows, labels = dataset.test, dataset.test_labels
    if rows is None:
        raise InputError(f"the data set {dataset.name} has no test data: all its pairs are known")
    source, truth = np.hsplit(model.scaled(rows[: a.images]), 2)
    known, targets = np.hsplit(model.scaled(dataset.train), 2)
    ways = {
        "nearest neighbour": targets[nearest_rows(source, known)],
        config.preset or config.model: model.translate(source),
        "truth": truth,
    }
    drawn = {"source": source, **ways}
    images = {name: to_unit(model, config, x) for name, x in drawn.items()}
    shown = {name: x[:SHOWN] for name, x in images.items()}
    plotting.save_rows(a.out, shown, (height // 2, width))
    result: dict[str, Any] = {}
    for name in ways:
        measured = {"mean_absolute_error": float(abs(images[name] - images["truth"]).mean())}
        if name != "truth":
            measured["psnr"] = float(psnr(images[name], images["truth"]).mean())
        if labels is not None and config.data == "mnist-outlines" and truth.shape[1] == PIXELS:
            right = probabilities(images[name]).argmax(axis=1) == labels[: a.images]
            measured["classifier_accuracy"] = float(right.mean())
        result[name] = measured
    return result
