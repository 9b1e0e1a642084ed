"""A picture as people keep it, from its file to its pixels: the formats that are read, and the checks of them."""

import io
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from npgan.data.icon import ICON, largest
from npgan.data.png import SIGNATURE, Png, check_rows, read_png
from npgan.data.reading import check_size, read_at_most, reading
from npgan.system.disk import opened

FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".gif": "GIF",
    ".bmp": "BMP",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".ppm": "PPM",
    ".pgm": "PPM",
    ".pbm": "PPM",
    ".pnm": "PPM",
    ".ico": "ICO",
}
"""End of a file's name -> a format that Pillow decodes by itself: it starts no other program, as for EPS."""
TIFF = b"II", b"MM"
"""How a TIFF begins."""
MEMORY = 8  # bytes a pixel while it is decoded
FIRST = "of several pictures in a file the first was taken"
TRANSPARENT = "transparent pixels became white"
DEEPEST = 2**16 - 1


class Picture(NamedTuple):
    """A picture's pixels, (h, w) or, if it has colours, (h, w, 3), uint8 or uint16, and what became of it."""

    pixels: np.ndarray
    notes: tuple[str, ...] = ()


def read_picture(path: Path) -> Picture:
    """Read a picture of one of the `FORMATS`; its file's name does not matter.

    Transparent pixels become those of a white page. Grey pixels of 16 bits stay so; a picture is turned as its
    camera says. Raises InputError if it is damaged, of another kind, or takes more memory than it may.
    """
    from PIL import Image, ImageOps

    with reading(path), opened(path) as (file, packed), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        check_size(path, packed, packed)
        content = bytes(read_at_most(file, packed))
        content = largest(content) if content.startswith(ICON) else content
        png = read_png(content) if content.startswith(SIGNATURE) else None
        quiet = _quiet() if content.startswith(TIFF) else nullcontext()
        with quiet, _begun(png.content if png else content) as image:
            check_size(path, MEMORY * image.width * image.height, packed)
            if png:
                check_rows(png)
                _check_palette(png, image)
            is_first = png.is_animated if png else getattr(image, "is_animated", False)
            pixels, notes = _pixels(ImageOps.exif_transpose(image), png.clear if png else None)
            return Picture(pixels, (*notes, *[FIRST] * is_first))


def _begun(content: bytes) -> Any:
    """Return a picture of which only the header is read."""
    from PIL import Image, UnidentifiedImageError

    try:
        return Image.open(io.BytesIO(content), formats=sorted(set(FORMATS.values())))
    except UnidentifiedImageError:
        raise ValueError("it does not begin as a picture of a format that is read does") from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep off standard error what libtiff, a C library, writes there about a damaged file."""
    with Path(os.devnull).open("w") as nowhere:
        kept = os.dup(2)
        try:
            os.dup2(nowhere.fileno(), 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _check_palette(png: Png, image: Any) -> None:
    if image.mode == "P" and (highest := image.getextrema()[1]) >= png.colours:
        raise ValueError(
            f"the PNG has pixels of colour {highest}, its palette {png.colours} colours"
        )


def _pixels(image: Any, clear: tuple[int, ...] | None = None) -> Picture:
    """Return a picture's pixels; those of the colour ``clear`` are transparent."""
    if image.mode.startswith("I"):  # Pillow would clip 16 bits at 255
        return Picture(_deep(np.asarray(image)))
    if image.mode == "F":
        raise ValueError("its pixels are floating-point numbers: store them as .npy")
    image, notes = _on_white(image)
    pixels = np.array(image.convert("L" if image.mode in ("1", "L") else "RGB"))
    if clear is not None:
        is_clear = (pixels.reshape(*pixels.shape[:2], -1) == clear).all(-1)
        pixels[is_clear] = 255
        notes = [TRANSPARENT] * bool(is_clear.any())
    if pixels.ndim == 3 and (pixels == pixels[..., :1]).all():
        pixels = pixels[..., 0]
    return Picture(pixels, tuple(notes))


def _on_white(image: Any) -> tuple[Any, list[str]]:
    """Return a picture on a white page where it is transparent, and a note if it is."""
    from PIL import Image

    if not {"A", "a"} & set(image.getbands()) and "transparency" not in image.info:
        return image, []
    image = image.convert("RGBA")
    if image.getextrema()[3][0] == 255:
        return image, []
    page = Image.new("RGBA", image.size, "white")
    page.alpha_composite(image)
    return page, [TRANSPARENT]


def _deep(pixels: np.ndarray) -> np.ndarray:
    if pixels.min() < 0 or pixels.max() > DEEPEST:
        raise ValueError(f"its pixels lie beyond 0 to {DEEPEST}: store them as .npy")
    return pixels.astype(np.uint16)
