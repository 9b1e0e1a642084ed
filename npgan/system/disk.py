"""Files on disk: written whole or not at all, appended to, checked before they are read."""

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from npgan.errors import InputError

TEMPORARY = ".npgan-*.tmp"
"""What files are called until they are complete."""
ALONE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)  # which follows no link
READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def write_atomically(path: Path, content: bytes | memoryview) -> None:
    """Write a file so that at any moment either the old or the new content is there, whole.

    The content is written to a temporary file in the same folder and synced to the disk; then the file is renamed
    over the old one. A link is replaced, not followed.
    """
    temporary = path.with_name(TEMPORARY.replace("*", secrets.token_hex(8)))
    with _naming(path):
        try:
            _write(os.open(temporary, ALONE, 0o666), content, sync=True)
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
    with suppress(OSError):  # not every system can sync a folder
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def append(path: Path, content: bytes) -> None:
    """Append to an existing file; an interruption may leave only part of the content there."""
    with _naming(path):
        _write(os.open(path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0)), content)


def _write(file: int, content: bytes | memoryview, sync: bool = False) -> None:
    """Write and close a file."""
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(file, rest) :]
        if sync:
            os.fsync(file)
    finally:
        os.close(file)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Let an OSError name the file that was to be written."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def remove_temporary(folder: Path) -> None:
    """Remove what interrupted writers left in a folder; no process may be writing there."""
    for path in folder.glob(TEMPORARY):
        path.unlink(missing_ok=True)


@contextmanager
def opened(path: Path) -> Iterator[tuple[BinaryIO, int]]:
    """Open a regular file, and say how many bytes it has; what has no end, or is yet to be written, is refused."""
    with open(os.open(path, READ), "rb") as file:  # noqa: PTH123 (a descriptor)
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"{path} is no regular file")
        yield file, status.st_size


def check_regular(path: Path, most: int) -> None:
    """Raise an InputError unless the path is that of a regular file of at most ``most`` bytes."""
    try:
        with opened(path) as (_, size):
            if size > most:
                raise InputError(f"{path} has {size:,} bytes, where at most {most:,} belong there")
    except (FileNotFoundError, IsADirectoryError):
        raise InputError(f"{path}: there is no such file") from None
