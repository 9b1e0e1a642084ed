"""From pictures as people keep them to one array of bytes."""

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from npgan.data.arrays import brightened
from npgan.data.fit import DEFAULT, FITS, Size, fitted
from npgan.data.picture import Picture, read_picture
from npgan.data.reading import check_size
from npgan.errors import InputError, as_path

DEPTHS = (8, 10, 12, 14, 16)
"""Bits that 16-bit pixels may have."""


def read_image(path: Path) -> np.ndarray:
    """Return the grey values of a picture as bytes (h, w)."""
    from PIL import Image

    images, _ = read_images([as_path(path)])
    grey = np.asarray(Image.fromarray(images[0]).convert("L"))
    return brightened([grey])[0]


def read_images(
    paths: Sequence[Path], size: Size | None = None, fit: str = DEFAULT
) -> tuple[np.ndarray, list[str]]:
    """Read pictures as uint8 (n, h, w) or, if any has colours, (n, h, w, 3); say what became of them.

    They have one size or are brought to ``size``, see `npgan.data.fit.FITS`. Pixels of 16 bits are taken
    for ones of as few bits as hold the brightest of them: cameras and scanners leave the highest bits 0.
    """
    images, deep, counts = np.empty(0, np.uint8), dict[int, np.ndarray](), Counter[str]()
    for i, path in enumerate(paths):
        pixels, notes = _of_size(read_picture(path), size, fit)
        if i == 0:
            images = _room(paths, pixels.shape, size)
        if pixels.shape[:2] != images.shape[1:3]:
            raise InputError(
                f"{path} has (height, width) {pixels.shape[:2]} but {paths[0].name} has {images.shape[1:3]}: "
                "all pictures must have one size, as --size 32 (in Python, size=32) makes them"
            )
        if pixels.ndim > images.ndim - 1:
            grey, images = images, _room(paths, pixels.shape, size)
            images[:i] = grey[:i, ..., None]
        counts.update(notes)
        if pixels.dtype == np.uint8:
            images[i] = _like(pixels, images)
        else:
            deep[i] = pixels
    said = [f"{note} ({n})" for note, n in counts.items()]
    return images, [*said, *_in_bytes(deep, images)]


def _room(paths: Sequence[Path], shape: tuple[int, ...], size: Size | None) -> np.ndarray:
    """Return an array for pictures of a shape; if they were brought to a size, their files say nothing of it."""
    total = len(paths) * math.prod(shape)
    packed = sum(path.stat().st_size for path in paths) if size is None else total
    check_size(paths[0].parent, total, packed)
    return np.empty((len(paths), *shape), np.uint8)


def _of_size(picture: Picture, size: Size | None, fit: str) -> Picture:
    """Return a picture brought to a size, if there is one."""
    pixels, notes = picture
    if size is None or pixels.shape[:2] == size:
        return picture
    words = f"brought to {size[0]} x {size[1]} by {fit}: {FITS[fit].words}"
    return Picture(fitted(pixels, size, fit), (*notes, words))


def _like(pixels: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Return pixels with an axis of channels if the images have one."""
    return pixels if pixels.ndim == images.ndim - 1 else pixels[..., None]


def _in_bytes(deep: dict[int, np.ndarray], images: np.ndarray) -> list[str]:
    """Put pixels of 16 bits into their places among the images, as bytes, and say so."""
    if not deep:
        return []
    most = max(int(pixels.max()) for pixels in deep.values())
    depth = next(bits for bits in DEPTHS if most < 2**bits)
    for i, pixels in deep.items():
        images[i] = _like(pixels >> (depth - 8), images)
    return [f"16-bit pixels up to {most} were read as {depth}-bit ({len(deep)})"]
