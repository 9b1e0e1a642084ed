"""The backend: what is chosen, what takes the place of what, and for whom."""

import os
import sys
import threading
import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from npgan import backend, ops
from npgan.backend import run
from npgan.data.batches import Batches
from npgan.errors import InputError

pytest.importorskip("npgan.kernels")
from npgan.kernels import jit
from npgan.kernels.row import NotRecordable
from npgan.program.eager import KERNELS

X = np.array([-1.0, 2.0])
LIMIT = 2.0**512
"""The square of a float64 overflows from here on."""


def numbers():
    return np.random.default_rng(0)


# --- what is chosen ------------------------------------------------------------------------------


def test_every_operation_has_a_reference():
    exported = {name: f for name, f in vars(ops).items() if hasattr(f, "border")}
    assert {name: column["numpy"] for name, column in backend.TABLE.items()} == exported
    assert "relu_forward" in exported


def test_a_backend_that_is_chosen_runs_all_operations():
    backend.use("numba")
    assert (run.name, run.fused, backend.choice()) == ("numba", True, "numba")
    for name, column in backend.TABLE.items():
        assert getattr(run, name) is KERNELS.get(name, column["numpy"])
    backend.use("numpy")
    assert (run.name, run.fused, backend.choice()) == ("numpy", False, "numpy")
    for name, column in backend.TABLE.items():
        assert getattr(run, name) is column["numpy"]


def test_without_a_choice_training_runs_on_numba(monkeypatch):
    monkeypatch.setattr(backend, "_chosen", None)
    assert backend.choice() == "numba"
    monkeypatch.setattr(backend, "_chosen", "numpy")
    assert backend.choice() == "numpy"


def test_an_unknown_backend_changes_nothing():
    before, chosen = dict(run.__dict__), backend.choice()
    with pytest.raises(InputError, match="unknown backend 'nunba'"):
        backend.use("nunba")
    assert (run.__dict__, backend.choice()) == (before, chosen)


def test_without_numba_the_caller_is_warned_and_all_runs_in_numpy(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba.core.compiler_lock", None)
    with pytest.warns(UserWarning, match="Numba cannot be used .*everything runs in NumPy") as told:
        backend.use("numba")
    assert [one.filename for one in told] == [__file__]
    assert (run.name, run.fused, run.relu_forward) == ("numpy", False, ops.relu_forward)


def test_settings_with_which_numba_would_end_the_process_are_refused(monkeypatch):
    monkeypatch.setenv("NUMBA_NUM_THREADS", "many")
    with pytest.raises(InputError, match="NUMBA_NUM_THREADS must be from 1 to"):
        backend.use("numba")


def test_the_lock_of_the_compiler_is_taken_once_at_a_fork():
    from numba.core.compiler_lock import global_compiler_lock

    for _ in range(2):
        backend.use("numba")
    assert backend._locks == [backend._recording, global_compiler_lock]


def test_locks_are_given_back_in_the_opposite_order(monkeypatch):
    calls = []
    locks = [
        SimpleNamespace(acquire=lambda n=n: calls.append(n), release=lambda n=n: calls.append(-n))
        for n in (1, 2)
    ]
    monkeypatch.setattr(backend, "_locks", locks)
    backend._take_locks()
    backend._give_locks()
    assert calls == [1, 2, -2, -1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="without forks no lock is inherited")
def test_a_fork_takes_locks_and_both_processes_give_them_back(monkeypatch):
    calls = []
    lock = SimpleNamespace(
        acquire=lambda: calls.append("taken"), release=lambda: calls.append("given back")
    )
    monkeypatch.setattr(backend, "_locks", [lock])
    child = os.fork()
    if child == 0:
        os._exit(0 if calls == ["taken", "given back"] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert calls == ["taken", "given back"]


# --- threads -------------------------------------------------------------------------------------


def test_numpy_has_one_thread_and_sets_those_of_kernels_that_come_later(monkeypatch):
    asked = []
    monkeypatch.setenv("NPGAN_NUM_THREADS", "1")
    monkeypatch.setattr(jit, "set_threads", asked.append)
    monkeypatch.setattr(jit, "use_threads", asked.append)
    monkeypatch.setattr(jit, "threads", lambda: 7)
    backend.use("numpy")
    backend.set_threads(3)
    backend.use_threads(1)
    assert (backend.threads(), asked) == (1, [])
    backend.use("numba")
    backend.set_threads(4)
    backend.use_threads(2)
    assert (backend.threads(), asked) == (7, [4, 2])


def test_only_kernels_are_prepared(monkeypatch):
    from npgan.program import prepare

    calls = []
    monkeypatch.setattr(prepare, "prepare", lambda: calls.append(run.name))
    for name in backend.BACKENDS:
        backend.use(name)
        backend.prepare()
    assert calls == ["numba"]


# --- steps that are recorded ---------------------------------------------------------------------


def fails_with(error):
    def step(_):
        raise error

    return step


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (NotRecordable("a sum"), "a program has no row for a sum"),
        (AttributeError("no std"), "of traced arrays, no std"),
        (TypeError("no array"), "of traced arrays, no array"),
    ],
)
def test_a_step_that_cannot_be_recorded_says_why(error, reason):
    backend.use("numba")
    assert backend.record(fails_with(error), numbers()) == (None, reason)


def test_a_step_of_numpy_is_not_recorded_nor_called():
    backend.use("numpy")
    found = backend.record(fails_with(ZeroDivisionError()), numbers())
    assert found == (None, "the backend is not numba")


def test_a_recorded_step_is_called_once_and_computes_nothing():
    backend.use("numba")
    calls, batches = [], Batches(X[:, None], 2, numbers())

    def step(rng):
        calls.append(rng)
        return {"sum": run.relu_forward(batches.next()).sum()}

    program, reason = backend.record(step, numbers())
    assert (len(calls), reason) == (1, None)
    assert program.run() == {"sum": 2}
    assert len(calls) == 1


def test_arguments_of_an_operation_are_checked_while_it_is_recorded():
    backend.use("numba")
    with pytest.raises(InputError):
        backend.record(lambda _: {"loss": run.relu_forward("x")}, numbers())


# --- operations that are watched -----------------------------------------------------------------


def test_watched_operations_are_seen_and_run_in_numpy():
    backend.use("numba")
    seen, before = [], dict(run.__dict__)
    with backend.watched(lambda *call: seen.append(call)):
        assert run.fused
        assert run.relu_forward(X).tolist() == [0, 2]
        assert run.each(lambda: 5, 1) == 5
    assert [(name, [x.tolist() for x in given]) for name, given in seen] == [
        ("relu_forward", [[-1, 2]])
    ]
    assert run.__dict__ == before


def test_numpy_has_chains_only_while_it_is_watched():
    backend.use("numpy")
    with backend.watched(lambda *_: None):
        assert run.fused
    assert not run.fused


def test_the_backend_is_as_before_if_what_is_watched_fails():
    before = dict(run.__dict__)
    with pytest.raises(ZeroDivisionError), backend.watched(lambda *_: None):
        1 / 0  # noqa: B018
    assert run.__dict__ == before


def test_other_threads_are_not_watched():
    seen, found = [], []
    with backend.watched(lambda name, _: seen.append(name)):
        other = threading.Thread(target=lambda: found.append(run.relu_forward(X).tolist()))
        other.start()
        other.join()
    assert (seen, found) == ([], [[0, 2]])


def test_what_is_seen_is_told_before_it_is_done():
    with pytest.raises(KeyError), backend.watched(lambda *_: {}["told"]):
        run.relu_forward("no array")


# --- what a step may use besides operations ------------------------------------------------------


def test_functions_of_a_step_are_called_at_once():
    calls = []
    assert run.each(lambda: 3) == run.each(lambda: 3, 8) == 3
    assert run.call(lambda *given: given, 1, 2) == (1, 2)
    assert run.after(lambda: calls.append(1)) is None
    assert calls == [1]


@pytest.mark.parametrize("name", backend.BACKENDS)
@pytest.mark.parametrize(
    ("arrays", "calls"),
    [
        ((), 0), ((1.0,), 0), ((np.nan,), 1), ((-np.inf,), 1), ((X,), 0), ((X, X * np.inf), 1),
        ((np.nan, X, X * np.nan), 2), ((LIMIT,), 1), ((-LIMIT / 2,), 0), ((np.array([-LIMIT]),), 1),
        ((np.float32(2**64),), 1), ((np.float32(2**63),), 0), ((np.float64(2**64),), 0),
        ((np.array([2**64], np.float32),), 1), ((np.array([2**63], np.float32),), 0),
    ],
)  # fmt: skip
def test_what_is_not_finite_is_told(name, arrays, calls):
    backend.use(name)
    told = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run.require_finite(lambda: told.append(1), *arrays)
    assert len(told) == calls
