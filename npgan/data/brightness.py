"""Pixels that do not use the range of a byte: masks of 0 and 1, digits of 0 to 16."""

from collections.abc import Sequence

import numpy as np

DARK = 128
"""Images of which no pixel is so bright do not use the range 0..255."""
ROWS = 256


def brightest(images: Sequence[np.ndarray]) -> int:
    """Return the largest of all pixels."""
    return max(int(array.max()) for array in images)


def brightened(images: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return whole numbers within 0..255 as bytes; dark ones so that the brightest of all is 255.

    >>> brightened([np.array([0, 1]), np.array([1])])
    [array([  0, 255], dtype=uint8), array([255], dtype=uint8)]
    """
    white = brightest(images)
    if not 0 < white < DARK:
        return [array.astype(np.uint8, order="C", copy=False) for array in images]
    becomes = ((510 * np.arange(white + 1) + white) // (2 * white)).astype(np.uint8)
    return [_replaced(array, becomes) for array in images]


def _replaced(array: np.ndarray, becomes: np.ndarray) -> np.ndarray:
    """Return what each pixel becomes, a part at a time: an index takes eight bytes."""
    result = np.empty(array.shape, np.uint8)
    for i in range(0, len(array), ROWS):
        result[i : i + ROWS] = becomes[array[i : i + ROWS]]
    return result
