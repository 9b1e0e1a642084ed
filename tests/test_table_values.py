"""Cells, dates, quantiles and codes of tables, by exact values."""

import datetime
import re
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
    condition,
    dates,
    open_source,
    quantiles,
    rare,
    values,
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
