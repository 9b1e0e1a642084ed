"""Images shifted, mirrored, partly hidden or pixelated, all by linear operations.

Images are (n, height, width, channels), or rows (n, d) that hold square grey ones. What is drawn is drawn once for an
image, the same for all of its channels.
"""

import math

import numpy as np

from npgan.errors import InputError, count
from npgan.ops.random import checked_generator
from npgan.ops.resize import divided
from npgan.shapes import Array, operation


def side(pixels: int) -> int:
    """Return the side of a square image of so many pixels; an InputError if there is none.

    >>> side(784)
    28
    """
    result = math.isqrt(pixels)
    if result * result != pixels:
        raise InputError(f"a square image is needed: {pixels} is no square number")
    return result


def image_of(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Return the height, width and channels of a sample of this shape: an image, or a row that holds a square one.

    >>> image_of((784,)), image_of((32, 48, 3))
    ((28, 28, 1), (32, 48, 3))
    """
    if len(shape) == 3:
        return shape
    if len(shape) != 1:
        raise InputError(f"images are (height, width, channels), or rows of pixels, not {shape}")
    return side(shape[0]), side(shape[0]), 1


@operation("x (n, *s), moves (n, 2) integers")
def shift_forward(x: Array, moves: Array) -> Array:
    r"""Shift each image: :math:`y_{n,i,j,c} = x_{n,\,i-a_n,\,j-b_n,\,c}`, and 0 where that pixel lies outside.

    x: images or rows; moves: (n, 2) integers :math:`(a_n, b_n)`, down and to the right.

    >>> shift_forward(np.array([[1.0, 2.0, 3.0, 4.0]]), np.array([[0, 1]])).reshape(2, 2)
    array([[0., 1.],
           [0., 3.]])
    """
    *size, channels = image_of(x.shape[1:])
    moves = np.clip(moves, np.negative(size), size)  # beyond its width nothing of an image is left
    images = x.reshape(len(x), *size, channels)
    moved = np.zeros_like(images)
    for image, new, (down, right) in zip(images, moved, moves.tolist(), strict=True):
        new[_kept(down), _kept(right)] = image[_kept(-down), _kept(-right)]
    return moved.reshape(x.shape)


def _kept(by: int) -> slice:
    """Return the places along an axis that hold something after a shift; those of ``-by`` are where it was before.

    >>> np.arange(5)[_kept(2)], np.arange(5)[_kept(-2)]
    (array([2, 3, 4]), array([0, 1, 2]))
    """
    return slice(by, None) if by >= 0 else slice(None, by)


@operation("dy (n, *s), moves (n, 2) integers")
def shift_backward(dy: Array, moves: Array) -> Array:
    r"""Return :math:`dx_{n,i,j,c} = dy_{n,\,i+a_n,\,j+b_n,\,c}`: the gradient is shifted back.

    >>> shift_backward(np.array([[1.0, 2.0, 3.0, 4.0]]), np.array([[0, 1]])).reshape(2, 2)
    array([[2., 0.],
           [4., 0.]])
    """
    return shift_forward(dy, -moves)


@operation("x (n, *s), flipped (n,) integers")
def flip_forward(x: Array, flipped: Array) -> Array:
    r"""Exchange left and right where ``flipped`` is not 0: :math:`y_{nijc} = x_{n,\,i,\,w-1-j,\,c}`; x: images or rows.

    >>> flip_forward(np.array([[1.0, 2.0, 3.0, 4.0]]), np.array([1])).reshape(2, 2)
    array([[2., 1.],
           [4., 3.]])
    """
    images, chosen = x.reshape(len(x), *image_of(x.shape[1:])), flipped != 0
    turned = images.copy()
    turned[chosen] = images[chosen, :, ::-1]
    return turned.reshape(x.shape)


@operation("dy (n, *s), flipped (n,) integers")
def flip_backward(dy: Array, flipped: Array) -> Array:
    """Return dx: what is flipped twice is as it was, so the backward pass is the forward pass.

    >>> flip_backward(np.array([[1.0, 0.0, 0.0, 0.0]]), np.array([1]))
    array([[0., 1., 0., 0.]])
    """
    return flip_forward(dy, flipped)


@operation()
def block_mask(rng: np.random.Generator, shape: tuple[int, ...], size: int) -> Array:
    """Draw, for n images of this shape, (n, d) or (n, h, w, c), a mask: 0 in a square of ``size``, else 1; float32.

    The square lies within the image, and all places are equally likely.

    >>> block_mask(np.random.default_rng(1), (1, 9), 2).reshape(3, 3)
    array([[1., 0., 0.],
           [1., 0., 0.],
           [1., 1., 1.]], dtype=float32)
    """
    n, (*extent, channels) = shape[0], image_of(shape[1:])
    size, rng = count("a block's size", size, 1, min(extent)), checked_generator(rng)
    first = [rng.integers(0, whole - size, (n, 1), endpoint=True) for whole in extent]
    places = zip(first, map(np.arange, extent), strict=True)
    rows, columns = ((start <= at) & (at < start + size) for start, at in places)
    hidden = rows[:, :, None] & columns[:, None, :]
    return (~hidden).astype(np.float32).repeat(channels).reshape(shape)


@operation("x (n, *s), factor")
def pixelate_forward(x: Array, factor: int) -> Array:
    r"""Replace all pixels of a cell by the cell's mean: x at a resolution ``factor`` times lower.

    :math:`y_{ic} = \frac1{f^2}\sum_{j \in \mathrm{cell}(i)} x_{jc}`; the cells are squares of side f.
    x, y: images or rows.

    >>> pixelate_forward(np.array([[1.0, 2.0, 3.0, 6.0]]), 2)
    array([[3., 3., 3., 3.]])
    """
    *size, channels = image_of(x.shape[1:])
    height, width = divided(tuple(size), factor)
    cells = x.reshape(len(x), height, factor, width, factor, channels)
    means = cells.mean(axis=(2, 4), keepdims=True)
    return np.broadcast_to(means, cells.shape).reshape(x.shape)


@operation("dy (n, *s), factor")
def pixelate_backward(dy: Array, factor: int) -> Array:
    r"""Return dx, the mean of each cell of dy.

    :math:`\partial y_i/\partial x_j = 1/f^2` if i and j lie in one cell, else 0. This matrix is symmetric, so the
    backward pass is the forward pass.

    >>> pixelate_backward(np.array([[4.0, 0.0, 0.0, 0.0]]), 2)
    array([[1., 1., 1., 1.]])
    """
    return pixelate_forward(dy, factor)
