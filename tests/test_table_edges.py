"""Tables at their edges: knots beside shares, blocks that end in a quote, what stays as it is."""

import gzip
import io
import math
import re
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from npgan.data import load_table
from npgan.data import rows as data_rows
from npgan.errors import InputError
from npgan.tables import (
    Column,
    Encoding,
    Schema,
    cells,
    condition,
    frames,
    infer,
    normal,
    open_source,
    quantiles,
    schema,
    tally,
    text,
    values,
)
from npgan.tables.normal import probability, score
from npgan.tables.quantiles import Quantiles
from npgan.tables.rare import Rare
from npgan.tables.read import Source
from npgan.tables.where import Condition

FROZEN = Column, Schema, Encoding, Quantiles, Rare, Source, Condition


@pytest.mark.parametrize("kind", FROZEN, ids=lambda kind: kind.__name__)
def test_what_says_how_a_table_is_read_cannot_be_changed(kind):
    one = object.__new__(kind)
    with pytest.raises(AttributeError):
        one.name = "x"


# --- normal scores -------------------------------------------------------------------------------


def test_the_table_of_the_normal_distribution_has_steps_of_a_thousandth():
    np.testing.assert_allclose(normal.Z, np.arange(-6000, 6001) / 1000, rtol=0, atol=1e-12)
    for z in (-6, -1.5, 0, 0.25, 6):
        assert probability(np.array([z]))[0] == pytest.approx(math.erfc(-z / 2**0.5) / 2, rel=1e-9)
        assert score(probability(np.array([z])))[0] == pytest.approx(z, abs=1e-7)
    assert score(np.array([0, 1.0])).tolist() == [-6, 6]
    assert probability(np.array([-7.0, 7])).tolist() == [normal.P[0], normal.P[-1]]


def knots(x, most, share):
    """Return pairs (x, u): both ends of a value's share, and evenly spaced scores where there is none."""
    n = len(x)
    ends = {value: ((x < value).mean(), (x <= value).mean()) for value in sorted(set(x))}
    alone = {v for v in ends if len(ends) <= most or (x == v).sum() >= share * n}
    found = [(value, u) for value in alone for u in ends[value]]
    middle = {value: sum(both) / 2 for value, both in ends.items()}
    farthest = -score(np.array([0.5 / n]))[0]
    for u in probability(np.linspace(-farthest, farthest, most)):
        owner = next(value for value, (_, high) in ends.items() if u < high)
        if owner not in alone:
            found.append((np.interp(u, list(middle.values()), list(middle)), u))
    known = list(ends)
    for i, value in enumerate(known):
        beside = {*known[max(i - 1, 0) : i], *known[i + 1 : i + 2]} & alone
        if value not in alone and (beside or i in (0, len(known) - 1)):
            found.append((value, middle[value]))
    return sorted(found)


SAMPLES = {
    "the first value has a share": [0, 0, 0, 1, 2, 3, 4, 5, 6, 7],
    "the last value has a share": [0, 1, 2, 3, 4, 5, 6, 7, 7, 7],
    "two neighbours have shares": [0, 1, 2, 3, 3, 3, 4, 4, 4, 5, 6, 7],
    "one is between two that have shares": [0, 1, 2, 3, 3, 3, 4, 5, 5, 5, 6, 7],
    "a share is as large as it must be": [0, 1, 2, 2, 3, 4, 5, 6],
    "a share is a little too small": [0, 1, 2, 2, 3, 4, 5, 6, 7],
    "all values have no share": [0, 1, 2, 3, 4, 5.5, 7, 9, 20],
}


@pytest.mark.parametrize("name", SAMPLES)
def test_knots_are_evenly_spaced_where_no_value_has_a_share(monkeypatch, name):
    monkeypatch.setattr(quantiles, "KNOTS", 6)
    monkeypatch.setattr(quantiles, "SHARE", 0.25)
    x = np.array(SAMPLES[name], np.float64)
    expected = knots(x, 6, 0.25)
    found = Quantiles.fit(x)
    assert found.x.tolist() == [value for value, _ in expected]
    z = score(np.array([u for _, u in expected])).astype(np.float32)
    assert found.z.tolist() == np.maximum.accumulate(z).tolist()
    assert (found.z.astype(np.float32) == found.z).all()


def test_as_many_values_as_knots_have_shares_though_they_are_small(monkeypatch):
    monkeypatch.setattr(quantiles, "KNOTS", 4)
    monkeypatch.setattr(quantiles, "SHARE", 0.5)
    assert Quantiles.fit(np.arange(4.0)).x.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert len(set(Quantiles.fit(np.arange(5.0)).x)) == 4


def test_only_values_with_a_share_are_drawn():
    some = Quantiles(np.array([-1.0, 0, 0.5, 1]), np.array([1.0, 3, 3, 9]))
    low, high = probability(np.array([0, 0.5]))
    drawn = score(low + (high - low) * np.random.default_rng(0).random(2))
    z = some.encode(np.array([1.0, 3, 6, 3, 9]), np.random.default_rng(0))
    np.testing.assert_allclose(z, [-1, drawn[0], 0.75, drawn[1], 1], atol=1e-6)


@pytest.mark.parametrize("end", [-5.5, -1.0, 5.5, 6.0])
def test_a_share_ends_before_the_next_begins(end):
    some = Quantiles(np.array([-6.0, end, end]), np.array([1.0, 1, 2]))
    (z,) = some.encode(np.array([1.0]), SimpleNamespace(random=np.ones))
    assert z == np.nextafter(np.float32(end), np.float32(-9))


@pytest.mark.parametrize(
    ("z", "x"), [(-9, 0), (0, 0), (0.5, 0.5), (1, 1), (1.5, 1.5), (1.75, 1.75), (2, 2), (9, 2)]
)
def test_where_two_knots_end_in_a_gap_what_lies_beyond_fills_it(z, x):
    some = Quantiles(np.array([0.0, 1, 1]), np.array([0.0, 1, 2]))
    assert some.decode(np.array([float(z)])).tolist() == [x]


# --- cells ---------------------------------------------------------------------------------------


def test_numbers_with_as_many_digits_as_float64_has_are_not_rounded():
    for x, places in ((900719925.4740993, 7), (90071.99254740993, 11)):
        assert x * 10.0**places == 2**53
        assert cells.rounded(np.array([x]), places).tolist() == [x]


@pytest.mark.parametrize("given", [[3.5, None], [-0.25], [2.0**60]])
def test_numbers_without_decimals_are_written_as_they_are(given):
    found = cells.as_cells(pa.array(given), 0, True, ".").to_pylist()
    assert [None if one is None else float(one) for one in found] == given


def test_cells_without_any_value_are_written_as_gaps():
    for given in ([], [None, None]):
        found = cells.as_cells(pa.array(given, pa.float64()), 2, True, ",")
        assert (found.to_pylist(), found.type) == (given, pa.string())


def test_a_misfit_says_what_is_wrong_and_nothing_else():
    with pytest.raises(values.MisfitError) as error:
        values.values(Column("a", "number"), pa.array(["1", "x"]), ".")
    assert (str(error.value), error.value.row) == ("'x' in the column a is no number", 1)
    source = open_source(pa.table({"a": ["1", "x"]}))
    with pytest.raises(InputError) as error:
        Encoding.fit(Schema((Column("a", "number"),), 2), source)
    assert str(error.value) == "the table, row 2: 'x' in the column a is no number"


# --- tallies -------------------------------------------------------------------------------------


def test_before_the_first_cell_nothing_is_counted():
    empty = tally.Values()
    assert (empty.counts, empty.letters, empty.full, empty.share) == ({}, 0, False, 0)
    none = tally.Numbers(",")
    assert (none.decimal, none.count, none.other, none.decimals) == (",", 0, "", (99_999, 0))
    assert (none.low, none.high, none.whole, none.counting) == (np.inf, -np.inf, True, True)
    assert np.isnan(none.last)
    one = tally.Tally(".,")
    assert (one.rows, one.missing, one.there, list(one.numbers)) == (0, 0, 0, [".", ","])


# --- text and Parquet ----------------------------------------------------------------------------


@pytest.mark.parametrize("size", [32, 50, 1000])
def test_a_block_may_end_within_a_quote(tmp_path, monkeypatch, size):
    monkeypatch.setattr(text, "BLOCK", size)
    rows = [{"a": str(i), "b": f"{'x' * i}\ny"} for i in range(20)]
    lines = (f'{row["a"]},"{row["b"]}"\n' for row in rows)
    (tmp_path / "t.csv").write_text("a,b\n" + "".join(lines))
    head = text.read_head(tmp_path / "t.csv")
    batches = list(text.text_batches(tmp_path / "t.csv", head))
    found = [row for batch in batches for row in batch.to_pylist()]
    assert found == [{"0": row["a"], "1": row["b"]} for row in rows]
    assert (len(batches) > 1) == (size < 1000)


def test_texts_are_read_by_one_thread_and_stay_as_they_are(tmp_path, monkeypatch):
    (tmp_path / "t.csv").write_text("a,b\nNA,\n1.50,x\n")
    options, opened = [], pa_csv.open_csv
    monkeypatch.setattr(pa_csv, "open_csv", lambda *a: options.extend(a[1:]) or opened(*a))
    (batch,) = text.text_batches(tmp_path / "t.csv", text.read_head(tmp_path / "t.csv"))
    assert batch.to_pylist() == [{"0": "NA", "1": ""}, {"0": "1.50", "1": "x"}]
    assert (options[0].use_threads, options[0].block_size) == (False, 2**20)


def test_parquet_is_read_by_one_thread_some_rows_at_a_time(tmp_path, monkeypatch):
    pq.write_table(pa.table({"a": range(5)}), tmp_path / "t.parquet")
    read, options = pq.ParquetFile.iter_batches, []

    def iter_batches(file, rows, **given):
        options.append(given)
        return read(file, rows, **given)

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", iter_batches)
    monkeypatch.setattr(frames, "ROWS", 2)
    batches = list(frames.parquet_batches(tmp_path / "t.parquet"))
    assert [batch.column(0).to_pylist() for batch in batches] == [[0, 1], [2, 3], [4]]
    assert options == [{"use_threads": False}]
    assert [len(one) for one in frames.table_batches(pa.table({"a": range(5)}))] == [2, 2, 1]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "t.csv.gz",
            gzip.compress(b"a,b\n1,2\n" * 99, mtime=0)[:-12],
            "Compressed file ended before",
        ),
        ("t.csv.gz", b"a,b\n1,2\n", "Not a gzipped file (b'a,')"),
        ("none.csv", None, "No such file or directory"),
        ("none.parquet", None, "No such file or directory"),
        ("t.parquet", b"nothing", "Parquet file size is 7 bytes"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path, name, content, said):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=re.escape(f"cannot read {path}: {said}")) as error:
        open_source(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("most", "names"), [(4, None), (5, ["ab cd", "e"])])
def test_a_header_has_no_more_letters_than_a_block(tmp_path, monkeypatch, most, names):
    monkeypatch.setattr(text, "BLOCK", most)
    (tmp_path / "t.csv").write_text('"ab\ncd",e\n1,2\n')
    if names:
        assert text.read_head(tmp_path / "t.csv").names == names
        return
    with pytest.raises(InputError, match=r"t\.csv: a quote in its header is not closed"):
        text.read_head(tmp_path / "t.csv")


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        ("# c\na," + "b" * 2**18 + "\n1,2\n", "t.csv", "t.csv, line 2: field larger than"),
        (b"a,b\n\xff,1\n2,3\n", "t.csv", "t.csv, line 2: it is no UTF-8 text"),
        (b"a b\n\xff 1\n2 3\n", "t.tsv", "t.tsv, line 2: it is no UTF-8 text"),
    ],
)
def test_what_is_wrong_with_a_text_is_said_with_its_line(tmp_path, content, name, said):
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=said):
        open_source(tmp_path / name)


def test_blanks_separate_nothing_in_a_tsv_file(tmp_path):
    (tmp_path / "t.tsv").write_text("a b\n1 2\n")
    head = text.read_head(tmp_path / "t.tsv")
    assert (head.names, head.delimiter, head.blanks, head.notes) == (["a b"], "\t", False, ())


@pytest.mark.parametrize("error", [False, True])
def test_what_pyarrow_has_begun_to_read_is_read_to_its_end_and_closed(error):
    """At once, for the file says from then on that it has ended."""
    tail, calls = text.Tail(io.BytesIO(b"1,2\n")), []

    class Reader:
        def __iter__(self):
            calls.append(tail.read(9))
            yield
            calls.append("read")
            if error:
                raise pa.ArrowInvalid("a row has no end")

        def close(self):
            calls.append("closed")

    text._finish(Reader(), tail)
    assert calls == [b"", "read", "closed"]


# --- codes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "more"), [(19, ""), (20, ""), (21, ", ..."), (22, ", ...")])
def test_of_many_categories_the_first_20_are_said(n, more):
    names = tuple(f"k{i}" for i in range(n))
    said = Schema((Column("a", "category", categories=names),), n)
    encoding = Encoding.fit(said, open_source(pa.table({"a": names})))
    with pytest.raises(InputError) as error:
        encoding.code("a", "x")
    has = ", ".join(names[:20])
    assert str(error.value) == f"the column a has no 'x'; it has {has}{more}"


# --- what is said, and what is not ---------------------------------------------------------------


def small():
    source = open_source(pa.table({"a": [1.5, 2.5, 4], "c": ["x", "y", "x"]}))
    return source, Encoding.fit(infer(source), source)


def test_the_words_for_a_table_say_what_it_is_and_not_what_it_holds():
    source, encoding = small()
    assert repr(source).startswith("Source(name='the table', names=('a', 'c'), delimiter=',', ")
    assert "raw=" not in repr(source)
    assert repr(encoding) == f"Encoding(schema={encoding.schema!r})"
    assert Column("a", "number", note="x") == Column("a", "number", note="y")
    assert Column("a", "number") != Column("a", "number", decimals=1)


@pytest.mark.parametrize("given", [5, None, b"a=2", ["a=2"]])
def test_a_condition_is_a_text(given):
    with pytest.raises(InputError, match="a condition must be of the class str"):
        condition(given, small()[1])


@pytest.mark.parametrize(("more", "sound"), [(0, True), (-1, False)])
def test_a_schema_has_a_longest_length(monkeypatch, more, sound):
    said = "[[columns]]\nname = 'a'\nkind = 'number'\ndecimals = 0\n"
    monkeypatch.setattr(schema, "LETTERS", len(said) + more)
    if sound:
        assert Schema.from_toml(said) == Schema((Column("a", "number"),))
        return
    with pytest.raises(InputError, match=f"at most {len(said) - 1} letters"):
        Schema.from_toml(said)


def test_fractions_of_a_second_are_left_out():
    times = pa.array([1_999, None], pa.timestamp("ms"))
    assert frames.as_text(times, "a", "t").to_pylist() == ["1970-01-01 00:00:01", None]
    times = pa.array([61_999_999, None], pa.time64("us"))
    assert frames.as_text(times, "a", "t").to_pylist() == ["00:01:01", None]


def test_gaps_of_pandas_are_gaps():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"a": np.array(["x", np.nan, None], object), "b": [1.0, np.nan, 2]})
    found = frames.as_table(table)
    assert found.to_pydict() == {"a": ["x", None, None], "b": [1, None, 2]}
    assert frames.as_table(found) is found
    assert frames.as_table([1]) is None


def test_rows_of_no_column_are_not_loaded():
    said = Schema((Column("a", "identifier"), Column("b", "constant", categories=("x",))))
    with pytest.raises(InputError, match="the table has no column to learn from: a: identifier"):
        load_table(pa.table({"a": [1, 2], "b": ["x", "x"]}), encoding=Encoding(said, {}, {}))


def test_a_row_with_a_gap_takes_as_many_random_numbers_as_one_without():
    """So that the rows of a seed stay as they are: a gap is drawn as 0 is, and then anew."""
    column = Column("a", "number", True)
    knots_ = Quantiles(np.array([-1.0, 0, 1]), np.array([0.0, 0, 2]))
    encoding = Encoding(Schema((column,)), {"a": knots_}, {})
    cells_ = pa.RecordBatch.from_pydict({"a": ["0", None, "0"]})
    rows, rng = encoding.encode(cells_, np.random.default_rng(0)), np.random.default_rng(0)
    low, high = probability(np.array([-1.0, 0]))
    drawn = score(low + (high - low) * rng.random(3))
    np.testing.assert_allclose(rows[[0, 2], 0], drawn[[0, 2]], atol=1e-5)
    assert rows[1, 0] == rng.standard_normal(1, np.float32)[0]
    assert rows[:, 1].tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("header", "names"),
    [('"a;b",c', ("a;b", "c")), ('"a,b";c', ("a,b", "c"))],
)
def test_what_is_in_quotes_separates_nothing(tmp_path, header, names):
    mark = "," if header.endswith(",c") else ";"
    (path := tmp_path / "t.csv").write_text(f"{header}\nx{mark}y\nz{mark}u\n")
    assert open_source(path).names == names


def test_rows_behind_a_mark_of_utf_8_are_all_read(tmp_path):
    (path := tmp_path / "t.csv").write_bytes(b"\xef\xbb\xbf1.5,2\n3,4\n5,6.5\n")
    source = open_source(path)
    rows = [row for batch in source.batches() for row in batch.to_pylist()]
    assert [tuple(row.values()) for row in rows] == [("1.5", "2"), ("3", "4"), ("5", "6.5")]


def test_a_folder_has_no_words(tmp_path):
    assert data_rows._has_words(tmp_path) is False


def test_a_column_that_arrow_cannot_write_as_text_is_named_with_the_reason(monkeypatch):
    class Column:
        type = pa.int64()

        def cast(self, *given, **more):
            raise pa.ArrowInvalid("it is out of bounds")

    with pytest.raises(InputError, match="t, column a: it is out of bounds"):
        frames.as_text(Column(), "a", "t")
