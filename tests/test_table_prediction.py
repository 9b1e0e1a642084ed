"""Predicting columns of tables: what each resample scores, and what is predicted from rows that are alike."""

import numpy as np
import pytest

from npgan.study import table_prediction
from npgan.study.table_prediction import Target, compared, fitted, scores

RNG = np.random.default_rng


@pytest.mark.parametrize("seed", range(6))
def test_a_column_is_scored_though_all_rows_of_a_resample_are_alike(seed):
    y = np.array([[0.0], [1.0]])  # of two rows every other resample has one alone
    said = compared(["a"], [Target(np.ones(2, bool), y, False)], {"": [y]}, RNG(seed))
    assert said["columns"]["a"] == {"measure": "R2", "score": 1.0, "score_interval": [1.0, 1.0]}
    assert (said["mean"], said["resamples"]) == (1, 1000)


def test_rows_that_are_alike_are_as_far_as_1_from_others_of_the_distance_2():
    y, far = np.array([[1.0], [3.0]]), np.array([[0.0, 2.0], [4.0, 1.0]])
    kernel, found = np.ones((2, 2)), {}
    for ridge in table_prediction.RIDGES:
        inverse = np.linalg.inv(kernel + ridge * np.eye(2))
        weights = inverse @ (y - 2)
        left_out = weights[:, 0] / np.diag(inverse)
        found[np.square(left_out).sum()] = 2 + np.exp(-far) @ weights
    np.testing.assert_allclose(fitted(np.zeros((2, 2)), far, y), found[min(found)], rtol=1e-6)


def test_a_score_of_no_rows_is_none_and_a_wrong_guess_of_equal_rows_has_no_score_either():
    y, times = np.array([[1.0], [1.0]]), np.array([[0, 0], [1, 1], [2, 0]])
    found = scores(Target(np.ones(2, bool), y, False), np.array([[1.0], [3.0]]), times)
    assert np.isnan(found).all()
    found = scores(Target(np.ones(2, bool), np.eye(2), True), np.eye(2)[[0, 0]], times)
    np.testing.assert_array_equal(found, [np.nan, 0.5, 1])


def test_of_a_resample_in_which_no_column_has_a_score_the_mean_is_zero():
    found = table_prediction._mean(np.array([[1.0, np.nan, np.nan], [0.5, 0.25, np.nan]]))
    assert found.tolist() == [0.75, 0.25, 0]


def test_an_interval_is_the_middle_95_percent_of_what_resamples_score():
    resampled = np.append(np.arange(0, 1.0005, 0.001), np.nan)
    said = table_prediction._said("score", {"": [0.5, *resampled], "_real": [np.float64(2), 1, 1]})
    assert said == {
        "score": 0.5, "score_interval": pytest.approx([0.025, 0.975]),
        "score_real": 2.0, "score_real_interval": [1.0, 1.0],
    }  # fmt: skip
