r"""The convolution, and its transpose: every pixel of the output is a weighted sum of a window of the input.

Images x are (n, height, width, channels), weights (rows, columns, in, out). Undilated, a window is as large as
the weight. The window of pixel (i, j) of the output begins at pixel :math:`(si - p,\ sj - p)` of the input, where
s is the *stride* and p the *padding*; what lies outside the input counts as 0. A weight's pixel (a, b) is called a
*tap*. With a *dilation* d the taps look at every d-th pixel of the window:

.. math:: y_{nijo} = b_o + \sum_{a,b,c} x_{n,\,si+da-p,\,sj+db-p,\,c}\,W_{abco}.

An axis of h pixels and a weight of k taps make :math:`\lfloor (h + 2p - d(k - 1) - 1)/s \rfloor + 1` pixels; with a
stride, pixels at the end of the input may be in no window.

**A convolution is a sum of matrix products**, one for each tap: for a fixed (a, b) the formula multiplies a
matrix of input pixels, one row each, by the matrix :math:`W_{ab}` (in, out). So each tap is a dense layer, whose
gradients are known (:mod:`npgan.ops.dense`), and the convolution's are their sums over taps:

.. math::
    dx_{n,\,si+da-p,\,sj+db-p,\,c} \mathrel{+}= \sum_o dy_{nijo} W_{abco}, \qquad
    dW_{abco} = \sum_{n,i,j} x_{n,\,si+da-p,\,sj+db-p,\,c}\,dy_{nijo}, \qquad db_o = \sum_{n,i,j} dy_{nijo}.

In the sum for dx every window adds its share to the pixels it has seen. Two taps, a = 0 and 1, over
three pixels without padding::

    y0 = x0 W0 + x1 W1              dx0 = dy0 W0                  dW0 = x0 dy0 + x1 dy1
    y1 =         x1 W0 + x2 W1      dx1 = dy0 W1 + dy1 W0         dW1 = x1 dy0 + x2 dy1
                                    dx2 =          dy1 W1

Each row of y is a row of a matrix, and dx multiplies dy by the transpose of this matrix. The same in the
plane: a weight of 2 x 2 taps over 3 x 3 pixels. A digit says which tap an output's window uses for a pixel.
Each tap sees four pixels, and the pixel in the middle is in all windows::

    x0 x1 x2         0 1 .    . 0 1    . . .    . . .          dW0 = x0 dy0 + x1 dy1 + x3 dy2 + x4 dy3
    x3 x4 x5         2 3 .    . 2 3    0 1 .    . 0 1          dW1 = x1 dy0 + x2 dy1 + x4 dy2 + x5 dy3
    x6 x7 x8         . . .    . . .    2 3 .    . 2 3          dW2 = x3 dy0 + x4 dy1 + x6 dy2 + x7 dy3
                      y0       y1       y2       y3            dW3 = x4 dy0 + x5 dy1 + x7 dy2 + x8 dy3

                                                               dx4 = dy0 W3 + dy1 W2 + dy2 W1 + dy3 W0

**The transposed convolution** is the pass from dy to dx as a layer of its own, so it makes an image
larger where a convolution makes it smaller. Its gradient is the convolution with the same weight.

With *groups* the channels are split into that many parts. Each part of the output's channels sees only its
part of the input's: a weight is (rows, columns, in/groups, out).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from npgan.errors import InputError
from npgan.ops.windows import Geometry, Pair, by, pair
from npgan.shapes import Also, Array, operation


def _together(small: str, large: str, weight: str = "weight") -> Also:
    """Return a check that a weight fits the arrays at its two ends; of an end there may be only a bias, or nothing."""

    def check(given: Mapping[str, Any]) -> None:
        geometry = Geometry.of(
            **{n: given[n] for n in Geometry._fields if given.get(n) is not None}
        )
        shape, groups = given[weight].shape, geometry.groups
        if shape[3] % groups:
            raise InputError(f"{groups} groups do not divide {shape[3]} channels")
        if large in given and given[large].shape[-1] != shape[2] * groups:
            raise InputError(
                f"a weight {shape} in {groups} groups is for {shape[2] * groups} channels, not "
                f"{given[large].shape[-1]}"
            )
        size = given[large].shape[1:3] if large in given else given.get("size")
        if size and small in given:
            have, made = given[small].shape[1:3], geometry.smaller(size, shape[:2])
            if have != made:
                raise InputError(
                    f"images of {by(size)} pixels go with {by(made)}, not with {by(have)}: "
                    f"the weight has {by(shape[:2])} taps, with {geometry}"
                )

    return check


def _product(x: Array, weight: Array) -> Array:
    """Return the products of all pixels' channels and a matrix: (n, h, w, i) times (i, o) is (n, h, w, o)."""
    y = x.reshape(-1, x.shape[3]) @ weight
    return y.reshape(*x.shape[:3], weight.shape[1])


def _windows(x: Array, weight: Array, geometry: Geometry) -> Array:
    """Return the windows' weighted sums: the products of all taps."""
    size = geometry.smaller(x.shape[1:3], weight.shape[:2])
    y = np.zeros((len(x), *size, weight.shape[3]), np.result_type(x, weight))
    for tap in geometry.taps(x.shape, y.shape, weight.shape):
        y[tap.y] += _product(x[tap.x], weight[tap.weight])
    return y


def _back(dy: Array, weight: Array, size: Pair, geometry: Geometry) -> Array:
    """Give each pixel of a window its share of dy: the transposes of all products."""
    dx = np.zeros((len(dy), *size, weight.shape[2] * geometry.groups), np.result_type(dy, weight))
    for tap in geometry.taps(dx.shape, dy.shape, weight.shape):
        dx[tap.x] += _product(dy[tap.y], weight[tap.weight].T)
    return dx


def _add(dweight: Array, x: Array, dy: Array, geometry: Geometry) -> None:
    """Add, for each tap, the products of what it has seen and of the gradients there."""
    for tap in geometry.taps(x.shape, dy.shape, dweight.shape):
        inputs, gradients = (a.reshape(-1, a.shape[3]) for a in (x[tap.x], dy[tap.y]))
        dweight[tap.weight] += inputs.T @ gradients


@operation("x (n, H, W, c), weight (K, L, I, O), bias (O,)", _together("y", "x"))
def conv2d_forward(
    x: Array,
    weight: Array,
    bias: Array,
    stride: int | Pair = 1,
    padding: int | Pair = 0,
    dilation: int | Pair = 1,
    groups: int = 1,
) -> Array:
    r"""Return the weighted sum of each window, see the top of this file.

    .. math:: y_{nijo} = b_o + \sum_{a,b,c} x_{n,\,si+da-p,\,sj+db-p,\,c}\,W_{abco}

    x: (n, height, width, channels); weight: (rows, columns, channels/groups, out); bias: (out,). Stride, padding and
    dilation are a number, or one for rows and one for columns.

    Raises InputError if a window is larger than the padded image, or if the groups do not divide the channels.

    >>> x = np.arange(9.0).reshape(1, 3, 3, 1)
    >>> conv2d_forward(x, np.ones((2, 2, 1, 1)), np.zeros(1))[0, :, :, 0]
    array([[ 8., 12.],
           [20., 24.]])
    """
    return _windows(x, weight, Geometry.of(stride, padding, dilation, groups)) + bias


@operation("dy (n, h, w, O), weight (K, L, I, O)", _together("dy", "x"))
def conv2d_backward_input(
    dy: Array,
    weight: Array,
    size: Pair,
    stride: int | Pair = 1,
    padding: int | Pair = 0,
    dilation: int | Pair = 1,
    groups: int = 1,
) -> Array:
    r"""Return the gradient with respect to x, whose height and width are ``size``.

    A pixel of x is in several windows, each time under another tap, and its gradient is the sum over these:

    .. math:: dx_{n,\,si+da-p,\,sj+db-p,\,c} \mathrel{+}= \sum_o dy_{nijo} W_{abco}
        \qquad\text{for all } i, j, a, b.

    Pixels that no window has seen have the gradient 0.

    >>> dy = np.array([[1.0, 2.0], [10.0, 20.0]]).reshape(1, 2, 2, 1)
    >>> conv2d_backward_input(dy, np.ones((2, 2, 1, 1)), (3, 3))[0, :, :, 0]
    array([[ 1.,  3.,  2.],
           [11., 33., 22.],
           [10., 30., 20.]])
    """
    size = pair("an image's size", size, 1)
    return _back(dy, weight, size, Geometry.of(stride, padding, dilation, groups))


@operation(
    "dy (n, h, w, O), x (n, H, W, c), dweight (K, L, I, O) changed, dbias (O,) changed",
    _together("dy", "x", "dweight"),
)
def conv2d_backward_parameters(
    dy: Array,
    x: Array,
    dweight: Array,
    dbias: Array,
    stride: int | Pair = 1,
    padding: int | Pair = 0,
    dilation: int | Pair = 1,
    groups: int = 1,
) -> None:
    r"""Add the gradients with respect to weight and bias.

    Every window of every sample uses the same weight, so a tap adds up what it has seen, times the gradient there:

    .. math:: dW_{abco} = \sum_{n,i,j} x_{n,\,si+da-p,\,sj+db-p,\,c}\,dy_{nijo}, \qquad db_o = \sum_{n,i,j} dy_{nijo}

    >>> x, dy = np.arange(9.0).reshape(1, 3, 3, 1), np.zeros((1, 2, 2, 1))
    >>> dy[0, 0, 0, 0], dweight, dbias = 1, np.zeros((2, 2, 1, 1)), np.zeros(1)
    >>> conv2d_backward_parameters(dy, x, dweight, dbias)  # the first window
    >>> dweight[:, :, 0, 0], dbias
    (array([[0., 1.],
           [3., 4.]]), array([1.]))
    """
    _add(dweight, x, dy, Geometry.of(stride, padding, dilation, groups))
    dbias += dy.sum(axis=(0, 1, 2))


@operation(
    "ddx (n, H, W, c), dy (n, h, w, O), weight (K, L, I, O), dweight (K, L, I, O) changed or None",
    _together("dy", "ddx"),
)
def conv2d_double_backward(
    ddx: Array,
    dy: Array,
    weight: Array,
    dweight: Array | None,
    stride: int | Pair = 1,
    padding: int | Pair = 0,
    dilation: int | Pair = 1,
    groups: int = 1,
) -> Array:
    r"""Differentiate :func:`conv2d_backward_input`: add to ``dweight`` and return ``ddy``.

    dx is linear in dy and in W, and has the same products as y: :math:`\sum ddx \odot dx` is the sum over all taps of
    :math:`ddx\,W\,dy`. So ``ddx`` takes the place of x,

    .. math:: ddy_{nijo} = \sum_{a,b,c} ddx_{n,\,si+da-p,\,sj+db-p,\,c}\,W_{abco}, \qquad
        dW_{abco} = \sum_{n,i,j} ddx_{n,\,si+da-p,\,sj+db-p,\,c}\,dy_{nijo}.

    It does not depend on x, nor on the bias. ``dweight`` is None if it is not wanted.

    >>> ddx, dy = np.arange(9.0).reshape(1, 3, 3, 1), np.zeros((1, 2, 2, 1))
    >>> conv2d_double_backward(ddx, dy, np.ones((2, 2, 1, 1)), None)[0, :, :, 0]
    array([[ 8., 12.],
           [20., 24.]])
    """
    geometry = Geometry.of(stride, padding, dilation, groups)
    if dweight is not None:
        _add(dweight, ddx, dy, geometry)
    return _windows(ddx, weight, geometry)


@operation("x (n, h, w, I), weight (K, L, O, I), bias (o,)", _together("x", "bias"))
def conv_transpose2d_forward(
    x: Array,
    weight: Array,
    bias: Array,
    stride: int | Pair = 1,
    padding: int | Pair = 0,
    dilation: int | Pair = 1,
    groups: int = 1,
    output_padding: int | Pair = 0,
) -> Array:
    r"""Paint a window for each pixel of x; where windows overlap they add up.

    .. math:: y_{n,\,si+da-p,\,sj+db-p,\,o} \mathrel{+}= \sum_c x_{nijc}\,W_{aboc}
        \qquad\text{for all } i, j, a, b, \text{ starting at } b_o.

    The weight is that of the convolution from y to x: (rows, columns, out/groups, in).
    y is as small as that convolution allows, and ``output_padding`` larger; see :meth:`Geometry.larger`.
    Source: Dumoulin and Visin 2016, sec. 4.

    >>> x = np.array([[1.0, 10.0]]).reshape(1, 1, 2, 1)
    >>> conv_transpose2d_forward(x, np.ones((2, 2, 1, 1)), np.zeros(1))[0, :, :, 0]
    array([[ 1., 11., 10.],
           [ 1., 11., 10.]])
    """
    geometry = Geometry.of(stride, padding, dilation, groups)
    more = pair("an output padding", output_padding)
    size = geometry.larger(x.shape[1:3], weight.shape[:2], more)
    return _back(x, weight, size, geometry) + bias


@operation("dy (n, H, W, o), weight (K, L, O, I)", _together("x", "dy"))
def conv_transpose2d_backward_input(
    dy: Array,
    weight: Array,
    stride: int | Pair = 1,
    padding: int | Pair = 0,
    dilation: int | Pair = 1,
    groups: int = 1,
) -> Array:
    r"""Return the gradient with respect to x: the convolution of dy by the same weight.

    A pixel of x has painted a window, and collects that window's gradients,

    .. math:: dx_{nijc} = \sum_{a,b,o} dy_{n,\,si+da-p,\,sj+db-p,\,o}\,W_{aboc}.

    >>> dy = np.array([[1.0, 10.0, 100.0]]).reshape(1, 1, 3, 1)
    >>> conv_transpose2d_backward_input(dy, np.ones((1, 2, 1, 1)))[0, :, :, 0]
    array([[ 11., 110.]])
    """
    return _windows(dy, weight, Geometry.of(stride, padding, dilation, groups))


@operation(
    "dy (n, H, W, o), x (n, h, w, I), dweight (K, L, O, I) changed, dbias (o,) changed",
    _together("x", "dy", "dweight"),
)
def conv_transpose2d_backward_parameters(
    dy: Array,
    x: Array,
    dweight: Array,
    dbias: Array,
    stride: int | Pair = 1,
    padding: int | Pair = 0,
    dilation: int | Pair = 1,
    groups: int = 1,
) -> None:
    r"""Add the gradients with respect to weight and bias.

    A tap multiplies each pixel of x, and the product is added to the pixel of y under this tap; (u, v) is a pixel of y:

    .. math:: dW_{aboc} = \sum_{n,i,j} dy_{n,\,si+da-p,\,sj+db-p,\,o}\,x_{nijc}, \qquad db_o = \sum_{n,u,v} dy_{nuvo}

    >>> dy, x = np.array([1.0, 10.0, 100.0]).reshape(1, 1, 3, 1), np.ones((1, 1, 2, 1))
    >>> dweight, dbias = np.zeros((1, 2, 1, 1)), np.zeros(1)
    >>> conv_transpose2d_backward_parameters(dy, x, dweight, dbias)
    >>> dweight.ravel(), dbias
    (array([ 11., 110.]), array([111.]))
    """
    _add(dweight, dy, x, Geometry.of(stride, padding, dilation, groups))
    dbias += dy.sum(axis=(0, 1, 2))


@operation(
    "ddx (n, h, w, I), dy (n, H, W, o), weight (K, L, O, I), dweight (K, L, O, I) changed or None",
    _together("ddx", "dy"),
)
def conv_transpose2d_double_backward(
    ddx: Array,
    dy: Array,
    weight: Array,
    dweight: Array | None,
    stride: int | Pair = 1,
    padding: int | Pair = 0,
    dilation: int | Pair = 1,
    groups: int = 1,
) -> Array:
    r"""Differentiate :func:`conv_transpose2d_backward_input`: add to ``dweight`` and return ``ddy``.

    As in :func:`conv2d_double_backward`, ``ddx`` takes the place of x:

    .. math:: ddy_{n,\,si+da-p,\,sj+db-p,\,o} \mathrel{+}= \sum_c ddx_{nijc}\,W_{aboc}
        \quad\text{for all } i, j, a, b, \qquad
        dW_{aboc} = \sum_{n,i,j} dy_{n,\,si+da-p,\,sj+db-p,\,o}\,ddx_{nijc}.

    >>> ddx, dy = np.array([1.0, 10.0]).reshape(1, 1, 2, 1), np.zeros((1, 1, 3, 1))
    >>> conv_transpose2d_double_backward(ddx, dy, np.ones((1, 2, 1, 1)), None)[0, :, :, 0]
    array([[ 1., 11., 10.]])
    """
    geometry = Geometry.of(stride, padding, dilation, groups)
    if dweight is not None:
        _add(dweight, dy, ddx, geometry)
    return _back(ddx, weight, dy.shape[1:3], geometry)
