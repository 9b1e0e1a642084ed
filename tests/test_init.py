"""Initialisers have the variance that they promise."""

import numpy as np
import pytest

from npgan import Dense, InputError
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
    return INITIALIZERS[name](np.random.default_rng(seed), shape)


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


@pytest.mark.parametrize("name", INITIALIZERS)
def test_a_dense_layer_takes_its_weights_from_its_initialiser_and_starts_with_no_bias(name):
    layer = Dense(6, 4, name, rng=5)
    np.testing.assert_array_equal(
        layer.parameters["weight"], draw(name, (6, 4), seed=5).astype(np.float32)
    )
    assert not layer.parameters["bias"].any()


def test_an_unknown_initialiser_is_refused_with_the_nearest_one():
    with pytest.raises(InputError, match="did you mean 'he_normal'"):
        Dense(3, 2, "he_norm")
