"""Class measures: the textbook's sums, the extremes, and what is refused."""

import naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from npgan.errors import InputError
from npgan.metrics import class_statistics, confusion

ROWS = arrays(
    float, st.tuples(st.integers(1, 8), st.just(4)), elements=st.integers(0, 5).map(float)
)
PROBABILITIES = ROWS.filter(lambda x: x.any(axis=1).all()).map(lambda x: x / x.sum(1)[:, None])


@given(PROBABILITIES, PROBABILITIES)
def test_they_are_the_definitions(p, real):
    result = class_statistics(p, real)
    a, b = naive.class_shares(p), naive.class_shares(real)
    assert result["classes"] == sum(share > 0 for share in a)
    assert result["total_variation"] == pytest.approx(naive.total_variation(a, b), abs=1e-12)
    assert result["classifier_score"] == pytest.approx(naive.classifier_score(p), rel=1e-12)


def test_certainty_and_variety_score_the_number_of_classes_and_anything_else_less():
    sure = np.eye(10)[np.arange(1000) % 10]
    assert class_statistics(sure, sure) == {
        "classes": 10,
        "total_variation": 0,
        "classifier_score": pytest.approx(10),
    }
    for poor in (np.full((1000, 10), 0.1), sure[np.zeros(1000, int)]):  # unsure; all of one class
        result = class_statistics(poor, sure)
        assert result["classes"] == 1
        assert result["total_variation"] == pytest.approx(0.9)
        assert result["classifier_score"] == pytest.approx(1)


def test_a_class_is_covered_from_one_percent():
    p = np.eye(3)[np.repeat([0, 1, 2], [197, 2, 1])]
    assert class_statistics(p, p)["classes"] == 2


@pytest.mark.parametrize(
    "p", [np.ones((5, 3)), [[-0.5, 0.5, 1.0]], np.full((5, 3), np.nan), np.zeros((0, 3)), np.eye(4)]
)
def test_what_are_no_probabilities_of_the_same_classes_is_refused(p):
    with pytest.raises(InputError):
        class_statistics(p, np.eye(3))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=20))
def test_a_table_counts_each_pair_of_a_class_and_what_it_is_taken_for(pairs):
    predicted, labels = np.array(pairs).T
    table = confusion(predicted, labels, 5)
    assert table.shape == (5, 5)
    for (true, taken), times in np.ndenumerate(table):
        assert times == pairs.count((taken, true))


@pytest.mark.parametrize(
    ("predicted", "labels", "classes"),
    [([0], [0], 0), ([0], [0], 10_001), ([2], [0], 2), ([0], [2], 2), ([-1], [0], 2), ([0], [-1], 2),
     ([0, 1], [0], 2), ([0.5], [0], 2)],
)  # fmt: skip
def test_what_is_no_table_of_classes_is_refused(predicted, labels, classes):
    with pytest.raises(InputError):
        confusion(np.array(predicted), np.array(labels), classes)


def test_one_class_and_ten_thousand_make_a_table():
    assert confusion(np.array([0, 0]), np.array([0, 0]), 1).tolist() == [[2]]
    assert confusion(np.array([9999]), np.array([0]), 10_000)[0, 9999] == 1


def test_rows_of_half_precision_are_probabilities_and_those_off_by_a_percent_are_not():
    half = np.full((2, 3), 1 / 3).astype(np.float16)
    assert class_statistics(half, half)["classes"] == 1
    for off in (half * 1.01, half * 0.99):
        with pytest.raises(InputError, match="with the sum 1"):
            class_statistics(half, off)


@pytest.mark.parametrize(("error", "fits"), [(0.0009, True), (0.0011, False)])
def test_probabilities_have_the_sum_1_but_for_a_thousandth(error, fits):
    for p in (np.eye(2) * (1 + error), np.eye(2) * (1 - error)):
        if fits:
            assert class_statistics(p, p)["classes"] == 2
            continue
        for pair in ((p, np.eye(2)), (np.eye(2), p)):
            with pytest.raises(InputError, match="with the sum 1"):
                class_statistics(*pair)
