"""Reading files nobody vouches for: bounded in memory, and every failure named in one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from npgan.errors import InputError

MAX_BYTES = 4 * 2**30
"""The most bytes one data set may hold in a file, once decompressed."""

CHUNK = 2**20


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
        raise InputError(f"cannot read {path}: {' '.join(reason.split())}") from error


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


def check_size(path: Path, size: int) -> None:
    """Raise `InputError` if a file announces more than `MAX_BYTES`."""
    if size > MAX_BYTES:
        raise InputError(f"{path} announces {size:,} bytes; at most {MAX_BYTES:,} are read")
