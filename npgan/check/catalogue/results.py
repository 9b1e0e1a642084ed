"""Check the whole catalogue, on all cores."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import NamedTuple

from threadpoolctl import threadpool_limits

from npgan import environment
from npgan.check.catalogue import Case, cases

CASES: list[Case] = []


class Result(NamedTuple):
    """The result of a case.

    Attributes
    ----------
    name : the case's
    arrays : the number of arrays with a gradient
    errors : the largest relative error by central differences and, if it is analytic, by the complex step
    failures : the reports that failed
    """

    name: str
    arrays: int
    errors: list[float]
    failures: list[str]


def cores() -> int:
    """Return how many processes to use: NPGAN_NUM_THREADS, or else as many as there are cores."""
    return environment.threads(os.cpu_count() or 1)


def results() -> tuple[int, Iterator[Result]]:
    """Return the number of cases, and an iterator of their results, in order."""
    processes = cores()
    if processes == 1:
        _prepare()
        return len(CASES), map(_check, range(len(CASES)))
    new = get_context(
        "spawn"
    )  # on every system: a fork would inherit locks and threads that do not run
    pool = ProcessPoolExecutor(processes, new, initializer=_prepare_helper)
    try:
        total = pool.submit(_count).result()
    except BaseException:
        pool.shutdown(cancel_futures=True)
        raise
    return total, _all(pool, total)


def _all(pool: ProcessPoolExecutor, total: int) -> Iterator[Result]:
    try:
        yield from pool.map(_check, range(total))
    finally:
        pool.shutdown(cancel_futures=True)


def _prepare() -> None:
    CASES[:] = cases()


def _prepare_helper() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that prints
    _prepare()


def _count() -> int:
    return len(CASES)


def _check(number: int) -> Result:
    case = CASES[number]
    with threadpool_limits(1):  # small products are slower on many threads
        reports = [case.check(), *([case.check("complex")] if case.analytic else [])]
    return Result(
        case.name,
        len({entry.name for entry in reports[0].entries}),
        [report.error for report in reports],
        [str(report) for report in reports if not report],
    )
