"""Layers that make images smaller without weights; what they compute is in :mod:`npgan.ops.pooling`."""

from typing import Any

from npgan.backend import run
from npgan.errors import count
from npgan.layers.layer import Array, Grads, Rng, Shape, unpacked
from npgan.layers.resampled import FixedLinear, Resampled
from npgan.ops.pooling import pool
from npgan.shapes import takes

__all__ = ["AvgPool2D", "GlobalAvgPool2D", "MaxPool2D"]


class Pooling(Resampled):
    """What both share: windows of ``kernel`` x ``kernel`` pixels, side by side if there is no stride."""

    example = "3 2 1"

    def __init__(self, kernel: int, stride: int | None = None, padding: int = 0) -> None:
        self.kernel = count(f"the kernel of {self.name}", kernel, 1)
        self.stride = (
            self.kernel if stride is None else count(f"the stride of {self.name}", stride, 1)
        )
        self.padding = count(f"the padding of {self.name}", padding)
        self.window, self.geometry = pool(self.kernel, self.stride, self.padding)
        self.settings = self.kernel, self.stride, self.padding

    def _made(self, height: int, width: int, channels: int) -> Shape:
        return (*self.geometry.smaller((height, width), self.window), channels)

    def remark(self, in_shape: Shape) -> str:
        """Say which of the last pixels are in no window."""
        return self.geometry.unseen((in_shape[0], in_shape[1]), self.window)

    def spec(self) -> str:
        """Return the layer in words, without trailing defaults."""
        words, usual = super().spec().split(), (None, None, self.kernel, 0)
        while words[-1] == str(usual[len(words) - 1]):
            words.pop()
        return " ".join(words)


class AvgPool2D(FixedLinear, Pooling):
    """The mean of each window, :func:`npgan.ops.avg_pool2d_forward`.

    Raises InputError if the padding is more than half of the kernel, or a window larger than the padded image.

    Parameters
    ----------
    kernel : height and width of a window
    stride : how far one window is from the next; None: as far as it is wide
    padding : how wide the border of zeros around an image is

    Examples
    --------
    >>> import numpy as np
    >>> AvgPool2D(2)(np.arange(8.0).reshape(1, 2, 4, 1)).ravel()
    array([2.5, 4.5])
    """

    name = operation = "avg_pool2d"


class MaxPool2D(Pooling):
    """The largest number of each window, :func:`npgan.ops.max_pool2d_forward`.

    Raises InputError as :class:`AvgPool2D` does.

    Parameters
    ----------
    kernel, stride : as :class:`AvgPool2D` has them
    padding : how wide the border around an image is, of which no pixel is taken

    Examples
    --------
    >>> import numpy as np
    >>> MaxPool2D(2)(np.arange(8.0).reshape(1, 2, 4, 1)).ravel()
    array([5., 7.])
    """

    name = "max_pool2d"
    corners = True

    @takes("x (n, H, W, c)")
    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, tuple]:
        """See :func:`npgan.ops.max_pool2d_forward`; the cache is (x, y)."""
        y = run.max_pool2d_forward(x, *self.settings)
        return y, (x, y)

    def backward(self, dy: Array, cache: Any, grads: Grads = None, input_grad: bool = True) -> Any:
        """See :func:`npgan.ops.max_pool2d_backward`."""
        x, y = unpacked(cache, 2)
        return run.max_pool2d_backward(dy, x, y, *self.settings) if input_grad else None

    def double_backward(
        self, ddx: Array, record: Array, cache: Any, grads: Grads = None, input_grad: bool = True
    ) -> tuple[Array, None]:
        """See :func:`npgan.ops.max_pool2d_double_backward`."""
        x, y = unpacked(cache, 2)
        return run.max_pool2d_double_backward(ddx, x, y, *self.settings), None


class GlobalAvgPool2D(FixedLinear):
    """The mean of each channel, :func:`npgan.ops.global_avg_pool2d_forward`: images become rows.

    >>> import numpy as np
    >>> GlobalAvgPool2D()(np.ones((5, 4, 4, 3))).shape
    (5, 3)
    """

    name = operation = "global_avg_pool2d"

    def _made(self, height: int, width: int, channels: int) -> Shape:
        return (channels,)
