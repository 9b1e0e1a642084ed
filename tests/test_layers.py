"""Layers: shapes, caches that belong to their pass, and parameters that share one vector."""

import copy
import pickle
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npgan import (
    BatchNorm,
    Dense,
    Dropout,
    GaussianNoise,
    GaussianSample,
    InputError,
    LayerNorm,
    LeakyReLU,
    MinibatchDiscrimination,
    MinibatchStddev,
    Pixelate,
    RandomBlock,
    RandomShift,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    SpectralDense,
    Tanh,
    backend,
    gradcheck,
)
from npgan.layers import LAYERS, build, count_weights, example
from npgan.layers.chain import Chain

# the least batch that has a deviation, by whether it is a training pass
LEAST = {("batch_norm", True): 2, ("minibatch_stddev", False): 1, ("minibatch_stddev", True): 1}


def network(rng=0):
    return Sequential(
        Dense(4, 6), LeakyReLU(), Dropout(0.3), GaussianSample(), Dense(3, 2), Tanh(), rng=rng
    )


def batch(seed, n=5, width=4):
    return np.random.default_rng(seed).standard_normal((n, width), np.float32)


def one_pass(net, x, dy, seed):
    """Return the gradients of one training pass, by the input and by the parameters."""
    grads = net.parameters.like()
    _, cache = net.forward(x, np.random.default_rng(seed))
    return net.backward(dy, cache, grads), grads.flat


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("training", [False, True])
@given(n=st.integers(0, 5), dtype=st.sampled_from([np.float32, np.float64]))
@settings(deadline=None, max_examples=8)
def test_a_layer_keeps_rows_and_float_type_and_returns_the_width_it_says(name, training, n, dtype):
    subject, n = example(name).astype(dtype), max(n, LEAST.get((name, training), 0))
    x = batch(0, n).astype(dtype)
    y, cache = subject.forward(x, np.random.default_rng(0) if training else None)
    dx = subject.backward(np.ones_like(y), cache, subject.parameters.like())
    assert y.shape == (n, *subject.out_shape((4,)))
    assert dx.shape == x.shape
    assert y.dtype == dx.dtype == dtype


TYPED = {
    Dense: (4, 3),
    SpectralDense: (4, 3),
    MinibatchDiscrimination: (4, 3, 2),
    LayerNorm: (4,),
    BatchNorm: (4,),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", TYPED)
def test_a_layer_has_the_float_type_that_it_is_given(kind, dtype):
    subject = kind(*TYPED[kind], dtype=dtype)
    assert subject.parameters.flat.dtype == dtype
    assert subject.buffers.flat.dtype == dtype or not subject.buffers
    assert kind(*TYPED[kind]).parameters.flat.dtype == np.float32


IN_A_ROW = {
    "two activations": ["dense 4 5", "tanh", "sigmoid", "dense 5 2"],
    "three of a kind": ["dense 4 2", "leaky_relu 0.2", "leaky_relu 0.3", "leaky_relu 0.4"],
    "first of all": ["elu", "dense 4 2", "softplus"],
    "after something else": ["dense 4 5", "dropout 0.3", "tanh", "dense 5 2"],
}


@pytest.mark.parametrize("name", IN_A_ROW)
def test_an_activation_counts_wherever_it_stands(name):
    net = build(IN_A_ROW[name], rng=0).astype(np.float64)
    x, dy = batch(0).astype(float), batch(1, width=2).astype(float)
    y, *gradients = net(x), *one_pass(net, x, dy, 0)
    backend.use("numba")
    for mine, expected in zip((net(x), *one_pass(net, x, dy, 0)), (y, *gradients), strict=True):
        np.testing.assert_allclose(mine, expected, rtol=0, atol=1e-13)
    layer_by_layer = x
    for layer in net.layers:
        layer_by_layer = layer(layer_by_layer)
    np.testing.assert_allclose(net(x), layer_by_layer, rtol=0, atol=1e-13)


@given(widths=st.lists(st.integers(1, 7), min_size=2, max_size=5), n=st.integers(0, 4))
@settings(deadline=None, max_examples=25)
def test_a_chain_of_dense_layers_has_the_widths_it_was_given(widths, n):
    net = Sequential(*(Dense(a, b) for a, b in pairwise(widths)), rng=0)
    assert net(np.ones((n, widths[0]), np.float32)).shape == (n, widths[-1])
    assert (net.in_width, net.out_width) == (widths[0], widths[-1])
    expected = sum((a + 1) * b for a, b in pairwise(widths))
    assert net.parameters.flat.size == expected


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_passes_keep_caches_of_their_own(order):
    net, xs, dys = network(), [batch(1), batch(2)], [batch(3, width=2), batch(4, width=2)]
    alone = [one_pass(net, xs[i], dys[i], seed=i) for i in (0, 1)]
    caches = [net.forward(xs[i], np.random.default_rng(i))[1] for i in (0, 1)]
    for i in order:
        grads = net.parameters.like()
        np.testing.assert_array_equal(net.backward(dys[i], caches[i], grads), alone[i][0])
        np.testing.assert_array_equal(grads.flat, alone[i][1])


def test_gradients_are_added_to_those_that_are_there():
    net, x, dy = network(), batch(0), batch(1, width=2)
    grads = net.parameters.like()
    grads.flat[:] = 1
    _, cache = net.forward(x, np.random.default_rng(0))
    net.backward(dy, cache, grads)
    np.testing.assert_array_equal(grads.flat, 1 + one_pass(net, x, dy, seed=0)[1])


@pytest.mark.parametrize("net", [Dense(4, 2, rng=0), network()], ids=["dense", "sequential"])
def test_each_gradient_can_be_left_out(net):
    y, cache = net.forward(batch(0), np.random.default_rng(0))
    grads = [net.parameters.like(), net.parameters.like()]
    dx = net.backward(np.ones_like(y), cache, grads[0])
    np.testing.assert_array_equal(net.backward(np.ones_like(y), cache, None), dx)
    assert net.backward(np.ones_like(y), cache, grads[1], input_grad=False) is None
    np.testing.assert_array_equal(grads[0].flat, grads[1].flat)


def test_without_rng_no_buffer_changes():
    net = Sequential(BatchNorm(4), SpectralDense(4, 2), rng=0)
    net.buffers.flat[:] = before = np.linspace(0.5, 1, net.buffers.flat.size, dtype=np.float32)
    net(batch(0))
    np.testing.assert_array_equal(net.buffers.flat, before)


COPIES = {
    "itself": lambda net: net,
    "deepcopy": copy.deepcopy,
    "astype": lambda net: net.astype(np.float32),
    "pickle": lambda net: pickle.loads(pickle.dumps(net)),
}


@pytest.mark.parametrize("how", COPIES)
def test_parameters_are_views_into_one_vector(how):
    original = Sequential(network(), Dense(2, 2), rng=0)
    net = COPIES[how](original)
    inner, outer = net.layers[0].layers[0].parameters, net.layers[1].parameters
    net.parameters.flat[:] = 7
    assert (inner["weight"] == 7).all()
    assert (outer["bias"] == 7).all()
    inner["bias"][:] = 8
    assert (net.layers[0].parameters["0.bias"] == 8).all()
    assert (net.parameters["0.0.bias"] == 8).all()
    assert (net.parameters.flat == 8).sum() == inner["bias"].size


def with_buffers():
    return Sequential(Sequential(BatchNorm(4), Tanh()), SpectralDense(4, 2), BatchNorm(2), rng=0)


@pytest.mark.parametrize("how", COPIES)
def test_buffers_are_views_into_one_vector(how):
    net = COPIES[how](with_buffers())
    assert list(net.buffers) == [
        *("0.0.running_mean", "0.0.running_var", "0.0.num_batches_tracked", "1.u", "1.v"),
        *("2.running_mean", "2.running_var", "2.num_batches_tracked"),
    ]
    net.buffers.flat[:] = 7
    inner = net.layers[0].layers[0].buffers
    assert (inner["running_var"] == 7).all()
    net(batch(0), np.random.default_rng(0))
    assert (inner["running_mean"] < 7).all()
    np.testing.assert_array_equal(net.buffers["0.0.running_mean"], inner["running_mean"])
    assert net.buffers["1.u"] is not net.layers[1].buffers["u"]
    np.testing.assert_array_equal(net.buffers["1.u"], net.layers[1].buffers["u"])
    assert (net.buffers.flat != 7).all()


@pytest.mark.parametrize("how", [how for how in COPIES if how != "itself"])
def test_a_copys_buffers_are_the_same_numbers_in_memory_of_their_own(how):
    net = with_buffers()
    net(batch(0), np.random.default_rng(0))
    twin, before = COPIES[how](net), net.buffers.flat.copy()
    np.testing.assert_array_equal(twin.buffers.flat, before)
    twin(batch(1), np.random.default_rng(0))
    np.testing.assert_array_equal(net.buffers.flat, before)
    assert (twin.buffers["0.0.running_mean"] != net.buffers["0.0.running_mean"]).all()
    assert net.astype(np.float64).buffers.flat.dtype == np.float64


@pytest.mark.parametrize("how", [how for how in COPIES if how != "itself"])
def test_a_copy_computes_the_same_from_memory_of_its_own(how):
    net = network()
    twin = COPIES[how](net)
    before = net(batch(0))
    np.testing.assert_array_equal(twin(batch(0)), before)
    twin.parameters.flat[:] = 0
    np.testing.assert_array_equal(net(batch(0)), before)


@pytest.mark.parametrize("choice", backend.BACKENDS)
@pytest.mark.parametrize("how", COPIES)
def test_a_body_is_the_network_without_its_last_layer_whatever_becomes_of_its_weights(how, choice):
    backend.use(choice)
    net = Sequential(Dense(4, 5), Tanh(), Dense(5, 2), Sigmoid(), rng=0)
    net.body()
    net = COPIES[how](net)
    net.parameters.flat[...] += 1  # as an optimiser does
    dtype, last = net.parameters.flat.dtype, Sigmoid()
    logits, cache = net.body().forward(batch(0).astype(dtype))
    y, whole = net.forward(batch(0).astype(dtype))
    np.testing.assert_array_equal(y, last(logits))
    ours, theirs, dy = net.parameters.like(), net.parameters.like(), np.ones_like(y)
    net.body().backward(last.backward(dy, y), cache, ours)
    for inner in (whole, [*cache, y]):
        theirs.flat[...] = 0
        net.backward(dy, inner, theirs)
        np.testing.assert_array_equal(ours.flat, theirs.flat)
    assert all(gradient.any() for gradient in ours.values())


def test_a_sequential_copies_the_layers_it_is_given_with_their_weights():
    first = Dense(4, 3, rng=0)
    net = Sequential(first, ReLU())
    np.testing.assert_array_equal(net.layers[0].parameters.flat, first.parameters.flat)
    net.parameters.flat[:] = 0
    assert first.parameters["weight"].any()


def test_a_nested_sequential_is_the_flat_one():
    flat = Sequential(Dense(4, 3), Tanh(), Dense(3, 2), rng=0)
    nested = Sequential(Sequential(Dense(4, 3), Tanh()), Dense(3, 2), rng=0)
    assert list(nested.parameters) == ["0.0.weight", "0.0.bias", "1.weight", "1.bias"]
    np.testing.assert_array_equal(nested(batch(0)), flat(batch(0)))
    passes = [one_pass(net, batch(0), batch(1, width=2), seed=0) for net in (flat, nested)]
    for of_flat, of_nested in zip(*passes, strict=True):
        np.testing.assert_array_equal(of_nested, of_flat)


def test_a_network_of_more_than_ten_layers_keeps_their_gradients_apart():
    net = Sequential(*(Dense(2, 2) for _ in range(12)), rng=0)
    assert gradcheck(net, batch(0, width=2).astype(float))
    assert net.parameters.scope("1").keys() == {"weight", "bias"}


def test_the_same_seed_draws_the_same_weights_and_another_seed_others():
    a, b, c = (network(seed).parameters.flat for seed in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)
    assert not np.array_equal(*(Dense(4, 4, rng=seed).parameters["weight"] for seed in (1, 2)))


SPOIL = [Dropout(0.5), GaussianNoise(0.5), RandomShift(2), RandomBlock(1), Pixelate(2)]


@pytest.mark.parametrize("random", SPOIL, ids=repr)
def test_without_rng_what_spoils_the_input_passes_it_on(random):
    y, cache = random.forward(batch(0))
    np.testing.assert_array_equal(y, batch(0))
    np.testing.assert_array_equal(random.backward(y, cache), y)
    np.testing.assert_array_equal(random.double_backward(y, y, cache)[0], y)


def test_without_rng_a_gaussian_sample_is_its_mean():
    np.testing.assert_array_equal(GaussianSample()(batch(0)), batch(0)[:, :2])


def test_a_random_shift_moves_to_all_places_equally_often():
    n, point = 9000, np.eye(25)[12:13]  # in the middle of 5 x 5 pixels
    places = RandomShift(1)(np.repeat(point, n, axis=0), np.random.default_rng(0)).sum(axis=0)
    middle = places.reshape(5, 5)[1:4, 1:4]
    assert middle.sum() == n
    assert (abs(middle / n - 1 / 9) < 5 * np.sqrt(8 / 81 / n)).all()


def test_the_mean_of_a_gaussian_sample_does_not_depend_on_its_variance():
    x, layer = np.array([[1.0, 2.0, 2000.0, np.inf]]), GaussianSample()
    y, cache = layer.forward(x)
    np.testing.assert_array_equal(y, [[1, 2]])
    np.testing.assert_array_equal(layer.backward(y, cache), [[1, 2, 0, 0]])


def test_with_rng_layers_are_random_and_replayed_by_the_seed():
    for random in (*SPOIL[:-1], GaussianSample()):
        a, b, c = (random(batch(0), np.random.default_rng(seed)) for seed in (1, 1, 2))
        np.testing.assert_array_equal(a, b)
        assert not np.array_equal(a, c)


def test_gaussian_noise_has_its_standard_deviation_and_no_mean():
    noise = GaussianNoise(0.3)(np.zeros((1000, 100)), np.random.default_rng(0))
    assert abs(noise.mean()) < 5 * 0.3 / np.sqrt(noise.size)
    assert abs(noise.std() / 0.3 - 1) < 5 * np.sqrt(0.5 / noise.size)


def test_a_random_block_is_a_square_that_lies_at_all_places_equally_often():
    n = 9000
    kept = RandomBlock(2)(np.ones((n, 16)), np.random.default_rng(0)).reshape(n, 4, 4)
    corners = kept[:, [0, 0, 3, 3], [0, 3, 0, 3]] == 0
    assert ((kept == 0).sum(axis=(1, 2)) == 4).all()
    assert ((kept == 0).any(axis=1).sum(axis=1) == 2).all()
    assert (abs(corners.mean(axis=0) - 1 / 9) < 5 * np.sqrt(8 / 81 / n)).all()


def test_a_sample_layer_has_the_variance_that_its_input_says():
    n = 100_000
    x = np.repeat([[1.0, 2.0]], n, axis=0)
    z = GaussianSample()(x, np.random.default_rng(0))
    assert abs(z.mean() - 1) < 5 * np.sqrt(np.exp(2) / n)
    assert abs(((z - 1) ** 2).mean() / np.exp(2) - 1) < 5 * np.sqrt(2 / n)


@pytest.mark.parametrize("name", LAYERS)
def test_spec_and_build_are_each_others_inverse(name):
    subject = example(name)
    twin = build([subject.spec()]).layers[0]
    assert type(twin) is LAYERS[name]
    assert twin.spec() == subject.spec()
    assert twin.parameters.shapes == subject.parameters.shapes


SAID = {
    "dense 4 3": "Dense(4, 3)",
    "dense 4 3 he_normal": "Dense(4, 3, he_normal)",
    "spectral_dense 4 3 normal": "SpectralDense(4, 3, normal)",
    "minibatch_discrimination 4 3 2": "MinibatchDiscrimination(4, 3, 2)",
    "fourier 4 3 0.5 8.0": "FourierFeatures(4, 3, 0.5, 8.0)",
    "batch_norm 4": "BatchNorm(4)",
    "leaky_relu 0.1": "LeakyReLU(0.1)",
    "elu 1.0": "ELU(1.0)",
    "dropout 0.3": "Dropout(0.3)",
    "random_shift 2": "RandomShift(2)",
    "relu": "ReLU()",
}


@pytest.mark.parametrize("words", SAID)
def test_a_layers_words_are_its_constructors_arguments(words):
    subject = build([words]).layers[0]
    assert (subject.spec(), repr(subject)) == (words, SAID[words])


@pytest.mark.parametrize("name", LAYERS)
def test_weights_are_counted_before_they_are_made(name):
    spec = example(name).spec()
    assert (
        count_weights([spec, [spec], {"sequential": [spec]}])
        == 3 * example(name).parameters.flat.size
    )


def test_a_networks_spec_builds_it_again():
    net = network()
    twin = build([layer.spec() for layer in net])
    assert repr(twin) == repr(net)
    assert twin.parameters.shapes == net.parameters.shapes


def test_a_list_in_the_list_is_a_residual_block():
    net = build(["scale 2.0", ["dense 3 5", "tanh", ["dense 5 5"], "dense 5 3"], "relu"], rng=0)
    x = batch(0, width=3)
    block = net.layers[1]
    inner = Sequential(*block.layers)
    np.testing.assert_array_equal(net(x), np.maximum(2 * x + inner(2 * x), 0))
    assert list(net.parameters)[2:4] == ["1.2.0.weight", "1.2.0.bias"]
    assert repr(block).startswith("Residual(Dense(3, 5), Tanh(), Residual(")
    assert (net.in_width, net.out_width) == (3, 3)


def test_a_residual_block_of_nothing_is_the_identity_and_so_is_its_gradient():
    block = build([["dense 3 5", "relu", "dense 5 3"]]).layers[0]
    block.parameters.flat[:] = 0
    x, dy = batch(0, width=3), batch(1, width=3)
    y, cache = block.forward(x)
    np.testing.assert_array_equal(y, x)
    np.testing.assert_array_equal(block.backward(dy, cache), dy)


def test_a_network_may_begin_with_a_sample():
    net = Sequential(GaussianSample(), Dense(4, 2), rng=0)
    assert (net.in_width, net.out_width) == (8, 2)


def test_the_width_of_the_input_is_found_through_any_layers():
    first = Sequential(MinibatchStddev(), GaussianSample(), MinibatchStddev())
    assert (first.in_width, first.out_width) == (0, 0)
    net = Sequential(first, Dense(4, 3), rng=0)  # 4 = (5 + 1) / 2 + 1
    assert (net.in_width, net.out_width) == (5, 3)
    assert net(batch(0, width=5)).shape == (5, 3)


def test_a_summary_has_a_line_a_layer_and_a_total():
    lines = network().summary().splitlines()
    assert [line.split("  ")[0] for line in lines] == [
        "layer",
        "Dense(4, 6)",
        "LeakyReLU(0.2)",
        "Dropout(0.3)",
        "GaussianSample()",
        "Dense(3, 2)",
        "Tanh()",
        "total",
    ]
    assert [line.split()[-1] for line in lines[1:]] == ["30", "0", "0", "0", "8", "0", "38"]
    assert [line.split("(n, ")[1][0] for line in lines[1:-1]] == list("666322")


WRONG = [
    (lambda: Dense(0, 3), "at least 1, not 0"),
    (lambda: Dense(3, -1), "at least 1, not -1"),
    (lambda: Dense(3, 2.5), "at least 1, not 2.5"),
    (lambda: Dense(3, 2, "glorot"), "unknown initialiser 'glorot': did you mean 'glorot_"),
    (lambda: Dense(3, 2)(np.ones((5, 4))), r"Dense\(3, 2\) takes an input of shape \(n, 3\)"),
    (lambda: Dense(3, 2)(np.ones(3)), r"not float64 \(3,\)"),
    (lambda: Sequential(), "at least one layer"),
    (lambda: Sequential(Dense(3, 2), ReLU(), Dense(3, 1)), r"Dense\(3, 1\) follows a layer 2 wide"),
    (lambda: Sequential(Dense(2, 3), GaussianSample()), "an even width, not 3"),
    (lambda: GaussianSample()(np.ones((2, 3))), "an even width, not 3"),
    (lambda: LeakyReLU(0.0), "the slope of a leaky_relu must be a positive number, not 0.0"),
    (lambda: LeakyReLU(float("nan")), "must be a positive number, not nan"),
    (lambda: build(["elu -1.0"]), "the alpha of an elu must be a positive number, not -1.0"),
    (lambda: Dropout(1.0), r"must be a number in \[0, 1\), not 1.0"),
    (lambda: Dropout(-0.1), r"must be a number in \[0, 1\), not -0.1"),
    (lambda: build(["dens 2 3"]), "unknown layer 'dens': did you mean 'dense'"),
    (lambda: build([""]), "unknown layer ''"),
    (lambda: build(["dense 2"]), "layer 'dense 2': dense does not take these arguments"),
    (lambda: build(["dense 2 three"]), "at least 1, not 'three'"),
    (lambda: build(["relu much"]), "relu does not take these arguments"),
    (lambda: build([]), "at least one layer"),
    (lambda: LayerNorm(0), "width of layer_norm must be a whole number, at least 1, not 0"),
    (lambda: build(["batch_norm wide"]), "width of batch_norm must be a whole number"),
    (lambda: LayerNorm(3)(np.ones((5, 4))), r"LayerNorm\(3\) takes an input of shape \(n, 3\)"),
    (lambda: BatchNorm(3)(np.ones(3)), r"BatchNorm\(3\) takes an input .* not float64 \(3,\)"),
    (lambda: Sequential(Dense(2, 3), BatchNorm(2)), r"BatchNorm\(2\) follows a layer 3 wide"),
    (
        lambda: BatchNorm(2)(np.ones((1, 2)), np.random.default_rng(0)),
        "batch normalisation needs at least 2 samples in training, not 1",
    ),
    (lambda: Sequential(MinibatchStddev(), Dense(1, 3)), "after it is at least 2 wide"),
    (lambda: MinibatchDiscrimination(3, 0, 2), "kernels of minibatch_discrimination must be"),
    (lambda: MinibatchDiscrimination(3, 2, 0), "dim of minibatch_discrimination must be"),
    (lambda: MinibatchDiscrimination(3, 2, 2)(np.ones((5, 4))), r"of shape \(n, 3\), not"),
    (
        lambda: Sequential(Dense(2, 3), MinibatchDiscrimination(2, 1, 1)),
        "follows a layer 3 wide",
    ),
    (lambda: SpectralDense(3, 2)(np.ones((5, 4))), r"SpectralDense\(3, 2\) takes an input"),
    (lambda: SpectralDense(3, 2, "zeros"), "weight's size, which must not start at 0"),
    (lambda: build([[]]), "at least one layer"),
    (lambda: build([["dense 2 3"]]), "its layers take 2 numbers and return 3"),
    (lambda: build(["dense 2 3", ["dense 2 2"]]), r"Dense\(2, 2\) follows a layer 3 wide"),
    (lambda: build(["random_shift 0"]), "the size of a random_shift must be"),
    (lambda: RandomShift(1)(np.ones((2, 3)), np.random.default_rng(0)), "3 is no square number"),
    (
        lambda: Pixelate(2)(np.ones((2, 9)), np.random.default_rng(0)),
        "cells 2 wide do not fit an image 3",
    ),
    (lambda: RandomBlock(4)(np.ones((2, 9)), np.random.default_rng(0)), "a block's size must be"),
    (lambda: build(["gaussian_noise -1"]), "the standard deviation of noise must"),
    (lambda: build(["scale 0"]), "the factor of a scale must be a positive number, not 0"),
    (lambda: build(["fourier 2 8"]), "'fourier 2 8': fourier does not take these arguments"),
    (lambda: build(["fourier 2 0 1 2"]), "the number of frequencies must be a whole number"),
    (lambda: build(["fourier 0 1 1 2"]), "the width of Fourier features must be a whole number"),
    (lambda: build(["fourier 2 8 0 2"]), "the least frequency must be a positive number, not 0"),
    (lambda: build(["fourier 2 8 4 2"]), "the least frequency, 4, is above the greatest, 2"),
    (lambda: build(["fourier 2 8 1 9"])(np.ones((5, 3))), r"takes an input of shape \(n, 2\)"),
    (
        lambda: chain().forward(np.ones((5, 4), np.float32)),
        r"must have shape \(n, 3\), not \(5, 4\)",
    ),
    (lambda: build(["dense 3 3", "fourier 2 8 1 9"]), "8, 1.0, 9.0\\) follows a layer 3 wide"),
]


def chain():
    net = build(["dense 3 2", "tanh"], rng=0)
    return Chain(net.parameters, [("0", *net.layers)])


@pytest.mark.parametrize(("make", "message"), WRONG)
def test_what_cannot_be_built_or_applied_is_refused_in_words(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_softmax_returns_rows_that_sum_to_1():
    y = Softmax()(batch(0, n=100))
    assert np.abs(y.sum(axis=1) - 1).max() <= 4 * np.finfo(np.float32).eps
