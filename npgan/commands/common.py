"""What several commands share: their options, the run that they look at, a baseline and a measure."""

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from operator import methodcaller
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from npgan.errors import MOST, InputError, count

if TYPE_CHECKING:
    from npgan.data.dataset import Dataset
    from npgan.layers import Layer, Sequential

RIDGE = 1e-3
LARGEST = 2**30
"""Numbers that are sampled at once: 4 GiB of them."""
COLUMNS = 12
"""Images in each row of a picture."""


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


def number(kind: type, check: Callable[..., Any], *limits: int) -> Callable[[str], Any]:
    """Return what reads an option: a number of a kind that passes a check of :mod:`npgan.errors`.

    >>> number(int, count, 1)("12")
    12
    """

    def read(argument: str) -> Any:
        try:
            return check("it", kind(argument), *limits)
        except InputError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    read.__name__ = kind.__name__  # for argparse's own message: invalid int value
    return read


def picture(*endings: str) -> Callable[[str], Path]:
    """Return what reads an option: a file to write, whose name ends in one of these."""

    def read(argument: str) -> Path:
        file = path(argument)
        if file.suffix not in endings:
            raise argparse.ArgumentTypeError(
                f"{file}: the file's name must end in {' or '.join(endings)}"
            )
        if not file.parent.is_dir() or file.is_dir():
            raise argparse.ArgumentTypeError(f"{file}: it must be a file in a folder that is there")
        return file

    return read


Option = Callable[[Any], Any]
"""Adds itself to a parser, or to a group in it."""


def option(*names: str, **settings: Any) -> Option:
    """Return an option; its arguments are those of argparse's ``add_argument``."""
    return methodcaller("add_argument", *names, **settings)


def either(*options: Option, required: bool = False) -> Option:
    """Return options of which only one may be given, or must be."""

    def add(parser: argparse.ArgumentParser) -> None:
        group = parser.add_mutually_exclusive_group(required=required)
        for one in options:
            one(group)

    return add


def whole(name: str, default: int, what: str, least: int = 1, most: int = MOST) -> Option:
    """Return an option that is a whole number within limits."""
    kind, what = number(int, count, least, most), f"{what}; default {default}"
    return option(name, type=kind, default=default, metavar="N", help=what)


def out(
    what: str = "the picture", endings: Sequence[str] = (".png",), required: bool = True
) -> Option:
    """Return the option for the file to write."""
    metavar = "|".join(f"FILE{ending}" for ending in endings)
    return option("--out", type=picture(*endings), required=required, metavar=metavar, help=what)


def data(what: str, required: bool = False) -> Option:
    """Return the option for data of the user's own."""
    return option("--data", type=text, required=required, metavar="NAME|PATH", help=what)


def label(argument: str) -> int | str:
    """Return a class's label, a whole number or text."""
    return int(argument) if re.fullmatch("-?[0-9]{1,18}", argument) else text(argument)


def size(argument: str) -> tuple[int, int]:
    """Return a height and a width; see :func:`npgan.data.fit.as_size`."""
    from npgan.data.fit import as_size

    try:
        return as_size(argument)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


SIZE = option(
    "--size",
    type=size,
    metavar="SIDE|HxW",
    help="bring a folder's pictures to this size: 32, or height x width, 32x48",
)
FIT = option(
    "--fit",
    type=text,
    metavar="HOW",
    help="crop cuts out the middle, pad puts black around it, stretch changes the sides' ratio; default crop",
)
"""The size that a folder's pictures are brought to, and how."""


def fit_of(size: tuple[int, int] | None, fit: str | None) -> str | None:
    """Return how pictures are brought to a size; None: they are not."""
    from npgan.data.fit import DEFAULT

    if fit is not None and size is None:
        raise InputError(f"--fit {fit} says how pictures are brought to a size: give --size, too")
    return None if size is None else fit or DEFAULT


TABLES = ".csv", ".tsv"
"""The endings of tables that are text."""
RUN = option("run_folder", type=path, metavar="RUN")
"""The folder of the run to work on."""
SEED = whole("--seed", 0, "of all noise", 0)
"""The seed of all noise."""


class Trained:
    """A run's trained model, with its configuration and its data.

    Parameters
    ----------
    task : what it is for, which messages name
    folder : the run's
    kinds, but : the kinds of models that fit, and kinds among them that do not
    """

    def __init__(self, task: str, folder: Path, kinds: Any, but: Any = ()) -> None:
        from npgan import runs

        self.task, self.folder = task, folder
        self.model, self.config = runs.load_for(task, folder, kinds, but=but)
        self.name = self.config.preset or self.config.model

    @cached_property
    def dataset(self) -> "Dataset":
        """The run's data."""
        from npgan import runs

        return runs.load_data(self.config, self.folder)

    @property
    def shape(self) -> tuple[int, ...]:
        """The height, the width and the channels of the run's images; an InputError if its rows are none."""
        if self.config.image_shape is None or self.config.shape is None:
            raise InputError(f"{self.task} needs images; the rows of {self.config.data} are none")
        return tuple(self.config.shape)

    @property
    def images(self) -> tuple[int, ...] | None:
        """The height, the width and the channels of the run's images; None: its rows are none."""
        return self.shape if self.config.image_shape else None

    @property
    def train(self) -> np.ndarray:
        """The training rows, as the model sees them."""
        return self.model.scaled(self.dataset.train)

    def held_out(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the test rows, as the data have them, and their labels.

        Data without test rows is refused: the model has seen all others.
        """
        rows, labels, name = self.dataset.test, self.dataset.test_labels, self.dataset.name
        if rows is None:
            raise InputError(f"the data set {name} has no test data: all of it was trained on")
        return rows, labels

    def test(self, n: int | None = None) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the first n test rows, as the model sees them, and their labels; by default all."""
        rows, labels = self.held_out()
        return self.model.scaled(rows[:n]), None if labels is None else labels[:n]

    def taken(self, rows: np.ndarray) -> np.ndarray:
        """Return rows as the model's own methods take floats: bytes scaled, those of tables as they are."""
        return rows if self.model.of_tables else self.model.scaled(rows)

    def unit(self, x: np.ndarray) -> np.ndarray:
        """Return rows that the model sees or makes as images in [0, 1]."""
        from npgan.study.pictures import to_unit

        return to_unit(self.model, self.config, x)

    def decode(self, z: np.ndarray) -> np.ndarray:
        """Return the images in [0, 1] that the model makes of codes."""
        return self.unit(self.model.decode(z.astype(np.float32)))


def draw_rows(
    file: Path,
    images: Mapping[str, np.ndarray],
    shape: tuple[int, ...],
    notes: Mapping[str, Sequence[Any]] | None = None,
) -> None:
    """Draw the first images (n, d) in [0, 1] of each name; see :func:`npgan.plotting.save_rows`."""
    from npgan import plotting

    first = {name: x[:COLUMNS] for name, x in images.items()}
    plotting.save_rows(file, first, shape, notes)


def progress(what: str) -> Callable[[Sequence[Any]], Any]:
    """Return a function that shows, in a terminal, how far a loop has got."""
    from tqdm import tqdm

    return lambda steps: tqdm(steps, desc=what, disable=None, leave=False)


def spoiling(encoder: "Sequential") -> tuple["Layer", Callable[..., np.ndarray]]:
    """Return the layer that an encoder begins with, a reshape aside, and that layer as a function of rows.

    >>> from npgan.layers import build
    >>> layer, spoil = spoiling(build(["reshape 2 2 1", "pixelate 2", "flatten"]))
    >>> layer.name, spoil(np.array([[0.0, 0.0, 0.0, 1.0]]), np.random.default_rng(0))
    ('pixelate', array([[0.25, 0.25, 0.25, 0.25]]))
    """
    first = 1 if encoder.layers[0].name == "reshape" and len(encoder.layers) > 1 else 0
    before, layer = encoder.layers[:first], encoder.layers[first]

    def spoil(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        for reshape in before:
            x = reshape(x)
        return layer(x, rng).reshape(len(x), -1)

    return layer, spoil


def linear_guess(known: np.ndarray, wanted: np.ndarray, x: np.ndarray) -> np.ndarray:
    r"""Return the best linear prediction (m, b) of what is wanted from x (m, a): ridge regression.

    Its weights minimise :math:`\frac1n\|w - \mu_w - (k - \mu_k)W\|^2 + \epsilon\|W\|^2`, whose derivative
    with respect to W is 0 where

    .. math:: (\Sigma_{kk} + \epsilon I)W = \Sigma_{kw}, \qquad \hat w = \mu_w + (x - \mu_k)W

    with the means and covariances of training rows. For Gaussians it is the conditional mean.
    :math:`\epsilon` avoids a division by 0 where a pixel never changes.

    With fewer rows than pixels, a smaller matrix is inverted. K (n, a) and T (n, b) are the centred known and
    wanted rows. Since :math:`(K^\top K + n\epsilon I)K^\top = K^\top(KK^\top + n\epsilon I)`, the same weights are
    :math:`W = K^\top(KK^\top + n\epsilon I)^{-1}T`.

    Parameters
    ----------
    known, wanted : (n, a) and (n, b), of the same training rows

    >>> linear_guess(np.array([[0.0], [9.0]]), np.array([[1.0], [19.0]]), np.array([[2.0]])).round(2)
    array([[5.]])
    """
    mean, target = (y.mean(axis=0, dtype=np.float64).astype(y.dtype) for y in (known, wanted))
    centred, n = known - mean, len(known)
    if n < len(mean):
        products = (centred @ centred.T).astype(np.float64) + n * RIDGE * np.eye(n)
        weights = np.linalg.solve(products, (wanted - target).astype(np.float64))
        return target + ((x - mean) @ centred.T) @ weights
    covariance = (centred.T @ centred).astype(np.float64) / n + RIDGE * np.eye(len(mean))
    shared = (centred.T @ (wanted - target)).astype(np.float64) / n
    return target + (x - mean) @ np.linalg.solve(covariance, shared)


def quality(images: np.ndarray, truth: np.ndarray, shape: tuple[int, ...]) -> dict[str, float]:
    """Return the mean peak signal-to-noise ratio and structural similarity of images in [0, 1].

    The similarity is left out for images smaller than its window of 11 x 11 pixels.
    """
    from npgan.metrics import psnr, ssim
    from npgan.metrics.images import WINDOW

    result = {"psnr": float(psnr(images, truth).mean())}
    if min(shape[:2]) >= WINDOW:
        result["ssim"] = float(ssim(images, truth, shape).mean())
    return result
