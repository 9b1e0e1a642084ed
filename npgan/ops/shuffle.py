r"""Pixel shuffle: channels become pixels, so that an image gets more pixels and fewer channels.

With a factor f, f² channels of a pixel become the f x f pixels of a cell: a convolution before it has f² outputs for
each channel of y, and computes at the lower resolution. For f = 2, one pixel of 4 channels::

    x   (a b c d)        y    a b
                              c d

**The order of the channels** is PyTorch's, with the channels moved to the end: the f² channels of one channel of y
follow each other, and among them the rows of the cell. (TensorFlow's ``depth_to_space`` has the channels of y
innermost.)

No number changes, so the function is an orthogonal matrix: the backward pass, its transpose, is also its inverse.

Source: Shi et al. 2016.
"""

from npgan.errors import InputError
from npgan.ops.resize import divided, whole
from npgan.shapes import Array, operation


def fewer(channels: int, factor: int) -> int:
    """Return how many channels are left.

    >>> fewer(12, 2)
    3

    Raises InputError if the channels do not fill cells.
    """
    cell = whole(factor) ** 2
    if channels % cell:
        raise InputError(
            f"{channels} channels do not fill cells of {factor} x {factor} pixels: "
            f"they must be a multiple of {cell}"
        )
    return channels // cell


@operation("x (n, h, w, C), factor")
def pixel_shuffle_forward(x: Array, factor: int) -> Array:
    r"""Return larger images, of fewer channels: :math:`y_{n,\,fi+a,\,fj+b,\,c} = x_{n,\,i,\,j,\,cf^2+af+b}`.

    x: (n, h, w, f² c); y: (n, f h, f w, c).

    Raises InputError if f² does not divide the channels.

    >>> import numpy as np
    >>> pixel_shuffle_forward(np.arange(8.0).reshape(1, 1, 2, 4), 2)[0, :, :, 0]
    array([[0., 1., 4., 5.],
           [2., 3., 6., 7.]])
    """
    n, h, w, _ = x.shape
    c = fewer(x.shape[3], factor)
    cells = x.reshape(n, h, w, c, factor, factor).transpose(0, 1, 4, 2, 5, 3)
    return cells.reshape(n, h * factor, w * factor, c)


@operation("dy (n, H, W, c), factor")
def pixel_shuffle_backward(dy: Array, factor: int) -> Array:
    r"""Return the numbers to where they came from: :math:`dx_{n,\,i,\,j,\,cf^2+af+b} = dy_{n,\,fi+a,\,fj+b,\,c}`.

    This is also the inverse, with which a network begins that works at a lower resolution.

    Raises InputError if dy does not divide into cells.

    >>> import numpy as np
    >>> pixel_shuffle_backward(np.arange(8.0).reshape(1, 2, 4, 1), 2)[0]
    array([[[0., 1., 4., 5.],
            [2., 3., 6., 7.]]])
    """
    n, *size, c = dy.shape
    h, w = divided((size[0], size[1]), factor)
    cells = dy.reshape(n, h, factor, w, factor, c).transpose(0, 1, 3, 5, 2, 4)
    return cells.reshape(n, h, w, c * factor**2)
