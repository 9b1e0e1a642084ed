"""Signals end the command line in one line, from the moment that this, the first of npgan, is imported.

It imports next to nothing: until its last line Ctrl-C is Python's, and shows a traceback.
"""

import os
import signal
import sys

REASONS = {
    getattr(signal, name): reason
    for name, reason in (
        ("SIGINT", "interrupted"),
        ("SIGTERM", "terminated"),
        ("SIGHUP", "hung up"),
    )
    if hasattr(signal, name)  # Windows has no SIGHUP
}
"""Signal -> what it makes of a run: of Ctrl-C, of a system that ends a process, of a terminal that closes."""


class Process:
    """What this process is, and what a signal means to it now."""

    def __init__(self, command: bool) -> None:
        self.command = command  # the command line, not a program of somebody's that imports npgan
        self.compiles = False  # kernels
        self.children: list = []  # that compile with it


def leave(number: int, frame: object = None) -> None:
    """Say which signal it was and end the command line; files are written whole or not at all."""
    try:  # noqa: SIM105 (contextlib would be one more import)
        os.write(2, f"npgan: {REASONS[number]}\n".encode())
    except OSError:  # nobody listens
        pass
    end(128 + number)


def end(code: int) -> None:
    """End at once: Python would take seconds to clear away what a compiler has left."""
    for child in process.children:
        child.kill()
    os._exit(code)


def _is_command() -> bool:
    """Return whether this process was started as ``npgan``, or as ``python -m npgan``."""
    script = getattr(sys.modules.get("__main__"), "__file__", None) or ""
    words = getattr(sys, "argv", [])
    module = sys.orig_argv[-len(words)] if words[:1] == ["-m"] else ""  # while it is looked for
    return os.path.basename(script) == "npgan" or module in ("npgan", "-mnpgan")  # noqa: PTH119


process = Process(_is_command())
if process.command:  # in others' programs signals keep their meaning
    for _number in REASONS:
        if signal.getsignal(_number) is not signal.SIG_IGN:
            signal.signal(_number, leave)
