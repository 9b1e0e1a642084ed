r"""Operations on rows of tables, which hold numbers and categories.

A row of d numbers consists of blocks, whose ``widths`` are given. A block of width 1 is a number. A wider block is a
category: its numbers are not negative and add up to 1. In data it is one-hot, 1 at its value and 0 elsewhere.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from npgan.errors import InputError
from npgan.ops.activation import softmax_backward, softmax_forward
from npgan.shapes import Array, operation

WIDEST = 2**20  # categories


def categories(widths: Array) -> Iterator[slice]:
    """Yield the slice of each category in a row.

    >>> list(categories(np.array([1, 3, 1, 2])))
    [slice(1, 4, None), slice(5, 7, None)]
    """
    start = 0
    for width in widths.tolist():
        if width > 1:
            yield slice(start, start + width)
        start += width


def check_widths(widths: Array, d: int | None = None) -> None:
    """Raise an InputError unless these are widths of blocks that make up a row of d numbers."""
    if ((widths < 1) | (widths > WIDEST)).any():
        raise InputError(f"the widths of blocks are from 1 to {WIDEST}, not {widths.tolist()}")
    if d is not None and widths.sum() != d:
        raise InputError(f"the widths of blocks must make {d}, not {widths.tolist()}")


def whole_rows(given: Mapping[str, Any]) -> None:
    """Raise an InputError unless the widths make up a row of the first argument."""
    check_widths(given["widths"], given[next(iter(given))].shape[1])


@operation(
    "data (m, b), rows (k,) below m, conditions (k,) integers, widths (b,) integers, c",
    also=lambda given: check_widths(given["widths"]),
)
def gather_table(data: Array, rows: Array, conditions: Array, widths: Array, c: int) -> Array:
    r"""Take rows of a table with one-hot categories, and append a one-hot condition to each row.

    In ``data`` each block is one number: a number itself, or which category it is, 0, 1, ... There are c conditions.
    The result is (k, d + c), with d the sum of the widths. A category that is none of 0, 1, ... becomes all zeros.

    >>> data = np.array([[0.5, 2.0], [-1.5, 0.0]])
    >>> gather_table(data, np.array([1, 0]), np.array([0, 1]), np.array([1, 3]), 2)
    array([[-1.5,  1. ,  0. ,  0. ,  1. ,  0. ],
           [ 0.5,  0. ,  0. ,  1. ,  0. ,  1. ]])
    """
    blocks = [
        column[:, None] if width == 1 else column[:, None] == np.arange(width)
        for column, width in zip(data[rows].T, widths, strict=True)
    ]
    return np.concatenate([*blocks, conditions[:, None] == np.arange(c)], axis=1, dtype=data.dtype)


@operation(
    "x (n, D), noise (n, D) real or None, widths (b,) integers, temperature", also=whole_rows
)
def gumbel_softmax_forward(
    x: Array, noise: Array | None, widths: Array, temperature: float
) -> Array:
    r"""Draw each category softly from its logits; numbers stay as they are.

    A category drawn from :math:`\mathrm{softmax}(x)` is the one at which :math:`x_i + g_i` is largest, with g from
    :func:`npgan.ops.gumbel`. Which one is the largest has no useful derivative with respect to x. A softmax at a
    low temperature :math:`\tau` has one, and is nearly one-hot:

    .. math:: y = \mathrm{softmax}\left(\frac{x + g}{\tau}\right)

    Without noise y holds the probabilities from which a category may be drawn, :math:`\mathrm{softmax}(x)`,
    whatever the temperature.
    Source: Jang et al. 2017, "Categorical reparameterization with Gumbel-softmax", eq. 2; Maddison et al. 2017.

    >>> x = np.array([[5.0, 1.0, 1.0]])
    >>> gumbel_softmax_forward(x, None, np.array([1, 2]), 0.2)
    array([[5. , 0.5, 0.5]])
    >>> gumbel_softmax_forward(x, np.array([[0.0, 0.0, 1.0]]), np.array([1, 2]), 0.2).round(3)
    array([[5.   , 0.007, 0.993]])
    """
    y = x.copy()
    for block in categories(widths):
        logits = x[:, block]
        y[:, block] = softmax_forward(
            logits if noise is None else (logits + noise[:, block]) / temperature
        )
    return y


@operation("dy (n, D), y (n, D), widths (b,) integers, temperature", also=whole_rows)
def gumbel_softmax_backward(dy: Array, y: Array, widths: Array, temperature: float) -> Array:
    r"""Return :math:`dx_i = y_i\bigl(dy_i - \sum_j dy_j y_j\bigr)/\tau` within each category, and dy at numbers.

    The noise is a constant, so this is the derivative of the softmax times that of :math:`(x + g)/\tau` with
    respect to x. After a pass without noise, give a temperature of 1.

    >>> y = np.array([[5.0, 0.5, 0.5]])
    >>> gumbel_softmax_backward(np.array([[3.0, 1.0, 0.0]]), y, np.array([1, 2]), 0.5)
    array([[ 3. ,  0.5, -0.5]])
    """
    dx = dy.copy()
    for block in categories(widths):
        dx[:, block] = softmax_backward(dy[:, block], y[:, block]) / temperature
    return dx
