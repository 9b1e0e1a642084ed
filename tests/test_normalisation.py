"""Layers with moments, singular vectors and comparisons of samples: what no gradient can show."""

from itertools import pairwise

import naive
import numpy as np
import pytest
from golden import IN_TORCH, recorded
from hypothesis import given, settings
from hypothesis import strategies as st
from test_second_order import random

from npgan import (
    BatchNorm,
    Dense,
    InputError,
    LayerNorm,
    MinibatchDiscrimination,
    MinibatchStddev,
    Sequential,
    SpectralDense,
    Tanh,
    ops,
)
from npgan.layers import LAYERS, TwoBatches, example
from npgan.ops.normalisation import centre

FLOATS = [np.float32, np.float64]
EPS = 1e-5
few = settings(deadline=None, max_examples=25)


def rng(seed=0):
    return np.random.default_rng(seed)


def layer(name, dtype=np.float64):
    """Return a layer for inputs 4 wide whose parameters are nothing special."""
    subject = example(name).astype(dtype)
    subject.parameters.flat[:] += 0.3 * rng(1).standard_normal(subject.parameters.flat.size)
    return subject


# --- the operations are the sums of a book -------------------------------------------------------


@few
@given(seed=st.integers(0, 99), n=st.integers(2, 6), size=st.sampled_from([1e-3, 1.0, 1e3]))
def test_normalisation_is_its_sums(seed, n, size):
    x, dy, weight, bias = size * random(n, 4, seed=seed), *(random(k, 4) for k in (n, 1, 1))
    given, eps = (weight[0], bias[0]), EPS * size**2
    y, normal, inverse = ops.layer_norm_forward(x, *given, eps)
    np.testing.assert_allclose(y, naive.layer_norm(x.tolist(), *given, eps), atol=1e-11)
    rows = [naive.normalized_backward(*pair, eps) for pair in zip(dy * given[0], x, strict=True)]
    dx = ops.layer_norm_backward(dy, normal, inverse, given[0])
    np.testing.assert_allclose(dx, rows, atol=1e-10 / size)
    moments = np.zeros(4), np.ones(4), np.zeros(1)
    y, normal, inverse = ops.batch_norm_forward(x, *given, *moments, 0.1, eps)
    np.testing.assert_allclose(y, naive.batch_norm(x.tolist(), *given, eps), atol=1e-11)
    pairs = zip((dy * given[0]).T, x.T, strict=True)
    columns = [naive.normalized_backward(*pair, eps) for pair in pairs]
    dx = ops.batch_norm_backward(dy, normal, inverse, given[0])
    np.testing.assert_allclose(dx, np.transpose(columns), atol=1e-10 / size)


@few
@given(seed=st.integers(0, 99), n=st.integers(1, 6))
def test_what_compares_samples_is_its_sums(seed, n):
    x, weight = random(n, 4, seed=seed), random(4, 6, seed=seed + 100)
    expected = naive.minibatch_stddev(x.tolist())
    np.testing.assert_allclose(ops.minibatch_stddev_forward(x)[0], expected, atol=1e-14)
    expected = naive.minibatch_discrimination(x.tolist(), weight.tolist(), 3)
    y = ops.minibatch_discrimination_forward(x, weight, 3)[0]
    np.testing.assert_allclose(y, expected, rtol=1e-12)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", [n for n in LAYERS if n != "gaussian_sample"])  # exp(x)
def test_what_is_constant_or_huge_is_finite_and_silent(name, dtype):
    shape = (5, *LAYERS[name].example_shape)
    for x in (np.zeros(shape), np.full(shape, 3.0), 1e6 * random(*shape)):
        subject = layer(name, dtype)
        with np.errstate(all="raise", under="ignore"):
            y, cache = subject.forward(x.astype(dtype), rng())
            dx = subject.backward(np.ones_like(y), cache, subject.parameters.like())
        assert np.isfinite(y).all()
        assert np.isfinite(dx).all()
        assert np.isfinite(subject.buffers.flat).all()


def test_the_mean_of_equal_numbers_is_that_number():
    x = np.full((3, 1), 1000.1, np.float32)
    assert x.mean() != x[0, 0]  # the sum is rounded
    np.testing.assert_array_equal(centre(x, 0)[1], x[:1])


@pytest.mark.parametrize("name", ["layer_norm", "batch_norm", "minibatch_stddev"])
def test_what_is_alike_far_from_0_is_0_normalised(name):
    """The rounding of the mean is not its spread; what differs by few digits keeps those."""
    offset, wave = np.float32(1000.1), np.tile(np.float32([0, 0.25, 0.5, 0.25]), 3)
    subject = LAYERS[name](*([12] if name != "minibatch_stddev" else []))
    for x, expected in ((np.full((12, 12), offset), 0), (np.add.outer(wave, wave) + 2**20, 1)):
        y, cache = subject.forward(x, rng())
        spread = y.std(axis=1 if name == "layer_norm" else 0) if y.shape == x.shape else y[:, -1]
        if name == "minibatch_stddev":
            expected = expected * wave.std()
        np.testing.assert_allclose(spread, expected, rtol=1e-3, atol=1e-4)
        assert np.isfinite(subject.backward(np.ones_like(y), cache)).all()
    if name == "batch_norm":
        _, var, _ = subject.buffers.values()
        np.testing.assert_allclose(var, 12 / 11 * wave.var() / 1.9, rtol=1e-5)


# --- against torch -------------------------------------------------------------------------------


def seen_by_torch(name):
    """Return a layer as a network, and what it is given: of what also takes images, "<layer> of images"."""
    net, of_images = Sequential(layer(name.split()[0])), "of images" in name
    return net, random(6, *((3, 2, 4) if of_images else net.layers[0].example_shape))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", IN_TORCH)
def test_a_layer_and_its_gradients_are_torchs(name, training):
    (net, x), noise = seen_by_torch(name), rng() if training else None
    y, cache = net.forward(x, noise)
    dy, grads = random(*y.shape, seed=1), net.parameters.like()
    dx = net.backward(dy, cache, grads)
    np.testing.assert_allclose(y, recorded("layer", name, training, "y"), rtol=0, atol=1e-13)
    expected = recorded("layer", name, training, "grads")
    np.testing.assert_allclose(np.append(grads.flat, dx), expected, rtol=0, atol=1e-12)


def test_running_moments_are_torchs_without_what_those_keep_of_their_start():
    norm = BatchNorm(4).astype(np.float64)
    for t in range(1, 9):
        norm(random(6, 4, seed=t) + 2, rng())
        mean, var, batches = norm.buffers.values()
        their_mean, their_var = recorded("running", t)
        kept = 0.9**t  # of the mean 0 and the variance 1
        np.testing.assert_allclose(mean, their_mean / (1 - kept), rtol=1e-13)
        np.testing.assert_allclose(var, (their_var - kept) / (1 - kept), rtol=1e-13)
        assert batches == t


def spectral():
    """Return a layer whose singular vectors are far from found."""
    dense = SpectralDense(5, 3, rng=0).astype(np.float64)
    dense.buffers["u"][...] = [1, 0, 0, 0, 0]
    return dense


def test_singular_vectors_move_as_torchs():
    dense = spectral()
    dense(random(2, 5), rng())
    for name, vector in dense.buffers.items():
        np.testing.assert_allclose(vector, recorded("spectral", name), rtol=1e-13)


# --- layer norm, batch norm ----------------------------------------------------------------------


def test_normalised_numbers_have_mean_0_and_variance_1():
    x = 5 * random(400, 30) + 7
    for name, axis in (("layer_norm", 1), ("batch_norm", 0)):
        y = LAYERS[name](30).astype(np.float64)(x, rng())
        np.testing.assert_allclose(y.mean(axis=axis), 0, atol=1e-12)
        np.testing.assert_allclose(y.var(axis=axis), 1, atol=1e-5)  # eps / variance, 1e-5 / 25


def test_layer_norm_sees_each_sample_by_itself_and_batch_norm_does_not():
    x, other = random(5, 4), random(5, 4, seed=1)
    mixed = np.vstack([x[:2], other[2:]])
    for subject in (LayerNorm(4), BatchNorm(4)):
        alone, among = (subject.astype(np.float64)(batch, rng())[:2] for batch in (x, mixed))
        assert np.array_equal(alone, among) != subject.couples_samples


def test_running_moments_converge_to_the_datas():
    noise, subject = rng(), BatchNorm(2).astype(np.float64)
    for _ in range(2000):
        subject(noise.normal([3.0, -1.0], [0.5, 2.0], (16, 2)), noise)
    # an average over 1/0.1 batches of 16: the mean errs by s / sqrt(16 * 19), five of these; the
    # variance by s2 sqrt(2 / (15 * 19)); the biased one would be 6 % too small as well
    mean, var, _ = subject.buffers.values()
    np.testing.assert_allclose(mean, [3.0, -1.0], atol=5 * 2 / np.sqrt(304))
    np.testing.assert_allclose(var, [0.25, 4.0], rtol=5 * np.sqrt(2 / 285))
    x = noise.normal([3.0, -1.0], [0.5, 2.0], (20_000, 2))
    y = subject(x)
    np.testing.assert_allclose(y, (x - mean) / np.sqrt(var + 1e-5), rtol=1e-12, atol=1e-12)


def test_the_first_batch_alone_makes_the_first_running_moments():
    subject, x = BatchNorm(4).astype(np.float64), 5 * random(6, 4) + 7
    subject(x, rng())
    np.testing.assert_allclose(subject.buffers["running_mean"], x.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(subject.buffers["running_var"], x.var(axis=0, ddof=1), rtol=1e-14)


def test_before_the_first_batch_the_moments_are_a_standard_normals():
    subject = BatchNorm(4).astype(np.float64)
    x = random(5, 4)
    np.testing.assert_allclose(subject(x), x / np.sqrt(1 + EPS), rtol=1e-14)
    assert subject.buffers["num_batches_tracked"] == 0


def test_the_running_variance_is_unbiased():
    x, variances = random(20_000, 2, 3), []
    for batch in x:
        moments = np.zeros(3), np.ones(3), np.zeros(1)
        ops.batch_norm_forward(batch, np.ones(3), np.zeros(3), *moments, 1.0, EPS)
        variances.append(moments[1])
    # the unbiased variance of two normal numbers has the mean 1 and the variance 2
    assert np.mean(variances) == pytest.approx(1, abs=5 * np.sqrt(2 / 60_000))


# --- what compares samples -----------------------------------------------------------------------

COUPLED = [name for name, kind in LAYERS.items() if kind.couples_samples]


@pytest.mark.parametrize("name", COUPLED)
def test_samples_in_another_order_give_the_same_in_another_order(name):
    subject, x, order = layer(name), random(6, 4), rng().permutation(6)
    y, cache = subject.forward(x, rng())
    dy = random(*y.shape, seed=1)
    shuffled, other = subject.forward(x[order], rng())
    np.testing.assert_allclose(shuffled, y[order], rtol=0, atol=1e-14)
    dx = subject.backward(dy, cache)
    np.testing.assert_allclose(subject.backward(dy[order], other), dx[order], rtol=0, atol=1e-13)


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_collapsed_batch_has_no_deviation_and_a_finite_gradient(dtype):
    x = np.repeat(random(1, 4).astype(dtype), 8, axis=0)
    y, cache = MinibatchStddev().forward(x)
    np.testing.assert_array_equal(y[:, :4], x)
    # the mean of 8 equal numbers is exact, so that is their deviation
    np.testing.assert_array_equal(y[:, 4], 0)
    ones = np.ones_like(y)
    np.testing.assert_array_equal(MinibatchStddev().backward(ones, cache), 1)
    ddy, dx = MinibatchStddev().double_backward(x, ones, cache)
    assert np.isfinite(ddy).all()
    assert np.isfinite(dx).all()


def test_the_deviation_is_that_of_the_data():
    x = rng().normal(0, [1.0, 3.0], (100_000, 2))
    # a standard deviation errs by s / sqrt(2n): five of these
    assert MinibatchStddev()(x)[:, 2] == pytest.approx(2.0, abs=5 * 2 / np.sqrt(200_000))


def test_closeness_counts_the_samples_that_are_alike():
    subject = MinibatchDiscrimination(4, 3, 2, rng=0).astype(np.float64)
    subject.parameters.flat[:] *= 1000
    x = random(3, 4)[[0, 1, 0, 2, 0]]  # of which others are too far away to count
    np.testing.assert_allclose(subject(x)[:, 4:], np.repeat([[3], [1], [3], [1], [3]], 3, axis=1))


@pytest.mark.parametrize("name", COUPLED)
def test_two_batches_are_computed_one_by_one(name):
    net = Sequential(Dense(4, 4), layer(name), Tanh(), rng=0).astype(np.float64)
    net = Sequential(net, Dense(net.out_width, 1), rng=1).astype(np.float64)
    x, dy, c = random(7, 4), random(7, 1, seed=1), abs(random(7, 1, seed=2))
    pair, grads, expected = TwoBatches(net, 3), net.parameters.like(), net.parameters.like()
    y, cache = pair.forward(x, rng())
    noise, passes = rng(), [(x[:3], dy[:3], c[:3]), (x[3:], dy[3:], c[3:])]
    alone = [net.forward(part, noise) for part, *_ in passes]
    np.testing.assert_array_equal(y, np.vstack([output for output, _ in alone]))
    assert abs(net(x, rng()) - y).max() > 1e-3
    dx = pair.backward(dy, cache, grads)
    both = list(zip(passes, alone, strict=True))
    dxs = [net.backward(d, inner, expected) for (_, d, _), (_, inner) in both]
    np.testing.assert_array_equal(dx, np.vstack(dxs))
    np.testing.assert_array_equal(grads.flat, expected.flat)
    assert pair.backward(dy, cache, input_grad=False) is None
    if name != "batch_norm":
        value = pair.penalized_backward(dy, c, cache, grads)
        values = [net.penalized_backward(d, k, inner, expected) for (_, d, k), (_, inner) in both]
        assert value == sum(values)
        np.testing.assert_array_equal(grads.flat, expected.flat)


@pytest.mark.parametrize("size", [1e-22, 1e-38, 1e25])
def test_a_weight_of_any_size_has_spectral_norm_1(size):
    dense = SpectralDense(4, 3, rng=0)
    dense.parameters["weight"][...] *= np.float32(size)
    for _ in range(50):
        y = dense(np.eye(4, dtype=np.float32), rng())
    assert np.linalg.norm(y, 2) == pytest.approx(1, rel=1e-3)


def test_a_penalty_on_what_batch_norm_couples_is_refused():
    net = Sequential(Dense(2, 4), BatchNorm(4), Dense(4, 1), rng=0)
    y, cache = net.forward(random(3, 2).astype(np.float32))
    dx, record = net.input_gradient(np.ones_like(y), cache)
    with pytest.raises(InputError, match=r"^BatchNorm\(4\) couples the samples of a batch: a gra"):
        net.double_backward(dx, record, cache)


# --- spectral norm -------------------------------------------------------------------------------


def sizes(layer):
    """Return the largest singular value of the weight that a layer multiplies by."""
    basis = np.eye(layer.in_features, dtype=layer.parameters.flat.dtype)
    return np.linalg.svd(layer(basis) - layer.parameters["bias"])[1][0]


@pytest.mark.parametrize("shape", [(7, 4), (4, 7), (5, 5), (1, 3), (3, 1)])
def test_the_weight_that_multiplies_tends_to_spectral_norm_1(shape):
    subject = SpectralDense(*shape, rng=0).astype(np.float64)
    x, seen = random(2, shape[0]), []
    subject.parameters["weight"][...] = random(*shape, seed=2)  # the singular vectors are others'
    for _ in range(200):
        seen.append(sizes(subject))
        subject(x, rng())
    assert seen[-1] == pytest.approx(1, abs=1e-9)
    # u W v never is larger than the largest singular value, and grows with each iteration
    assert all(a >= b - 1e-12 for a, b in pairwise(seen[1:]))


def test_new_weights_are_near_their_singular_vectors():
    assert sizes(SpectralDense(60, 40, rng=0)) == pytest.approx(1, abs=0.02)
    assert sizes(Sequential(SpectralDense(60, 40), rng=3).layers[0]) == pytest.approx(1, abs=0.02)


def test_a_longer_weight_is_the_same_layer():
    subject, x = SpectralDense(5, 3, rng=0).astype(np.float64), random(6, 5)
    before = subject(x)
    subject.parameters["weight"][...] *= 10
    np.testing.assert_allclose(subject(x), before, rtol=1e-13)
    y, cache = subject.forward(x)
    grads = subject.parameters.like()
    subject.backward(random(*y.shape, seed=1), cache, grads)
    along = (grads["weight"] * subject.parameters["weight"]).sum()
    assert along == pytest.approx(0, abs=1e-12)


def test_shorter_vectors_of_an_average_are_the_same_directions():
    subject, x = SpectralDense(5, 3, rng=0).astype(np.float64), random(6, 5)
    before = subject(x)
    subject.buffers.flat[:] *= 0.5
    np.testing.assert_allclose(subject(x), before, rtol=1e-14)


def test_a_pass_keeps_the_vectors_that_it_was_made_with():
    subject, x = SpectralDense(5, 3, rng=0).astype(np.float64), random(6, 5)
    subject.parameters["weight"][...] = random(5, 3, seed=2)
    y, cache = subject.forward(x)
    dy, before, after = random(*y.shape, seed=1), *(subject.parameters.like() for _ in range(2))
    subject.backward(dy, cache, before)
    subject(x, rng())
    subject.backward(dy, cache, after)
    np.testing.assert_array_equal(after.flat, before.flat)
