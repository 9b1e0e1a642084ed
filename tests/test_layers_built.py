"""Networks are built from words and described in words, and those that cannot be are refused."""

import numpy as np
import pytest
from small_networks import network

from npgan import (
    BatchNorm,
    Dense,
    Dropout,
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
    SpectralDense,
)
from npgan.layers import LAYERS, Reshape, build, count_weights, example
from npgan.layers.chain import Chain


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
    (lambda: Reshape(2, 3, 1)(np.ones((6, 7))), r"makes images of 2 x 3 x 1 = 6 numbers, but"),
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
    (lambda: build([["dense 2 3"]]), "its layers make 3, its input, without a shortcut, is 2"),
    (lambda: build(["dense 2 3", ["dense 2 2"]]), r"Dense\(2, 2\) follows a layer 3 wide"),
    (lambda: build(["random_shift 0"]), "the size of a random_shift must be"),
    (lambda: RandomShift(1)(np.ones((2, 3)), np.random.default_rng(0)), "3 is no square number"),
    (
        lambda: Pixelate(2)(np.ones((2, 9)), np.random.default_rng(0)),
        "images of 3 x 3 pixels do not divide into cells 2 wide",
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
