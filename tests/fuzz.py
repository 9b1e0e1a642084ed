"""Mutators that know how a file is made: what they spoil gets past its checksums and sizes.

A mutator takes a file's bytes, a generator and another file's bytes, and returns bytes. A mutant is a function
of its number alone, so that a failure names what brings it back.
"""

import contextlib
import functools
import struct
import warnings
import zlib

import numpy as np

NUMBERS = (
    *(2**n for n in (0, 1, 3, 4, 8, 15, 24, 31, 63)),
    0,
    3,
    7,
    255,
    2**16 - 1,
    2**31 - 1,
    2**32 - 1,
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


MANY = 2**22
"""Zeros of which a bomb is made: a thousandth of that when packed."""


def bomb(make):
    """Return a mutator that puts a bomb, made once, in a file's place."""
    made = functools.cache(make)
    return lambda *_: made()


BYTES = (flipped, cut, dropped, repeated, spliced, swapped, filled, numbered)


# --- tables --------------------------------------------------------------------------------------

CELLS = ["NA", "nan", "inf", "-inf", "1e39", "1e-50", "1e400", "1_0", "١٢", "１", "½", "0x10"]
CELLS += ["1,5", "1.5", "1.000,5", "+1", "--1", "1.", ".5", ".", "1e", "True", "0", "16777217"]
CELLS += ["", " ", "- 1", "1 2", "1\0", "\0", "1\x1f", "1\u00a0", "\ufeff", "\x1b[2J"]
CELLS += ["9" * 400, "1" * 140_000]
CELLS += ['"', '""', '"1"', '"1', '1"', "'1'", "#", "# 1", "label", "class"]
ENDS = [b"\n", b"\r\n", b"\r", b"\n\n", b"\r\r\n", b",\n", b";\n", b""]
ENDS += [b"\x0b", b"\x85", b"\xe2\x80\xa8"]
STARTS = [b"\xef\xbb\xbf", b"\xff\xfe", b"#", b"# a\n", b"\n", b" ", b"\0", b'"', b"a,b\n", b","]
STARTS += [b"label,", b"0,1,2\n"]
LINES = b"\n", b"# x\n", b'""\n', b" \n", b",\n", b"\r", b"a,b,c\n", b"1\n"


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
        lines.insert(i, pick(rng, LINES))
    else:
        lines.insert(0, pick(rng, STARTS))
    return b"".join(lines)


CSV = (csv_cell, csv_mark, csv_lines)
