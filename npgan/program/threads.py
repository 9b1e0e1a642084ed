"""The crew: threads that help whoever runs a program.

A helper looks for a new call some tenths of a millisecond long and then sleeps until a bell rings:
training calls again within microseconds, and nothing is kept busy when it ends. Nobody waits for a
helper that has not begun; it finds everything taken when it comes. It may come so late that the
program is gone: the crew keeps what it then looks at.
"""

import os
import threading
from functools import cache

import numpy as np

from npgan.kernels.jit import jit
from npgan.kernels.memory import add, exchange, load, pause
from npgan.memory import LINE, aligned_zeros
from npgan.program.replay import work

CALL, PROGRAM = range(2)
SEEN, BUSY, ASLEEP = range(3)  # a helper's last call, and whether it is at work, or asleep
HELPERS = EACH = LINE // 8  # a cache line for each, after that of the call
SPINS = 5000
MOST = 63  # helpers: a bit each
KEPT = 16  # programs whose tables are kept before those are looked for that nobody can look at


def _serve(mail, helper):  # type: ignore[no-untyped-def]
    """Help with every call, until there is none for a while."""
    mine = HELPERS + EACH * helper
    while True:
        patience = SPINS
        while load(mail, CALL) == mail[mine + SEEN] and patience > 0:
            pause()
            patience -= 1
        if patience == 0:
            exchange(mail, mine + ASLEEP, 1)
            if load(mail, CALL) == mail[mine + SEEN] or exchange(mail, mine + ASLEEP, 0) == 0:
                return  # the bell rings for the next call, or rings already
        mail[mine + SEEN] = load(mail, CALL)
        exchange(mail, mine + BUSY, 1)
        address = load(mail, PROGRAM)
        if address:
            work(address, helper + 1)
        exchange(mail, mine + BUSY, 0)


def _call(mail, address):  # type: ignore[no-untyped-def]
    """Call for help with a program; return which helpers must be woken, as bits."""
    exchange(mail, PROGRAM, address)
    add(mail, CALL, 1)
    asleep = 0
    for helper in range((mail.size - HELPERS) // EACH):
        asleep |= exchange(mail, HELPERS + EACH * helper + ASLEEP, 0) << helper
    return asleep


serve, call = jit(_serve, nogil=True), jit(_call)


class Crew:
    """So many helpers for programs."""

    def __init__(self, size: int) -> None:
        self.mail = aligned_zeros(HELPERS + EACH * size, np.int64)
        for helper in range(size):  # nothing to do yet, but compiled now, by this thread
            serve(self.mail, np.int64(helper))
        self.bells = [threading.Semaphore(0) for _ in range(size)]
        self.kept: dict[np.int64, tuple[np.ndarray, ...]] = {}
        self.lock = threading.Lock()  # held by the thread whose program has the crew
        for helper in range(size):
            threading.Thread(target=self._serve, args=[helper], daemon=True).start()

    def _serve(self, helper: int) -> None:
        while True:
            self.bells[helper].acquire()
            serve(self.mail, np.int64(helper))

    def call(self, address: np.int64, tables: tuple[np.ndarray, ...]) -> None:
        """Call all helpers to the program whose state lies there; the lock must be held.

        ``tables`` are what a helper looks at that comes when everything is done.
        """
        if address not in self.kept:
            if len(self.kept) >= KEPT and not self.mail[HELPERS + BUSY :: EACH].any():
                last = self.mail[PROGRAM]  # who begins now can only see this one
                self.kept = {a: kept for a, kept in self.kept.items() if a == last}
            self.kept[address] = tables
        asleep = call(self.mail, address)
        for helper, bell in enumerate(self.bells):
            if asleep >> helper & 1:
                bell.release()


@cache
def crew(size: int) -> Crew:
    """Return the process's crew of so many helpers."""
    return Crew(min(size, MOST))


if hasattr(os, "register_at_fork"):  # threads do not survive a fork
    os.register_at_fork(after_in_child=crew.cache_clear)
