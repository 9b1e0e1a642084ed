"""Enhance images: remove noise, or double the resolution.

The first layer of a denoising autoencoder, a reshape aside, says what it learned to undo. It spoils the test
images as it spoiled the training images. The network's results are compared with those of methods without a
network: a Wiener filter for noise, bicubic interpolation for resolution, and the best linear prediction for both.
"""

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np

from npgan.commands import common
from npgan.errors import InputError

SUMMARY = "remove noise from test images, or make coarse ones fine"
EXAMPLES = """
  npgan train denoiser && npgan enhance runs/denoiser --out enhanced.png
  npgan train superresolver && npgan enhance runs/superresolver --out enhanced.png
"""
OPTIONS = (common.RUN, common.SEED, common.out())


def wiener(x: np.ndarray, shape: tuple[int, ...], std: float) -> np.ndarray:
    r"""Remove noise of a known standard deviation s from images (n, d): the adaptive Wiener filter.

    With the mean :math:`\mu` and the variance :math:`\sigma^2` of each pixel's 3 x 3 window,
    :math:`y = \mu + \frac{\max(\sigma^2 - s^2, 0)}{\max(\sigma^2, s^2)}(x - \mu)`: smooth regions become
    flat, edges stay; each channel alone. Source: Lim 1990, sec. 9.2.4.
    """
    images = x.reshape(len(x), *shape[:2], -1)
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    mean, variance = windows.mean(axis=(4, 5)), windows.var(axis=(4, 5))
    gain = np.maximum(variance - std**2, 0) / np.maximum(np.maximum(variance, std**2), 1e-12)
    return (mean + gain * (images - mean)).reshape(x.shape)


def bicubic(x: np.ndarray, shape: tuple[int, ...], factor: int) -> np.ndarray:
    """Interpolate pixelated images (n, d), of cells of one colour each, between the cells' centres."""
    from PIL import Image

    height, width, *_ = shape
    planes = np.moveaxis(x.reshape(len(x), height, width, -1), 3, 1)
    coarse = planes[:, :, ::factor, ::factor].astype(np.float32)
    fine = [
        np.asarray(Image.fromarray(plane).resize((width, height), Image.Resampling.BICUBIC))
        for plane in coarse.reshape(-1, *coarse.shape[2:])
    ]
    return np.moveaxis(np.reshape(fine, planes.shape), 1, 3).reshape(x.shape)


BASELINES: dict[str, tuple[str, Callable[..., np.ndarray]]] = {
    "gaussian_noise": ("Wiener filter", lambda x, shape, layer: wiener(x, shape, layer.std)),
    "pixelate": ("bicubic", lambda x, shape, layer: bicubic(x, shape, layer.size)),
}
"""A spoiling layer's name -> a method without a network that undoes it: (images, shape, the layer)."""


def run(a: argparse.Namespace) -> dict[str, Any]:
    """Draw spoiled and enhanced images, and return how near each is to the originals."""
    from npgan.models import Autoencoder
    from npgan.models.checks import in_chunks

    trained = common.Trained("enhance", a.run_folder, Autoencoder)
    model, rng = trained.model, np.random.default_rng(a.seed)
    layer, spoil = common.spoiling(model.encoder)
    if layer.name not in BASELINES:
        raise InputError(
            f"{a.run_folder} learned to undo neither noise nor coarseness: its encoder must begin "
            f"with {' or '.join(BASELINES)}, as the presets denoiser and superresolver do; what "
            "learned to fill holes is for npgan complete"
        )
    shape, train, clean = trained.shape, trained.train, trained.test()[0]
    spoiled = spoil(clean, rng)
    name, baseline = BASELINES[layer.name]
    rows = {
        "spoiled": spoiled,
        name: baseline(spoiled, shape, layer),
        "linear guess": common.linear_guess(spoil(train, rng), train, spoiled),
        trained.name: in_chunks(model.decoder, in_chunks(model.encoder, spoiled)),
        "original": clean,
    }
    images = {label: trained.unit(x) for label, x in rows.items()}
    common.draw_rows(a.out, images, shape)
    truth = images.pop("original")
    return {label: common.quality(x, truth, shape) for label, x in images.items()}
