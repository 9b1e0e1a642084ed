"""Columns that are one series are seen as principal components."""

import numpy as np
import pyarrow as pa
import pytest
from threadpoolctl import threadpool_limits

from npgan import plotting_tables
from npgan.data import load_table
from npgan.errors import InputError
from npgan.models import presets
from npgan.study.imputation import impute
from npgan.study.table_columns import Columns
from npgan.tables import Column, Encoding, condition, infer, open_source
from npgan.tables.series import Series, candidates, neighbours

LONG, ROWS = 20, 60
NAMES = [f"t{i}" for i in range(LONG)]


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def waves(rng, rows=ROWS, long=LONG):
    start, size = rng.random((rows, 1)) * 6, 1 + rng.random((rows, 1))
    return size * np.sin(np.arange(long) / 5 + start)


def of_waves(rng, first="kind", last="n"):
    columns = dict(zip(NAMES, waves(rng).T, strict=True))
    kinds = [["a", "b", "c"][i % 3] for i in range(ROWS)]
    ends = [None if i % 7 == 0 else float(i) / 3 for i in range(ROWS)]
    return pa.table({first: kinds, **columns, last: ends})


def fitted(table):
    source = open_source(table)
    encoding = Encoding.fit(infer(source), source)
    return encoding, encoding.rows(source)


def test_a_series_is_recognised_and_its_components_are_the_last_blocks(rng):
    encoding, rows = fitted(of_waves(rng))
    k = len(encoding.series.components)
    assert encoding.series.names == tuple(NAMES)
    assert (
        2 <= k <= 6
    )  # a sine of any start and size is a sum of two, before its numbers are made normal
    assert encoding.widths == (3, 1, 2, *[1] * k)
    assert [encoding.blocks[name] for name in ("kind", "n", "t0", "t19")] == [0, 1, 3, 22]
    assert rows.shape == (ROWS, 3 + k)
    assert rows.dtype == np.float32
    assert encoding.lines()[2:] == [
        f"t0 to t19: a series of 20 numbers, of which networks see {k} principal components"
    ]


def test_decoding_gives_back_the_series_and_all_other_columns(rng):
    table = of_waves(rng)
    encoding, rows = fitted(table)
    decoded = encoding.decode(rows, 0)
    assert decoded.column_names == table.column_names
    assert decoded["kind"].to_pylist() == table["kind"].to_pylist()
    numbers = [t["n"].to_numpy(zero_copy_only=False) for t in (table, decoded)]
    np.testing.assert_allclose(*numbers, rtol=1e-6)
    real, back = (np.column_stack([t[name].to_numpy() for name in NAMES]) for t in (table, decoded))
    assert np.square(real - back).mean() < 0.03 * real.var()
    values = Columns(encoding).values(rows)
    np.testing.assert_allclose(values[:, 1:-1], back, atol=1e-12)


def test_components_are_standard_normal_and_uncorrelated(rng):
    _, rows = fitted(of_waves(rng))
    np.testing.assert_allclose(rows[:, 3:].mean(axis=0), 0, atol=0.05)
    np.testing.assert_allclose(rows[:, 3:].std(axis=0), 1, atol=0.1)
    assert abs(np.corrcoef(rows[:, 3], rows[:, 4])[0, 1]) < 0.1


def test_components_are_the_directions_of_the_largest_variance(rng):
    scores = rng.standard_normal((200, 3)) @ np.diag([3, 1, 0.01]) @ rng.standard_normal((3, LONG))
    scores = np.cumsum(np.cumsum(scores, axis=1), axis=1)
    series = Series.fit(NAMES, scores)
    values, vectors = np.linalg.eigh(np.cov(scores.T))
    kept = np.cumsum(values[::-1]) / values.sum()
    k = int(np.flatnonzero(kept >= 0.99)[0]) + 1
    assert len(series.directions) == len(series.components) == k
    alike = series.directions @ vectors[:, ::-1][:, :k]
    np.testing.assert_allclose(np.abs(alike), np.eye(k), atol=1e-6)


def number(name, kind="number", **more):
    return Column(name, kind, **more)


RUNS = {
    "fifteen": ([number(f"t{i}") for i in range(15)], []),
    "sixteen": ([number(f"t{i}") for i in range(16)], [16]),
    "with a gap": ([number(f"t{i}", missing=i == 8) for i in range(30)], [21]),
    "a category in the middle": (
        [number(f"t{i}", "category" if i == 20 else "number") for i in range(40)],
        [20, 19],
    ),
    "whole numbers before": (
        [number(f"t{i}", "whole number" if i < 2 else "number") for i in range(18)],
        [16],
    ),
    "whole numbers": ([number(f"t{i}", "whole number") for i in range(16)], [16]),
    "dates": ([number(f"t{i}", "date") for i in range(16)], []),
}


@pytest.mark.parametrize("name", RUNS)
def test_sixteen_numbers_in_a_row_may_be_a_series(name):
    columns, sizes = RUNS[name]
    assert list(map(len, candidates(columns))) == sizes


def test_neighbours_are_correlated_by_the_mean_over_pairs(rng):
    x = rng.standard_normal((50, 5))
    x -= x.mean(axis=0)
    pairs = [np.corrcoef(x[:, i], x[:, i + 1])[0, 1] for i in range(4)]
    assert neighbours(x) == pytest.approx(np.mean(pairs))


@pytest.mark.parametrize("alike", [0.89, 0.91])
def test_columns_are_a_series_if_neighbours_are_alike(alike, rng):
    x = rng.standard_normal((20_000, LONG))
    for i in range(1, LONG):
        x[:, i] = alike * x[:, i - 1] + np.sqrt(1 - alike**2) * x[:, i]
    assert (Series.fit(NAMES, x) is not None) == (alike > 0.9)
    assert Series.fit(NAMES, x[:1]) is None
    assert Series.fit(NAMES, x[:, rng.permutation(LONG)]) is None


def test_the_first_series_of_two_is_taken(rng):
    other = dict(zip([f"u{i}" for i in range(LONG)], waves(rng).T, strict=True))
    noise = dict(zip([f"r{i}" for i in range(16)], rng.random((16, ROWS)), strict=True))
    table = of_waves(rng)
    for name, column in {**other, "k": ["x", "y"] * (ROWS // 2), **noise}.items():
        table = table.append_column(name, pa.array(column))
    first = table.select([*noise, "k", *NAMES, "kind", *other])
    encoding, _ = fitted(first)
    assert encoding.series.names == tuple(NAMES)


def test_the_same_bits_on_any_number_of_threads(rng):
    table, found = of_waves(rng), []
    for threads in (1, 2):
        with threadpool_limits(threads):
            found.append(fitted(table)[1])
    np.testing.assert_array_equal(*found)


def test_a_condition_on_a_number_of_a_series(rng):
    table = of_waves(rng)
    encoding, rows = fitted(table)
    shown = encoding.decode(rows, 0)["t7"].to_numpy()
    held = condition("t7>0.5", encoding).holds(encoding, rows)
    assert 5 < held.sum() < ROWS - 5
    np.testing.assert_array_equal(held, shown > 0.5)
    assert condition("kind=b", encoding).holds(encoding, rows).sum() == ROWS // 3


def test_an_encoding_is_read_back(rng):
    encoding, rows = fitted(of_waves(rng))
    again = Encoding.from_dict(encoding.to_dict())
    assert again.widths == encoding.widths
    assert again.decode(rows, 0).equals(encoding.decode(rows, 0))
    said = encoding.to_dict()
    del said["series"]
    assert Encoding.from_dict(said).series is None  # runs of before know of none


DAMAGES = {
    "no dict": lambda s: [],
    "a word more": lambda s: s | {"more": 1},
    "other names": lambda s: s | {"names": s["names"][::-1]},
    "fewer names": lambda s: s | {"names": s["names"][:-1]},
    "a short mean": lambda s: s | {"mean": s["mean"][:-1]},
    "a mean of texts": lambda s: s | {"mean": ["1"] * LONG},
    "a mean beyond all": lambda s: s | {"mean": [1e300] * LONG},
    "not a number": lambda s: s | {"mean": [float("nan")] * LONG},
    "a truth value": lambda s: s | {"mean": [True] * LONG},
    "too few directions": lambda s: s | {"directions": s["directions"][:-1]},
    "a short direction": lambda s: s | {"directions": [[1.0], *s["directions"][1:]]},
    "directions of texts": lambda s: s | {"directions": ["a" * LONG] * len(s["directions"])},
    "no components": lambda s: s | {"components": [], "directions": []},
    "components of texts": lambda s: s | {"components": "a" * len(s["components"])},
    "a wrong component": lambda s: s | {"components": [{"z": [1], "x": []}] * len(s["components"])},
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_series_is_refused(damage, rng):
    said = fitted(of_waves(rng))[0].to_dict()
    with pytest.raises(InputError, match=r"a series must|the quantiles of"):
        Encoding.from_dict(said | {"series": DAMAGES[damage](said["series"])})


@pytest.mark.parametrize("name", ["table", "table-vae"])
def test_generated_series_are_as_smooth_as_real_ones(name, rng):
    dataset = load_table(of_waves(rng), 0.1)
    config = presets.preset(name).for_data(dataset)
    model = config.build(len(dataset.train))
    model.fit(dataset.train, steps=50, batch_size=16, callbacks=[], rng=0)
    columns = Columns(dataset.table)
    rough = [
        np.abs(np.diff(columns.values(rows)[:, 1:-1], 2, axis=1)).mean()
        for rows in (dataset.train, model.sample(200, rng=0))
    ]
    assert rough[1] < 3 * rough[0]


def test_a_picture_shows_curves_of_a_series_above_the_other_columns(rng, monkeypatch):
    saved = []
    monkeypatch.setattr(plotting_tables, "save_figure", lambda path, figure: saved.append(figure))
    table = of_waves(rng)
    plotting_tables.save_table("p.png", table, table[:30], ["kind"], NAMES)
    plotting_tables.save_table("p.png", table.select(NAMES), table.select(NAMES), (), NAMES)
    both, alone = saved
    assert [len(part.axes) for part in both.subfigs] == [3, 2, 3]
    assert [len(part.axes) for part in alone.subfigs] == [3]
    assert both.get_size_inches().tolist() == pytest.approx([9, 1.4 * 2.3 + 2.3 + 5.3])
    real, made, spread = both.subfigs[0].axes
    assert [axes.get_title() for axes in (real, made, spread)] == [
        "real, 20 rows", "generated, 20 rows", "mean and middle 90%",
    ]  # fmt: skip
    values = np.column_stack([table[name].to_numpy() for name in NAMES])
    np.testing.assert_array_equal([line.get_ydata() for line in real.lines], values[:20])
    np.testing.assert_array_equal([line.get_ydata() for line in made.lines], values[:20])
    np.testing.assert_allclose(spread.lines[1].get_ydata(), values[:30].mean(axis=0))
    band = spread.collections[0].get_paths()[0].vertices[:, 1]
    assert band.min() == pytest.approx(np.quantile(values, 0.05, axis=0).min())
    assert band.max() == pytest.approx(np.quantile(values, 0.95, axis=0).max())
    assert {axes.get_xlabel() for axes in both.subfigs[0].axes} == {"t0 to t19"}
    assert [t.get_text() for t in spread.get_legend().get_texts()] == [
        "real, 60 rows", "generated, 30 rows",
    ]  # fmt: skip


def test_gaps_beside_a_series_are_filled_and_the_series_stays(rng):
    dataset = load_table(of_waves(rng), 0.1)
    model = presets.preset("table-vae").for_data(dataset).build(len(dataset.train))
    model.fit(dataset.train, steps=20, batch_size=16, callbacks=[], rng=0)
    whole = impute(model, dataset.table, dataset.train, 0)
    gaps = dataset.table.missing(dataset.train)
    assert gaps[:, :3].any(axis=0).tolist() == [False, True, True]
    assert not gaps[:, 3:].any()
    assert not dataset.table.missing(whole).any()
    np.testing.assert_array_equal(whole[~gaps], dataset.train[~gaps])


def test_two_rows_that_are_alike_everywhere_are_a_series():
    both = np.outer([1.0, -1.0], np.linspace(1, 2, LONG))
    series = Series.fit(NAMES, both)
    np.testing.assert_allclose(np.abs(series.directions), [both[0] / np.linalg.norm(both[0])])


def test_components_are_those_of_scores_drawn_by_a_fixed_seed(rng):
    table = of_waves(rng)
    encoding, _ = fitted(table)
    draws = np.random.default_rng(0)
    scores = [encoding.numbers[name].encode(table[name].to_numpy(), draws) for name in NAMES]
    np.testing.assert_allclose(encoding.series.mean, np.mean(scores, axis=1), atol=1e-6)


def test_curves_are_thin_and_bands_are_pale(rng):
    figure = plotting_tables.new_figure(9, 3).subfigures(1, 1)
    x = rng.random((30, LONG))
    columns = [
        plotting_tables.Both(name, *both, "number")
        for name, *both in zip(NAMES, x.T, x.T, strict=True)
    ]
    plotting_tables._curves(figure, columns)
    real, made, spread = figure.axes
    assert {line.get_linewidth() for axes in (real, made) for line in axes.lines} == {0.7}
    bands = spread.collections
    assert [band.get_alpha() for band in bands] == [0.4, 0.4]
    assert [band.get_linewidth()[0] for band in bands] == [0, 0]
    assert [line.get_color() for line in spread.lines] == ["0.75", "C3"]
    assert {axes.title.get_fontsize() for axes in figure.axes} == {9}
    assert {axes.xaxis.label.get_fontsize() for axes in figure.axes} == {7}
    ticks = [label for axes in figure.axes for label in axes.get_xticklabels()]
    assert {label.get_fontsize() for label in ticks} == {7}
    assert {text.get_fontsize() for text in spread.get_legend().get_texts()} == {7}
    title = figure._suptitle
    assert (title.get_text(), title.get_fontsize()) == ("A series of 20 columns", 11)
    assert (title.get_position()[0], title.get_ha()) == (0.01, "left")
    assert len({tuple(axes.get_ylim()) for axes in figure.axes}) == 1
