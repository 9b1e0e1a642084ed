"""The parts of the report on a table: which rows each of them compares, and with what."""

from dataclasses import FrozenInstanceError
from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest

from npgan import InputError, TableGAN
from npgan.data import Dataset
from npgan.study import table_report
from npgan.study.intervals import share
from npgan.study.table_columns import Columns

NAN = np.nan
NAMES, CODED = ["a", "b", "c"], np.array([False, True, False])
SCHEMA = [SimpleNamespace(name=name, missing=name != "b") for name in NAMES]


def values(n, seed):
    return np.random.default_rng(seed).integers(0, 4, (n, 3)).astype(float)


@pytest.fixture
def rows():
    """Five generated, eight held-out and seven training rows; the width of a column's block is its place plus 1."""

    def blocks(some, known):
        assert len(known) == 7  # which scores are found among
        return [np.repeat(some[:, [j]], j + 1, axis=1) for j in range(3)]

    columns = SimpleNamespace(names=NAMES, coded=CODED, schema=SCHEMA, blocks=blocks)
    made, test, train = values(5, 0), values(8, 1), values(7, 2)
    made[1, 0] = made[2, 1] = test[:2, 0] = test[3, 1] = NAN
    return table_report.Rows(columns, made, test, train)


def test_shapes_are_of_generated_rows_and_of_as_many_training_rows(rows):
    found = table_report._shapes(rows)
    for name, made in (("column_shapes", rows.made), ("column_shapes_real", rows.train[:5])):
        pairs = zip(rows.test.T, made.T, CODED, strict=True)
        expected = [table_report.shape(*one) for one in pairs]
        assert found[name]["columns"] == dict(zip(NAMES, expected, strict=True))
        assert found[name]["mean"] == np.mean(expected)
    assert found["missing"] == {
        "a": {"samples": 0.2, "held_out": 0.25}, "c": {"samples": 0, "held_out": 0}
    }  # fmt: skip


def test_a_column_that_is_missing_in_all_held_out_rows_has_no_shape(rows):
    rows.test[:, 2] = NAN
    assert [*table_report._shapes(rows)["column_shapes"]["columns"]] == ["a", "b"]


@pytest.mark.parametrize("most", [2, 3, 1000])
def test_trends_compare_pairs_of_held_out_rows_with_the_same_pairs_of_others(
    rows, monkeypatch, most
):
    asked = []

    def trend(real, made, coded):
        asked.append((real, made, [bool(one) for one in coded]))
        return float(len(asked))

    monkeypatch.setattr(table_report, "trend", trend)
    monkeypatch.setattr(table_report, "PAIRS", most)
    found = table_report._trends(rows, np.random.default_rng(3))
    pairs = [*combinations(range(3), 2)]
    pairs = [[*pairs[i]] for i in np.random.default_rng(3).permutation(3)[:most]]
    expected = [(rows.test, some, pair) for some in (rows.made, rows.train[:5]) for pair in pairs]
    for (real, made, coded), (test, some, pair) in zip(asked, expected, strict=True):
        np.testing.assert_array_equal(real, test[:, pair])
        np.testing.assert_array_equal(made, some[:, pair])
        assert coded == CODED[pair].tolist()
    k = len(pairs)
    assert found == {"pair_trends": (k + 1) / 2, "pair_trends_real": (3 * k + 1) / 2}


@pytest.mark.parametrize(("fit", "test", "most"), [(4, 6, 2), (6, 100, 3), (100, 8, 100)])
def test_predictions_are_fitted_to_as_many_generated_as_training_rows(
    rows, monkeypatch, fit, test, most
):
    for name, value in (("FIT", fit), ("TEST", test), ("PREDICTED", most)):
        monkeypatch.setattr(table_report, name, value)
    asked = []

    def predictions(*given):
        asked.append(given)
        return len(asked)

    monkeypatch.setattr(table_report, "predictions", predictions)
    monkeypatch.setattr(table_report, "compared", lambda *given: {"given": given})
    rng = np.random.default_rng(3)
    found = table_report._prediction(rows, rng)
    n, chosen = min(fit, 5), sorted(np.random.default_rng(3).permutation(3)[:most].tolist())
    names, targets, by, last = found["given"]
    assert (found["rows"], names, last) == (n, [NAMES[j] for j in chosen], rng)
    assert by == {"": 1, "_real": 2}
    held = rows.test[:test]
    for (blocks, others, columns, there), some in zip(
        asked, (rows.made[:n], rows.train[:n]), strict=True
    ):
        np.testing.assert_array_equal(np.hstack(blocks), some[:, [0, 1, 1, 2, 2, 2]])
        np.testing.assert_array_equal(np.hstack(others), held[:, [0, 1, 1, 2, 2, 2]])
        assert columns == chosen
        np.testing.assert_array_equal(there, CODED | ~np.isnan(some))
    for target, j in zip(targets, chosen, strict=True):
        assert target.coded == CODED[j]
        np.testing.assert_array_equal(target.truth, held[:, [j] * (j + 1)])
        np.testing.assert_array_equal(target.there, CODED[j] | ~np.isnan(held[:, j]))


@pytest.mark.parametrize(("numbers", "kept"), [(6 * 204, 204), (6 * 205 - 1, 204), (1, 200)])
def test_privacy_is_a_matter_of_some_rows_and_of_copies_of_all(monkeypatch, rows, numbers, kept):
    monkeypatch.setattr(table_report, "NUMBERS", numbers)
    sets = [values(n, n) for n in (300, 310, 7)]
    many, train = table_report.Rows(rows.columns, *sets), object()
    asked = []

    def copied(columns, given, some):
        assert (columns, given) == (rows.columns, train)
        assert [one is other for one, other in zip(some, sets, strict=False)] == [True, True]
        return [np.array([True, False, False, False]), np.array([True, False])], 77

    monkeypatch.setattr(table_report, "copied", copied)
    monkeypatch.setattr(table_report, "near", lambda *given: asked.append(given) or {"closer": 0.5})
    found = table_report._privacy(many, train)
    for one, some in zip(asked[0], sets, strict=True):
        np.testing.assert_array_equal(one, some[:kept, [0, 1, 1, 2, 2, 2]])
    assert found == {
        "closer": 0.5, "training_rows": 77, "copies": 0.25, "copies_interval": share(0.25, 4),
        "copies_real": 0.5, "copies_real_interval": share(0.5, 2),
    }  # fmt: skip


def test_rows_are_drawn_at_random_before_samples_are(monkeypatch):
    class Drawn(TableGAN):
        def __init__(self):
            self.widths = [1, 1]

        def sample(self, n, rng):
            return rng.standard_normal((n, 2))

    def of(name):
        return lambda rows, *more: {name: (rows, *more)}

    for name in ("shapes", "trends", "prediction", "privacy"):
        monkeypatch.setattr(table_report, f"_{name}", of(name))
    monkeypatch.setattr(Columns, "values", lambda self, rows: rows + 100)
    monkeypatch.setattr(table_report, "ROWS", 6)
    table = SimpleNamespace(widths=(1, 1))
    train, test = np.random.default_rng(5).random((2, 9, 2), np.float32)
    dataset = Dataset("own", train, test)
    object.__setattr__(dataset, "table", table)
    told = []
    for n, kept in ((1, 1), (6, 6), (8, 6)):
        rng = np.random.default_rng(3)
        found = table_report.report(
            Drawn(), dataset, n, rng, lambda parts: told.append(parts) or parts
        )
        again = np.random.default_rng(3)
        held, known = (x[again.permutation(9)[:6]] for x in (test, train))
        rows, _ = found["trends"]
        assert rows.columns.encoding is table
        np.testing.assert_array_equal(rows.test, held + 100)
        np.testing.assert_array_equal(rows.train, known + 100)
        np.testing.assert_array_equal(rows.made, again.standard_normal((kept, 2)) + 100)
        assert (found["samples"], len(told.pop())) == (kept, 4)
        assert (found["shapes"], found["trends"]) == ((rows,), (rows, rng))
        assert found["prediction"] == {"prediction": (rows, rng)}
        assert found["privacy"] == {"privacy": (rows, dataset.train)}
    for wrong in ((Drawn(), dataset, 0, 0), ("model", dataset, 1, 0), (Drawn(), "own", 1, 0)):
        with pytest.raises(InputError, match=r"^(n|model|dataset) must"):
            table_report.report(*wrong)


@pytest.mark.parametrize(
    ("widths", "held_out", "said"),
    [
        ((1, 2), True, "own is not the table"),
        ((1, 1), False, "own has no test data"),
        (None, True, "own is not"),
    ],
)
def test_a_report_is_on_the_models_table_and_needs_held_out_rows(widths, held_out, said):
    model = TableGAN.__new__(TableGAN)
    model.widths = [1, 1]
    train = np.zeros((3, 2), np.float32)
    dataset = Dataset("own", train, train if held_out else None)
    object.__setattr__(dataset, "table", widths and SimpleNamespace(widths=widths))
    with pytest.raises(InputError, match=f"^the data set {said}"):
        table_report.report(model, dataset, 1, 0)


def test_rows_and_columns_are_not_changed(rows):
    with pytest.raises(FrozenInstanceError):
        rows.made = rows.test
    with pytest.raises(FrozenInstanceError):
        Columns(None).encoding = 1


def test_there_is_one_zero_among_values_and_codes():
    number = SimpleNamespace(decode=lambda x: x)
    schema = [
        SimpleNamespace(name="n", kind="number", missing=False, decimals=2),
        SimpleNamespace(name="c", kind="category", missing=False),
    ]
    encoding = SimpleNamespace(
        schema=SimpleNamespace(columns=schema),
        widths=[1, 2],
        numbers={"n": number},
        blocks={"n": 0, "c": 1},
        cells=lambda rows: rows,
    )
    found = Columns(encoding).values(np.array([[-0.0, -0.25], [0.0, 0.25], [-0.001, 1.25]]))
    assert found.tolist() == [[0, 0], [0, 0], [0, 1]]
    assert not np.signbit(found).any()
