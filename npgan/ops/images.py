"""Operations on rows that are square images: they are shifted, partly hidden, made coarse. All are linear."""

import math

import numpy as np

from npgan.errors import InputError, count
from npgan.ops.random import checked_generator
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


@operation("x (n, d), moves (n, 2) integers")
def shift_forward(x: Array, moves: Array) -> Array:
    r"""Shift each image: :math:`y_{n,i,j} = x_{n,\,i-a_n,\,j-b_n}`, and 0 where that pixel lies outside.

    x: (n, d); moves: (n, 2) integers :math:`(a_n, b_n)`, down and to the right.

    >>> shift_forward(np.array([[1.0, 2.0, 3.0, 4.0]]), np.array([[0, 1]])).reshape(2, 2)
    array([[0., 1.],
           [0., 3.]])
    """
    n, d = x.shape
    width = side(d)
    moves = np.clip(moves, -width, width)  # beyond its width nothing of an image is left
    most = int(abs(moves).max(initial=0))
    padded = np.pad(x.reshape(n, width, width), ((0, 0), (most, most), (most, most)))
    down, right = (np.arange(width) + most - moves[:, axis, None] for axis in (0, 1))
    moved = padded[np.arange(n)[:, None, None], down[:, :, None], right[:, None, :]]
    return moved.reshape(n, d)


@operation("dy (n, d), moves (n, 2) integers")
def shift_backward(dy: Array, moves: Array) -> Array:
    r"""Return :math:`dx_{n,i,j} = dy_{n,\,i+a_n,\,j+b_n}`: the gradient is shifted back.

    >>> shift_backward(np.array([[1.0, 2.0, 3.0, 4.0]]), np.array([[0, 1]])).reshape(2, 2)
    array([[2., 0.],
           [4., 0.]])
    """
    return shift_forward(dy, -moves)


@operation()
def block_mask(rng: np.random.Generator, shape: tuple[int, int], size: int) -> Array:
    """Draw, for each of n images of d pixels, a mask (n, d): 0 in a square of ``size``, else 1; float32.

    The square lies within the image, and all places are equally likely.

    >>> block_mask(np.random.default_rng(1), (1, 9), 2).reshape(3, 3)
    array([[1., 0., 0.],
           [1., 0., 0.],
           [1., 1., 1.]], dtype=float32)
    """
    n, d = shape
    width = side(d)
    first = checked_generator(rng).integers(
        0, width - count("a block's size", size, 1, width), (2, n, 1), endpoint=True
    )
    inside = [(first[i] <= np.arange(width)) & (np.arange(width) < first[i] + size) for i in (0, 1)]
    hidden = inside[0][:, :, None] & inside[1][:, None, :]
    return (~hidden).astype(np.float32).reshape(n, d)


@operation("x (n, d), factor")
def pixelate_forward(x: Array, factor: int) -> Array:
    r"""Replace all pixels of a cell by the cell's mean: x at a resolution ``factor`` times lower.

    :math:`y_i = \frac1{f^2}\sum_{j \in \mathrm{cell}(i)} x_j`; the cells are squares of side f.
    x, y: (n, d).

    >>> pixelate_forward(np.array([[1.0, 2.0, 3.0, 6.0]]), 2)
    array([[3., 3., 3., 3.]])
    """
    n, d = x.shape
    width = side(d)
    if width % count("a cell's width", factor, 1):
        raise InputError(f"cells {factor} wide do not fit an image {width} wide")
    cells = x.reshape(n, width // factor, factor, width // factor, factor)
    means = cells.mean(axis=(2, 4), keepdims=True)
    return np.broadcast_to(means, cells.shape).reshape(n, d)


@operation("dy (n, d), factor")
def pixelate_backward(dy: Array, factor: int) -> Array:
    r"""Return dx, the mean of each cell of dy.

    :math:`\partial y_i/\partial x_j = 1/f^2` if i and j lie in one cell, else 0. This matrix is symmetric, so the
    backward pass is the forward pass.

    >>> pixelate_backward(np.array([[4.0, 0.0, 0.0, 0.0]]), 2)
    array([[1., 1., 1., 1.]])
    """
    return pixelate_forward(dy, factor)
