"""What columns are: tallies, kinds, schemas and natural types, by exact values."""

import datetime
import re
import sys

import numpy as np
import pyarrow as pa
import pytest

from npgan.errors import InputError
from npgan.tables import (
    Column,
    Schema,
    complete,
    infer,
    natural,
    open_source,
    tally,
)

NAN = np.nan
RNG = np.random.default_rng


def same(found, expected):
    np.testing.assert_array_equal(found, expected)


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
