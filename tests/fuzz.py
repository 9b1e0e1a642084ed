"""Mutators that know how a file is made: what they spoil gets past its checksums and sizes.

A mutator takes a file's bytes, a generator and another file's bytes, and returns bytes. A mutant is a function
of its number alone, so that a failure names what brings it back.
"""

import contextlib
import gzip
import io
import struct
import warnings
import zipfile
import zlib

import numpy as np

NUMBERS = (
    0,
    1,
    2,
    3,
    7,
    8,
    16,
    255,
    256,
    2**15,
    2**16 - 1,
    2**24,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**63,
)
"""Values at which sizes, types and counts break."""


def generator(kind, i):
    """Return the generator of a kind's i-th mutant."""
    return np.random.default_rng([zlib.crc32(kind.encode()), i])


def pick(rng, items):
    return items[rng.integers(len(items))]


def span(rng, n):
    """Return the ends of a part of n things, mostly a short one."""
    i, j = sorted(rng.integers(0, n + 1, 2).tolist())
    return (i, j) if rng.random() < 0.3 else (i, min(n, i + int(rng.integers(1, 5))))


def mutant(content, rng, mutators, other):
    """Return a file after one to three mutators; one that finds no such structure any more does nothing."""
    for _ in range(int(pick(rng, (1, 1, 1, 2, 3)))):
        change = pick(rng, mutators if rng.random() < 0.8 else BYTES)
        with contextlib.suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            content = change(content, rng, other)
    return content


# --- bytes ---------------------------------------------------------------------------------------


def flipped(content, rng, _):
    spoilt = bytearray(content)
    for _ in range(int(pick(rng, (1, 1, 2, 8)))):
        spoilt[rng.integers(len(spoilt))] ^= 1 << int(rng.integers(8))
    return bytes(spoilt)


def cut(content, rng, _):
    return content[: rng.integers(len(content) + 1)]


def dropped(content, rng, _):
    i, j = span(rng, len(content))
    return content[:i] + content[j:]


def repeated(content, rng, _):
    i, j = span(rng, len(content))
    return content[:i] + content[i:j] * int(pick(rng, (2, 3, 50))) + content[j:]


def spliced(content, rng, other):
    (i, j), (k, m) = span(rng, len(content)), span(rng, len(other))
    return content[:i] + other[k:m] + content[j:]


def swapped(content, rng, _):
    i, j, k = sorted(rng.integers(0, len(content) + 1, 3).tolist())
    return content[:i] + content[j:k] + content[i:j] + content[k:]


def filled(content, rng, _):
    i, j = span(rng, len(content))
    return content[:i] + pick(rng, (b"\0", b"\xff", b"0", b" ")) * (j - i) + content[j:]


def numbered(content, rng, _):
    """Set a number of 1, 2, 4 or 8 bytes anywhere."""
    form = pick(rng, ("B", "<H", ">H", "<I", ">I", "<q"))
    i = int(rng.integers(max(1, min(len(content), 400) - 8)))
    return patched(content, i, form, pick(rng, NUMBERS))


def patched(content, i, form, value):
    """Return bytes with a number at i, of which the highest bits that do not fit are lost."""
    size = struct.calcsize(form)
    value &= 2 ** (8 * size) - 1
    order = "big" if form.startswith(">") else "little"
    return content[:i] + value.to_bytes(size, order) + content[i + size :]


BYTES = (flipped, cut, dropped, repeated, spliced, swapped, filled, numbered)


# --- PNG: its chunks -----------------------------------------------------------------------------

SIGNATURE = b"\x89PNG\r\n\x1a\n"
KINDS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"acTL", b"fcTL", b"fdAT", b"eXIf", b"iCCP")
KINDS += (
    b"tEXt",
    b"zTXt",
    b"iTXt",
    b"gAMA",
    b"sBIT",
    b"bKGD",
    b"pHYs",
    b"IDOT",
    b"QUIT",
    b"\0\n\x1b[",
)


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


PNG = (png_header, png_order, png_data, png_rows)


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


# --- IDX, compressed or not ----------------------------------------------------------------------


def idx_header(content, rng, _):
    field, form = pick(
        rng, ((0, "B"), (1, "B"), (2, "B"), (3, "B"), (4, ">I"), (8, ">I"), (12, ">I"))
    )
    value = (
        pick(rng, (*NUMBERS, 9, 11, 12, 13, 14)) if rng.random() < 0.5 else int(rng.integers(20))
    )
    return patched(content, field, form, value)


def idx_axes(content, rng, _):
    """Exchange, split or merge sizes: as many numbers as before."""
    ndim = content[3]
    sizes = list(struct.unpack(f">{ndim}I", content[4 : 4 + 4 * ndim]))
    sizes = pick(rng, (sizes[::-1], [*sizes, 1], [1, *sizes], [sizes[0] * sizes[1], *sizes[2:]]))
    return (
        content[:3] + struct.pack(f">B{len(sizes)}I", len(sizes), *sizes) + content[4 + 4 * ndim :]
    )


def in_gzip(*mutators):
    """Return a mutator of what is compressed, into one member or several, or of what is not."""

    def change(content, rng, other):
        is_packed = content[:2] == b"\x1f\x8b"
        plain = pick(rng, mutators)(gzip.decompress(content) if is_packed else content, rng, other)
        if not is_packed:
            return plain
        at = int(pick(rng, (0, len(plain) // 2, len(plain))))
        parts = [gzip.compress(part, 1, mtime=0) for part in (plain[:at], plain[at:]) if part]
        return b"".join(parts) + pick(rng, (b"", b"", b"\0" * 9, b"\x1f\x8b", rng.bytes(3)))

    return change


IDX = (in_gzip(idx_header, idx_axes, *BYTES), in_gzip(idx_header), in_gzip(idx_axes))


# --- .npy and .npz -------------------------------------------------------------------------------

TYPES = (
    "|u1",
    "|i1",
    "|b1",
    "<i2",
    ">i2",
    "<u4",
    ">f4",
    "<f4",
    "<f8",
    ">f8",
    "<f2",
    "<f16",
    "<c8",
    "|O",
    "|S2",
)
TYPES += (
    "<U1",
    "|V4",
    "<M8",
    "<m8",
    "f",
    "u",
    "<",
    "",
    "|u3",
    "<f1",
    "=f4",
    ">u8",
    "<q",
    "a",
    "f4, f4",
)


def npy_header(content, rng, _):
    """Set type, order, sizes, version or length, with the padding mended."""
    end = 10 + int.from_bytes(content[8:10], "little")
    header, rest = content[10:end].decode("latin-1"), content[end:]
    before, _, after = header.partition("'shape': (")
    sizes, _, tail = after.partition(")")
    numbers = [number.strip() for number in sizes.split(",") if number.strip()]
    what = int(rng.integers(6))
    if what == 0:
        before = before.replace(before.split("'")[3], pick(rng, TYPES), 1)
    elif what == 1:
        before = before.replace(*pick(rng, (("True", "False"), ("False", "True"), ("False", "1"))))
    elif what == 2:
        i = int(rng.integers(len(numbers)))
        numbers[i] = str(
            pick(rng, (*NUMBERS, -1, -2, 1.0, "1e3", "0x2", "2L", "02", "2_0", "2**9", "9" * 99))
        )
    elif what == 3:
        numbers = pick(rng, (numbers[::-1], [*numbers, "1"], ["1", *numbers], numbers[1:], []))
    elif what == 4:
        tail += pick(rng, (" ", "\n", "\0", ", 'x': 1}", "#", " " * 2000))
    header = f"{before}'shape': ({', '.join(numbers)}{',' * (len(numbers) == 1)}){tail}"
    version = content[6:8] if what < 5 else bytes(rng.integers(5, size=2).astype(np.uint8))
    length = struct.pack("<H" if version[0] == 1 else "<I", len(header))
    return content[:6] + version + length + header.encode("latin-1") + rest


def npy_data(content, rng, other):
    end = 10 + int.from_bytes(content[8:10], "little")
    return content[:end] + pick(rng, BYTES)(content[end:], rng, other)


def npy_size(content, rng, _):
    """Make the data as long as a spoilt header says."""
    spoilt = npy_header(content, rng, _)
    try:
        file = io.BytesIO(spoilt)
        np.lib.format.read_magic(file)
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
        size = int(np.prod(shape)) * dtype.itemsize
        start = file.tell()
    except ValueError:
        return spoilt
    return spoilt[:start] + (spoilt[start:] * 99 + bytes(99))[: min(size, 9999)]


NPY = (npy_header, npy_data, npy_size)

KEYS = (
    "train",
    "test",
    "train_labels",
    "test_labels",
    "x_train",
    "x_test",
    "y_train",
    "y_test",
    "x",
    "arr_0",
)
KEYS += (
    "a/train",
    "../train",
    "train.npy",
    "TRAIN",
    "",
    "train\0",
    "x\n\x1b[2J",
    "9" * 3000,
    "__MACOSX/._x",
)


def zipped(members, rng, methods=(0, 0, 8, 8, 8, 8, 12, 14)):
    """Return an archive of (name, bytes), in any of the ways that there are, names twice included."""
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(Stream(file, rng), "w") as archive:
        warnings.simplefilter("ignore")  # of names that are there twice
        for name, content in members:
            info = zipfile.ZipInfo(name)
            info.compress_type = pick(rng, methods)
            with archive.open(info, "w", force_zip64=bool(rng.random() < 0.2)) as member:
                member.write(content)
        archive.comment = rng.bytes(int(pick(rng, (0, 0, 9))))
    return file.getvalue()


class Stream:
    """A file that may be one in which nobody goes back: sizes then stand behind the data."""

    def __init__(self, file, rng):
        self.write, self.flush = file.write, file.flush
        if rng.random() < 0.8:
            self.tell, self.seek, self.read = file.tell, file.seek, file.read


def members(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [(info.filename, archive.read(info)) for info in archive.infolist()]


def npz_member(content, rng, other):
    """Spoil an array in an archive."""
    found = members(content)
    i = int(rng.integers(len(found)))
    found[i] = found[i][0], pick(rng, (*NPY, *BYTES))(found[i][1], rng, other)
    return zipped(found, rng)


def npz_keys(content, rng, _):
    """Lose, rename, exchange or repeat members."""
    found = members(content)
    i, j = rng.integers(len(found), size=2)
    what = int(rng.integers(4))
    if what == 0:
        del found[i]
    elif what == 1:
        found[i] = pick(rng, KEYS) + pick(rng, (".npy", ".npy", "")), found[i][1]
    elif what == 2:
        found[i], found[j] = (found[i][0], found[j][1]), (found[j][0], found[i][1])
    else:
        found.append((pick(rng, KEYS) + ".npy", found[i][1]))
    return zipped(found, rng)


def npz_labels(content, rng, _):
    """Give labels of other types, sizes and values."""
    found = dict(members(content))
    n = int(rng.integers(4))
    labels = rng.integers(-2, 3, n).astype(pick(rng, ("i1", "u8", ">i4", "f4", "?", "i8")))
    labels = pick(rng, (labels, labels[:, None], labels[::-1], labels.astype("U1"), labels * 50))
    file = io.BytesIO()
    np.save(file, labels)
    found[pick(rng, KEYS[2:4]) + ".npy"] = file.getvalue()
    return zipped(found.items(), rng)


ENTRIES = {b"PK\1\2": 46, b"PK\3\4": 30, b"PK\5\6": 22, b"PK\6\6": 56, b"PK\x07\x08": 16}
"""How a record of an archive begins -> how long it is."""


def zip_record(content, rng, _):
    """Set a field of one record, which then contradicts the others."""
    start = pick(rng, [start for start in ENTRIES if start in content])
    places = [i for i in range(len(content)) if content.startswith(start, i)]
    at = pick(rng, places) + 2 * int(rng.integers(2, ENTRIES[start] // 2))
    value = pick(rng, NUMBERS) if rng.random() < 0.7 else int(rng.integers(len(content)))
    return patched(content, at, pick(rng, ("<H", "<I")), value)


NPZ = (npz_member, npz_keys, npz_labels, zip_record)


# --- tables --------------------------------------------------------------------------------------

CELLS = (
    "",
    " ",
    "NA",
    "nan",
    "inf",
    "-inf",
    "1e39",
    "1e-50",
    "1_0",
    "١٢",
    "１",
    "0x10",
    "1,5",
    "1.5",
    "1.000,5",
    "- 1",
)
CELLS += (
    '"',
    '""',
    '"1"',
    '"1',
    '1"',
    "'1'",
    "#",
    "# 1",
    "1 2",
    "1\0",
    "\0",
    "9" * 400,
    "1" * 140_000,
    "label",
    "class",
)
CELLS += (
    "16777217",
    "1e400",
    "+1",
    "--1",
    "1.",
    ".5",
    ".",
    "1e",
    "True",
    "1\x1f",
    "1\u00a0",
    "\ufeff",
    "\x1b[2J",
    "½",
    "0",
)
ENDS = (
    b"\n",
    b"\r\n",
    b"\r",
    b"\n\n",
    b"\r\r\n",
    b"\x0b",
    b"\x85",
    b"\xe2\x80\xa8",
    b",\n",
    b";\n",
    b"",
)
STARTS = (
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"#",
    b"# a\n",
    b"\n",
    b" ",
    b"\0",
    b'"',
    b"a,b\n",
    b",",
    b"label,",
    b"0,1,2\n",
)


def csv_cell(content, rng, _):
    """Put a cell of another kind in a cell's place."""
    marks = [-1, *(i for i, byte in enumerate(content) if byte in b",;\t\r\n"), len(content)]
    i = int(rng.integers(len(marks) - 1))
    return content[: marks[i] + 1] + pick(rng, CELLS).encode() + content[marks[i + 1] :]


def csv_mark(content, rng, _):
    """Put another mark in the place of one mark, or of all alike."""
    old, new = pick(rng, b",;\t\"'#. \n").to_bytes(), pick(rng, b",;\t\"'#. \n\0\r").to_bytes()
    if rng.random() < 0.3:
        return content.replace(old, new)
    i = int(pick(rng, [i for i in range(len(content)) if content[i : i + 1] == old]))
    return content[:i] + new + content[i + 1 :]


def csv_lines(content, rng, _):
    """Lose, repeat or exchange lines; end them in another way; begin the file in another way."""
    lines = content.splitlines(keepends=True)
    i, j = rng.integers(len(lines), size=2)
    what = int(rng.integers(6))
    if what == 0:
        del lines[i]
    elif what == 1:
        lines.insert(i, lines[j])
    elif what == 2:
        lines[i], lines[j] = lines[j], lines[i]
    elif what == 3:
        lines[i] = lines[i].rstrip(b"\r\n") + pick(rng, ENDS)
    elif what == 4:
        lines.insert(
            i, pick(rng, (b"\n", b"# x\n", b'""\n', b" \n", b",\n", b"\r", b"a,b,c\n", b"1\n"))
        )
    else:
        lines.insert(0, pick(rng, STARTS))
    return b"".join(lines)


CSV = (csv_cell, csv_mark, csv_lines)
