r"""Scores of what does not belong: of rows unlike those that a model was trained on.

The larger, the stranger. Each is a function of (model, rows, training rows), both as the networks see
them, and of a generator of random numbers.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol, cast

import numpy as np

from npgan import errors
from npgan.errors import TAME, array, instance
from npgan.layers import Sequential
from npgan.metrics import PCA, neighbour_distance
from npgan.models import GAN, NOT_OF_ONE_CODE, RECONSTRUCTORS, VAE, Model
from npgan.models.model import in_chunks
from npgan.ops.normalisation import polar
from npgan.study.latent import search

NEIGHBOURS, COMPONENTS, KNOWN = 3, 32, 10_000
BINOMIAL = 1, 4, 6, 4, 1


class Score(Protocol):
    """A score, and the kinds of models that have it; ``Model``: no model is asked."""

    kind: Any

    def __call__(
        self, model: Any, x: np.ndarray, train: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Return the scores (n,) of rows x (n, d), beside training rows (m, d); both are floats."""


def _of(kind: Any) -> Callable[[Callable], Score]:
    """Let a score check that it is given rows, and a model of its kind."""

    def decorate(score: Callable) -> Score:
        @wraps(score)
        def checked(
            model: Any, x: np.ndarray, train: np.ndarray, rng: np.random.Generator
        ) -> np.ndarray:
            if kind is not Model:
                instance("model", model, kind)
            x = array("x", x, ("n", "d"), "floats", rows=1, limits=TAME)
            train = array("train", train, ("m", x.shape[1]), "floats", rows=1, limits=TAME)
            return score(model, x, train, errors.generator(rng))

        checked.kind = kind  # type: ignore[attr-defined]
        return cast(Score, checked)

    return decorate


@_of(RECONSTRUCTORS)
def reconstruction(
    model: Any, x: np.ndarray, train: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    r"""Squared error of what is built from the code: :math:`\|x - R(E(x))\|^2`."""
    return np.square(x - model.reconstruct(x)).sum(axis=1)


@_of(RECONSTRUCTORS)
def angle(model: Any, x: np.ndarray, train: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    r"""How far a blurred image and its blurred reconstruction point apart: :math:`1 - \cos\angle(Bx, B\hat x)`.

    An angle does not know how bold a digit is, and blur not whether a stroke is a pixel aside: neither
    makes it strange. B weighs a pixel's neighbours by the binomial 1 4 6 4 1 in both directions, where
    the rows are square images; elsewhere B = I.
    """
    return _apart(x, model.reconstruct(x))


def _apart(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return 1 - (directions(x) * directions(y)).sum(axis=1)


def directions(x: np.ndarray) -> np.ndarray:
    """Return blurred rows (n, d), of length 1; rows of 0 are 0."""
    return polar(blurred(x))[1]


def blurred(x: np.ndarray) -> np.ndarray:
    """Return square images (n, d) blurred, and rows that are none as they are.

    >>> blurred(np.eye(25)[12:13]).reshape(5, 5)[2] * 256
    array([ 6., 24., 36., 24.,  6.])
    """
    x = array("x", x, ("n", "d"), limits=TAME)
    width = int(np.sqrt(x.shape[1]))
    if width * width != x.shape[1]:
        return x
    images = x.reshape(-1, width, width)
    for axis in (1, 2):
        padded = np.pad(images, [(0, 0), *((2, 2) if a == axis else (0, 0) for a in (1, 2))])
        parts = [np.take(padded, np.arange(width) + i, axis=axis) for i in range(5)]
        images = np.tensordot(np.array(BINOMIAL, x.dtype) / 16, parts, 1)
    return images.reshape(x.shape)


def _known(train: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return all training rows, or so many at random: a file may have its classes one after the other."""
    return train if len(train) <= KNOWN else train[rng.permutation(len(train))[:KNOWN]]


@_of(RECONSTRUCTORS)
def latent(model: Any, x: np.ndarray, train: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Mean distance of the code from the nearest codes of training rows."""
    return neighbour_distance(model.encode(x), model.encode(_known(train, rng)), NEIGHBOURS)


@_of(VAE)
def bound(model: Any, x: np.ndarray, train: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    r"""Minus the lower bound of :math:`\log p(x)`, by 10 codes."""
    return -model.bound(x, rng, samples=10)


@_of(GAN)
def critic(model: Any, x: np.ndarray, train: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Minus the discriminator's logit: what it takes for generated."""
    return -in_chunks(model.discriminator, x)[:, 0]


@_of(GAN)
def features(model: Any, x: np.ndarray, train: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Mean distance from the nearest training rows in the discriminator's last hidden layer."""
    hidden = Sequential(*model.discriminator.layers[:-1])
    return neighbour_distance(
        in_chunks(hidden, x), in_chunks(hidden, _known(train, rng)), NEIGHBOURS
    )


@_of(GAN)
def searched(model: Any, x: np.ndarray, train: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Squared error of the nearest image that the generator can make.

    After Schlegl et al. 2017 (AnoGAN), who take absolute errors, of the image and, by a tenth, of the
    discriminator's features.
    """
    generator = model.average or model.generator
    parts = (x[i : i + 500] for i in range(0, len(x), 500))
    z = np.concatenate([search(generator, p, rng, steps=100, restarts=2) for p in parts])
    return np.square(x - in_chunks(generator, z)).sum(axis=1)


@_of(Model)
def components(
    model: Any, x: np.ndarray, train: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Squared error of 32 principal components: no model is asked."""
    return np.square(x - _projected(x, train)).sum(axis=1)


@_of(Model)
def components_angle(
    model: Any, x: np.ndarray, train: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """The angle, as :func:`angle` takes it, to what 32 principal components keep: no model is asked."""
    return _apart(x, _projected(x, train))


def _projected(x: np.ndarray, train: np.ndarray) -> np.ndarray:
    pca = PCA(train, min(COMPONENTS, *train.shape))
    return pca.decode(pca.encode(x))


@_of(Model)
def pixels(model: Any, x: np.ndarray, train: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Mean distance from the nearest training rows: no model is asked."""
    return neighbour_distance(x, _known(train, rng), NEIGHBOURS)


@_of(Model)
def nearest_directions(
    model: Any, x: np.ndarray, train: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Mean distance from the nearest training rows, all blurred and of length 1: no model is asked."""
    return neighbour_distance(directions(x), directions(_known(train, rng)), NEIGHBOURS)


SCORES: dict[str, Score] = {
    "angle": angle,
    "reconstruction": reconstruction,
    "latent": latent,
    "bound": bound,
    "critic": critic,
    "features": features,
    "search": searched,
    "principal components": components,
    "principal components, angle": components_angle,
    "nearest pixels": pixels,
    "nearest directions": nearest_directions,
}
WITHOUT_MODEL = [name for name, score in SCORES.items() if score.kind is Model]


def scores_for(model: Model) -> dict[str, Score]:
    """Return the scores that a model has, by name.

    A discriminator of several samples at once, packed or compared, has no opinion of one, and one of a single layer no
    features; what more than a code decides on is not searched for by its code.
    """
    instance("model", model, Model)
    found = {name: score for name, score in SCORES.items() if isinstance(model, score.kind)}
    if isinstance(model, NOT_OF_ONE_CODE):
        del found["search"]
    if isinstance(model, GAN):
        critic = model.discriminator
        alone = critic.in_width == model.features and not critic.couples_samples
        if not alone:
            del found["critic"]
        if not alone or len(critic.layers) == 1:
            del found["features"]
    return found
