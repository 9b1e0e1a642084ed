"""Complete images: fill a hidden part with what fits the rest.

The z is sought whose image agrees with the known pixels (:func:`npgan.study.latent.search`), a GAN's or one of
the codes that an autoencoder keeps like N(0, I); a denoising autoencoder that learned to fill holes does it
in one pass. Beside them: the mean image, principal components, and the best linear guess.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from npgan.commands.common import (
    check_out,
    image_shape,
    linear_guess,
    out_argument,
    progress,
    quality,
    run_argument,
    seed_argument,
    test_part,
)
from npgan.errors import InputError, count

SUMMARY = "fill a hidden part of test images"
EXAMPLES = """
  npgan complete runs/gan-mnist --mask bottom --out completed.png
  npgan complete runs/completer --mask center --out completed.png
  npgan complete runs/completer --mask hole.png --out completed.png     what is black in it is hidden
"""
SHOWN = 12
HIDING = "random_block", "dropout"  # layers that set pixels to 0
COMPONENTS = 80
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
    run_argument(parser)
    parser.add_argument(
        "--mask",
        default="center",
        metavar="NAME|FILE.png",
        help=f"{', '.join(MASKS)}; default center",
    )
    parser.add_argument(
        "--images", type=int, default=200, metavar="N", help="the first N test images; default 200"
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
    from npgan.data.images import read_image

    image = read_image(path)
    if image.shape != shape:
        raise InputError(
            f"the mask {path} is {image.shape[0]} x {image.shape[1]}; the run's images are "
            f"{shape[0]} x {shape[1]}"
        )
    return image < 128


def by_components(train: np.ndarray, x: np.ndarray, known: np.ndarray) -> np.ndarray:
    r"""Fill x by principal components, weighed as is likely given its known pixels (d,).

    Let :math:`x = \mu + Cu + \sigma\varepsilon` with u and :math:`\varepsilon` normal. Likeliest of all is
    :math:`C = V(\Lambda - \sigma^2 I)^{1/2}`, with the components V, their variances :math:`\Lambda`, and
    :math:`\sigma^2` the mean variance of the directions that are left, which the components have as well.
    The likeliest u given the known pixels minimises :math:`\|x_k - \mu_k - C_ku\|^2/\sigma^2 + \|u\|^2`, whose
    derivative is 0 at :math:`(C_k^\top C_k + \sigma^2 I)u = C_k^\top(x_k - \mu_k)`. Source: probabilistic
    principal components, Tipping and Bishop 1999, eq. 7 and 8.

    Parameters
    ----------
    train, x : (m, d) and (n, d)
    """
    from npgan.metrics import PCA

    seen, (n, d) = known > 0, train.shape
    pca = PCA(train, min(COMPONENTS, n - 1, d))
    variances = pca.encode(train).var(axis=0)
    left = (train.var(axis=0, dtype=np.float64).sum() - variances.sum()) / max(
        1, d - len(variances)
    )
    c = pca.directions * np.sqrt(np.maximum(variances - left, 0))
    within = c[seen].T @ c[seen] + max(left, 1e-9) * np.eye(len(variances))
    u = np.linalg.solve(within, c[seen].T @ (x - pca.mean)[:, seen].T)
    return pca.mean + (c @ u).T


def by_covariance(train: np.ndarray, x: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Fill x (n, d) by the best guess linear in its known pixels (d,)."""
    seen, filled = known > 0, x.copy()
    filled[:, ~seen] = linear_guess(train[:, seen], train[:, ~seen], x[:, seen])
    return filled


def run(a: argparse.Namespace) -> dict[str, Any]:
    """Draw images completed in each way; return how near the hidden pixels, and the images, are to the truth."""
    from npgan import plotting, runs
    from npgan.models import GAN, NOT_OF_ONE_CODE, Autoencoder
    from npgan.models.coder import LatentModel
    from npgan.models.model import in_chunks
    from npgan.study.latent import search
    from npgan.study.pictures import to_unit

    check_out(a.out)
    count("--images", a.images, 1)
    kinds = GAN | LatentModel | Autoencoder
    model, config = runs.load_for("complete", a.run_folder, kinds, but=NOT_OF_ONE_CODE)
    if isinstance(model, Autoencoder) and model.encoder.layers[0].name not in HIDING:
        raise InputError(
            f"{a.run_folder} did not learn to fill holes: its encoder must begin with "
            f"{' or '.join(HIDING)}, as the preset completer's does"
        )
    shape = image_shape("complete", config)
    known = known_pixels(a.mask, shape)
    dataset = runs.load_data(config, a.run_folder)
    train, truth = model.scaled(dataset.train), model.scaled(test_part(dataset)[0][: a.images])
    masked = truth * known
    if isinstance(model, Autoencoder):
        made = in_chunks(model.decoder, in_chunks(model.encoder, masked))
    else:
        rng = np.random.default_rng(a.seed)
        generator = model.average or model.generator if isinstance(model, GAN) else model.decoder
        made = generator(search(generator, truth, rng, known=known, progress=progress("search")))
    ways = {
        "mean": np.broadcast_to(train.mean(axis=0, dtype=np.float64), truth.shape),
        "principal components": by_components(train, truth, known),
        "linear guess": by_covariance(train, truth, known),
        config.preset or config.model: made,
    }
    ways = {name: np.where(known > 0, truth, x).astype(np.float32) for name, x in ways.items()}
    rows = {"original": truth, "masked": masked, **ways}
    images = {name: to_unit(model, config, x) for name, x in rows.items()}
    images["masked"] = np.where(known > 0, images["masked"], 0.5)
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
