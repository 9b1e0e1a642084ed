"""Whether a PNG is whole: a decoder shows missing rows, and colours that the palette lacks, as black."""

import re
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from npgan.errors import listed

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Colour type -> numbers a pixel."""
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
"""Colour type -> the bits that each of these numbers may have."""
GREY, COLOURS, PALETTE = 0, 2, 3
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]  # fmt: skip
"""First column and row, and the steps between columns and rows, of each pass of interlacing."""
LETTERS = {b"IHDR": "H", b"PLTE": "P", b"tRNS": "T", b"IDAT": "D", b"IEND": "E"}
ORDER = re.compile("Ho*(Po*)?(To*)?D+o*E")
"""In which order there may be header, palette, transparency, rows, end and others that need not be known."""
CHUNK = 2**20


class Header(NamedTuple):
    """What a PNG says of itself at its beginning."""

    width: int
    height: int
    depth: int
    colour: int
    method: int
    filters: int
    interlaced: int


class Png(NamedTuple):
    """What makes a PNG's pixels."""

    header: Header
    content: bytes
    """The PNG without chunks that say something else, and without a transparent colour."""
    rows: list[memoryview]
    """Compressed."""
    colours: int
    """How many its palette has."""
    clear: tuple[int, ...] | None
    """The transparent colour, grey or red, green and blue from 0 to 255."""
    is_animated: bool


def read_png(content: bytes) -> Png:
    """Return the parts of a PNG, or raise ValueError unless every chunk is whole and in its place.

    The format is that of https://www.w3.org/TR/png-3/, sec. 5 and 11.
    """
    chunks = list(_chunks(content))
    order = (LETTERS.get(kind, "o" if kind[0] & 32 else "x") for kind, _ in chunks)
    if not ORDER.fullmatch("".join(order)):
        names = listed([kind.decode("latin-1") for kind, _ in chunks], 8)
        raise ValueError(f"the PNG has {names}: that is no order of a picture's chunks")
    parts = dict(chunks)
    header = _header(parts[b"IHDR"])
    palette, clear = len(parts.get(b"PLTE", b"")), parts.get(b"tRNS")
    if header.colour == PALETTE and (palette % 3 or not 0 < palette <= 3 * 2**header.depth):
        raise ValueError(f"the PNG has a palette of {palette} bytes")
    if header.colour == PALETTE and clear is not None and not 0 < len(clear) <= palette // 3:
        raise ValueError("the PNG's transparency does not fit its palette")
    kept = {b"IHDR", b"IDAT", b"IEND", b"eXIf"}
    kept |= {b"PLTE", b"tRNS"} if header.colour == PALETTE else set()
    return Png(
        header,
        SIGNATURE + b"".join(_chunk(kind, data) for kind, data in chunks if kind in kept),
        [data for kind, data in chunks if kind == b"IDAT"],
        palette // 3,
        None if clear is None else _clear(clear, header),
        b"acTL" in parts,
    )


def check_rows(png: Png) -> None:
    """Raise ValueError unless there are as many rows as the header says."""
    inflated, unpacker = 0, zlib.decompressobj()
    wanted = _length(png.header)
    for data in png.rows:
        rest: bytes | memoryview = data
        while rest and not unpacker.eof and inflated <= wanted:
            inflated += len(unpacker.decompress(rest, CHUNK))
            rest = unpacker.unconsumed_tail
    if inflated != wanted:
        found = inflated if inflated < wanted else "more"
        raise ValueError(f"the PNG has {found} bytes of rows; its header announces {wanted}")
    if not unpacker.eof:
        raise ValueError("the PNG's rows are cut short")


def _chunks(content: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Yield kind and data of each chunk up to the one that ends a PNG."""
    place, view, kind = len(SIGNATURE), memoryview(content), b""
    while kind != b"IEND":
        head = view[place : place + 8]
        if len(head) < 8:
            raise ValueError("the PNG is cut short")
        size, kind = struct.unpack(">I4s", head)
        body = view[place + 8 : place + 8 + size]
        check = view[place + 8 + size : place + 12 + size]
        if len(check) < 4:
            raise ValueError("the PNG is cut short")
        if zlib.crc32(body, zlib.crc32(kind)) != int.from_bytes(check, "big"):
            raise ValueError(f"the PNG is damaged in {kind!r}")
        yield kind, body
        place += 12 + size


def _chunk(kind: bytes, data: memoryview) -> bytes:
    check = zlib.crc32(data, zlib.crc32(kind))
    return struct.pack(">I4s", len(data), kind) + bytes(data) + struct.pack(">I", check)


def _header(data: memoryview) -> Header:
    if len(data) != 13:
        raise ValueError("the PNG's header is not one of 13 bytes")
    header = Header(*struct.unpack(">IIBBBBB", data))
    sound = header.depth in DEPTHS.get(header.colour, ()) and header.interlaced in (0, 1)
    if not sound or header.method or header.filters:
        raise ValueError(f"the PNG's header is of no known kind, {tuple(header[2:])}")
    if not header.width or not header.height:
        raise ValueError("the PNG has no pixels")
    return header


def _clear(data: memoryview, header: Header) -> tuple[int, ...] | None:
    """Return the transparent colour of a PNG that has one, from 0 to 255."""
    if header.colour not in (GREY, COLOURS):
        return None
    if header.depth == 16 or len(data) != 2 * CHANNELS[header.colour]:
        raise ValueError(
            "the PNG's transparent colour has 16 bits or is damaged: use an alpha channel"
        )
    most = 2**header.depth - 1
    return tuple((sample & most) * 255 // most for (sample,) in struct.iter_unpack(">H", data))


def _length(header: Header) -> int:
    """Return how many bytes all rows have, the byte before each that says its filter included."""
    bits = header.depth * CHANNELS[header.colour]
    total = 0
    for x, y, right, down in ADAM7 if header.interlaced else [(0, 0, 1, 1)]:
        columns, rows = -((x - header.width) // right), -((y - header.height) // down)
        if columns > 0 and rows > 0:
            total += rows * (1 + (columns * bits + 7) // 8)
    return total
