"""Rows for a network and back: normal scores, codes, and the table as it was written."""

import copy
import datetime
import json
import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npgan.errors import InputError
from npgan.tables import Column, Encoding, Schema, encode, frames, infer, open_source, rare, write
from npgan.tables.normal import probability, score
from npgan.tables.quantiles import Quantiles

N = 4000
RNG = np.random.default_rng(1)


def encoded(table):
    source = open_source(table)
    encoding = Encoding.fit(infer(source), source)
    return encoding, encoding.rows(source)


def passengers(n=600):
    rng = np.random.default_rng(0)
    day = datetime.date(2024, 2, 20)
    return pa.table(
        {
            "id": range(n),
            "age": pa.array(rng.integers(0, 80, n), mask=rng.random(n) < 0.2),
            "fare": np.where(rng.random(n) < 0.3, 0, rng.lognormal(3, 1, n)).round(2),
            "sex": rng.choice(["male", "female"], n),
            "class": rng.integers(1, 4, n),
            "cabin": pa.array(rng.choice(["A", "B", "C"], n), mask=rng.random(n) < 0.5),
            "alive": rng.random(n) < 0.4,
            "born": [day + datetime.timedelta(int(i)) for i in rng.integers(0, 50, n)],
            "seen": pa.array(rng.integers(0, 10**9, n), pa.timestamp("s")),
            "woke": [datetime.time(int(h), 30, 5) for h in rng.integers(0, 24, n)],
            "ship": ["Titanic"] * n,
            "town": [f"t{i}" for i in rng.integers(0, 290, n)],
        }
    )


def test_all_columns_but_identifiers_come_back_in_their_types():
    table = passengers()
    encoding, rows = encoded(table)
    assert encoding.widths == (1, 2, 1, 2, 3, 4, 2, 1, 1, 1, 256)
    assert (rows.dtype, rows.shape) == (np.float32, (600, 11))
    back = encoding.decode(rows, 0)
    assert back.column_names == table.column_names[1:]
    for name in back.column_names:
        was, now = table[name], back[name]
        wanted = pa.time64("us") if name == "woke" else was.type
        assert now.type == wanted, name
        assert was.null_count == now.null_count, name
        if name != "town":
            assert was.to_pylist() == now.to_pylist(), name
    own = encoding.schema.column("town").categories
    for was, now in zip(table["town"].to_pylist(), back["town"].to_pylist(), strict=True):
        assert was == now if was in own else now not in own
    assert set(back["town"].to_pylist()) <= set(table["town"].to_pylist())


SHAPES = {
    "normal": RNG.normal(5, 2, N),
    "heavy": RNG.standard_cauchy(N),
    "zeros": np.where(RNG.random(N) < 0.6, 0, RNG.lognormal(5, 2, N)),
    "spikes": np.where(
        RNG.random(N) < 0.3, 7.0, np.where(RNG.random(N) < 0.3, -2, RNG.random(N) * 9)
    ),
    "whole": RNG.poisson(3, N).astype(float),
    "many whole": RNG.integers(0, 3000, N).astype(float),
    "two": (RNG.random(N) < 0.01).astype(float),
    "skewed": RNG.exponential(1, N) ** 3,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_number_of_any_distribution_is_standard_normal(shape):
    z = np.sort(Quantiles.fit(SHAPES[shape]).encode(SHAPES[shape], np.random.default_rng(0)))
    middle = (np.arange(N) + 0.5) / N
    assert abs(probability(z) - middle).max() < 1.95 / np.sqrt(N)  # Kolmogorov, 0.1 %
    assert abs(z.mean()) < 4 / np.sqrt(N)
    assert abs(z.std() - 1) < 4 / np.sqrt(2 * N)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_normal_draw_becomes_a_number_of_that_distribution(shape):
    x = np.sort(SHAPES[shape])
    drawn = np.sort(Quantiles.fit(x).decode(np.random.default_rng(2).standard_normal(N)))
    assert x[0] <= drawn[0]
    assert drawn[-1] <= x[-1]
    both = np.concatenate([x, drawn])
    ours, theirs = (np.searchsorted(one, both, "right") / N for one in (x, drawn))
    assert abs(ours - theirs).max() < 1.95 * np.sqrt(2 / N)  # Smirnov, 0.1 %
    for value, count in zip(*np.unique(x, return_counts=True), strict=True):
        if count > 0.1 * N:
            assert (drawn == value).mean() == pytest.approx(count / N, abs=4 / np.sqrt(4 * N))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_number_comes_back_exact_where_values_repeat_and_close_elsewhere(shape):
    x = SHAPES[shape]
    fitted = Quantiles.fit(x)
    back = fitted.decode(fitted.encode(x, np.random.default_rng(0)))
    if len(np.unique(x)) <= 1000:
        assert (back == x).all()
    rank = np.searchsorted(np.sort(x), [x, back], "left") / N
    assert abs(rank[0] - rank[1]).max() < 2e-3
    repeated = np.isin(x, [value for value in (0.0, 7.0, -2.0) if (x == value).mean() > 0.01])
    assert (back[repeated] == x[repeated]).all()


def test_nothing_lies_in_the_gap_beside_a_value_with_a_share_of_its_own():
    x = np.concatenate([np.zeros(N), 100 + RNG.random(N)])
    drawn = Quantiles.fit(x).decode(RNG.standard_normal(10**5))
    assert ((drawn > 0) & (drawn < 100)).mean() < 1e-3


def test_normal_scores_are_those_of_the_normal_distribution():
    from statistics import NormalDist

    u = np.array([1e-7, 1e-4, 0.01, 0.3, 0.5, 0.9, 0.9999])
    assert score(u) == pytest.approx([NormalDist().inv_cdf(p) for p in u], abs=3e-6)
    assert probability(score(u)) == pytest.approx(u, rel=1e-9)


CELLS = {
    "number": st.decimals(-(10**6), 10**6, places=2).map(str),
    "whole": st.integers(-(10**6), 10**6).map(str),
    "word": st.sampled_from(["red", "light green", 'a "b"', "x,y;z\tw", "#1", "007"]),
    "date": st.dates(datetime.date(1000, 1, 1)).map(str),
    "flag": st.sampled_from(["yes", "no"]),
}


SAME = {
    "number": float,
    "whole": float,
    "word": lambda word: word,
    "date": lambda date: date,
    "flag": {"yes": True, "no": False, "true": True, "false": False}.get,
}
"""What is the same however it is written: Parquet has neither decimals nor words for yes and no."""


@settings(max_examples=40, deadline=None)
@given(st.data(), st.sampled_from([".csv", ".tsv", ".parquet"]))
def test_any_table_survives_being_written_and_read(tmp_path_factory, data, ending):
    n = data.draw(st.integers(2, 60))
    kinds = data.draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=4))
    cells = {
        f"{kind} {i}": data.draw(
            st.lists(st.one_of(CELLS[kind], st.sampled_from(["", "n/a"])), min_size=n, max_size=n)
        )
        for i, kind in enumerate(kinds)
    }
    source = open_source(pa.table({**cells, "number": [f"{i}.5" for i in range(n)]}))
    schema = infer(source)
    encoding = Encoding.fit(schema, source)
    table = encoding.decode(encoding.rows(source), 0)
    path = tmp_path_factory.mktemp("t") / f"t{ending}"
    kept = [c.name for c in schema.columns if c.kind != "identifier"]
    assert table.column_names == kept
    write(table, path, schema)
    want = pa.Table.from_batches(source.batches()).select(kept)
    have = pa.Table.from_batches(open_source(path).batches())
    for name in kept:
        for was, now in zip(want[name].to_pylist(), have[name].to_pylist(), strict=True):
            assert was == now or SAME[name.split()[0]](was) == SAME[name.split()[0]](now)


def test_a_table_is_written_as_its_source_was(tmp_path):
    text = (
        "a;b;c;when;ok;who\n"
        + "3,50;1,5;x;31.12.2024;No;a\n"
        + '0,25;-2;"y;z";01.02.2023;Yes;\n'
        + '-1,00;10;"q ""w""";01.02.2023;;a\n'
    )
    (tmp_path / "t.csv").write_text(text)
    source = open_source(tmp_path / "t.csv")
    schema = infer(source)
    encoding = Encoding.fit(schema, source)
    write(encoding.decode(encoding.rows(source), 0), tmp_path / "u.csv", schema)
    assert (tmp_path / "u.csv").read_text() == text
    write(encoding.decode(encoding.rows(source), 0), tmp_path / "u.tsv", schema)
    assert (tmp_path / "u.tsv").read_text().splitlines()[1] == "3,50\t1,5\tx\t31.12.2024\tNo\ta"


def test_a_column_of_gaps_alone_keeps_its_rows(tmp_path):
    table, schema = pa.table({"a": [1, None, 3]}), Schema((Column("a", "whole number", True),))
    write(table, tmp_path / "t.csv", schema)
    assert sum(map(len, open_source(tmp_path / "t.csv").batches())) == 3


def test_writing_is_refused_for_unknown_endings_and_columns(tmp_path):
    schema = Schema((Column("a", "number"),))
    with pytest.raises(InputError, match=r"unknown ending of a table '\.xls'"):
        write(pa.table({"a": [1.0]}), tmp_path / "t.xls", schema)
    with pytest.raises(InputError, match="unknown column 'b'"):
        write(pa.table({"b": [1.0]}), tmp_path / "t.csv", schema)
    assert not list(tmp_path.iterdir())


def test_parquet_keeps_types(tmp_path):
    encoding, rows = encoded(passengers())
    table = encoding.decode(rows, 0)
    write(table, tmp_path / "t.parquet", encoding.schema)
    assert pq.read_table(tmp_path / "t.parquet")["born"].type == pa.date32()
    assert pq.read_table(tmp_path / "t.parquet")["age"].to_pylist() == table["age"].to_pylist()


def test_a_table_from_which_nothing_is_learned_is_refused():
    encoding, _ = encoded(passengers())
    for wrong in ("t.csv", None):
        with pytest.raises(InputError, match="source must be of the class Source"):
            encoding.rows(wrong)
        with pytest.raises(InputError, match="source must be of the class Source"):
            Encoding.fit(encoding.schema, wrong)
    with pytest.raises(InputError, match="all columns are identifiers or constants"):
        encoded(pa.table({"a": range(20), "b": ["x"] * 20}))


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (Column("a", "category"), "does not say all of the column a: complete it"),
        (Column("a", "date"), "does not say all of the column a: complete it"),
        (Column("a", "number", True), "the column a has no value"),
        (Column("a", "category", True, categories=("x",), others=True), "has no others than"),
    ],
)
def test_a_schema_that_is_not_complete_is_not_encoded(column, said):
    source = open_source(pa.table({"a": [None, None], "b": [1, 2]}))
    with pytest.raises(InputError, match=said):
        Encoding.fit(Schema((column, Column("b", "number"))), source)


def test_missing_numbers_are_draws_beside_a_code():
    encoding, rows = encoded(passengers(3000))
    age, missing = rows[:, 0], rows[:, 1]
    assert set(missing) == {0, 1}
    assert abs(age[missing == 1].mean()) < 0.2
    assert abs(age[missing == 1].std() - 1) < 0.15
    assert encoding.decode(rows, 0)["age"].null_count == missing.sum()


def test_rare_values_are_drawn_by_their_frequencies(monkeypatch):
    monkeypatch.setattr(rare, "MOST_VALUES", 3)
    words = [f"w{i}" for i in range(255)] * 5 + ["r1"] * 4 + ["r2"] * 2 + ["r3", "r4", "r5"]
    encoding, rows = encoded(pa.table({"a": words}))
    drawn = encoding.decode(np.full((7000, 1), 255.0), 0)["a"].to_pylist()
    assert set(drawn) == {"r1", "r2", "r3"}
    assert drawn.count("r1") == pytest.approx(4000, abs=200)
    assert (rows[-9:] == 255).all()
    assert (rows[:255, 0] < 255).all()


def test_a_seed_gives_the_same_rows_again():
    source = open_source(passengers())
    encoding = Encoding.fit(infer(source), source)
    assert (encoding.rows(source, 1) == encoding.rows(source, 1)).all()
    assert (encoding.rows(source, 1) != encoding.rows(source, 2)).any()


def test_quantiles_are_found_from_rows_evenly_chosen(monkeypatch):
    monkeypatch.setattr(encode, "ROWS", 10)
    monkeypatch.setattr(frames, "ROWS", 7)
    encoding, rows = encoded(pa.table({"a": np.arange(40) * 2.5}))
    assert encoding.numbers["a"].x.tolist() == np.repeat(np.arange(0, 40, 4) * 2.5, 2).tolist()
    assert len(rows) == 40


def test_codes_are_found_by_name():
    encoding, rows = encoded(passengers())
    block, code = encoding.code("sex", "female")
    alike = encoding.decode(rows, 0)["sex"].to_pylist()
    assert [value == "female" for value in alike] == (rows[:, block] == code).tolist()
    assert encoding.code("cabin", "") == (5, 3)
    for column, value, said in [
        ("sex", "mal", "the column sex has no 'mal'; it has "),
        ("sex", "", "the column sex has no ''"),
        ("age", "3", "the column age is a whole number: only categories have codes"),
        ("ship", "x", "the column ship is a constant"),
        ("sx", "male", "unknown column 'sx': did you mean 'sex'?"),
        ("town", encoding.others["town"].values[0], "is rare: it has no code of its own"),
    ]:
        with pytest.raises(InputError, match=re.escape(said)):
            encoding.code(column, value)


WRONG = {
    "a number": ({"n": ["1.5", "x"], "c": ["u", "v"]}, "row 2: 'x' in the column n is no number"),
    "a category": ({"n": ["1", "2"], "c": ["u", "w"]}, "row 2: 'w' in the column c is none of"),
    "a gap": (
        {"n": ["1", None], "c": ["u", "v"]},
        "row 2: the column n has a cell without a value",
    ),
    "a gap there": ({"n": ["1", "2"], "c": [None, "v"]}, "row 1: the column c has a cell without"),
    "a column less": ({"n": ["1", "2"]}, "has no column c"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_was_never_seen_is_refused(case):
    columns, said = WRONG[case]
    encoding, _ = encoded(pa.table({"n": [1.5, 2.5, 3], "c": ["u", "v", "u"]}))
    with pytest.raises(InputError, match=re.escape(said)):
        encoding.rows(open_source(pa.table(columns)))
    if "column less" not in case:
        with pytest.raises(InputError, match=re.escape(said.split(": ", 1)[1])):
            encoding.encode(pa.RecordBatch.from_pydict(columns), 0)


def test_values_beyond_the_range_come_back_as_its_ends():
    encoding, _ = encoded(pa.table({"n": [1.5, 2.5, 3.0]}))
    rows = encoding.rows(open_source(pa.table({"n": [-9.0, 9.0]})))
    assert encoding.decode(rows, 0)["n"].to_pylist() == [1.5, 3.0]


@pytest.mark.parametrize("rows", [[[1.0, 9]], [[1.0]], [[np.nan, 0]], [[0, np.inf]], [[0, -1]]])
def test_rows_that_are_none_are_not_decoded(rows):
    encoding, _ = encoded(pa.table({"n": [1.5, 2.5, 3], "c": ["u", "v", "u"]}))
    with pytest.raises(InputError):
        encoding.decode(np.array(rows), 0)


def test_an_encoding_survives_json():
    encoding, rows = encoded(passengers())
    again = Encoding.from_dict(json.loads(json.dumps(encoding.to_dict())))
    assert again.decode(rows, 0).equals(encoding.decode(rows, 0))
    assert again.schema == encoding.schema


def spoilt():
    good = encoded(passengers())[0].to_dict()
    for part in good:
        yield {name: value for name, value in good.items() if name != part}
        yield {**good, part: 3}
        yield {**good, part: {}}
    for wrong in (
        {"z": [0.0, -1], "x": [0.0, 1]},
        {"z": [0.0, 1], "x": [1.0, 0]},
        {"z": [0.0], "x": [0.0, 1]},
        {"z": [], "x": []},
        {"z": [0.0, 7], "x": [0.0, 1]},
        {"z": [0.0, 0.1], "x": [0.0, 1]},
        {"z": [0.0, float("nan")], "x": [0.0, 1]},
        {"z": [0.0, 1], "x": [0.0, "1"]},
        {"z": [0.0, 1], "x": [0.0, 10**400]},
    ):
        yield {**good, "numbers": {**good["numbers"], "age": wrong}}
    for wrong in (
        {"values": ["a"], "counts": [0]},
        {"values": ["a"], "counts": [1.5]},
        {"values": ["a", "a"], "counts": [1, 1]},
        {"values": [], "counts": []},
        {"values": [1], "counts": [1]},
    ):
        yield {**good, "others": {"town": wrong}}
    one = copy.deepcopy(good)
    one["schema"] = re.sub(r"format = .*", "", one["schema"])
    yield one
    one = copy.deepcopy(good)
    one["schema"] = re.sub(r"categories = \[\n    \"(fe)?male[^]]*\]", "", one["schema"])
    assert one != good
    yield one


def test_a_spoilt_encoding_is_refused():
    for said in [None, [], *spoilt()]:
        with pytest.raises(InputError):
            Encoding.from_dict(said)


def test_columns_that_nothing_is_learned_from_may_be_missing():
    columns = {"id": range(20), "kind": ["a", "b"] * 10, "one": [3] * 20}
    source = open_source(pa.table({name: list(cells) for name, cells in columns.items()}))
    encoding = Encoding.fit(infer(source), source)
    few = open_source(pa.table({"kind": ["b", "a", "b"]}))
    assert encoding.rows(few).ravel().tolist() == [
        encoding.code("kind", kind)[1] for kind in ("b", "a", "b")
    ]
    with pytest.raises(InputError, match="has no column kind"):
        encoding.rows(open_source(pa.table({"one": [3, 3]})))
    with pytest.raises(InputError, match="has a column other, which the schema has not"):
        encoding.rows(open_source(pa.table({"kind": ["b", "a"], "other": [1, 2]})))


def test_an_encoding_is_shown_by_its_schema():
    encoding, _ = encoded(passengers())
    assert repr(encoding) == f"Encoding(schema={encoding.schema!r})"
