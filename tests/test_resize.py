"""Pooling, upsampling and pixel shuffle: against loops, adjoint to their ways back, and what does not fit."""

import naive
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from test_second_order import random

from npgan import InputError, ops
from npgan.layers import build
from npgan.ops.windows import Geometry

PAIRS = st.tuples(st.integers(1, 3), st.integers(1, 3))


@st.composite
def pooled(draw):
    """Draw images and windows that fit them."""
    size, kernel, stride = draw(PAIRS), draw(PAIRS), draw(PAIRS)
    size = tuple(2 * h for h in size)
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    assume(all(k <= h + 2 * p for k, h, p in zip(kernel, size, padding, strict=True)))
    return random(draw(st.integers(1, 2)), *size, draw(st.integers(1, 3))), (
        kernel,
        stride,
        padding,
    )


@pytest.mark.parametrize("name", ["avg_pool2d", "max_pool2d"])
@given(pooled())
@settings(deadline=None, max_examples=40)
def test_windows_are_pooled(name, case):
    x, windows = case
    y = getattr(ops, f"{name}_forward")(x, *windows)
    y = y[0] if name == "max_pool2d" else y
    expected = [getattr(naive, name)(image, *windows) for image in x.tolist()]
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-15)


@given(pooled())
@settings(deadline=None, max_examples=40)
def test_the_way_back_of_pooling_is_adjoint(case):
    x, windows = case
    size = x.shape[1:3]
    y = ops.avg_pool2d_forward(x, *windows)
    dy = random(*y.shape, seed=1)
    dx = ops.avg_pool2d_backward(dy, size, *windows)
    np.testing.assert_allclose((dx * x).sum(), (dy * y).sum(), atol=1e-12)
    y, chosen = ops.max_pool2d_forward(x, *windows)
    dx = ops.max_pool2d_backward(dy, chosen, size, *windows)
    np.testing.assert_allclose((dx * x).sum(), (dy * y).sum(), atol=1e-12)
    np.testing.assert_array_equal(ops.max_pool2d_double_backward(x, chosen, *windows), y)


FACTORS = {"upsample_nearest": 1, "upsample_bilinear": 1, "pixel_shuffle": 1}


@pytest.mark.parametrize("name", FACTORS)
@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 4), st.integers(1, 2))
@settings(deadline=None, max_examples=30)
def test_images_are_made_larger(name, factor, height, width, channels):
    channels *= factor**2 if name == "pixel_shuffle" else 1
    x = random(2, height, width, channels)
    y = getattr(ops, f"{name}_forward")(x, factor)
    expected = [getattr(naive, name)(image, factor) for image in x.tolist()]
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-15)
    dy = random(*y.shape, seed=1)
    dx = getattr(ops, f"{name}_backward")(dy, factor)
    np.testing.assert_allclose((dx * x).sum(), (dy * y).sum(), atol=1e-12)


def test_the_mean_of_a_channel():
    x = random(2, 3, 4, 5)
    expected = [naive.global_avg_pool2d(image) for image in x.tolist()]
    np.testing.assert_allclose(ops.global_avg_pool2d_forward(x), expected, rtol=1e-12)


def test_of_equal_numbers_the_first_is_chosen_and_nan_is_the_largest():
    x = np.array([[3.0, 3.0, 1.0, np.nan], [3.0, 3.0, 2.0, 0.0]]).reshape(1, 2, 4, 1)
    y, chosen = ops.max_pool2d_forward(x, 2)
    np.testing.assert_array_equal(y.ravel(), [3, np.nan])
    np.testing.assert_array_equal(chosen.ravel(), [0, 1])


def test_a_padding_is_never_the_largest_but_counts_in_a_mean():
    x = np.full((1, 2, 2, 1), -4.0)
    assert (ops.max_pool2d_forward(x, 2, 2, 1)[0] == -4).all()
    assert (ops.avg_pool2d_forward(x, 2, 2, 1) == -1).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_type_is_kept(dtype):
    x = random(1, 4, 4, 4).astype(dtype)
    for name in ("upsample_nearest", "upsample_bilinear", "pixel_shuffle"):
        assert getattr(ops, f"{name}_forward")(x, 2).dtype == dtype
        assert getattr(ops, f"{name}_backward")(x, 2).dtype == dtype
    assert ops.avg_pool2d_forward(x, 2).dtype == dtype
    assert ops.global_avg_pool2d_backward(x[:, 0, 0], (2, 2)).dtype == dtype


def test_windows_that_overlap_share_their_gradient():
    dx = ops.avg_pool2d_backward(np.ones((1, 1, 3, 1)), (1, 4), (1, 2), 1)
    np.testing.assert_array_equal(dx.ravel(), [0.5, 1, 1, 0.5])


REFUSED = {
    "a padding that windows would not see out of": (
        lambda: ops.max_pool2d_forward(np.ones((1, 4, 4, 1)), 2, 2, 2),
        "a padding of 2 x 2 is more than half a window of 2 x 2",
    ),
    "a window larger than an image": (
        lambda: build(["reshape 4 4 1", "avg_pool2d 5"]),
        "a window of 5 x 5 pixels does not fit into an image of 4 x 4",
    ),
    "gradients of another size": (
        lambda: ops.avg_pool2d_backward(np.ones((1, 2, 2, 1)), (5, 6), 2),
        "windows 2 x 3, not 2 x 2",
    ),
    "pixels that are no cells": (
        lambda: ops.pixel_shuffle_backward(np.ones((1, 3, 4, 1)), 2),
        "3 x 4 pixels are no cells of 2 x 2",
    ),
    "channels that make no pixels": (
        lambda: build(["reshape 4 4 6", "pixel_shuffle 2"]),
        "needs a multiple of 4 channels, but the layer before it makes 4 x 4 x 6",
    ),
    "rows": (
        lambda: build(["dense 3 4", "upsample_nearest 2"]),
        "takes images, but the layer before it makes 4",
    ),
    "a stride that is no number": (lambda: build(["max_pool2d 2 0.5"]), "stride of max_pool2d"),
    "a padding of more than half a kernel": (
        lambda: build(["max_pool2d 2 2 2"]),
        "padding of max_pool2d must be a whole number, at least 0 and at most 1",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_does_not_fit_is_refused(what):
    call, message = REFUSED[what]
    with pytest.raises(InputError, match=message):
        call()


def test_a_network_says_its_shapes():
    words = ["reshape 8 8 4", "max_pool2d 2", "pixel_shuffle 2", "upsample_nearest 2"]
    net = build([*words, "avg_pool2d 3 2 1", "upsample_bilinear 3", "global_avg_pool2d"])
    lines = [line.split("(n")[1] for line in net.summary().splitlines()[1:-1]]
    shapes = ["8, 8, 4", "4, 4, 4", "8, 8, 1", "16, 16, 1", "8, 8, 1", "24, 24, 1", "1"]
    assert [line.split(")")[0].strip(", ") for line in lines] == shapes
    assert net(np.ones((5, 256), np.float32)).shape == (5, 1)
    assert Geometry.of(2, 1).smaller((16, 16), (3, 3)) == (8, 8)
