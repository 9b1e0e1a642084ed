"""Initialisers have the moments that they promise, and signals the size that their docstrings say."""

import numpy as np
import pytest
from golden import recorded

from npgan import Dense, InputError, ops
from npgan.init import INITIALIZERS

FAN_IN, FAN_OUT = 300, 200
NORMAL, UNIFORM = 3, 9 / 5  # the kurtoses, E (x / sigma)^4

# name -> (variance, kurtosis)
MOMENTS = {
    "normal": (0.02**2, NORMAL),
    "glorot_uniform": (2 / (FAN_IN + FAN_OUT), UNIFORM),
    "glorot_normal": (2 / (FAN_IN + FAN_OUT), NORMAL),
    "he_uniform": (2 / FAN_IN, UNIFORM),
    "he_normal": (2 / FAN_IN, NORMAL),
    "fan_in_uniform": (1 / (3 * FAN_IN), UNIFORM),
}


def draw(name, shape=(FAN_IN, FAN_OUT), seed=0):
    return INITIALIZERS[name].weight(np.random.default_rng(seed), shape)


def test_every_initialiser_is_tested():
    assert set(MOMENTS) | {"zeros", "orthogonal"} == set(INITIALIZERS)


@pytest.mark.parametrize("name", MOMENTS)
def test_mean_variance_and_kurtosis(name):
    variance, kurtosis = MOMENTS[name]
    w = draw(name)
    # of n values, the mean square varies by (kurtosis - 1) variance^2 / n
    assert abs(w.mean()) < 5 * np.sqrt(variance / w.size)
    assert abs((w**2).mean() / variance - 1) < 5 * np.sqrt((kurtosis - 1) / w.size)
    # the eighth moment of a standard normal is 105, so its fourth powers vary by 105 - 9
    assert abs((w**4).mean() / variance**2 - kurtosis) < 5 * np.sqrt((105 - 9) / w.size)


@pytest.mark.parametrize("name", [name for name in MOMENTS if "uniform" in name])
def test_a_uniform_initialiser_stays_within_root_three_sigma(name):
    bound = np.sqrt(3 * MOMENTS[name][0])
    assert 0.99 * bound < np.abs(draw(name)).max() <= bound * (1 + 1e-15)


@pytest.mark.parametrize("shape", [(7, 3), (3, 7), (5, 5), (1, 4)])
def test_orthogonal_has_orthonormal_rows_or_columns_whichever_are_fewer(shape):
    q = draw("orthogonal", shape)
    assert q.shape == shape
    product = q.T @ q if shape[0] >= shape[1] else q @ q.T
    # Householder QR is orthogonal up to a small multiple of (its size) epsilons
    assert np.abs(product - np.eye(min(shape))).max() < 10 * max(shape) * np.finfo(float).eps


def test_orthogonal_is_uniform_over_both_signs():
    corners = np.array([draw("orthogonal", (3, 3), seed)[0, 0] for seed in range(400)])
    assert abs((corners > 0).mean() - 1 / 2) < 5 * np.sqrt(1 / 4 / 400)


def test_zeros_are_zero():
    assert not draw("zeros").any()


# name -> what a layer multiplies the mean square of a signal by, forward and backward
GROWTH = {
    "zeros": (0, 0),
    "normal": (FAN_IN * 0.02**2, FAN_OUT * 0.02**2),
    "glorot_uniform": (2 * FAN_IN / (FAN_IN + FAN_OUT), 2 * FAN_OUT / (FAN_IN + FAN_OUT)),
    "glorot_normal": (2 * FAN_IN / (FAN_IN + FAN_OUT), 2 * FAN_OUT / (FAN_IN + FAN_OUT)),
    "he_uniform": (2, 2 * FAN_OUT / FAN_IN),
    "he_normal": (2, 2 * FAN_OUT / FAN_IN),
    "fan_in_uniform": (1 / 3, FAN_OUT / FAN_IN / 3),
    "orthogonal": (1, FAN_OUT / FAN_IN),
}


def mean_square(x):
    return np.square(x).mean()


@pytest.mark.parametrize("name", INITIALIZERS)
def test_a_signal_grows_by_n_times_the_variance(name):
    rng, w = np.random.default_rng(1), draw(name)
    forward = mean_square(rng.standard_normal((400, FAN_IN)) @ w)
    backward = mean_square(rng.standard_normal((400, FAN_OUT)) @ w.T)
    # a mean square of 400 * 200 weakly dependent numbers, of weights that vary themselves
    np.testing.assert_allclose((forward, backward), GROWTH[name], rtol=0.05)


@pytest.mark.parametrize("slope", [0.0, 0.2, 0.5])
def test_after_he_a_leaky_relu_of_slope_s_grows_a_signal_by_one_plus_its_square(slope):
    x = np.random.default_rng(1).standard_normal((400, FAN_IN)) @ draw("he_normal")
    y = ops.leaky_relu_forward(x, slope) if slope else ops.relu_forward(x)
    np.testing.assert_allclose(mean_square(y), 1 + slope**2, rtol=0.05)


def test_the_biases_of_fan_in_uniform_are_uniform_as_torch_draws_them():
    bias = INITIALIZERS["fan_in_uniform"].bias(np.random.default_rng(0), (16, 20_000))
    assert bias.shape == (20_000,)
    assert 0.2499 < np.abs(bias).max() <= 0.25  # 1 / sqrt(16), and not the layer's width
    assert abs(bias.mean()) < 5 * np.sqrt(1 / 48 / bias.size)
    assert abs((bias**2).mean() * 48 - 1) < 5 * np.sqrt((UNIFORM - 1) / bias.size)


@pytest.mark.parametrize("name", INITIALIZERS)
def test_a_dense_layer_takes_its_weights_and_then_its_biases_from_its_initialiser(name):
    layer, rng = Dense(6, 4, name, rng=5), np.random.default_rng(5)
    for array, rule in zip(layer.parameters.values(), INITIALIZERS[name], strict=True):
        np.testing.assert_array_equal(array, rule(rng, (6, 4)).astype(np.float32))
    assert layer.parameters["bias"].any() == (name == "fan_in_uniform")


def test_torch_starts_from_the_bounds_of_fan_in_uniform():
    for name, ours in Dense(100, 5000, "fan_in_uniform", rng=0).parameters.items():
        found = np.percentile(abs(ours), range(101))
        # the largest gap of two samples' distributions: Kolmogorov and Smirnov's, beyond 1e-6 by chance
        assert abs(found - recorded("init", name)).max() < 0.1 * 2.7 * np.sqrt(2 / ours.size)


def test_an_unknown_initialiser_is_refused_with_the_nearest_one():
    with pytest.raises(InputError, match="did you mean 'he_normal'"):
        Dense(3, 2, "he_norm")
