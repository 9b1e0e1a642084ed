"""Signals that ask a process to end, and blocks of code that they cannot tear."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from npgan.system.signals import REASONS, leave, process

PATIENCE = 0.8  # seconds in which a compilation is to end by itself
Handler = Callable[[int, Any], Any]


@contextmanager
def handled(change: Callable[[Handler | None], Handler | None]) -> Iterator[None]:
    """Replace each handler (None: the default) by ``change(handler)`` until the block ends.

    What is ignored, as by nohup, stays ignored; ``change`` returns None for what is to stay as it is. Only
    the main thread gets signals: in another one this does nothing.
    """
    before: dict[int, Any] = {}
    try:
        if threading.current_thread() is threading.main_thread():
            for number in REASONS:
                now = signal.getsignal(number)
                if now in (signal.SIG_IGN, None):
                    continue
                other = change(now if callable(now) else None)
                if other is not None:
                    before[number] = signal.signal(number, other)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def raised() -> Iterator[None]:
    """Let signals raise KeyboardInterrupt in the block, or end the command line where a compiler delays them.

    Python lets a signal wait until compiled code returns, which takes a compiler seconds; where it comes in
    a callback of such code, its exception is lost.
    """

    def interrupt(number: int, frame: Any) -> None:
        raise KeyboardInterrupt(number)

    with handled(lambda _: interrupt):
        if not process.command:
            yield
            return
        over = _watch()
        sys.unraisablehook = _lost
        try:
            yield
        finally:
            over.set()


def _lost(unraisable: Any) -> None:
    """End where an interrupt came in a callback, which cannot raise it."""
    error = unraisable.exc_value
    if isinstance(error, KeyboardInterrupt):
        leave(error.args[0] if error.args else signal.SIGINT)
    sys.__unraisablehook__(unraisable)


def _watch() -> threading.Event:
    """Start a thread that ends the process if a signal has not ended a compilation, until the event is set."""
    come, go = os.pipe()
    os.set_blocking(go, False)
    signal.set_wakeup_fd(go, warn_on_full_buffer=False)
    over = threading.Event()

    def watch() -> None:
        while True:
            (number,) = os.read(come, 1)
            if number in REASONS and process.compiles:
                over.wait(PATIENCE)
                if process.compiles and not over.is_set():
                    leave(number)

    threading.Thread(target=watch, daemon=True).start()
    return over


class Shield:
    """What comes in its ``with`` block is handled when the block ends; in :meth:`open`, at once.

    >>> shield = Shield()
    >>> with shield.raised():
    ...     try:
    ...         with shield:
    ...             signal.raise_signal(signal.SIGINT)
    ...             print("whole")
    ...     except KeyboardInterrupt:
    ...         print("interrupted")
    whole
    interrupted
    """

    def __init__(self) -> None:
        self._inside = False
        self._waiting: list[Callable[[], Any]] = []

    def raised(self) -> Any:
        """Stand before the handlers that there are, until the block ends."""
        return handled(self._before)

    def _before(self, handler: Handler | None) -> Handler | None:
        if handler is None:
            return None

        def wait(number: int, frame: Any) -> None:
            if self._inside:
                self._waiting.append(lambda: handler(number, frame))
            else:
                handler(number, frame)

        return wait

    def __enter__(self) -> None:
        self._inside = True

    def __exit__(self, *_: Any) -> None:
        self._inside = False
        self._handle()

    def _handle(self) -> None:
        while self._waiting:
            self._waiting.pop(0)()

    @contextmanager
    def open(self) -> Iterator[None]:
        """Let what comes be handled at once, until the block ends."""
        self._inside = False
        self._handle()
        try:
            yield
        finally:
            self._inside = True
