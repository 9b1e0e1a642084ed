"""From rows of numbers to images, and back; layers without parameters, which move no number."""

import math
from typing import Any

from npgan.errors import InputError, count, shown
from npgan.layers.layer import Array, Grads, Layer, Rng, Shape
from npgan.ops.windows import by
from npgan.shapes import takes

__all__ = ["Flatten", "Reshape"]


class Rearranged(Layer):
    """What both share: y has x's numbers in another shape, and a gradient goes back to the old one."""

    @takes("dy (n, *s, d)")
    def backward(self, dy: Array, cache: Any, grads: Grads = None, input_grad: bool = True) -> Any:
        """Give ``dy`` the input's shape, which is the cache."""
        return _as(dy, cache) if input_grad else None

    @takes("ddx (n, *s, d), record (n, *t, e)")
    def double_backward(
        self, ddx: Array, record: Array, cache: Any, grads: Grads = None, input_grad: bool = True
    ) -> tuple[Array, None]:
        """Give ``ddx`` the output's shape."""
        return _as(ddx, record.shape), None


def _as(array: Array, shape: Any) -> Array:
    sizes = [n for n in shape if isinstance(n, int)] if isinstance(shape, tuple) else []
    if sizes[:1] != [len(array)] or len(sizes) != len(shape) or math.prod(sizes) != array.size:
        raise InputError(f"the cache is of another pass: {shown(shape)} for {shown(array)}")
    return array.reshape(shape)


class Reshape(Rearranged):
    """Rows as images: ``(n, height * width * channels)`` becomes ``(n, height, width, channels)``.

    A row holds an image row by row, and the channels of a pixel side by side.

    >>> import numpy as np
    >>> Reshape(2, 2, 1)(np.arange(4.0)[None])[0, :, :, 0]
    array([[0., 1.],
           [2., 3.]])
    """

    name = "reshape"
    example = "2 1 2"

    def __init__(self, height: int, width: int, channels: int) -> None:
        sizes = zip(
            ("height", "width", "number of channels"), (height, width, channels), strict=True
        )
        self.height, self.width, self.channels = (
            count(f"the {what} of an image", size, 1) for what, size in sizes
        )

    @property
    def _image(self) -> Shape:
        return self.height, self.width, self.channels

    @takes("x (n, d)")
    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, Shape]:
        """Make images; the cache is the rows' shape."""
        self.out_shape(x.shape[1:])
        return x.reshape(len(x), *self._image), x.shape

    def out_shape(self, in_shape: Shape) -> Shape:
        """Return the image's shape; an input of another size is an InputError."""
        if math.prod(in_shape) != math.prod(self._image):
            raise InputError(
                f"{self!r} makes images of {by(self._image)} = {math.prod(self._image)} numbers, but "
                f"the layer before it makes {by(in_shape)}"
            )
        return self._image

    def in_shape(self, out_shape: Shape | None = None) -> Shape:
        """Return the row's width."""
        return (math.prod(self._image),)


class Flatten(Rearranged):
    """Images as rows: ``(n, height, width, channels)`` becomes ``(n, height * width * channels)``.

    >>> import numpy as np
    >>> Flatten()(np.ones((5, 2, 2, 3))).shape
    (5, 12)
    """

    name = "flatten"
    example_shape = (2, 3, 2)

    @takes("x (n, h, w, c)")
    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, Shape]:
        """Make rows; the cache is the images' shape."""
        return x.reshape(len(x), math.prod(x.shape[1:])), x.shape

    def out_shape(self, in_shape: Shape) -> Shape:
        """Return how many numbers an image has; rows are an InputError."""
        if len(in_shape) != 3:
            raise InputError(f"{self!r} takes images, but the layer before it makes {by(in_shape)}")
        return (math.prod(in_shape),)

    def in_shape(self, out_shape: Shape | None = None) -> None:
        """Return None: images of many shapes have so many numbers."""
        return
