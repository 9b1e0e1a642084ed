"""Slow and obvious readers of data files: the formats as their definitions say, with nothing of npgan's.

Each takes a file's bytes and returns its arrays, or raises whatever it likes where the file breaks a rule.
"""

import contextlib
import gzip
import io
import os
import re
import struct
import zipfile
import zlib

import numpy as np
from PIL import Image

# --- pictures ------------------------------------------------------------------------------------

DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
PASSES = [
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
]
CRITICAL = {b"IHDR", b"PLTE", b"IDAT", b"IEND"}


def png(content):
    """Return a PNG's pixels: grey (h, w), uint8 or uint16, or colours (h, w, 3)."""
    chunks = chunks_of(content)
    width, height, depth, colour, method, filtering, interlaced = struct.unpack(
        ">IIBBBBB", chunks[0][1]
    )
    assert width
    assert height
    assert depth in DEPTHS[colour]
    assert method == filtering == 0
    assert interlaced < 2
    unpacker = zlib.decompressobj()
    data = unpacker.decompress(b"".join(data for kind, data in chunks if kind == b"IDAT"))
    assert unpacker.eof
    samples, channels = np.zeros((height, width, CHANNELS[colour]), int), CHANNELS[colour]
    for x, y, right, down in PASSES if interlaced else [(0, 0, 1, 1)]:
        part = samples[y::down, x::right]
        if part.size:
            data = rows(data, part, depth, channels)
    assert not data
    others = dict(chunks)
    return pixels_of(samples, depth, colour, others.get(b"PLTE"), others.get(b"tRNS"))


def chunks_of(content):
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    place, chunks = 8, []
    while not chunks or chunks[-1][0] != b"IEND":
        size, kind = struct.unpack_from(">I4s", content, place)
        data = content[place + 8 : place + 8 + size]
        assert zlib.crc32(kind + data) == struct.unpack_from(">I", content, place + 8 + size)[0]
        chunks.append((kind, data))
        place += 12 + size
    kinds = [kind for kind, _ in chunks]
    assert kinds[0] == b"IHDR"
    assert kinds.count(b"IHDR") == 1
    assert len(chunks[0][1]) == 13
    assert all(kind in CRITICAL or kind[0] & 32 for kind in kinds)
    first = kinds.index(b"IDAT")
    assert kinds[first : first + kinds.count(b"IDAT")] == [b"IDAT"] * kinds.count(b"IDAT")
    for kind in (b"PLTE", b"tRNS"):
        assert kinds.count(kind) <= 1
        assert kind not in kinds[first:]
    assert b"tRNS" not in kinds[: kinds.index(b"PLTE") if b"PLTE" in kinds else 0]
    return chunks


def rows(data, part, depth, channels):
    """Undo the filters of a pass, (rows, columns, channels), and return the data behind it."""
    width = part.shape[1]
    length, back = (width * channels * depth + 7) // 8, max(1, channels * depth // 8)
    above = bytes(length)
    for row in part:
        kind, line, data = data[0], bytearray(data[1 : 1 + length]), data[1 + length :]
        assert len(line) == length
        assert kind <= 4
        for i in range(length):
            a, b = (line[i - back] if i >= back else 0), above[i]
            c = above[i - back] if i >= back else 0
            p = a + b - c
            paeth = min((a, b, c), key=lambda q: abs(p - q))
            line[i] = (line[i] + (0, a, b, (a + b) // 2, paeth)[kind]) % 256
        bits = "".join(f"{byte:08b}" for byte in line)
        values = [int(bits[i * depth : (i + 1) * depth], 2) for i in range(width * channels)]
        row[:] = np.reshape(values, (width, channels))
        above = bytes(line)
    return data


def pixels_of(samples, depth, colour, palette, clear):
    """Return pixels of samples (h, w, channels); transparent ones lie on a white page."""
    most, alpha = 2**depth - 1, np.full(samples.shape[:2], 255)
    clear = clear if colour in (0, 2, 3) else None
    assert clear is None or depth <= 8
    if colour == 3:
        assert len(palette) % 3 == 0
        assert 3 <= len(palette) <= 3 * 2**depth
        colours = np.frombuffer(palette, np.uint8).reshape(-1, 3).astype(int)
        if clear is not None:
            assert 1 <= len(clear) <= len(colours)
            alpha = np.append(np.frombuffer(clear, np.uint8), [255] * 256).astype(int)[
                samples[..., 0]
            ]
        return on_white(colours[samples[..., 0]], alpha)
    if clear is not None:
        assert len(clear) == 2 * samples.shape[2]
        wanted = np.array(struct.unpack(f">{samples.shape[2]}H", clear)) & most
        alpha = np.where((samples == wanted).all(2), 0, 255)
    if colour == 0 and depth == 16:
        return samples[..., 0].astype(np.uint16)
    samples = samples >> 8 if depth == 16 else samples * 255 // most
    if colour in (4, 6):
        alpha, samples = samples[..., -1], samples[..., :-1]
    return on_white(np.broadcast_to(samples, (*samples.shape[:2], 3)), alpha)


def on_white(colours, alpha):
    """Return colours (h, w, 3) on a white page; (h, w), if none is one."""
    colours = (colours * alpha[..., None] + 255 * (255 - alpha[..., None]) + 127) // 255
    is_grey = all(red == green == blue for red, green, blue in colours.reshape(-1, 3))
    return (colours[..., 0] if is_grey else colours).astype(np.uint8)


TURNS = {
    2: lambda x: x[:, ::-1],
    3: lambda x: x[::-1, ::-1],
    4: lambda x: x[::-1],
    5: lambda x: x.swapaxes(0, 1),
    6: lambda x: x[::-1].swapaxes(0, 1),
    7: lambda x: x[::-1, ::-1].swapaxes(0, 1),
    8: lambda x: x.swapaxes(0, 1)[::-1],
}


@contextlib.contextmanager
def unheard():
    """Let nothing be heard of a C library."""
    kept = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def of_pillow(content):
    """Return the pixels of a picture in any other format: Pillow's own, on white and turned."""
    with unheard(), Image.open(io.BytesIO(content), formats=OTHERS) as image:
        image.load()
        turn = TURNS.get(image.getexif().get(0x0112), lambda x: x)
        if image.mode.startswith("I"):
            return turn(np.asarray(image).astype(np.uint16))
        assert image.mode != "F"
        samples = np.asarray(image.convert("RGBA")).astype(int)
    return turn(on_white(samples[..., :3], samples[..., 3]))


OTHERS = ["JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "ICO"]

# --- arrays --------------------------------------------------------------------------------------

IDX_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


def idx(content):
    content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    zero, kind, ndim = struct.unpack_from(">HBB", content)
    shape = struct.unpack_from(f">{ndim}I", content, 4)
    assert zero == 0
    return np.frombuffer(content[4 + 4 * ndim :], IDX_TYPES[kind]).reshape(shape)


def npy(content):
    file = io.BytesIO(content)
    array = np.load(file, allow_pickle=False)
    assert not file.read()
    assert isinstance(array, np.ndarray)
    return array


RENAMED = {"x_train": "train", "x_test": "test", "y_train": "train_labels", "y_test": "test_labels"}


def npz(content):
    arrays = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for info in archive.infolist():
            key = info.filename.removesuffix(".npy")
            key = RENAMED.get(key, key)
            assert key not in arrays
            arrays[key] = npy(archive.read(info))
    if len(arrays) == 1 and not set(arrays) & set(RENAMED.values()):
        return {"train": arrays.popitem()[1]}
    return arrays


# --- tables --------------------------------------------------------------------------------------

NUMBER = re.compile(
    r"[ \t\n\r\x0b\x0c]*([+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?)[ \t\n\r\x0b\x0c]*"
)


def table(content):
    """Return a table's rows and labels, read letter by letter."""
    text = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    lines = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z", text)
    while lines and lines[0].startswith("#"):
        lines.pop(0)
    first = re.sub('"[^"]*"', "", lines[0])
    mark = next((mark for mark in ";\t," if mark in first), ",")
    records = cells_of("".join(lines), mark)
    while records and not records[-1]:
        records.pop()
    while not records[0]:
        records.pop(0)
    assert len(records[0]) > 1 or all(records)
    records = [record for record in records if record]
    assert all(len(record) == len(records[0]) for record in records)
    names = [cell.strip() for cell in records[0]]
    if are_names(names, records[1] if len(records) > 1 else None):
        records.pop(0)
    else:
        names = [f"column {i}" for i in range(len(names))]
    decimals = {letter for record in records for cell in record for letter in cell} & {",", "."}
    assert mark == "," or len(decimals) < 2
    if mark != ",":
        records = [[cell.replace(",", ".") for cell in record] for record in records]
    assert records
    numbers = [[float(NUMBER.fullmatch(cell)[1]) for cell in record] for record in records]
    assert all(abs(number) <= np.finfo(np.float32).max for row in numbers for number in row)
    return columns(names, list(zip(*numbers, strict=True)))


def cells_of(text, mark):
    """Return records of cells: a quote at a cell's beginning quotes up to the next that is not doubled."""
    records, record, i = [], [], 0
    while i < len(text):
        if text[i] in "\r\n" and not record:
            records.append([])
            i += 2 if text.startswith("\r\n", i) else 1
            continue
        while text[i : i + 1] == " ":
            i += 1
        if text[i : i + 1] == '"':
            end = re.compile('((?:[^"]|"")*)"').match(text, i + 1)
            cell, i = end[1].replace('""', '"'), end.end()
            assert i == len(text) or text[i] in (mark, "\r", "\n")
        else:
            end = re.compile(f"[^{mark}\r\n]*").match(text, i)
            cell, i = end[0], end.end()
        assert len(cell) <= 131_072
        record.append(cell)
        if text[i : i + 1] == mark:
            i += 1
            if i < len(text):
                continue
            record.append("")
        records.append(record)
        record = []
        i += 2 if text.startswith("\r\n", i) else 1
    return records


def are_names(first, second):
    if not any(is_number(cell) for cell in first):
        return not all(
            cell.lower() in ("", "na", "n/a", "#n/a", "null", "none", "-", "?") for cell in first
        )
    counted = first[1:] if first[0] in ("", "Unnamed: 0") else first
    if second is None or counted != [str(i) for i in range(len(counted))]:
        return False
    return (
        counted != first
        or len(first) > 2
        or not any(re.fullmatch(r"\s*[0-9]+\s*", cell) for cell in second)
    )


def is_number(cell):
    return bool(NUMBER.fullmatch(cell)) or cell.lower().lstrip("+-") in ("nan", "inf", "infinity")


def columns(names, values):
    """Return what is data and what is labels."""
    whole = [
        all(number == int(number) and abs(number) < 2**53 for number in column) for column in values
    ]
    kept = list(range(len(names)))
    if (
        len(names) > 1
        and names[0] in ("", "Unnamed: 0")
        and whole[0]
        and len(set(values[0])) == len(values[0])
    ):
        kept.remove(0)
    labels = [i for i in kept if names[i].lower() in ("label", "labels", "class", "target")]
    arrays = {}
    if len(labels) == 1 and whole[labels[0]] and len(kept) > 1:
        arrays["train_labels"] = np.array([int(number) for number in values[labels[0]]])
        kept.remove(labels[0])
    return {"train": np.array([values[i] for i in kept], np.float32).T, **arrays}
