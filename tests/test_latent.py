"""Ways through a latent space."""

import numpy as np
import pytest

from npgan import Dense, InputError, Sequential, Tanh
from npgan.study import latent
from npgan.study.latent import lerp, slerp

T = np.linspace(0, 1, 9)
NET = Sequential(Dense(3, 16), Tanh(), Dense(16, 8), rng=0)


def image(seed=0, n=4):
    z = np.random.default_rng(seed).standard_normal((n, 3)).astype(np.float32)
    return z, NET(z)


def test_a_search_finds_an_image_that_the_generator_makes():
    _, x = image()
    z = latent.search(NET, x, np.random.default_rng(1), prior=0.0)
    assert np.square(NET(z) - x).sum(axis=1).max() < 1e-3


def test_a_search_looks_at_known_pixels_only():
    _, x = image()
    known = np.array([1, 1, 1, 1, 1, 0, 0, 0], np.float32)
    spoiled = x + 100 * (1 - known)
    z = latent.search(NET, spoiled, np.random.default_rng(1), known=known, prior=0.0)
    assert np.square((NET(z) - x) * known).sum(axis=1).max() < 1e-3


def test_a_prior_draws_the_code_to_0():
    _, x = image()
    weak, strong = (latent.search(NET, x, np.random.default_rng(1), prior=p) for p in (0.0, 10.0))
    assert np.linalg.norm(strong) < np.linalg.norm(weak) / 2


def test_a_search_is_replayed_by_its_seed_and_the_best_of_its_restarts_is_returned():
    _, x = image()
    a, b = (latent.search(NET, x, np.random.default_rng(1), steps=5, restarts=8) for _ in range(2))
    one = latent.search(NET, x, np.random.default_rng(1), steps=5, restarts=1)
    np.testing.assert_array_equal(a, b)
    assert np.square(NET(a) - x).sum() < np.square(NET(one) - x).sum()


def test_the_restart_returned_has_the_least_loss_where_the_image_is_known():
    _, x = image()
    known = np.array([1, 1, 1, 1, 1, 0, 0, 0], np.float32)
    still = {"steps": 1, "lr": 1e-6, "restarts": 30, "prior": 1.0}
    z = latent.search(NET, x + 5 * (1 - known), np.random.default_rng(1), known=known, **still)
    begun = np.random.default_rng(1).standard_normal((len(x), 30, 3)).astype(np.float32)
    for found, image_, starts in zip(z, x, begun, strict=True):
        loss = (known * np.square(NET(starts) - image_)).sum(axis=1)
        loss += np.square(starts).sum(axis=1) / 2
        np.testing.assert_allclose(found, starts[loss.argmin()], atol=1e-4)


@pytest.mark.parametrize("words", [{"restarts": 0}, {"steps": 0}, {"prior": -1.0}])
def test_what_cannot_be_searched(words):
    with pytest.raises(InputError):
        latent.search(NET, image()[1], np.random.default_rng(0), **words)


@pytest.mark.parametrize("way", [lerp, slerp])
@pytest.mark.parametrize(
    ("a", "b", "t"),
    [([], [], T), ([1e200, 0], [1, 1], T), ([1, 1], [1e200, 0], T), ([1, 1], [1, 1, 1], T),
     ([1, 1], [0, 1], [1e200])],
)  # fmt: skip
def test_what_has_no_way(way, a, b, t):
    with pytest.raises(InputError):
        way(np.array(a, np.float64), np.array(b, np.float64), np.array(t))


@pytest.mark.parametrize("way", [lerp, slerp])
def test_ways_begin_and_end_where_they_should(way):
    a, b = np.random.default_rng(0).standard_normal((2, 5))
    path = way(a, b, T)
    np.testing.assert_allclose(path[[0, -1]], [a, b], atol=1e-12)
    np.testing.assert_allclose(way(b, a, T)[::-1], path, atol=1e-12)


def test_a_spherical_way_has_a_constant_angular_speed_and_lengths_between_those_of_its_ends():
    a, b = np.random.default_rng(0).standard_normal((2, 50))
    path = slerp(a, 2 * b, T)
    lengths = np.linalg.norm(path, axis=1)
    np.testing.assert_allclose(np.diff(lengths), (lengths[-1] - lengths[0]) / 8)
    directions = path / lengths[:, None]
    np.testing.assert_allclose(
        np.ptp((directions[1:] * directions[:-1]).sum(axis=1)), 0, atol=1e-12
    )
    assert (
        np.linalg.norm(lerp(a, b, T), axis=1)[4] < 0.8 * np.linalg.norm(slerp(a, b, T), axis=1)[4]
    )


def test_parallel_vectors_are_joined_by_a_straight_way():
    a = np.array([1.0, 2.0])
    np.testing.assert_allclose(slerp(a, 3 * a, T), lerp(a, 3 * a, T))


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_a_way_along_a_sphere_has_any_size(size):
    a, b = np.float32([[1, 0, 1], [0, 2, 1]])
    path = slerp(np.float32(size) * a, np.float32(size) * b, T)
    np.testing.assert_allclose(path / size, slerp(a, b, T), rtol=1e-5, atol=1e-6)


def test_0_and_opposite_vectors_have_no_way_along_a_sphere():
    a = np.array([1.0, 2.0])
    for other in (0 * a, -a):
        with pytest.raises(InputError):
            slerp(a, other, T)
