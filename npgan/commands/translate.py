"""Translate images: from an outline to its digit, by a generator that was trained on pairs.

It is compared with a nearest neighbour: the target of the training pair whose source is nearest. The accuracy of
npgan's classifier on the results says whether they still show the right digits.
"""

import argparse
from typing import Any

import numpy as np

from npgan.commands import common
from npgan.errors import InputError

SUMMARY = "translate the first halves of test pairs into the second"
EXAMPLES = """
  npgan train translator && npgan translate runs/translator --out translated.png
  npgan translate runs/translator --images 2000 --out translated.png
"""
OPTIONS = (common.RUN, common.whole("--images", 1000, "the first N test images"), common.out())


def run(a: argparse.Namespace) -> dict[str, Any]:
    """Draw translations, and return how near the results of each method are to the truth."""
    from npgan.metrics import nearest_rows, psnr
    from npgan.models import Translator
    from npgan.study.features import PIXELS, probabilities

    trained = common.Trained("translate", a.run_folder, Translator)
    model, (height, *rest) = trained.model, trained.shape
    if height % 2 or model.generator.in_width != model.generator.out_width:
        raise InputError("translate draws halves of images: their height must be even")
    rows, labels = trained.test(a.images)
    source, truth = np.hsplit(rows, 2)
    known, targets = np.hsplit(trained.train, 2)
    ways = {
        "nearest neighbour": targets[nearest_rows(source, known)],
        trained.name: model.translate(source),
        "truth": truth,
    }
    images = {name: trained.unit(x) for name, x in {"source": source, **ways}.items()}
    common.draw_rows(a.out, images, (height // 2, *rest))
    result: dict[str, Any] = {}
    for name in ways:
        measured = {"mean_absolute_error": float(abs(images[name] - images["truth"]).mean())}
        if name != "truth":
            measured["psnr"] = float(psnr(images[name], images["truth"]).mean())
        if (
            labels is not None
            and trained.config.data == "mnist-outlines"
            and truth.shape[1] == PIXELS
        ):
            predicted = probabilities(images[name]).argmax(axis=1)
            measured["classifier_accuracy"] = float((predicted == labels).mean())
        result[name] = measured
    return result
