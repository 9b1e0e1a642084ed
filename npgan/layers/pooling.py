"""Layers that make images smaller; what they compute is in :mod:`npgan.ops.pooling`."""

from typing import Any

from npgan.backend import run
from npgan.errors import InputError, count
from npgan.layers.layer import Array, Grads, Layer, Rng, Shape, unpacked
from npgan.ops.windows import Geometry, Pair, by
from npgan.shapes import takes

__all__ = ["AvgPool2D", "GlobalAvgPool2D", "MaxPool2D"]


def size_of(cache: Any) -> Pair:
    """Return a cache that is an image's size; what another layer's pass left is an InputError."""
    height, width = unpacked(cache, 2)
    return count("an image's height", height, 1), count("its width", width, 1)


class Pool(Layer):
    """What both kinds of windows share.

    Parameters
    ----------
    kernel : height and width of a window
    stride : how far one window is from the next; 0: they lie side by side
    padding : how many pixels surround an image, at most half a window
    """

    example = "2 1 1"
    example_shape = (4, 3, 2)

    def __init__(self, kernel: int, stride: int = 0, padding: int = 0) -> None:
        self.kernel = count(f"the kernel of {self.name}", kernel, 1)
        self.stride = count(f"the stride of {self.name}", stride)
        self.padding = count(f"the padding of {self.name}", padding, 0, self.kernel // 2)

    @property
    def _windows(self) -> tuple[int, int, int]:
        return self.kernel, self.stride or self.kernel, self.padding

    def out_shape(self, in_shape: Shape) -> Shape:
        """Return the number of windows, and the channels."""
        if len(in_shape) != 3:
            raise InputError(f"{self!r} takes images, but the layer before it makes {by(in_shape)}")
        kernel, stride, padding = self._windows
        size = Geometry.of(stride, padding).smaller((in_shape[0], in_shape[1]), (kernel, kernel))
        return (*size, in_shape[2])

    def remark(self, in_shape: Shape) -> str:
        """Say which pixels are in no window."""
        kernel, *where = self._windows
        return Geometry.of(*where).unseen((in_shape[0], in_shape[1]), (kernel, kernel))

    def in_shape(self, out_shape: Shape | None = None) -> Shape | None:
        """Return None: images may have any size."""
        return None


class AvgPool2D(Pool):
    """The mean of each window, :func:`npgan.ops.avg_pool2d_forward`.

    >>> import numpy as np
    >>> AvgPool2D(2)(np.arange(8.0).reshape(1, 2, 4, 1)).ravel()
    array([2.5, 4.5])
    """

    name = "avg_pool2d"

    @takes("x (n, h, w, c)")
    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, Pair]:
        """Pool; the cache is the images' size."""
        return run.avg_pool2d_forward(x, *self._windows), x.shape[1:3]

    def backward(self, dy: Array, cache: Pair, grads: Grads = None, input_grad: bool = True) -> Any:
        """See :func:`npgan.ops.avg_pool2d_backward`."""
        return run.avg_pool2d_backward(dy, size_of(cache), *self._windows) if input_grad else None

    def double_backward(
        self, ddx: Array, record: Array, cache: Any, grads: Grads = None, input_grad: bool = True
    ) -> tuple[Array, None]:
        """Pool ``ddx``: the layer is linear."""
        return run.avg_pool2d_forward(ddx, *self._windows), None


class MaxPool2D(Pool):
    """The largest number of each window, :func:`npgan.ops.max_pool2d_forward`.

    >>> import numpy as np
    >>> MaxPool2D(2)(np.arange(8.0).reshape(1, 2, 4, 1)).ravel()
    array([5., 7.])
    """

    name = "max_pool2d"
    corners = True

    @takes("x (n, h, w, c)")
    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, tuple[Array, Pair]]:
        """Pool; the cache is which pixels were chosen, and the images' size."""
        y, chosen = run.max_pool2d_forward(x, *self._windows)
        return y, (chosen, x.shape[1:3])

    def backward(self, dy: Array, cache: Any, grads: Grads = None, input_grad: bool = True) -> Any:
        """See :func:`npgan.ops.max_pool2d_backward`."""
        chosen, size = unpacked(cache, 2)
        given = dy, chosen, size_of(size), *self._windows
        return run.max_pool2d_backward(*given) if input_grad else None

    def double_backward(
        self, ddx: Array, record: Array, cache: Any, grads: Grads = None, input_grad: bool = True
    ) -> tuple[Array, None]:
        """See :func:`npgan.ops.max_pool2d_double_backward`."""
        chosen, _ = unpacked(cache, 2)
        return run.max_pool2d_double_backward(ddx, chosen, *self._windows), None


class GlobalAvgPool2D(Layer):
    """The mean of each channel, :func:`npgan.ops.global_avg_pool2d_forward`: images become rows.

    >>> import numpy as np
    >>> GlobalAvgPool2D()(np.arange(4.0).reshape(1, 2, 1, 2))
    array([[1., 2.]])
    """

    name = "global_avg_pool2d"
    example_shape = (3, 2, 2)

    @takes("x (n, h, w, c)")
    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, Pair]:
        """Pool; the cache is the images' size."""
        return run.global_avg_pool2d_forward(x), x.shape[1:3]

    def backward(self, dy: Array, cache: Pair, grads: Grads = None, input_grad: bool = True) -> Any:
        """See :func:`npgan.ops.global_avg_pool2d_backward`."""
        return run.global_avg_pool2d_backward(dy, size_of(cache)) if input_grad else None

    def double_backward(
        self, ddx: Array, record: Array, cache: Any, grads: Grads = None, input_grad: bool = True
    ) -> tuple[Array, None]:
        """Pool ``ddx``: the layer is linear."""
        return run.global_avg_pool2d_forward(ddx), None

    def out_shape(self, in_shape: Shape) -> Shape:
        """Return the number of channels."""
        if len(in_shape) != 3:
            raise InputError(f"{self!r} takes images, but the layer before it makes {by(in_shape)}")
        return (in_shape[2],)

    def in_shape(self, out_shape: Shape | None = None) -> Shape | None:
        """Return None: images may have any size."""
        return None
