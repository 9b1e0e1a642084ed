"""The whole catalogue checked, on all cores."""

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
    """What was found of a case.

    Attributes
    ----------
    name : the case's
    arrays : how many have a gradient
    errors : the largest relative one, by central differences, and by the complex step if it is analytic
    failures : the reports of those that failed
    """

    name: str
    arrays: int
    errors: list[float]
    failures: list[str]


def cores() -> int:
    """Return how many processes are worth having: NPGAN_NUM_THREADS, or else all cores."""
    return environment.threads(os.cpu_count() or 1)


def results() -> tuple[int, Iterator[Result]]:
    """Return how many cases there are, and the results, in order, as they come."""
    processes = cores()
    if processes == 1:
        _prepare()
        return len(CASES), map(_check, range(len(CASES)))
    new = get_context("spawn")  # on every system: a fork would inherit threads that do not run
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
