"""Layers that enlarge images by a whole factor, without weights: :mod:`npgan.ops.resize`, :mod:`npgan.ops.shuffle`."""

from typing import Any

from npgan.backend import run
from npgan.layers.layer import Array, Grads, Shape
from npgan.layers.resampled import FixedLinear
from npgan.ops.resize import whole
from npgan.ops.shuffle import fewer

__all__ = ["PixelShuffle", "UpsampleBilinear", "UpsampleNearest"]


class Enlarged(FixedLinear):
    """What these layers share: images ``factor`` times as high and as wide."""

    example = "2"

    def __init__(self, factor: int) -> None:
        self.factor = whole(factor)
        self.settings = (self.factor,)

    def backward(self, dy: Array, cache: Any, grads: Grads = None, input_grad: bool = True) -> Any:
        """Go back through the operation; dy says how large the images were."""
        if not input_grad:
            return None
        return getattr(run, f"{self.operation}_backward")(dy, self.factor)

    def _made(self, height: int, width: int, channels: int) -> Shape:
        return height * self.factor, width * self.factor, channels


class UpsampleNearest(Enlarged):
    """Each pixel as a square of ``factor`` x ``factor`` pixels, :func:`npgan.ops.upsample_nearest_forward`.

    With a convolution after it, it replaces a transposed one, without its checkerboard artifacts (Odena et al. 2016).

    >>> import numpy as np
    >>> UpsampleNearest(2)(np.ones((5, 7, 7, 3))).shape
    (5, 14, 14, 3)
    """

    name = operation = "upsample_nearest"


class UpsampleBilinear(Enlarged):
    """Means of neighbours, weighted by how near they are, :func:`npgan.ops.upsample_bilinear_forward`.

    >>> import numpy as np
    >>> UpsampleBilinear(2)(np.array([0.0, 8.0]).reshape(1, 1, 2, 1))[0, 0, :, 0]
    array([0., 2., 6., 8.])
    """

    name = operation = "upsample_bilinear"


class PixelShuffle(Enlarged):
    """Each ``factor**2`` channels of a pixel as a square of pixels, :func:`npgan.ops.pixel_shuffle_forward`.

    Raises InputError if they do not divide the channels.

    >>> import numpy as np
    >>> PixelShuffle(2)(np.arange(4.0).reshape(1, 1, 1, 4))[0, :, :, 0]
    array([[0., 1.],
           [2., 3.]])
    """

    name = operation = "pixel_shuffle"

    def _made(self, height: int, width: int, channels: int) -> Shape:
        height, width, _ = super()._made(height, width, channels)
        return height, width, fewer(channels, self.factor)
