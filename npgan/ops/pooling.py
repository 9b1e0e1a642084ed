r"""Pooling: each channel of a window of the input becomes one number, its mean or its largest.

Windows lie as those of a convolution do (:mod:`npgan.ops.conv`): the window of pixel (i, j) of the output begins at
pixel :math:`(si - p,\ sj - p)` of the input, with stride s and padding p. It is *kernel* pixels high and wide, and one
window follows right after the other where no stride is given. Channels do not mix.

**A mean** of k pixels gives each of them 1/k of its gradient. That is linear, so the derivative of the backward pass
is the forward pass again (:class:`npgan.layers.linear.FixedLinear`).

**A maximum** hands its gradient to the pixel it was taken from. So the forward pass keeps these *places*, and the
backward pass needs nothing else: it is linear as long as the places stay the same. Four pixels, of which two windows
of three take the largest::

    x      1  5  2  3            dy        a     b
    y         5  5               dx     0  a+b  0  0
    places    1  1

Source: Boureau, Ponce and LeCun 2010, who compare the two.
"""

import math
from collections.abc import Sequence

import numpy as np

from npgan.errors import InputError
from npgan.ops.windows import Geometry, Pair, by, pair
from npgan.shapes import Array, operation


def pool(
    kernel: int | Pair, stride: int | Pair | None = None, padding: int | Pair = 0
) -> tuple[Pair, Geometry]:
    """Return the height and width of a window, and how windows lie.

    Raises InputError if half of a window or more lay in the padding: some would hold no pixel.

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
    n, *have, c = dy.shape
    if (made := geometry.smaller(size, kernel)) != tuple(have):
        raise InputError(
            f"of images of {by(size)} pixels a pooling makes {by(made)}, not {by(have)}"
        )
    dx = np.zeros((n, *size, c), dy.dtype)
    for tap in geometry.taps(dx.shape, dy.shape, (*kernel, c, c)):
        dx[tap.x] += dy[tap.y]
    return dx / math.prod(kernel)


@operation("x (n, H, W, c)")
def max_pool2d_forward(
    x: Array, kernel: int | Pair, stride: int | Pair | None = None, padding: int | Pair = 0
) -> tuple[Array, Array]:
    r"""Return the largest number of each window, and its places: y and places (n, h, w, c).

    .. math:: y_{nijc} = \max_{a<k,\,b<l} x_{n,\,si+a-p,\,sj+b-p,\,c}

    A place is a pixel's number in x, counted row by row. Of equal pixels the first is taken, and none of the padding.
    NaN counts as larger than any number.

    Raises InputError as :func:`avg_pool2d_forward` does.

    >>> x = np.array([[1.0, 5.0, 2.0, 5.0], [0.0, 3.0, 2.0, 5.0]]).reshape(1, 2, 4, 1)
    >>> y, places = max_pool2d_forward(x, 2)
    >>> y.ravel(), places.ravel()
    (array([5., 5.]), array([1, 3]))
    """
    kernel, geometry = pool(kernel, stride, padding)
    n, height, width, c = x.shape
    y = np.zeros((n, *geometry.smaller((height, width), kernel), c), x.dtype)
    places, pixels = np.full(y.shape, -1), np.arange(height * width).reshape(1, height, width, 1)
    for tap in geometry.taps(x.shape, y.shape, (*kernel, c, c)):
        seen, best, place = x[tap.x], y[tap.y], places[tap.y]
        larger = (place < 0) | (seen.real > best.real) | (np.isnan(seen) & ~np.isnan(best))
        np.copyto(best, seen, where=larger)
        np.copyto(place, pixels[tap.x], where=larger)
    return y, places


@operation("dy (n, h, w, c), places (n, h, w, c) integers")
def max_pool2d_backward(dy: Array, places: Array, size: Pair) -> Array:
    r"""Return the gradient with respect to x, whose height and width are ``size``: it goes to the places alone.

    .. math:: dx_{nqc} = \sum_{ij} dy_{nijc}\,[\mathrm{place}_{nijc} = q]

    >>> dy, places = np.array([1.0, 10.0]).reshape(1, 1, 2, 1), np.array([1, 1]).reshape(1, 1, 2, 1)
    >>> max_pool2d_backward(dy, places, (1, 4)).ravel()
    array([ 0., 11.,  0.,  0.])
    """
    size = pair("an image's size", size, 1)
    dx = np.zeros((len(dy), size[0] * size[1], dy.shape[3]), dy.dtype)
    np.add.at(dx, _at(places, size), dy)
    return dx.reshape(len(dy), *size, dy.shape[3])


@operation("ddx (n, H, W, c), places (n, h, w, c) integers")
def max_pool2d_double_backward(ddx: Array, places: Array) -> Array:
    r"""Differentiate :func:`max_pool2d_backward`: return what ``ddx`` holds at the places.

    dx is linear in dy, and where x changes a little the places stay:

    .. math:: ddy_{nijc} = ddx_{n,\,\mathrm{place}_{nijc},\,c}

    >>> ddx, places = np.arange(4.0).reshape(1, 1, 4, 1), np.array([1, 3]).reshape(1, 1, 2, 1)
    >>> max_pool2d_double_backward(ddx, places).ravel()
    array([1., 3.])
    """
    n, *size, c = ddx.shape
    return ddx.reshape(n, size[0] * size[1], c)[_at(places, size)]


def _at(places: Array, size: Sequence[int]) -> tuple[Array, Array, Array]:
    """Return the indices of places in arrays (n, height * width, channels)."""
    n, *_, c = places.shape
    if places.size and not 0 <= places.min() <= places.max() < size[0] * size[1]:
        raise InputError(f"places are pixels of an image of {by(size)}: one is not in it")
    return np.arange(n)[:, None, None, None], places, np.arange(c)


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
