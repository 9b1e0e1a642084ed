"""Signals end the command line with a one-line message, once this module, the first of npgan, is imported.

It imports next to nothing: until its last line has run, Ctrl-C shows Python's traceback.
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
"""Signal -> how it ended the run: by Ctrl-C, by the system ending the process, or by the terminal closing."""


class Process:
    """What this process is, and what a signal would interrupt."""

    def __init__(self, command: bool) -> None:
        self.command = command  # the command line, not another program that imports npgan
        self.compiles = False  # whether kernels are being compiled
        self.children: list = []  # processes that help to compile


def leave(number: int, frame: object = None) -> None:
    """Print which signal it was and end the command line; files are written whole or not at all."""
    try:  # noqa: SIM105 (contextlib would be one more import)
        os.write(2, f"npgan: {REASONS[number]}\n".encode())
    except OSError:  # standard error is closed
        pass
    end(128 + number)


def end(code: int) -> None:
    """Exit at once: Python would take seconds to clean up after the compiler."""
    for child in process.children:
        child.kill()
    os._exit(code)


def _is_command() -> bool:
    """Return whether this process was started as ``npgan``, or as ``python -m npgan``."""
    script = getattr(sys.modules.get("__main__"), "__file__", None) or ""
    words = getattr(sys, "argv", [])
    module = sys.orig_argv[-len(words)] if words[:1] == ["-m"] else ""  # not found yet
    return os.path.basename(script) == "npgan" or module in ("npgan", "-mnpgan")  # noqa: PTH119


process = Process(_is_command())
if process.command:  # in other programs signals keep their meaning
    for _number in REASONS:
        if signal.getsignal(_number) is not signal.SIG_IGN:
            signal.signal(_number, leave)
