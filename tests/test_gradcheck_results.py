"""What the command reports of each case, and by how many processes the catalogue is checked."""

import dataclasses
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import threadpoolctl

from npgan import InputError, Tanh
from npgan.check import catalogue
from npgan.check.catalogue import results
from npgan.check.catalogue.case import Case

X = np.random.default_rng(0).standard_normal((2, 3))
RIGHT = Case("right", Tanh(), (X,), analytic=True)
ALMOST = Case(
    "two", lambda x, y: ((x * y).sum(), (y, 1.1 * x)), (X, X + 1), {"directions": 3}, analytic=False
)


def of(*cases):
    """Return the results of cases."""
    results.CASES[:] = cases
    return [results._check(i) for i in range(len(cases))]


def test_a_result_says_which_arrays_and_how_large_the_errors_are():
    right, almost = of(RIGHT, ALMOST)
    assert (right.name, right.arrays, right.failures) == ("right", 1, [])
    assert [error < limit for error, limit in zip(right.errors, (1e-8, 1e-13), strict=True)] == [
        True
    ] * 2
    assert (almost.name, almost.arrays, len(almost.errors)) == ("two", 2, 1)
    assert almost.failures == [str(ALMOST.check())]
    assert "FAIL" in almost.failures[0]


def test_a_case_is_checked_by_the_method_that_is_asked_for():
    assert RIGHT.check().tolerance == 1e-8
    assert RIGHT.check("complex").tolerance == 1e-13
    assert len(ALMOST.check().entries) == 6
    assert not Case("a", Tanh()).analytic
    with pytest.raises(dataclasses.FrozenInstanceError):
        RIGHT.name = "wrong"


def test_a_case_is_checked_by_one_thread():
    def threads(x):
        seen.update(pool["num_threads"] for pool in threadpoolctl.threadpool_info())
        return x.sum(), np.ones(x.shape)

    seen = set()
    with threadpoolctl.threadpool_limits(2):
        of(Case("threads", threads, (X,)))
    assert seen <= {1}


@pytest.mark.parametrize(
    ("wanted", "there", "used"), [("1", 4, 1), ("3", 4, 3), ("9", 4, 4), ("2", None, 1)]
)
def test_processes_are_as_many_as_wanted_and_as_there_are_cores(monkeypatch, wanted, there, used):
    monkeypatch.setenv("NPGAN_NUM_THREADS", wanted)
    monkeypatch.setattr(os, "cpu_count", lambda: there)
    assert results.cores() == used
    monkeypatch.setenv("NPGAN_NUM_THREADS", "many")
    with pytest.raises(InputError):
        results.cores()


@pytest.mark.parametrize("processes", [1, 2])
def test_results_come_in_the_order_of_the_catalogue(monkeypatch, processes):
    monkeypatch.setattr(results, "cores", lambda: processes)
    names = [case.name for case in catalogue.cases()]
    total, found = results.results()
    assert total == len(names)
    first = [next(found) for _ in range(4)]
    if processes == 2:
        found.close()
    assert [result.name for result in first] == names[:4]
    assert not any(result.failures for result in first)


def test_after_an_interrupt_no_other_case_is_begun(monkeypatch):
    begun, shut_down = [], threading.Event()

    class Pool(ThreadPoolExecutor):
        def shutdown(self, **options):
            super().shutdown(wait=False, **options)
            shut_down.set()
            super().shutdown()

    def numbers():
        yield from range(4)
        raise KeyboardInterrupt

    monkeypatch.setattr(results, "ProcessPoolExecutor", lambda *given, initializer: Pool(1))
    monkeypatch.setattr(results, "_check", lambda number: begun.append(number) or shut_down.wait())
    with pytest.raises(KeyboardInterrupt):
        next(results._spread(2, numbers()))
    assert len(begun) <= 1


def test_a_helper_leaves_interrupts_to_the_process_that_prints():
    before = signal.getsignal(signal.SIGINT)
    results.CASES.clear()
    try:
        results._prepare_helper()
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(results.CASES) == len([*catalogue.cases()])
