"""A Windows icon holds one picture in several sizes; a decoder unpacks a PNG in it without looking at its size."""

import struct
from typing import NamedTuple

from npgan.data.png import SIGNATURE

ICON = b"\0\0\1\0"
"""How an icon begins."""
BITMAP = 40
"""Bytes of the header that a bitmap in an icon has."""


class Entry(NamedTuple):
    """What an icon says of one of its pictures; a side of 0 is one of 256 pixels."""

    width: int
    height: int
    colours: int
    reserved: int
    planes: int
    bits: int
    size: int
    place: int


def largest(content: bytes) -> bytes:
    """Return the largest picture in an icon: a PNG as it is, a bitmap as an icon of it alone.

    Raises ValueError if there is none, it is cut short, or a bitmap is not of the size that the icon says.
    """
    (count,) = struct.unpack_from("<4xH", content)
    entries = [Entry(*struct.unpack_from("<BBBBHHII", content, 6 + 16 * i)) for i in range(count)]
    if not entries:
        raise ValueError("the icon has no picture")
    best = max(
        entries, key=lambda entry: ((entry.width or 256) * (entry.height or 256), entry.bits)
    )
    picture = content[best.place : best.place + best.size]
    if len(picture) < best.size:
        raise ValueError("the icon is cut short")
    if picture.startswith(SIGNATURE):
        return picture
    size, width, height = struct.unpack_from("<Iii", picture)
    if (size, width, height) != (BITMAP, best.width or 256, 2 * (best.height or 256)):
        raise ValueError(
            f"the icon has a bitmap of {width} x {height // 2} where it says {best[:2]}"
        )
    return ICON + struct.pack("<HBBBBHHII", 1, *best._replace(place=22)) + picture
