"""What a recorder writes down of a step, and what it calls again."""

import numpy as np
import pytest

from npgan import backend, optim
from npgan.backend import run
from npgan.data.batches import Batches
from npgan.layers import build

pytest.importorskip("npgan.kernels")
from steps_recorded import rows

from npgan.kernels import jit
from npgan.kernels.elementwise import ActivationBackward, Scale
from npgan.program import record, replay
from npgan.program.eager import KEPT
from npgan.program.record import Recorder
from npgan.program.schedule import Call
from npgan.system.memory import LINE, address_of


def test_where_a_check_fails_earlier_calls_are_made_and_then_its_own():
    backend.use("numba")
    batches, called = Batches(np.full((5, 1), np.nan, np.float32), 5, np.random.default_rng(0)), []

    def step(rng):
        x = batches.next()
        for i in range(3):
            run.after(lambda i=i: called.append(i))
            run.require_finite(lambda i=i: called.append(f"failed {i}"), x if i else x[:0])
        return {"sum": x.sum()}

    program, _ = backend.record(step, np.random.default_rng(0))
    called.clear()
    program.run()
    assert called == [0, 1, "failed 1", 0, 1, 2]


CALLED = {
    "a sum": lambda x: np.sum(x),
    "sums of columns": lambda x: x.sum(axis=0),
    "a mean in another type": lambda x: x.sum(dtype=np.float64) / 7,
    "a product": lambda x: x * x,
    "a function": lambda x: np.exp(x) - x.max(axis=1)[:, None],
    "a number of another type": lambda x: np.float64(2) * x,
    "a number added": lambda x: 1.5 + x,
    "an array subtracted": lambda x: np.ones((5, 4), np.float32) - x,
    "another shape added": lambda x: x + x[:1],
    "a comparison": lambda x: (x < 0.5) == (x != x[0]),
    "an element": lambda x: x[-1, 2],
    "every second row": lambda x: x[::2],
    "every second column": lambda x: x[:, ::2],
    "a column": lambda x: x[:, 0],
    "a block": lambda x: x[:2, 1:3],
    "whole numbers": lambda x: x.argmax(axis=1),
    "another type": lambda x: x.astype(np.int8),
    "halves": lambda x: np.split(x, 2, axis=1)[1],
    "halves of images": lambda x: np.split(x.reshape(5, 2, 2), 2, axis=1)[1],
    "two results": lambda x: run.call(lambda x: (x, [x + 1][0]), x)[1],
    "repeated rows": lambda x: np.repeat(x, 3, axis=0),
    "an operation without a row": lambda x: run.layer_norm_forward(x, x[0], x[0], 1e-5)[0],
    "what a row makes, before and after": lambda x: np.square(run.tanh_forward(x * x)) + x,
}


@pytest.mark.parametrize("name", CALLED)
def test_what_has_no_row_is_called_again_at_each_run(name, threads):
    backend.use("numba")

    def step_of(rows, seen):
        batches = Batches(rows, 5, np.random.default_rng(0))

        def step(rng):
            made = CALLED[name](batches.next())
            run.call(lambda made: seen.append(np.array(made)), made)
            return {"sum": np.sum(made)}

        return step

    found, expected = [], []
    program, reason = backend.record(step_of(rows(4), found), np.random.default_rng(0))
    assert reason is None
    found.clear()  # of the trial
    step = step_of(rows(4), expected)
    for _ in range(2):
        assert program.run() == step(None)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b, strict=True)


def test_random_numbers_are_drawn_in_the_order_of_the_step():
    backend.use("numba")
    seen = []

    def step(rng):
        x = run.standard_normal(rng, (5,)) * np.float32(2)
        mask = rng.random(5, np.float32) < 0.5
        shift = rng.integers(-3, 3, 5, endpoint=True)
        y = x * mask + shift.astype(np.float32) + run.standard_normal(rng, (5,))
        run.call(lambda y: seen.append(np.array(y)), y)
        return {"sum": y.sum()}

    program, reason = backend.record(step, np.random.default_rng(0))
    seen.clear()
    rng = np.random.default_rng(0)
    assert reason is None
    assert [program.run() for _ in range(3)] == [step(rng) for _ in range(3)]
    np.testing.assert_array_equal(seen[:3], seen[3:])


def test_a_function_that_is_recorded_does_not_change_arrays_when_it_is_tried():
    backend.use("numba")
    array = np.ones(3, np.float32)

    def double(a):
        a *= 2

    def step(rng):
        run.call(double, array)
        return {"sum": np.sum(run.standard_normal(rng, (3,)))}

    program, _ = backend.record(step, np.random.default_rng(0))
    before = array.tolist()
    program.run()
    assert (before, array.tolist()) == ([1, 1, 1], [2, 2, 2])


def test_nothing_is_called_after_a_check_that_failed():
    backend.use("numba")
    batches, seen = Batches(np.full((5, 1), np.inf, np.float32), 5, np.random.default_rng(0)), []

    def step(rng):
        total = batches.next().sum()
        run.require_finite(lambda: 1 / 0, total)
        run.call(seen.append, total)
        return {"sum": total}

    program, _ = backend.record(step, np.random.default_rng(0))
    seen.clear()  # of the trial
    with pytest.raises(ZeroDivisionError):
        program.run()
    assert seen == []


def added_by_numpy(x, weight, dweight):
    dweight += run.call(np.square, weight)


def added_by_an_operation(x, weight, dweight):
    run.dense_double_backward(x, x[:, :3], weight, dweight)


@pytest.mark.parametrize("add", [added_by_numpy, added_by_an_operation])
def test_a_product_is_added_to_a_gradient_that_numpy_has_added_to(add):
    backend.use("numba")
    gradients = []
    for recorded in (True, False):
        weight, grads, bias = (np.full(n, 0.5, np.float32) for n in ((4, 3), (4, 3), 3))
        grads[...] = 0  # as after an update
        batches = Batches(rows(4), 5, np.random.default_rng(0))

        def step(rng, batches=batches, weight=weight, grads=grads, bias=bias):
            x = batches.next()
            add(x, weight, grads)
            run.dense_backward_parameters(x[:, :3], x, grads, bias)
            return {"sum": np.sum(x)}

        program = backend.record(step, np.random.default_rng(0))[0] if recorded else None
        program.run() if recorded else step(None)
        gradients.append(grads)
    np.testing.assert_array_equal(*gradients)


def test_an_array_is_multiplied_by_a_number_that_changes():
    backend.use("numba")
    batches = Batches(np.ones((5, 1), np.float32), 5, np.random.default_rng(0))
    factors = iter([2.0, 3.0])

    def step(rng):
        return {"sum": np.sum(run.each(factors.__next__) * batches.next())}

    program, _ = backend.record(step, np.random.default_rng(0))
    assert [program.run()["sum"] for _ in range(2)] == [10, 15]


@pytest.mark.parametrize("reads", [False, True])
def test_a_gradient_goes_through_an_activation_at_once_unless_it_is_read(reads, threads):
    backend.use("numba")
    below, above = build(["dense 4 6", "tanh"], rng=0), build(["dense 6 3"], rng=0)
    sums = below.parameters.like(), above.parameters.like()
    target = np.zeros((5, 3), np.float32)

    def step_of(batches):
        def step(rng):
            hidden, cache = below.forward(batches.next(), rng)
            y, last = above.forward(hidden, rng)
            loss, dy = run.mse(y, target)
            dhidden = above.backward(dy, last, sums[1])
            below.backward(dhidden, cache, sums[0], input_grad=False)
            return {"loss": loss, "seen": run.mean_sigmoid(dhidden if reads else hidden)}

        return step

    first, second = (Batches(rows(4), 5, np.random.default_rng(0)) for _ in range(2))
    made, _ = backend.record(step_of(first), np.random.default_rng(0))
    (run_rows,) = made.stages
    kinds = run_rows.__self__.integers[:, replay.FUNCTION]
    alone = replay.function(ActivationBackward, made.dtype).address
    assert (alone in kinds) == reads
    reported, gradient = made.run(), sums[0].flat.copy()
    sums[0].flat[:] = 0
    assert reported == {name: float(value) for name, value in step_of(second)(None).items()}
    np.testing.assert_array_equal(gradient, sums[0].flat)


def test_a_vector_is_updated_once_in_a_step():
    backend.use("numba")
    w, g = np.ones(3, np.float32), np.ones(3, np.float32)
    rule = optim.Adam(0.1)

    def step(times):
        def step(rng):
            for _ in range(times):
                rule.step(w, g)
            return {}

        return backend.record(step, np.random.default_rng(0))

    program, reason = step(1)
    assert program is not None
    assert reason is None
    program, reason = step(2)
    assert program is None
    assert reason == "a program has no row for two updates of the same weights in one step"


def test_a_recording_that_fails_leaves_the_backend_as_it_was():
    backend.use("numba")
    before = dict(run.__dict__)
    with pytest.raises(ZeroDivisionError):
        backend.record(lambda rng: 1 / 0, np.random.default_rng(0))
    assert run.__dict__ == before


@pytest.mark.parametrize("kind", ["dense", "spectral_dense"])
def test_a_second_gradient_is_added_to_the_first(kind, threads):
    """Only the first one after an update may overwrite what it finds: it finds zeros.

    A spectral layer's bias has its gradient in place, beside one of the weight that is new each time.
    """
    backend.use("numba")
    results = []
    for recorded in (True, False):
        network = build([f"{kind} 4 6", "relu", f"{kind} 6 1"], rng=0)
        grads, rule = network.parameters.like(), optim.SGD(0.1)
        batches = Batches(rows(4), 16, np.random.default_rng(0))
        target = np.ones((16, 1), np.float32)

        def step(rng, network=network, grads=grads, rule=rule, batches=batches, target=target):
            for _ in range(2):
                y, cache = network.forward(batches.next(), rng)
                loss, dy = run.mse(y, target)
                network.backward(dy, cache, grads, input_grad=False)
            rule.step(network.parameters.flat, grads.flat)
            return {"loss": loss}

        rng = np.random.default_rng(0)
        program = backend.record(step, rng)[0] if recorded else None
        for _ in range(3):
            program.run() if recorded else step(rng)
        results.append(network.parameters.flat.copy())
    np.testing.assert_array_equal(*results)


def test_a_program_has_little_more_memory_than_its_arrays():
    backend.use("numba")
    batches = Batches(np.ones((50, 100), np.float32), 50, np.random.default_rng(0))
    step = lambda _: {"sum": (run.relu_forward(batches.next()) - 1.0).sum()}  # noqa: E731
    program, _ = backend.record(step, np.random.default_rng(0))
    assert 5000 <= program.arena.size <= 4 * 5000


@pytest.mark.parametrize(
    "step", [lambda _: {}, lambda _: {"mine": 1.0}, lambda _: {"one": 1.0} | reported()]
)
def test_a_step_that_computes_nothing_or_reports_its_own_number_is_no_program(step):
    backend.use("numba")
    program, reason = backend.record(step, np.random.default_rng(0))
    assert program is None
    assert "computes nothing, or reports a number of its own" in reason


def reported():
    return {"other": run.relu_forward(np.ones((2, 2), np.float32)).sum()}


def test_a_call_between_rows_may_write_all_that_it_is_given():
    recorder = Recorder(np.random.default_rng(0))
    x = recorder.new(np.float32, 3)
    y = recorder.call(np.negative, x)
    assert [(place.buffer, writes) for place, writes in recorder.rows[-1].places()] == [
        (x.buffer, True),
        (y.buffer, True),
    ]


def test_a_number_at_the_limit_is_marked_as_one_beyond_it_or_none():
    numbers = np.array([0.0, -1.9, 2.0, -2.1, np.nan, np.inf])
    marks = record._marked(2.0, np.dtype(np.float32), numbers)
    assert marks.tolist() == [0, 0, *[np.inf] * 4]


def test_the_trial_of_a_call_warns_of_nothing():
    recorder = Recorder(np.random.default_rng(0))
    x = recorder.new(np.float32, 3)
    assert recorder.call(lambda x: np.log(x - 1), x).shape == (3,)


@pytest.mark.parametrize("change", [1, -1])
def test_a_call_must_return_as_much_as_when_it_was_recorded(change):
    backend.use("numba")
    batches, count = Batches(np.ones((5, 1), np.float32), 5, np.random.default_rng(0)), [2]

    def step(rng):
        x = batches.next()
        run.call(lambda x: [x] * count[0], x)
        return {"sum": x.sum()}

    program, _ = backend.record(step, np.random.default_rng(0))
    assert program.run() == {"sum": 5}
    count[0] += change
    with pytest.raises(ValueError, match="zip"):
        program.run()


@pytest.mark.parametrize(("dtype", "calls"), [(np.float32, 0), (np.float64, 1)])
def test_only_numbers_of_another_type_are_checked_by_a_call(dtype, calls):
    recorder = Recorder(np.random.default_rng(0))
    x = recorder.new(np.float32, 3)
    loss = recorder.call(lambda x: x.astype(dtype), x)
    recorder.rows.clear()
    recorder.require_finite(lambda: None, loss)
    assert [isinstance(row.fields, Call) for row in recorder.rows] == [True] * calls + [False]


def test_arrays_of_a_program_begin_at_cache_lines():
    recorder = Recorder(np.random.default_rng(0))
    arrays = [recorder.new(np.float32, n) for n in (1, 17, 3)]
    total = -arrays[0] + arrays[0]
    for array in arrays:
        recorder.write(Scale(array, array, array.size, 2.0))
    program = recorder.finish({"total": total})
    for array in arrays:
        assert address_of(program.view(array.place())) % LINE == 0


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_run_ends_when_all_parts_of_all_rows_are_complete(count, threads):
    recorder = Recorder(np.random.default_rng(0))
    x = recorder.new(np.float32, 3)
    for _ in range(count):
        recorder.write(Scale(x, x, 3, 2.0), 2)
    (stage,) = recorder.finish({"x": x}).stages
    parts = stage.__self__.integers[:, replay.PARTS]
    assert parts.tolist() == [jit.threads()] * count
    assert stage.__self__.state[replay.ALL] == parts.sum()


def test_an_operation_that_is_called_again_goes_through_the_same_tables():
    backend.use("numba")
    x, w = np.ones((3, 4), np.float32), np.ones((4, 5), np.float32)
    results, tables = [], []
    for _ in range(2):
        results.append(run.dense_forward(x, w, w[0]))
        tables.append(dict(KEPT.tables))
    assert tables[0] == tables[1]
    np.testing.assert_array_equal(*results)
