"""What several uses share."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from npgan.errors import InputError


def out_argument(parser: argparse.ArgumentParser, what: str = "the picture") -> None:
    """Add the option for the picture's file."""
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.png", help=what)


def check_out(path: Path, *endings: str, option: str = "--out") -> None:
    """Refuse a picture's name that does not end as it must; by default in .png."""
    if path.suffix not in (endings or (".png",)):
        raise InputError(
            f"{option} {path}: the file's name must end in {' or '.join(endings or ('.png',))}"
        )


def seed_argument(parser: argparse.ArgumentParser) -> None:
    """Add the option for the seed of all noise."""
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of all noise; default 0")


def progress(what: str) -> Callable[[range], Any]:
    """Return what shows how far a loop over a range got, in a terminal."""
    from tqdm import tqdm

    return lambda steps: tqdm(steps, desc=what, disable=None, leave=False)


def image_shape(task: str, config: Any) -> tuple[int, int]:
    """Return the shape of a run's images, or refuse a run that has none."""
    if config.image_shape is None:
        raise InputError(f"{task} needs images; the rows of {config.data} are none")
    return config.image_shape[0], config.image_shape[1]


def quality(images: np.ndarray, truth: np.ndarray, shape: tuple[int, int]) -> dict[str, float]:
    """Return the mean peak signal-to-noise ratio and structural similarity, of images in [0, 1].

    Images of less than 11 x 11 pixels have no similarity.
    """
    from npgan.metrics import psnr, ssim
    from npgan.metrics.images import WINDOW

    result = {"psnr": float(psnr(images, truth).mean())}
    if min(shape) >= WINDOW:
        result["ssim"] = float(ssim(images, truth, shape).mean())
    return result
