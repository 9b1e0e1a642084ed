r"""Pooling: each window of an image becomes one number a channel, its mean or its largest.

Windows lie as those of a convolution do (:mod:`npgan.ops.conv`): pixel (i, j) of the output looks at
:math:`x_{n,\,si+a-p,\,sj+b-p,\,c}` for all taps (a, b) of a window of :math:`k_1 \times k_2` pixels.

Given which pixel of each window is the largest, both are linear, :math:`y = Mx`: so :math:`dx = M^\top dy`, and the
derivative of that with respect to ``dy`` is :math:`ddy = M\,ddx`, the forward pass once more. Four pixels, of which
two windows of three take the largest; both windows have chosen the same pixel, which gets both gradients::

    x     1  5  2  3          dy       a     b
    y        5  5             dx    0  a+b  0  0
"""

from collections.abc import Iterator

import numpy as np

from npgan.errors import InputError
from npgan.ops.windows import Geometry, Pair, Tap, by, pair
from npgan.shapes import Array, operation


def _taps(
    x: tuple[int, ...], kernel: int | Pair, stride: int | Pair | None, padding: int | Pair
) -> tuple[tuple[int, ...], Pair, Iterator[Tap]]:
    """Return the shape of y, the window's size, and its taps in reading order; by default windows lie side by side."""
    kernel = pair("a window", kernel, 1)
    geometry = Geometry.of(kernel if stride is None else stride, padding)
    if any(2 * p > k for p, k in zip(geometry.padding, kernel, strict=True)):
        raise InputError(
            f"a padding of {by(geometry.padding)} is more than half a window of {by(kernel)}: "
            "windows would see nothing"
        )
    c = x[3]
    y = (x[0], *geometry.smaller((x[1], x[2]), kernel), c)
    return y, kernel, geometry.taps(x, y, (*kernel, c, c))


@operation("x (n, H, W, C)")
def avg_pool2d_forward(
    x: Array, kernel: int | Pair, stride: int | Pair | None = None, padding: int | Pair = 0
) -> Array:
    r"""Return the mean of each window, in which the padding's zeros count.

    .. math:: y_{nijc} = \frac1{k_1 k_2}\sum_{a,b} x_{n,\,si+a-p,\,sj+b-p,\,c}

    x: (n, height, width, channels). ``kernel``, ``stride`` (by default the kernel) and ``padding``: a number, or one
    for rows and one for columns.

    >>> x = np.arange(8.0).reshape(1, 2, 4, 1)
    >>> avg_pool2d_forward(x, 2).ravel()
    array([2.5, 4.5])
    """
    shape, kernel, taps = _taps(x.shape, kernel, stride, padding)
    y = np.zeros(shape, x.dtype)
    for tap in taps:
        y[tap.y] += x[tap.x]
    return y / x.dtype.type(kernel[0] * kernel[1])


@operation("dy (n, h, w, C)")
def avg_pool2d_backward(
    dy: Array,
    size: Pair,
    kernel: int | Pair,
    stride: int | Pair | None = None,
    padding: int | Pair = 0,
) -> Array:
    r"""Return dx: a pixel gets an equal share of the gradient of each window that it is in.

    .. math:: dx_{n,\,si+a-p,\,sj+b-p,\,c} \mathrel{+}= \frac{dy_{nijc}}{k_1 k_2} \qquad\text{for all } i, j, a, b

    ``size`` is x's height and width.

    >>> avg_pool2d_backward(np.array([4.0, 8.0]).reshape(1, 1, 2, 1), (2, 4), 2)[0, :, :, 0]
    array([[1., 1., 2., 2.],
           [1., 1., 2., 2.]])
    """
    shape = (len(dy), *pair("an image's size", size, 1), dy.shape[3])
    dx = np.zeros(shape, dy.dtype)
    made, kernel, taps = _taps(shape, kernel, stride, padding)
    _same(made, dy)
    for tap in taps:
        dx[tap.x] += dy[tap.y]
    return dx / dy.dtype.type(kernel[0] * kernel[1])


@operation("x (n, H, W, C)")
def max_pool2d_forward(
    x: Array, kernel: int | Pair, stride: int | Pair | None = None, padding: int | Pair = 0
) -> tuple[Array, Array]:
    r"""Return the largest number of each window, and the number of the tap that has seen it.

    .. math:: y_{nijc} = \max_{a,b}\,x_{n,\,si+a-p,\,sj+b-p,\,c}

    The padding is never the largest. Of equal numbers the first one counts, in reading order: tap (a, b) has the number
    :math:`a k_2 + b`. A NaN is larger than any number.

    >>> y, chosen = max_pool2d_forward(np.array([[1.0, 2.0, 9.0, 9.0]]).reshape(1, 1, 4, 1), (1, 2))
    >>> y.ravel(), chosen.ravel()
    (array([2., 9.]), array([1, 0]))
    """
    shape, _, taps = _taps(x.shape, kernel, stride, padding)
    y, chosen = np.full(shape, -np.inf, x.dtype), np.zeros(shape, np.int64)
    for number, tap in enumerate(taps):
        seen = x[tap.x]
        larger = (seen.real > y[tap.y].real) | np.isnan(seen)
        y[tap.y] = np.where(larger, seen, y[tap.y])
        chosen[tap.y] = np.where(larger, number, chosen[tap.y])
    return y, chosen


@operation("dy (n, h, w, C), chosen (n, h, w, C) integers")
def max_pool2d_backward(
    dy: Array,
    chosen: Array,
    size: Pair,
    kernel: int | Pair,
    stride: int | Pair | None = None,
    padding: int | Pair = 0,
) -> Array:
    r"""Return dx: the gradient of a window goes to the pixel that was the largest there.

    .. math:: dx_{n,\,si+a-p,\,sj+b-p,\,c} \mathrel{+}= [a k_2 + b = \mathrm{chosen}_{nijc}]\,dy_{nijc}

    ``chosen`` is what :func:`max_pool2d_forward` returned, ``size`` x's height and width.

    >>> dy, chosen = np.array([[5.0, 7.0]]).reshape(1, 1, 2, 1), np.array([1, 0]).reshape(1, 1, 2, 1)
    >>> max_pool2d_backward(dy, chosen, (1, 4), (1, 2)).ravel()
    array([0., 5., 7., 0.])
    """
    shape = (len(dy), *pair("an image's size", size, 1), dy.shape[3])
    dx = np.zeros(shape, dy.dtype)
    made, _, taps = _taps(shape, kernel, stride, padding)
    _same(made, dy)
    for number, tap in enumerate(taps):
        dx[tap.x] += dy[tap.y] * (chosen[tap.y] == number)
    return dx


@operation("ddx (n, H, W, C), chosen (n, h, w, C) integers")
def max_pool2d_double_backward(
    ddx: Array,
    chosen: Array,
    kernel: int | Pair,
    stride: int | Pair | None = None,
    padding: int | Pair = 0,
) -> Array:
    r"""Differentiate :func:`max_pool2d_backward`: return ``ddy``, what ``ddx`` is at the chosen pixels.

    .. math:: ddy_{nijc} = \sum_{a,b} [a k_2 + b = \mathrm{chosen}_{nijc}]\,ddx_{n,\,si+a-p,\,sj+b-p,\,c}

    It does not depend on x, as long as the same pixels are the largest.

    >>> ddx, chosen = np.arange(4.0).reshape(1, 1, 4, 1), np.array([1, 0]).reshape(1, 1, 2, 1)
    >>> max_pool2d_double_backward(ddx, chosen, (1, 2)).ravel()
    array([1., 2.])
    """
    made, _, taps = _taps(ddx.shape, kernel, stride, padding)
    _same(made, chosen)
    ddy = np.zeros(made, ddx.dtype)
    for number, tap in enumerate(taps):
        ddy[tap.y] += ddx[tap.x] * (chosen[tap.y] == number)
    return ddy


@operation("x (n, H, W, c)")
def global_avg_pool2d_forward(x: Array) -> Array:
    r"""Return the mean of each channel, (n, channels): :math:`y_{nc} = \frac1{hw}\sum_{ij} x_{nijc}`.

    Source: Lin et al. 2014, sec. 3.2.

    >>> global_avg_pool2d_forward(np.arange(4.0).reshape(1, 2, 1, 2))
    array([[1., 2.]])
    """
    return x.mean(axis=(1, 2))


@operation("dy (n, c)")
def global_avg_pool2d_backward(dy: Array, size: Pair) -> Array:
    r"""Return :math:`dx_{nijc} = dy_{nc}/hw`, of images of ``size`` (h, w).

    >>> global_avg_pool2d_backward(np.array([[4.0]]), (2, 1)).ravel()
    array([2., 2.])
    """
    (n, c), (height, width) = dy.shape, pair("an image's size", size, 1)
    share = dy / dy.dtype.type(height * width)
    return np.broadcast_to(share[:, None, None], (n, height, width, c)).copy()


def _same(made: tuple[int, ...], have: Array) -> None:
    if made != have.shape:
        raise InputError(
            f"images of that size have windows {by(made[1:3])}, not {by(have.shape[1:3])}"
        )
