"""The measures of generated tables, each by numbers that are worked out by hand, and what they refuse."""

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from npgan import InputError, TableGAN, metrics
from npgan.metrics import auroc, copied_share, copy_statistics
from npgan.metrics.tables import _unit
from npgan.study import generated, table_prediction, table_privacy, table_report
from npgan.study.table_columns import Columns
from npgan.tables import Column, Encoding, Schema, condition, open_source
from npgan.tables.normal import score

NAN = np.nan
RNG = np.random.default_rng

# --- of columns and pairs ------------------------------------------------------------------------

ONE, HUGE, NONE = np.array([1.0]), np.array([1e200]), np.zeros(0)
PAIR, HUGE_PAIR, NO_PAIR = np.ones((2, 2)), np.full((2, 2), 1e200), np.zeros((0, 2))
CODES, NO_CODES = np.array([0, 1]), np.zeros(0, int)
REFUSED = [
    (metrics.ks_complement, "real", NONE, ONE), (metrics.ks_complement, "made", ONE, NONE),
    (metrics.ks_complement, "real", PAIR, ONE), (metrics.ks_complement, "made", ONE, PAIR),
    (metrics.tv_complement, "real", NO_CODES, CODES), (metrics.tv_complement, "made", CODES, NO_CODES),
    (metrics.tv_complement, "real", CODES / 2, CODES), (metrics.tv_complement, "made", CODES, CODES / 2),
    (metrics.correlation_similarity, "real", NO_PAIR, PAIR), (metrics.correlation_similarity, "made", PAIR, NO_PAIR),
    (metrics.correlation_similarity, "real", HUGE_PAIR, PAIR),
    (metrics.correlation_similarity, "made", PAIR, HUGE_PAIR),
    (metrics.correlation_similarity, "real", ONE, PAIR), (metrics.correlation_similarity, "made", PAIR, ONE),
    (metrics.contingency_similarity, "real", NO_PAIR.astype(int), np.eye(2, dtype=int)),
    (metrics.contingency_similarity, "made", np.eye(2, dtype=int), NO_PAIR.astype(int)),
    (metrics.contingency_similarity, "real", PAIR / 2, np.eye(2, dtype=int)),
    (metrics.contingency_similarity, "made", np.eye(2, dtype=int), PAIR / 2),
    (metrics.cut, "values", PAIR, ONE), (metrics.cut, "real", ONE, NONE), (metrics.cut, "real", ONE, HUGE),
    (metrics.cut, "bins", ONE, ONE, 0), (metrics.cut, "bins", ONE, ONE, 2**20 + 1),
    (metrics.correlation, "x", NONE, NONE), (metrics.correlation, "x", HUGE, ONE),
    (metrics.correlation, "y", ONE, HUGE), (metrics.correlation, "y", ONE, np.ones(2)),
    (metrics.correlation_ratio, "values", NO_CODES, NONE), (metrics.correlation_ratio, "values", CODES[:1], HUGE),
    (metrics.correlation_ratio, "categories", CODES, ONE), (metrics.correlation_ratio, "categories", ONE / 2, ONE),
    (metrics.cramers_v, "a", NO_CODES, NO_CODES), (metrics.cramers_v, "b", CODES, CODES[:1]),
    (metrics.cramers_v, "a", CODES / 2, CODES), (metrics.cramers_v, "b", CODES, CODES / 2),
]  # fmt: skip


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: f"{case[0].__name__}-{case[1]}")
def test_what_cannot_be_measured_is_refused_by_its_name(case):
    measure, name, *given = case
    with pytest.raises(InputError, match=rf"\b{name}\b"):
        measure(*given)


@pytest.mark.parametrize(
    ("measure", "given", "found"),
    [
        (metrics.ks_complement, ([1, 1.0, 2], [1.0]), 2 / 3), (metrics.ks_complement, ([5.0], [1.0]), 0),
        (metrics.ks_complement, ([0, 2.0], [1.0]), 0.5), (metrics.tv_complement, ([0, 1, 1], [1]), 2 / 3),
        (metrics.tv_complement, ([3], [3, 5]), 0.5), (metrics.tv_complement, ([0], [1]), 0),
        (metrics.correlation_similarity, ([[0.0, 0], [1, 1]], [[0.0, 1], [1, 0]]), 0),
        (metrics.contingency_similarity, ([[0, 1], [1, 0]], [[1, 0]]), 0.5),
        (metrics.contingency_similarity, ([[0, 1]], [[0, 0], [1, 0]]), 0),
        (metrics.contingency_similarity, ([[0, 2]], [[1, 0]]), 0),
        (metrics.correlation, ([0.0, 1, 2], [0.0, -1, -2]), -1), (metrics.correlation, ([7.0], [7.0]), 0),
        (metrics.correlation, ([1e5, 1e5 + 1e-8], [0.0, 1]), 0), (metrics.correlation, ([1, 1 + 1e-9], [0.0, 1]), 1),
        (metrics.correlation_ratio, ([4, 4, 9, 9], [0.0, 2, 2, 4]), np.sqrt(1 / 2)),
        (metrics.contingency_similarity, ([[2, 0]], [[0, 1]]), 0),
        (metrics.contingency_similarity, ([[2, 1]], [[2, 1]]), 1),
        (metrics.correlation_similarity, ([[0.0, 1]], [[2.0, 1]]), 1), (metrics.cramers_v, ([3], [4]), 0),
        (metrics.cramers_v, ([1, 1], [0, 1]), 0), (metrics.cramers_v, ([0, 1, 2, 0, 1, 2], [0, 1, 2, 1, 2, 0]), 0.5),
        (metrics.cramers_v, ([0, 0, 1, 1], [0, 1, 0, 1]), 0), (metrics.cramers_v, ([2, 3, 4], [1, 1, 7]), 1),
        (metrics.cramers_v, ([0, 0, 0, 1], [0, 0, 1, 1]), np.sqrt(1 / 3)),
    ],
)  # fmt: skip
def test_a_measure_has_the_value_of_its_formula(measure, given, found):
    assert measure(*map(np.array, given)) == pytest.approx(found, abs=1e-6)


def test_bins_are_of_equal_width():
    found = metrics.cut(np.array([-1, 0, 0.99, 1, 1.99, 2, 3, 4, 5]), np.array([4.0, 0]), 4)
    assert found.tolist() == [0, 0, 0, 1, 1, 2, 3, 3, 3]
    assert metrics.cut(np.array([0, 0.95, 10]), np.array([0.0, 10])).tolist() == [0, 0, 9]
    assert metrics.cut(np.array([0.6999999999]), np.array([0, 1], np.float32)).tolist() == [6]
    assert metrics.cut(np.array([-5.0, 5]), np.array([0.0, 1]), 1).tolist() == [0, 0]
    assert metrics.cut(np.array([5.0]), np.array([0.0, 1]), 2**20).tolist() == [2**20 - 1]
    assert metrics.cut(np.array([1e300]), np.array([0.0, 10])).tolist() == [9]


def test_sums_are_in_double_precision():
    x = (1e6 + np.arange(1000)).astype(np.float32)
    for pair in ((x, x), (x, np.arange(1000.0)), (np.arange(1000.0), x)):
        assert metrics.correlation(*pair) == pytest.approx(1, abs=1e-12)
    exact = metrics.correlation_ratio(np.arange(1000) // 500, np.arange(1000.0))
    assert metrics.correlation_ratio(np.arange(1000) // 500, x) == pytest.approx(exact, abs=1e-12)


@pytest.mark.parametrize(
    ("real", "made", "coded", "found"),
    [
        ([1, 2, NAN], [NAN, NAN], False, 0), ([0, 1, NAN], [1], True, 0.5), ([1, 2], [2, 3], False, 0.5),
        ([0.0, 1], [NAN, 1, 0], True, 1), ([5, 6], [6, NAN], True, 0.5),
    ],
)  # fmt: skip
def test_the_shape_of_a_column_is_that_of_what_is_there(real, made, coded, found):
    assert table_report.shape(np.array(real, float), np.array(made, float), coded) == found


@pytest.mark.parametrize(
    ("real", "made", "coded", "found"),
    [
        ([[0, 0], [1, 1]], [[0, 0], [1, 1]], [False, False], 1),
        ([[0, 0], [1, 1]], [[NAN, 0], [1, NAN]], [False, False], 0),
        ([[0, NAN], [NAN, 1]], [[0, 0], [1, 1]], [False, False], 0),
        ([[0, 0], [1, 1], [NAN, 5]], [[0, 1], [1, 0], [9, NAN]], [False, False], 0),
        ([[0, 0], [10, 1]], [[0.5, 0], [10, 0]], [False, True], 0.5),
        ([[0, 0], [1, 10]], [[0, 0.5], [0, 10]], [True, False], 0.5),
        ([[NAN, 0], [1, 10]], [[NAN, 0], [0, NAN]], [True, False], 0.5),
        ([[0, NAN], [1, NAN]], [[0, NAN], [1, 3]], [True, False], 0.5),
        ([[0, 0], [0, 10]], [[0, NAN], [0, 10]], [True, False], 0.5),
        ([[NAN, 0], [0, 1]], [[0, 0], [0, 1]], [True, True], 0.5),
    ],
)
def test_the_trend_of_a_pair_is_its_joint_shares(real, made, coded, found):
    real, made = np.array(real, float), np.array(made, float)
    assert table_report.trend(real, made, coded) == pytest.approx(found)


def test_the_bins_of_a_trend_are_those_of_the_real_rows():
    real, made = np.array([[0.0, 0], [10, 0]]), np.array([[4.0, 0], [6, 0], [0, 0], [10, 0]])
    assert table_report.trend(real, made, [False, True]) == 0.5
    assert table_report.trend(made, real, [False, True]) == 0.5
    made = np.array([[0.0, 0], [100, 0], [10, 0]])
    assert table_report.trend(real, made, [False, True]) == pytest.approx(5 / 6)
    assert table_report.trend(made, real, [False, True]) == pytest.approx(2 / 3)
    codes, others = table_report._codes(np.array([0, NAN, 10]), np.array([NAN, 99, -9, 5]), False)
    assert (codes.tolist(), others.tolist()) == ([0, 10, 9], [10, 9, 0, 5])
    codes, others = table_report._codes(np.array([2, NAN]), np.array([NAN, 1]), True)
    assert (codes.tolist(), others.tolist()) == ([2, -1], [-1, 1])
    codes, others = table_report._codes(np.array([NAN]), np.array([NAN, 3.5]), False)
    assert (codes.tolist(), others.tolist()) == ([-1], [-1, 3])


def test_a_mean_of_nothing_is_none():
    assert table_report._mean(iter([1.0, 4])) == 2.5
    assert table_report._mean([]) is None


# --- of rows -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scores", "positive", "error"),
    [
        ([0.0, 1, 2, 3], [0, 0, 1, 1], 0), ([0.0, 1, 2], [0, 0, 1], None), ([0.0, 1, 2], [1, 0, 1], None),
        ([1.0, 3, 2, 4], [0, 0, 1, 1], np.sqrt(0.125 / 2 + 0.125 / 2)),
        ([1.0, 3, 2, 4, 0], [0, 0, 1, 1, 0], np.sqrt(1 / 18 / 2 + 1 / 12 / 3)),
        ([0.0, 5, 1, 2, 3], [1, 1, 0, 0, 0], 0.5), ([1.0, 2, 3, 0, 5], [1, 1, 1, 0, 0], 0.5),
    ],
)  # fmt: skip
def test_the_error_of_an_auc_is_that_of_delong(scores, positive, error):
    found = table_privacy.auc_error(np.array(scores), np.array(positive, bool))
    assert found is None if error is None else found == pytest.approx(error)


def test_nearness_is_measured_on_both_sides():
    made, held, train = np.array([[0.0], [5]]), np.array([[2.0], [9]]), np.array([[0.5], [5], [7]])
    found = table_privacy.near(made, held, train)
    distances = np.array([0.5, 0, 2, 2, 4])
    members = np.arange(5) < 3
    assert found.pop("membership") == auroc(-distances, members) == pytest.approx(5.5 / 6)
    assert found.pop("membership_error") == table_privacy.auc_error(-distances, members)
    assert found == copy_statistics(made, held, train)


def test_copies_are_sought_among_rows_that_are_evenly_chosen(monkeypatch):
    columns = SimpleNamespace(values=lambda rows: rows[:, :1] * 1.0)
    rows = np.column_stack([np.arange(10.0), np.zeros(10)])
    sets = [np.array([[0.0], [1], [8]]), np.array([[9.0], [20]])]
    for most, kept in ((20, 10), (19, 5), (10, 5), (9, 4), (1, 1)):
        monkeypatch.setattr(table_privacy, "CELLS", most)
        for at_once in (1, 3, 100):
            monkeypatch.setattr(table_privacy, "ROWS", at_once)
            (first, second), n = table_privacy.copied(columns, rows, sets)
            known = rows[:: -(-20 // most), 0]
            assert (n, len(known)) == (kept, kept)
            assert first.tolist() == np.isin([0, 1, 8], known).tolist()
            assert second.tolist() == np.isin([9, 20], known).tolist()


def test_a_row_in_both_sets_counts_half_and_ties_go_to_the_first():
    train, held = np.array([[0.0], [2.0], [9.0]]), np.array([[0.0], [4.0], [99.0]])
    found = copied_share(np.array([[0.0], [1.1], [5.0], [5.5]]), held, train)
    weights = np.array([0.5, 1, 0, 0.5, 2, 0])
    assert found["copied"] == pytest.approx(1 - 2.5 / 2)
    spread = np.square(weights - weights.mean()).sum()
    assert found["copied_error"] == pytest.approx(np.sqrt(9 * spread / 30) / 2)


def test_the_closer_of_a_sample_and_a_held_out_row_is_known():
    train = np.array([[0.0], [10.0]])
    found = copy_statistics(np.array([[1.0], [12]]), np.array([[2.0], [7], [10.5]]), train)
    assert found == {
        "nearest_train_row": 1.5, "nearest_train_row_real": 2.0, "closer": pytest.approx(3.5 / 6)
    }  # fmt: skip


# --- of predictions ------------------------------------------------------------------------------


def test_a_fit_to_nothing_is_zero_and_to_one_row_is_that_row():
    empty = table_prediction.fitted(np.zeros((0, 0)), np.zeros((3, 0)), np.zeros((0, 2)))
    assert empty.tolist() == [[0, 0]] * 3
    one = table_prediction.fitted(np.zeros((1, 1)), np.array([[4.0]]), np.array([[7.0, 3]]))
    assert one.tolist() == [[7, 3]]


def test_squares_are_not_below_zero():
    a = np.array([[1e8, 1.0], [3, 4]])
    found = table_prediction.squares(a, a)
    assert (found >= 0).all()
    assert found[1, 1] == 0
    assert table_prediction.squares(a[1:], np.array([[0.0, 0], [3, 0]])).tolist() == [[25, 16]]


@pytest.mark.parametrize(
    ("truth", "there", "times", "found"),
    [
        ([0, 1, 2], [1, 1, 1], [1, 1, 1], 1 - 1.25 / 2), ([0, 1, 2], [1, 0, 1], [1, 1, 1], 1 - 1.25 / 2),
        ([0, 1, 2], [1, 1, 1], [2, 0, 1], 1 - 1.5 / (4 - 4 / 3)), ([1, 1, 1], [1, 1, 1], [1, 1, 1], NAN),
        ([0, 1, 2], [1, 1, 1], [0, 3, 0], NAN), ([0, 1, 2], [0, 1, 0], [1, 0, 1], NAN),
    ],
)  # fmt: skip
def test_the_score_of_numbers_is_the_share_of_their_spread(truth, there, times, found):
    target = table_prediction.Target(np.array(there, bool), np.array(truth, float)[:, None], False)
    guess = np.array(truth, float)[:, None] + np.array([[0.5], [0], [-1]])
    scores = table_prediction.scores(target, guess, np.array([times]))
    assert scores == pytest.approx([found], nan_ok=True)


@pytest.mark.parametrize(
    ("there", "times", "found"),
    [([1, 1, 1], [1, 1, 1], 2 / 3), ([1, 1, 0], [1, 1, 1], 1), ([1, 1, 1], [1, 0, 3], 0.25)],
)
def test_the_score_of_categories_is_the_share_of_right_guesses(there, times, found):
    target = table_prediction.Target(np.array(there, bool), np.eye(3), True)
    guess = np.array([[0.4, 0.3, 0.3], [0, 1, 0], [0.6, 0, 0.4]])
    assert table_prediction.scores(target, guess, np.array([times])) == pytest.approx([found])


def test_means_are_over_the_columns_that_have_a_score():
    number = table_prediction.Target(np.ones(4, bool), np.arange(4.0)[:, None], False)
    flat = table_prediction.Target(np.ones(4, bool), np.ones((4, 1)), False)
    category = table_prediction.Target(np.ones(4, bool), np.eye(2)[[0, 1, 0, 1]], True)
    right, wrong = np.arange(4.0)[:, None], np.eye(2)[[0, 0, 0, 0]]
    by = {"": [right, right, wrong], "_real": [right * 0 + 1.5, right, wrong]}
    said = table_prediction.compared(["a", "b", "c"], [number, flat, category], by, RNG(0))
    assert list(said["columns"]) == ["a", "c"]
    a, c = said["columns"].values()
    assert (a["measure"], a["score"], a["score_real"]) == ("R2", 1, 0)
    assert (c["measure"], c["score"], c["score_real"]) == ("accuracy", 0.5, 0.5)
    assert (said["mean"], said["mean_real"], said["resamples"]) == (0.75, 0.25, 1000)
    times = RNG(0).multinomial(4, np.full(4, 1 / 4), 1000)
    accuracies = times[:, [0, 2]].sum(axis=1) / 4
    assert c["score_interval"] == np.quantile(accuracies, [0.025, 0.975]).tolist()
    unknown = (times > 0).sum(axis=1) == 1  # rows that are all the same have no R2
    means = np.where(unknown, accuracies, (1 + accuracies) / 2)
    np.testing.assert_allclose(said["mean_interval"], np.quantile(means, [0.025, 0.975]))
    assert a["score_interval"] == [1, 1]


# --- columns as numbers, and rows under conditions ------------------------------------------------

SCHEMA = Schema(
    (
        Column("id", "identifier"),
        Column("a", "number", True, decimals=1),
        Column("c", "category", True, categories=("x", "y")),
        Column("n", "whole number"),
        Column("d", "category", categories=("u", "v")),
    )
)
PEOPLE = pa.table(
    {
        "id": ["1", "2", "3"],
        "a": ["-1.5", None, "2"],
        "c": ["y", None, "x"],
        "n": ["3", "4", "3"],
        "d": ["u", "v", "v"],
    }
)


@pytest.fixture(scope="module")
def people():
    encoding = Encoding.fit(SCHEMA, open_source(PEOPLE))
    return encoding, encoding.rows(open_source(PEOPLE))


def test_rows_are_numbers_and_codes(people):
    encoding, rows = people
    columns = Columns(encoding)
    assert columns.names == ["a", "c", "n", "d"]
    assert columns.coded.tolist() == [False, True, False, True]
    assert columns._places == [0, 2, 3, 4]
    values = columns.values(rows)
    np.testing.assert_array_equal(values, [[-1.5, 1, 3, 0], [NAN, NAN, 4, 1], [2, 0, 3, 1]])
    assert not np.signbit(values[2, 1])
    a, c, n, d = columns.blocks(values, values)
    z = score(np.array([0.25, 0.75]))
    np.testing.assert_allclose(a, [[z[0], 0], [0, 1], [z[1], 0]], atol=1e-9)
    assert c.tolist() == [[0, 1, 0], [0, 0, 1], [1, 0, 0]]
    np.testing.assert_allclose(n, score(np.array([1, 2.5, 1]) / 3)[:, None], atol=1e-9)
    assert d.tolist() == [[1, 0], [0, 1], [0, 1]]
    far = columns.blocks(np.array([[-9.0, 0, 9, 0]]), values)
    np.testing.assert_allclose(
        [far[0][0, 0], far[2][0, 0]], score(np.array([1 / 4, 5 / 6])), atol=1e-9
    )
    unknown = columns.blocks(values, np.full((1, 4), NAN))
    assert unknown[2].ravel().tolist() == [0, 0, 0]


class Told(TableGAN):
    """A model whose samples are rows that it is given, one list a call; it keeps what it is asked for."""

    def __init__(self, given, shares):
        self.given, self.shares, self.asked = list(given), shares, []

    def sample(self, n, rng=None, label=None):
        self.asked.append((n, label))
        return self.given.pop(0)


SHARES = [1.0, 0.9, 0.1, 0.2, 0.5, 0.3, 0.4, 0.6]  # any; a, no a; x, y, missing; u, v


@pytest.mark.parametrize(
    ("wanted", "label"),
    [([], None), (["c=x"], 3), (["c=y"], 4), (["c="], 5), (["d=v"], 7), (["d=u"], 6), (["c!=x"], None),
     (["n=3"], None), (["c=y", "d=u"], 6), (["d=v", "c=y"], 4), (["n=3", "d!=u", "c=y"], 4)],
)  # fmt: skip
def test_the_rarest_category_is_asked_for(people, wanted, label):
    encoding, rows = people
    model, where = Told([rows[:2]], SHARES), [condition(text, encoding) for text in wanted]
    asked = generated._asked(model, encoding, where)
    assert asked == ({} if label is None else {"label": label})
    assert generated._asked(SimpleNamespace(), encoding, where) == {}


def test_rows_are_generated_until_there_are_enough(people, monkeypatch):
    encoding, rows = people
    monkeypatch.setattr(generated, "AT_ONCE", 3)
    model = Told([rows, rows[:2]], SHARES)
    assert generated.generate(model, encoding, 5, 0).tolist() == rows[[0, 1, 2, 0, 1]].tolist()
    assert model.asked == [(3, None), (2, None)]
    model = Told([rows, rows[:1], rows], SHARES)
    found = generated.generate(model, encoding, 3, 0, [condition("d=v", encoding)])
    assert found.tolist() == rows[[1, 2, 1]].tolist()
    assert model.asked == [(3, 7)] * 3
    assert len(generated.generate(Told([rows], SHARES), encoding, 1, 0)) == 1
    with pytest.raises(InputError, match="n must be"):
        generated.generate(model, encoding, 0, 0)


def test_after_20_rounds_without_a_row_they_are_given_up(people, monkeypatch):
    encoding, rows = people
    monkeypatch.setattr(generated, "AT_ONCE", 3)
    where = [condition(text, encoding) for text in ("d=v", "n=4")]
    none, one = rows[:1], rows
    model = Told([none] * 19 + [one] + [none] * 19 + [one], SHARES)
    assert len(generated.generate(model, encoding, 2, 0, where)) == 2
    for given in ([none] * 20, [one] + [none] * 20):
        model = Told(given, SHARES)
        with pytest.raises(InputError, match="of 60 generated rows none fulfils d=v and n=4: the"):
            generated.generate(model, encoding, 2, 0, where)
        assert not model.given


@pytest.mark.parametrize(("spread", "flat"), [(2e-10, False), (5e-11, True)])
def test_of_many_rows_a_spread_is_rounding_if_each_is(spread, flat):
    """It is compared with 1e-12 of the largest number times the root of n, here 100."""
    x = np.ones(10_000)
    x[0] += spread
    assert (_unit(x) == 0).all() == flat
