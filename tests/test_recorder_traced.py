"""Traced arrays: what they refuse, where their parts lie, and how they are joined and added to."""

import copy
import re

import numpy as np
import pytest

from npgan import backend
from npgan.backend import run
from npgan.data.batches import Batches
from npgan.layers import build

pytest.importorskip("npgan.kernels")
from steps_recorded import rows

from npgan.kernels.update import Step
from npgan.program.record import Recorder
from npgan.program.schedule import Call
from npgan.program.traced import NotRecordable, Outputs


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
    "a list in place of an array": lambda x: x.recorder.place([1.0, 2.0, 3.0]),
    "no elements in place of some": lambda x: x.reshape(0),
    "flat arrays side by side": lambda x: np.hstack([x.reshape(-1), x.reshape(-1)]),
    "columns of a flat array": lambda x: np.split(x.reshape(-1), 2, axis=1),
    "more parts than columns": lambda x: np.split(x, 5, axis=1),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_traced_array_refuses(name):
    x = recorder().new(np.float32, 4, 3)
    with pytest.raises(NotRecordable):
        REFUSED[name](x)


@pytest.mark.parametrize("shape", [(-1, 0, 3), (0, -1, 3)])
def test_the_shape_that_is_refused_is_named(shape):
    sizes = tuple(12 if n < 0 else n for n in shape)
    with pytest.raises(NotRecordable, match=rf"\(4, 3\) as {re.escape(str(sizes))}"):
        recorder().new(np.float32, 4, 3).reshape(shape)


TAKEN = {
    "rows": lambda x: x[1:3],
    "rows from the end": lambda x: x[-2:],
    "rows to the end": lambda x: x[2:9],
    "no rows": lambda x: x[3:1],
    "no rows at the end": lambda x: x[4:],
    "fractions and whole numbers": lambda x: np.concatenate([*np.modf(x)]),
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


ROWS = {
    "columns": lambda x: x[:, 1:],
    "columns of rows": lambda x: x[1:][:, :2],
    "parts": lambda x: np.split(x, 3, axis=1)[1],
    "arrays side by side": lambda x: np.hstack([x, x]),
    "arrays along the columns": lambda x: np.concatenate([x, x], axis=1),
    "one after itself": lambda x: np.concatenate([x, x]),
    "a sum": lambda x: x + x,
    "a difference": lambda x: x - x,
    "the opposite": lambda x: -x,
    "a multiple": lambda x: 2.0 * x,
    "a multiple of the same type": lambda x: np.float32(2) * x,
    "a multiple that changes": lambda x: x.recorder.each(lambda: 2.0) * x,
}


@pytest.mark.parametrize("name", ROWS)
def test_what_has_a_kind_of_row_is_no_call(name):
    x = recorder().new(np.float32, 4, 3)
    assert ROWS[name](x) is not None
    assert x.recorder.rows
    assert not any(isinstance(row.fields, Call) for row in x.recorder.rows)


def test_outputs_of_a_chain_that_are_joined_lie_one_after_the_other():
    made = recorder()
    stages = made.new(np.float32, 3, 1), made.new(np.float32, 3, 5)
    joined = Outputs(stages).joined
    assert joined.shape == (18,)
    assert [stage.place().at() for stage in stages] == [
        (joined.buffer, 0, 3),
        (joined.buffer, 3, 18),
    ]


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
    row = made.rows[0].fields
    assert (row.add_weight, row.add_bias) == (0, 0)
    row = made.rows[-1].fields
    assert row.add_weight == (0 if cleared else ROOTS[parts])
    assert row.add_bias == 1


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
    "one array beside none": lambda a, b: np.concatenate([a], axis=1),
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
