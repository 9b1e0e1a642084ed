"""Pictures of any size brought to one: cut, padded or stretched."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from npgan.errors import InputError, count, shown

if TYPE_CHECKING:
    from PIL.Image import Image

LARGEST = 4096  # pixels a side
DEFAULT = "crop"
Size = tuple[int, int]


def as_size(size: Any) -> Size:
    """Return a height and a width, given as both, as the side of a square, or in words.

    >>> as_size(32), as_size((32, 48)), as_size("32x48")
    ((32, 32), (32, 48), (32, 48))
    """
    if isinstance(size, str) and re.fullmatch("[0-9]{1,9}(x[0-9]{1,9})?", size):
        size = [int(side) for side in size.split("x")] * (2 - size.count("x"))
    sides = size if isinstance(size, tuple | list) else (size, size)
    if len(sides) != 2 or isinstance(size, str):
        raise InputError(f"a size is 32 or 32x48, height x width, say, not {shown(size)}")
    height, width = (count("a side of a size", side, 1, LARGEST) for side in sides)
    return height, width


def _crop(image: "Image", size: Size) -> "Image":
    """Scale the shorter side, and cut out the middle."""
    height, width = size
    scale = min(image.height / height, image.width / width)
    right, down = min(width * scale, image.width), min(height * scale, image.height)
    left, top = (image.width - right) / 2, (image.height - down) / 2
    return image.resize((width, height), box=(left, top, left + right, top + down))


def _pad(image: "Image", size: Size) -> "Image":
    """Scale the longer side, and let black be around it."""
    height, width = size
    scale = min(height / image.height, width / image.width)
    inner = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    left, top = -((width - inner[0]) // 2), -((height - inner[1]) // 2)
    return image.resize(inner).crop((left, top, left + width, top + height))


def _stretch(image: "Image", size: Size) -> "Image":
    """Scale both sides, each as it needs."""
    return image.resize(size[::-1])


class Fit(NamedTuple):
    """How an image is brought to a size (height, width), and that in words."""

    function: Callable[["Image", Size], "Image"]
    words: str


FITS = {
    "crop": Fit(_crop, "the shorter side was scaled, the middle cut out"),
    "pad": Fit(_pad, "the longer side was scaled, black put around it"),
    "stretch": Fit(_stretch, "height and width were scaled"),
}
"""Name -> how; sides are scaled by bicubic interpolation, which takes means where they become smaller."""


def fitted(pixels: np.ndarray, size: Size, fit: str) -> np.ndarray:
    """Return pixels (h, w) or (h, w, 3), uint8 or uint16, in another size (height, width).

    >>> fitted(np.array([[5, 7, 9]], np.uint8), (3, 1), "pad").T
    array([[0, 7, 0]], dtype=uint8)
    """
    from PIL import Image

    if pixels.shape[:2] == size:
        return pixels
    if pixels.dtype == np.uint8:
        return np.asarray(FITS[fit].function(Image.fromarray(pixels), size))
    scaled = FITS[fit].function(Image.fromarray(pixels.astype(np.float32)), size)
    return np.clip(np.rint(np.asarray(scaled)), 0, np.iinfo(pixels.dtype).max).astype(pixels.dtype)
