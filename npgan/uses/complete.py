"""Complete images: fill a hidden part with what fits the rest.

A generator's z is sought whose image agrees with the known pixels (:func:`npgan.latent.search`); a
denoising autoencoder that learned to fill holes does it in one pass. Beside them: the mean image, the
principal components' weights that fit the known pixels best, and the best linear guess.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from npgan.errors import InputError, count
from npgan.uses.common import (
    check_out,
    image_shape,
    out_argument,
    progress,
    quality,
    seed_argument,
)

SUMMARY = "fill a hidden part of test images"
EXAMPLES = """
  npgan complete runs/gan-mnist --mask bottom --out completed.png
  npgan complete runs/completer --mask center --out completed.png
  npgan complete runs/completer --mask hole.png --out completed.png     what is black in it is hidden
"""
SHOWN = 12
COMPONENTS = 5, 10, 20, 40, 80
RIDGE = 1e-3
MASKS = {
    "left": lambda i, j: j < 0.5,
    "right": lambda i, j: j >= 0.5,
    "top": lambda i, j: i < 0.5,
    "bottom": lambda i, j: i >= 0.5,
    "center": lambda i, j: (abs(i - 0.5) < 0.25) & (abs(j - 0.5) < 0.25),
}
"""Name -> whether a pixel is hidden, by its place (down, to the right) in [0, 1)."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--mask",
        default="center",
        metavar="NAME|FILE.png",
        help=f"{', '.join(MASKS)}; default center",
    )
    parser.add_argument(
        "--images", type=int, default=200, metavar="N", help="complete so many; default 200"
    )
    seed_argument(parser)
    out_argument(parser)


def known_pixels(mask: str, shape: tuple[int, int]) -> np.ndarray:
    """Return 1 for each pixel that is known and 0 for a hidden one, (d,), by a name or a picture.

    >>> known_pixels("left", (2, 4)).reshape(2, 4)
    array([[0., 0., 1., 1.],
           [0., 0., 1., 1.]], dtype=float32)
    """
    if mask in MASKS:
        i, j = np.indices(shape)
        hidden = MASKS[mask]((i + 0.5) / shape[0], (j + 0.5) / shape[1])
    elif Path(mask).suffix == ".png":
        hidden = _read(Path(mask), shape)
    else:
        raise InputError(f"--mask must be a .png or one of {', '.join(MASKS)}, not {mask}")
    if hidden.all() or not hidden.any():
        raise InputError(f"the mask {mask} hides {'all' if hidden.all() else 'none'} of the image")
    return (~hidden).astype(np.float32).reshape(-1)


def _read(path: Path, shape: tuple[int, int]) -> np.ndarray:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path, formats=["PNG"]) as picture:
            if picture.size != shape[::-1]:
                width, height = picture.size
                raise InputError(
                    f"the mask {path} is {height} x {width}; the run's images are "
                    f"{shape[0]} x {shape[1]}"
                )
            return np.asarray(picture.convert("L")) < 128
    except (OSError, UnidentifiedImageError) as error:
        raise InputError(f"the mask {path} cannot be read: {error}") from None


def by_components(train: np.ndarray, x: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Fill x by the weights of principal components that fit its known pixels best.

    How many components there are is chosen by the error on training images.
    """
    from npgan.metrics import PCA

    seen = known > 0
    pca = PCA(train, min(max(COMPONENTS), *train.shape))

    def filled(x: np.ndarray, k: int) -> np.ndarray:
        directions = pca.directions[:, :k]
        weights = np.linalg.lstsq(directions[seen], (x - pca.mean)[:, seen].T, rcond=None)[0]
        return pca.mean + (directions @ weights).T

    some = train[:1000]
    errors = {
        k: float(np.square(filled(some, k) - some)[:, ~seen].mean())
        for k in COMPONENTS
        if k <= pca.directions.shape[1]
    }
    return filled(x, min(errors, key=errors.__getitem__))


def by_covariance(train: np.ndarray, x: np.ndarray, known: np.ndarray) -> np.ndarray:
    r"""Fill x (n, d) by a Gaussian's mean, given its known pixels (d,): the best guess linear in them.

    :math:`\mu_h + \Sigma_{hk}(\Sigma_{kk} + \epsilon I)^{-1}(x_k - \mu_k)`, with the moments of training
    images; :math:`\epsilon` keeps pixels that never change from being divided by.
    """
    seen = known > 0
    mean, covariance = train.mean(axis=0), np.cov(train.T)
    within = covariance[np.ix_(seen, seen)] + RIDGE * np.eye(seen.sum())
    weights = np.linalg.solve(within, covariance[np.ix_(seen, ~seen)])
    filled = x.copy()
    filled[:, ~seen] = mean[~seen] + (x - mean)[:, seen] @ weights
    return filled


def run(a: argparse.Namespace) -> dict[str, Any]:
    """Draw images completed in each way; return how near the hidden pixels, and the images, are to the truth."""
    from npgan import data, plotting, runs
    from npgan.latent import search
    from npgan.models import GAN, Autoencoder, ConditionalGAN
    from npgan.models.model import in_chunks

    check_out(a.out)
    count("--images", a.images, 1)
    model, config = runs.load_for("complete", a.run_folder, GAN | Autoencoder, but=ConditionalGAN)
    shape = image_shape("complete", config)
    known = known_pixels(a.mask, shape)
    dataset = data.load(config.data)
    train, truth = model.scaled(dataset.train), model.scaled(dataset.held_out[0][: a.images])
    masked = truth * known
    if isinstance(model, Autoencoder):
        made = in_chunks(model.decoder, in_chunks(model.encoder, masked))
    else:
        generator, rng = model.average or model.generator, np.random.default_rng(a.seed)
        made = generator(search(generator, truth, rng, known=known, progress=progress("search")))
    ways = {
        "mean": np.broadcast_to(train.mean(axis=0), truth.shape),
        "principal components": by_components(train, truth, known),
        "linear guess": by_covariance(train, truth, known),
        config.preset or config.model: made,
    }
    ways = {name: np.where(known > 0, truth, x).astype(np.float32) for name, x in ways.items()}
    rows = {"original": truth, "masked": masked, **ways}
    images = {name: runs.to_unit(model, config, x) for name, x in rows.items()}
    plotting.save_rows(a.out, {name: x[:SHOWN] for name, x in images.items()}, shape)
    hidden, original = known == 0, images["original"]
    return {
        name: {
            "hidden_mean_squared_error": float(
                np.square(images[name] - original)[:, hidden].mean(dtype=np.float64)
            ),
            **quality(images[name], original, shape),
        }
        for name in ways
    }
