"""When something beside training is due: by time, so that neither short epochs nor slow disks cost much."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

SHARE = 20
"""How many times as long as something takes the wait behind it is at least."""


class Interval:
    """So many seconds from one time to the next, but at least twenty times as long as the last time took.

    >>> interval = Interval(0.0)
    >>> with interval.passing():
    ...     time.sleep(0.01)
    >>> interval.passed()
    False
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.restart()

    def restart(self, took: float = 0.0) -> None:
        """Begin to wait."""
        self._end = time.monotonic() + max(self.seconds, SHARE * took)

    def passed(self) -> bool:
        """Whether the wait is over."""
        return time.monotonic() >= self._end

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Do in the block what was due, and begin to wait again."""
        begun = time.monotonic()
        yield
        self.restart(time.monotonic() - begun)
