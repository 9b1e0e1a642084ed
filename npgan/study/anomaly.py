r"""Anomaly scores: how unlike a model's training rows other rows are. A larger score is more unusual.

Each is a function of (model, rows, training rows, rng, shape), with rows as the model's own methods take floats: on the
scale that the networks see, those of tables as :class:`npgan.tables.Encoding` makes them.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from npgan import errors
from npgan.errors import TAME, array, instance
from npgan.layers import Sequential
from npgan.metrics import PCA, neighbour_distance
from npgan.models import GAN, IWAE, NOT_OF_ONE_CODE, RECONSTRUCTORS, VAE, Model, TableVAE
from npgan.models.checks import in_chunks
from npgan.ops.normalisation import polar
from npgan.study.latent import search

Array = np.ndarray
Rng = np.random.Generator
Shape = tuple[int, ...] | None
NEIGHBOURS, COMPONENTS, KNOWN = 3, 32, 10_000
BINOMIAL = 1, 4, 6, 4, 1
SCORED = GAN | RECONSTRUCTORS | TableVAE
"""Models that have a score of their own; not those of `NOT_OF_ONE_CODE`."""

SCORES: dict[str, Any] = {}
"""Name -> score, in the order in which they are reported.

A score's ``kind`` is the class of the models that have it; ``Model``: it needs no model. ``of_images`` says whether it
is for images alone, ``compares`` whether it looks at training rows. Called with a model, rows x (n, d), training rows
(m, d), a generator and, of images, their (height, width) or (height, width, channels), it returns the scores (n,). All
rows are floats.
"""


def _score(
    name: str, kind: Any, *, of_images: bool = False, compares: bool = False
) -> Callable[[Callable], Callable]:
    """Add a function to :data:`SCORES`, which from then on checks its rows and its model's kind."""

    def decorate(score: Callable) -> Callable:
        @wraps(score)
        def checked(model: Any, x: Array, train: Array, rng: Rng, shape: Shape = None) -> Array:
            if kind is not Model:
                instance("model", model, kind)
            x = array("x", x, ("n", "d"), "floats", rows=1, limits=TAME)
            train = array("train", train, ("m", x.shape[1]), "floats", rows=1, limits=TAME)
            if kind is Model and getattr(model, "of_tables", False):
                x, train = model.scaled(x), model.scaled(train)
            if shape is not None:
                shape = errors.image_shape("shape", shape, x.shape[1])
            return score(model, x, train, errors.generator(rng), *[shape] * of_images)

        SCORES[name] = checked
        vars(checked).update(kind=kind, of_images=of_images, compares=compares)
        return checked

    return decorate


@_score("angle", RECONSTRUCTORS, of_images=True)
def angle(model: Any, x: Array, train: Array, rng: Rng, shape: Shape) -> Array:
    r"""Angle between a blurred image and its blurred reconstruction: :math:`1 - \cos\angle(Bx, B\hat x)`.

    An angle ignores how bold a digit is, and blur ignores whether a stroke is shifted by a pixel: neither
    makes a digit unusual. B weights a pixel's neighbours by the binomial 1 4 6 4 1 in both directions; without a
    shape, B = I.
    """
    return _one_minus_cosine(x, model.reconstruct(x), shape)


@_score("reconstruction", RECONSTRUCTORS)
def reconstruction(model: Any, x: Array, train: Array, rng: Rng) -> Array:
    r"""Squared error of the reconstruction: :math:`\|x - R(E(x))\|^2`."""
    return np.square(x - model.reconstruct(x)).sum(axis=1)


def _one_minus_cosine(x: Array, y: Array, shape: Shape) -> Array:
    return 1 - (directions(x, shape) * directions(y, shape)).sum(axis=1)


def directions(x: Array, shape: Shape = None) -> Array:
    """Return rows (n, d), blurred if a shape says that they are images, scaled to length 1; a row of zeros stays 0."""
    x = array("x", x, ("n", "d"), limits=TAME)
    return polar(x if shape is None else blurred(x, shape))[1]


def blurred(x: Array, shape: Shape) -> Array:
    """Return images (n, d) of a shape, (height, width) or (height, width, channels), blurred.

    >>> blurred(np.eye(25)[12:13], (5, 5)).reshape(5, 5)[2] * 256
    array([ 6., 24., 36., 24.,  6.])
    """
    x = array("x", x, ("n", "d"), limits=TAME)
    height, width, *channels = errors.image_shape("shape", shape, x.shape[1])
    images = x.reshape(len(x), height, width, *channels)
    for axis, size in ((1, height), (2, width)):
        padded = np.pad(images, [(2, 2) if a == axis else (0, 0) for a in range(images.ndim)])
        parts = [np.take(padded, np.arange(size) + i, axis=axis) for i in range(5)]
        images = np.tensordot(np.array(BINOMIAL, x.dtype) / 16, parts, 1)
    return images.reshape(x.shape)


def _known(train: Array, rng: Rng) -> Array:
    """Return the training rows, or a random sample of them: a file may have its classes one after the other."""
    return train if len(train) <= KNOWN else train[rng.permutation(len(train))[:KNOWN]]


@_score("bound", VAE | IWAE | TableVAE)
def bound(model: Any, x: Array, train: Array, rng: Rng) -> Array:
    r"""Minus the lower bound of :math:`\log p(x)`, in nats, estimated with 10 codes."""
    return -model.bound(x, rng, samples=10)


@_score("latent", RECONSTRUCTORS | TableVAE, compares=True)
def latent(model: Any, x: Array, train: Array, rng: Rng) -> Array:
    """Mean distance of the code to the nearest codes of training rows."""
    return neighbour_distance(model.encode(x), model.encode(_known(train, rng)), NEIGHBOURS)


@_score("search", GAN)
def searched(model: Any, x: Array, train: Array, rng: Rng) -> Array:
    """Squared error of the nearest image that the generator can make.

    After Schlegl et al. 2017 (AnoGAN), whose score is nine tenths of the image's absolute error plus a tenth of
    that of the discriminator's features.
    """
    generator = model.average or model.generator
    parts = (x[i : i + 500] for i in range(0, len(x), 500))
    z = np.concatenate([search(generator, p, rng, steps=100, restarts=2) for p in parts])
    return np.square(x - in_chunks(generator, z)).sum(axis=1)


@_score("features", GAN, compares=True)
def features(model: Any, x: Array, train: Array, rng: Rng) -> Array:
    """Mean distance to the nearest training rows in the discriminator's last hidden layer."""
    hidden = Sequential(*model.discriminator.layers[:-1])
    return neighbour_distance(
        in_chunks(hidden, x), in_chunks(hidden, _known(train, rng)), NEIGHBOURS
    )


@_score("critic", GAN)
def critic(model: Any, x: Array, train: Array, rng: Rng) -> Array:
    """Minus the discriminator's logit: the score is large for rows that it takes for generated."""
    return -in_chunks(model.discriminator, x)[:, 0]


@_score("principal components", Model, compares=True)
def components(model: Any, x: Array, train: Array, rng: Rng) -> Array:
    """Squared error of the projection onto 32 principal components; needs no model."""
    return np.square(x - _projected(x, train)).sum(axis=1)


@_score("principal components, angle", Model, of_images=True, compares=True)
def components_angle(model: Any, x: Array, train: Array, rng: Rng, shape: Shape) -> Array:
    """The angle of :func:`angle`, to the projection onto 32 principal components; needs no model."""
    return _one_minus_cosine(x, _projected(x, train), shape)


def _projected(x: Array, train: Array) -> Array:
    pca = PCA(train, min(COMPONENTS, *train.shape))
    return pca.decode(pca.encode(x))


@_score("nearest rows", Model, compares=True)
def nearest_rows(model: Any, x: Array, train: Array, rng: Rng) -> Array:
    """Mean distance to the nearest training rows; needs no model."""
    return neighbour_distance(x, _known(train, rng), NEIGHBOURS)


@_score("nearest directions", Model, of_images=True, compares=True)
def nearest_directions(model: Any, x: Array, train: Array, rng: Rng, shape: Shape) -> Array:
    """Mean distance to the nearest training rows, all blurred and of length 1; needs no model."""
    known = directions(_known(train, rng), shape)
    return neighbour_distance(directions(x, shape), known, NEIGHBOURS)


WITHOUT_MODEL = [name for name, score in SCORES.items() if score.kind is Model]


def scores_for(model: Model, shape: Shape = None) -> dict[str, Any]:
    """Return the scores that a model has, by name, the one first that is used where nobody asks for another.

    Without a shape the rows are no images: an angle from 0, where no row need lie, says nothing of them.
    A discriminator that sees several samples at once, packed or compared, has no logit of a single one; one of a
    single layer has no features. ``search`` needs a generator whose output depends on z alone.
    """
    instance("model", model, Model)
    if shape is not None:
        shape = errors.image_shape("shape", shape, model.features)
    found = {
        name: score
        for name, score in SCORES.items()
        if isinstance(model, score.kind) and (shape or not score.of_images)
    }
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
