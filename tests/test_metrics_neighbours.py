"""Neighbours: loops over points as a reference, expected values, known extremes."""

from math import prod

import naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from npgan.errors import InputError
from npgan.metrics import copy_statistics, neighbour_statistics, neighbours
from npgan.metrics.neighbours import neighbours_of_parts

# small whole numbers: distances are exact, and ties, duplicates and radii of 0 abound
SETS = st.integers(1, 3).flatmap(
    lambda d: st.tuples(
        *(
            st.integers(4, 9).flatmap(lambda n: arrays(int, (n, d), elements=st.integers(-3, 3)))
            for _ in range(2)
        )
    )
)


@given(SETS, st.integers(1, 3))
def test_they_are_the_definitions(sets, k):
    assert neighbour_statistics(*sets, k) == pytest.approx(naive.neighbours(*sets, k), abs=1e-12)


@given(SETS, st.integers(1, 40))
def test_no_result_depends_on_the_blocks(sets, block):
    whole = neighbour_statistics(*sets, 2), copy_statistics(*sets, sets[1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neighbours, "BLOCK", block)
        patch.setattr(neighbours, "WIDE", block)
        assert whole == (neighbour_statistics(*sets, 2), copy_statistics(*sets, sets[1]))


@given(SETS, st.data())
def test_copies_are_counted_as_pairs(sets, data):
    samples, train = sets
    held_out = data.draw(arrays(int, (5, samples.shape[1]), elements=st.integers(-3, 3)))
    result = copy_statistics(samples, held_out, train)
    expected = naive.copies(samples, held_out, train)
    assert result == pytest.approx(expected, abs=1e-12)


def test_equal_distributions_have_the_expected_density_and_coverage(rng):
    n, k, repeats = 200, 5, 100
    results = [neighbour_statistics(*rng.standard_normal((2, n, 3)), k) for _ in range(repeats)]
    coverage = 1 - prod((n - 1 - i) / (2 * n - 1 - i) for i in range(k))
    for name, expected in {"density": 1, "coverage": coverage}.items():
        values = np.array([result[name] for result in results])
        assert abs(values.mean() - expected) < 5 * values.std() / np.sqrt(repeats)


def test_what_each_of_them_sees(rng):
    real = rng.standard_normal((500, 2)) + 20 * rng.integers(2, size=(500, 1))
    one_mode = rng.standard_normal((500, 2))
    dropped = neighbour_statistics(one_mode, real)
    assert dropped["precision"] > 0.9
    assert dropped["recall"] < 0.6
    assert dropped["coverage"] < 0.6
    invented = neighbour_statistics(real, one_mode)
    assert invented["precision"] < 0.6
    assert invented["recall"] > 0.9
    assert invented["density"] < 0.6
    far = neighbour_statistics(one_mode + 1000, real)
    assert set(far.values()) == {0}
    collapsed = neighbour_statistics(np.tile(real[7], (500, 1)), real)
    assert (collapsed["precision"], collapsed["recall"]) == (1, 1 / 500)


def test_copies_are_closer_than_new_data_and_noise_is_not(rng):
    train, held_out, new = rng.standard_normal((3, 2000, 4))
    copies = copy_statistics(train[:500] + 1e-9, held_out, train)
    assert copies["closer"] == 1
    assert copies["nearest_train_row"] < 1e-6 < copies["nearest_train_row_real"]
    # the variance of U / nm for equal distributions is (1/n + 1/m) / 12
    closer = copy_statistics(new, held_out, train)["closer"]
    assert abs(closer - 0.5) < 5 * np.sqrt(2 / 2000 / 12)
    assert copy_statistics(new + 100, held_out, train)["closer"] == 0


@pytest.mark.parametrize(("offset", "dtype"), [(1e8, float), (1e4, np.float32), (1e12, float)])
def test_where_the_data_lies_does_not_matter_nor_that_there_are_two_such_places(offset, dtype, rng):
    """Whole numbers are exact there, too: a row far away leaves no other its distance in the sum of squares."""
    sets = rng.integers(-3, 4, (3, 40, 3))
    labels = rng.integers(0, 3, (2, 40))
    there = [x.astype(dtype) + dtype(offset) for x in sets]
    both = [np.vstack([x, [[-offset] * 3]]).astype(dtype) for x in there]
    for samples, real, train in (there, both):
        assert neighbour_statistics(samples, real, 2) == naive.neighbours(samples, real, 2)
        assert copy_statistics(samples, real, train) == pytest.approx(
            naive.copies(samples, real, train), rel=1e-12
        )
    near, far = (
        (neighbours.neighbour_distance(*x[:2]), neighbours.nearest_rows(*x[:2]))
        for x in (sets, there)
    )
    np.testing.assert_allclose(far[0], near[0], rtol=1e-12)
    np.testing.assert_array_equal(far[1], near[1])
    accuracy = (
        neighbours.neighbour_accuracy(x[0], labels[0], x[1], labels[1], 1) for x in (sets, there)
    )
    assert len(set(accuracy)) == 1


def test_copies_have_the_distance_0_however_many_there_are(rng):
    train = rng.standard_normal((50, 7))
    samples, held_out = np.repeat(train[:5], 20, axis=0), rng.standard_normal((50, 7))
    assert neighbours.neighbour_distance(samples, train, 1).max() == 0
    result = copy_statistics(samples, held_out, train)
    assert (result["closer"], result["nearest_train_row"]) == (1, 0)
    assert not neighbours._squared_radii(samples, 19).any()


NAMES = ("precision", "recall", "density", "coverage")
REFERENCE = {
    (7, 3000, 50): (0.741, 0.7326666666666667, 1.0091333333333334, 0.9673333333333334),
    (0, 4000, 100): (0.66675, 0.649, 1.02565, 0.968),
}
"""(seed, n, d) of two standard normal sets -> what prdc, by Naeem et al., says of them for k = 5."""


@pytest.mark.parametrize(("seed", "n", "d"), REFERENCE)
def test_they_are_those_of_the_reference_implementation(seed, n, d):
    real, samples = np.random.default_rng(seed).standard_normal((2, n, d))
    expected = dict(zip(NAMES, REFERENCE[seed, n, d], strict=True))
    assert neighbour_statistics(samples, real) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("samples", "real", "message"),
    [
        (
            np.zeros((5, 2)),
            np.zeros((9, 2)),
            "samples must be numbers (n, d), n at least 6, not float64 (5, 2)",
        ),
        (
            np.zeros((9, 2)),
            np.zeros((5, 2)),
            "real must be numbers (n, 2), n at least 6, not float64 (5, 2)",
        ),
        (np.zeros((9, 2)), np.zeros((9, 3)), "real must be numbers (n, 2)"),
        (np.zeros(9), np.zeros(9), "samples must be numbers (n, d)"),
        (np.full((9, 2), np.inf), np.zeros((9, 2)), "finite"),
    ],
)
def test_bad_sets_are_refused(samples, real, message):
    with pytest.raises(InputError) as info:
        neighbour_statistics(samples, real)
    assert message in str(info.value)
    assert "\n" not in str(info.value)


@pytest.mark.parametrize("k", [0, -1, 1.5])
def test_bad_numbers_of_neighbours_are_refused(k):
    with pytest.raises(InputError, match="number of neighbours"):
        neighbour_statistics(np.zeros((9, 2)), np.zeros((9, 2)), k)


def test_copies_of_nothing_are_refused():
    with pytest.raises(InputError):
        copy_statistics(np.zeros((0, 2)), np.zeros((9, 2)), np.zeros((9, 2)))


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("k", [1, 3, 40, 300])
def test_the_mean_distance_is_over_k_of_the_known_rows(k, rng):
    x, known = rng.random((4, 2)), rng.random((300, 2))
    for row, distance in zip(x, neighbours.neighbour_distance(x, known, k), strict=True):
        assert distance == pytest.approx(
            sorted(np.linalg.norm(known - row, axis=1))[:k] @ np.ones(k) / k
        )


@pytest.mark.parametrize("k", [0, 7, 1.5])
def test_as_many_neighbours_as_there_are_known_rows_at_most(k, rng):
    x, known, labels = rng.random((4, 2)), rng.random((6, 2)), np.arange(6) % 2
    with pytest.raises(InputError, match="the number of neighbours"):
        neighbours.neighbour_distance(x, known, k)
    with pytest.raises(InputError, match="the number of neighbours"):
        neighbours.neighbour_accuracy(x, labels[:4], known, labels, k)
    assert neighbours.neighbour_accuracy(known, labels, known, labels, 1) == 1
    assert neighbours.neighbour_accuracy(known, labels, known, labels, 6) == 0.5


@pytest.mark.parametrize("k", [1, 3])
def test_the_nearest_of_many_rows_vote(k, rng):
    """NumPy sorts a short row as a whole, even if it is asked for fewer numbers."""
    known = rng.permutation(1000)
    labels = ((known == k - 1) | (known < k // 2)).astype(int)
    x = np.zeros((1, 1))
    assert neighbours.neighbour_accuracy(x, np.array([1]), known[:, None], labels, k) == 1


def test_of_labels_with_as_many_votes_the_smallest_counts():
    known, labels = np.array([[-1.0], [1.0], [3.0]]), np.array([7, -2, 5])
    assert (
        neighbours.neighbour_accuracy(np.zeros((2, 1)), np.array([-2, 7]), known, labels, 2) == 0.5
    )
    assert neighbours.neighbour_accuracy(np.zeros((1, 1)), np.array([-2]), known, labels, 3) == 1


@pytest.mark.parametrize("wrong", ["labels", "known_labels"])
def test_each_row_has_a_label(wrong, rng):
    labels = {"labels": np.zeros(4, int), "known_labels": np.zeros(6, int)}
    labels[wrong] = labels[wrong][:-1]
    with pytest.raises(InputError, match=f"^{wrong} must"):
        neighbours.neighbour_accuracy(rng.random((4, 2)), known=rng.random((6, 2)), k=1, **labels)


@pytest.mark.parametrize("rows", [6, 7])
def test_a_set_has_more_rows_than_neighbours_are_counted(rows, rng):
    x, y = rng.random((rows, 2)), rng.random((8, 2))
    for sets in ((x, y), (y, x)):
        if rows == 7:
            assert neighbour_statistics(*sets, 6) == pytest.approx(naive.neighbours(*sets, 6))
            continue
        with pytest.raises(InputError, match="n at least 7"):
            neighbour_statistics(*sets, 6)


@pytest.mark.parametrize(
    "measure",
    [
        lambda x, y: neighbour_statistics(x, y, 1),
        lambda x, y: copy_statistics(x, y, y),
        lambda x, y: copy_statistics(y, y, x),
        lambda x, y: neighbours.neighbour_distance(x, y, 1),
        neighbours.nearest_rows,
    ],
)
def test_rows_that_cannot_be_compared_are_refused(measure, rng):
    x, y = rng.random((5, 2)), rng.random((6, 2))
    measure(x, y)
    for wrong in (x[:0], x[:, :1], 1e101 * x, x[0]):
        for pair in ((wrong, y), (y, wrong)):
            with pytest.raises(InputError):
                measure(*pair)


def test_distances_of_bytes_do_not_wrap_around():
    x, known = np.array([[0, 255]], np.uint8), np.array([[255, 0], [3, 251]], np.uint8)
    np.testing.assert_array_equal(neighbours.neighbour_distance(x, known, 1), [5])
    np.testing.assert_array_equal(neighbours.nearest_rows(x, known), [1])


def test_parts_of_many_rows_have_the_statistics_of_these_rows(rng):
    samples, real = rng.standard_normal((2, 300, 3))
    parts = np.array([rng.permutation(300)[:200] for _ in range(3)])
    found = neighbours_of_parts(samples, real, parts, k=5)
    for i, part in enumerate(parts):
        alone = neighbour_statistics(samples, real[part], k=5)
        for name in ("precision", "density"):
            assert found[name][i] == pytest.approx(alone[name], abs=1e-12)
