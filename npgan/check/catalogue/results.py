"""Check the whole catalogue, on all cores."""

import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, NamedTuple

from threadpoolctl import threadpool_limits

from npgan.check.catalogue import Case, cases
from npgan.system import environment

CASES: list[Case] = []


class Result(NamedTuple):
    """The result of a case.

    Attributes
    ----------
    name : the case's
    arrays : the number of arrays with a gradient
    errors : the largest relative error by central differences and, if it is analytic, by the complex step
    failures : the reports that failed
    reports : all reports, in words and numbers
    """

    name: str
    arrays: int
    errors: list[float]
    failures: list[str]
    reports: Sequence[dict[str, Any]] = ()


def cores() -> int:
    """Return how many processes to use: NPGAN_NUM_THREADS, or else as many as there are cores."""
    return environment.threads(os.cpu_count() or 1)


def results() -> tuple[int, Iterator[Result]]:
    """Return the number of cases, and an iterator of their results, in order."""
    CASES[:] = cases()
    processes, numbers = cores(), range(len(CASES))
    return len(CASES), map(_check, numbers) if processes == 1 else _spread(processes, numbers)


def _spread(processes: int, numbers: range) -> Iterator[Result]:
    """Yield the results that new processes find: a fork would inherit locks, and threads that do not run."""
    pool = ProcessPoolExecutor(processes, get_context("spawn"), initializer=_prepare_helper)
    try:
        yield from pool.map(_check, numbers)
    finally:
        pool.shutdown(cancel_futures=True)


def _prepare_helper() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that prints
    CASES[:] = cases()


def _check(number: int) -> Result:
    case = CASES[number]
    with threadpool_limits(1):  # small products are slower on many threads
        reports = [case.check(), *([case.check("complex")] if case.analytic else [])]
    return Result(
        case.name,
        len({entry.name for entry in reports[0].entries}),
        [report.error for report in reports],
        [str(report) for report in reports if not report],
        [report.as_dict() for report in reports],
    )
