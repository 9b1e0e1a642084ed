"""Convolutions against loops, against each other, and with images that do not fit."""

import naive
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from test_second_order import random

import npgan
from npgan import GAN, Conv2D, ConvTranspose2D, InputError, ops
from npgan.layers import build
from npgan.ops.windows import Geometry

SMALL = st.tuples(st.integers(1, 3), st.integers(1, 3))


@st.composite
def convolutions(draw):
    """Draw images, a weight and how it is moved over them, such that a window fits."""
    groups, i, o = (draw(st.integers(1, 3)) for _ in range(3))
    size = draw(st.tuples(st.integers(1, 7), st.integers(1, 7)))
    kernel, padding = draw(SMALL), draw(st.tuples(st.integers(0, 4), st.integers(0, 4)))
    geometry = Geometry.of(draw(SMALL), padding, draw(SMALL), groups)
    window = geometry.window(kernel)
    assume(all(w <= h + 2 * p for w, h, p in zip(window, size, padding, strict=True)))
    n = draw(st.integers(0, 2))
    x, weight = random(n, *size, i * groups), random(*kernel, i, o * groups, seed=1)
    return x, weight, geometry


@given(convolutions())
@settings(deadline=None)
def test_a_convolution_is_the_sum_over_windows(case):
    x, weight, geometry = case
    bias = random(weight.shape[3], seed=2)
    y = ops.conv2d_forward(x, weight, bias, *geometry)
    expected = [naive.conv2d(one, weight.tolist(), bias, *geometry) for one in x.tolist()]
    np.testing.assert_allclose(y, np.reshape(expected, y.shape), atol=1e-12)


@given(convolutions(), st.data())
@settings(deadline=None)
def test_a_transposed_convolution_paints_windows(case, data):
    _, weight, (stride, padding, dilation, groups) = case
    size = data.draw(SMALL)
    more = tuple(data.draw(st.integers(0, s - 1)) for s in stride)
    geometry = Geometry(stride, padding, dilation, groups)
    x, bias = random(2, *size, weight.shape[3]), random(weight.shape[2] * groups, seed=2)
    try:
        geometry.larger(size, weight.shape[:2], more)
    except InputError:
        assume(False)
    y = ops.conv_transpose2d_forward(x, weight, bias, *geometry, more)
    given = weight.tolist(), bias, stride, padding, more, dilation, groups
    expected = [naive.conv_transpose2d(one, *given) for one in x.tolist()]
    np.testing.assert_allclose(y, np.reshape(expected, y.shape), atol=1e-12)
    dy, dweight = random(*y.shape, seed=3), np.zeros_like(weight)
    dx = ops.conv_transpose2d_backward_input(dy, weight, *geometry)
    ops.conv_transpose2d_backward_parameters(dy, x, dweight, np.zeros_like(bias), *geometry)
    total = ((y - bias) * dy).sum()  # y - b is linear in x and in W
    np.testing.assert_allclose((dx * x).sum(), total, atol=1e-10)
    np.testing.assert_allclose((dweight * weight).sum(), total, atol=1e-10)


@given(convolutions())
@settings(deadline=None)
def test_ways_back_are_adjoint(case):
    """<y, dy> is linear in x and in W: dx and dW are its derivatives, <dx, x> = <dW, W> = <y, dy>."""
    x, weight, geometry = case
    y = ops.conv2d_forward(x, weight, np.zeros(weight.shape[3]), *geometry)
    dy, dweight, dbias = random(*y.shape, seed=3), np.ones_like(weight), np.ones(weight.shape[3])
    dx = ops.conv2d_backward_input(dy, weight, x.shape[1:3], *geometry)
    ops.conv2d_backward_parameters(dy, x, dweight, dbias, *geometry)
    total = (y * dy).sum()
    np.testing.assert_allclose((dx * x).sum(), total, atol=1e-10)
    np.testing.assert_allclose(((dweight - 1) * weight).sum(), total, atol=1e-10)
    np.testing.assert_allclose(dbias - 1, dy.sum(axis=(0, 1, 2)), atol=1e-12)


def test_an_identity_moves_an_image():
    x, weight = random(1, 4, 5, 1), np.zeros((3, 3, 1, 1))
    weight[0, 2] = 1
    moved = ops.conv2d_forward(x, weight, np.zeros(1), 1, 1)
    np.testing.assert_array_equal(moved[0, 1:, :-1], x[0, :-1, 1:])
    assert not moved[0, 0].any()
    assert not moved[0, :, -1].any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_convolution_keeps_the_type(dtype):
    x, weight, bias = (random(*s).astype(dtype) for s in ((2, 5, 5, 3), (3, 3, 3, 2), (2,)))
    assert ops.conv2d_forward(x, weight, bias).dtype == dtype
    assert ops.conv2d_backward_input(x[..., :2], weight, (7, 7)).dtype == dtype


def test_groups_do_not_see_each_other():
    layer, x = Conv2D(4, 6, 3, groups=2, rng=0), random(1, 5, 5, 4).astype(np.float32)
    y = layer(x)
    x[..., 2:] += 1
    changed = (layer(x) != y).any(axis=(0, 1, 2))
    np.testing.assert_array_equal(changed, [False] * 3 + [True] * 3)


@pytest.mark.parametrize("name", ["Conv2D", "ConvTranspose2D"])
def test_he_normal_keeps_the_size_of_a_signal(name):
    layer = getattr(npgan, name)(32, 32, 4, 2, 1, rng=0)
    y = layer(np.random.default_rng(1).standard_normal((8, 16, 16, 32), np.float32))
    inside = y[:, 2:-2, 2:-2]
    assert 1.7 < np.square(inside).mean() < 2.3  # twice: the relu after it halves it


REFUSED = {
    "a window larger than the image": (
        lambda: Conv2D(1, 1, 5)(np.ones((1, 4, 4, 1), np.float32)),
        "a window of 5 x 5 pixels does not fit into an image of 4 x 4",
    ),
    "a dilated window larger than the image": (
        lambda: build(["reshape 8 8 1", "conv2d 1 1 4 1 1 4"]),
        "a window of 13 x 13 pixels does not fit into an image of 8 x 8, with its padding 10 x 10",
    ),
    "groups that do not divide the channels in": (
        lambda: Conv2D(3, 4, 3, groups=2),
        "2 groups do not divide the channels of conv2d, 3 and 4",
    ),
    "groups that do not divide the channels out": (
        lambda: ConvTranspose2D(4, 3, 3, groups=2),
        "2 groups do not divide the channels of conv_transpose2d, 4 and 3",
    ),
    "a stride of 0": (lambda: Conv2D(1, 1, 3, stride=0), "a stride must be a whole number"),
    "other channels than the layer's": (
        lambda: build(["reshape 4 4 3", "conv2d 1 8 3"]),
        r"takes images of 1 channels, but the layer before it makes 4 x 4 x 3",
    ),
    "rows": (lambda: Conv2D(1, 1, 1)(np.ones((5, 4))), r"takes images \(n, height, width, 1\)"),
    "a padding that leaves nothing": (
        lambda: ConvTranspose2D(1, 1, 2, 1, 2)(np.ones((1, 2, 2, 1), np.float32)),
        "a padding of 2 x 2 leaves nothing",
    ),
    "a padding that leaves no row of some columns": (
        lambda: ConvTranspose2D(1, 1, 1, 1, 1)(np.ones((1, 1, 5, 1), np.float32)),
        "a padding of 1 x 1 leaves nothing",
    ),
    "too large an output padding": (
        lambda: ConvTranspose2D(1, 1, 4, 2, 1, 2)(np.ones((1, 2, 2, 1), np.float32)),
        "an output padding must be below the stride, not 2 x 2",
    ),
    "an output padding between stride and dilation": (
        lambda: ConvTranspose2D(1, 1, 3, 1, 0, 1, 2)(np.ones((1, 4, 4, 1), np.float32)),
        "an output padding must be below the stride, not 1 x 1",
    ),
    "three numbers for a pair": (
        lambda: ops.conv2d_forward(
            np.ones((1, 4, 4, 1)), np.ones((1, 1, 1, 1)), np.ones(1), (1, 1, 1)
        ),
        "a stride must be a number, or two",
    ),
    "an image that a row is not": (
        lambda: build(["dense 2 9", "reshape 3 4 1"]),
        "makes images of 3 x 4 x 1 = 12 numbers, but the layer before it makes 9",
    ),
    "gradients of another size": (
        lambda: ops.conv2d_backward_input(np.ones((1, 3, 3, 1)), np.ones((2, 2, 1, 1)), (5, 5)),
        "images of 5 x 5 pixels go with 4 x 4, not with 3 x 3",
    ),
    "an unknown initialiser": (lambda: Conv2D(1, 1, 1, init="nothing"), "initialiser"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_does_not_fit_is_refused(what):
    call, message = REFUSED[what]
    with pytest.raises(InputError, match=message):
        call()


WORDS = {
    "conv2d 1 8 4": "Conv2D(1, 8, 4)",
    "conv2d 1 8 4 2 1": "Conv2D(1, 8, 4, 2, 1)",
    "conv2d 4 8 3 1 1 1 2": "Conv2D(4, 8, 3, 1, 1, 1, 2)",
    "conv_transpose2d 8 1 4 2 1 0 1 1 normal": "ConvTranspose2D(8, 1, 4, 2, 1, 0, 1, 1, normal)",
    "reshape 2 3 4": "Reshape(2, 3, 4)",
}


@pytest.mark.parametrize("words", WORDS)
def test_a_convolution_in_words(words):
    layer = build([words]).layers[0]
    assert (layer.spec(), repr(layer)) == (words, WORDS[words])


def test_a_network_says_its_shapes():
    net = build(["reshape 28 28 1", "conv2d 1 4 4 2 1", "leaky_relu", "flatten", "dense 784 1"], 0)
    assert (net.in_width, net.out_width) == (784, 1)
    assert "Conv2D(1, 4, 4, 2, 1)  (n, 14, 14, 4)          68" in net.summary()


UNSEEN = [
    ((28, 28), (4, 4), Geometry.of(2, 1), ""),
    ((28, 28), (3, 3), Geometry.of(2, 1), ""),  # of the padding alone
    ((28, 28), (3, 3), Geometry.of(2), "the last 1 row and the last 1 column are in no window"),
    ((9, 8), (2, 2), Geometry.of(3), "the last 1 row is in no window"),
    ((28, 9), (3, 3), Geometry.of(4, 1), "the last 2 rows are in no window"),
    ((9, 13), (2, 5), Geometry.of((1, 5)), "of 9 x 13 pixels the last 3 columns are in no window"),
]


@pytest.mark.parametrize(("size", "kernel", "geometry", "words"), UNSEEN)
def test_pixels_in_no_window_are_said(size, kernel, geometry, words):
    assert geometry.unseen(size, kernel).endswith(words)
    x, weight = np.ones((1, *size, 1)), np.ones((*kernel, 1, 1))
    y = ops.conv2d_forward(x, weight, np.zeros(1), *geometry)
    seen = ops.conv2d_backward_input(np.ones_like(y), weight, size, *geometry)[0, :, :, 0] > 0
    assert seen.all() == (words == "")


INSIDE = {
    "a network": {"sequential": ["conv2d 1 2 3 2"]},
    "a residual block": {
        "residual": ["conv2d 1 2 3 2"],
        "shortcut": ["avg_pool2d 2 2", "conv2d 1 2 2"],
    },
    "a shortcut": {"residual": ["avg_pool2d 2 2", "conv2d 1 2 2"], "shortcut": ["conv2d 1 2 3 2"]},
}


@pytest.mark.parametrize("block", INSIDE.values(), ids=list(INSIDE))
def test_layers_inside_say_so_too(block):
    (remark,) = build(["reshape 8 8 1", block]).remarks()
    words = "of 8 x 8 pixels the last 1 row and the last 1 column are in no window"
    assert remark == f"Conv2D(1, 2, 3, 2): {words}"


def test_a_pooling_says_so_too():
    net = build(["reshape 5 4 1", "max_pool2d 2", "flatten", "dense 4 1"])
    (remark,) = net.remarks()
    assert remark == "MaxPool2D(2): of 5 x 4 pixels the last 1 row is in no window"


UNFIT = {
    "dense 64 4, flatten": (["dense 64 4", "flatten"], "Flatten() takes images, but"),
    "pixelate": (["pixelate 3", "dense 64 4"], "Pixelate(3) does not fit images of 8 x 8 pixels"),
    "random_block": (["random_block 9", "dense 64 4"], "does not fit images of 8 x 8 pixels"),
    "random_shift": (["random_shift 9", "dense 64 4"], "does not fit images of 8 x 8 pixels"),
    "random_flip": (["random_flip", "dense 48 4"], "square images, and 48 numbers are none"),
    "odd": (
        ["reshape 9 9 1", ["conv2d 1 2 2 2", "conv_transpose2d 2 1 2 2"]],
        "its layers make 8 x 8 x 1, its input, without a shortcut, is 9 x 9 x 1",
    ),
}


@pytest.mark.parametrize(("specs", "message"), UNFIT.values(), ids=list(UNFIT))
def test_layers_that_do_not_fit_are_refused_when_a_network_is_built(specs, message):
    with pytest.raises(InputError) as info:
        build(specs)
    assert message in str(info.value)


@pytest.mark.parametrize("name", ["generator", "discriminator"])
def test_a_network_that_ends_in_images_is_refused_by_its_model(name):
    specs = {
        "generator": ["dense 3 16", "reshape 4 4 1", "flatten"],
        "discriminator": ["reshape 4 4 1", "conv2d 1 1 4", "flatten"],
    }
    GAN(**{key: build(value, rng=0) for key, value in specs.items()})
    specs[name].pop()
    with pytest.raises(InputError, match=f"the {name} makes images of .*: let it end in flatten"):
        GAN(**{key: build(value, rng=0) for key, value in specs.items()})


def test_a_convolution_says_which_rows_of_oblong_images_it_does_not_see():
    remark = Conv2D(1, 1, 2, stride=2).remark((5, 4, 1))
    assert remark == "of 5 x 4 pixels the last 1 row is in no window"


def test_a_transposed_convolution_may_make_one_pixel_and_no_fewer():
    assert ConvTranspose2D(1, 1, 3, 1, 1).out_shape((1, 1, 1)) == (1, 1, 1)
    with pytest.raises(InputError, match="leaves nothing"):
        ConvTranspose2D(1, 1, 2, 1, 1).out_shape((1, 1, 1))


@pytest.mark.parametrize("size", [(2, 5), (5, 2)])
def test_a_window_fits_into_both_sides_of_an_image(size):
    assert Conv2D(1, 1, 2).out_shape((*size, 1)) == (size[0] - 1, size[1] - 1, 1)
    with pytest.raises(InputError, match="does not fit into an image"):
        Conv2D(1, 1, 3).out_shape((*size, 1))
