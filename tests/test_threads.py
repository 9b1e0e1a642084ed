"""Programs and the threads that help: several at once, after a fork, and when programs are gone."""

import gc
import os
import subprocess
import sys
import threading
import time
import weakref

import numpy as np
import pytest

from npgan import backend

pytest.importorskip("npgan.kernels")
from steps_recorded import compiled, gan, rows, steps_of

from npgan.kernels import jit
from npgan.kernels.elementwise import Activation
from npgan.kernels.row import PERFORM
from npgan.program import eager
from npgan.program import tables as of_tables
from npgan.program.prepare import RARE, compile_second, pieces, prepare
from npgan.program.threads import (
    BUSY,
    CALLS,
    EACH,
    HELD,
    SEEN,
    WORKERS,
    WorkerPool,
    serve,
    worker_pool,
)
from npgan.system.signals import process


@compiled
@pytest.mark.parametrize("threads", [2], indirect=True)
def test_helpers_that_come_late_find_tables_of_programs_that_are_gone(threads):
    backend.use("numba")
    tables = []
    gc.freeze()  # what other tests keep, which would be gone through each time
    for _ in range(2 * HELD):
        step, _, _ = steps_of(gan(), rows())
        step(), step()
        (program,) = filter(None, step._programs.values())
        tables.append(weakref.ref(program.stages[0].__self__.integers))
        del program
        del step
        gc.collect()
        assert jit.threads() == 1 or tables[-1]() is not None
    gc.unfreeze()
    assert sum(table() is not None for table in tables) < 2 * HELD, "and not for ever"


@pytest.mark.parametrize(("busy", "held"), [(1, HELD + 1), (0, 2)])
def test_tables_are_dropped_when_many_are_held_and_no_worker_is_late(busy, held):
    pool = WorkerPool(0)
    pool.shared = np.zeros(WORKERS + EACH, np.int64)  # a worker that never comes
    for address in range(HELD):
        pool.call(np.int64(address), ())
    assert len(pool.tables) == HELD
    pool.shared[WORKERS + BUSY] = busy
    pool.call(np.int64(HELD), ())
    assert len(pool.tables) == held, "all, or the last program's and this one's"


@compiled
def test_all_workers_come_when_they_are_called():
    pool = worker_pool(2)
    own = [t for t in threading.enumerate() if t.name.endswith("(_serve)")]
    assert len(own) >= 2
    assert all(thread.daemon for thread in own), "the process may end"
    with pool.lock:
        pool.call(np.int64(0), ())  # to no program
    ends = time.monotonic() + 20
    while any(pool.shared[WORKERS + SEEN :: EACH] != pool.shared[CALLS]):
        assert time.monotonic() < ends
        time.sleep(0.001)


@compiled
@pytest.mark.parametrize("threads", [2], indirect=True)
def test_who_finds_the_workers_busy_works_alone(threads):
    backend.use("numba")
    x, results = np.linspace(-1, 1, 100_000), []
    work = threading.Thread(target=lambda: results.append(backend.run.tanh_forward(x)), daemon=True)
    with worker_pool(1).lock:
        work.start()
        work.join(20)
        assert len(results) == 1
    np.testing.assert_array_equal(results[0], backend.run.tanh_forward(x))


SCRIPTS = {
    "two threads that train": """
import threading
def train(seed):
    model = gan(rng=seed)
    model.fit(data, steps=300, batch_size=64, callbacks=[], rng=seed)
    return bits(model)
alone, together = [train(seed) for seed in (1, 2)], {}
for _ in range(3):
    work = lambda seed: together.__setitem__(seed, train(seed))
    threads = [threading.Thread(target=work, args=[seed]) for seed in (1, 2)]
    [t.start() for t in threads]; [t.join() for t in threads]
    assert [together[seed] for seed in (1, 2)] == alone
""",
    "a fork": """
import os, threading
from npgan.kernels import jit
helpers = lambda: sum(t.name.endswith("(_serve)") for t in threading.enumerate())
def train(model):
    model.fit(data, steps=20, batch_size=64, callbacks=[], rng=1)
    return bits(model)
first = gan(); train(first)
exact = train(gan(rng=3)), train(first)
first = gan(); train(first)
threads, count = jit.threads(), helpers()
child = os.fork()
if child == 0:
    if helpers():
        os._exit(2)
    right = (train(gan(rng=3)), train(first)) == exact
    jit.set_threads(threads)
    right = right and train(gan(rng=3)) == exact[0]
    os._exit(0 if right and helpers() == count else 1)
assert os.waitpid(child, 0)[1] == 0
assert train(first) == exact[1]
""",
    "programs that come and go": """
import gc, numpy as np
exact = None
for i in range(60):
    model = gan()
    model.fit(data, steps=5, batch_size=16 + 16 * (i % 3), callbacks=[], rng=1)
    if i % 3 == 0:
        exact = exact or bits(model)
        assert bits(model) == exact
    del model
    if i % 7 == 0:
        gc.collect()
    np.full(10_000 * (i % 5), np.nan)  # whoever looks at memory that is gone finds this
""",
}
PRELUDE = """
import numpy as np
from npgan import GAN, Adam, backend
from npgan.layers import build
backend.use("numba")
data = np.random.default_rng(0).random((300, 30)).astype(np.float32)
def gan(rng=0):
    networks = ["dense 20 64", "elu", "dense 64 30", "sigmoid"], ["dense 30 64", "relu", "dense 64 1"]
    return GAN(*(build(specs, rng) for specs in networks), ema=0.9)
bits = lambda model: [array.tobytes() for array in model.state()[0].values()]
"""


@compiled
@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")
def test_programs_bear(name):
    result = subprocess.run(
        [sys.executable, "-c", PRELUDE + SCRIPTS[name]],
        env={**os.environ, "NPGAN_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("threads", [2], indirect=True)
def test_operations_called_one_by_one_leave_no_part_to_a_worker_that_comes_late(threads):
    backend.use("numba")
    sizes = {np.float32: (70_000, 3, 20_000), np.float64: (30_000,)}
    xs = [np.linspace(-3, 3, n, dtype=dtype) for dtype, all_of in sizes.items() for n in all_of]
    exact = [(backend.run.tanh_forward(x), backend.run.mse(x, x[::-1].copy())[0]) for x in xs]
    for _ in range(100):
        for x, (y, loss) in zip(xs, exact, strict=True):
            assert (backend.run.tanh_forward(x) == y).all()
            assert backend.run.mse(x, x[::-1].copy())[0] == loss


@compiled
@pytest.mark.parametrize("threads", [2], indirect=True)
def test_helpers_are_free_after_a_run(threads):
    backend.use("numba")
    step, _, _ = steps_of(gan(), rows())
    for _ in range(3):
        step()
        assert jit.threads() == 1 or not worker_pool(jit.threads() - 1).lock.locked()


@compiled
@pytest.mark.parametrize("threads", [2], indirect=True)
def test_workers_are_called_to_each_program(threads):
    if jit.threads() == 1:
        pytest.skip("one core")
    backend.use("numba")
    step, _, _ = steps_of(gan(), rows())
    step()
    calls = int(worker_pool(1).shared[CALLS])
    step()
    shared = worker_pool(1).shared
    assert shared[CALLS] > calls
    ends = time.monotonic() + 60
    while shared[WORKERS + SEEN] != shared[CALLS] and time.monotonic() < ends:
        time.sleep(0.001)  # they come
    assert shared[WORKERS + SEEN] == shared[CALLS]
    calls = int(shared[CALLS])
    backend.run.tanh_forward(np.ones(3))
    assert shared[CALLS] == calls  # for a row of one part they are left alone


@compiled
def test_a_worker_that_waits_lets_other_threads_run():
    assert serve.targetoptions["nogil"]


@compiled
def test_a_second_process_compiles_what_is_left():
    compile_second()


def test_what_training_needs_is_compiled_in_two_halves():
    halves = [[call.args[0] for call in half] for half in pieces(np.float32)]
    rare = [kind for kind in PERFORM if kind.__module__.rpartition(".")[2] in RARE]
    assert {*halves[0], *halves[1], *rare, Activation} == {*PERFORM}
    assert not {*halves[0], *halves[1]} & {*rare}
    prepare()
    assert not process.compiles


@compiled
@pytest.mark.parametrize(("threads", "helped"), [(1, False), (2, True)], indirect=["threads"])
def test_helpers_are_called_where_there_are_two_threads(threads, helped, monkeypatch):
    backend.use("numba")
    calls, call = [], WorkerPool.call
    monkeypatch.setattr(WorkerPool, "call", lambda *given: calls.append(1) or call(*given))
    step, _, _ = steps_of(gan(), rows())
    step(), step()
    assert bool(calls) == (helped and jit.threads() > 1)


@compiled
@pytest.mark.parametrize("threads", [2], indirect=True)
def test_helpers_work(threads):
    """A helper that only waits has no time of its own on a processor."""
    if jit.threads() < 2:
        pytest.skip("one thread is all there is")
    backend.use("numba")
    step, _, _ = steps_of(gan(), rows())
    step()
    helpers = [t for t in threading.enumerate() if t.name.endswith("(_serve)")]
    ends = time.monotonic() + 20
    clocks = [time.pthread_getcpuclockid(helper.ident) for helper in helpers]
    before = [time.clock_gettime(clock) for clock in clocks]
    while time.monotonic() < ends:
        for _ in range(100):
            step()
        used = [
            time.clock_gettime(clock) - start for clock, start in zip(clocks, before, strict=True)
        ]
        if max(used) > 0.01:
            return
    pytest.fail("no helper has worked")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")
def test_a_fork_has_no_pools_of_threads_that_only_its_parent_has():
    worker_pool(1)
    assert worker_pool.cache_info().currsize
    child = os.fork()
    if child == 0:
        os._exit(worker_pool.cache_info().currsize)
    assert os.waitpid(child, 0)[1] == 0


@compiled
@pytest.mark.parametrize("threads", [2], indirect=True)
def test_tables_have_a_line_for_each_row_and_a_place_for_each_part(threads, monkeypatch):
    made, real = [], eager.Tables
    monkeypatch.setattr(eager, "Tables", lambda *given: made.append(given) or real(*given))
    monkeypatch.setattr(eager.KEPT, "tables", {})
    backend.use("numba")
    x = np.ones((500, 400), np.float32)
    backend.run.dense_forward(x, np.ones((400, 300), np.float32), np.ones(300, np.float32))
    assert made
    for lines, parts, _, _ in made:
        assert parts == 2 * lines


@compiled
@pytest.mark.parametrize("threads", [2], indirect=True)
def test_work_is_shared_with_other_threads_unless_it_is_said_not_to_be(threads, monkeypatch):
    asked, real = [], worker_pool
    monkeypatch.setattr(of_tables, "worker_pool", lambda size: asked.append(size) or real(size))
    backend.use("numba")
    x = np.ones((500, 400), np.float32)
    w, b = np.ones((400, 300), np.float32), np.ones(300, np.float32)
    backend.run.dense_forward(x, w, b)
    assert set(asked) == {1}


@compiled
@pytest.mark.parametrize("threads", [2], indirect=True)
def test_a_pool_is_called_once_for_an_operation_and_then_free_again(threads, monkeypatch):
    called, real = [], WorkerPool.call
    monkeypatch.setattr(
        WorkerPool, "call", lambda pool, *given: called.append(pool) or real(pool, *given)
    )
    backend.use("numba")
    x = np.ones((500, 400), np.float32)
    w, b = np.ones((400, 300), np.float32), np.ones(300, np.float32)
    backend.run.dense_forward(x, w, b)
    assert called == [worker_pool(1)]
    assert worker_pool(1).lock.acquire(blocking=False)
    worker_pool(1).lock.release()
