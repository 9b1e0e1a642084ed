"""How many threads a step is best done with, found out while training goes on.

Threads of one step wait for each other. Where another process keeps a core busy, two threads can
take several times as long as one; where nothing does, half. No bit depends on their number, so that
it can change at any step: now and then a few steps are timed with one thread and with all.
"""

from npgan import backend

PERIOD, PROBE = 512, 8  # steps between two trials, and steps of each trial


class Pace:
    """Tries one thread and all of them every PERIOD steps, and keeps to the faster.

    The very first step does not count: it may load or compile kernels.

    >>> pace = Pace(most=2)
    >>> for step in range(1 + 2 * PROBE):  # the second thread only doubles the time
    ...     pace.took(1.0 if pace.threads == 1 else 2.0)
    >>> pace.threads
    1
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.threads = most
        self._place = -1
        self._seconds: dict[int, float] = {}

    def took(self, seconds: float) -> None:
        """Hear of a step's time and decide about the next one's threads."""
        if self.most == 1:
            return
        if 0 <= self._place < 2 * PROBE:
            self._seconds[self.threads] += seconds
        self._place = (self._place + 1) % PERIOD
        if self._place == 0:
            self._seconds = {1: 0.0, self.most: 0.0}
            self.threads = self.most
        elif self._place == PROBE:
            self.threads = 1
        elif self._place == 2 * PROBE:
            self.threads = min(self._seconds, key=lambda n: self._seconds[n])
        else:
            return
        backend.use_threads(self.threads)
