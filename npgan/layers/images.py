"""Layers that corrupt images while a network trains: as its first layer, they make it robust.

An autoencoder that must return the image as it was is a denoising one (Vincent et al. 2008); a
classifier that sees digits in other places generalises better (Simard et al. 2003). Without an ``rng``
these layers pass their input on. They take images (height, width, channels), and rows that hold square grey ones;
:class:`~npgan.layers.Dropout` and :class:`~npgan.layers.GaussianNoise` corrupt rows of any kind.
"""

import math
from typing import Any, Self

import numpy as np

from npgan.backend import run
from npgan.errors import InputError, count
from npgan.layers.layer import Array, Shape
from npgan.layers.noise import RandomLinear
from npgan.ops.windows import by

__all__ = ["Pixelate", "RandomBlock", "RandomFlip", "RandomShift"]


class Corruption(RandomLinear):
    """What these layers share: they are linear, and know what images they fit."""

    def for_images(self, shape: Shape | None) -> Self | None:
        """Return the layer where the images are square, None where they are not: their rows say no width."""
        return self if shape and shape[0] == shape[1] else None

    def out_shape(self, in_shape: Shape) -> Shape:
        """Return the same shape; an image that the layer does not fit is an InputError.

        Rows are square images of one channel.
        """
        side = math.isqrt(in_shape[0])
        if len(in_shape) == 1 and side * side != in_shape[0]:
            raise InputError(
                f"{self!r} takes rows for square images, and {in_shape[0]} numbers are none: begin "
                "with a reshape"
            )
        size = in_shape[:2] if len(in_shape) == 3 else (side, side)
        if not self.fits(*size):
            raise InputError(f"{self!r} does not fit images of {by(size)} pixels")
        return in_shape

    def fits(self, height: int, width: int) -> bool:
        """Return whether images of so many pixels can be corrupted so."""
        return True


class RandomFlip(Corruption):
    """Left and right exchanged in half of the images, :func:`npgan.ops.flip_forward`.

    >>> RandomFlip()(np.array([[1.0, 2.0, 3.0, 4.0]]), np.random.default_rng(0)).reshape(2, 2)
    array([[2., 1.],
           [4., 3.]])
    """

    name, operation = "random_flip", "flip"

    def draw(self, x: Array, rng: np.random.Generator) -> Array:
        """Return 1 for images that are flipped, 0 for the others, (n,)."""
        return rng.integers(0, 2, len(x))


class OfSize(Corruption):
    """What these layers share: they have a ``size`` in pixels."""

    example = "1"

    def __init__(self, size: int) -> None:
        self.size = count(f"the size of a {self.name}", size, 1)

    def fits(self, height: int, width: int) -> bool:
        """Return whether images are at least so large."""
        return self.size <= min(height, width)


class RandomShift(OfSize):
    """Each image moved by up to ``size`` pixels along each axis, :func:`npgan.ops.shift_forward`.

    All (2 size + 1)² moves are equally likely.

    >>> x = np.eye(9)[4:5]  # a point in the middle of 3 x 3 pixels
    >>> RandomShift(1)(x, np.random.default_rng(0)).reshape(3, 3)
    array([[0., 0., 0.],
           [0., 0., 0.],
           [0., 1., 0.]])
    """

    name, operation = "random_shift", "shift"

    def draw(self, x: Array, rng: np.random.Generator) -> Array:
        """Return the moves (n, 2)."""
        return rng.integers(-self.size, self.size, (len(x), 2), endpoint=True)


class RandomBlock(OfSize):
    """A square, ``size`` pixels wide, set to 0 somewhere in each image, :func:`npgan.ops.block_mask`.

    >>> RandomBlock(2)(np.ones((1, 9)), np.random.default_rng(1)).reshape(3, 3)
    array([[1., 0., 0.],
           [1., 0., 0.],
           [1., 1., 1.]])
    """

    name, operation = "random_block", "dropout"

    def for_images(self, shape: Shape | None) -> Self | None:
        """Return a block that hides half of the width, if it would hide all of an image."""
        layer = super().for_images(shape)
        if layer and shape and self.size >= shape[0]:
            return type(self)(max(1, shape[0] // 2))
        return layer

    def draw(self, x: Array, rng: np.random.Generator) -> Array:
        """Return the mask, of x's shape."""
        return run.block_mask(rng, x.shape, self.size)


class Pixelate(OfSize):
    """Cells of ``size`` pixels a side, each of one colour, :func:`npgan.ops.pixelate_forward`.

    >>> Pixelate(2)(np.array([[1.0, 2.0, 3.0, 6.0]]), np.random.default_rng(0))
    array([[3., 3., 3., 3.]])
    """

    name = operation = "pixelate"
    example = "2"

    def draw(self, x: Array, rng: np.random.Generator) -> Any:
        """Return the size of the cells: nothing is random."""
        return self.size

    def fits(self, height: int, width: int) -> bool:
        """Return whether images divide into such cells."""
        return height % self.size == width % self.size == 0

    def for_images(self, shape: Shape | None) -> Self | None:
        """Refuse square images that do not divide into such cells."""
        layer = super().for_images(shape)
        if layer and shape and not self.fits(*shape):
            raise InputError(
                f"cells of {self.size} x {self.size} pixels ({self.spec()}) do not fit images of "
                f"{by(shape)}: their side must be a multiple of {self.size}"
            )
        return layer
