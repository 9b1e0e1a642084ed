"""Generated rows of tables: what good ones score, what bad ones lose, and the picture of both."""

import json
from itertools import product
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from commands import run

from npgan import InputError, TableGAN, plotting_tables
from npgan.data import Dataset
from npgan.metrics import (
    auroc,
    contingency_similarity,
    correlation,
    correlation_ratio,
    cramers_v,
    cut,
    ks_complement,
    tv_complement,
)
from npgan.study import intervals, pictures, table_prediction, table_privacy, table_report
from npgan.study.evaluation import evaluate
from npgan.study.table_columns import Columns
from npgan.tables import Column, Encoding, Schema, open_source

RNG = np.random.default_rng


def people(n, seed=0):
    """Return a table: size follows from age by a curve, the town from both; some cells are missing."""
    rng = RNG(seed)
    age = rng.uniform(-2, 2, n)
    size = np.round(age**2 + 0.2 * rng.standard_normal(n), 2)
    town = np.where(rng.random(n) < 0.1, 2, (age > 0) + 1 * (size > 2))
    return pa.table(
        {
            "age": np.round(age, 3),
            "size": pa.array(size, mask=rng.random(n) < 0.1),
            "town": pa.array(np.array(["Ulm", "Bonn", "Kiel"])[town], mask=rng.random(n) < 0.1),
        }
    )


SCHEMA = Schema(
    (
        Column("age", "number", decimals=3),
        Column("size", "number", missing=True, decimals=2),
        Column("town", "category", missing=True, categories=("Ulm", "Bonn", "Kiel")),
    )
)


class Drawn(TableGAN):
    """A model whose samples are given rows."""

    def __init__(self, dataset, rows):
        self.widths, self.given = list(dataset.table.widths), rows

    def sample(self, n, rng=None, label=None):
        return self.given[:n]


@pytest.fixture(scope="module")
def table():
    """A data set of people; more of them are in `more`."""
    encoding = Encoding.fit(SCHEMA, open_source(people(2000)))
    rows = encoding.rows(open_source(people(2000)))
    return Dataset("people", rows[:1000], rows[1000:], table=encoding)


@pytest.fixture(scope="module")
def more(table):
    return table.table.rows(open_source(people(1000, 1)))


def measured(table, rows):
    return evaluate(Drawn(table, rows), table, RNG(0), len(rows))


@pytest.fixture(scope="module")
def perfect(table, more):
    return measured(table, more)


def test_new_people_score_as_real_ones_do(perfect):
    assert perfect["samples"] == 1000
    assert [*perfect["column_shapes"]["columns"]] == ["age", "size", "town"]
    for name in ("column_shapes", "column_shapes_real"):
        assert 0.94 < perfect[name]["mean"] < 1
        assert perfect[name]["mean"] == np.mean([*perfect[name]["columns"].values()])
    for name in ("pair_trends", "pair_trends_real"):
        assert 0.9 < perfect[name] < 1
    prediction, privacy = perfect["prediction"], perfect["privacy"]
    assert prediction["rows"] == 500
    assert prediction["mean"] == pytest.approx(prediction["mean_real"], abs=0.03)
    assert privacy["copies"] < 0.01
    assert privacy["closer"] == pytest.approx(0.5, abs=0.05)
    assert abs(privacy["membership"] - 0.5) < 3 * privacy["membership_error"]
    assert 0.01 < privacy["membership_error"] < 0.015
    assert perfect["missing"]["size"]["samples"] == pytest.approx(0.1, abs=0.03)


def test_a_relation_is_found_though_it_is_no_line(perfect):
    columns = perfect["prediction"]["columns"]
    assert columns["size"]["measure"] == "R2"
    assert 0.8 < columns["size"]["score"] < 1
    assert columns["town"]["measure"] == "accuracy"
    assert 0.75 < columns["town"]["score"] < 0.95
    for one in columns.values():
        low, high = one["score_interval"]
        assert low < one["score"] < high < low + 0.2


def test_columns_that_are_shuffled_keep_their_shapes_and_lose_all_else(table, more, perfect):
    rng = RNG(3)
    size = rng.permutation(len(more))
    shuffled = np.column_stack(
        [more[:, 0], more[size, 1], more[size, 2], rng.permutation(more[:, 3])]
    )
    found = measured(table, shuffled)
    assert found["column_shapes"] == perfect["column_shapes"]
    assert found["missing"] == perfect["missing"]
    assert found["pair_trends"] < perfect["pair_trends"] - 0.1
    assert found["prediction"]["mean"] < 0.35 < perfect["prediction"]["mean"]
    assert found["prediction"]["mean_real"] == pytest.approx(perfect["prediction"]["mean_real"])


def test_missing_values_are_shares_of_their_own(table, more):
    gone = more.copy()
    gone[:, 2] = 1
    found = measured(table, gone)
    assert found["missing"]["size"] == {
        "samples": 1.0, "held_out": float((table.test[:, 2] == 1).mean())
    }  # fmt: skip
    assert found["column_shapes"]["columns"]["size"] == 0
    assert found["column_shapes_real"]["columns"]["size"] > 0.9


def test_a_copier_is_found(table):
    privacy = measured(table, table.train[:700])["privacy"]
    assert privacy["copies"] == 1
    assert privacy["copies_real"] < 0.01 < privacy["copies_real_interval"][1] + 0.01
    assert privacy["nearest_train_row"] == 0 < privacy["nearest_train_row_real"]
    assert privacy["closer"] > 0.97
    assert privacy["membership"] > 0.8
    assert privacy["training_rows"] == 1000


def test_a_blurred_copier_is_found_by_distances(table):
    rows = table.train.copy()
    rows[:, 0] += 0.01 * RNG(0).standard_normal(len(rows))
    privacy = measured(table, rows)["privacy"]
    assert privacy["copies"] < 0.2
    assert privacy["closer"] > 0.7
    assert privacy["membership"] > 0.7


def test_copies_are_equal_as_a_table(table):
    rows = table.train[:50].copy()
    rows[:, 1] = np.where(rows[:, 2] == 1, 0.3, rows[:, 1])  # the score of what is missing
    privacy = measured(table, rows)["privacy"]
    assert privacy["copies"] == 1
    decoded = table.table.decode(table.test, 0).to_pylist()
    known = table.table.decode(table.train, 0).to_pylist()
    assert privacy["copies_real"] == np.mean([row in known for row in decoded])


def test_copies_are_sought_among_few_rows_of_a_large_table(table, monkeypatch):
    monkeypatch.setattr(table_privacy, "CELLS", 4 * 250)
    monkeypatch.setattr(table_privacy, "ROWS", 100)
    privacy = measured(table, table.train[:200])["privacy"]
    assert (privacy["training_rows"], privacy["copies"]) == (250, 0.25)


def test_the_work_is_bounded(table, more, monkeypatch):
    for name, most in (("ROWS", 300), ("PAIRS", 2), ("FIT", 50), ("PREDICTED", 2), ("NUMBERS", 1)):
        monkeypatch.setattr(table_report, name, most)
    found = measured(table, more)
    assert found["samples"] == 300
    assert found["prediction"]["rows"] == 50
    assert len(found["prediction"]["columns"]) == 2


def test_a_table_is_measured_by_nothing_else_and_needs_held_out_rows(table, more):
    model = Drawn(table, more)
    whole = Dataset("people", table.train, table=table.table)
    with pytest.raises(InputError, match="no test data"):
        evaluate(model, whole, RNG(0))
    with pytest.raises(InputError, match="not the table"):
        evaluate(model, Dataset("others", table.train, table.test), RNG(0))
    names = {"samples", "column_shapes", "column_shapes_real", "missing", "pair_trends"}
    assert {*measured(table, more)} == names | {"pair_trends_real", "prediction", "privacy"}


# --- every number as a slow formula has it -------------------------------------------------------


def test_shapes_and_trends_are_their_formulas():
    rng = RNG(5)
    x, y, a, b = (
        rng.integers(0, 9, 7),
        rng.integers(0, 9, 5),
        rng.integers(0, 3, 7),
        [2, 0, 5, 2, 2],
    )
    b = np.array(b)
    ks = max(abs((x <= v).mean() - (y <= v).mean()) for v in range(-1, 10))
    assert ks_complement(x, y) == pytest.approx(1 - ks)
    tv = sum(abs((a == k).mean() - (b == k).mean()) for k in range(9)) / 2
    assert tv_complement(a, b) == pytest.approx(1 - tv)
    both = np.column_stack([x, a]), np.column_stack([y, b])
    for real, made in (both, rng.integers(0, 4, (2, 20, 2))):
        tv = sum(
            abs((real == p).all(axis=1).mean() - (made == p).all(axis=1).mean())
            for p in product(range(9), range(9))
        )
        assert contingency_similarity(real, made) == pytest.approx(1 - tv / 2)


def test_a_pair_of_a_number_and_a_category_is_cut_into_ten_bins_and_missing():
    real = np.array([[0.0, 0], [10, 1], [4.5, np.nan], [np.nan, 1]])
    made = np.array([[0.9, 0], [99, 1], [5.1, np.nan], [np.nan, 0]])
    assert table_report.trend(real, made, [False, True]) == 0.5  # 4.5 and 5.1 are in two bins
    np.testing.assert_array_equal(cut(made[:3, 0], real[:3, 0]), [0, 9, 5])
    np.testing.assert_array_equal(cut(np.array([5.0, 4.9]), real[:3, 0]), [5, 4])
    real, made = np.array([[0.0, 0], [9, 0], [np.nan, 0]]), np.array([[0.0, 0], [9, 0], [0, 0]])
    assert table_report.trend(real, made, [False, True]) == pytest.approx(2 / 3)


def test_a_pair_of_numbers_is_compared_by_correlations_of_whole_rows():
    rng = RNG(6)
    real, made = rng.standard_normal((2, 20, 2))
    real[0, 1] = made[3, 0] = np.nan
    r = np.corrcoef(real[1:].T)[0, 1]
    s = np.corrcoef(np.delete(made, 3, 0).T)[0, 1]
    assert table_report.trend(real, made, [False, False]) == pytest.approx(1 - abs(r - s) / 2)
    made[:, 0] = 0.1
    assert table_report.trend(real, made, [False, False]) == pytest.approx(1 - abs(r) / 2)


def test_associations_are_their_formulas():
    rng = RNG(7)
    a, b, x = rng.integers(0, 3, 30), rng.integers(4, 8, 30), rng.standard_normal(30)
    between = sum((a == k).sum() * (x[a == k].mean() - x.mean()) ** 2 for k in range(3))
    ratio = between / np.square(x - x.mean()).sum()
    assert correlation_ratio(a, x) == pytest.approx(np.sqrt(ratio))
    expected = {(i, j): (a == i).sum() * (b == j).sum() / 30 for i in range(3) for j in range(4, 8)}
    chi = sum((((a == i) & (b == j)).sum() - e) ** 2 / e for (i, j), e in expected.items())
    assert cramers_v(a, b) == pytest.approx(np.sqrt(chi / 30 / 2))
    assert correlation(x, a) == pytest.approx(np.corrcoef(x, a)[0, 1])
    assert [cramers_v(a, a * 0), correlation(x, 0 * x), correlation_ratio(a, 0 * x)] == [0, 0, 0]


def test_a_ridge_is_chosen_by_leaving_rows_out():
    rng = RNG(8)
    x = rng.standard_normal((12, 2))
    y = np.column_stack([x[:, 0] ** 2 + rng.standard_normal(12), x[:, 1]])
    near, new = table_prediction.squares(x, x), rng.standard_normal((3, 2))
    kernel, centred = np.exp(-near / (2 * near.mean())), y - y.mean(axis=0)

    def left_out(ridge):
        error = 0.0
        for i in range(12):
            k = np.delete(np.arange(12), i)
            weights = np.linalg.solve(kernel[np.ix_(k, k)] + ridge * np.eye(11), centred[k])
            error += np.square(centred[i] - kernel[i, k] @ weights).sum()
        return error

    ridge = min(table_prediction.RIDGES, key=left_out)
    far = np.square(new[:, None] - x).sum(axis=2)
    weights = np.linalg.solve(kernel + ridge * np.eye(12), centred)
    expected = y.mean(axis=0) + np.exp(-far / (2 * near.mean())) @ weights
    np.testing.assert_allclose(table_prediction.fitted(near, far, y), expected, rtol=1e-6)


def test_a_prediction_knows_the_other_columns_only():
    rng = RNG(9)
    blocks = [rng.standard_normal((15, 1)), rng.standard_normal((15, 2))]
    test = [rng.standard_normal((4, 1)), rng.standard_normal((4, 2))]
    there = np.ones((15, 2), bool)
    there[2:5, 0] = False
    (found,) = table_prediction.predictions(blocks, test, [0], there)
    known, (y, x) = there[:, 0], blocks
    near, far = (table_prediction.squares(one, x[known]) for one in (x[known], test[1]))
    np.testing.assert_allclose(found, table_prediction.fitted(near, far, y[known]), rtol=1e-6)


def test_scores_are_their_formulas():
    rng = RNG(10)
    y, f, there = rng.standard_normal((6, 1)), rng.standard_normal((6, 1)), np.arange(6) != 2
    target = table_prediction.Target(there, y, False)
    times = np.array([[1, 1, 1, 1, 1, 1], [2, 0, 3, 1, 0, 0]])
    for some, found in zip(times, table_prediction.scores(target, f, times), strict=True):
        rows = np.repeat(np.arange(6), some * there)
        t, p = y[rows, 0], f[rows, 0]
        expected = 1 - np.square(t - p).sum() / np.square(t - t.mean()).sum()
        assert found == pytest.approx(expected)
    codes = np.eye(3)[[0, 1, 2, 0, 1, 2]]
    target = table_prediction.Target(np.ones(6, bool), codes, True)
    guesses = np.eye(3)[[0, 1, 1, 1, 1, 2]]
    np.testing.assert_allclose(table_prediction.scores(target, guesses, times), [4 / 6, 2 / 6])


def test_an_interval_is_that_of_the_test_rows():
    target = table_prediction.Target(np.ones(100, bool), np.eye(2)[np.arange(100) % 2], True)
    guesses = np.eye(2)[np.arange(100) % 2 * (np.arange(100) < 60)]
    said = table_prediction.compared(["a"], [target], {"": [guesses]}, RNG(0))
    low, high = said["columns"]["a"]["score_interval"]
    assert (low, high) == pytest.approx((0.8 - 1.96 * 0.04, 0.8 + 1.96 * 0.04), abs=0.015)
    assert (said["mean"], said["mean_interval"]) == (0.8, [low, high])


def test_a_constant_column_has_no_score():
    target = table_prediction.Target(np.ones(5, bool), np.zeros((5, 1)), False)
    said = table_prediction.compared(["a"], [target], {"": [np.ones((5, 1))]}, RNG(0))
    assert said == {"columns": {}}


def test_blocks_are_alike_for_equal_values_and_scaled_alike(table, more):
    columns = Columns(table.table)
    values = columns.values(more)
    decoded = table.table.decode(more, 0).to_pydict()
    texts = [None if np.isnan(v) else SCHEMA.columns[2].categories[int(v)] for v in values[:, 2]]
    assert texts == decoded["town"]
    for j, name in enumerate(("age", "size")):
        missing = [x is None for x in decoded[name]]
        np.testing.assert_array_equal(np.isnan(values[:, j]), missing)
        assert [x for x in decoded[name] if x is not None] == values[
            ~np.isnan(values[:, j]), j
        ].tolist()
    age, size, town = columns.blocks(values, columns.values(table.train))
    assert (age.shape[1], size.shape[1], town.shape[1]) == (1, 2, 4)
    assert age.std() == pytest.approx(1, abs=0.05)
    np.testing.assert_array_equal(size[np.isnan(values[:, 1])], [[0, 1]] * int(size[:, 1].sum()))
    np.testing.assert_array_equal(town.argmax(axis=1), np.nan_to_num(values[:, 2], nan=3))
    assert (town.sum(axis=1) == 1).all()
    ranks = [(table.train[:, 0] < z).mean() for z in more[:, 0]]
    np.testing.assert_array_equal(np.argsort(age[:, 0])[[0, -1]], np.argsort(ranks)[[0, -1]])


def test_shares_and_errors_are_their_formulas():
    p, (low, high) = 0.25, intervals.share(0.25, 20)
    z = 1.959964
    for end in (low, high):  # where the share lies z standard errors away
        assert abs(p - end) == pytest.approx(z * np.sqrt(end * (1 - end) / 20), rel=1e-6)
    scores, positive = np.array([3.0, 1, 2, 2, 0, 5]), np.array([1, 0, 1, 0, 0, 1], bool)
    wins = np.array(
        [[(s > t) + 0.5 * (s == t) for t in scores[~positive]] for s in scores[positive]]
    )
    assert auroc(scores, positive) == pytest.approx(wins.mean())
    error = np.sqrt(wins.mean(axis=1).var(ddof=1) / 3 + wins.mean(axis=0).var(ddof=1) / 3)
    assert table_privacy.auc_error(scores, positive) == pytest.approx(error)
    assert table_privacy.auc_error(scores, np.arange(6) == 0) is None


# --- the picture ---------------------------------------------------------------------------------


@pytest.fixture
def figures(monkeypatch):
    found = []
    monkeypatch.setattr(plotting_tables, "save_figure", lambda path, figure: found.append(figure))
    return found


def shown(figure):
    """Return the panels of the columns, and those below them: two matrices and their colours."""
    above, below = figure.subfigs
    return [axes for axes in above.axes if axes.axison], below.axes


def test_the_picture_has_a_panel_for_each_column_and_two_matrices(figures):
    real, made = people(300), people(200, 1)
    plotting_tables.save_table("p.png", real, made)
    panels, (first, second, colours) = shown(figures[0])
    assert [axes.get_title() for axes in panels] == ["age", "size", "town"]
    assert [t.get_text() for t in panels[2].get_yticklabels()] == [
        *[v["values"] for v in sorted(real["town"].drop_null().value_counts().to_pylist(),
                                      key=lambda v: -v["counts"])], "(missing)",
    ]  # fmt: skip
    assert [axes.get_title() for axes in (first, second)] == [
        "associations, real", "associations, generated"
    ]  # fmt: skip
    assert colours.get_ylabel().startswith("correlation")
    for axes, table in ((first, real), (second, made)):
        found, df = axes.images[0].get_array(), table.select(["age", "size"]).to_pandas()
        assert found[0, 1] == pytest.approx(df.corr().iloc[0, 1])
        town = table["town"].combine_chunks().dictionary_encode()
        there = town.is_valid().to_numpy(False)
        codes = town.indices.fill_null(-1).to_numpy()[there]
        ratio = correlation_ratio(codes, df["age"].to_numpy()[there])
        assert found[0, 2] == found[2, 0] == pytest.approx(ratio)
    text = panels[1].get_xlabel()
    shares = [x["size"].null_count / len(x) for x in (real, made)]
    assert text == "missing: real {:.1%}, generated {:.1%}".format(*shares)


def test_bars_and_histograms_are_shares(figures):
    real = pa.table({"a": [f"v{i}" for i in range(20) for _ in range(30 - i)], "b": range(410)})
    made = real.slice(0, 57)
    plotting_tables.save_table("p.png", real, made)
    panels, _ = shown(figures[0])
    widths = np.array([bar.get_width() for bar in panels[0].patches]).reshape(2, 13)
    assert widths.sum(axis=1) == pytest.approx(1)
    np.testing.assert_allclose(widths[0, :12], (30 - np.arange(12)) / 410)
    np.testing.assert_allclose(widths[1, :3], [30 / 57, 27 / 57, 0])
    assert panels[0].get_yticklabels()[12].get_text() == "(others)"
    for patch in panels[1].patches:
        heights = patch.get_xy()[:, 1]
        assert heights.max() <= 1
        assert heights.max() > 0


def test_numbers_may_be_categories_and_dates_are_dates(figures):
    days = pa.array([15000, 15300, None], pa.int32()).cast(pa.date32())
    table = pa.table({"year": [2007, 2008, 2007], "born": days,
                      "at": pa.array([1, 2, 3]).cast(pa.time64("us")), "ok": [True, None, False]})  # fmt: skip
    plotting_tables.save_table("p.png", table, table, ["year"])
    panels, _ = shown(figures[0])
    assert [t.get_text() for t in panels[0].get_yticklabels()] == ["2007", "2008"]
    assert "Date" in type(panels[1].xaxis.get_major_locator()).__name__
    assert panels[2].get_xlabel() == "hour"
    assert [t.get_text() for t in panels[3].get_yticklabels()] == ["true", "false", "(missing)"]


def test_of_many_columns_the_first_are_drawn(figures):
    table = pa.table({f"c{i}": [0.5, i] for i in range(41)})
    plotting_tables.save_table("p.png", table, table)
    panels, (first, *_) = shown(figures[0])
    assert len(panels) == len(first.get_xticklabels()) == 40
    assert figures[0].subfigs[0].get_suptitle().endswith("the first 40 of 41 columns")


def test_of_long_tails_the_middle_is_drawn(figures):
    x = np.append(RNG(0).standard_normal(999), 1e6)
    plotting_tables.save_table("p.png", *(pa.table({"a": some}) for some in (x, x[:50])))
    (panel,) = figures[0].subfigs[0].axes
    assert panel.get_xlim() == pytest.approx(tuple(np.quantile(x, [0.01, 0.99])))
    assert panel.get_xlabel() == "the middle 98% of real rows"


@pytest.mark.parametrize(
    "made", [pa.table({"b": [1.5]}), pa.table({"a": pa.array([], pa.float64())}), pa.table({})]
)
def test_tables_that_cannot_be_compared_are_refused(made):
    with pytest.raises(InputError, match="columns"):
        plotting_tables.save_table("p.png", pa.table({"a": [1.5]}), made)


@pytest.mark.parametrize("preset", ["table", "table-vae"])
def test_a_run_draws_its_table_once_and_is_measured(capsys, tmp_path, monkeypatch, preset):
    monkeypatch.chdir(tmp_path)
    words = ("--steps", 30, "--batch-size", 20, "--quiet", "--out", "r")
    assert run(capsys, "train", preset, *words)[0] == 0
    code, out, _ = run(capsys, "evaluate", "r", "--samples", 50)
    found = json.loads(out)
    assert (code, found["samples"]) == (0, 50)
    assert [*found["column_shapes"]["columns"]][:3] == ["species", "island", "bill_length_mm"]
    assert [path.name for path in Path("r/samples").iterdir()] == ["step-0000030.png"]
    assert Path("r/samples/step-0000030.png").read_bytes().startswith(b"\x89PNG")


def test_a_run_draws_training_rows_and_as_many_samples(table, more, figures, monkeypatch):
    drawn = {}
    monkeypatch.setattr(plotting_tables, "save_table", lambda *given: drawn.update(given=given))
    pictures.draw_table(Drawn(table, more), table.table, table.train[:30], 0, Path("p.png"))
    _, real, made, categories, series = drawn["given"]
    assert real.equals(table.table.decode(table.train[:30], 0))
    assert made.equals(table.table.decode(more[:30], 0))
    assert categories == ["town"]
    assert series == ()
