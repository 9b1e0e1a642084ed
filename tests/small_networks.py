"""A small network, its data, and a training pass, which the tests of layers share."""

import math

import numpy as np

from npgan import Dense, Dropout, GaussianSample, LeakyReLU, Sequential, Tanh
from npgan.layers import example


def network(rng=0):
    return Sequential(
        Dense(4, 6), LeakyReLU(), Dropout(0.3), GaussianSample(), Dense(3, 2), Tanh(), rng=rng
    )


def batch(seed, n=5, width=4):
    return np.random.default_rng(seed).standard_normal((n, width), np.float32)


def for_rows(name):
    """Return a layer's example in words, between layers that make it take and return rows if it has images."""
    layer, before, after = example(name), [], []
    if len(layer.example_shape) > 1:
        size = math.prod(layer.example_shape)
        before = [f"dense 4 {size}", "reshape {} {} {}".format(*layer.example_shape)]
    if len(layer.out_shape(layer.example_shape)) > 1:
        after = ["flatten"]
    return [*before, layer.spec(), *after]


def one_pass(net, x, dy, seed):
    """Return the gradients of one training pass, by the input and by the parameters."""
    grads = net.parameters.like()
    _, cache = net.forward(x, np.random.default_rng(seed))
    return net.backward(dy, cache, grads), grads.flat
