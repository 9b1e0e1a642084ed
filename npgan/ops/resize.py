r"""Images made larger by a whole factor f: pixels are repeated, interpolated, or taken from channels.

All three are linear, :math:`y = Mx`. So :math:`dx = M^\top dy`, and the derivative of that with respect to ``dy``
is :math:`ddy = M\,ddx`, the forward pass once more.

A pixel is a square, and its number lies in the middle. So pixel i of y lies at :math:`(i + \frac12)/f - \frac12` among
those of x, and an interpolated one is a mean of its two neighbours, by how near they are. Three pixels, f = 2::

    x           0           8           4
    y        0     2     6     7     5     4        2 = 3/4 0 + 1/4 8,  6 = 1/4 0 + 3/4 8
"""

import numpy as np

from npgan.errors import InputError, count
from npgan.shapes import Array, operation


def _factor(factor: int) -> int:
    return count("a factor", factor, 1)


def _cells(y: Array, factor: int) -> Array:
    """Return an image as cells of factor x factor pixels, (n, h, f, w, f, c)."""
    n, height, width, c = y.shape
    if height % _factor(factor) or width % factor:
        raise InputError(f"{height} x {width} pixels are no cells of {factor} x {factor}")
    return y.reshape(n, height // factor, factor, width // factor, factor, c)


@operation("x (n, h, w, c), factor")
def upsample_nearest_forward(x: Array, factor: int) -> Array:
    r"""Repeat each pixel: :math:`y_{n,i,j,c} = x_{n,\lfloor i/f \rfloor,\lfloor j/f \rfloor,c}`.

    x: (n, h, w, c); y: (n, f h, f w, c).

    >>> upsample_nearest_forward(np.array([[1.0, 2.0]]).reshape(1, 1, 2, 1), 2)[0, :, :, 0]
    array([[1., 1., 2., 2.],
           [1., 1., 2., 2.]])
    """
    return x.repeat(_factor(factor), axis=1).repeat(factor, axis=2)


@operation("dy (n, h, w, c), factor")
def upsample_nearest_backward(dy: Array, factor: int) -> Array:
    r"""Return dx: each pixel collects the gradients of its f² copies.

    .. math:: dx_{nijc} = \sum_{a,b < f} dy_{n,\,fi+a,\,fj+b,\,c}

    >>> upsample_nearest_backward(np.ones((1, 2, 4, 1)), 2).ravel()
    array([4., 4.])
    """
    return _cells(dy, factor).sum(axis=(2, 4))


def interpolation(size: int, factor: int, dtype: np.typing.DTypeLike = np.float64) -> Array:
    """Return the matrix (f size, size) that interpolates linearly between the centres of pixels.

    Pixel i of the result lies at (i + 1/2) / f - 1/2 among those that it is made of; beyond the outermost
    centres it is equal to them.

    >>> interpolation(2, 2)
    array([[1.  , 0.  ],
           [0.75, 0.25],
           [0.25, 0.75],
           [0.  , 1.  ]])
    """
    at = np.clip((np.arange(factor * size) + 0.5) / factor - 0.5, 0, size - 1)
    return np.maximum(0, 1 - abs(at[:, None] - np.arange(size))).astype(dtype)


@operation("x (n, H, W, c), factor")
def upsample_bilinear_forward(x: Array, factor: int) -> Array:
    r"""Interpolate linearly, along rows and along columns: :math:`Y = A X B^\top` for each sample and channel.

    A (f h, h) and B (f w, w) are as :func:`interpolation` has them.

    >>> upsample_bilinear_forward(np.array([[0.0, 4.0]]).reshape(1, 1, 2, 1), 2)[0, :, :, 0]
    array([[0., 1., 3., 4.],
           [0., 1., 3., 4.]])
    """
    real = x.real.dtype
    rows, columns = (interpolation(size, _factor(factor), real) for size in x.shape[1:3])
    return np.einsum("ih,nhwc,jw->nijc", rows, x, columns, optimize=True)


@operation("dy (n, H, W, c), factor")
def upsample_bilinear_backward(dy: Array, factor: int) -> Array:
    r"""Return dx: since :math:`Y = A X B^\top`, it is :math:`dX = A^\top dY\,B`.

    >>> upsample_bilinear_backward(np.ones((1, 2, 4, 1)), 2).ravel()
    array([4., 4.])
    """
    _cells(dy, factor)
    sizes = (size // factor for size in dy.shape[1:3])
    rows, columns = (interpolation(size, factor, dy.dtype) for size in sizes)
    return np.einsum("ih,nijc,jw->nhwc", rows, dy, columns, optimize=True)


@operation("x (n, h, w, c), factor")
def pixel_shuffle_forward(x: Array, factor: int) -> Array:
    r"""Lay f² channels of a pixel side by side as f x f pixels (Shi et al. 2016, eq. 4).

    .. math:: y_{n,\,fi+a,\,fj+b,\,c} = x_{n,i,j,\,cf^2+af+b}

    x: (n, h, w, c f²); y: (n, f h, f w, c). The order of channels is PyTorch's.

    >>> pixel_shuffle_forward(np.arange(4.0).reshape(1, 1, 1, 4), 2)[0, :, :, 0]
    array([[0., 1.],
           [2., 3.]])
    """
    n, height, width, channels = x.shape
    if channels % _factor(factor) ** 2:
        raise InputError(f"{channels} channels do not make pixels of {factor} x {factor}")
    c = channels // factor**2
    parts = x.reshape(n, height, width, c, factor, factor).transpose(0, 1, 4, 2, 5, 3)
    return parts.reshape(n, height * factor, width * factor, c)


@operation("dy (n, h, w, c), factor")
def pixel_shuffle_backward(dy: Array, factor: int) -> Array:
    r"""Return dx: the numbers go back to where they came from.

    .. math:: dx_{n,i,j,\,cf^2+af+b} = dy_{n,\,fi+a,\,fj+b,\,c}

    >>> pixel_shuffle_backward(np.arange(4.0).reshape(1, 2, 2, 1), 2).ravel()
    array([0., 1., 2., 3.])
    """
    cells = _cells(dy, factor)
    n, height, _, width, _, c = cells.shape
    return cells.transpose(0, 1, 3, 5, 2, 4).reshape(n, height, width, c * factor**2)
