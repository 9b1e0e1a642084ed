"""The toys have the moments which their docstrings derive, within five standard errors."""

import numpy as np
import pytest

from npgan import InputError
from npgan.data import load
from npgan.data.toys import (
    MIXTURES,
    MOONS_NOISE,
    MOST_CENTRES,
    SAMPLERS,
    SPIRAL_NOISE,
    grid_centres,
    load_toy,
    ring_centres,
)

N = 100_000

MOMENTS = [
    ("ring", lambda x, y: x, 0),
    ("ring", lambda x, y: x**2, 1 / 2 + 0.01**2),
    ("ring", lambda x, y: x * y, 0),
    ("grid", lambda x, y: y, 0),
    ("grid", lambda x, y: y**2, 8 + 0.05**2),
    ("grid", lambda x, y: x * y, 0),
    ("grid100", lambda x, y: x, 0),
    ("grid100", lambda x, y: x**2, 297 / 16 + 0.1**2),
    ("grid100", lambda x, y: x * y, 0),
    ("gaussian", lambda x, y: x, 0),
    ("gaussian", lambda x, y: x**2, 1),
    ("gaussian", lambda x, y: x * y, 0),
    ("moons", lambda x, y: x, 1 / 2),
    ("moons", lambda x, y: y, 1 / 4),
    ("moons", lambda x, y: (x - 1 / 2) ** 2, 3 / 4 + MOONS_NOISE**2),
    ("moons", lambda x, y: (y - 1 / 4) ** 2, 9 / 16 - 1 / np.pi + MOONS_NOISE**2),
    ("spiral", lambda x, y: x, 0),
    ("spiral", lambda x, y: y, 0),
    ("spiral", lambda x, y: x**2 + y**2, 1 / 2 + 2 * SPIRAL_NOISE**2),
]


@pytest.fixture(scope="module")
def samples():
    rng = np.random.default_rng(1)
    return {name: sampler(N, rng) for name, sampler in SAMPLERS.items()}


@pytest.mark.parametrize(("name", "statistic", "expected"), MOMENTS)
def test_the_moments_are_the_derived_ones(samples, name, statistic, expected):
    values = statistic(*samples[name].T.astype(np.float64))
    assert abs(values.mean() - expected) < 5 * values.std() / np.sqrt(N)


@pytest.mark.parametrize("name", MIXTURES)
def test_the_modes_have_equal_shares_and_the_stated_deviation(samples, name):
    centres, std = MIXTURES[name]
    squared = ((samples[name][:, None].astype(np.float64) - centres) ** 2).sum(axis=2)
    k = len(centres)
    counts = np.bincount(squared.argmin(axis=1), minlength=k)
    assert np.abs(counts / N - 1 / k).max() < 5 * np.sqrt((1 - 1 / k) / k / N)
    # the squared distance is std^2 times chi-squared of 2 degrees: mean 2 std^2, s.d. 2 std^2
    assert abs(squared.min(axis=1).mean() / std**2 - 2) < 5 * 2 / np.sqrt(N)


def test_the_spirals_points_lie_on_two_arms_of_one_and_a_half_turns():
    points = SAMPLERS["spiral"](N, np.random.default_rng(1))
    r, angle = np.hypot(*points.T), np.arctan2(*points.T[::-1])
    far = r > 0.3  # there the noise across an arm is the radius' times its slope, and the angle's
    beside = (r * np.sin(angle - 3 * np.pi * r))[far]
    scale = SPIRAL_NOISE * np.hypot(1, 3 * np.pi * r[far])
    assert np.mean((beside / scale) ** 2) == pytest.approx(1, abs=0.05)
    assert np.mean(np.cos(angle - 3 * np.pi * r)[far] > 0) == pytest.approx(1 / 2, abs=0.01)


def test_the_moons_points_lie_on_two_half_circles():
    x, y = SAMPLERS["moons"](N, np.random.default_rng(1)).T
    upper, lower = abs(np.hypot(x, y) - 1), abs(np.hypot(x - 1, y - 0.5) - 1)
    clear = abs(upper - lower) > 0.3  # there the nearer of the two is the point's own
    apart = np.minimum(upper, lower)[clear]
    assert np.sqrt(np.mean(apart**2)) == pytest.approx(MOONS_NOISE, rel=0.03)
    # of each only the half that points away from the other's middle
    assert y[clear & (upper < lower)].min() > -5 * MOONS_NOISE
    assert y[clear & (lower < upper)].max() < 0.5 + 5 * MOONS_NOISE


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_sample_is_float32_and_depends_on_the_generator_alone(name):
    first, again = (SAMPLERS[name](10, np.random.default_rng(3)) for _ in range(2))
    assert first.dtype == np.float32
    assert first.shape == (10, 2)
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_toy_is_a_data_set_of_fixed_size(name):
    data = load(name)
    assert (len(data.train), len(data.test)) == (50_000, 10_000)
    assert (data.modes is not None) == (name in MIXTURES)
    np.testing.assert_array_equal(data.train, load(name).train)


def test_the_gaussian_is_not_what_a_generator_draws_from_its_first_seeds():
    rows = load("gaussian").train[:10]
    for seed in range(10):
        noise = np.random.default_rng(seed).standard_normal((10, 2), np.float32)
        assert not np.array_equal(rows, noise)


POINTS = {
    "ring": ([-0.002, 1.014], [-0.72, 0.718]),
    "grid": ([2.047, -3.944], [-0.012, -1.945]),
    "grid100": ([5.245, -0.805], [2.245, 5.308]),
    "gaussian": ([1.012, -0.176], [1.395, 1.057]),
    "moons": ([0.299, 0.989], [-0.806, 0.459]),
    "spiral": ([-0.661, -0.308], [0.133, 0.418]),
}


@pytest.mark.parametrize("name", POINTS)
def test_a_toys_points_stay_the_same_or_no_run_could_be_resumed(name):
    data = load_toy(name)
    np.testing.assert_allclose((data.train[1], data.test[-1]), POINTS[name], rtol=0, atol=6e-4)
    assert (data.modes is None, data.std is None) == (name not in MIXTURES,) * 2


def test_the_centres_of_the_mixtures_lie_where_they_are_said_to():
    ring = ring_centres()
    assert (ring.shape, ring.dtype) == ((8, 2), np.float32)
    np.testing.assert_allclose(ring[[0, 1, 2]], [[1, 0], [0.5**0.5] * 2, [0, 1]], atol=1e-7)
    grid = grid_centres(3, 0.5)
    assert grid.dtype == np.float32
    assert grid.tolist() == [[x, y] for y in (-0.5, 0, 0.5) for x in (-0.5, 0, 0.5)]
    assert grid_centres(1, 2.0).tolist() == [[0, 0]]
    assert len(grid_centres(MOST_CENTRES, 1e-3)) == MOST_CENTRES**2


@pytest.mark.parametrize("arguments", [(0, 1.0), (MOST_CENTRES + 1, 1.0), (2, 0.0), (2, 1e39)])
def test_a_grid_that_cannot_be_is_refused(arguments):
    with pytest.raises(InputError, match=r"side|spacing|the grid"):
        grid_centres(*arguments)


@pytest.mark.parametrize("name", POINTS)
def test_a_sampler_makes_as_many_points_as_it_is_asked_for(name):
    sampler, rng = SAMPLERS[name], np.random.default_rng(0)
    assert [sampler(n, rng).shape for n in (0, 1, 7)] == [(0, 2), (1, 2), (7, 2)]
    with pytest.raises(InputError, match="n must be a whole number, at least 0"):
        sampler(-1, rng)
    with pytest.raises(InputError, match="generator"):
        sampler(3, "five")
