"""Parameters and buffers are views into one vector, in copies too."""

import copy
import pickle

import numpy as np
import pytest
from small_networks import batch, network

from npgan import BatchNorm, Dense, Sequential, Sigmoid, SpectralDense, Tanh, backend

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
