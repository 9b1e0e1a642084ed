"""The standard streams of a command: nothing that is said there may end what the command does."""

import json
import math
import os
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from io import TextIOWrapper
from pathlib import Path
from typing import Any


class Unfailing:
    """A stream to write to whose errors, of a closed pipe, terminal or disk, only make it silent."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, if that can be."""
        with suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, if that can be."""
        with suppress(OSError, ValueError):
            self._stream.flush()

    def isatty(self) -> bool:
        """Whether somebody looks on."""
        with suppress(OSError, ValueError):
            return bool(self._stream.isatty())
        return False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def kept() -> Iterator[None]:
    """Make sure that standard output and standard error are open; writing to the latter never fails."""
    for descriptor in range(3):  # a file that is opened must not take a closed one's place
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # what its encoding lacks becomes a number
            stream.reconfigure(errors="backslashreplace")
    with ExitStack() as ends:
        nowhere = ends.enter_context(Path(os.devnull).open("w"))
        ends.enter_context(redirect_stdout(sys.stdout or nowhere))
        ends.enter_context(redirect_stderr(Unfailing(sys.stderr or nowhere)))
        yield


def as_json(result: Any) -> str:
    """Return a result as JSON, which has no NaN and no infinity: they are null. A list of numbers is one line.

    >>> print(as_json({"a": [1.5, math.nan]}))
    {
      "a": [1.5, null]
    }
    """
    text = json.dumps(_finite(result), indent=2, allow_nan=False)
    return re.sub(r'\[\n([^][{}"]*)\n *\]', lambda found: f"[{' '.join(found[1].split())}]", text)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
