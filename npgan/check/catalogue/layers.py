"""The layers, the networks that bear a penalty, and their second derivatives."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from npgan.check.catalogue.case import Case
from npgan.check.second_order import double_backward, penalized_backward
from npgan.layers import (
    LAYERS,
    Activation,
    BatchNorm,
    Layer,
    Sequential,
    build,
    example,
)
from npgan.layers.chain import fuse
from npgan.layers.normalisation import Norm
from npgan.layers.spectral import Spectral, matrix
from npgan.objectives.penalties import PENALTIES, gradient_penalty

SECOND_ORDER = [
    name for name, kind in LAYERS.items() if kind.double_backward is not Layer.double_backward
]
"""Layers that have a second derivative."""
IMAGES = (
    *(
        "batch_norm",
        "minibatch_stddev",
        "pixel_norm",
        "gaussian_noise",
        "random_brightness",
        "random_contrast",
    ),
    *("random_flip", "random_shift", "random_block", "pixelate"),
)
"""Layers whose examples take rows, and that take images as well."""
IMAGE = (6, 2, 4)
BESIDE: dict[str, Any] = {"sequential": ["dense 3 5", "tanh", "dense 5 2", "tanh"], "beside": 1}
SHORTCUT = {"residual": ["dense 4 5", "tanh", "dense 5 3"], "shortcut": ["dense 4 3", "sigmoid"]}


def prepared(network: Sequential) -> Sequential:
    """Return a network in float64, fit to be checked.

    A normalisation's weights are not 1, which would hide that they are forgotten. Singular vectors
    are exact, and passes leave them there: what a step of several passes computes has its gradient.
    """
    network = network.astype(np.float64)
    for layer in network.layers:
        if isinstance(layer, Norm):
            layer.parameters.flat[...] = np.linspace(0.5, 1.5, layer.parameters.flat.size)
        if isinstance(layer, Spectral):
            u, _, v = np.linalg.svd(matrix(layer.parameters["weight"]))
            layer.buffers["u"][...], layer.buffers["v"][...] = u[:, 0], v[0]
    return network


def _samples(layer: Layer, rng: np.random.Generator, shape: tuple[int, ...] = ()) -> np.ndarray:
    """Return a batch for a layer: five samples, of images two unless the layer compares them."""
    shape = shape or layer.example_shape
    n = 2 if len(shape) == 3 and not layer.couples_samples else 5
    return rng.standard_normal((n, *shape))


def layers(rng: np.random.Generator) -> Iterator[Case]:
    """Yield every layer, and batch normalisation by frozen moments."""
    for name, kind in LAYERS.items():
        layer = prepared(Sequential(example(name))).layers[0]
        yield Case(f"layer {name}", layer, (_samples(layer, rng),), analytic=not kind.corners)
    for name in IMAGES:
        layer = prepared(Sequential(example(name))).layers[0]
        yield Case(f"layer {name}, images", layer, (_samples(layer, rng, IMAGE),))
    frozen = prepared(Sequential(BatchNorm(4))).layers[0]
    frozen.buffers.flat[...] = rng.uniform(0.5, 1.5, 9)
    yield Case("layer batch_norm, evaluated", frozen, (rng.standard_normal((5, 4)),))
    chain = _chain("dense 4 3", "leaky_relu 0.3", "dense 3 2", "tanh")
    yield Case("chain", chain, (rng.standard_normal((5, 4)),))
    deep = ["dense 4 5", "leaky_relu", "dropout 0.3", "dense 5 6", "gaussian_sample", "dense 3 2"]
    yield Case("layer sequential", build(deep, rng=0), (rng.standard_normal((5, 4)),))
    block = build([["dense 4 5", "leaky_relu", "dense 5 4"]], rng=0)
    yield Case("layer residual", block, (rng.standard_normal((5, 4)),))
    shortcut = build([SHORTCUT], rng=0)
    yield Case("layer residual, shortcut", shortcut, (rng.standard_normal((5, 4)),))
    beside = build([BESIDE], rng=0)
    yield Case("layer beside", beside, (rng.standard_normal((5, 4)),))


def second_derivatives(rng: np.random.Generator) -> Iterator[Case]:
    """Yield each layer's backward pass as a function of ``dy``, x and the parameters."""
    for name in SECOND_ORDER:
        layer = prepared(Sequential(example(name))).layers[0]
        yield _second_derivative(f"second derivative of {name}", layer, rng)
    for name in [name for name in IMAGES if name in SECOND_ORDER]:
        layer = prepared(Sequential(example(name))).layers[0]
        yield _second_derivative(f"second derivative of {name}, images", layer, rng, IMAGE)
    deep = ["dense 4 5", "tanh", "dropout 0.3", "dense 5 6", "elu", "dense 6 3", "softplus"]
    yield _second_derivative("second derivative of sequential", build(deep, rng=0), rng)
    block = build([["dense 4 5", "tanh", "dense 5 4"]], rng=0)
    yield _second_derivative("second derivative of residual", block, rng)
    shortcut = build([SHORTCUT], rng=0)
    yield _second_derivative("second derivative of residual, shortcut", shortcut, rng)
    beside = build([BESIDE], rng=0)
    yield _second_derivative("second derivative of beside", beside, rng)
    chain = _chain("dense 4 3", "leaky_relu 0.3", "dense 3 2", "tanh")
    yield _second_derivative("second derivative of chain", chain, rng)
    critic = _chain("dense 3 4", "tanh", "dense 4 1")
    yield _penalized("loss and penalty of chain", critic, rng)
    wavy = ["scale 0.5", "fourier 3 2 0.2 0.4", "dense 15 4", "leaky_relu", "dense 4 1"]
    yield _penalized("loss and penalty above waves", build(wavy, rng=0), rng)


def _chain(*specs: str) -> Layer:
    """Return dense layers and activations as one layer."""
    network = build(specs, rng=0)
    ((_, chain),) = fuse(network.layers, network.parameters)
    return chain


def _second_derivative(
    name: str, layer: Layer, rng: np.random.Generator, shape: tuple[int, ...] = ()
) -> Case:
    layer = layer.astype(np.float64)
    x = _samples(layer, rng, shape)
    dy = rng.standard_normal(layer(x).shape)
    return Case(name, double_backward(layer), (dy, x), {"wrt": layer.parameters})


def _critic(name: str) -> list[str]:
    """Return a discriminator of rows of 4 numbers with a layer of this name, and a curved activation."""
    layer = example(name)
    if isinstance(layer, Activation):
        return ["dense 4 5", name, "dense 5 3", name, "dense 3 1"]
    if layer.example_shape != (4,):
        width = math.prod(layer.out_shape(layer.example_shape))
        image = "reshape {} {} {}".format(*layer.example_shape)
        first = f"dense 4 {math.prod(layer.example_shape)}"
        return [first, "tanh", image, layer.spec(), "elu", "flatten", f"dense {width} 1"]
    (width,) = layer.out_shape((4,))
    return ["dense 4 4", "tanh", layer.spec(), f"dense {width} 3", "elu", "dense 3 1"]


CRITICS = {
    name: _critic(name)
    for name in SECOND_ORDER
    if issubclass(LAYERS[name], Activation)
    or LAYERS[name].couples_samples
    or example(name).parameters
}
"""Discriminators that bear a penalty, by the layer that they are made for."""


def _penalized(name: str, net: Layer, rng: np.random.Generator) -> Case:
    net = net.astype(np.float64)
    x, dy, c = (rng.uniform(0.5, 1.5, shape) for shape in ((5, 3), (5, 1), (5, 1)))
    function = penalized_backward(net, x, dy, c)
    return Case(name, function, (), {"wrt": net.parameters})


def penalties(rng: np.random.Generator) -> Iterator[Case]:
    """Yield every penalty of a discriminator with every activation or layer, by all its parameters."""
    real, fake = rng.standard_normal((2, 5, 4))
    for layer, specs in CRITICS.items():
        net = prepared(build(specs, rng=0))
        for name, (points, measure) in PENALTIES.items():
            x = points(real, fake, np.random.default_rng(0))

            def penalty(
                net: Sequential = net, x: np.ndarray = x, measure: Callable = measure
            ) -> tuple[Any, Callable]:
                def vjp(dy: Any) -> dict[str, np.ndarray]:
                    grads = net.parameters.like()
                    gradient_penalty(net, x, measure, 3.0, grads)
                    return {name: dy * gradient for name, gradient in grads.items()}

                return gradient_penalty(net, x, measure, 3.0), vjp

            yield Case(f"penalty {name}, {layer}", penalty, (), {"wrt": net.parameters})
