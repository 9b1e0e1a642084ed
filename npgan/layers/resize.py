"""Layers that make images larger; what they compute is in :mod:`npgan.ops.resize`."""

from typing import Any

from npgan.backend import run
from npgan.errors import InputError, count
from npgan.layers.layer import Array, Grads, Layer, Rng, Shape
from npgan.ops.windows import by
from npgan.shapes import takes

__all__ = ["PixelShuffle", "UpsampleBilinear", "UpsampleNearest"]


class Larger(Layer):
    """A linear operation that makes images ``factor`` times as high and as wide; subclasses name it."""

    example = "2"
    example_shape = (2, 3, 4)

    def __init__(self, factor: int) -> None:
        self.factor = count(f"the factor of {self.name}", factor, 1)

    @takes("x (n, h, w, c)")
    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, None]:
        """Apply ``<name>_forward``; the cache is empty."""
        return getattr(run, f"{self.name}_forward")(x, self.factor), None

    def backward(self, dy: Array, cache: None, grads: Grads = None, input_grad: bool = True) -> Any:
        """Apply ``<name>_backward``."""
        return getattr(run, f"{self.name}_backward")(dy, self.factor) if input_grad else None

    def double_backward(
        self, ddx: Array, record: Array, cache: None, grads: Grads = None, input_grad: bool = True
    ) -> tuple[Array, None]:
        """Apply ``<name>_forward`` to ``ddx``: the layer is linear."""
        return getattr(run, f"{self.name}_forward")(ddx, self.factor), None

    def out_shape(self, in_shape: Shape) -> Shape:
        """Return the larger size, and the channels."""
        if len(in_shape) != 3:
            raise InputError(f"{self!r} takes images, but the layer before it makes {by(in_shape)}")
        height, width, channels = in_shape
        return height * self.factor, width * self.factor, channels

    def in_shape(self, out_shape: Shape | None = None) -> Shape | None:
        """Return None: images may have any size."""
        return None


class UpsampleNearest(Larger):
    """Each pixel repeated, :func:`npgan.ops.upsample_nearest_forward`.

    >>> import numpy as np
    >>> UpsampleNearest(2)(np.array([[1.0, 2.0]]).reshape(1, 1, 2, 1))[0, :, :, 0]
    array([[1., 1., 2., 2.],
           [1., 1., 2., 2.]])
    """

    name = "upsample_nearest"


class UpsampleBilinear(Larger):
    """Pixels interpolated, :func:`npgan.ops.upsample_bilinear_forward`.

    >>> import numpy as np
    >>> UpsampleBilinear(2)(np.array([[0.0, 4.0]]).reshape(1, 1, 2, 1))[0, 0, :, 0]
    array([0., 1., 3., 4.])
    """

    name = "upsample_bilinear"


class PixelShuffle(Larger):
    """Channels laid side by side as pixels, :func:`npgan.ops.pixel_shuffle_forward`.

    >>> import numpy as np
    >>> PixelShuffle(2)(np.arange(4.0).reshape(1, 1, 1, 4))[0, :, :, 0]
    array([[0., 1.],
           [2., 3.]])
    """

    name = "pixel_shuffle"

    def out_shape(self, in_shape: Shape) -> Shape:
        """Return the larger size, and the channels that are left."""
        height, width, channels = super().out_shape(in_shape)
        if channels % self.factor**2:
            raise InputError(
                f"{self!r} needs a multiple of {self.factor**2} channels, but the layer before it makes "
                f"{by(in_shape)}"
            )
        return height, width, channels // self.factor**2
