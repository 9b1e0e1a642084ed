"""Mutators of arrays: IDX files inside gzip, headers of .npy files, members and records of .npz files."""

import gzip
import io
import struct
import warnings
import zipfile

import numpy as np
from fuzz import BYTES, MANY, NUMBERS, bomb, patched, pick

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


@bomb
def idx_bomb():
    return gzip.compress(struct.pack(">HBB3I", 0, 8, 3, MANY, 1, 1) + bytes(MANY))


IDX = (idx_bomb, in_gzip(idx_header, idx_axes, *BYTES), in_gzip(idx_header), in_gzip(idx_axes))


# --- .npy and .npz -------------------------------------------------------------------------------

TYPES = ["|u1", "|i1", "|b1", "<i2", ">i2", "<u4", ">f4", "<f4", "<f8", ">f8", "<f2", "<f16"]
TYPES += ["<c8", "|O", "|S2", "<U1", "|V4", "<M8", "<m8", "f", "u", "<", "|u3", "<f1", "=f4"]
TYPES += [">u8", "<q", "a"]
TYPES += ["", "f4, f4"]


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

KEYS = ["train", "test", "train_labels", "test_labels", "x_train", "x_test", "y_train", "y_test"]
KEYS += ["x", "a/b", "../train", "train.npy", "TRAIN"]
KEYS += ["", "train\0", "x\n\x1b[2J", "9" * 3000, "__MACOSX/._x"]


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


@bomb
def npz_bomb():
    file = io.BytesIO()
    np.savez_compressed(file, np.zeros((MANY, 1), np.uint8))
    return file.getvalue()


NPZ = (npz_member, npz_keys, npz_labels, zip_record, npz_bomb)
