r"""Minibatches: rows of the data, scaled to the range that the network works in."""

import numpy as np

from npgan.shapes import Array, operation


@operation("data (m, d) or bytes, rows (k,) below m, low, high")
def gather(data: Array, rows: Array, low: float, high: float) -> Array:
    r"""Take rows of the data as float32; bytes 0..255 are scaled to [low, high].

    :math:`y = l + (h - l)\,x/255` for uint8, so that images need not be kept as floats; floating
    point data is not scaled.

    data: (m, d); rows: (k,) integers. The result (k, d) is float64 where the data is.

    >>> gather(np.array([[0, 255], [255, 0]], np.uint8), np.array([1, 0]), -1.0, 1.0)
    array([[ 1., -1.],
           [-1.,  1.]], dtype=float32)
    """
    batch = data[rows]
    if batch.dtype != np.uint8:
        return batch
    return batch * np.float32((high - low) / 255) + np.float32(low)
