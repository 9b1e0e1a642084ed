r"""Pooling: each channel of a window of the input becomes one number, its mean or its largest.

Windows lie as those of a convolution do (:mod:`npgan.ops.conv`): the window of pixel (i, j) of the output begins at
pixel :math:`(si - p,\ sj - p)` of the input, with stride s and padding p. It is *kernel* pixels high and wide, and one
window follows right after the other where no stride is given. Channels do not mix.

**A mean** of m pixels gives each of them 1/m of its gradient. That is linear, so the derivative of the backward pass
is the forward pass again (:class:`npgan.layers.resampled.FixedLinear`).

**A maximum** hands its gradient to the pixel it was taken from, the first of equal ones. This is linear in the
gradient, and the same at all x whose largest pixels are in the same places. Four pixels, of which two windows of three
take the largest::

    x      1  5  2  3            dy        a     b
    y         5  5               dx     0  a+b  0  0

Source: Boureau, Ponce and LeCun 2010, who compare the two.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from npgan.errors import InputError
from npgan.ops.windows import Geometry, Pair, Tap, by, pair
from npgan.shapes import Array, operation


def pool(
    kernel: int | Pair, stride: int | Pair | None = None, padding: int | Pair = 0
) -> tuple[Pair, Geometry]:
    """Return the height and width of a window, and how windows lie.

    Raises InputError if the padding is more than half of a window.

    >>> pool(3, 2, 1)[1].stride, pool((2, 3))[1].stride
    ((2, 2), (2, 3))
    """
    kernel = pair("the window of a pooling", kernel, 1)
    geometry = Geometry.of(kernel if stride is None else stride, padding)
    if any(2 * p > k for p, k in zip(geometry.padding, kernel, strict=True)):
        raise InputError(
            f"the padding of a pooling is at most half of its window, {by(kernel)}, not {by(geometry.padding)}"
        )
    return kernel, geometry


@operation("x (n, H, W, c)")
def avg_pool2d_forward(
    x: Array, kernel: int | Pair, stride: int | Pair | None = None, padding: int | Pair = 0
) -> Array:
    r"""Return the mean of each window; the padding's zeros count, as in PyTorch.

    .. math:: y_{nijc} = \frac{1}{kl}\sum_{a<k,\,b<l} x_{n,\,si+a-p,\,sj+b-p,\,c}

    x: (n, height, width, channels). Kernel k x l, stride and padding are a number, or one for rows and one for columns.

    Raises InputError if a window is larger than the padded image, or the padding than half of a window.

    >>> x = np.arange(16.0).reshape(1, 4, 4, 1)
    >>> avg_pool2d_forward(x, 2)[0, :, :, 0]
    array([[ 2.5,  4.5],
           [10.5, 12.5]])
    """
    kernel, geometry = pool(kernel, stride, padding)
    n, *size, c = x.shape
    y = np.zeros((n, *geometry.smaller((size[0], size[1]), kernel), c), x.dtype)
    for tap in geometry.taps(x.shape, y.shape, (*kernel, c, c)):
        y[tap.y] += x[tap.x]
    return y / math.prod(kernel)


@operation("dy (n, h, w, c)")
def avg_pool2d_backward(
    dy: Array,
    size: Pair,
    kernel: int | Pair,
    stride: int | Pair | None = None,
    padding: int | Pair = 0,
) -> Array:
    r"""Return the gradient with respect to x, whose height and width are ``size``: each window's share, added up.

    .. math:: dx_{n,\,si+a-p,\,sj+b-p,\,c} \mathrel{+}= \frac{1}{kl}\,dy_{nijc} \qquad\text{for all } i, j, a, b

    >>> dy = np.array([4.0, 8.0]).reshape(1, 1, 2, 1)
    >>> avg_pool2d_backward(dy, (2, 3), 2, 1)[0, :, :, 0]
    array([[1., 3., 2.],
           [1., 3., 2.]])
    """
    size, (kernel, geometry) = pair("an image's size", size, 1), pool(kernel, stride, padding)
    n, c = len(dy), dy.shape[3]
    dx = np.zeros((n, *size, c), dy.dtype)
    check_pooled(dx.shape, dy.shape, kernel, geometry)
    for tap in geometry.taps(dx.shape, dy.shape, (*kernel, c, c)):
        dx[tap.x] += dy[tap.y]
    return dx / math.prod(kernel)


@operation("x (n, H, W, c)")
def max_pool2d_forward(
    x: Array, kernel: int | Pair, stride: int | Pair | None = None, padding: int | Pair = 0
) -> Array:
    r"""Return the largest number of each window; the padding is never taken.

    .. math:: y_{nijc} = \max_{a<k,\,b<l} x_{n,\,si+a-p,\,sj+b-p,\,c}

    NaN counts as larger than any number; of complex numbers the real parts are compared first.

    Raises InputError as :func:`avg_pool2d_forward` does.

    >>> x = np.array([[1.0, 5.0, 2.0, 5.0], [0.0, 3.0, 2.0, 5.0]]).reshape(1, 2, 4, 1)
    >>> max_pool2d_forward(x, 2).ravel()
    array([5., 5.])
    """
    kernel, geometry = pool(kernel, stride, padding)
    n, height, width, c = x.shape
    y = np.full((n, *geometry.smaller((height, width), kernel), c), -np.inf, x.dtype)
    for tap in geometry.taps(x.shape, y.shape, (*kernel, c, c)):
        np.maximum(y[tap.y], x[tap.x], out=y[tap.y])
    return y


@operation("dy (n, h, w, c), x (n, H, W, c), y (n, h, w, c)")
def max_pool2d_backward(
    dy: Array,
    x: Array,
    y: Array,
    kernel: int | Pair,
    stride: int | Pair | None = None,
    padding: int | Pair = 0,
) -> Array:
    r"""Return the gradient with respect to x, of which y was made: each window's goes to its largest pixel alone.

    .. math:: dx_{nqc} = \sum_{ij} dy_{nijc}\,[q_{nijc} = q]

    Here q runs over the pixels, and :math:`q_{nijc}` is the first of the window whose number is y.

    Raises InputError if a pooling of x has not the size of y.

    >>> x, dy = np.array([1.0, 5.0, 2.0]).reshape(1, 1, 3, 1), np.array([1.0, 10.0]).reshape(1, 1, 2, 1)
    >>> max_pool2d_backward(dy, x, max_pool2d_forward(x, (1, 2), 1), (1, 2), 1).ravel()
    array([ 0., 11.,  0.])
    """
    dx = np.zeros(x.shape, dy.dtype)
    for tap, taken in _taken(x, y, *pool(kernel, stride, padding)):
        dx[tap.x] += np.where(taken, dy[tap.y], 0)
    return dx


@operation("ddx (n, H, W, c), x (n, H, W, c), y (n, h, w, c)")
def max_pool2d_double_backward(
    ddx: Array,
    x: Array,
    y: Array,
    kernel: int | Pair,
    stride: int | Pair | None = None,
    padding: int | Pair = 0,
) -> Array:
    r"""Differentiate :func:`max_pool2d_backward`: return what ``ddx`` holds where y was taken from.

    dx is linear in dy, and where x changes a little the largest pixels stay the same:

    .. math:: ddy_{nijc} = ddx_{n,\,q_{nijc},\,c}

    >>> x = np.array([1.0, 5.0, 2.0]).reshape(1, 1, 3, 1)
    >>> max_pool2d_double_backward(-x, x, max_pool2d_forward(x, (1, 2), 1), (1, 2), 1).ravel()
    array([-5., -5.])
    """
    ddy = np.zeros(y.shape, ddx.dtype)
    for tap, taken in _taken(x, y, *pool(kernel, stride, padding)):
        ddy[tap.y] += np.where(taken, ddx[tap.x], 0)
    return ddy


def _taken(x: Array, y: Array, kernel: Pair, geometry: Geometry) -> Iterator[tuple[Tap, Array]]:
    """Yield each tap, and of which windows it sees the first pixel whose number is y."""
    check_pooled(x.shape, y.shape, kernel, geometry)
    searched = np.ones(y.shape, bool)
    for tap in geometry.taps(x.shape, y.shape, (*kernel, y.shape[3], y.shape[3])):
        seen, largest = x[tap.x], y[tap.y]
        taken = searched[tap.y] & ((seen == largest) | np.isnan(seen))
        searched[tap.y] &= ~taken
        yield tap, taken


def check_pooled(x: Sequence[int], y: Sequence[int], kernel: Pair, geometry: Geometry) -> None:
    """Refuse images of a shape that a pooling of images of shape x does not make."""
    made = geometry.smaller((x[1], x[2]), kernel)
    if made != tuple(y[1:3]):
        raise InputError(
            f"of images of {by(x[1:3])} pixels a pooling makes {by(made)}, not {by(y[1:3])}"
        )


@operation("x (n, H, W, c)")
def global_avg_pool2d_forward(x: Array) -> Array:
    r"""Return the mean of each channel: images (n, height, width, channels) become rows (n, channels).

    :math:`y_{nc} = \frac{1}{hw}\sum_{ij} x_{nijc}`. Source: Lin et al. 2014.

    >>> global_avg_pool2d_forward(np.arange(8.0).reshape(1, 2, 2, 2))
    array([[3., 4.]])
    """
    return x.mean(axis=(1, 2))


@operation("dy (n, c)")
def global_avg_pool2d_backward(dy: Array, size: Pair) -> Array:
    r"""Return the gradient with respect to x, whose height and width are ``size``: :math:`dx_{nijc} = dy_{nc}/(hw)`.

    >>> global_avg_pool2d_backward(np.array([[4.0]]), (2, 2))[0, :, :, 0]
    array([[1., 1.],
           [1., 1.]])
    """
    height, width = pair("an image's size", size, 1)
    share = dy[:, None, None, :] / (height * width)
    return np.tile(share, (1, height, width, 1))
