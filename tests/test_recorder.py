"""What a recorder writes down: rows in phases, arrays without copies; and what it refuses."""

import copy

import numpy as np
import pytest

from npgan import backend, optim
from npgan.backend import run
from npgan.data.batches import Batches
from npgan.layers import build

pytest.importorskip("npgan.kernels")
from test_recorded_steps import rows

from npgan.kernels.activation import ActivationId
from npgan.kernels.batch import Columns
from npgan.kernels.dense import Input
from npgan.kernels.elementwise import ActivationBackward, Scale
from npgan.kernels.update import Step
from npgan.program import replay
from npgan.program.fusion import fused
from npgan.program.record import Recorder
from npgan.program.schedule import Row, phases
from npgan.program.traced import Buffer, NotRecordable, Outputs, Place


def touching(*places):
    """Return a row that reads or writes up to two places."""
    made = Columns(0, 0, 0, 0, 1, 1)
    for place, writes in places:
        made = made._replace(**{"y" if writes else "x": place})
    return Row(made)


def test_rows_wait_for_what_they_read_or_overwrite():
    a, b, c, part = Buffer(8), Buffer(8), Buffer(8), Buffer(4)
    part.whole, part.offset = a, 4

    def row(*ranges):
        return touching(*((Place(*place), writes) for *place, writes in ranges))

    writes, reads = (a, 0, 8, True), (a, 0, 8, False)
    table = {
        "strangers": ([row(writes), row((b, 0, 8, True), (c, 0, 8, False))], [0, 0]),
        "readers": ([row(reads), row(reads)], [0, 0]),
        "a read after a write": ([row(writes), row(reads)], [0, 1]),
        "a write after a read": ([row(reads), row(writes)], [0, 1]),
        "a write after a write": ([row(writes), row(writes)], [0, 1]),
        "neighbours": ([row((a, 0, 4, True)), row((a, 4, 4, True))], [0, 0]),
        "a part": ([row((part, 0, 4, True)), row((a, 7, 1, False)), row((a, 0, 4, False))], [0, 1, 0]),
        "nothing": ([row(writes), row((a, 3, 0, True))], [0, 0]),
        "a chain and a stranger": ([row(writes), row(reads, (b, 0, 8, True)), row((b, 1, 1, False)),
                                    row((c, 0, 8, True))], [0, 1, 2, 0]),
    }  # fmt: skip
    for name, (made, expected) in table.items():
        assert phases(made) == expected, name


def test_rows_see_that_arrays_from_outside_overlap():
    array = np.zeros(10, np.float32)
    whole, half, rest = Buffer(10, array), Buffer(5, array[5:]), Buffer(5, array[:5])
    made = [(Place(whole, 0, 10), True), (Place(half, 0, 5), False), (Place(rest, 0, 5), True)]
    assert phases([touching(place) for place in made]) == [0, 1, 1]


def backward(*, activation=ActivationId.IDENTITY):
    """Return a product's row, that of an activation's derivative after it, and a row that reads dy."""
    dy, dx, y, e = (Place(Buffer(12), 0, 12) for _ in range(4))
    product = Row(Input(e, e, dy, e, activation, 4, 3, 3, 0.0), 5)
    back = Row(ActivationBackward(dx, dy, y, 12, ActivationId.TANH, 0.5))
    return product, back, Row(Scale(y, dy._replace(start=11, size=1), 1, 2.0))


def test_a_product_multiplies_by_the_derivative_of_the_activation_below_it():
    product, back, _ = backward()
    (one,) = fused([product, back])
    assert one.most == 5
    assert one.fields == product.fields._replace(
        dx=back.fields.dx, x=back.fields.seen, activation=ActivationId.TANH, argument=0.5
    )


def kept():
    """Return rows that must stay two, each with why."""
    product, back, reader = backward()
    part = Row(back.fields._replace(dy=back.fields.dy._replace(size=6)))
    nothing = back.fields.dy._replace(size=0)
    empty = Row(back.fields._replace(dy=nothing, size=0))
    overwritten = Row(Scale(back.fields.seen, back.fields.seen, 12, 2.0))
    return {
        "somebody else reads dy": ([product, back, reader], []),
        "dy is a result": ([product, back], [back.fields.dy]),
        "another product made it": ([*backward(activation=ActivationId.RELU)[:2]], []),
        "a part of dy": ([product, part], []),
        "dy is empty": ([product, empty], []),
        "y is written in between": ([product, overwritten, back], []),
        "y is made later": ([product, Row(Scale(back.fields.seen, product.fields.e, 12, 1.0)), back], []),
        "no product": ([Row(Scale(back.fields.dy, product.fields.e, 12, 1.0)), back], []),
    }  # fmt: skip


@pytest.mark.parametrize("name", kept())
def test_rows_stay_apart_where(name):
    rows, results = kept()[name]
    assert fused(rows, results) == rows


def recorder():
    """Return a recorder of float32 steps."""
    made = Recorder(np.random.default_rng(0))
    made.same(np.dtype(np.float32))
    return made


REFUSED = {
    "a sum by the ufunc": lambda x: np.add.reduce(x),
    "a place for the result": lambda x: np.add(x, x, out=x),
    "elements of its own": lambda x: x.__setitem__(0, 1),
    "chosen elements": lambda x: x[np.arange(2)],
    "rows of another type": lambda x: x.recorder.relu_forward(x > 0),
    "a float": float,
    "a condition": bool,
    "an array": np.asarray,
    "a wrong shape": lambda x: x.reshape(5, -1),
    "columns beside others of another length": lambda x: np.concatenate([x, x[:2]], axis=1),
    "a concatenation with a place": lambda x: np.concatenate([x, x], out=x),
    "a concatenation of other widths": lambda x: np.concatenate(
        [x, x.recorder.new(np.float32, 4, 2)]
    ),
    "noise that the program would have to wait for": lambda x: x.recorder.call(
        lambda rng, x: x, x.recorder, x
    ),
    "what ones have not": lambda x: x.recorder.call(lambda x: np.linalg.inv(x[:3]), x),
    "no array": lambda x: x.recorder.call(lambda x: {"x": x}, x),
    "parts of different widths": lambda x: np.split(x, 2, axis=1),
    "a number that changes, not as a factor": lambda x: x + x.recorder.each(lambda: 2.0),
    "an operation that there is not": lambda x: x.recorder.normal(3),
    "the same noise twice": lambda x: x.recorder.standard_normal(copy.deepcopy(x.recorder), (3,)),
    "an activation of other numbers": lambda x: x.recorder.relu_forward(np.ones(3)),
    "two stages of a chain": lambda x: Outputs([x, x])[:24],
    "noise of another type": lambda x: x.recorder.standard_normal(x.recorder, (3,), np.float64),
    "noise that is not the step's": lambda x: x.recorder.standard_normal(1, (3,)),
    "integers": lambda x: x.recorder.place(np.arange(3)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_traced_array_refuses(name):
    x = recorder().new(np.float32, 4, 3)
    with pytest.raises(NotRecordable):
        REFUSED[name](x)


TAKEN = {
    "rows": lambda x: x[1:3],
    "rows from the end": lambda x: x[-2:],
    "rows to the end": lambda x: x[2:9],
    "no rows": lambda x: x[3:1],
    "no rows at the end": lambda x: x[4:],
    "rows of rows": lambda x: x[1:][1:],
    "all rows": lambda x: x[()],
    "columns": lambda x: x[:, 1:],
    "no columns": lambda x: x[:, 2:1],
    "all columns": lambda x: x[:, :],
    "all columns, by number": lambda x: x[:, 0:3],
    "a flat array": lambda x: x.reshape(-1),
    "two rows": lambda x: x.reshape(2, -1),
    "three rows": lambda x: x.reshape((3, 4)),
    "four axes": lambda x: x.reshape(2, 2, 3, 1),
    "rows of four axes": lambda x: x.reshape(2, 2, 3, 1)[1:],
    "no elements": lambda x: x[:0].reshape(-1, 3),
    "no elements, flat": lambda x: x[:0].reshape(-1),
    "no rows of none": lambda x: x[:0][:2],
    "itself": lambda x: x.real,
}


@pytest.mark.parametrize("name", TAKEN)
def test_a_part_of_a_traced_array_lies_where_numpys_does(name):
    array = np.zeros((4, 3), np.float32)
    x = recorder().new(np.float32, 4, 3)
    mine, expected = TAKEN[name](x), TAKEN[name](array)
    assert (mine.shape, mine.size, mine.ndim, len(mine)) == (
        expected.shape, expected.size, expected.ndim, len(expected),
    )  # fmt: skip
    assert mine.dtype == expected.dtype
    if np.shares_memory(expected, array) and "columns" not in name:
        assert mine.start == (expected.ctypes.data - array.ctypes.data) // 4
        assert mine.buffer is x.buffer
        assert x.recorder.rows == []
    if name.startswith("all"):
        assert mine is x


ROOTS = {  # a part of a gradient that was written, the part to which a product is added -> whether it is
    ((0, 4), (0, 4)): 1,
    ((0, 4), (2, 4)): 1,
    ((0, 2), (2, 4)): 0,
    ((2, 4), (0, 2)): 0,
    ((2, 4), (3, 4)): 1,
}


@pytest.mark.parametrize("parts", ROOTS)
@pytest.mark.parametrize("updated", [(), (0, 4), (0, 2), (2, 4)])
def test_a_product_is_added_to_what_was_written_since_the_last_update(parts, updated):
    made, weight = recorder(), np.zeros((4, 3), np.float32)
    (first, last), (begin, end) = parts
    x, dy, bias = (made.new(np.float32, *shape) for shape in ((5, end - begin), (5, 3), (3,)))
    before = made.new(np.float32, 5, last - first)
    made.dense_backward_parameters(dy, before, weight[first:last], bias)
    if updated:
        low, high = updated
        parameters = np.zeros((high - low, 3), np.float32)
        made.write(Step(parameters, weight[low:high], *[None] * (len(Step._fields) - 2)))
    made.dense_backward_parameters(dy, x, weight[begin:end], bias)
    cleared = bool(updated) and updated[0] <= first < updated[1]
    row = made.rows[-1].fields
    assert row.add_weight == (0 if cleared else ROOTS[parts])
    assert row.add_bias == 1


def test_where_a_check_fails_what_was_asked_for_before_it_is_called_and_then_its_own():
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


def test_a_concatenation_is_laid_out_without_copying():
    made = recorder()
    parts = [made.new(np.float32, n, 3) for n in (2, 4)]
    inner = np.concatenate(parts)
    whole = np.concatenate([made.new(np.float32, 1, 3), inner])
    places = [made.place(array).at() for array in (whole, inner, *parts, whole[3:])]
    assert {root for root, *_ in places} == {whole.buffer}
    assert [at for _, *at in places] == [[0, 21], [3, 21], [3, 9], [9, 21], [9, 21]]
    assert (whole.shape, made.rows) == ((7, 3), [])


JOINED = {
    "one after the other": lambda a, b: np.concatenate([a, b]),
    "with itself": lambda a, b: np.concatenate([a, a, b]),
    "a part": lambda a, b: np.concatenate([a[1:], b[:2], a]),
    "an array": lambda a, b: np.concatenate([np.full((2, 4), 0.5, np.float32), a]),
    "twice": lambda a, b: np.concatenate([np.concatenate([a, b]), np.concatenate([b, a])]),
    "columns": lambda a, b: np.concatenate([a[:, 1:3], b[:, :-2]], axis=1),
    "columns of a part": lambda a, b: np.concatenate([a[2:4][:, -3:], b[1:3][:, :1]], axis=1),
    "columns of one row": lambda a, b: np.concatenate([a[:1][:, 3:], b[:1], a[:1][:, :2]], axis=1),
}


@pytest.mark.parametrize("name", JOINED)
def test_arrays_are_joined_as_by_numpy(name, threads):
    backend.use("numba")
    batches = [Batches(rows(4), 5, np.random.default_rng(i)) for i in range(2)]
    seen = JOINED[name](*np.ones((2, 5, 4), np.float32))
    network = build([f"dense {seen.shape[1]} 1"], rng=0)

    def step(rng):
        joined = JOINED[name](*(batch.next() for batch in batches))
        target = np.linspace(0, 1, joined.size, dtype=np.float32).reshape(joined.shape)
        return {"loss": run.mse(joined, target)[0], "seen": run.mean_sigmoid(network(joined))}

    made, _ = backend.record(step, np.random.default_rng(0))
    reported = made.run()
    batches = [Batches(rows(4), 5, np.random.default_rng(i)) for i in range(2)]
    assert reported == {name: float(value) for name, value in step(None).items()}


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
