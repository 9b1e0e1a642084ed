"""Compiled max pooling: the reference's numbers, NaN included, on any number of threads."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_resampled import pools
from test_second_order import random

from npgan import InputError, ops

pytest.importorskip("npgan.kernels")
from npgan.kernels import jit
from npgan.program.eager import KERNELS

REFERENCE = {name: getattr(ops, name) for name in KERNELS if name.startswith("max_pool2d")}


def passes(table, x, *way):
    """Return y, dx and ddy of a pooling."""
    y = table["max_pool2d_forward"](x, *way)
    dy, ddx = (random(*shape, seed=i).astype(x.dtype) for i, shape in enumerate((y.shape, x.shape)))
    back = table["max_pool2d_backward"](dy, x, y, *way)
    return y, back, table["max_pool2d_double_backward"](ddx, x, y, *way)


@pytest.mark.usefixtures("threads")
@given(
    case=pools(),
    dtype=st.sampled_from([np.float32, np.float64]),
    alike=st.booleans(),
    nan=st.booleans(),
)
@settings(deadline=None)
def test_all_passes_are_the_references(case, dtype, alike, nan):
    x, *way = case
    x = (x.round() if alike else x).astype(dtype)
    if nan:
        x[0, 0, 0] = np.nan
    for mine, theirs in zip(
        *(passes(table, x, *way) for table in (KERNELS, REFERENCE)), strict=True
    ):
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-6)


def test_the_number_of_threads_changes_no_bit():
    x, before, found = random(64, 28, 28, 16).astype(np.float32), jit.threads(), []
    for count in (1, 2):
        jit.set_threads(count)
        found.append(passes(KERNELS, x, 3, 2, 1))
    jit.set_threads(before)
    for one, two in zip(*found, strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_pooling_of_another_size_is_refused():
    x = np.ones((1, 4, 4, 1), np.float32)
    with pytest.raises(InputError, match="a pooling makes 2 x 2, not 4 x 4"):
        KERNELS["max_pool2d_backward"](x, x, x, 2)
