"""A small network, its data, and a training pass, which the tests of layers share."""

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
    """Return a layer's example in words, between layers that make it take and return rows if it is for images."""
    layer = example(name)
    if len(layer.example_shape) == 1:
        return [layer.spec()]
    height, width, channels = layer.example_shape
    image = f"reshape {height} {width} {channels}"
    rows = ["flatten"] if len(layer.out_shape(layer.example_shape)) > 1 else []
    return [f"dense 4 {height * width * channels}", image, layer.spec(), *rows]


def one_pass(net, x, dy, seed):
    """Return the gradients of one training pass, by the input and by the parameters."""
    grads = net.parameters.like()
    _, cache = net.forward(x, np.random.default_rng(seed))
    return net.backward(dy, cache, grads), grads.flat
