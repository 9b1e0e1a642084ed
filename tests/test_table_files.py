"""How tables are read and written: sources, text and writing, by exact values."""

import gzip
import io

import numpy as np
import pyarrow as pa
import pytest

from npgan.errors import InputError
from npgan.tables import (
    Column,
    Schema,
    open_source,
    read,
    text,
    write,
)

NAN = np.nan
RNG = np.random.default_rng


def same(found, expected):
    np.testing.assert_array_equal(found, expected)


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


def test_texts_in_a_tsv_file_stand_between_tabs(tmp_path):
    from npgan.tables.write import write_texts

    for name, content in (("t.tsv", "a\tb\n1,5\tx;y\n"), ("t.csv", 'a;b\n1,5;"x;y"\n')):
        write_texts(pa.table({"a": ["1,5"], "b": ["x;y"]}), tmp_path / name, ";")
        assert (tmp_path / name).read_text() == content
