"""Buffers that no later stage of a program touches leave their memory to later ones."""

import numpy as np
import pytest

from npgan import backend
from npgan.data.batches import Batches

pytest.importorskip("npgan.kernels")
from npgan.kernels.elementwise import Scale
from npgan.program.arena import live_ranges, offsets
from npgan.program.record import Recorder
from npgan.program.traced import Buffer, Place

ROWS, WIDTH = 50, 100


def step_of(passes):
    """Return a step that multiplies a batch by 1, 2, ... and lets NumPy sum each product."""
    data = np.random.default_rng(1).uniform(size=(ROWS, WIDTH)).astype(np.float32)
    batches = Batches(data, ROWS, np.random.default_rng(0))

    def step(_):
        x, total = batches.next(), np.float32(0)
        for i in range(1, passes + 1):
            total = total + np.abs(float(i) * x).sum()
        return {"total": total}

    return step


def recorded(step):
    """Return a step's program."""
    backend.use("numba")
    program, reason = backend.record(step, np.random.default_rng(0))
    assert reason is None
    return program


def test_passes_between_calls_share_their_memory():
    few, many = recorded(step_of(3)), recorded(step_of(30))
    assert few.arena.size >= 3 * ROWS * WIDTH
    assert many.arena.size <= few.arena.size + 2 * 30 * 16  # sums have lines of their own


def test_what_is_shared_changes_no_number():
    program, step = recorded(step_of(5)), step_of(5)
    for _ in range(2):
        assert program.run() == step(None)


def test_a_buffer_is_live_from_the_first_stage_that_touches_it_to_the_last():
    a, b, c, part = Buffer(40), Buffer(40), Buffer(1), Buffer(20)
    part.whole, part.offset = b, 20
    outside = Buffer(3, np.ones(3, np.float32))
    stages = [[a, outside], [a, part], [c], [b]]
    places = [[Place(buffer, 0, buffer.size) for buffer in stage] for stage in stages]
    kept = [Place(c, 0, 1), Place(outside, 0, 3)]
    assert live_ranges(places, kept) == {a: (0, 1), b: (1, 3), c: (0, 4)}


CASES = {
    "one after the other": ([(20, 0, 0), (20, 1, 1)], [0, 0]),
    "both in one stage": ([(20, 0, 1), (20, 1, 2)], [0, 32]),
    "of other sizes": ([(20, 0, 0), (40, 1, 1)], [0, 32]),
    "of as many lines": ([(20, 0, 0), (32, 1, 1)], [0, 0]),
    "of one line": ([(16, 0, 0), (16, 1, 1)], [0, 16]),
    "of more than one line": ([(17, 0, 0), (17, 1, 1)], [0, 0]),
    "two that left": ([(20, 0, 2), (20, 0, 1), (20, 3, 3), (20, 3, 3), (20, 3, 4)], [0, 32, 32, 0, 64]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_memory_is_shared_by_buffers(name):
    given, expected = CASES[name]
    buffers = {Buffer(size): (first, last) for size, first, last in given}
    found, total = offsets(buffers, 16)
    assert [*found.values()] == expected
    assert total == max(at + -(-buffer.size // 16) * 16 for buffer, at in found.items())


def test_what_is_reported_is_not_overwritten():
    recorder = Recorder(np.random.default_rng(0))
    x = recorder.new(np.float32, 40)
    y = recorder.call(np.ones_like, x)
    z = recorder.call(lambda y: 3 * y, y)
    for array in (x, y, z):
        recorder.write(Scale(array, array, array.size, 2.0))
        recorder.call(lambda array: None, array)
    late = recorder.new(np.float32, 40)
    recorder.write(Scale(late, z, 40, 5.0))
    reported = recorder.finish({"y": y, "late": late})
    assert reported.run() == {"y": 2.0, "late": 30.0}
