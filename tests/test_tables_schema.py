"""What the columns of a table are: recognised, written by hand, completed, refused."""

import re
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npgan.errors import InputError
from npgan.tables import Column, Schema, complete, infer, open_source, tally
from npgan.tables.dates import FORMATS

N = 40


def many(*values):
    return [values[i % len(values)] for i in range(N)]


def schema_of(tmp_path, columns, delimiter=","):
    lines = [columns, *zip(*columns.values(), strict=True)]
    (tmp_path / "t.csv").write_text(
        "".join(delimiter.join(map(str, line)) + "\n" for line in lines)
    )
    return infer(open_source(tmp_path / "t.csv"))


FRACTIONS = [f"{i * i / 7:.2f}" for i in range(N)]
KINDS = {
    "number": (FRACTIONS, Column("a", "number", decimals=2, padded=True)),
    "uneven": (many("1", "2.5", "-3.25"), Column("a", "number", decimals=2)),
    "power": (many("1e-3", "2.5e2", "7"), Column("a", "number", decimals=3)),
    "whole": ([i * i for i in range(N)], Column("a", "whole number")),
    "floats": (
        [f"{i * i}.0" for i in range(N)],
        Column("a", "whole number", decimals=1, padded=True),
    ),
    "gaps": (["", *range(2, N), 9], Column("a", "whole number", missing=True)),
    "huge": (many("90071992547409920", "1", "2.5"), Column("a", "number", decimals=1)),
    "few": (many(3, 1, 3, 2), Column("a", "category", categories=("3", "1", "2"))),
    "few floats": (
        many("1.0e0", "2.0e0"),
        Column("a", "category", categories=("1.0e0", "2.0e0")),
    ),
    "few, written in two ways": (
        many("1", "2.0"),
        Column("a", "whole number", decimals=1),
    ),
    "eleven": (many(*range(5, 16)), Column("a", "whole number")),
    "seldom": ([0] * (N - 1) + [1], Column("a", "whole number")),
    "words": (many("m", "f", "f"), Column("a", "category", categories=("f", "m"))),
    "one and gaps": (many("+", ""), Column("a", "category", True, categories=("+",))),
    "codes": (many("01067", "10115"), Column("a", "category", categories=("01067", "10115"))),
    "telephones": (many("+49", "+33"), Column("a", "category", categories=("+33", "+49"))),
    "yes": (many("Yes", "Yes", "No"), Column("a", "yes/no", categories=("Yes", "No"))),
    "true": (many("FALSE", "TRUE", ""), Column("a", "yes/no", True, categories=("FALSE", "TRUE"))),
    "cases": (many("y", "Y", "n"), Column("a", "category", categories=("y", "Y", "n"))),
    "one": (many("3.50"), Column("a", "constant", categories=("3.50",), decimals=2, padded=True)),
    "none": (many(""), Column("a", "constant")),
    "rows": (range(7, N + 7), Column("a", "identifier")),
    "shuffled": (np.random.default_rng(0).permutation(N), Column("a", "identifier")),
    "names": ([f"Mr. {i}" for i in range(N)], Column("a", "identifier")),
    "zip codes": ([f"{i:05d}" for i in range(N)], Column("a", "identifier")),
    "iso": (many("2024-02-29", "2023-12-01"), Column("a", "date", format="%Y-%m-%d")),
    "day first": (many("13.2.2024", "1.12.2023"), Column("a", "date", format="%d.%m.%Y")),
    "month first": (many("02/13/2024", "12/01/2023"), Column("a", "date", format="%m/%d/%Y")),
    "midnight": (many("2024-02-29 00:00:00", ""), Column("a", "date", True, format="%Y-%m-%d %T")),
    "stamp": (
        many("2024-02-29T01:02:03.5Z", "2023-12-01T00:00:00Z"),
        Column("a", "date and time", format="%Y-%m-%dT%H:%M:%S"),
    ),
    "time": (many("7:05", "23:59"), Column("a", "time", format="%H:%M")),
    "no date": (many("2023-02-29", "2024-02-28"), Column("a", "category")),
}


@pytest.mark.parametrize("case", KINDS)
def test_a_column_is_recognised(tmp_path, case):
    cells, wanted = KINDS[case]
    wanted = replace(wanted, format=wanted.format.replace("%T", "00:00:00"))
    schema = schema_of(tmp_path, {"a": cells, "b": FRACTIONS})
    if case == "no date":
        wanted = replace(wanted, categories=("2023-02-29", "2024-02-28"))
    assert schema.columns[0] == wanted
    assert (schema.rows, schema.delimiter, schema.decimal) == (N, ",", ".")


@pytest.mark.parametrize("case", KINDS)
def test_a_schema_is_the_same_read_again_and_completed(tmp_path, case):
    schema = schema_of(tmp_path, {"a": KINDS[case][0], "b": FRACTIONS})
    assert Schema.from_toml(schema.to_toml()) == schema
    bare = Schema(tuple(Column(c.name, c.kind) for c in schema.columns))
    assert complete(bare, open_source(tmp_path / "t.csv")) == schema


def test_whole_numbers_are_categories_only_if_each_is_seen_often(tmp_path):
    for times, kind in [(3, "category"), (1, "whole number")]:
        cells = [1] * (200 - times) + [5] * times
        assert schema_of(tmp_path, {"a": cells}).columns[0].kind == kind


def test_a_schema_of_boundless_length_is_refused():
    text = "[[columns]]\nname='a'\nkind='number'\n#"
    with pytest.raises(InputError, match="a text of at most"):
        Schema.from_toml(text + "x" * 2**24)


def test_a_category_of_one_value_by_hand_is_a_constant():
    source = open_source(pa.table({"a": ["x", "x"], "b": [1, 2], "c": ["", ""]}))
    said = Schema((Column("a", "category"), Column("b", "number"), Column("c", "number")))
    assert [c.kind for c in complete(said, source).columns] == ["constant", "number", "constant"]


def test_an_unknown_order_of_day_and_month_is_said(tmp_path):
    column = schema_of(tmp_path, {"a": many("1/2/2024", "3/4/2024"), "b": FRACTIONS}).columns[0]
    assert column.format == "%d/%m/%Y"
    assert "no day above 12 tells" in column.note


def test_decimal_commas_are_seen_where_no_comma_separates(tmp_path):
    commas = [f.replace(".", ",") for f in FRACTIONS]
    schema = schema_of(tmp_path, {"a": commas, "b": range(0, 2 * N, 2)}, ";")
    assert (schema.delimiter, schema.decimal, schema.columns[0].kind) == (";", ",", "number")
    with pytest.raises(InputError, match="decimal points in the column b and decimal commas in a"):
        schema_of(tmp_path, {"a": commas, "b": FRACTIONS}, ";")


def test_only_numbers_say_what_the_decimal_mark_is(tmp_path):
    (tmp_path / "t.csv").write_text("a;b\n1,5;1.5\n2,5;1.5\n3,5;2.5\n")
    said = Schema((Column("a", "number"), Column("b", "category")))
    whole = complete(said, open_source(tmp_path / "t.csv"))
    assert (whole.decimal, whole.columns[0].decimals) == (",", 1)
    assert whole.columns[1].categories == ("1.5", "2.5")


def test_many_categories_share_a_code(tmp_path):
    cells = [f"c{i // 2}" for i in range(600)] + ["often"] * 3
    column = schema_of(tmp_path, {"a": cells, "b": [1, 2.5, 3] * 201}).columns[0]
    assert (column.kind, column.others, len(column.categories)) == ("category", True, 255)
    assert column.categories[0] == "often"


def test_others_are_values_that_a_schema_does_not_name():
    source = open_source(pa.table({"a": ["x", "y", "x"]}))
    for named, others in [(("x",), True), (("x", "y"), False)]:
        said = Schema((Column("a", "category", categories=named, others=True),))
        assert complete(said, source).columns[0].others is others


def test_memory_is_bounded_and_kinds_are_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(tally, "VALUES", 20)
    columns = {
        "id": range(600),
        "name": [f"x{i}" for i in range(600)],
        "town": [f"t{i % 30}" for i in range(600)],
        "n": [f"{i / 7:.3f}" for i in range(600)],
    }
    assert [c.kind for c in schema_of(tmp_path, columns).columns] == [
        "identifier",
        "identifier",
        "category",
        "number",
    ]


def test_lines_say_what_a_user_wants_to_know(tmp_path):
    ages = ["", *range(0, 80, 2), "80"][:N]
    schema = schema_of(tmp_path, {"id": range(N), "age": ages, "sex": many("m", "f", "f", "f")})
    assert schema.lines() == [
        "id: identifier, left out, it counts the rows",
        "age: whole number, 0 to 76, 1 of 40 missing",
        "sex: category, f 30, m 10",
    ]
    dates = schema_of(tmp_path, {"a": ["31.12.2024", "1.1.2024"]})
    assert dates.lines() == ["a: date, such as 31.12.2024"]


def test_a_text_among_numbers_is_said(tmp_path):
    for cells in ([*range(11), "x"], [1, 2, 3, 4] * 5 + ["x"]):
        assert "but not 'x'" in schema_of(tmp_path, {"a": cells}).columns[0].note
    assert "numbers" not in schema_of(tmp_path, {"a": [1, "x"] * 5}).columns[0].note


NAMES = st.text(min_size=1).filter(lambda s: s.strip())


@given(
    st.lists(NAMES, min_size=1, max_size=4, unique=True),
    st.lists(NAMES, unique=True, max_size=4),
    st.booleans(),
)
def test_any_names_and_categories_survive_toml(names, categories, flag):
    columns = tuple(
        Column(name, "category", flag, 3, flag, tuple(categories), flag, note=name)
        for name in names
    )
    schema = Schema(columns, 7, "\t", ",")
    assert Schema.from_toml(schema.to_toml()) == schema


WRONG_TOML = {
    "rows = ": "the schema is no TOML",
    "rows = 3": "the schema must say its columns",
    "columns = []": "columns must be a list of tables",
    "columns = [1]": "column 1 of the schema must be a table, not 1",
    "x = 1\n[[columns]]\nname='a'\nkind='number'": "unknown word in the schema 'x'",
    "rows = true\n[[columns]]\nname='a'\nkind='number'": "rows must be a whole number",
    "decimal = ';'\n[[columns]]\nname='a'\nkind='number'": "decimal must be a point or a comma",
    "[[columns]]\nname='a'": "column a of the schema must say its kind",
    "[[columns]]\nkind='number'": "column 1 of the schema must say its name",
    "[[columns]]\nname='a'\nkind='integer'": "column a of the schema: kind must be one of number",
    "[[columns]]\nname='a'\nkind='number'\nmising=true": "did you mean 'missing'?",
    "[[columns]]\nname='a'\nkind='category'\ncategories=[1]": "categories must be texts in quotes",
    "[[columns]]\nname='a'\nkind='category'\ncategories=['b','b']": "texts in quotes, each once",
    "[[columns]]\nname='a'\nkind='yes/no'\ncategories=['b','c']": "the categories of yes/no are",
    "[[columns]]\nname='a'\nkind='date'\nformat='%x'": "format must be a format such as",
    "[[columns]]\nname='a'\nkind='date'\nformat='%H:%M'": "%H:%M is the format of a time",
    "[[columns]]\nname='a'\nkind='number'\n" * 2: "several columns of the name a",
    "a = " + "[" * 10**5: "the schema is no TOML",
}


@pytest.mark.parametrize("text", WRONG_TOML, ids=range(len(WRONG_TOML)))
def test_what_is_no_schema_is_refused_in_one_line(text):
    with pytest.raises(InputError, match=re.escape(WRONG_TOML[text])):
        Schema.from_toml(text)


MISFITS = {
    "number": ("x", "'x' in the column a is no number"),
    "whole number": ("1.5", "'1.5' in the column a is no whole number"),
    "date": ("2024-02-30", "'2024-02-30' in the column a is no date (%Y-%m-%d)"),
    "time": ("25:00", "'25:00' in the column a is no time (%H:%M:%S)"),
    "constant": ("2", "'2' in the column a is none of its categories"),
}
FINE = {
    "number": "1",
    "whole number": "1",
    "date": "2024-02-29",
    "time": "23:59:59",
    "constant": "1",
}


@pytest.mark.parametrize("kind", MISFITS)
def test_a_cell_that_does_not_fit_is_named_by_its_line(tmp_path, kind):
    cell, said = MISFITS[kind]
    (tmp_path / "people.csv").write_text(f"a,b\n{FINE[kind]},1\n{FINE[kind]},2\n\n{cell},3\n")
    schema = Schema((Column("a", kind), Column("b", "number")))
    with pytest.raises(InputError, match=re.escape(f"people.csv, line 5: {said}")):
        complete(schema, open_source(tmp_path / "people.csv"))


def test_what_a_schema_says_of_a_column_stays():
    source = open_source(pa.table({"a": ["x", "y", "x"], "b": [1, 2, 4]}))
    said = Schema(
        (Column("a", "category", True, categories=("z", "y", "x")), Column("b", "number"))
    )
    column = complete(said, source).columns[0]
    assert (column.categories, column.missing) == (("z", "y", "x"), True)
    few = Schema((Column("a", "category", categories=("x", "z")), Column("b", "number")))
    with pytest.raises(InputError, match="row 2: 'y' in the column a is none of its categories"):
        complete(few, source)


def test_columns_that_file_or_schema_lack_are_named():
    source = open_source(pa.table({"a": [1, 2], "b": [1, 2]}))
    with pytest.raises(InputError, match="has a column b, which the schema has not"):
        complete(Schema((Column("a", "number"),)), source)
    columns = (Column("a", "number"), Column("b", "number"), Column("c", "number"))
    with pytest.raises(InputError, match="has no column c, which the schema has"):
        complete(Schema(columns), source)


def test_an_unknown_column_suggests_the_nearest():
    with pytest.raises(InputError, match="did you mean 'age'"):
        Schema((Column("age", "number"),)).column("agee")


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_found_again(tmp_path, form):
    stamps = np.array(["2024-02-29T13:14:15", "1999-12-31T00:00:09"], "M8[s]").tolist()
    cells = many(*(stamp.strftime(form) for stamp in stamps))
    assert schema_of(tmp_path, {"a": cells, "b": FRACTIONS}).columns[0].format == form
