"""Reading files that nobody vouches for: memory is bounded, and every failure is one line."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np

from npgan.errors import InputError, one_line

MAX_BYTES = 4 * 2**30
"""The most bytes that a data set may take, as it is stored and as floats."""
RATIO, SMALL = 200, 2**28
"""An array of more than `SMALL` bytes may have at most `RATIO` times the bytes of its file."""

CHUNK = 2**20
LETTERS = 200  # of a parser's message


class Readable(Protocol):
    """A binary file, of `open`, `gzip` or `zipfile`."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, none at the end."""


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn whatever a parser raises on a damaged file into an `InputError` naming the file.

    Parsers raise more than they document (`zlib.error`, `struct.error`, `SyntaxError`, ...), and
    for whoever gave the file all of these mean the same.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        line = one_line(" ".join(reason.split()))
        line = line if len(line) <= LETTERS else f"{line[:LETTERS]}..."
        raise InputError(f"cannot read {path}: {line}") from error


def read_at_most(file: Readable, limit: int) -> bytearray:
    """Return up to `limit` bytes of a file, allocating no more than it really holds.

    >>> import io
    >>> read_at_most(io.BytesIO(b"abcdef"), 4)
    bytearray(b'abcd')
    """
    content = bytearray()
    while chunk := file.read(min(CHUNK, limit - len(content))):
        content += chunk
    return content


def read_array(
    file: Readable,
    path: Path,
    shape: tuple[int, ...],
    dtype: np.dtype,
    packed: int,
    before: int = 0,
) -> np.ndarray:
    """Return the numbers (size,) of an array that must end its file.

    ``packed`` is the size of the file as it is stored, ``before`` what other arrays of it take already.
    """
    check_size(path, before + footprint(shape, dtype), packed)
    size = math.prod(shape) * dtype.itemsize
    content = read_at_most(file, size + 1)
    if len(content) != size:
        found = f"only {len(content)}" if len(content) < size else "more"
        raise ValueError(f"its header announces {size} bytes of data, it holds {found}")
    return np.frombuffer(content, dtype)


def footprint(shape: tuple[int, ...], dtype: np.dtype) -> int:
    """Return the bytes of an array as it is stored and, unless it is kept so, as float32.

    >>> footprint((10, 3), np.dtype("f8")), footprint((10, 28, 28), np.dtype("u1"))
    (360, 7840)
    """
    kept = dtype == np.float32 or (dtype == np.uint8 and len(shape) in (3, 4))
    return math.prod(shape) * (dtype.itemsize + 4 * (not kept))


def check_size(path: Path, size: int, packed: int) -> None:
    """Raise `InputError` if what is in ``packed`` bytes of a file takes more than it may."""
    if size > MAX_BYTES:
        raise InputError(f"{path} announces {size:,} bytes; at most {MAX_BYTES:,} are read")
    if size > max(SMALL, RATIO * packed):
        raise InputError(
            f"{path} announces {size:,} bytes in {packed:,}, more than {RATIO} times as many: "
            "store it with less compression"
        )
