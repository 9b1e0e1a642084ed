"""Whether a PNG is whole: its decoder takes rows that are missing for black ones."""

import struct
import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Colour type -> numbers a pixel."""
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]  # fmt: skip
"""First column and row, and the steps between columns and rows, of each pass of interlacing."""
CHUNK = 2**20


def check_png(content: bytes) -> None:
    """Raise ValueError unless every chunk is whole and there are as many rows as the header says.

    The format is that of https://www.w3.org/TR/png-3/, sec. 5, 8 and 9.
    """
    chunks = list(_chunks(content))
    if not chunks or chunks[0][0] != b"IHDR" or len(chunks[0][1]) != 13:
        raise ValueError("the PNG has no header")
    inflated, unpacker = 0, zlib.decompressobj()
    wanted = _length(chunks[0][1])
    for kind, data in chunks:
        rest: bytes | memoryview = data if kind == b"IDAT" else b""
        while rest and inflated <= wanted:
            inflated += len(unpacker.decompress(rest, CHUNK))
            rest = unpacker.unconsumed_tail
    if inflated < wanted:
        raise ValueError(f"the PNG has {inflated} bytes of rows; its header announces {wanted}")


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


def _length(header: memoryview) -> int:
    """Return how many bytes all rows have, the byte before each that says its filter included."""
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    bits = depth * CHANNELS.get(colour, 1)
    total = 0
    for x, y, right, down in ADAM7 if interlaced else [(0, 0, 1, 1)]:
        columns, rows = -((x - width) // right), -((y - height) // down)
        if columns > 0 and rows > 0:
            total += rows * (1 + (columns * bits + 7) // 8)
    return total
