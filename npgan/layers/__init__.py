"""Layers: objects that own parameters and know how a gradient passes through them.

``y, cache = layer.forward(x, rng)`` and ``dx = layer.backward(dy, cache, grads)``. The cache is all
that the backward pass needs; it is returned, never kept on the layer, so that a discriminator can
look at real and at generated data before either is differentiated. Parameter gradients are added
to ``grads``, input gradients are returned.

``rng`` is the randomness of a training pass. Without it a layer is in evaluation mode: dropout does
nothing, a Gaussian sample is its mean, batch normalisation takes its running moments.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from npgan.errors import InputError, unknown
from npgan.layers.activation import (
    ELU,
    Activation,
    Identity,
    LeakyReLU,
    ReLU,
    Sigmoid,
    Softmax,
    Softplus,
    Tanh,
)
from npgan.layers.apart import Apart, halves
from npgan.layers.dense import Dense
from npgan.layers.fourier import FourierFeatures
from npgan.layers.images import Corruption, Pixelate, RandomBlock, RandomShift
from npgan.layers.layer import Layer
from npgan.layers.minibatch import MinibatchDiscrimination, MinibatchStddev
from npgan.layers.noise import Dropout, GaussianNoise, GaussianSample
from npgan.layers.normalisation import BatchNorm, LayerNorm
from npgan.layers.residual import Residual
from npgan.layers.scale import Scale
from npgan.layers.sequential import Sequential
from npgan.layers.spectral import SpectralDense

__all__ = [
    "ELU",
    "LAYERS",
    "Activation",
    "Apart",
    "BatchNorm",
    "Corruption",
    "Dense",
    "Dropout",
    "FourierFeatures",
    "GaussianNoise",
    "GaussianSample",
    "Identity",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "MinibatchDiscrimination",
    "MinibatchStddev",
    "Pixelate",
    "RandomBlock",
    "RandomShift",
    "ReLU",
    "Residual",
    "Scale",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "SpectralDense",
    "Tanh",
    "build",
    "halves",
    "words",
]

LAYERS: dict[str, type[Layer]] = {
    layer.name: layer
    for layer in (
        Dense,
        Identity,
        ReLU,
        LeakyReLU,
        Sigmoid,
        Tanh,
        Softplus,
        ELU,
        Softmax,
        Dropout,
        GaussianSample,
        LayerNorm,
        BatchNorm,
        MinibatchStddev,
        MinibatchDiscrimination,
        SpectralDense,
        FourierFeatures,
        Scale,
        GaussianNoise,
        RandomShift,
        RandomBlock,
        Pixelate,
    )
}


Specs = Sequence["str | Specs | Mapping[str, Specs]"]


def build(specs: Specs, rng: np.random.Generator | int | None = None) -> Sequential:
    """Build a network from its layers in words, each ``name argument ...``.

    A list in the list is a residual block, :class:`Residual`; a table ``{"sequential": list}`` a network.

    Examples
    --------
    >>> build(["dense 2 3", "leaky_relu 0.2", "dense 3 1"], rng=0)
    Sequential(Dense(2, 3), LeakyReLU(0.2), Dense(3, 1))
    >>> build([["dense 2 3", "relu", "dense 3 2"], "scale 5.0"])
    Sequential(Residual(Dense(2, 3), ReLU(), Dense(3, 2)), Scale(5.0))

    Raises
    ------
    InputError
        For an unknown layer, arguments that do not fit it, or widths that do not fit each other.
    """
    return Sequential(*map(_layer, specs), rng=rng)


def words(network: Sequential) -> list[Any]:
    """Return a network's layers in words, as :func:`build` takes them.

    >>> words(Sequential(Dense(2, 3), LeakyReLU(0.2), Residual(Dense(3, 3))))
    ['dense 2 3', 'leaky_relu 0.2', ['dense 3 3']]

    Raises
    ------
    InputError
        If one is a layer of one's own, for which there are no words.
    """
    return [_words(layer) for layer in network.layers]


def _words(layer: Layer) -> Any:
    if type(layer) is Residual:
        return words(layer)
    if type(layer) is Sequential:
        return {layer.name: words(layer)}
    if type(layer) not in LAYERS.values():
        raise InputError(f"{layer!r} is a layer of one's own: there are no words to build it from")
    return layer.spec()


def _layer(spec: "str | Specs | Mapping[str, Specs]") -> Layer:
    if isinstance(spec, Mapping):
        return Sequential(*map(_layer, spec["sequential"]))
    if not isinstance(spec, str):
        return Residual(*map(_layer, spec))
    name, *arguments = spec.split() or [""]
    if name not in LAYERS:
        raise unknown("layer", name, LAYERS)
    try:
        return LAYERS[name](*map(_value, arguments))
    except TypeError:
        raise InputError(f"layer {spec!r}: {name} does not take these arguments") from None


def _value(word: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return word
