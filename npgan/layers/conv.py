"""Convolutions and transposed convolutions; what they compute is in :mod:`npgan.ops.conv`."""

import inspect
import math
from typing import Any

import numpy as np

from npgan import init
from npgan.backend import run
from npgan.errors import InputError, count, generator, shown, unknown
from npgan.layers.layer import Array, DType, Grads, Layer, Rng, Seed, Shape, parameters
from npgan.ops.windows import Geometry, by
from npgan.shapes import ARRAYS, takes

__all__ = ["Conv2D", "ConvTranspose2D"]


class Convolution(Layer):
    """What both share: images of ``in_channels``, a matrix for each of ``kernel`` x ``kernel`` taps, and a bias."""

    example_shape = (4, 3, 2)

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        stride: int = 1,
        padding: int = 0,
        dilation: int = 1,
        groups: int = 1,
        init: str = "he_normal",
        *,
        rng: Seed = None,
        dtype: DType = np.float32,
    ) -> None:
        shapes = self._shapes(in_channels, out_channels, kernel, groups)
        self.in_channels, self.out_channels, self.kernel = map(
            int, (in_channels, out_channels, kernel)
        )
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups
        self.geometry = Geometry.of(stride, padding, dilation, groups)
        self.init = init
        self._allocate(shapes, dtype, rng)

    @classmethod
    def shapes(cls, *arguments: Any) -> dict[str, Shape]:
        """Return the shapes of ``weight`` and ``bias``."""
        given = inspect.signature(cls).bind(*arguments)
        given.apply_defaults()
        names = "in_channels", "out_channels", "kernel", "groups"
        return cls._shapes(*(given.arguments[name] for name in names))

    @classmethod
    def _shapes(cls, in_channels: int, out_channels: int, kernel: int, groups: int) -> dict:
        channels = f"the channels of {cls.name}"
        i, o = (count(channels, number, 1) for number in (in_channels, out_channels))
        k, g = count(f"the kernel of {cls.name}", kernel, 1), count("groups", groups, 1)
        if i % g or o % g:
            raise InputError(f"{g} groups do not divide the channels of {cls.name}, {i} and {o}")
        return {"weight": cls._weight(k, i, o, g), "bias": (o,)}

    @staticmethod
    def _weight(k: int, i: int, o: int, g: int) -> Shape:
        """Return the weight's shape for a kernel, the channels in and out, and groups."""
        raise NotImplementedError

    def _fans(self) -> tuple[int, int]:
        """Return how many products a number of y is a sum of, and how many such columns make up the weight."""
        raise NotImplementedError

    def initialize(self, rng: Seed) -> None:
        """Draw weight and bias anew by the layer's initialiser."""
        if self.init not in init.INITIALIZERS:
            raise unknown("initialiser", self.init, init.INITIALIZERS)
        rules, rng, fans = init.INITIALIZERS[self.init], generator(rng), self._fans()
        weight, bias = self.parameters.values()
        weight[...] = rules.weight(rng, fans).ravel()[: weight.size].reshape(weight.shape)
        bias[...] = rules.bias(rng, fans)[: bias.size]

    def _checked(self, x: Array) -> Array:
        if type(x) not in ARRAYS or x.ndim != 4 or x.shape[3] != self.in_channels:
            raise InputError(
                f"{self!r} takes images (n, height, width, {self.in_channels}), not {shown(x)}"
            )
        return x

    def out_shape(self, in_shape: Shape) -> Shape:
        """Return the height and width that are made, and the channels."""
        if len(in_shape) != 3 or in_shape[2] != self.in_channels:
            raise InputError(
                f"{self!r} takes images of {self.in_channels} channels, but the layer before it "
                f"makes {by(in_shape)}"
            )
        return (*self._made((in_shape[0], in_shape[1])), self.out_channels)

    def _made(self, size: tuple[int, int]) -> tuple[int, int]:
        raise NotImplementedError

    def in_shape(self, out_shape: Shape | None = None) -> Shape | None:
        """Return None: images may have any size."""
        return None

    def spec(self) -> str:
        """Return the layer in words, without trailing defaults."""
        words, defaults = super().spec().split(), [p.default for p in parameters(type(self))]
        while words[-1] == str(defaults[len(words) - 2]):
            words.pop()
        return " ".join(words)


class Conv2D(Convolution):
    """A convolution, :func:`npgan.ops.conv2d_forward`: each pixel is a weighted sum of a window.

    Raises InputError if the groups do not divide the channels, or a window is larger than the padded image.

    Parameters
    ----------
    in_channels, out_channels : of x and y, at least 1
    kernel : height and width of the weight
    stride : how far one window is from the next
    padding : how wide the border of zeros around an image is
    dilation : how far apart the pixels are that a window looks at
    groups : how many parts of the channels there are that do not see each other
    init : a name of :data:`npgan.init.INITIALIZERS`
    rng : generator or seed for the first weights
    dtype : float32 trains, float64 checks gradients

    Examples
    --------
    >>> layer = Conv2D(1, 8, 4, stride=2, padding=1, rng=0)
    >>> layer(np.ones((5, 28, 28, 1), np.float32)).shape
    (5, 14, 14, 8)
    """

    name = "conv2d"
    example = "2 4 3 2 1 1 2"

    @staticmethod
    def _weight(k: int, i: int, o: int, g: int) -> Shape:
        return k, k, i // g, o

    def _fans(self) -> tuple[int, int]:
        """Return kernel² in_channels / groups, and out_channels."""
        return math.prod(self.parameters["weight"].shape[:3]), self.out_channels

    def _made(self, size: tuple[int, int]) -> tuple[int, int]:
        return self.geometry.smaller(size, (self.kernel, self.kernel))

    def remark(self, in_shape: Shape) -> str:
        """Say which of the last pixels are in no window."""
        return self.geometry.unseen((in_shape[0], in_shape[1]), (self.kernel, self.kernel))

    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, Array]:
        """See :func:`npgan.ops.conv2d_forward`; the cache is ``x``."""
        return run.conv2d_forward(self._checked(x), *self.parameters.values(), *self.geometry), x

    @takes("dy (n, h, w, o), cache (n, H, W, c)")
    def backward(self, dy: Array, cache: Any, grads: Grads = None, input_grad: bool = True) -> Any:
        """See :func:`npgan.ops.conv2d_backward_input` and ``conv2d_backward_parameters``."""
        x, grads = self._checked(cache), self._checked_grads(grads)
        if grads is not None:
            run.conv2d_backward_parameters(dy, x, *grads.values(), *self.geometry)
        weight, size = self.parameters["weight"], x.shape[1:3]
        return run.conv2d_backward_input(dy, weight, size, *self.geometry) if input_grad else None

    def double_backward(
        self, ddx: Array, record: Array, cache: Array, grads: Grads = None, input_grad: bool = True
    ) -> tuple[Array, None]:
        """See :func:`npgan.ops.conv2d_double_backward`; the record is ``dy``."""
        grads = self._checked_grads(grads)
        dweight = None if grads is None else grads["weight"]
        weight = self.parameters["weight"]
        return run.conv2d_double_backward(ddx, record, weight, dweight, *self.geometry), None


class ConvTranspose2D(Convolution):
    """A transposed convolution, :func:`npgan.ops.conv_transpose2d_forward`: each pixel paints a window.

    A stride of 2 about doubles height and width. The gradient with respect to x is a convolution.

    Raises InputError if the groups do not divide the channels, or nothing is left of an image.

    Parameters
    ----------
    in_channels, out_channels, kernel, dilation, groups, init, rng, dtype : as :class:`Conv2D` has them
    stride : how far one painted window is from the next
    padding : how many pixels are cut off all around
    output_padding : how many rows and columns more are made at the end, less than the stride

    Examples
    --------
    >>> layer = ConvTranspose2D(8, 1, 4, stride=2, padding=1, rng=0)
    >>> layer(np.ones((5, 14, 14, 8), np.float32)).shape
    (5, 28, 28, 1)
    """

    name = "conv_transpose2d"
    example = "2 4 3 2 1 1 1 2"
    example_shape = (2, 3, 2)

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        stride: int = 1,
        padding: int = 0,
        output_padding: int = 0,
        dilation: int = 1,
        groups: int = 1,
        init: str = "he_normal",
        *,
        rng: Seed = None,
        dtype: DType = np.float32,
    ) -> None:
        self.output_padding = count(f"the output padding of {self.name}", output_padding)
        channels = in_channels, out_channels
        super().__init__(
            *channels, kernel, stride, padding, dilation, groups, init, rng=rng, dtype=dtype
        )

    @staticmethod
    def _weight(k: int, i: int, o: int, g: int) -> Shape:
        return k, k, o // g, i

    def _fans(self) -> tuple[int, int]:
        """Return kernel² in_channels / (groups stride²), rounded up, and out_channels stride²."""
        apart, (k, *_) = math.prod(self.geometry.stride), self.parameters["weight"].shape
        return math.ceil(k * k * self.in_channels / self.groups / apart), self.out_channels * apart

    def _made(self, size: tuple[int, int]) -> tuple[int, int]:
        more = self.output_padding, self.output_padding
        return self.geometry.larger(size, (self.kernel, self.kernel), more)

    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, Array]:
        """See :func:`npgan.ops.conv_transpose2d_forward`; the cache is ``x``."""
        given = (self._checked(x), *self.parameters.values(), *self.geometry, self.output_padding)
        return run.conv_transpose2d_forward(*given), x

    @takes("dy (n, H, W, o), cache (n, h, w, c)")
    def backward(self, dy: Array, cache: Any, grads: Grads = None, input_grad: bool = True) -> Any:
        """See :func:`npgan.ops.conv_transpose2d_backward_input` and ``conv_transpose2d_backward_parameters``."""
        x, grads = self._checked(cache), self._checked_grads(grads)
        if grads is not None:
            run.conv_transpose2d_backward_parameters(dy, x, *grads.values(), *self.geometry)
        weight = self.parameters["weight"]
        return (
            run.conv_transpose2d_backward_input(dy, weight, *self.geometry) if input_grad else None
        )

    def double_backward(
        self, ddx: Array, record: Array, cache: Array, grads: Grads = None, input_grad: bool = True
    ) -> tuple[Array, None]:
        """See :func:`npgan.ops.conv_transpose2d_double_backward`; the record is ``dy``."""
        grads = self._checked_grads(grads)
        dweight = None if grads is None else grads["weight"]
        weight = self.parameters["weight"]
        given = (ddx, record, weight, dweight, *self.geometry)
        return run.conv_transpose2d_double_backward(*given), None
