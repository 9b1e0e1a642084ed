"""Random layers: what they do with a generator, and without one."""

from inspect import signature

import numpy as np
import pytest
from small_networks import batch, network

from npgan import (
    Dense,
    Dropout,
    GaussianNoise,
    GaussianSample,
    Pixelate,
    RandomBlock,
    RandomBrightness,
    RandomContrast,
    RandomFlip,
    RandomShift,
    Residual,
)
from npgan.layers import LAYERS
from npgan.layers.words import read


def test_the_same_seed_draws_the_same_weights_and_another_seed_others():
    a, b, c = (network(seed).parameters.flat for seed in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)
    assert not np.array_equal(*(Dense(4, 4, rng=seed).parameters["weight"] for seed in (1, 2)))


SEEDED = [name for name, kind in LAYERS.items() if "rng" in signature(kind).parameters]


@pytest.mark.parametrize("name", SEEDED)
def test_a_layers_own_seed_draws_its_weights(name):
    kind, arguments = read(f"{name} {LAYERS[name].example}")
    a, b, c = (kind(*arguments, rng=seed).parameters.flat for seed in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)


def test_the_seed_of_a_residual_block_draws_the_weights_of_both_ways():
    ways = {"shortcut": [Dense(3, 3)]}
    a, b, c = (Residual(Dense(3, 3), rng=seed, **ways).parameters.flat for seed in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)


SPOIL = [
    *(Dropout(0.5), GaussianNoise(0.5), RandomBrightness(), RandomContrast(), RandomFlip()),
    *(RandomShift(2), RandomBlock(1), Pixelate(2)),
]


@pytest.mark.parametrize("random", SPOIL, ids=repr)
def test_without_rng_what_spoils_the_input_passes_it_on(random):
    y, cache = random.forward(batch(0))
    np.testing.assert_array_equal(y, batch(0))
    np.testing.assert_array_equal(random.backward(y, cache), y)
    np.testing.assert_array_equal(random.double_backward(y, y, cache)[0], y)


def test_without_rng_a_gaussian_sample_is_its_mean():
    np.testing.assert_array_equal(GaussianSample()(batch(0)), batch(0)[:, :2])


def test_a_random_shift_moves_to_all_places_equally_often():
    n, point = 9000, np.eye(25)[12:13]  # in the middle of 5 x 5 pixels
    places = RandomShift(1)(np.repeat(point, n, axis=0), np.random.default_rng(0)).sum(axis=0)
    middle = places.reshape(5, 5)[1:4, 1:4]
    assert middle.sum() == n
    assert (abs(middle / n - 1 / 9) < 5 * np.sqrt(8 / 81 / n)).all()


def test_the_mean_of_a_gaussian_sample_does_not_depend_on_its_variance():
    x, layer = np.array([[1.0, 2.0, 2000.0, np.inf]]), GaussianSample()
    y, cache = layer.forward(x)
    np.testing.assert_array_equal(y, [[1, 2]])
    np.testing.assert_array_equal(layer.backward(y, cache), [[1, 2, 0, 0]])


def test_with_rng_layers_are_random_and_replayed_by_the_seed():
    for random in (*SPOIL[:-1], GaussianSample()):
        a, b, c = (random(batch(0), np.random.default_rng(seed)) for seed in (1, 1, 2))
        np.testing.assert_array_equal(a, b)
        assert not np.array_equal(a, c)


def test_gaussian_noise_has_its_standard_deviation_and_no_mean():
    noise = GaussianNoise(0.3)(np.zeros((1000, 100)), np.random.default_rng(0))
    assert abs(noise.mean()) < 5 * 0.3 / np.sqrt(noise.size)
    assert abs(noise.std() / 0.3 - 1) < 5 * np.sqrt(0.5 / noise.size)


def test_a_random_block_is_a_square_that_lies_at_all_places_equally_often():
    n = 9000
    kept = RandomBlock(2)(np.ones((n, 16)), np.random.default_rng(0)).reshape(n, 4, 4)
    corners = kept[:, [0, 0, 3, 3], [0, 3, 0, 3]] == 0
    assert ((kept == 0).sum(axis=(1, 2)) == 4).all()
    assert ((kept == 0).any(axis=1).sum(axis=1) == 2).all()
    assert (abs(corners.mean(axis=0) - 1 / 9) < 5 * np.sqrt(8 / 81 / n)).all()


def test_a_sample_layer_has_the_variance_that_its_input_says():
    n = 100_000
    x = np.repeat([[1.0, 2.0]], n, axis=0)
    z = GaussianSample()(x, np.random.default_rng(0))
    assert abs(z.mean() - 1) < 5 * np.sqrt(np.exp(2) / n)
    assert abs(((z - 1) ** 2).mean() / np.exp(2) - 1) < 5 * np.sqrt(2 / n)


CORRUPT = (
    *(
        "dropout",
        "gaussian_noise",
        "pixelate",
        "random_block",
        "random_brightness",
        "random_contrast",
    ),
    *("random_flip", "random_saturation", "random_shift"),
)


def test_these_layers_make_their_input_worse():
    assert sorted(name for name, kind in LAYERS.items() if kind.corrupts) == sorted(CORRUPT)
