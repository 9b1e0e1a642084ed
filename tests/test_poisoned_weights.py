"""One bad value in one tensor: it is refused, or what is made of it is finite, or said not to be."""

import numpy as np
import pytest

from npgan import Dense, InputError, NonFiniteError, Residual, Sequential, Sigmoid, Tanh
from npgan.layers import build
from npgan.models import CONDITIONAL, GENERATORS, RECONSTRUCTORS, Classifier, Translator
from npgan.models.checks import in_chunks
from npgan.models.presets import PRESETS

QUICK = "gan-small", "ring", "tied", "vae-gan", "classifier-robust"
"""Presets of small networks; the others are a part of the campaign."""
ALL = [
    name if name in QUICK else pytest.param(name, marks=[pytest.mark.slow, pytest.mark.campaign])
    for name in PRESETS
]


def poisoned(weights, name, value):
    array = weights[name].copy()
    array[tuple(n // 2 for n in array.shape)] = value
    return {**weights, name: array}


def made(model):
    """Return what a model makes of noise, and of rows."""
    rows = np.random.default_rng(0).uniform(0, 0.9, (3, model.features))
    rows = rows.astype(model.networks[model.output].parameters.flat.dtype)
    if isinstance(model, GENERATORS):
        which = {"label": np.arange(3)} if isinstance(model, CONDITIONAL) else {}
        yield model.sample(3, rng=0, **which)
    if isinstance(model, RECONSTRUCTORS):
        yield model.reconstruct(rows)
    if isinstance(model, Classifier):
        yield model.probabilities(rows)
    if isinstance(model, Translator):
        yield model.translate(rows[:, : model.generator.in_width])


@pytest.mark.parametrize("preset", ALL)
def test_a_value_that_is_not_finite_is_refused_in_every_tensor(preset):
    model = PRESETS[preset].build(1000)
    clean = {name: array.copy() for name, array in model.weights().items()}
    for name in clean:
        for value in (np.nan, np.inf, -np.inf):
            with pytest.raises(InputError, match=f"'{name}' has numbers that are NaN or infinite"):
                model.load_weights(poisoned(clean, name, value))
    assert all((array == clean[name]).all() for name, array in model.weights().items())


@pytest.mark.parametrize("preset", ALL)
def test_a_huge_value_makes_what_double_precision_makes_or_an_error(preset):
    model = PRESETS[preset].build(1000)
    clean, wide = {n: a.copy() for n, a in model.weights().items()}, model.astype(np.float64)
    for name in clean:
        for value in (1e38, -1e38):
            weights = poisoned(clean, name, value)
            for ours, theirs in getattr(model, "ties", []):
                weights[f"decoder.{theirs}"] = weights[f"encoder.{ours}"].T
            model.load_weights(weights)
            wide.load_weights({name: array.astype(np.float64) for name, array in weights.items()})
            try:
                single = list(made(model))
            except NonFiniteError:
                continue
            for mine, exact in zip(single, made(wide), strict=True):
                np.testing.assert_allclose(mine, exact, rtol=1e-3, atol=1e-3 * abs(exact).max())


def test_tied_weights_are_each_others_transpose():
    model = PRESETS["tied"].build(1000)
    weights = {name: array.copy() for name, array in model.weights().items()}
    with pytest.raises(InputError, match=r"encoder.0.weight and decoder.0.weight are tied, but"):
        model.load_weights(poisoned(weights, "decoder.0.weight", 1.0))


def chain(last, inner):
    network = Sequential(Dense(2, 2), inner, Dense(2, 1), last, rng=0)
    for array in network.parameters.values():
        array[...] = 3e38
    return network


@pytest.mark.parametrize("inner", [Tanh(), Residual(Dense(2, 2), Tanh()), Sequential(Sigmoid())])
def test_an_activation_hides_no_infinity(inner):
    with pytest.raises(NonFiniteError, match="the weights are too large, up to 3e"):
        in_chunks(chain(Sigmoid(), inner), np.ones((3, 2), np.float32))


def test_numbers_that_a_network_cannot_hold_are_said_to_be():
    with pytest.raises(NonFiniteError, match="or the numbers that the network is given"):
        in_chunks(Sequential(Dense(2, 1), rng=0), np.full((3, 2), np.inf, np.float32))


def test_an_inner_networks_activation_hides_no_infinity():
    network = Sequential(Sequential(Dense(2, 2), Tanh()), Dense(2, 1), rng=0)
    network.parameters["0.0.weight"][...] = 3e38
    with pytest.raises(NonFiniteError, match=r"Dense\(2, 2.*the weights are too large, up to 3e"):
        in_chunks(network, np.ones((3, 2), np.float32))


def test_layers_beside_columns_are_named_as_one():
    beside = {"sequential": ["reshape 1 2 1", "conv2d 1 2 1", "flatten"], "beside": 3}
    network = build([beside, "dense 7 1"], rng=0)
    network.parameters.flat[:] = np.inf
    with pytest.raises(NonFiniteError, match="Beside"):
        in_chunks(network, np.ones((4, 5), np.float32))
