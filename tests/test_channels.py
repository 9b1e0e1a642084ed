"""Normalisation of images, and what compares images: against loops, and what no gradient can show."""

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_second_order import random

from npgan import (
    BatchNorm,
    Conv2D,
    GroupNorm,
    InputError,
    MinibatchStddev,
    PixelNorm,
    SpectralConv2D,
    ops,
)
from npgan.layers import build

EPS = 1e-5


def rng(seed=0):
    return np.random.default_rng(seed)


@given(
    seed=st.integers(0, 99),
    size=st.tuples(*[st.integers(1, 3)] * 3),
    groups=st.integers(1, 3),
    share=st.integers(1, 3),
)
@settings(deadline=None, max_examples=25)
def test_group_norm_is_its_sums(seed, size, groups, share):
    c = groups * share
    x, weight, bias = random(*size, c, seed=seed), random(c, seed=1), random(c, seed=2)
    y, normal, inverse = ops.group_norm_forward(x, weight, bias, groups, EPS)
    expected = [naive.group_norm(image, weight, bias, groups, EPS) for image in x.tolist()]
    np.testing.assert_allclose(y, expected, atol=1e-11)
    assert inverse.shape == (len(x), groups)
    dy = random(*x.shape, seed=3)
    dx = ops.group_norm_backward(dy, normal, inverse, weight)

    def numbers(array, g):
        return array[0, ..., g * share : (g + 1) * share].ravel()

    for g in range(groups):  # of the first image
        expected = naive.normalized_backward(numbers(dy * weight, g), numbers(x, g), EPS)
        np.testing.assert_allclose(numbers(dx, g), expected, atol=1e-10)


def test_layer_norm_is_group_norm_of_one_pixel_with_one_group():
    x, dy, ddx = (random(5, 4, seed=i) for i in range(3))
    weight, bias, sums = random(4, seed=3), random(4, seed=4), np.zeros((6, 4))
    rows, images = (x, dy, ddx), [a[:, None, None] for a in (x, dy, ddx)]

    def passes(x, dy, ddx, name, sums, *groups):
        y, *cache = getattr(ops, f"{name}_forward")(x, weight, bias, *groups, EPS)
        dx = getattr(ops, f"{name}_backward")(dy, *cache, weight, *sums[:2])
        second = getattr(ops, f"{name}_double_backward")(ddx, dy, *cache, weight, sums[2])
        return y, dx, *second

    expected = passes(*rows, "layer_norm", sums[:3])
    found = passes(*images, "group_norm", sums[3:], 1)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.reshape(other.shape), other, rtol=0, atol=1e-14)
    np.testing.assert_allclose(sums[3:], sums[:3], rtol=0, atol=1e-14)


def test_group_norm_sees_each_sample_and_each_group_by_itself():
    layer, x = GroupNorm(6, 3).astype(np.float64), random(2, 3, 4, 6)
    before = layer(x, rng())
    x[1, 0, 0, 3] += 1
    changed = (layer(x, rng()) != before).any(axis=(1, 2))
    np.testing.assert_array_equal(changed, [[False] * 6, [False, False, True, True, False, False]])


@given(seed=st.integers(0, 99), size=st.sampled_from([(2, 3), (2, 2, 1, 3), (0, 2, 2, 4)]))
@settings(deadline=None, max_examples=15)
def test_pixel_norm_is_its_sums(seed, size):
    x = random(*size, seed=seed)
    expected = [naive.pixel_norm(pixel) for pixel in x.reshape(-1, size[-1]).tolist()]
    y = PixelNorm()(x)
    np.testing.assert_allclose(y, np.reshape(expected, x.shape), atol=1e-14)
    np.testing.assert_allclose(np.square(y).mean(axis=-1), 1, atol=1e-6)


def test_pixel_norm_of_nothing_is_nothing():
    y, cache = PixelNorm().forward(np.zeros((2, 3, 3, 4), np.float32))
    assert not y.any()
    # 1 / sqrt(eps) = 1e4 is the slope there
    np.testing.assert_allclose(PixelNorm().backward(np.ones_like(y), cache), 1e4, rtol=1e-6)


def test_a_batch_of_images_is_normalised_as_its_pixels():
    x, dy = random(3, 4, 2, 5), random(3, 4, 2, 5, seed=1)
    of_images, of_pixels = (BatchNorm(5).astype(np.float64) for _ in range(2))
    for noise in (rng(), None):
        (y, cache), (rows, other) = (
            layer.forward(a, noise) for layer, a in ((of_images, x), (of_pixels, x.reshape(24, 5)))
        )
        np.testing.assert_array_equal(y, rows.reshape(x.shape))
        grads = [of_images.parameters.like() for _ in range(2)]
        dx = of_images.backward(dy, cache, grads[0])
        expected = of_pixels.backward(dy.reshape(24, 5), other, grads[1])
        np.testing.assert_array_equal(dx, expected.reshape(x.shape))
        np.testing.assert_array_equal(grads[0].flat, grads[1].flat)
    np.testing.assert_array_equal(of_images.buffers.flat, of_pixels.buffers.flat)
    np.testing.assert_allclose(of_images.buffers["running_mean"], x.mean(axis=(0, 1, 2)))


def test_one_image_of_several_pixels_is_a_batch_and_one_pixel_is_none():
    layer = BatchNorm(2)
    assert layer(np.ones((1, 1, 2, 2), np.float32), rng()).shape == (1, 1, 2, 2)
    with pytest.raises(InputError, match="at least 2 samples in training, not 1"):
        layer(np.ones((1, 1, 1, 2), np.float32), rng())


def test_the_deviation_of_images_is_one_more_channel():
    x = random(4, 3, 2, 5)
    y = MinibatchStddev()(x)
    np.testing.assert_array_equal(y[..., :5], x)
    rows = naive.minibatch_stddev(x.reshape(4, 30).tolist())
    np.testing.assert_allclose(y[..., 5], rows[0][-1], atol=1e-14)
    assert MinibatchStddev().out_shape((3, 2, 5)) == (3, 2, 6)


def norm(layer):
    """Return the largest singular value of the matrix that a layer's windows are multiplied by."""
    weight = layer.forward(np.zeros((1, 4, 4, layer.in_channels)))[1][1]
    return np.linalg.svd(weight.reshape(-1, layer.out_channels))[1][0]


@pytest.mark.parametrize("groups", [1, 2])
def test_a_convolutions_windows_tend_to_a_matrix_of_spectral_norm_1(groups):
    layer = SpectralConv2D(4, 6, 3, groups=groups, rng=0).astype(np.float64)
    assert layer.buffers["u"].shape == (36 // groups,)
    assert norm(layer) == pytest.approx(1, abs=0.05)
    layer.parameters["weight"][...] = random(3, 3, 4 // groups, 6, seed=2)
    x = random(1, 4, 4, 4)
    assert norm(layer) > 1.05
    for _ in range(200):
        layer(x, rng())
    assert norm(layer) == pytest.approx(1, abs=1e-9)


def test_a_spectral_convolution_is_one_with_another_weight():
    layer = SpectralConv2D(2, 4, 3, 2, 1, 1, 2, rng=0).astype(np.float64)
    plain, x = Conv2D(2, 4, 3, 2, 1, 1, 2).astype(np.float64), random(2, 5, 4, 2)
    y, (_, normal, *_) = layer.forward(x)
    plain.parameters["weight"][...] = normal
    plain.parameters["bias"][...] = layer.parameters["bias"]
    np.testing.assert_array_equal(y, plain(x))
    before = layer.buffers.flat.copy()
    layer(x)
    np.testing.assert_array_equal(layer.buffers.flat, before)


REFUSED = {
    "groups that do not divide": (lambda: GroupNorm(6, 4), "4 groups do not divide the 6 channels"),
    "no group": (lambda: GroupNorm(6, 0), "the groups of group_norm must be a whole number"),
    "no channel": (lambda: GroupNorm(0, 1), "the channels of group_norm must be"),
    "images of other channels": (
        lambda: GroupNorm(4, 2)(np.ones((1, 2, 2, 3))),
        r"GroupNorm\(4, 2\) takes an input of shape \(n, 4\) or \(n, height, width, 4\), not",
    ),
    "three axes": (lambda: BatchNorm(4)(np.ones((1, 2, 4))), r"not float64 \(1, 2, 4\)"),
    "a layer of another width": (
        lambda: build(["reshape 2 2 3", "group_norm 4 2"]),
        r"GroupNorm\(4, 2\) follows a layer 2 x 2 x 3 wide",
    ),
    "groups of an operation": (
        lambda: ops.group_norm_forward(np.ones((1, 3)), np.ones(3), np.ones(3), 2, EPS),
        "2 groups do not divide 3 channels",
    ),
    "images without pixels": (
        lambda: GroupNorm(4, 2)(np.ones((1, 0, 2, 4))),
        "group_norm_forward takes",
    ),
    "a weight of 0": (lambda: SpectralConv2D(1, 1, 3, init="zeros"), "must not start at 0"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused(case):
    make, message = REFUSED[case]
    with pytest.raises(InputError, match=message):
        make()


def test_a_group_may_be_of_a_single_channel():
    assert GroupNorm(1, 1)(np.ones((2, 3, 3, 1), np.float32)).shape == (2, 3, 3, 1)
