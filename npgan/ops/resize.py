r"""Images enlarged by a whole factor f, and the transposes of that; images are (n, height, width, channels).

Each number of y is a sum of numbers of x with fixed weights. So these functions are linear, :math:`y = Mx`: the
backward pass is the transpose, :math:`dx = M^\top dy`, and gives each pixel of x the gradients of the pixels that it
went into, with the same weights. The derivative of this is M again, the forward pass
(:class:`npgan.layers.resampled.FixedLinear`).

**Nearest**: a pixel becomes a *cell* of f x f pixels like it; its gradient is the sum over the cell.

**Bilinear**: a pixel is a point in the middle of its square, in x as in y. So pixel u of y lies at
:math:`(u + \frac12)/f - \frac12` in x, between two pixels of x, and is their mean, weighted by how near they are. The
border's pixels go on for ever. First each row is enlarged so, then each column. A row of three pixels, f = 2::

    x           0           8           4
    y        0     2     6     7     5     4        2 = 3/4 0 + 1/4 8, 6 = 1/4 0 + 3/4 8

PyTorch has this as ``interpolate`` with the modes "nearest" and "bilinear" (``align_corners=False``).
"""

import math
from collections.abc import Iterator

import numpy as np

from npgan.errors import InputError, count
from npgan.ops.windows import Pair, by
from npgan.shapes import Array, operation


def whole(factor: int) -> int:
    """Return the factor by which images are enlarged; raise InputError unless it is a whole number above 0."""
    return count("the factor of images", factor, 1)


def divided(size: tuple[int, ...], factor: int) -> Pair:
    """Return the size of the images that are enlarged to this size.

    >>> divided((4, 6), 2)
    (2, 3)

    Raises InputError if there are none.
    """
    factor = whole(factor)
    height, width = size
    if height % factor or width % factor:
        raise InputError(f"images of {by(size)} pixels do not divide into cells {factor} wide")
    return height // factor, width // factor


@operation("x (n, H, W, c), factor")
def upsample_nearest_forward(x: Array, factor: int) -> Array:
    r"""Return images in which each pixel of x is a cell.

    .. math:: y_{nuvc} = x_{n,\,\lfloor u/f \rfloor,\,\lfloor v/f \rfloor,\,c}

    x: (n, h, w, c); y: (n, f h, f w, c).

    >>> upsample_nearest_forward(np.array([[1.0, 2.0]]).reshape(1, 1, 2, 1), 2)[0, :, :, 0]
    array([[1., 1., 2., 2.],
           [1., 1., 2., 2.]])
    """
    return x.repeat(whole(factor), axis=1).repeat(factor, axis=2)


@operation("dy (n, H, W, c), factor")
def upsample_nearest_backward(dy: Array, factor: int) -> Array:
    r"""Return the sum of each cell: :math:`dx_{nijc} = \sum_{a,b<f} dy_{n,\,fi+a,\,fj+b,\,c}`.

    Raises InputError if dy does not divide into cells.

    >>> upsample_nearest_backward(np.arange(8.0).reshape(1, 2, 4, 1), 2)[0, :, :, 0]
    array([[10., 18.]])
    """
    n, *size, c = dy.shape
    height, width = divided((size[0], size[1]), factor)
    return dy.reshape(n, height, factor, width, factor, c).sum(axis=(2, 4))


@operation("x (n, H, W, c), factor")
def upsample_bilinear_forward(x: Array, factor: int) -> Array:
    r"""Return images of weighted means, see the top of this file.

    Along an axis :math:`y_u = (1 - t)\,x_q + t\,x_{q+1}` for :math:`q + t = (u + \frac12)/f - \frac12` and
    :math:`0 \le t < 1`; an index outside of x means the pixel at that border.

    x: (n, h, w, c); y: (n, f h, f w, c).

    >>> x = np.array([0.0, 8.0, 4.0]).reshape(1, 1, 3, 1)
    >>> upsample_bilinear_forward(x, 2)[0, 0, :, 0]
    array([0., 2., 6., 7., 5., 4.])
    """
    columns = _enlarged(x.swapaxes(1, 2), whole(factor))
    return _enlarged(columns.swapaxes(1, 2), factor)


@operation("dy (n, H, W, c), factor")
def upsample_bilinear_backward(dy: Array, factor: int) -> Array:
    r"""Return dx: along an axis, :math:`1 - t` of :math:`dy_u` is added to :math:`dx_q`, and t to :math:`dx_{q+1}`.

    Raises InputError if ``factor`` does not divide the height and width of dy.

    >>> dy = np.array([0.0, 0.0, 0.0, 0.0, 8.0, 0.0]).reshape(1, 1, 6, 1)
    >>> upsample_bilinear_backward(dy.repeat(2, axis=1), 2)[0, 0, :, 0]
    array([ 0.,  4., 12.])
    """
    divided(dy.shape[1:3], factor)
    columns = _gathered(dy.swapaxes(1, 2), factor)
    return _gathered(columns.swapaxes(1, 2), factor)


def _between(size: int, factor: int) -> Iterator[tuple[slice, slice, slice, float]]:
    """Yield every f-th pixel of y, those of x before and after them, and the weight of the latter.

    x has a pixel more at either end.
    """
    for first in range(factor):
        at = (first + 0.5) / factor + 0.5
        before = math.floor(at)
        after = before + 1
        yield (
            slice(first, None, factor),
            slice(before, before + size),
            slice(after, after + size),
            at - before,
        )


def _enlarged(x: Array, factor: int) -> Array:
    """Return weighted means along the first axis of images."""
    n, size, *rest = x.shape
    bordered = np.concatenate([x[:, :1], x, x[:, -1:]], axis=1)
    y = np.empty((n, factor * size, *rest), x.dtype)
    for pixels, before, after, weight in _between(size, factor):
        y[:, pixels] = (1 - weight) * bordered[:, before] + weight * bordered[:, after]
    return y


def _gathered(dy: Array, factor: int) -> Array:
    """Return the transpose of :func:`_enlarged`: the repeated border's share belongs to the border."""
    n, size, *rest = dy.shape
    size //= factor
    bordered = np.zeros((n, size + 2, *rest), dy.dtype)
    for pixels, before, after, weight in _between(size, factor):
        bordered[:, before] += (1 - weight) * dy[:, pixels]
        bordered[:, after] += weight * dy[:, pixels]
    dx = bordered[:, 1:-1]
    dx[:, 0] += bordered[:, 0]
    dx[:, -1] += bordered[:, -1]
    return dx
