"""Measures of images and of alarms, against loops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npgan import InputError
from npgan.metrics import auroc, neighbour_distance, psnr, roc_curve, ssim

X, TRUTH = np.random.default_rng(0).random((2, 3, 13 * 12))


def test_the_signal_to_noise_ratio_is_its_formula():
    for x, truth, ratio in zip(X, TRUTH, psnr(X, TRUTH), strict=True):
        assert ratio == pytest.approx(-10 * np.log10(np.mean((x - truth) ** 2)))
    np.testing.assert_allclose(psnr(X, X), 100)
    assert psnr(X[:1], TRUTH[:1]) == psnr(X, TRUTH)[0]


def test_the_structural_similarity_is_that_of_a_loop_over_windows():
    weights = np.exp(-((np.arange(11) - 5.0) ** 2) / 4.5)
    weights = np.outer(weights, weights) / weights.sum() ** 2
    for x, truth, similarity in zip(X, TRUTH, ssim(X, TRUTH, (13, 12)), strict=True):
        values = []
        for i in range(3):
            for j in range(2):
                a, b = (y.reshape(13, 12)[i : i + 11, j : j + 11] for y in (x, truth))
                mean_a, mean_b = (weights * a).sum(), (weights * b).sum()
                var_a, var_b = (
                    (weights * (a - mean_a) ** 2).sum(),
                    (weights * (b - mean_b) ** 2).sum(),
                )
                shared = (weights * (a - mean_a) * (b - mean_b)).sum()
                value = (2 * mean_a * mean_b + 1e-4) * (2 * shared + 9e-4)
                values.append(value / ((mean_a**2 + mean_b**2 + 1e-4) * (var_a + var_b + 9e-4)))
        assert similarity == pytest.approx(np.mean(values))
    np.testing.assert_allclose(ssim(X, X, (13, 12)), 1)


def test_small_images_have_no_structural_similarity():
    with pytest.raises(InputError, match="11 x 11"):
        ssim(X, TRUTH, (156, 1))


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=2, max_size=30))
def test_the_area_under_the_curve_counts_pairs_and_half_of_the_ties(rows):
    scores, positive = (np.array(column) for column in zip(*rows, strict=True))
    if positive.all() or not positive.any():
        with pytest.raises(InputError, match="needs positive and negative rows"):
            auroc(scores, positive)
        return
    wins = [(p > n) + (p == n) / 2 for p in scores[positive] for n in scores[~positive]]
    assert auroc(scores, positive) == pytest.approx(np.mean(wins))
    false, true = roc_curve(scores, positive)
    assert (false[0], true[0], false[-1], true[-1]) == (0, 0, 1, 1)
    assert (np.diff(false) >= 0).all()
    assert (np.diff(true) >= 0).all()


def test_the_distance_from_neighbours_is_that_of_a_loop():
    x, known = X[:, :4], np.random.default_rng(1).random((7, 4))
    for row, distance in zip(x, neighbour_distance(x, known, 3), strict=True):
        assert distance == pytest.approx(np.mean(sorted(np.linalg.norm(known - row, axis=1))[:3]))
    with pytest.raises(InputError, match="neighbours"):
        neighbour_distance(x, known, 8)


@pytest.mark.parametrize("measure", [psnr, lambda x, truth: ssim(x, truth, (13, 12))])
def test_images_in_single_precision_are_compared_in_double(measure):
    x, truth = X.astype(np.float32), TRUTH.astype(np.float32)
    expected = measure(x.astype(np.float64), truth.astype(np.float64))
    np.testing.assert_array_equal(measure(x, truth), expected, strict=True)


@pytest.mark.parametrize(
    "spoil", [lambda x: x + 1, lambda x: x - 1, lambda x: x[:0], lambda x: x[0]]
)
@pytest.mark.parametrize("measure", [psnr, lambda x, truth: ssim(x, truth, (13, 12))])
def test_what_are_no_images_in_the_unit_range_is_refused(measure, spoil):
    for pair, wrong in (((spoil(X), TRUTH), "(x|truth)"), ((X, spoil(TRUTH)), "truth")):
        with pytest.raises(InputError, match=f"^{wrong} must"):
            measure(*pair)


@pytest.mark.parametrize(
    ("shape", "fits"), [((11, 12), True), ((12, 11), True), ((10, 12), False), ((12, 10), False)]
)
def test_the_structural_similarity_needs_a_window(shape, fits):
    x = np.random.default_rng(0).random((2, shape[0] * shape[1]))
    if fits:
        assert ssim(x, x, shape) == pytest.approx(1)
        return
    with pytest.raises(InputError, match="11 x 11 or more"):
        ssim(x, x, shape)


def test_a_shape_that_is_not_the_images_is_refused():
    with pytest.raises(InputError, match="shape"):
        ssim(X, TRUTH, (12, 12))


def test_scores_may_be_bytes_and_alarms_numbers():
    false, true = roc_curve(np.array([0, 200, 100, 7], np.uint8), np.array([0, 1, 0, 1]))
    assert (false.tolist(), true.tolist()) == ([0, 0, 0.5, 0.5, 1], [0, 0.5, 0.5, 1, 1])


@pytest.mark.parametrize(
    ("scores", "positive"),
    [([1, 2], [True]), ([1, 2], [0, 2]), ([1, 2], [-1, 1]), ([1, np.nan], [0, 1]), ([1, 2], [0.5, 1]),
     ([[1, 2]], [[0, 1]])],
)  # fmt: skip
def test_what_are_no_alarms_is_refused(scores, positive):
    with pytest.raises(InputError):
        roc_curve(np.array(scores), np.array(positive))


def test_no_images_are_compared_with_no_images():
    with pytest.raises(InputError, match="x must be"):
        ssim(np.zeros((0, 144)), np.zeros((0, 144)), (12, 12))
