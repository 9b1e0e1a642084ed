"""Layers that change the colours of each image at random while a network trains: differentiable augmentation.

A discriminator of few images learns them by heart. It does so later if it sees every image, real or generated, in
another colour and at another place each time; the gradient goes through to the generator (Zhao et al. 2020,
"Differentiable augmentation for data-efficient GAN training"). For images of 32 x 32 pixels a discriminator then
begins with

    reshape 32 32 3
    random_brightness 0.5, random_saturation 1.0, random_contrast 0.5    their policy "color"
    random_shift 4                                                       their policy "translation"
    random_block 16                                                      their policy "cutout"

The last two are in :mod:`npgan.layers.images`. The paper's images are in [-1, 1]. Without an ``rng`` these layers pass
their input on.
"""

import numpy as np

from npgan.backend import run
from npgan.errors import InputError, positive, share
from npgan.layers.layer import Array, Shape
from npgan.layers.noise import Added, RandomLinear
from npgan.ops.windows import by

__all__ = ["RandomBrightness", "RandomContrast", "RandomSaturation"]


class RandomBrightness(Added):
    """One number added to a whole image: ``y = x + u``, u uniform between ``-most`` and ``most``, so ``dx = dy``.

    >>> RandomBrightness(0.5)(np.zeros((2, 2)), np.random.default_rng(0)).round(2)
    array([[ 0.14,  0.14],
           [-0.23, -0.23]])
    """

    name = "random_brightness"
    example = "0.5"

    def __init__(self, most: float = 0.5) -> None:
        self.most = positive(f"what a {self.name} adds at most", most)

    def draw(self, x: Array, rng: np.random.Generator) -> Array:
        """Return u, one number for each image."""
        shape = (len(x), *[1] * (x.ndim - 1))
        return run.uniform(rng, shape, -self.most, self.most, x.real.dtype)


class RandomFactor(RandomLinear):
    """What both share: distances from a mean times a factor, uniform between ``1 - strength`` and ``1 + strength``."""

    example = "0.5"

    def __init__(self, strength: float) -> None:
        self.strength = share(f"the strength of a {self.name}", strength)

    def draw(self, x: Array, rng: np.random.Generator) -> Array:
        """Return the factors (n,)."""
        limits = 1 - self.strength, 1 + self.strength
        return run.uniform(rng, (len(x),), *limits, x.real.dtype)


class RandomSaturation(RandomFactor):
    """Colours stronger or weaker: :func:`npgan.ops.saturation_forward`; by default grey at the least.

    >>> x = np.array([1.0, 3.0]).reshape(1, 1, 1, 2)
    >>> RandomSaturation(1.0)(x, np.random.default_rng(0)).round(2).ravel()
    array([0.73, 3.27])
    """

    name, operation = "random_saturation", "saturation"
    example_shape = (2, 3, 2)

    def __init__(self, strength: float = 1.0) -> None:
        super().__init__(strength)

    def out_shape(self, in_shape: Shape) -> Shape:
        """Return the image's shape; rows, which have no channels, are an InputError."""
        if len(in_shape) != 3:
            raise InputError(
                f"{self!r} takes images, but the layer before it makes rows of {by(in_shape)}"
            )
        return in_shape


class RandomContrast(RandomFactor):
    """Differences within each image larger or smaller: :func:`npgan.ops.contrast_forward`.

    >>> RandomContrast(0.5)(np.array([[1.0, 3.0]]), np.random.default_rng(0)).round(2)
    array([[0.86, 3.14]])
    """

    name, operation = "random_contrast", "contrast"

    def __init__(self, strength: float = 0.5) -> None:
        super().__init__(strength)
