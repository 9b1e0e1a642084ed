"""The parts of tables, each by values that are worked out by hand: cells, dates, quantiles, tallies, conditions."""

import datetime
import gzip
import io
import re
import sys
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from npgan.errors import InputError
from npgan.tables import (
    Column,
    Encoding,
    Schema,
    cells,
    complete,
    condition,
    dates,
    infer,
    natural,
    open_source,
    quantiles,
    rare,
    read,
    tally,
    text,
    values,
    write,
)
from npgan.tables.normal import probability, score
from npgan.tables.quantiles import Quantiles
from npgan.tables.rare import Rare

NAN = np.nan
RNG = np.random.default_rng


def same(found, expected):
    np.testing.assert_array_equal(found, expected)


# --- cells ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "decimal", "found"),
    [
        ("0", ".", 0), ("-0.5", ".", -0.5), (".5", ".", 0.5), ("5.", ".", 5), ("00", ".", NAN),
        ("-01", ".", NAN), ("1e+2", ".", 100), ("1E100", ".", 1e100), ("1.1e100", ".", NAN),
        ("-1e100", ".", -1e100), ("1e12345", ".", NAN), ("1e", ".", NAN), ("", ".", NAN),
        ("1,5", ",", 1.5), ("1.5", ",", NAN), ("1,5", ".", NAN), (",5e1", ",", 5), ("1x5", ".", NAN),
        ("inf", ".", NAN), ("1 ", ".", NAN), ("1_0", ".", NAN),
    ],
)  # fmt: skip
def test_a_cell_is_a_number(cell, decimal, found):
    same(cells.numbers(pa.array([cell, None]), decimal), [found, NAN])


@pytest.mark.parametrize(
    ("cell", "decimal", "places"),
    [("1", ".", 0), ("1.", ".", 0), ("1.250", ".", 3), ("1.5e+1", ".", 0), ("1.55e1", ".", 1),
     ("1e-4", ".", 4), ("1.5E-2", ".", 3), ("1e3", ".", 0), ("1,25", ",", 2)],
)  # fmt: skip
def test_a_number_has_so_many_decimals(cell, decimal, places):
    assert cells.decimals(pa.array([cell]), decimal).tolist() == [places]


def test_whole_numbers_are_below_2_to_the_53():
    same(cells.is_whole(np.array([0, -3, 1.5, 2**53 - 1, 2**53, -(2.0**53)])), [1, 1, 0, 1, 0, 0])


def test_numbers_are_rounded_where_float64_has_the_decimals():
    x = np.array([1.2345678901234567, 2.5, -0.15])
    same(cells.rounded(x, 0), [1, 2, -0.0])
    same(cells.rounded(x, 15), np.rint(x * 1e15) / 1e15)
    assert cells.rounded(x, 16) is x
    big = np.array([2**53 / 10 + 1, 2.0**53, 900719925474099.1])
    same(cells.rounded(big, 1)[:2], big[:2])
    assert cells.rounded(np.array([1.26]), 1).tolist() == [1.3]


@pytest.mark.parametrize(
    ("given", "places", "padded", "decimal", "found"),
    [
        ([1.5, None], 2, True, ".", ["1.50", None]),
        ([1.5, -2.25], 2, True, ",", ["1,50", "-2,25"]),
        ([1.5], 2, False, ".", ["1.5"]),
        ([3], 0, True, ".", ["3"]),
        ([3], 1, True, ".", ["3.0"]),
        ([0.5], 15, True, ".", ["0.500000000000000"]),
        ([0.5], 16, True, ".", ["0.5"]),
        ([1e15], 1, True, ".", ["1e+15"]),
        ([-1e15], 1, True, ".", ["-1e+15"]),
        ([9e14], 1, True, ".", ["900000000000000.0"]),
    ],
)
def test_numbers_are_written_with_their_decimals(given, places, padded, decimal, found):
    assert cells.as_cells(pa.array(given), places, padded, decimal).to_pylist() == found


# --- dates ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "form", "found"),
    [
        ("1970-01-02", "%Y-%m-%d", 1), ("1969-12-31", "%Y-%m-%d", -1), ("2.1.1970", "%d.%m.%Y", 1),
        ("1970-1-2", "%Y-%m-%d", 1), ("1970-01-002", "%Y-%m-%d", NAN), ("x1970-01-02", "%Y-%m-%d", NAN),
        ("1970-13-01", "%Y-%m-%d", NAN), ("31.4.1970", "%d.%m.%Y", NAN), ("1970-01-02Z", "%Y-%m-%d", NAN),
        ("1970-01-02 00:01:05", "%Y-%m-%d %H:%M:%S", 86465),
        ("1970-01-02 00:01:05.75Z", "%Y-%m-%d %H:%M:%S", 86465),
        ("1970-01-02 00:01", "%Y-%m-%d %H:%M", 86460), ("1970-01-02 00:01Z", "%Y-%m-%d %H:%M", NAN),
        ("0:01:02", "%H:%M:%S", 62), ("23:59", "%H:%M", 86340), ("24:00", "%H:%M", NAN),
        ("1969-12-31 23:59:59", "%Y-%m-%d %H:%M:%S", -1),
    ],
)  # fmt: skip
def test_a_cell_is_a_date_of_a_format(cell, form, found):
    same(dates.dates(pa.array([cell, None]), form), [found, NAN])


def test_dates_are_written_in_their_format():
    day = pa.array([datetime.datetime(2024, 2, 29, 1, 2, 3), None], pa.timestamp("s"))
    assert dates.as_cells(day, "%d/%m/%Y %H:%M:%S").to_pylist() == ["29/02/2024 01:02:03", None]
    time = pa.array([datetime.time(1, 2, 3), None], pa.time64("us"))
    assert dates.as_cells(time, "%H:%M:%S").to_pylist() == ["01:02:03", None]


@pytest.mark.parametrize(
    ("forms", "found"),
    [(["%d.%m.%Y"], False), (["%d-%m-%Y", "%m-%d-%Y"], True), (["%d-%m-%Y", "%m/%d/%Y"], False),
     (["%d/%m/%Y %H:%M", "%m/%d/%Y"], False), (["%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M"], True)],
)  # fmt: skip
def test_days_and_months_may_be_in_either_order(forms, found):
    assert dates.ambiguous(forms) is found


# --- quantiles -----------------------------------------------------------------------------------


def test_few_values_have_shares_of_their_own():
    found = Quantiles.fit(np.array([5.0, 0, 0, 0]))
    assert found.x.tolist() == [0, 0, 5, 5]
    expected = score(np.array([0, 0.75, 0.75, 1])).astype(np.float32)
    assert found.z.tolist() == expected.tolist()


def test_many_values_have_knots_evenly_spaced_and_few_a_share(monkeypatch):
    monkeypatch.setattr(quantiles, "KNOTS", 5)
    monkeypatch.setattr(quantiles, "SHARE", 0.2)
    x = np.array([0, 1, 2, 3, 4, 5, 6, 6, 6, 7.0])
    found = Quantiles.fit(x)
    farthest = -score(np.array([0.05]))[0]
    u = probability(np.linspace(-farthest, farthest, 5))
    middle = np.array([0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 7.5, 9.5]) / 10
    kept = [(p, np.interp(p, middle, np.arange(8))) for p in u]
    kept = [pair for pair in kept if not 0.6 <= pair[0] < 0.9]
    kept += [(0.05, 0), (0.55, 5), (0.95, 7), (0.6, 6), (0.9, 6)]
    kept.sort(key=lambda pair: (pair[1], pair[0]))
    np.testing.assert_allclose(found.x, [value for _, value in kept], rtol=1e-12)
    z = score(np.array([p for p, _ in kept])).astype(np.float32)
    np.testing.assert_allclose(found.z, np.maximum.accumulate(z), rtol=0, atol=1e-6)


def test_at_most_so_many_different_values_have_shares(monkeypatch):
    monkeypatch.setattr(quantiles, "KNOTS", 4)
    monkeypatch.setattr(quantiles, "SHARE", 0.25)
    assert Quantiles.fit(np.arange(4.0)).x.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    many = Quantiles.fit(np.arange(5.0)).x
    assert many == pytest.approx([0, 0, 1.173114, 2.826886, 4, 4], abs=1e-6)


KNOTS = Quantiles(np.array([-1.0, 0, 0, 0.5, 1]), np.array([1.0, 3, 5, 5, 9]))


def test_scores_between_knots_are_on_a_line():
    z = np.array([-6, -1, -0.5, -1e-9, 0, 0.25, 0.5, 0.75, 1, 6])
    np.testing.assert_allclose(KNOTS.decode(z), [1, 1, 2, 3, 5, 5, 5, 7, 9, 9], atol=1e-7)
    assert Quantiles(np.array([0.5]), np.array([7.0])).decode(z[:2]).tolist() == [7, 7]


class Drawn:
    """A generator whose numbers are all the same."""

    def __init__(self, number):
        self.number = number

    def random(self, n):
        return np.full(n, self.number)


@pytest.mark.parametrize("number", [0, 0.25, 1])
def test_a_value_with_a_share_is_drawn_within_it(number):
    x = np.array([0, 1, 2, 4, 5, 7, 9, 99])
    z = KNOTS.encode(x, Drawn(number))
    low, high = probability(np.array([0, 0.5]))
    within = score(np.array([low + (high - low) * number]))[0]
    within = min(within, np.nextafter(np.float32(0.5), np.float32(-7)))
    expected = [-1, -1, -0.5, 0, within, 0.75, 1, 1]
    assert z.dtype == np.float32
    np.testing.assert_allclose(z, expected, atol=1e-6)
    assert 0 <= z[4] < 0.5


@pytest.mark.parametrize(
    ("z", "x", "sound"),
    [
        ([0.0], [1.0], True), ([-6, 6], [0, 1], True), ([-6.5, 6], [0, 1], False),
        ([0, 0], [1, 1], True), ([0, 1], [1, 0], False), ([1, 0], [0, 1], False),
        ([0], [0, 1], False), ([0.1], [0], False), ([], [], False), ([True], [0], False),
        ([0], [-9.9e307], True), ([0], [1e308], False), ([0], [NAN], False), ((0,), [0], False),
        ([0.0] * 8000, [0] * 8000, True), ([0.0] * 8001, [0] * 8001, False), ([0], None, False),
    ],
)  # fmt: skip
def test_quantiles_are_read_if_they_are_some(z, x, sound):
    if sound:
        found = Quantiles.from_dict({"z": z, "x": x})
        assert found.to_dict() == {"z": z, "x": x}
        return
    with pytest.raises(InputError, match="must be ascending numbers z"):
        Quantiles.from_dict({"z": z, "x": x})


@pytest.mark.parametrize("said", [None, [], {"z": [0]}, {"z": [0], "x": [0], "y": [0]}])
def test_quantiles_are_z_and_x(said):
    with pytest.raises(InputError, match="must be ascending numbers z"):
        Quantiles.from_dict(said)


# --- rare values ---------------------------------------------------------------------------------


def test_rare_values_are_ranked_and_few(monkeypatch):
    monkeypatch.setattr(rare, "MOST_VALUES", 2)
    assert Rare.most({"c": 1, "b": 3, "a": 1}) == Rare(("b", "a"), (3, 1))
    counts = Counter({"p": 1, "q": 1})
    for cells_ in (["x", "p", "r", None, "r"], ["s", "t", "r"]):
        rare.count_rare(pa.array(cells_), ("x",), counts)
    assert counts == {"p": 2, "q": 1, "r": 3, "s": 1}
    assert Rare(("a",), (1,)).to_dict() == {"values": ["a"], "counts": [1]}


def test_rare_values_are_drawn_by_their_counts():
    drawn = Rare(("a", "b"), (1, 3)).draw(1000, RNG(0))
    same(drawn, RNG(0).choice(2, 1000, p=[0.25, 0.75]))


@pytest.mark.parametrize(
    ("values_", "counts", "sound"),
    [
        (["a", "b"], [1, 2], True), (["a"], [1], True), (["a"], [0], False), (["a"], [True], False), ([""], [1], False),
        (["a", "a"], [1, 1], False), ([], [], False), (["a"], [1, 1], False), (["a"], [2**62], False),
        (["a"], (1,), False), (("a",), [1], False), ([f"{i}" for i in range(10_000)], [1] * 10_000, True),
        ([f"{i}" for i in range(10_001)], [1] * 10_001, False),
    ],
)  # fmt: skip
def test_rare_values_are_read_if_they_are_some(values_, counts, sound):
    said = {"values": values_, "counts": counts}
    if sound:
        assert Rare.from_dict(said) == Rare(tuple(values_), tuple(counts))
        return
    with pytest.raises(InputError, match="must be different texts"):
        Rare.from_dict(said)


# --- tallies -------------------------------------------------------------------------------------


def test_values_are_counted_until_there_are_too_many(monkeypatch):
    monkeypatch.setattr(tally, "VALUES", 3)
    found, before = tally.Values(), 0
    for batch, counts, letters, full, share in (
        (["b", "a", "b"], {"a": 1, "b": 2}, 2, False, 2 / 3),
        (["c", "a"], {"a": 2, "b": 2, "c": 1}, 3, False, 3 / 5),
        (["a", "d", "e"], {"a": 3, "b": 2, "c": 1}, 3, True, 5 / 8),
        (["f", "c", "c"], {"a": 3, "b": 2, "c": 3}, 3, True, 5 / 8),
    ):
        found.add(pa.array(batch), before)
        before += len(batch)
        assert (found.counts, found.letters, found.full) == (counts, letters, full)
        assert found.share == share
    assert found.ranked() == ["a", "c", "b"]


def test_values_are_counted_while_their_letters_are_few(monkeypatch):
    monkeypatch.setattr(tally, "LETTERS", 5)
    found = tally.Values()
    found.add(pa.array(["aaa", "bb", "c"]), 0)
    assert (found.counts, found.letters, found.full) == ({"aaa": 1, "bb": 1}, 5, True)
    assert found.share == 1


def test_numbers_are_looked_at_batch_by_batch():
    found = tally.Numbers(".")
    for batch, said in (
        (["3", "4"], (2, 3, 4, (0, 0), True, True, "")),
        (["5"], (3, 3, 5, (0, 0), True, True, "")),
        (["x", "y"], (3, 3, 5, (0, 0), True, True, "x")),
        (["z", "6.0"], (4, 3, 6, (0, 1), True, True, "x")),
        (["8", "1"], (6, 1, 8, (0, 1), True, False, "x")),
        (["2.25"], (7, 1, 8, (0, 2), False, False, "x")),
    ):
        found.add(pa.array(batch))
        whole, counting = bool(found.whole), bool(found.counting)
        assert (
            found.count,
            found.low,
            found.high,
            found.decimals,
            whole,
            counting,
            found.other,
        ) == said


@pytest.mark.parametrize(
    ("batches", "counting"),
    [([["1", "2"], ["3"]], True), ([["1", "2"], ["4"]], False), ([["5"]], True), ([["1", "3"]], False),
     ([["1", "2"], ["2"]], False), ([["1.5", "2.5"]], False), ([["2", "1"]], False)],
)  # fmt: skip
def test_numbers_count_if_each_is_one_more_than_the_one_before(batches, counting):
    found = tally.Numbers(".")
    for batch in batches:
        found.add(pa.array(batch))
    assert found.counting is counting


def test_formats_of_dates_are_those_that_fit_all_cells():
    found = tally.Dates()
    found.add(pa.array(["1/2/2024", "3/4/2024"]))
    assert (found.formats, found.first) == (["%d/%m/%Y", "%m/%d/%Y"], "1/2/2024")
    found.add(pa.array(["1/13/2024"]))
    assert (found.formats, found.first) == (["%m/%d/%Y"], "1/2/2024")


def test_a_tally_knows_its_gaps_and_its_decimal_mark():
    found = tally.Tally(".,")
    found.add(pa.array([None, None], pa.string()))
    assert (found.rows, found.missing, found.there, found.are_numbers()) == (2, 2, 0, "")
    found.add(pa.array(["1", None, "2"]))
    assert (found.rows, found.missing, found.there, found.are_numbers()) == (5, 3, 2, ".")
    found.add(pa.array(["1,5"]))
    assert (found.there, found.are_numbers(), found.values.counts["1"]) == (3, ",", 1)
    assert found.values.share == 1
    found.add(pa.array(["x"]))
    assert found.are_numbers() == ""


@pytest.mark.parametrize(
    ("some", "last", "counted"), [("1.5", "2", 1), ("x", "y", 1), ("x", "x", 2), ("1.5", "1.5", 1)]
)
def test_of_full_values_only_those_of_no_number_are_counted(monkeypatch, some, last, counted):
    monkeypatch.setattr(tally, "VALUES", 1)
    found = tally.Tally(".")
    found.add(pa.array([some, some + "1"]))
    assert found.values.full
    found.add(pa.array([last]))
    assert found.values.counts == {some: counted}


# --- what columns are ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ([1, 1, 2, 2], "category"), ([1, 1, 2], "whole number"), ([1] * 298 + [2] * 2, "whole number"),
        ([1] * 297 + [2] * 3, "category"), ([*range(10)] * 2, "category"), ([*range(11)] * 2, "whole number"),
        ([*range(9)], "whole number"), ([*range(10)], "identifier"), ([*range(10), None], "whole number"),
        ([*range(9), 10], "whole number"), ([*range(9, -1, -1)], "identifier"),
        (list("abcdefghi"), "category"), (list("abcdefghij"), "identifier"), (list("abcdefghii"), "identifier"),
        (list("abcdefghhh"), "category"), (["1", "1.0"] * 3, "whole number"), (["x", None], "category"),
        (["x", "x"], "constant"), (["yes", "No"], "yes/no"), (["yes", "true"], "category"),
    ],
)  # fmt: skip
def test_a_kind_is_told_by_how_often_values_occur(column, kind):
    table = pa.table({"a": pa.array([None if v is None else str(v) for v in column], pa.string())})
    assert infer(open_source(table)).columns[0].kind == kind


@pytest.mark.parametrize(
    ("content", "more"),
    [("a,b\n1,2\n3,4\n", False), ("a,b\n1,2\n3,x\n", True), ("a;b\n1,5;2\n3;4\n", False),
     ("a;b\n1.5;2\n3;4\n", True), ("a,b\n1,2\n3,\n", True)],
)  # fmt: skip
def test_a_table_has_more_than_numbers(tmp_path, content, more):
    from npgan.tables.infer import has_more_than_numbers

    (tmp_path / "t.csv").write_text(content)
    assert bool(has_more_than_numbers(open_source(tmp_path / "t.csv"))) is more


@pytest.mark.parametrize(
    ("said", "cells_", "found"),
    [
        (Column("a", "constant", True), ["x", "x"], Column("a", "constant", categories=("x",))),
        (Column("a", "category", True), ["3.50", "3.50"],
         Column("a", "constant", categories=("3.50",), decimals=2, padded=True)),
        (Column("a", "number", decimals=5, padded=True), ["1.5", "2"],
         Column("a", "number", decimals=5, padded=True)),
        (Column("a", "number"), ["1.5", None], Column("a", "number", True, decimals=1, padded=True)),
        (Column("a", "number"), ["1.5", "2"], Column("a", "number", decimals=1)),
        (Column("a", "number"), ["3", "2"], Column("a", "number")),
        (Column("a", "identifier", True), ["x", None], Column("a", "identifier")),
        (Column("a", "date", format="%m/%d/%Y"), ["1/2/2024", "3/4/2024"],
         Column("a", "date", format="%m/%d/%Y")),
        (Column("a", "category"), ["x", "y"], Column("a", "category", categories=("x", "y"))),
        (Column("a", "category", categories=("y",), others=True), ["x", "y"],
         Column("a", "category", categories=("y",), others=True)),
    ],
)  # fmt: skip
def test_a_column_is_completed(said, cells_, found):
    table = pa.table({"a": pa.array(cells_, pa.string())})
    schema = complete(Schema((said,)), open_source(table))
    assert schema.columns[0] == found
    assert (schema.rows, schema.delimiter, schema.decimal) == (2, ",", ".")


@pytest.mark.parametrize(
    ("cells_", "note"),
    [
        (["x"] * 3, "'x'"), ([None] * 3, "without any value"), (["1.5", None, "12"], "1.5 to 12, 1 of 3 missing"),
        (["1/2/2024", "3/4/2024"], "such as 1/2/2024, day first, %d/%m/%Y (no day above 12 tells)"),
        (["1/2/2024", "13/4/2024"], "such as 1/2/2024"), (["b", "a", "b", None], "b 2, a 1, 1 of 4 missing"),
        (list("abcde") * 2, "a 2, b 2, c 2, d 2, e 2"), (list("abcdef") * 2, "6 values"),
        (list("abcdefghij"), "nearly all its values differ"), ([*"0123456789"], "it counts the rows"),
        (["1"] * 9 + ["x"], "1 9, x 1, nearly all of them numbers, but not 'x'"),
        (["1"] * 8 + ["x", "y"], "1 8, x 1, y 1"),
    ],
)  # fmt: skip
def test_a_note_says_what_a_column_holds(cells_, note):
    table = pa.table({"a": pa.array(cells_, pa.string())})
    assert infer(open_source(table)).columns[0].note == note


def test_categories_beyond_the_most_share_a_code(monkeypatch):
    monkeypatch.setattr(sys.modules["npgan.tables.infer"], "CODES", 2)
    column = infer(open_source(pa.table({"a": ["c", "c", "b", "a", "a"]}))).columns[0]
    assert (column.categories, column.others) == (("a", "c"), True)
    assert column.note == "a 2, c 2, of which 2 have a code of their own"
    table = pa.table({"a": [*"aabbccddeeffg"]})
    assert (
        infer(open_source(table)).columns[0].note == "a 2, b 2, of which 2 have a code of their own"
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("decimals = -1", "decimals must be a whole number from 0, not -1"), ("decimals = 10_000", "decimals must"),
        ("decimals = true", "decimals must"), ("missing = 1", "missing must be true or false"),
        ("padded = 'x'", "padded must be true or false"), ("others = 0", "others must be true or false"),
        ("format = 5", "format must be a format"), ("format = 'x'", "format must be a format"),
        ("categories = 'x'", "categories must be texts"), ("categories = ['']", "categories must be texts"),
        ("categories = ['x', 'x']", "categories must be texts"), ("categories = [5]", "categories must be texts"),
        ("name = ' '", "name must be a text"), ("name = 5", "name must be a text"), ("kind = 5", "kind must be one of"),
        ("kind = ['x']", "kind must be one of"),
        ("kind = 'yes/no'\ncategories = ['yes', 'false']",
         "are yes/no, true/false, y/n, t/f;"),
    ],
)  # fmt: skip
def test_a_column_is_not_read_that_says_something_else(line, said):
    lines = {"name": "name = 'a'", "kind": "kind = 'number'"} | {line.split()[0]: line}
    with pytest.raises(InputError, match=f"of the schema: .*{re.escape(said)}"):
        Schema.from_toml("[[columns]]\n" + "\n".join(lines.values()))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("rows = -1", "rows must be a whole number from 0"), ("rows = 1.5", "rows must"),
        ("delimiter = '|'", "delimiter must be a comma, a semicolon or a tab"), ("delimiter = 5", "delimiter must"),
        ("delimiter = ''", "delimiter must"), ("decimal = 5", "decimal must be a point or a comma"),
        ("decimal = ''", "decimal must"),
    ],
)  # fmt: skip
def test_a_schema_is_not_read_that_says_something_else(line, said):
    with pytest.raises(InputError, match=f"the schema: {said}"):
        Schema.from_toml(f"{line}\n[[columns]]\nname = 'a'\nkind = 'number'")


def test_a_schema_says_what_is_not_as_always():
    column = Column("a", "number", True, 9999, True, note="a note\nof two lines")
    text_ = Schema((column, Column("b", "yes/no", categories=("y", "n"))), 0, "\t", ",").to_toml()
    assert text_ == (
        'rows = 0\ndelimiter = "\t"\ndecimal = ","\n\n[[columns]]\nname = "a"\nkind = "number"\n'
        "missing = true\ndecimals = 9999\npadded = true\n# a note\\nof two lines\n"
        '\n[[columns]]\nname = "b"\nkind = "yes/no"\ncategories = [\n    "y",\n    "n",\n]\n'
    )
    assert Schema.from_toml(text_).columns[0] == column
    with pytest.raises(InputError, match="the schema must say its columns"):
        Schema.from_toml("columns = []".replace("columns", "rows").replace("[]", "1"))
    with pytest.raises(InputError, match="a schema is a text"):
        Schema.from_toml(5)


# --- natural types -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "x", "found", "kind"),
    [
        (Column("a", "number", decimals=1), [1.26, 2], [1.3, None], pa.float64()),
        (Column("a", "whole number"), [1.6, 2], [2, None], pa.int64()),
        (Column("a", "date"), [1.4, 2], [datetime.date(1970, 1, 2), None], pa.date32()),
        (Column("a", "time"), [61.2, 2], [datetime.time(0, 1, 1), None], pa.time64("us")),
        (Column("a", "date and time"), [61.2, 2], [datetime.datetime(1970, 1, 1, 0, 1, 1), None],
         pa.timestamp("s")),
    ],
)  # fmt: skip
def test_numbers_have_the_type_of_their_column(column, x, found, kind):
    array = natural.numbered(column, np.array(x), np.array([False, True]))
    assert (array.to_pylist(), array.type) == (found, kind)
    assert natural.numbered(column, np.array(x), None).null_count == 0


@pytest.mark.parametrize(
    ("kind", "texts", "found"),
    [
        ("category", ["7", "-12"], [-12, 7, None]), ("category", ["7", "07"], ["07", "7", None]),
        ("category", ["7", "1" * 18], [int("1" * 18), 7, None]),
        ("category", ["7", "1" * 19], ["1" * 19, "7", None]),
        ("category", ["7", "x"], ["x", "7", None]), ("yes/no", ["No", "Yes"], [True, False, None]),
    ],
)  # fmt: skip
def test_categories_are_truth_values_whole_numbers_or_texts(kind, texts, found):
    array = natural.coded(Column("a", kind), texts, np.array([1, 0, -1]))
    assert array.to_pylist() == found


@pytest.mark.parametrize(
    ("categories", "decimals", "found"),
    [((), 0, None), (("3",), 0, 3), (("3.0",), 1, 3.0), (("x",), 1, "x"), (("3.5",), 0, "3.5")],
)
def test_a_constant_is_repeated(categories, decimals, found):
    array = natural.constant(
        Column("a", "constant", categories=categories, decimals=decimals), 2, "."
    )
    assert array.to_pylist() == [found] * 2
    assert not isinstance(found, float) or pa.types.is_floating(array.type)


# --- sources -------------------------------------------------------------------------------------


def test_a_source_may_be_without_a_column():
    source = open_source(pa.table({"a": [1, 2], "b": ["x", None], "c": [3, 4]})).without("b")
    assert source.names == ("a", "c")
    for _ in range(2):
        (batch,) = source.batches()
        assert batch.to_pylist() == [{"a": "1", "c": "3"}, {"a": "2", "c": "4"}]
    assert source.place(4) == "row 5"


def test_a_source_may_be_without_a_column_and_its_index(tmp_path):
    (tmp_path / "t.csv").write_text(",a,b\n1,x,y\n2,z,w\n")
    source = open_source(tmp_path / "t.csv").without("a")
    assert [row for batch in source.batches() for row in batch.to_pylist()] == [
        {"b": "y"},
        {"b": "w"},
    ]


@pytest.mark.parametrize(
    ("given", "found"),
    [("", True), (" NaN ", True), ("N/A", True), ("x", False), ("0", False), ("--", False)],
)
def test_words_for_no_value(given, found):
    assert read.is_missing(given) is found


@pytest.mark.parametrize(
    ("rows", "least", "said"),
    [(1, 1, None), (0, 1, "a header and no rows"), (1, 2, "one row: nothing"), (2, 2, None)],
)
def test_a_table_has_so_many_rows_at_least(rows, least, said):
    table = pa.table({"a": pa.array(["x"] * rows, pa.string())})
    if said is None:
        assert open_source(table, least).names == ("a",)
        return
    with pytest.raises(InputError, match=f"the table has {said}"):
        open_source(table, least)


@pytest.mark.parametrize(
    ("names", "first", "left"),
    [(("", "a"), ["1", "2"], 1), (("", "a"), ["1", "1"], 0), (("", "a"), ["x", "2"], 0),
     (("", "a"), [None, "2"], 0), (("b", "a"), ["1", "2"], 0), (("Unnamed: 0", "a"), ["0", "1"], 1)],
)  # fmt: skip
def test_an_index_is_left_out(names, first, left):
    table = pa.table([pa.array(first, pa.string()), ["x", "y"]], names=list(names))
    source = read._without_index(read._opened(table))
    assert (source.first, source.names, len(source.notes)) == (left, names[left:], left)


# --- text ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells_", "row", "found"),
    [
        (["2", "1", "x"], ["1.5", "2"], True), (["2", "2", "x"], ["1.5", "2"], True),
        (["2", "3", "x"], ["1.5", "2"], False), (["2", "0", "x"], ["1.5", "2"], False),
        (["2"], ["1", "2"], False), (["2", "x"], ["1", "2"], False), (["x", "2"], ["1", "2"], False),
        (["2", "1"], ["1", "2"], False), (["2", "2"], ["1", "2", "3"], True),
        (["2", "1", "x"], ["1.5", "y"], False), (["2", "\u00b2", "x"], ["1", "2"], False),
    ],
)  # fmt: skip
def test_a_line_counts_rows_and_columns(cells_, row, found):
    assert text._count(cells_, row, ",") is found


@pytest.mark.parametrize(
    ("cells_", "delimiter", "found"),
    [(["1", "2"], ",", True), (["0", "1"], ",", False), ([], ",", False), (["1_0"], ",", False),
     (["1,5"], ";", True), (["1,5"], ",", False), (["x", "1"], ",", False), (["1", "0"], ",", True)],
)  # fmt: skip
def test_a_first_line_is_data(cells_, delimiter, found):
    assert text._are_data(cells_, delimiter) is found


def test_cells_of_a_line_have_no_blanks_around_them():
    assert text._cells(' a , "b,c" ,d  e\n', ",") == ["a", "b,c", "d e"]
    assert text._cells("\n", ",") == []


@pytest.mark.parametrize("size", [1, 3, 100])
def test_blanks_become_a_delimiter(size):
    blanks = text.Blanks(io.BytesIO(b"  1   2 \n3 4\n\n5\t6"), ";")
    found = b"".join(iter(lambda: blanks.read(size), b""))
    assert found == b"1;2\n3;4\n\n5;6"


def test_the_last_byte_that_is_no_white_space_is_remembered():
    tail = text.Tail(io.BytesIO(b'ab" \n\n'))
    assert tail.last == b""
    assert [tail.read(2), tail.last] == [b"ab", b"b"]
    assert [tail.read(3), tail.last] == [b'" \n', b'"']
    assert [tail.read(3), tail.last] == [b"\n", b'"']
    assert tail.closed is False


NOTED = ("left out: lines that begin with # (1)",)
NAMED = ("no line names the columns: they are called c1 to c2",)
HEADS = {
    "a,b\n1,2\n": (["a", "b"], ",", 1, 4, False, True, False, ()),
    "\ufeff# x\n\na\tb\n1\t2\n": (["a", "b"], "\t", 3, 12, False, True, False, NOTED),
    '"a\nb";c\n1;2\n': (["a b", "c"], ";", 2, 8, False, True, False, ()),
    "5,6\n7,8\n": (["c1", "c2"], ",", 0, 0, False, False, False, NAMED),
    "5\n7\n": (["c1"], ",", 0, 0, False, False, False, ("no line names the columns: they are called c1",)),
    "a  b\n1 2\n": (["a", "b"], ";", 1, 5, True, True, False, ("cells between blanks",)),
    "# x\n5,6\n7,8\n": (["c1", "c2"], ",", 1, 4, False, False, False,
        ("left out: lines that begin with # (1)", "no line names the columns: they are called c1 to c2")),
    "1,1,good\n5,6\n": (["c1", "c2"], ",", 1, 9, False, False, True,
        ("left out: line 1, which counts rows and columns", "no line names the columns: they are called c1 to c2")),
    "a;b,c\n1;2\n": (["a", "b,c"], ";", 1, 6, False, True, False, ()),
}  # fmt: skip


@pytest.mark.parametrize("content", HEADS)
def test_the_top_of_a_text_says_what_follows(tmp_path, content):
    (tmp_path / "t.csv").write_text(content)
    head = text.read_head(tmp_path / "t.csv")
    expected = HEADS[content]
    assert head._replace(delimiter=expected[1] if head.blanks else head.delimiter) == expected


@pytest.mark.parametrize(
    ("content", "row", "line"),
    [("a,b\n1,2\n3,4\n", 0, 2), ("a,b\n1,2\n3,4\n", 1, 3), ("a,b\n1,2\n\n3,4\n", 1, 4),
     ('a,b\n1,"x\ny"\n3,4\n', 0, 3), ('a,b\n1,"x\ny"\n3,4\n', 1, 4), ("a b\n1  2\n\n3 4\n", 1, 4),
     ('a;b\n1;"x\ny"\n3;4\n', 1, 4), ('a,b\n1,"x\r\ny"\r\n3,4\n', 1, 4), ('a,b\n1,"x\ry"\n3,4\n', 1, 4)],
)  # fmt: skip
def test_a_row_is_found_by_its_line(tmp_path, content, row, line):
    (tmp_path / "t.csv").write_bytes(content.encode())
    head = text.read_head(tmp_path / "t.csv")
    assert text.text_place(tmp_path / "t.csv", head, row) == f"line {line}"


# --- values --------------------------------------------------------------------------------------


MISFITS = {
    "a text": (Column("a", "number"), ["1", "x", "y"], "'x' in the column a is no number", 1),
    "a fraction": (Column("a", "whole number"), ["1", "2", "2.5"], "'2.5' in the column a is no whole number", 2),
    "no date": (Column("a", "date", format="%Y-%m-%d"), ["5"], "'5' in the column a is no date (%Y-%m-%d)", 0),
    "a gap": (Column("a", "number"), ["1", None], "the column a has a cell without a value, which none may be", 1),
    "no category": (Column("a", "category", categories=("x",)), ["x", "z"], "'z' in the column a is none of its", 1),
    "no value": (Column("a", "yes/no", categories=("y", "n")), [None, "y"], "the column a has a cell without", 0),
    "no constant": (Column("a", "constant", categories=("x",)), ["x", "y"], "'y' in the column a is none of", 1),
}  # fmt: skip


@pytest.mark.parametrize("name", MISFITS)
def test_a_misfit_knows_its_row(name):
    column, given, said, row = MISFITS[name]
    with pytest.raises(values.MisfitError, match=re.escape(said)) as error:
        values.check(column, pa.array(given, pa.string()), ".")
    assert error.value.row == row


def test_cells_that_fit_pass():
    some = pa.array(["x", None, "y"])
    values.check(Column("a", "identifier"), some, ".")
    values.check(Column("a", "constant"), some, ".")
    column = Column("a", "category", True, categories=("y",), others=True)
    assert values.codes(column, some).tolist() == [1, -1, 0]
    number = Column("a", "whole number", True)
    same(values.values(number, pa.array(["3", None]), "."), [3, NAN])
    same(values.values(Column("a", "number"), pa.array(["3,5"]), ","), [3.5])


def test_a_misfit_in_a_later_batch_is_named_by_its_row():
    table = pa.concat_tables([pa.table({"a": ["1", "2"]}), pa.table({"a": ["3", "x"]})])
    column, source = Column("a", "number"), open_source(table)
    with pytest.raises(InputError, match="the table, row 4: 'x' in"):
        list(values.each(source, ["a"], lambda b: values.check(column, b.column("a"), ".")))


# --- encodings and conditions --------------------------------------------------------------------

SCHEMA = Schema(
    (
        Column("id", "identifier"),
        Column("a", "number", True, decimals=1),
        Column("a<b", "whole number"),
        Column("c", "category", True, categories=("x", "y"), others=True),
        Column("d", "yes/no", categories=("no", "yes")),
        Column("e", "category", True, categories=("u",)),
        Column("day", "date", format="%Y-%m-%d"),
    )
)
PEOPLE = pa.table(
    {
        "id": ["1", "2", "3", "4"],
        "a": ["0.5", "2", None, "3.5"],
        "a<b": ["1", "2", "3", "4"],
        "c": ["x", "z", None, "y"],
        "d": ["no", "yes", "no", "no"],
        "e": ["u", None, "u", "u"],
        "day": ["1970-01-01", "1970-01-03", "1970-01-02", "1970-01-05"],
    }
)


@pytest.fixture(scope="module")
def people():
    encoding = Encoding.fit(SCHEMA, open_source(PEOPLE))
    return encoding, encoding.rows(open_source(PEOPLE))


def test_an_encoding_knows_its_blocks_and_gaps(people):
    encoding, rows = people
    assert encoding.widths == (1, 2, 1, 4, 2, 2, 1)
    assert encoding.blocks == {"a": 0, "a<b": 2, "c": 3, "d": 4, "e": 5, "day": 6}
    assert rows[:, 1].tolist() == [0, 0, 1, 0]
    assert rows[:, 3:6].tolist() == [[0, 0, 0], [2, 1, 1], [3, 0, 0], [1, 0, 0]]
    gaps = np.zeros((4, 7), bool)
    gaps[2, [0, 1, 3]] = gaps[1, 5] = True
    same(encoding.missing(rows), gaps)
    assert encoding.there().tolist() == [1, 1, 0, 1, 1, 1, 1, 0, 1, 1, 1, 0, 1]
    assert encoding.code("c", "y") == (3, 1)
    assert encoding.code("c", "") == encoding.code("c", "n/a") == (3, 3)
    assert encoding.code("e", "?") == (5, 1)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("a>=2", [0, 1, 0, 1]), ("a>2", [0, 0, 0, 1]), ("a<=2", [1, 1, 0, 0]), ("a<2.5", [1, 1, 0, 0]),
        ("a=2", [0, 1, 0, 0]), ("a!=2", [1, 0, 0, 1]), (" a<b < 3 ", [1, 1, 0, 0]), ("a<b!=2", [1, 0, 1, 1]),
        ("c=x", [1, 0, 0, 0]), ("c!=x", [0, 1, 1, 1]), ("c=", [0, 0, 1, 0]), ("d = yes", [0, 1, 0, 0]),
        ("day>=1970-01-03", [0, 1, 0, 1]), ("day=1970-01-02", [0, 0, 1, 0]), ("e!=", [1, 0, 1, 1]),
    ],
)  # fmt: skip
def test_a_condition_holds_for_rows(people, said, found):
    encoding, rows = people
    same(condition(said, encoding).holds(encoding, rows), found)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("id=3", "id is of the kind identifier: nothing of it is learned, nor asked for"),
        ("c<x", "c is a category: 'c<x' can only be said with = or !="),
        ("a>", "'a>': a number is needed behind the >"), ("a", "a condition is sex=female or age>=40"),
        ("day=x", "'x' in the column day is no date"), ("dy=x", "did you mean 'day'"), ("c=q", "has no 'q'"),
    ],
)  # fmt: skip
def test_what_is_no_condition_is_refused(people, said, why):
    with pytest.raises(InputError, match=re.escape(why)):
        condition(said, people[0])


def test_codes_are_decoded_if_they_are_some(people):
    encoding, rows = people
    drawn = encoding.decode(rows, 0).to_pydict()
    assert drawn["c"] == ["x", "z", None, "y"]
    assert drawn["e"] == ["u", None, "u", "u"]
    assert drawn["a"] == [0.5, 2, None, 3.5]
    for block, code in ((3, 4), (3, -1), (5, 2), (1, 2), (1, -1)):
        wrong = rows.copy()
        wrong[0, block] = code
        with pytest.raises(InputError, match=f"block {block}"):
            encoding.decode(wrong, 0)


@pytest.mark.parametrize(
    ("kind", "last"),
    [("date", 2_932_896), ("whole number", 2**53), ("date and time", 253_402_300_799)],
)
def test_quantiles_end_where_values_of_their_kind_do(kind, last):
    form = {"date": "%Y-%m-%d", "date and time": "%Y-%m-%d %H:%M"}.get(kind, "")
    schema = Schema((Column("a", kind, format=form),)).to_toml()
    for end in (last, -last):
        numbers = {"a": {"z": [0.0], "x": [float(end)]}}
        assert Encoding.from_dict({"schema": schema, "numbers": numbers, "others": {}}).widths == (
            1,
        )
        numbers["a"]["x"] = [end * (1 + 1e-6)]
        with pytest.raises(InputError, match=f"the quantiles of the column a are no {kind}s"):
            Encoding.from_dict({"schema": schema, "numbers": numbers, "others": {}})


# --- writing -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "delimiter", "found"),
    [("a", ",", "a"), ("a,b", ",", '"a,b"'), ("a,b", ";", "a,b"), ('a"b', ",", '"a""b"'), ("a\nb", ",", '"a\nb"'),
     ("#a", ",", '"#a"'), ("a#", ",", "a#"), ("a\rb", ",", '"a\rb"'), ("a\tb", "\t", '"a\tb"')],
)  # fmt: skip
def test_cells_are_quoted_where_they_must_be(tmp_path, cell, delimiter, found):
    path = str(tmp_path / "t.csv")
    table = pa.table({"a": [cell, None], "b": ["x", "y"]})
    from npgan.tables.write import write_texts

    write_texts(table, path, delimiter)
    expected = f"a{delimiter}b\n{found}{delimiter}x\n{delimiter}y\n"
    assert (tmp_path / "t.csv").read_bytes().decode() == expected


@pytest.mark.parametrize(
    ("delimiter", "decimal", "ending", "found"),
    [(";", ",", "csv", "a;b\n1,50;ja\n"), (",", ",", "csv", "a,b\n1.50,ja\n"), (";", ".", "csv", "a;b\n1.50;ja\n"),
     (";", ",", "tsv", "a\tb\n1,50\tja\n")],
)  # fmt: skip
def test_a_table_has_the_marks_of_its_schema(tmp_path, delimiter, decimal, ending, found):
    columns = Column("a", "number", decimals=2, padded=True), Column("b", "category")
    table, path = pa.table({"a": [1.5], "b": ["ja"]}), tmp_path / f"t.{ending}"
    write(table, path, Schema(columns, 1, delimiter, decimal))
    assert path.read_text() == found


def test_what_is_no_table_is_not_written(tmp_path):
    from npgan.tables.write import write_texts

    schema = Schema((Column("a", "number"),))
    for table, one, said in (
        ("x", schema, "table must be"),
        (pa.table({"a": [1.5]}), 5, "schema must be"),
    ):
        with pytest.raises(InputError, match=said):
            write(table, tmp_path / "t.csv", one)
    with pytest.raises(InputError, match="table must be"):
        write_texts("x", tmp_path / "t.csv", ",")


@pytest.mark.parametrize(
    ("categories", "found"), [(("Y", "N"), ["Y", "N", None]), ((), ["true", "false", None])]
)
def test_truth_values_have_the_words_of_their_column(categories, found):
    from npgan.tables.write import texts

    schema = Schema((Column("a", "yes/no", True, categories=categories),))
    assert texts(pa.table({"a": [True, False, None]}), schema)["a"].to_pylist() == found


def test_a_compressed_text_is_read_as_any_other(tmp_path):
    (tmp_path / "t.tsv.gz").write_bytes(gzip.compress(b"a;b\tc\n1\t2\n3\t4\n"))
    assert open_source(tmp_path / "t.tsv.gz").names == ("a;b", "c")
