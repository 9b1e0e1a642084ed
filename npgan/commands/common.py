"""What several commands share."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from npgan.errors import InputError

RIDGE = 1e-3
LARGEST = 2**30
"""Numbers that are sampled at once."""


def text(argument: str) -> str:
    """Return an option's value, which must hold something."""
    if not argument:
        raise argparse.ArgumentTypeError("it must not be empty")
    if "\0" in argument:
        raise argparse.ArgumentTypeError("it must not have a character 0")
    return argument


def path(argument: str) -> Path:
    """Return an option's value as a path."""
    return Path(text(argument))


def seed(argument: str) -> int:
    """Return an option's value as the seed of a generator."""
    number = int(argument)
    if number < 0:
        raise argparse.ArgumentTypeError(f"must not be negative, as {number} is")
    return number


def run_argument(parser: argparse.ArgumentParser) -> None:
    """Add the run that a command looks at."""
    parser.add_argument("run_folder", type=path, metavar="RUN")


def out_argument(parser: argparse.ArgumentParser, what: str = "the picture") -> None:
    """Add the option for the picture's file."""
    parser.add_argument("--out", type=path, required=True, metavar="FILE.png", help=what)


def check_out(file: Path, *endings: str, option: str = "--out") -> None:
    """Refuse a picture's name that does not end as it must; by default in .png."""
    if file.suffix not in (endings or (".png",)):
        raise InputError(
            f"{option} {file}: the file's name must end in {' or '.join(endings or ('.png',))}"
        )
    if not file.parent.is_dir() or file.is_dir():
        raise InputError(f"{option} {file}: it must be a file in a folder that is there")


def seed_argument(parser: argparse.ArgumentParser) -> None:
    """Add the option for the seed of all noise."""
    parser.add_argument("--seed", type=seed, default=0, metavar="S", help="of all noise; default 0")


def progress(what: str) -> Callable[[range], Any]:
    """Return what shows how far a loop over a range got, in a terminal."""
    from tqdm import tqdm

    return lambda steps: tqdm(steps, desc=what, disable=None, leave=False)


def image_shape(task: str, config: Any) -> tuple[int, int]:
    """Return the shape of a run's images, or refuse a run that has none."""
    if config.image_shape is None:
        raise InputError(f"{task} needs images; the rows of {config.data} are none")
    return config.image_shape[0], config.image_shape[1]


def test_part(dataset: Any) -> tuple[np.ndarray, np.ndarray | None]:
    """Return test rows and their labels, or refuse data that has none: a model knows the others."""
    if dataset.test is None:
        raise InputError(f"the data set {dataset.name} has no test data, only what the model knows")
    return dataset.test, dataset.test_labels


def linear_guess(given: np.ndarray, wanted: np.ndarray, x: np.ndarray) -> np.ndarray:
    r"""Return the guess (m, b) of what is wanted that is best of those linear in what is given, x (m, a).

    Where :math:`\frac1n\|w - \mu_w - (g - \mu_g)W\|^2 + \epsilon\|W\|^2` is least, its derivative by W is 0:

    .. math:: (\Sigma_{gg} + \epsilon I)W = \Sigma_{gw}, \qquad \hat w = \mu_w + (x - \mu_g)W

    with the moments of training rows. For Gaussians it is the conditional mean; :math:`\epsilon` keeps
    what never changes from being divided by.

    Parameters
    ----------
    given, wanted : (n, a) and (n, b), of the same training rows

    >>> linear_guess(np.array([[0.0], [9.0]]), np.array([[1.0], [19.0]]), np.array([[2.0]])).round(2)
    array([[5.]])
    """
    mean, target = (y.mean(axis=0, dtype=np.float64).astype(y.dtype) for y in (given, wanted))
    apart, n = given - mean, len(given)
    within = (apart.T @ apart).astype(np.float64) / n + RIDGE * np.eye(len(mean))
    weights = np.linalg.solve(within, (apart.T @ (wanted - target)).astype(np.float64) / n)
    return target + (x - mean) @ weights


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
