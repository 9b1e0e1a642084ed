"""The measures of a mixture have their expected values, their known extremes and naive twins."""

import naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npgan.data.toys import MIXTURES, SAMPLERS
from npgan.errors import InputError
from npgan.metrics import mode_statistics
from npgan.metrics.mixtures import relative_spread

N = 50_000


@pytest.mark.parametrize("name", MIXTURES)
def test_the_real_mixture_scores_as_it_should(rng, name):
    centres, std = MIXTURES[name]
    k = len(centres)
    result = mode_statistics(SAMPLERS[name](N, rng), centres, std)
    share = 1 - np.exp(-9 / 2)
    assert result["modes"] == result["modes_of_half_a_share"] == k
    assert abs(result["high_quality"] - share) < 5 * np.sqrt(share * (1 - share) / N)
    # n_i has the variance n / k (1 - 1/k), and by Cauchy and Schwarz the mean is below sqrt(k/n) / 2
    assert result["total_variation"] < np.sqrt(k / N)
    # 2 n KL is chi-squared of k - 1 degrees (Wilks)
    chi = 2 * N * share * result["reverse_kl"]
    assert abs(chi - (k - 1)) < 5 * np.sqrt(2 * (k - 1))
    # the variance of |x|²/2 below the cut is less than 1, that of the Gaussian's
    assert abs(result["spread"] - 1) < 5 / (2 * np.sqrt(N))


def test_one_percent_of_all_samples_is_the_edge_of_the_second_count(rng):
    centres, _ = MIXTURES["ring"]
    samples = np.repeat(centres, [200 - 5 - 1, 2, 1, 1, 1, 1, 0, 0], axis=0)
    result = mode_statistics(samples, centres, 0.01)
    assert (result["modes"], result["modes_of_1_percent"], result["modes_of_half_a_share"]) == (
        6,
        2,
        1,
    )
    samples = np.repeat(centres[:3], [20_200 - 202 - 201, 202, 201], axis=0)
    assert mode_statistics(samples, centres, 0.01)["modes_of_1_percent"] == 2


def test_half_of_its_share_is_the_edge_of_the_third_count():
    centres, std = MIXTURES["grid100"]
    samples = np.repeat(centres, np.r_[[1] * 50, [2] * 25, [4] * 25], axis=0)
    assert mode_statistics(samples, centres, std)["modes_of_half_a_share"] == 100
    samples = np.repeat(centres, np.r_[[1] * 50, [5] * 50], axis=0)  # 300: half a share is 1.5
    assert mode_statistics(samples, centres, std)["modes_of_half_a_share"] == 50


@pytest.mark.parametrize("name", MIXTURES)
def test_a_collapsed_generator_covers_one_mode_of_no_spread(name):
    centres, std = MIXTURES[name]
    k = len(centres)
    result = mode_statistics(np.tile(centres[3], (100, 1)), centres, std)
    assert result == {
        "modes": 1,
        "modes_of_1_percent": 1,
        "modes_of_half_a_share": 1,
        "high_quality": 1.0,
        "total_variation": pytest.approx(1 - 1 / k),
        "reverse_kl": pytest.approx(np.log(k)),
        "spread": 0.0,
    }


def test_modes_that_are_points_off_their_centres_have_no_spread_either(rng):
    centres, std = MIXTURES["grid"]
    points = (centres + rng.normal(0, std, centres.shape)).repeat(9, axis=0)
    good = mode_statistics(points, centres, std)
    assert good["spread"] < 1e-9  # rounding of the mean of nine equal numbers


@pytest.mark.parametrize("factor", [0.1, 0.5])
def test_the_spread_of_narrow_modes_is_nearly_their_width(rng, factor):
    centres, std = MIXTURES["ring"]
    x = centres[rng.integers(8, size=N)] + factor * std * rng.standard_normal((N, 2))
    kept = 1 - 4.5 * np.exp(-4.5) / (1 - np.exp(-4.5))  # nothing of these is cut off
    expected = factor / np.sqrt(kept)
    assert mode_statistics(x, centres, std)["spread"] == pytest.approx(expected, rel=0.02)


def test_a_disc_filled_evenly_has_the_spread_that_the_docstring_says(rng):
    angle, radius = rng.uniform(0, 2 * np.pi, N), 3 * np.sqrt(rng.uniform(size=N))
    disc = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    assert relative_spread(disc, np.zeros(N, int), 1.0) == pytest.approx(1.54, abs=0.01)


def test_a_generator_between_the_modes_covers_none():
    centres, std = MIXTURES["ring"]
    result = mode_statistics(np.zeros((10, 2)), centres, std)
    assert (result["modes"], result["high_quality"], result["spread"]) == (0, 0.0, 0.0)
    assert result["reverse_kl"] == pytest.approx(np.log(8))


def test_three_standard_deviations_is_the_edge():
    edge = np.array([[3.0, 0.0], [0.0, 3.0001]])
    assert mode_statistics(edge, np.zeros((1, 2)), 1.0)["high_quality"] == 0.5


@given(st.lists(st.integers(0, 30), min_size=2, max_size=6).filter(any))
def test_the_reverse_kl_is_the_textbooks(counts):
    centres = 10.0 * np.arange(2 * len(counts)).reshape(-1, 2)
    result = mode_statistics(centres.repeat(counts, axis=0), centres, 1.0)
    q = [n / sum(counts) for n in counts]
    uniform = [1 / len(counts)] * len(counts)
    assert result["reverse_kl"] == pytest.approx(naive.kl(q, uniform), abs=1e-12)
    assert result["total_variation"] == pytest.approx(naive.total_variation(q, uniform))


@pytest.mark.parametrize(
    ("samples", "centres", "std"),
    [
        (np.zeros((0, 2)), np.zeros((1, 2)), 1.0),
        (np.zeros((5, 3)), np.zeros((1, 2)), 1.0),
        (np.zeros((5, 3)), np.zeros((1, 3)), 1.0),
        (np.zeros((5, 2)), np.zeros(2), 1.0),
        (np.full((5, 2), np.nan), np.zeros((1, 2)), 1.0),
        (np.zeros((5, 2)), np.zeros((1, 2)), 0.0),
        (np.zeros((5, 2)), np.zeros((1, 2)), np.nan),
    ],
)
def test_mode_statistics_refuses_what_is_no_mixture(samples, centres, std):
    with pytest.raises(InputError):
        mode_statistics(samples, centres, std)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_points_in_single_precision_are_measured_in_double(rng):
    centres, std = MIXTURES["ring"]
    x, c = SAMPLERS["ring"](300, rng).astype(np.float32), centres.astype(np.float32)
    double = x.astype(np.float64), c.astype(np.float64)
    assert mode_statistics(x, c, std) == mode_statistics(*double, std)
    labels = np.arange(300) % 7
    assert relative_spread(x, labels, std) == relative_spread(double[0], labels, std)


@pytest.mark.parametrize("large", [1e101, -1e101])
def test_points_that_cannot_be_squared_are_refused(large):
    far = np.array([[0.0, 0.0], [large, 0.0]])
    for samples, centres in ((far, np.zeros((1, 2))), (np.zeros((1, 2)), far)):
        with pytest.raises(InputError, match="1e\\+100"):
            mode_statistics(samples, centres, 1.0)
    with pytest.raises(InputError, match="1e\\+100"):
        relative_spread(far, np.zeros(2, int), 1.0)


def test_the_spread_pools_the_modes_by_their_degrees_of_freedom():
    x = np.array([[0.0, 0], [2, 0], [5, 0], [5, 2], [5, 4], [9, 9]])
    a = np.exp(-4.5)
    expected = np.sqrt((2 + 8) / (2 * (1 + 2)) / (1 - 4.5 * a / (1 - a))) / 0.5
    assert relative_spread(x, np.array([4, 4, -1, -1, -1, 0]), 0.5) == pytest.approx(expected)
    assert relative_spread(x[:3], np.arange(3), 0.5) == 0
    for modes, std in ((np.zeros(5, int), 1.0), (np.zeros(6), 1.0), (np.zeros(6, int), 0.0)):
        with pytest.raises(InputError):
            relative_spread(x, modes, std)
