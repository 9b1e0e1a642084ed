"""Layers: shapes, float types, and caches that belong to their pass."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_networks import batch, network, one_pass

from npgan import (
    BatchNorm,
    Dense,
    GaussianSample,
    InputError,
    Layer,
    LayerNorm,
    MinibatchDiscrimination,
    MinibatchStddev,
    ReLU,
    Sequential,
    Softmax,
    SpectralDense,
    Tanh,
    backend,
    gradcheck,
)
from npgan.layers import LAYERS, build, example
from npgan.layers.beside import Beside
from npgan.layers.conv import Convolution

BACKWARD = Dense.backward
# the least batch that has a deviation, by whether it is a training pass
LEAST = {("batch_norm", True): 2, ("minibatch_stddev", False): 1, ("minibatch_stddev", True): 1}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("training", [False, True])
@given(n=st.integers(0, 5), dtype=st.sampled_from([np.float32, np.float64]))
@settings(deadline=None, max_examples=8)
def test_a_layer_keeps_rows_and_float_type_and_returns_the_width_it_says(name, training, n, dtype):
    subject, n = example(name).astype(dtype), max(n, LEAST.get((name, training), 0))
    x = np.random.default_rng(0).standard_normal((n, *subject.example_shape)).astype(dtype)
    y, cache = subject.forward(x, np.random.default_rng(0) if training else None)
    dx = subject.backward(np.ones_like(y), cache, subject.parameters.like())
    assert y.shape == (n, *subject.out_shape(subject.example_shape))
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


def test_where_no_input_gradient_is_wanted_a_pass_ends_at_the_first_layer_with_parameters(
    monkeypatch,
):
    net, x = Sequential(Tanh(), Dense(5, 3), Softmax(), rng=0), batch(0, width=5)
    y, cache = net.forward(x)
    expected, grads = net.parameters.like(), net.parameters.like()
    net.backward(y, cache, expected)
    wanted = []

    def once(layer, dy, cache, grads, input_grad):
        wanted.append(input_grad)
        return BACKWARD(layer, dy, cache, grads, input_grad)

    monkeypatch.setattr(Tanh, "backward", None)
    monkeypatch.setattr(Dense, "backward", once)
    assert net.backward(y, cache, grads, input_grad=False) is None
    assert wanted == [False]
    np.testing.assert_array_equal(grads.flat, expected.flat)


def test_softmax_returns_rows_that_sum_to_1():
    y = Softmax()(batch(0, n=100))
    assert np.abs(y.sum(axis=1) - 1).max() <= 4 * np.finfo(np.float32).eps


def test_a_layer_must_say_how_it_goes_forward_and_back_and_what_weights_it_has():
    for way in (
        lambda: Layer().forward(np.ones((1, 1))),
        lambda: Layer().backward(np.ones((1, 1)), None),
        lambda: Convolution.shapes(2, 2, 3),
    ):
        with pytest.raises(NotImplementedError):
            way()


def test_gradients_are_parameters_of_the_layers_shapes_and_float_type():
    layer, x = Dense(3, 2, rng=0), np.ones((4, 3), np.float32)
    y, cache = layer.forward(x)
    arrays = {"weight": np.zeros((3, 2)), "bias": np.zeros(2)}
    for grads in (arrays, layer.astype(np.float64).parameters.like(), Dense(2, 3).parameters):
        with pytest.raises(InputError, match="grads"):
            layer.backward(y, cache, grads)


@pytest.mark.parametrize("what", ["the parameters", "read-only numbers"])
def test_gradients_are_added_to_memory_of_their_own(what):
    layer = Dense(3, 2, rng=0)
    grads = layer.parameters if what == "the parameters" else layer.parameters.like()
    grads.flat.flags.writeable = what == "the parameters"
    y, cache = layer.forward(np.ones((4, 3), np.float32))
    with pytest.raises(InputError, match="memory of their own"):
        layer.backward(y, cache, grads)


LIKE_OTHERS = {
    "a dict": lambda net: dict(net.parameters.like()),
    "another float type": lambda net: net.parameters.like(np.float64),
    "another network": lambda net: Dense(4, 3).parameters.like(),
}


@pytest.mark.parametrize("choice", backend.BACKENDS)
@pytest.mark.parametrize("what", LIKE_OTHERS)
def test_gradients_of_anything_else_are_refused(what, choice):
    backend.use(choice)
    net = Sequential(Dense(4, 3), Tanh(), Dense(3, 1), rng=0)
    y, cache = net.forward(batch(0))
    grads = LIKE_OTHERS[what](net)
    for way in (
        lambda: net.backward(y, cache, grads),
        lambda: net.penalized_backward(y, np.ones_like(y), cache, grads),
    ):
        with pytest.raises(InputError, match="grads must be"):
            way()


def test_layers_beside_others_are_drawn_by_the_seed_that_is_given():
    first, again, other = (
        Beside(Dense(3, 2), columns=1, rng=seed).parameters.flat.copy() for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
