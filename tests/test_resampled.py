"""Pooled, enlarged and shuffled images against loops, as transposes, and with sizes that do not fit."""

import naive
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from test_second_order import random

from npgan import AvgPool2D, GlobalAvgPool2D, InputError, MaxPool2D, PixelShuffle, gradcheck, ops
from npgan.layers import LAYERS, build, example
from npgan.layers.resampled import Resampled
from npgan.objectives.penalties import PENALTIES, gradient_penalty

NAMES = [name for name, kind in LAYERS.items() if issubclass(kind, Resampled)]
UPSAMPLED = ["upsample_nearest", "upsample_bilinear"]
PAIRS = st.tuples(st.integers(1, 4), st.integers(1, 4))


def op(name):
    return getattr(ops, name)


def each(formula, x, *given):
    """Return what a formula makes of each channel of each image, as an array (n, h, w, c)."""
    made = [[formula(image[..., c].tolist(), *given) for c in range(x.shape[3])] for image in x]
    return np.moveaxis(np.array(made), 1, -1)


@st.composite
def images(draw):
    return random(draw(st.integers(1, 2)), *draw(PAIRS), draw(st.integers(1, 3)))


@st.composite
def pools(draw):
    """Draw images, and a window that fits, how far apart windows are, and a padding."""
    x, kernel, stride = draw(images()), draw(PAIRS), draw(PAIRS)
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    sizes = zip(kernel, x.shape[1:3], padding, strict=True)
    assume(all(k <= h + 2 * p for k, h, p in sizes))
    return x, kernel, stride, padding


# --- against loops -------------------------------------------------------------------------------


@given(pools())
@settings(deadline=None)
def test_a_pooling_is_the_mean_of_each_window(case):
    x, *way = case
    expected = each(naive.avg_pool2d, x, *way)
    np.testing.assert_allclose(ops.avg_pool2d_forward(x, *way), expected, atol=1e-14)


def at(images, places):
    """Return the numbers of images (n, h, w, c) at places, which count an image's pixels."""
    flat = images.reshape(len(images), -1, images.shape[3])
    found = np.take_along_axis(flat, places.reshape(len(images), -1, images.shape[3]), 1)
    return found.reshape(places.shape)


@given(pools(), st.booleans())
@settings(deadline=None)
def test_a_pooling_takes_the_first_of_the_largest_of_each_window(case, alike):
    x, *way = case
    x = x.round() - 9 if alike else x  # all below the padding's zeros
    y, places = ops.max_pool2d_forward(x, *way), each(naive.max_pool2d, x, *way).astype(int)
    np.testing.assert_array_equal(y, at(x, places))
    numbers = np.arange(1.0, x.size + 1).reshape(x.shape)
    np.testing.assert_array_equal(
        ops.max_pool2d_double_backward(numbers, x, y, *way), at(numbers, places)
    )


@given(images())
@settings(deadline=None, max_examples=20)
def test_a_global_pooling_is_the_mean_of_each_channel(x):
    y = ops.global_avg_pool2d_forward(x)
    np.testing.assert_allclose(y, each(naive.global_avg_pool2d, x), atol=1e-14)


@pytest.mark.parametrize("name", UPSAMPLED)
@given(x=images(), factor=st.integers(1, 5))
@settings(deadline=None, max_examples=40)
def test_an_enlarged_image_is_its_formula(name, x, factor):
    y = op(f"{name}_forward")(x, factor)
    np.testing.assert_allclose(y, each(getattr(naive, name), x, factor), atol=1e-14)


@given(x=images(), factor=st.integers(1, 4))
@settings(deadline=None, max_examples=40)
def test_a_shuffled_image_has_the_order_of_channels_that_torch_has(x, factor):
    x = random(*x.shape[:3], x.shape[3] * factor**2)
    y = ops.pixel_shuffle_forward(x, factor)
    for image, shuffled in zip(x, y, strict=True):
        channels = np.moveaxis(image, 2, 0).reshape(-1, factor**2, *image.shape[:2])
        for c, cell in enumerate(channels.tolist()):
            np.testing.assert_array_equal(shuffled[..., c], naive.pixel_shuffle(cell, factor))
    np.testing.assert_array_equal(ops.pixel_shuffle_backward(y, factor), x)


# --- ways back -----------------------------------------------------------------------------------


@given(pools())
@settings(deadline=None)
def test_ways_back_of_poolings_are_transposes(case):
    x, *way = case
    y, size = ops.max_pool2d_forward(x, *way), x.shape[1:3]
    dy, ddx = random(*y.shape, seed=1), random(*x.shape, seed=2)
    dx = ops.max_pool2d_backward(dy, x, y, *way)
    ddy = ops.max_pool2d_double_backward(ddx, x, y, *way)
    np.testing.assert_allclose((dx * x).sum(), (dy * y).sum(), atol=1e-12)
    np.testing.assert_allclose((dx * ddx).sum(), (dy * ddy).sum(), atol=1e-12)
    dx = ops.avg_pool2d_backward(dy, size, *way)
    np.testing.assert_allclose(
        (dx * x).sum(), (dy * ops.avg_pool2d_forward(x, *way)).sum(), atol=1e-12
    )


@pytest.mark.parametrize("name", UPSAMPLED)
@given(x=images(), factor=st.integers(1, 5))
@settings(deadline=None, max_examples=20)
def test_ways_back_of_enlarged_images_are_transposes(name, x, factor):
    y = op(f"{name}_forward")(x, factor)
    dy = random(*y.shape, seed=1)
    dx = op(f"{name}_backward")(dy, factor)
    np.testing.assert_allclose((dx * x).sum(), (dy * y).sum(), atol=1e-12)


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("name", NAMES)
def test_a_penalty_goes_through(name, penalty):
    rows = [] if name == "global_avg_pool2d" else ["flatten"]
    below = ["reshape 2 3 4", "conv2d 4 4 1", "elu", example(name).spec(), *rows]
    width = build(below).out_width
    net = build([*below, f"dense {width} 1", "tanh"], rng=0).astype(np.float64)
    x, measure = random(3, 24), PENALTIES[penalty].measure

    def function():
        grads = net.parameters.like()
        return gradient_penalty(net, x, measure, 3.0, grads), grads

    report = gradcheck(function, wrt=net.parameters)
    assert report, report


@pytest.mark.parametrize("name", ["avg_pool2d", "max_pool2d"])
def test_windows_of_one_pixel_leave_an_image_as_it_is(name):
    x = random(2, 3, 4, 2)
    np.testing.assert_array_equal(build([f"{name} 1"])(x), x)


def test_several_windows_take_one_pixel():
    x = np.zeros((1, 3, 3, 1))
    x[0, 1, 1] = 1
    layer = MaxPool2D(2, 1)
    y, cache = layer.forward(x)
    assert (y == 1).all()
    dx = layer.backward(np.arange(1.0, 5).reshape(y.shape), cache)
    np.testing.assert_array_equal(dx[0, :, :, 0], [[0, 0, 0], [0, 10, 0], [0, 0, 0]])
    assert layer.backward(y, cache, input_grad=False) is None
    assert AvgPool2D(2).backward(y, (2, 2), input_grad=False) is None
    assert PixelShuffle(2).backward(y, None, input_grad=False) is None


def test_a_window_of_one_pixel_changes_nothing():
    x = random(2, 3, 3, 2)
    for layer in (MaxPool2D(1), AvgPool2D(1)):
        np.testing.assert_array_equal(layer(x), x)


# --- numbers that are none, types ----------------------------------------------------------------


def test_where_a_window_has_a_nan_it_is_the_largest():
    x = np.array([[3.0, np.nan, 5, np.nan], [1, 2, -np.inf, -np.inf]]).reshape(1, 2, 4, 1)
    y = ops.max_pool2d_forward(x, (1, 4))
    np.testing.assert_array_equal(y.ravel(), [np.nan, 2])
    dx = ops.max_pool2d_backward(np.array([7.0, 8]).reshape(y.shape), x, y, (1, 4))
    np.testing.assert_array_equal(dx.ravel(), [0, 7, 0, 0, 0, 8, 0, 0])
    lowest = np.full((1, 2, 2, 1), -np.inf)
    np.testing.assert_array_equal(ops.max_pool2d_forward(lowest, 2, 2, 1), lowest)


@pytest.mark.parametrize("name", NAMES)
def test_complex_numbers_pass_and_a_maximum_looks_at_the_real_part(name):
    shape = (2, *LAYERS[name].example_shape)
    layer, x, other = example(name), random(*shape), random(*shape, seed=1)
    y, cache = layer.forward(x + 9j * other)
    np.testing.assert_allclose(y.real, layer(x), atol=1e-14)
    dx = layer.backward(y, cache)
    np.testing.assert_allclose(dx.real, layer.backward(y.real, cache), atol=1e-14)
    np.testing.assert_allclose(dx.imag, layer.backward(y.imag, cache), atol=1e-14)


# --- words, and what does not fit ----------------------------------------------------------------

WORDS = {
    "max_pool2d 2": "MaxPool2D(2)",
    "max_pool2d 3 2": "MaxPool2D(3, 2)",
    "max_pool2d 3 3 1": "MaxPool2D(3, 3, 1)",
    "avg_pool2d 3 2 1": "AvgPool2D(3, 2, 1)",
    "global_avg_pool2d": "GlobalAvgPool2D()",
    "upsample_nearest 2": "UpsampleNearest(2)",
    "upsample_bilinear 2": "UpsampleBilinear(2)",
    "pixel_shuffle 2": "PixelShuffle(2)",
}


@pytest.mark.parametrize("words", WORDS)
def test_a_layer_in_words(words):
    layer = build([words]).layers[0]
    assert (layer.spec(), repr(layer)) == (words, WORDS[words])


def test_windows_lie_side_by_side_if_there_is_no_stride():
    assert ops.avg_pool2d_forward(random(1, 9, 6, 1), 3).shape == (1, 3, 2, 1)
    for kind in (AvgPool2D, MaxPool2D):
        assert kind(3)(random(1, 9, 6, 1)).shape == (1, 3, 2, 1)
        assert kind(2, 2).spec() == kind(2).spec()


def test_a_network_says_its_shapes():
    layers = ["reshape 8 8 4", "max_pool2d 2", "upsample_nearest 4", "pixel_shuffle 2"]
    net = build([*layers, "avg_pool2d 3 2 1", "upsample_bilinear 2", "global_avg_pool2d"])
    assert net.in_shape() == (256,)
    assert [line.split("(n, ")[1].split(")")[0] for line in net.summary().split("\n")[1:-1]] == [
        "8, 8, 4",
        "4, 4, 4",
        "16, 16, 4",
        "32, 32, 1",
        "16, 16, 1",
        "32, 32, 1",
        "1",
    ]


SQUARE = np.ones((1, 4, 4, 3))
REFUSED = {
    "a window larger than the image": (
        lambda: MaxPool2D(5)(SQUARE),
        "a window of 5 x 5 pixels does not fit into an image of 4 x 4",
    ),
    "the same before there is an image": (
        lambda: build(["reshape 4 4 3", "avg_pool2d 5"]),
        "a window of 5 x 5 pixels does not fit into an image of 4 x 4",
    ),
    "a padding of more than half of a window": (
        lambda: AvgPool2D(3, 1, 2),
        "the padding of a pooling is at most half of its window, 3 x 3, not 2 x 2",
    ),
    "a kernel of 0": (lambda: MaxPool2D(0), "the kernel of max_pool2d must be a whole number"),
    "a stride of 0": (lambda: AvgPool2D(2, 0), "the stride of avg_pool2d must be a whole number"),
    "a pair for a layer": (lambda: MaxPool2D((2, 2)), "the kernel of max_pool2d"),
    "three numbers": (lambda: ops.avg_pool2d_forward(SQUARE, (2, 2, 2)), "must be a number, or"),
    "half a factor": (lambda: PixelShuffle(0.5), "the factor of images must be a whole number"),
    "rows": (lambda: GlobalAvgPool2D()(np.ones((4, 3))), "takes x"),
    "rows of a layer before": (
        lambda: build(["dense 4 16", "max_pool2d 2"]),
        r"MaxPool2D\(2\) takes images, but the layer before it makes rows of 16",
    ),
    "images without pixels": (lambda: MaxPool2D(2, 1, 1)(np.ones((1, 0, 4, 1))), "H is at least 1"),
    "channels that fill no cells": (
        lambda: PixelShuffle(2)(SQUARE),
        "3 channels do not fill cells of 2 x 2 pixels: they must be a multiple of 4",
    ),
    "the same of a layer before": (
        lambda: build(["reshape 4 4 3", "pixel_shuffle 2"]),
        "3 channels do not fill cells of 2 x 2 pixels",
    ),
    "gradients of another pooling": (
        lambda: ops.avg_pool2d_backward(SQUARE, (9, 9), 3),
        "of images of 9 x 9 pixels a pooling makes 3 x 3, not 4 x 4",
    ),
    "a maximum of another pooling": (
        lambda: ops.max_pool2d_backward(SQUARE, np.ones((1, 9, 9, 3)), SQUARE, 3),
        "of images of 9 x 9 pixels a pooling makes 3 x 3, not 4 x 4",
    ),
    "and its derivative": (
        lambda: ops.max_pool2d_double_backward(SQUARE, SQUARE, SQUARE, 2),
        "of images of 4 x 4 pixels a pooling makes 2 x 2, not 4 x 4",
    ),
    "the cache of another layer": (
        lambda: MaxPool2D(2).backward(SQUARE, (4, 4, 4)),
        "the cache is",
    ),
    **{
        f"a factor of 0 for {name}": (
            lambda name=name: op(f"{name}_forward")(SQUARE, 0),
            "the factor of images must be a whole number, at least 1, not 0",
        )
        for name in (*UPSAMPLED, "pixel_shuffle")
    },
    **{
        f"gradients that {name} does not divide": (
            lambda name=name: op(f"{name}_backward")(SQUARE, 3),
            "images of 4 x 4 pixels do not divide into cells 3 wide",
        )
        for name in (*UPSAMPLED, "pixel_shuffle")
    },
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_does_not_fit_is_refused(what):
    call, message = REFUSED[what]
    with pytest.raises(InputError, match=message):
        call()
