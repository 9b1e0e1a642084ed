"""Worker threads: they help the thread that runs a program.

A worker that has nothing to do looks for the next call for some tenths of a millisecond and then
sleeps on a semaphore. Training calls again within microseconds, so it seldom sleeps; when training
ends, no core is kept busy. Nobody waits for a worker that has not begun: when it comes, it finds all
parts taken. It may even come when the program has been deleted. So the pool holds the tables of
programs until no worker can read them any more.
"""

import os
import threading
from functools import cache

import numpy as np

from npgan.kernels.jit import jit
from npgan.kernels.memory import add, exchange, load, pause
from npgan.program.replay import work
from npgan.system.memory import LINE, aligned_zeros

CALLS, PROGRAM = range(2)  # the number of calls so far, and the address of the program to work on
SEEN, BUSY, ASLEEP = range(3)  # of a worker: the last call it saw, and whether it works, or sleeps
WORKERS = EACH = LINE // 8  # a cache line for the calls, then one for each worker
SPINS = 20_000  # looks for the next call before a worker goes to sleep: some 200 us
MOST = 63  # workers: a bit each
HELD = 16  # programs whose tables are held before all but the last are dropped


def _serve(shared, worker):  # type: ignore[no-untyped-def]
    """Work for every call, until there is none for a while."""
    mine = WORKERS + EACH * worker
    while True:
        patience = SPINS
        while load(shared, CALLS) == shared[mine + SEEN] and patience > 0:
            pause()
            patience -= 1
        if patience == 0:
            exchange(shared, mine + ASLEEP, 1)
            if (
                load(shared, CALLS) == shared[mine + SEEN]
                or exchange(shared, mine + ASLEEP, 0) == 0
            ):
                return  # the next call releases the semaphore, or has released it already
        shared[mine + SEEN] = load(shared, CALLS)
        exchange(shared, mine + BUSY, 1)
        address = load(shared, PROGRAM)
        if address:
            work(address, worker + 1)
        exchange(shared, mine + BUSY, 0)


def _call(shared, address):  # type: ignore[no-untyped-def]
    """Call the workers to a program; return which of them must be woken, as bits."""
    exchange(shared, PROGRAM, address)
    add(shared, CALLS, 1)
    asleep = 0
    for worker in range((shared.size - WORKERS) // EACH):
        asleep |= exchange(shared, WORKERS + EACH * worker + ASLEEP, 0) << worker
    return asleep


serve, call = jit(_serve, nogil=True), jit(_call)


class WorkerPool:
    """Worker threads that wait for programs."""

    def __init__(self, size: int) -> None:
        self.shared = aligned_zeros(WORKERS + EACH * size, np.int64)
        for worker in range(size):  # it returns at once, but is compiled now, by this thread
            serve(self.shared, np.int64(worker))
        self.semaphores = [threading.Semaphore(0) for _ in range(size)]
        self.tables: dict[np.int64, tuple[np.ndarray, ...]] = {}
        self.lock = threading.Lock()  # held by the thread whose program the workers work on
        for worker in range(size):
            threading.Thread(target=self._serve, args=[worker], daemon=True).start()

    def _serve(self, worker: int) -> None:
        while True:
            self.semaphores[worker].acquire()
            serve(self.shared, np.int64(worker))

    def call(self, address: np.int64, tables: tuple[np.ndarray, ...]) -> None:
        """Call all workers to the program whose state lies at ``address``; the lock must be held.

        ``tables`` are held here, since a worker that comes late still reads them.
        """
        if address not in self.tables:
            if len(self.tables) >= HELD and not self.shared[WORKERS + BUSY :: EACH].any():
                last = self.shared[PROGRAM]  # a worker that begins now can only see this one
                self.tables = {at: held for at, held in self.tables.items() if at == last}
            self.tables[address] = tables
        asleep = call(self.shared, address)
        for worker, semaphore in enumerate(self.semaphores):
            if asleep >> worker & 1:
                semaphore.release()


@cache
def worker_pool(size: int) -> WorkerPool:
    """Return the process's pool of this many workers."""
    return WorkerPool(min(size, MOST))


if hasattr(os, "register_at_fork"):  # threads do not survive a fork
    os.register_at_fork(after_in_child=worker_pool.cache_clear)
