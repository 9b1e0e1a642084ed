"""A program's runs: who waits for whom."""

import threading

import numpy as np
import pytest

pytest.importorskip("npgan.kernels")
from npgan.kernels import jit
from npgan.kernels.elementwise import Scale
from npgan.program import replay
from npgan.program.tables import Tables
from npgan.system.memory import aligned_zeros, index_of


def doubling(x, y):
    """Return tables of one row with one part: y = 2 x."""
    tables = Tables(1, 1, x.dtype, 0)
    tables.write(0, Scale, [index_of(y), index_of(x), x.size, 2.0], 1, 0)
    return tables


def test_no_part_is_complete_when_a_run_begins():
    x, y = aligned_zeros(4, np.float32), aligned_zeros(4, np.float32)
    tables = doubling(x, y)
    for turn in (1, 2):
        x[:] = turn
        tables.run()
        np.testing.assert_array_equal(y, 2 * x)
        assert tables.state[replay.COMPLETE] == 1
        replay.begin(tables.address)
        assert tables.state[replay.COMPLETE] == 0
        assert tables.state[replay.TURN] == 2 * turn


def test_a_caller_waits_for_a_part_that_another_thread_has_taken():
    y = aligned_zeros(4, np.float32)
    tables = doubling(np.ones(4, np.float32), y)
    replay.begin(tables.address)
    tables.taken[:] = tables.state[replay.TURN]
    caller = threading.Thread(target=replay.work, args=[tables.address, jit.ZERO], daemon=True)
    caller.start()
    caller.join(0.2)
    assert caller.is_alive()
    tables.state[replay.COMPLETE] = 1  # the other thread has made it
    caller.join(10)
    assert not caller.is_alive()
    np.testing.assert_array_equal(y, 0)
