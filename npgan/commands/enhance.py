"""Enhance images: remove noise, or find what lies between coarse pixels.

A denoising autoencoder's first layers say what it learned to undo. They spoil test images as they
spoiled those of training, and the network is set beside what is done without one: a Wiener filter for
noise, bicubic interpolation for coarse pixels, and the best guess that is linear in the pixels.
"""

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np

from npgan.commands.common import (
    check_out,
    image_shape,
    linear_guess,
    out_argument,
    quality,
    run_argument,
    seed_argument,
    test_part,
)
from npgan.errors import InputError

SUMMARY = "remove noise from test images, or make coarse ones fine"
EXAMPLES = """
  npgan train denoiser && npgan enhance runs/denoiser --out enhanced.png
  npgan train superresolver && npgan enhance runs/superresolver --out enhanced.png
"""
SHOWN = 12


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    run_argument(parser)
    seed_argument(parser)
    out_argument(parser)


def wiener(x: np.ndarray, shape: tuple[int, int], std: float) -> np.ndarray:
    r"""Filter noise of a known standard deviation out of images (n, d): the adaptive Wiener filter.

    Of the mean :math:`\mu` and the variance :math:`\sigma^2` of each 3 x 3 window,
    :math:`y = \mu + \frac{\max(\sigma^2 - s^2, 0)}{\max(\sigma^2, s^2)}(x - \mu)`: flat places become
    flat, edges stay. Source: Lim 1990, sec. 9.2.4.
    """
    images = x.reshape(-1, *shape)
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    mean, variance = windows.mean(axis=(3, 4)), windows.var(axis=(3, 4))
    kept = np.maximum(variance - std**2, 0) / np.maximum(np.maximum(variance, std**2), 1e-12)
    return (mean + kept * (images - mean)).reshape(x.shape)


def bicubic(x: np.ndarray, shape: tuple[int, int], factor: int) -> np.ndarray:
    """Interpolate between the middles of cells of one grey, (n, d): what is usually done."""
    from PIL import Image

    coarse = x.reshape(-1, *shape)[:, ::factor, ::factor].astype(np.float32)
    size = shape[1], shape[0]
    fine = [np.asarray(Image.fromarray(i).resize(size, Image.Resampling.BICUBIC)) for i in coarse]
    return np.array(fine).reshape(x.shape)


BASELINES: dict[str, tuple[str, Callable[..., np.ndarray]]] = {
    "gaussian_noise": ("Wiener filter", lambda x, shape, layer: wiener(x, shape, layer.std)),
    "pixelate": ("bicubic", lambda x, shape, layer: bicubic(x, shape, layer.size)),
}
"""A spoiling layer's name -> what undoes it without a network: (images, shape, the layer)."""


def run(a: argparse.Namespace) -> dict[str, Any]:
    """Draw spoiled and enhanced images, and return how near they are to the originals."""
    from npgan import plotting, runs
    from npgan.models import Autoencoder
    from npgan.models.model import in_chunks
    from npgan.study.pictures import to_unit

    check_out(a.out)
    model, config = runs.load_for("enhance", a.run_folder, Autoencoder)
    layer = model.encoder.layers[0]
    if layer.name not in BASELINES:
        raise InputError(
            f"{a.run_folder} learned to undo neither noise nor coarseness: its encoder must begin "
            f"with {' or '.join(BASELINES)}, as the presets denoiser and superresolver do; what "
            "learned to fill holes is for npgan complete"
        )
    shape = image_shape("enhance", config)
    dataset, rng = runs.load_data(config, a.run_folder), np.random.default_rng(a.seed)
    clean, train = model.scaled(test_part(dataset)[0]), model.scaled(dataset.train)
    spoiled = layer(clean, rng)
    name, baseline = BASELINES[layer.name]
    rows = {
        "spoiled": spoiled,
        name: baseline(spoiled, shape, layer),
        "linear guess": linear_guess(layer(train, rng), train, spoiled),
        config.preset or config.model: in_chunks(model.decoder, in_chunks(model.encoder, spoiled)),
        "original": clean,
    }
    images = {label: to_unit(model, config, x) for label, x in rows.items()}
    plotting.save_rows(a.out, {label: x[:SHOWN] for label, x in images.items()}, shape)
    truth = images.pop("original")
    return {label: quality(x, truth, shape) for label, x in images.items()}
