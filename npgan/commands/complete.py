"""Complete images, whose hidden part is filled so that it fits the rest, or a table, whose gaps are.

A GAN, and a model whose codes are distributed like N(0, I), fills it by the z whose image agrees best with the
known pixels (:func:`npgan.study.latent.search`). A denoising autoencoder that was trained to fill holes needs one
pass. The results are compared with the mean image, principal components, and the best linear prediction.
The gaps of a table are filled by draws (:mod:`npgan.study.imputation`).
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from npgan.commands import common
from npgan.commands.given import given
from npgan.errors import InputError, count

SUMMARY = "fill a hidden part of images, or the cells of a table that have no value"
EXAMPLES = """
  npgan complete runs/gan-conv --mask bottom --out completed.png
  npgan complete runs/completer --mask center --out completed.png
  npgan complete runs/completer --mask hole.png --out completed.png     what is black in it is hidden
  npgan complete runs/completer --data photos --out completed.png
  npgan complete runs/table-vae --data people.csv --out filled.csv            the same rows, without gaps
  npgan complete runs/table-vae --data people.csv --seed 1 --out again.csv    other draws for the gaps
"""
HIDING = "random_block", "dropout"  # layers that set pixels to 0
COMPONENTS, IMAGES = 80, 200
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
    common.data(
        "images, by default the run's test images; of a run of a table, a table with its columns"
    ),
    common.option(
        "--mask",
        metavar="NAME|FILE.png",
        help=f"what is hidden of images: {', '.join(MASKS)}; default center",
    ),
    common.option(
        "--images",
        type=common.number(int, count, 1),
        metavar="N",
        help=f"the first N images; default {IMAGES}",
    ),
    common.SEED,
    common.out("the picture, or the table", endings=(".png", *common.TABLES)),
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


def run(a: argparse.Namespace) -> dict[str, Any] | None:
    """Complete images or a table."""
    from npgan.models import GAN, LATENT, NOT_OF_ONE_CODE, Autoencoder, TableVAE

    kinds = GAN | LATENT | Autoencoder | TableVAE
    trained = common.Trained("complete", a.run_folder, kinds, but=NOT_OF_ONE_CODE)
    of_tables = trained.model.of_tables
    if of_tables != (a.out.suffix in common.TABLES):
        kind, ending = ("a table", ".csv") if of_tables else ("no table", ".png")
        raise InputError(f"{a.run_folder} is a run of {kind}: use --out FILE{ending}")
    return (_fill_table if of_tables else _complete_images)(a, trained)


def _fill_table(a: argparse.Namespace, trained: common.Trained) -> None:
    """Fill the gaps, and leave every other value as it is; the gaps of identifiers stay."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from npgan import runs, tables
    from npgan.study.imputation import impute

    if a.mask or a.images or not a.data:
        raise InputError(
            f"{a.run_folder} is a run of a table: --data says which is filled; no --mask, no --images"
        )
    encoding, gaps = runs.read_table(a.run_folder), given(trained, a.data, a.seed)
    rows = impute(trained.model, encoding, gaps.rows, a.seed)
    made = tables.texts(encoding.decode(rows, a.seed), encoding.schema)
    columns = {
        name: pc.coalesce(gaps.table[name], made[name])
        if name in made.column_names
        else gaps.table[name]
        for name in gaps.table.column_names
    }
    tables.write_texts(pa.table(columns), a.out, gaps.delimiter)


def _complete_images(a: argparse.Namespace, trained: common.Trained) -> dict[str, Any]:
    """Draw the images completed in each way, and return each way's errors: in the hidden pixels, and in all."""
    from npgan.models import GAN, Autoencoder
    from npgan.models.checks import in_chunks
    from npgan.study.latent import search

    model, shape = trained.model, trained.shape
    if isinstance(model, Autoencoder) and common.spoiling(model.encoder)[0].name not in HIDING:
        raise InputError(
            f"{a.run_folder} did not learn to fill holes: its encoder must begin with "
            f"{' or '.join(HIDING)}, as the preset completer's does"
        )
    known = known_pixels(a.mask or "center", shape)
    train, images = trained.train, a.images or IMAGES
    truth = given(trained, a.data).rows[:images] if a.data else trained.test(images)[0]
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
