"""One writer a folder: a lock that the system gives up when its process ends, however it ends."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from npgan.errors import InputError

LOCK = ".lock"
HELD = {errno.EAGAIN, errno.EACCES, errno.EDEADLK}
OPEN = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)

if sys.platform == "win32":
    import msvcrt

    def _take(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class Locked(InputError):
    """Somebody else writes into the folder."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep everybody else from writing into a folder; where the system has no locks, trust them.

    Raises Locked if somebody else does.
    """
    file = os.open(folder / LOCK, OPEN, 0o666)
    try:
        try:
            _take(file)
        except OSError as error:
            if error.errno in HELD:
                raise Locked(
                    f"{folder} is being trained by another process: wait for its end, or choose another "
                    "folder with --out"
                ) from None
        yield
    finally:
        os.close(file)
