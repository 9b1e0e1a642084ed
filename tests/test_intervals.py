"""Intervals of measures: they are as wide as figures vary from one held-out set to another."""

import numpy as np
import pytest

from npgan import GAN, Autoencoder, Classifier, data
from npgan.layers import build
from npgan.metrics import frechet_distance, neighbour_statistics
from npgan.metrics.frechet import frechet_of_parts
from npgan.metrics.neighbours import neighbours_of_parts
from npgan.study import intervals
from npgan.study.evaluation import evaluate
from npgan.study.sample_metrics import Representation


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize(("n", "m", "d"), [(90, 12, 30), (9, 20, 30), (90, 40, 7), (200, 20, 3)])
def test_distances_of_parts_are_those_of_each_part(rng, n, m, d):
    a, b = rng.normal(size=(n, d)) + 5, 2 * rng.normal(size=(m, d)) + 4
    parts = intervals.halves(m)[:9]
    expected = [frechet_distance(a, b[part]) for part in parts]
    np.testing.assert_allclose(frechet_of_parts(a, b, parts), expected, rtol=1e-9)


def test_neighbours_of_parts_are_those_of_each_part(rng):
    samples, real = rng.normal(size=(50, 3)), rng.normal(size=(30, 3))
    parts = intervals.halves(30)[:9]
    for name, values in neighbours_of_parts(samples, real, parts).items():
        expected = [neighbour_statistics(samples, real[part])[name] for part in parts]
        np.testing.assert_allclose(values, expected)


def representation(x):
    return Representation(x, x, x)


@pytest.mark.parametrize("m", [40, 61])
def test_intervals_are_as_wide_as_figures_of_other_held_out_rows_vary(rng, m):
    samples, found = 1.2 * rng.normal(size=(150, 4)) + 0.5, []
    for _ in range(80):
        held_out = rng.normal(size=(m, 4))
        figures = {"frechet_distance": frechet_distance(samples, held_out)}
        figures["neighbours"] = neighbour_statistics(samples, held_out)
        pair = representation(samples), representation(held_out)
        of_one = intervals.of_samples(*pair, figures)
        found.append({"frechet_distance": figures["frechet_distance"]} | of_one["neighbours"])
        found[-1]["frechet_distance_interval"] = of_one["frechet_distance_interval"]
    for name in ("frechet_distance", "precision", "density", "recall"):
        spread = np.std([one[name] for one in found])
        said = np.mean([np.diff(one[f"{name}_interval"]) for one in found]) / (2 * intervals.Z)
        assert 0.75 * spread < said < 1.5 * spread, name


def test_each_figure_has_the_interval_of_what_it_compares(rng):
    forms = [[rng.normal(size=(m, 3)) for _ in range(3)] for m in (50, 30)]
    ours, test = (
        Representation(*form, np.eye(2)[rng.integers(2, size=len(form[0]))]) for form in forms
    )
    names = ("frechet_distance", "feature_frechet_distance", "neighbours", "feature_neighbours")
    measures = (frechet_distance, frechet_distance, neighbour_statistics, neighbour_statistics)
    found = {
        name: measure(*(form[i] for form in forms))
        for name, measure, i in zip(names, measures, (0, 1, 2, 1), strict=True)
    }
    result = intervals.of_samples(ours, test, found | {"classes": {"total_variation": 0.0}})
    for name, i in zip(names[2:], (2, 1), strict=True):
        values = neighbours_of_parts(forms[0][i], forms[1][i], intervals.halves(30))["precision"]
        expected = intervals.spread("precision", found[name]["precision"], values, 30)
        assert result[name]["precision_interval"] == expected
    for name, i in zip(names[:2], (0, 1), strict=True):
        values = frechet_of_parts(forms[0][i], forms[1][i], intervals.halves(30))
        expected = intervals.spread("frechet_distance", found[name], values, 30)
        assert result[f"{name}_interval"] == expected
    assert 0 < result["classes"]["total_variation_interval"][1] < 0.5  # sd of a share: 0.09


def test_the_mean_lies_within_its_interval_19_times_in_20(rng):
    ends = np.array([intervals.mean(x) for x in rng.exponential(size=(2000, 50))])
    assert abs(((ends[:, 0] < 1) & (ends[:, 1] > 1)).mean() - 0.94) < 0.02


def test_halves_are_drawn_without_replacement_and_are_always_the_same():
    parts = intervals.halves(13)
    assert parts.shape == (intervals.PARTS, 6)
    assert all(len(set(part)) == 6 for part in parts.tolist())
    assert len({tuple(part) for part in np.sort(parts).tolist()}) > 50
    np.testing.assert_array_equal(parts, intervals.halves(13))


@pytest.mark.parametrize(("m", "few"), [(11, False), (12, True), (999, True), (1000, False)])
def test_few_rows_have_halves_but_not_so_few_that_these_have_no_neighbours(m, few):
    assert (intervals.halves(m) is not None) == few
    assert (intervals.mean(np.arange(m)) is not None) == (m < 1000)


def test_halves_of_an_odd_number_of_rows_vary_a_little_more_than_figures_of_all():
    low, high = intervals.spread("d_gap", 0.0, np.array([-1.0, 1.0]), 13)
    assert (low, high) == pytest.approx((-1.959964 * np.sqrt(6 / 7), 1.959964 * np.sqrt(6 / 7)))


def test_intervals_end_where_figures_do():
    apart = np.array([0.0, 1.0])
    assert intervals.spread("precision", 0.5, apart, 12) == [0, 1]
    assert (
        intervals.spread("density", 0.5, apart, 12)[0]
        == 0
        < 1
        < intervals.spread("density", 0.5, apart, 12)[1]
    )
    assert intervals.spread("d_gap", 0.5, apart, 12)[0] < 0


def test_figures_have_two_digits_of_half_the_interval_behind_which_it_is_said():
    found = {"x": 1234.5, "in": {"p": 0.98765}, "n": 3, "s": "a", "x_interval": [1000.0, 1468.0]}
    found["in"]["p_interval"] = [0.95123, 1.0]
    said = intervals.rounded(found)
    assert said == {"x": 1230, "x_interval": [1000, 1470], "n": 3, "s": "a"} | {
        "in": {"p": 0.988, "p_interval": [0.951, 1]}
    }
    assert list(said) == ["x", "x_interval", "in", "n", "s"]
    assert intervals.rounded({"p": 1 / 3, "p_interval": [1 / 3, 1 / 3]})["p"] == 0.333333333


def own(m, **more):
    x = np.random.default_rng(1).random((60 + m, 4), np.float32)
    return data.Dataset("own", x[:60], x[60:], **more)


LABELS = np.arange(40) % 2
MODELS = {
    "frechet_distance frechet_distance_real d_real d_fake d_accuracy": lambda: GAN(
        build(["dense 2 4"], rng=0), build(["dense 4 1"], rng=1)
    ),
    "mean_squared_error mean_squared_error_of_the_mean": lambda: Autoencoder(
        build(["dense 4 1"], rng=0), build(["dense 1 4"], rng=1)
    ),
    "accuracy": lambda: Classifier(build(["dense 4 2"], rng=0)),
}


@pytest.mark.parametrize("names", MODELS)
def test_what_few_held_out_rows_say_comes_with_intervals(names):
    labels = {"train_labels": np.arange(60) % 2, "test_labels": LABELS}
    found = evaluate(MODELS[names](), own(40, **labels), np.random.default_rng(0), 50)
    for name in names.split():
        low, high = found[f"{name}_interval"]
        assert low < found[name] < high
    many = own(1000, train_labels=labels["train_labels"], test_labels=np.arange(1000) % 2)
    found = evaluate(MODELS[names](), many, np.random.default_rng(0), 1000)
    assert not [name for name in found if name.endswith("_interval")]


@pytest.mark.parametrize(
    ("low", "high", "value", "said"),
    [
        (0.1, 0.299, 0.12345, [0.123, 0.1, 0.299]), (0.1, 0.31, 0.12345, [0.12, 0.1, 0.31]),
        (0.1, 0.45, 0.12345, [0.12, 0.1, 0.45]), (0.0, 0.1999, 0.12345, [0.123, 0, 0.2]),
        (0.0, 2.0, 1.23456, [1.2, 0, 2]), (0.0, 1.99, 1.23456, [1.23, 0, 1.99]),
        (0.0, 0.02, 0.012345, [0.012, 0, 0.02]),
        (0, 200.0, 123.4, [120, 0, 200]), (0, 199.0, 123.4, [123, 0, 199]), (0.5, 0.5, 0.5, [0.5, 0.5, 0.5]),
        (1 / 3, 1 / 3, 1 / 3, [0.333333333] * 3),
    ],
)  # fmt: skip
def test_digits_end_where_the_second_of_half_the_interval_does(low, high, value, said):
    found = intervals.rounded({"x": value, "x_interval": [low, high]})
    assert found == {"x": said[0], "x_interval": said[1:]}


def test_what_is_no_figure_is_not_rounded():
    assert [intervals.rounded(one) for one in (None, "a", [0.123456], 1 / 3)] == [
        None, "a", [0.123456], 1 / 3,
    ]  # fmt: skip
    found = {"x_interval": [0.0, 2.0], "x": 1.234, "y": {"z": 1 / 7}}
    assert intervals.rounded(found) == {"x_interval": [0, 2], "x": 1.2, "y": {"z": 1 / 7}}


@pytest.mark.parametrize(("p", "n"), [(0, 1), (1, 1), (0.5, 3), (1, 34), (0.9, 200)])
def test_a_share_lies_between_the_roots_of_wilsons_equation(p, n):
    z2 = 1.959964**2
    roots = np.sort(np.roots([1 + z2 / n, -(2 * p + z2 / n), p * p]).real)
    found = intervals.share(p, n)
    assert found == pytest.approx(roots, abs=2e-9)
    assert found == np.round(found, 9).tolist()
    assert 0 <= found[0] <= p <= found[1] <= 1


def test_a_mean_of_few_numbers_is_that_far_from_the_truth():
    for x in ([0.0, 4.0], [1.0, 2, 6], np.arange(999.0)):
        reach = 1.959964 * np.std(x, ddof=1) / len(x) ** 0.5
        expected = [np.mean(x) - reach, np.mean(x) + reach]
        assert intervals.mean(np.array(x)) == pytest.approx(expected)
        assert all(type(end) is float for end in intervals.mean(np.array(x)))
    assert intervals.mean(np.ones(1)) is intervals.mean(np.ones(1000)) is None
    x = (1e4 + np.arange(500)).astype(np.float32)
    np.testing.assert_array_equal(intervals.mean(x), intervals.mean(x.astype(np.float64)))


def test_figures_of_rows_have_the_intervals_of_their_halves():
    x = np.random.default_rng(0).random(25)

    def figures(part):
        return {"density": x[part].mean(), "d_gap": 9 * x[part].max()}

    found = intervals.of_halves(25, figures)
    parts = intervals.halves(25)
    for name, value in figures(slice(None)).items():
        values = np.array([figures(part)[name] for part in parts])
        assert found[f"{name}_interval"] == intervals.spread(name, value, values, 25)
    assert len(found) == 2
    assert intervals.of_halves(11, figures) == intervals.of_halves(1000, figures) == {}


def test_shares_of_held_out_rows_have_wilsons_interval_and_others_that_of_halves():
    found = {"precision": 0.5, "recall": 0.25, "density": 1.0, "coverage": 0.75}
    values = {"precision": np.array([0.4, 0.6]), "density": np.array([0.8, 1.2])}
    said = intervals._of_neighbours(found, values, 30)
    expected = {
        f"{name}_interval": intervals.share(found[name], 30) for name in ("recall", "coverage")
    }
    for name in values:
        of_name = intervals.spread(name, found[name], values[name], 30)
        expected[f"{name}_interval"] = of_name
    assert said == found | expected


@pytest.mark.parametrize("names", [(), ("frechet_distance",), ("neighbours",)])
def test_only_figures_that_were_found_have_intervals(rng, names):
    ours, test = (representation(rng.normal(size=(m, 3))) for m in (20, 30))
    whole = {"frechet_distance": 1.0, "neighbours": neighbour_statistics(ours.rows, test.rows)}
    found = {name: whole[name] for name in names}
    said = intervals.of_samples(ours, test, found)
    assert {*said} == {
        *names,
        *(["frechet_distance_interval"] if "frechet_distance" in names else []),
    }
    assert intervals.of_samples(ours, representation(test.rows[:11]), found) == found
    one = Representation(*[ours.rows] * 3, np.eye(2)[[0] * 20])
    assert intervals.of_samples(one, test, {}) == intervals.of_samples(test, one, {}) == {}


def test_ends_of_intervals_have_nine_digits():
    ends = intervals.spread("d_gap", 1 / 3, np.array([0.1, 0.2, 0.4]), 14)
    reach = 1.959964 * np.std([0.1, 0.2, 0.4])
    assert ends == [round(1 / 3 - reach, 9), round(1 / 3 + reach, 9)]
