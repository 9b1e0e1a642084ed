"""Compiled convolutions: the references' numbers, on any shape and any number of threads."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_conv import convolutions
from test_second_order import random

from npgan import InputError, ops
from npgan.ops.windows import Geometry

pytest.importorskip("npgan.kernels")
from test_kernels import close

from npgan.kernels import jit
from npgan.program.eager import KERNELS, Eager


def calls(x, weight, geometry, dtype=np.float64):
    """Return the arguments of each operation, between images like x and those that a convolution makes of them."""
    size, (*_, i, o) = geometry.smaller(x.shape[1:3], weight.shape[:2]), weight.shape
    x, weight, dy, bias, wide = (
        array.astype(dtype)
        for array in (
            x, weight, random(len(x), *size, o, seed=2), random(o, seed=3),
            random(i * geometry.groups, seed=4),
        )
    )  # fmt: skip
    way = dict(geometry._asdict())
    made = {
        "conv2d_forward": (x, weight, bias),
        "conv2d_backward_input": (dy, weight, x.shape[1:3]),
        "conv2d_backward_parameters": (dy, x, weight, bias),
        "conv2d_double_backward": (x, dy, weight, weight.copy()),
        "conv_transpose2d_backward_input": (x, weight),
        "conv_transpose2d_backward_parameters": (x, dy, weight, wide),
        "conv_transpose2d_double_backward": (dy, x, weight, weight.copy()),
    }
    with suppress(InputError):  # a padding that leaves nothing
        geometry.larger(size, weight.shape[:2])
        made["conv_transpose2d_forward"] = (dy, weight, wide)
    return {name: (given, way) for name, given in made.items()}


def result(function, given, way):
    """Return what an operation returns and what it leaves of its arrays."""
    given = [g.copy() if isinstance(g, np.ndarray) else g for g in given]
    y = function(*given, **way)
    return [a for a in (y, *given) if isinstance(a, np.ndarray)]


def check_operations(ulps, *given):
    """Compare each kernel with its reference."""
    for name, call in calls(*given).items():
        numpy, numba = (result(f, *call) for f in (getattr(ops, name), KERNELS[name]))
        for value, reference in zip(numba, numpy, strict=True):
            close(value, reference, ulps)


@pytest.mark.usefixtures("threads")
@given(convolutions(), st.sampled_from([np.float32, np.float64]))
@settings(deadline=None, max_examples=30)
def test_every_operation_is_its_reference(case, dtype):
    check_operations(64, *case, dtype)


def test_images_that_are_taken_one_at_a_time_make_the_same_sums(monkeypatch):
    monkeypatch.setattr("npgan.kernels.plan.NEAR", 0)
    x, weight = random(3, 4, 3, 2), random(2, 2, 2, 5, seed=1)
    check_operations(64, x, weight, Geometry.of(1, 1))


def test_more_channels_than_a_tile_has_columns_are_the_references():
    x, weight = random(2, 2, 3, 2), random(1, 2, 2, 110, seed=1)
    check_operations(64, x, weight, Geometry.of(1, 0))


@pytest.mark.parametrize("channels", [3, 17])
@pytest.mark.parametrize(("side", "several"), [(3, False), (30, True)])
def test_a_large_product_is_shared_and_a_small_one_is_not(monkeypatch, channels, side, several):
    parts = []
    monkeypatch.setattr(Eager, "write", lambda _, row, most=1, *more, **rest: parts.append(most))
    x, weight = random(2, side, side, channels), random(2, 2, channels, 20, seed=1)
    for name, (arrays, way) in calls(x, weight, Geometry.of(1, 0)).items():
        parts.clear()
        KERNELS[name](*arrays, **way)
        assert (max(parts) > 1) == several, name


@pytest.mark.parametrize("channels", [1, 3, 17, 64])
@pytest.mark.parametrize("groups", [1, 2])
def test_the_number_of_threads_changes_no_bit(channels, groups):
    x, weight = random(5, 9, 8, channels * groups), random(4, 4, channels, 40, seed=1)
    given, found, before = (
        calls(x, weight, Geometry.of(2, 1, 1, groups), np.float32),
        [],
        jit.threads(),
    )
    for count in (1, 2):
        jit.set_threads(count)
        found.append({name: result(KERNELS[name], *c) for name, c in given.items()})
    jit.set_threads(before)
    for name, arrays in found[0].items():
        for a, b in zip(arrays, found[1][name], strict=True):
            np.testing.assert_array_equal(a, b, err_msg=name)


def test_what_is_not_a_number_is_seen_where_it_is_and_nowhere_else():
    x, weight = np.zeros((1, 8, 8, 1), np.float32), np.ones((3, 3, 1, 2), np.float32)
    x[0, 7, 7] = np.nan
    y = KERNELS["conv2d_forward"](x, weight, np.zeros(2, np.float32), padding=1)
    assert np.isnan(y[0, 6:, 6:]).all()
    assert np.isnan(y).sum() == 8
