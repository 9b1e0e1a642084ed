"""Mutators of pictures: a PNG's chunks, with sizes and checksums mended, and a JPEG's segments."""

import struct
import zlib

import numpy as np
from fuzz import BYTES, MANY, NUMBERS, bomb, patched, pick

# --- PNG: its chunks -----------------------------------------------------------------------------

SIGNATURE = b"\x89PNG\r\n\x1a\n"
KINDS = b"IHDR PLTE tRNS IDAT IEND acTL fcTL fdAT eXIf iCCP tEXt zTXt iTXt gAMA sBIT bKGD pHYs IDOT QUIT \0[2J".split()


def png_file(chunks):
    """Return a PNG of chunks, with their sizes and checksums."""
    return SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def grey_png(pixels):
    """Return the plainest PNG of grey bytes (h, w)."""
    rows = b"".join(b"\0" + row.astype(np.uint8).tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", *pixels.shape[::-1], 8, 0, 0, 0, 0)
    return png_file([(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")])


def png_chunks(content):
    place, chunks = 8, []
    while place + 12 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, place)
        chunks.append((kind, content[place + 8 : place + 8 + size]))
        place += 12 + size
    return chunks


def png_header(content, rng, _):
    """Set sizes, depth, colour type, method or interlacing."""
    (kind, data), *rest = png_chunks(content)
    field, form = pick(
        rng, ((0, ">I"), (4, ">I"), (8, "B"), (9, "B"), (10, "B"), (11, "B"), (12, "B"))
    )
    value = (
        pick(rng, (*NUMBERS, 4, 5, 6))
        if form == "B" or rng.random() < 0.5
        else int(rng.integers(12))
    )
    return png_file([(kind, patched(data, field, form, value)), *rest])


def png_order(content, rng, other):
    """Lose, repeat, exchange, rename, add or lend chunks."""
    chunks = png_chunks(content)
    i, j = rng.integers(len(chunks), size=2)
    what = int(rng.integers(6))
    if what == 0:
        del chunks[i]
    elif what == 1:
        chunks.insert(j, chunks[i])
    elif what == 2:
        chunks[i], chunks[j] = chunks[j], chunks[i]
    elif what == 3:
        chunks[i] = pick(rng, KINDS), chunks[i][1]
    elif what == 4:
        chunks.insert(
            i, (pick(rng, KINDS), rng.bytes(int(pick(rng, (0, 1, 2, 3, 6, 8, 13, 26, 256, 768)))))
        )
    else:
        chunks.insert(i, pick(rng, png_chunks(other)))
    return png_file(chunks)


def png_data(content, rng, other):
    """Spoil what is in a chunk."""
    chunks = png_chunks(content)
    i = int(rng.integers(len(chunks)))
    chunks[i] = chunks[i][0], pick(rng, BYTES)(chunks[i][1] or b"\0", rng, other)
    return png_file(chunks)


def png_rows(content, rng, other):
    """Spoil the rows behind their compression; split them among chunks anew."""
    chunks = png_chunks(content)
    places = [i for i, (kind, _) in enumerate(chunks) if kind == b"IDAT"]
    rows = zlib.decompress(b"".join(chunks[i][1] for i in places))
    packed = zlib.compress(pick(rng, BYTES)(rows, rng, other), int(pick(rng, (0, 1, 9))))
    if rng.random() < 0.2:
        packed += pick(rng, (b"\0", packed, rng.bytes(9)))
    at = int(rng.integers(len(packed)))
    parts = [(b"IDAT", part) for part in (packed[:at], packed[at:])]
    return png_file(chunks[: places[0]] + parts + chunks[places[-1] + 1 :])


@bomb
def png_bomb():
    return grey_png(np.zeros((2048, MANY // 2048), np.uint8))


PNG = (png_header, png_order, png_data, png_rows, png_bomb)


# --- JPEG: its segments --------------------------------------------------------------------------


def jpeg_segments(content):
    """Return the segments up to the first scan, and the rest."""
    place, parts = 2, [content[:2]]
    while content[place] == 0xFF and content[place + 1] != 0xDA:
        size = 2 + int.from_bytes(content[place + 2 : place + 4], "big")
        parts.append(content[place : place + size])
        place += size
    return parts, content[place:]


def jpeg_order(content, rng, other):
    parts, rest = jpeg_segments(content)
    i, j = rng.integers(len(parts), size=2)
    what = int(rng.integers(4))
    if what == 0:
        del parts[i]
    elif what == 1:
        parts.insert(j, parts[i])
    elif what == 2:
        parts[i], parts[j] = parts[j], parts[i]
    else:
        parts.insert(i, pick(rng, jpeg_segments(other)[0]))
    return b"".join(parts) + rest


def jpeg_data(content, rng, other):
    """Spoil what is in a segment, and mend its size."""
    parts, rest = jpeg_segments(content)
    i = int(rng.integers(1, len(parts)))
    data = pick(rng, BYTES)(parts[i][4:], rng, other)[:65533]
    parts[i] = parts[i][:2] + struct.pack(">H", len(data) + 2) + data
    return b"".join(parts) + rest


def jpeg_scan(content, rng, other):
    """Spoil what is behind the segments, or end it before its end."""
    parts, rest = jpeg_segments(content)
    spoilt = pick(rng, BYTES)(rest, rng, other)
    return b"".join(parts) + spoilt + pick(rng, (b"", b"\xff\xd9"))


JPEG = (jpeg_order, jpeg_data, jpeg_scan)


# --- others --------------------------------------------------------------------------------------

ENDS = {"GIF": "gif", "BMP": "bmp", "WEBP": "webp", "TIFF": "tif", "PPM": "ppm", "ICO": "ico"}
"""Format -> end of a file's name. Their headers are short, and any byte of them counts."""
