"""Tables as text, Parquet, pandas and pyarrow hold them: the same rows of strings, or one clear line."""

import datetime
import decimal
import gzip
import re
import time

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from npgan.data import is_table, load_table
from npgan.errors import InputError
from npgan.tables import open_source, text

ROWS = [{"a": "1", "b": "x"}, {"a": None, "b": "y"}]


def rows(source):
    return [row for batch in source.batches() for row in batch.to_pylist()]


def written(tmp_path, content, name="t.csv"):
    content = content if isinstance(content, bytes) else content.encode()
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return tmp_path / name


@pytest.mark.parametrize(
    "content",
    [
        "a,b\n1,x\n,y\n",
        "a,b\r\n1,x\r\n,y\r\n\r\n",
        "a,b\n1,x\nNaN,y",
        "\ufeffa,b\n1,x\n-,y\n",
        '"a","b"\n"1","x"\n"?","y"\n',
        "a;b\n1;x\nNA;y\n",
        "a\tb\n1\tx\nnull\ty\n",
        "# made by hand\n\n#1;2\na , b\n1, x \n  ,y\n",
        ",a,b\n7,1,x\n3,,y\n",
        "Unnamed: 0,a,b\n0,1,x\n1,,y\n",
    ],
)
@pytest.mark.parametrize("name", ["t.csv", "t.txt", "t.csv.gz"])
def test_every_way_to_write_a_table_is_read(tmp_path, content, name):
    source = open_source(written(tmp_path, content, name))
    assert (source.name, source.names) == (name, ("a", "b"))
    assert rows(source) == rows(source) == ROWS


HEADLESS = "no line names the columns: they are called c1 to c2"
COUNTED = "left out: line 1, which counts rows and columns"


@pytest.mark.parametrize(
    ("content", "notes"),
    [
        ("1.5,2\n,4\n", (HEADLESS,)),
        ("\ufeff# x\n1.5;2\n;4\n", ("left out: lines that begin with # (1)", HEADLESS)),
        ("1.5,2\r\nNA,4\r\n", (HEADLESS,)),
        ("  1.5e0   2\n nan 4  \n", ("cells between blanks", HEADLESS)),
        ("2,1,good,bad\n1.5,2\nNA,4\n", (COUNTED, HEADLESS)),
        ("2,1,good\n1.5,2\nNA,4\n", (COUNTED, HEADLESS)),
    ],
)
@pytest.mark.parametrize("name", ["t.csv", "t.txt", "t.csv.gz"])
def test_numbers_without_names_of_columns_are_all_data(tmp_path, content, notes, name):
    source = open_source(written(tmp_path, content, name))
    assert (source.names, source.notes) == (("c1", "c2"), notes)
    assert [[row["c1"] and float(row["c1"]), row["c2"]] for row in rows(source)] == [
        [1.5, "2"],
        [None, "4"],
    ]


def test_a_first_row_of_numbers_is_no_count_of_rows_and_columns(tmp_path):
    source = open_source(written(tmp_path, "2,2\n1.5,2\n3,4\n"))
    assert [row["c1"] for row in rows(source)] == ["2", "1.5", "3"]
    fewer = open_source(written(tmp_path, "2,3\n1.5,2,0\n3,4,1\n"))
    assert (fewer.names, len(rows(fewer))) == (("c1", "c2", "c3"), 2)


def test_blanks_separate_names_only_above_as_many_numbers(tmp_path):
    source = open_source(written(tmp_path, "a  b\n1 2\n -3   4.5\n"))
    assert rows(source) == [{"a": "1", "b": "2"}, {"a": "-3", "b": "4.5"}]
    assert open_source(written(tmp_path, "my name\nJo Smith\nAl Jones\n")).names == ("my name",)
    assert open_source(written(tmp_path, "the time\n1\n2\n")).names == ("the time",)


def test_a_block_may_end_within_a_line_of_blanks(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "BLOCK", 64)
    path = written(tmp_path, "".join(f"  {i}.5   {i}\n" for i in range(500)))
    assert [row["c2"] for row in rows(open_source(path))] == [str(i) for i in range(500)]


def test_numbers_that_pandas_names_columns_with_stay_names(tmp_path):
    assert open_source(written(tmp_path, "0,1,2\n5,6,7\n8,9,9\n")).names == ("0", "1", "2")


@pytest.mark.parametrize("content", ["2,1,good,bad\n1.5,2\n3,4\n", "1.5 2\n3 4\n"])
def test_what_only_tables_are_read_from_is_a_table(tmp_path, content):
    path = written(tmp_path, content)
    assert is_table(path)
    assert len(load_table(path).train) == 2


def test_tabs_separate_a_tsv_whatever_its_header_has(tmp_path):
    source = open_source(written(tmp_path, "a;b\tc\n1\t2\n3\t4\n", "t.tsv"))
    assert source.names == ("a;b", "c")


def test_cells_in_quotes_hold_newlines_quotes_and_delimiters(tmp_path):
    source = open_source(written(tmp_path, 'a,"b\nc"\n1,"x\ny"\n2,"""z"", w"\n'))
    assert source.names == ("a", "b c")
    assert [row["b c"] for row in rows(source)] == ["x\ny", '"z", w']


def test_rows_are_read_a_block_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "BLOCK", 64)
    cells = [{"a": str(i), "b": "x" * (i % 20)} for i in range(1, 500) if i % 20]
    source = open_source(
        written(tmp_path, "a,b\n" + "".join(f"{r['a']},{r['b']}\n" for r in cells))
    )
    assert rows(source) == cells
    assert max(map(len, source.batches())) < 32


def test_the_index_of_pandas_is_left_out_only_if_it_counts(tmp_path):
    assert open_source(written(tmp_path, ",a\n0,5\n1,6\n")).notes[0].startswith("left out")
    kept = open_source(written(tmp_path, "Unnamed: 0,a\n5,5\n5,6\n"))
    assert (kept.names, kept.notes) == (("Unnamed: 0", "a"), ())


TYPES = {
    "whole": ([1, None], ["1", None]),
    "float": ([0.1, float("nan")], ["0.1", None]),
    "small": (pa.array([0.1, 22], pa.float32()), ["0.1", "22"]),
    "bool": ([True, None], ["true", None]),
    "text": ([" a ", "N/A"], ["a", None]),
    "dictionary": (pa.array(["a", "b"]).dictionary_encode(), ["a", "b"]),
    "decimal": ([decimal.Decimal("1.50"), None], ["1.50", None]),
    "date": ([datetime.date(2024, 2, 29), None], ["2024-02-29", None]),
    "time": ([datetime.time(1, 2, 3), None], ["01:02:03", None]),
    "stamp": ([datetime.datetime(2024, 2, 29, 1, 2, 3, 4), None], ["2024-02-29 01:02:03", None]),
    "none": ([None, None], [None, None]),
}


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_is_read_as_text(tmp_path, kind):
    values, wanted = TYPES[kind]
    table = pa.table({"a": values, "b": ["x", "y"]})
    pq.write_table(table, tmp_path / "t.parquet")
    for source in (table, table.to_pandas(), tmp_path / "t.parquet"):
        assert [row["a"] for row in rows(open_source(source))] == wanted


def test_a_data_frame_may_have_numbers_for_names_and_categories():
    frame = pd.DataFrame({0: pd.Categorical(["u", "v"]), 1: [1, 2]})
    assert rows(open_source(frame)) == [{"0": "u", "1": "1"}, {"0": "v", "1": "2"}]


def test_nested_types_and_mixed_columns_are_refused_by_name():
    with pytest.raises(InputError, match=r"column a: numbers, texts,.* not list"):
        open_source(pa.table({"a": [[1], [2]]}))
    with pytest.raises(InputError, match="mixed types"):
        open_source(pd.DataFrame({"a": [1, "x"]}))


WRONG = {
    "": "t.csv is empty",
    "# only\n": "t.csv is empty",
    "a,b\n": "t.csv has a header and no rows",
    "a,b\n1,2\n": "t.csv has one row: nothing can be learned",
    "a,a\n1,2\n3,4\n": "t.csv: several columns have the name a",
    "a,\n1,2\n3,4\n": "t.csv: column 2 has no name",
    ",a\nx,2\ny,4\n": "t.csv: column 1 has no name",
    "1.5,2\n3\n": "t.csv, line 2: it has 1 cells, and the first row has 2 columns",
    "a b\n1 2\n\n3\n": "t.csv, line 4: it has 1 cells, and the header names 2 columns",
    "a,b\n1,2\n3\n": "t.csv, line 3: it has 1 cells, and the header names 2 columns",
    '# c\na,b\n1,"x\ny"\n\n3,4,5\n': "t.csv, line 6: it has 3 cells, and the header names 2",
    b"a,b\n1,2\n3,\xff\n": "t.csv, line 3: it is no UTF-8 text",
    b"\xffa,b\n1,2\n": "t.csv, line 1: it is no UTF-8 text",
    '"a,b\n1,2\n3,4\n': "t.csv: a quote in its header is not closed",
    'a,b\n1,2\n3,"4\n5,6\n': "t.csv: a quote is not closed in its last row",
    "a,b\n1,2\n3," + "x" * 2**21: "t.csv: a row takes more than 1,048,576 bytes",
}


@pytest.mark.parametrize("content", WRONG, ids=range(len(WRONG)))
def test_what_is_no_table_is_refused_in_one_line(tmp_path, content):
    with pytest.raises(InputError, match=re.escape(WRONG[content])):
        rows(open_source(written(tmp_path, content)))


@pytest.mark.parametrize("name", ["t.csv.gz", "t.parquet", "t.xlsx", "none.csv", "none.parquet"])
def test_a_damaged_or_unknown_file_is_named(tmp_path, name):
    if not name.startswith("none"):
        (tmp_path / name).write_bytes(b"PAR1, and then nothing of it")
    with pytest.raises(InputError, match=re.escape(name)):
        open_source(tmp_path / name)


def test_a_gzip_file_that_ends_too_soon_is_named(tmp_path):
    content = gzip.compress(b"a,b\n" + b"".join(b"%d,2\n" % i for i in range(10**5)))
    (tmp_path / "t.csv.gz").write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=re.escape("t.csv.gz")):
        rows(open_source(tmp_path / "t.csv.gz"))


def test_something_else_than_a_table_is_refused():
    with pytest.raises(InputError, match="a table is a path, a pandas DataFrame or"):
        open_source([[1, 2]])


def test_what_is_left_out_of_a_text_is_said(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("#one\n# two\n,a,b\n1,x,2\n2,y,3\n")
    assert open_source(path).notes == (
        "left out: lines that begin with # (2)",
        "left out: the first column, without a name, which numbers the rows",
    )
    assert (
        "left out: lines that begin with # (2); left out: the first" in load_table(path).summary()
    )


def test_a_table_that_is_left_early_is_read_no_further(tmp_path, monkeypatch):
    """Else pyarrow's thread goes on reading, and aborts the process if Python ends meanwhile."""
    path, going, read = tmp_path / "long.csv", [], text.Tail.read
    path.write_text("a,b\n" + "1,x\n" * 2 * text.BLOCK)

    def slow(tail, size):
        going.append(size)
        time.sleep(0.05)
        content = read(tail, size)
        going.pop()
        return content

    monkeypatch.setattr(text.Tail, "read", slow)
    open_source(path)
    assert not going
