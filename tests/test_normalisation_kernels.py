"""Compiled batch normalisation: the reference's numbers, on any number of threads."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_second_order import random

from npgan import InputError, ops

pytest.importorskip("npgan.kernels")
from test_kernels import close

from npgan.kernels import jit
from npgan.program.eager import KERNELS

FLOATS = np.float32, np.float64


def passes(table, x, dy, seen=2.0):
    """Return what both passes return and leave behind, with the running moments of so many minibatches."""
    d, dtype = x.shape[1], x.dtype
    weight, bias, *moments = (random(d, seed=i).astype(dtype) for i in range(4))
    batches, grads = np.full(1, seen, dtype), [np.ones(d, dtype), np.ones(d, dtype)]
    y, *cache = table["batch_norm_forward"](x, weight, bias, *moments, batches, 0.1, 1e-5)
    dx = table["batch_norm_backward"](dy, *cache, weight, *grads)
    alone = table["batch_norm_backward"](dy, *cache, weight)
    return [y, *cache, *moments, batches, *grads, dx, alone]


REFERENCE = {name: getattr(ops, name) for name in ("batch_norm_forward", "batch_norm_backward")}


@pytest.mark.usefixtures("threads")
@given(
    n=st.integers(3, 300),
    d=st.integers(1, 70),
    dtype=st.sampled_from(FLOATS),
    far=st.sampled_from([0, 100]),
)
@settings(deadline=None, max_examples=30)
def test_both_passes_are_the_references(n, d, dtype, far):
    x, dy = (random(n, d, seed=i).astype(dtype) for i in (5, 6))
    for mine, theirs in zip(
        *(passes(table, x + dtype(far), dy) for table in (KERNELS, REFERENCE)), strict=True
    ):
        close(mine, theirs, 50)


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("dtype", FLOATS)
def test_equal_numbers_far_from_0_have_no_spread(dtype):
    x = np.full((1000, 20), 1000.1, dtype)
    y, normal, inverse, *_ = passes(KERNELS, x, x)
    np.testing.assert_array_equal(normal, 0)
    np.testing.assert_allclose(inverse, 1e-5**-0.5, rtol=1e-6)
    np.testing.assert_array_equal(y, np.broadcast_to(random(20, seed=1).astype(dtype), y.shape))


def test_nan_stays_in_its_column():
    x, dy = random(40, 20).astype(np.float32), random(40, 20).astype(np.float32)
    x[3, 7] = np.nan
    y, *_ = passes(KERNELS, x, dy)
    np.testing.assert_array_equal(np.isnan(y).all(axis=0), np.arange(20) == 7)
    assert np.isnan(y).sum() == 40


@pytest.mark.parametrize("shape", [(3000, 100), (6000, 3)])
def test_the_number_of_threads_changes_no_bit(shape):
    x, dy = random(*shape).astype(np.float32), random(*shape, seed=1).astype(np.float32)
    before, found = jit.threads(), []
    for count in (1, 2):
        jit.set_threads(count)
        found.append(passes(KERNELS, x, dy))
    jit.set_threads(before)
    for one, two in zip(*found, strict=True):
        np.testing.assert_array_equal(one, two)


def test_one_sample_is_refused():
    x = random(1, 3).astype(np.float32)
    with pytest.raises(InputError, match="at least 2 samples"):
        passes(KERNELS, x, x)
