"""From pictures as people keep them to grey values as bytes."""

import io
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from npgan.data.arrays import brightened
from npgan.data.png import SIGNATURE, Png, check_rows, read_png
from npgan.data.reading import check_size, opened, read_at_most, reading
from npgan.errors import InputError, as_path

SUFFIXES = (".png", ".jpg", ".jpeg")
DEPTHS = (8, 10, 12, 14, 16)
"""Bits that 16-bit pixels may have."""
MEMORY = 8  # bytes a pixel while it is decoded
FIRST = "of several pictures in a file the first was taken"
TRANSPARENT = "transparent pixels became white"


class Picture(NamedTuple):
    """A picture's grey values (h, w), uint8 or uint16, and what became of its colours."""

    grey: np.ndarray
    notes: tuple[str, ...] = ()


def read_image(path: Path) -> np.ndarray:
    """Return the grey values of a PNG or JPEG as bytes (h, w), as `read_images` does of many."""
    images, _ = read_images([as_path(path)])
    return brightened([images])[0][0]


def read_images(paths: Sequence[Path]) -> tuple[np.ndarray, list[str]]:
    """Read PNG and JPEG images of one size as uint8 (n, h, w), and say what became of them.

    Colours become grey, and transparent pixels those of a white page. Pixels of 16 bits are taken for
    ones of as few bits as hold the brightest of them: cameras and scanners leave the highest bits 0.
    """
    first = _decoded(paths[0]).grey
    check_size(paths[0].parent, first.size * len(paths), sum(path.stat().st_size for path in paths))
    images = np.empty((len(paths), *first.shape), np.uint8)
    deep, counts = dict[int, np.ndarray](), Counter[str]()
    for i, path in enumerate(paths):
        grey, notes = _decoded(path)
        if grey.shape != first.shape:
            raise InputError(
                f"{path} has (height, width) {grey.shape} but {paths[0].name} has {first.shape}: "
                "all images must have one size"
            )
        counts.update(notes)
        if grey.dtype == np.uint8:
            images[i] = grey
        else:
            deep[i] = grey
    said = [f"{note} ({n})" for note, n in counts.items()]
    if deep:
        most = max(int(grey.max()) for grey in deep.values())
        depth = next(bits for bits in DEPTHS if most < 2**bits)
        for i, grey in deep.items():
            images[i] = grey >> (depth - 8)
        said += [f"16 bits a pixel, up to {most}, were taken for {depth} bits ({len(deep)})"]
    return images, said


def _decoded(path: Path) -> Picture:
    from PIL import Image, ImageOps

    with reading(path), opened(path) as (file, packed), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        check_size(path, packed, packed)
        content = bytes(read_at_most(file, packed))
        png = read_png(content) if content.startswith(SIGNATURE) else None
        source = io.BytesIO(png.content if png else content)
        with Image.open(source, formats=["PNG", "JPEG"]) as image:
            check_size(path, MEMORY * image.width * image.height, packed)
            if png:
                check_rows(png)
                _check_palette(png, image)
            is_first = png.is_animated if png else getattr(image, "n_frames", 1) > 1
            grey, notes = _grey(ImageOps.exif_transpose(image), png.clear if png else None)
            return Picture(grey, (*notes, *[FIRST] * is_first))


def _check_palette(png: Png, image: Any) -> None:
    if image.mode == "P" and (highest := image.getextrema()[1]) >= png.colours:
        raise ValueError(
            f"the PNG has pixels of colour {highest}, its palette {png.colours} colours"
        )


def _grey(image: Any, clear: tuple[int, ...] | None = None) -> Picture:
    """Return a picture's grey values; pixels of the colour ``clear`` are transparent."""
    from PIL import Image

    if image.mode.startswith("I"):  # Pillow would clip 16 bits at 255
        return Picture(np.asarray(image).astype(np.uint16))
    notes = []
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        if image.getextrema()[3][0] < 255:
            page = Image.new("RGBA", image.size, "white")
            page.alpha_composite(image)
            image, notes = page, [TRANSPARENT]
    if image.mode not in ("1", "L"):
        image = image.convert("RGB")
        if (np.asarray(image) != np.asarray(image)[..., :1]).any():
            notes.append("colours became grey")
    grey = np.array(image.convert("L"))
    if clear is not None:
        samples = np.asarray(image) if len(clear) > 1 else grey[..., None]
        is_clear = (samples == clear).all(-1)
        grey[is_clear] = 255
        notes += [TRANSPARENT] * bool(is_clear.any())
    return Picture(grey, tuple(notes))
