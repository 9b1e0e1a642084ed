"""Complete images: fill a hidden part so that it fits the rest.

A GAN, and a model whose codes are distributed like N(0, I), fills it by the z whose image agrees best with the
known pixels (:func:`npgan.study.latent.search`). A denoising autoencoder that was trained to fill holes needs one
pass. The results are compared with the mean image, principal components, and the best linear prediction.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from npgan.commands import common
from npgan.errors import InputError

SUMMARY = "fill a hidden part of test images"
EXAMPLES = """
  npgan complete runs/gan-conv --mask bottom --out completed.png
  npgan complete runs/completer --mask center --out completed.png
  npgan complete runs/completer --mask hole.png --out completed.png     what is black in it is hidden
"""
HIDING = "random_block", "dropout"  # layers that set pixels to 0
COMPONENTS = 80
MASKS = {
    "left": lambda i, j: j < 0.5,
    "right": lambda i, j: j >= 0.5,
    "top": lambda i, j: i < 0.5,
    "bottom": lambda i, j: i >= 0.5,
    "center": lambda i, j: (abs(i - 0.5) < 0.25) & (abs(j - 0.5) < 0.25),
}
"""Name -> whether a pixel is hidden, given how far down and how far to the right it lies, both in [0, 1)."""
OPTIONS = (
    common.RUN,
    common.option(
        "--mask",
        default="center",
        metavar="NAME|FILE.png",
        help=f"{', '.join(MASKS)}; default center",
    ),
    common.whole("--images", 200, "the first N test images"),
    common.SEED,
    common.out(),
)


def known_pixels(mask: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return 1 for each known number of an image and 0 for each hidden one, (d,), of a pixel all channels alike.

    The mask is a name or a picture, the shape (height, width) or (height, width, channels).

    >>> known_pixels("left", (2, 4)).reshape(2, 4)
    array([[0., 0., 1., 1.],
           [0., 0., 1., 1.]], dtype=float32)
    """
    height, width, *channels = shape
    if mask in MASKS:
        i, j = np.indices((height, width))
        hidden = MASKS[mask]((i + 0.5) / height, (j + 0.5) / width)
    elif Path(mask).suffix == ".png":
        hidden = _read(Path(mask), (height, width))
    else:
        raise InputError(f"--mask must be a .png or one of {', '.join(MASKS)}, not {mask}")
    if hidden.all() or not hidden.any():
        raise InputError(f"the mask {mask} hides {'all' if hidden.all() else 'none'} of the image")
    return (~hidden).astype(np.float32).ravel().repeat(channels or 1)


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
    r"""Fill x by probabilistic principal components: the most likely u given its known pixels (d,).

    The model is :math:`x = \mu + Cu + \sigma\varepsilon` with u and :math:`\varepsilon` standard normal. Its
    likelihood is greatest at :math:`C = V(\Lambda - \sigma^2 I)^{1/2}`, with the components V, their variances
    :math:`\Lambda`, and :math:`\sigma^2` the mean variance of all other directions.
    The most likely u given the known pixels minimises :math:`\|x_k - \mu_k - C_ku\|^2/\sigma^2 + \|u\|^2`; the
    derivative with respect to u is 0 where :math:`(C_k^\top C_k + \sigma^2 I)u = C_k^\top(x_k - \mu_k)`.
    Source: Tipping and Bishop 1999, eq. 7 and 8.

    Parameters
    ----------
    train, x : (m, d) and (n, d)
    """
    from npgan.metrics import PCA

    visible, (n, d) = known > 0, train.shape
    pca = PCA(train, min(COMPONENTS, n - 1, d))
    variances = pca.encode(train).var(axis=0)
    total = train.var(axis=0, dtype=np.float64).sum()
    noise = (total - variances.sum()) / max(1, d - len(variances))
    c = pca.directions * np.sqrt(np.maximum(variances - noise, 0))
    precision = c[visible].T @ c[visible] + max(noise, 1e-9) * np.eye(len(variances))
    u = np.linalg.solve(precision, c[visible].T @ (x - pca.mean)[:, visible].T)
    return pca.mean + (c @ u).T


def by_covariance(train: np.ndarray, x: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Fill x (n, d) by the best linear prediction from its known pixels (d,)."""
    visible, filled = known > 0, x.copy()
    filled[:, ~visible] = common.linear_guess(train[:, visible], train[:, ~visible], x[:, visible])
    return filled


def run(a: argparse.Namespace) -> dict[str, Any]:
    """Draw the images completed in each way, and return each way's errors: in the hidden pixels, and in all."""
    from npgan.models import GAN, LATENT, NOT_OF_ONE_CODE, Autoencoder
    from npgan.models.checks import in_chunks
    from npgan.study.latent import search

    kinds = GAN | LATENT | Autoencoder
    trained = common.Trained("complete", a.run_folder, kinds, but=NOT_OF_ONE_CODE)
    model, shape = trained.model, trained.shape
    if isinstance(model, Autoencoder) and common.spoiling(model.encoder)[0].name not in HIDING:
        raise InputError(
            f"{a.run_folder} did not learn to fill holes: its encoder must begin with "
            f"{' or '.join(HIDING)}, as the preset completer's does"
        )
    known = known_pixels(a.mask, shape)
    train, truth = trained.train, trained.test(a.images)[0]
    masked = truth * known
    if isinstance(model, Autoencoder):
        made = in_chunks(model.decoder, in_chunks(model.encoder, masked))
    else:
        rng = np.random.default_rng(a.seed)
        generator = model.average or model.generator if isinstance(model, GAN) else model.decoder
        made = generator(
            search(generator, truth, rng, known=known, progress=common.progress("search"))
        )
    ways = {
        "mean": np.broadcast_to(train.mean(axis=0, dtype=np.float64), truth.shape),
        "principal components": by_components(train, truth, known),
        "linear guess": by_covariance(train, truth, known),
        trained.name: made,
    }
    ways = {name: np.where(known > 0, truth, x).astype(np.float32) for name, x in ways.items()}
    rows = {"original": truth, "masked": masked, **ways}
    images = {name: trained.unit(x) for name, x in rows.items()}
    images["masked"] = np.where(known > 0, images["masked"], 0.5)
    common.draw_rows(a.out, images, shape)
    original = images["original"]
    result = {name: common.quality(images[name], original, shape) for name in ways}
    for name in ways:
        errors = np.square(images[name] - original)[:, known == 0]
        result[name]["hidden_mean_squared_error"] = float(errors.mean(dtype=np.float64))
    return result
