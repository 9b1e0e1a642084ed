"""Pictures of tables: the bins, the bars, the words and how panels are laid out, each by numbers."""

import datetime
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from npgan import InputError, plotting_tables
from npgan.plotting_tables import Both, associations

NAN = np.nan


def both(real, made, kind="number"):
    return Both("a", np.array(real, float), np.array(made, float), kind)


@pytest.mark.parametrize(
    ("text", "most", "found"),
    [
        ("abcdefghi", 9, "abcdefghi"),
        ("abcdefghij", 9, "abc...hij"),
        ("abcdefghijk", 10, "abcd...ijk"),
        ("a$b", 9, "a\\$b"),
    ],
)
def test_long_words_are_shortened_in_the_middle(text, most, found):
    assert plotting_tables._short(text, most) == found


@pytest.mark.parametrize(
    ("real", "made", "said"),
    [
        ([1, 2], [3.0], []),
        ([1, NAN], [3.0], ["missing: real 50.0%, generated 0.0%"]),
        ([1, 2], [3, 1, NAN], ["missing: real 0.0%, generated 33.3%"]),
    ],
)
def test_shares_of_missing_numbers_are_said_where_there_are_some(real, made, said):
    assert plotting_tables._missing(both(real, made)) == said


FAR = "the middle 98% of real rows"
STEPS = [*range(101)]
EDGES = {
    "numbers": (both([0, NAN, 3], [1, 6.0]), np.linspace(0, 6, 31), []),
    "one number": (both([2.0], [2.0]), np.linspace(2, 3, 31), []),
    "no number": (both([NAN], [NAN]), [0, 1], []),
    "no real number": (both([NAN], [1, 4.0]), np.linspace(1, 4, 31), []),
    "whole numbers": (both([0, 2], [3], "whole number"), [-0.5, 0.5, 1.5, 2.5, 3.5], []),
    "one whole number": (both([5], [5], "whole number"), [4.5, 5.5], []),
    "whole numbers from 100": (both([100], [110.0], "whole number"), np.arange(100, 112) - 0.5, []),
    "short and far": (both(np.array(STEPS) / 200, [9]), np.linspace(0.005, 0.495, 31), [FAR]),
    "30 apart": (both([0], [30], "whole number"), np.arange(32) - 0.5, []),
    "31 apart": (both([0], [31], "whole number"), np.arange(0, 34, 2) - 0.5, []),
    "tails": (both(STEPS, [1e6]), np.linspace(1, 99, 31), [FAR]),
    "tails below": (both(STEPS, [-1e6]), np.linspace(1, 99, 31), [FAR]),
    "5 times as wide": (both(STEPS, [490]), np.linspace(0, 490, 31), []),
    "more than 5 times as wide": (both(STEPS, [491]), np.linspace(1, 99, 31), [FAR]),
    "tails of whole numbers": (
        both(STEPS, [1000], "whole number"), np.arange(0.5, 101, 4), [FAR],
    ),
    "nearly always the same": (both([7.0] * 200, [7, 100]), np.linspace(7, 100, 31), []),
}  # fmt: skip


@pytest.mark.parametrize("name", EDGES)
def test_bins_are_the_same_for_both_and_leave_out_long_tails(name):
    column, expected, note = EDGES[name]
    edges, said = plotting_tables._edges(column)
    np.testing.assert_allclose(edges, expected, rtol=0, atol=1e-9)
    assert said == note


DAY, NOON = datetime.date(1970, 1, 3), datetime.time(12, 30, 0, 36000)
READ = {
    "number": ([1.5, None], pa.float32(), "number", [1.5, NAN]),
    "whole number": ([3, None], pa.int8(), "whole number", [3, NAN]),
    "date": ([DAY, None], pa.date32(), "date", [2, NAN]),
    "stamp": ([datetime.datetime(1970, 1, 1, 6), None], pa.timestamp("us"), "date", [0.25, NAN]),
    "time": ([NOON, None], pa.time64("us"), "time", [12.50001, NAN]),
    "text": (["x", None], pa.string(), "category", ["x", None]),
    "truth": ([True, None], pa.bool_(), "category", ["true", None]),
}


@pytest.mark.parametrize("name", READ)
def test_values_of_each_type_are_numbers_or_texts(name):
    values, kind, said, expected = READ[name]
    column = pa.chunked_array([values], kind)
    found = plotting_tables._both("a", column, column[:1], False)
    assert (found.name, found.kind, found.coded) == ("a", said, said == "category")
    if said == "category":
        assert (found.real, found.made) == (expected, expected[:1])
    else:
        np.testing.assert_allclose(found.real, expected, rtol=1e-9)
        np.testing.assert_allclose(found.made, expected[:1], rtol=1e-9)
    coded = plotting_tables._both("a", column, column, True)
    assert coded.kind == "category"
    assert isinstance(coded.real[0], str)
    assert coded.real[1] is None


def test_a_column_of_another_type_cannot_be_drawn():
    lists, number = pa.chunked_array([[[1]]]), pa.chunked_array([[1.5]])
    for real, made in ((number, pa.chunked_array([["x"]])), (lists, lists)):
        with pytest.raises(InputError, match="the column a cannot be drawn as a "):
            plotting_tables._both("a", real, made, False)


def test_one_number_is_all_of_a_histogram():
    axes = plotting_tables.new_figure(2, 2).subplots()
    plotting_tables._histogram(axes, both([2.0], [NAN, 2, 3, 3.0]))
    first, second = (patch.get_xy()[:, 1] for patch in axes.patches)
    assert first.max() == 1
    assert second.max() == pytest.approx(2 / 3)


def bars(real, made):
    """Return the places, lengths and words of bars."""
    found = SimpleNamespace(bars=[], ticks=None)
    axis = SimpleNamespace(set_major_formatter=lambda form: setattr(found, "form", form))
    axes = SimpleNamespace(
        barh=lambda y, width, height, **style: found.bars.append((y, width, height, style)),
        set_yticks=lambda places, labels: setattr(found, "ticks", (places.tolist(), labels)),
        invert_yaxis=lambda: None,
        locator_params=lambda **how: setattr(found, "how", how),
        xaxis=axis,
    )
    plotting_tables._bars(axes, Both("a", real, made, "category"))
    return found


def test_bars_are_shares_of_the_frequent_the_other_and_the_missing_categories():
    real = [f"v{i:02}" for i in range(14) for _ in range(20 - i)] + [None] * 3
    found = bars(real, ["v03", "v13", "new", None])
    places, labels = found.ticks
    assert places == [*range(14)]
    assert labels == [*(f"v{i:02}" for i in range(12)), "(others)", "(missing)"]
    (y, shares, height, style), (below, mine, _, other) = found.bars
    np.testing.assert_allclose(y, np.arange(14) - 0.2)
    np.testing.assert_allclose(below, np.arange(14) + 0.2)
    counts = np.array([*range(20, 8, -1), 8 + 7, 3])
    np.testing.assert_allclose(shares, counts / counts.sum())
    np.testing.assert_allclose(mine, np.eye(14)[3] / 4 + np.eye(14)[12] / 2 + np.eye(14)[13] / 4)
    assert (height, style, other) == (0.4, {"color": "0.75"}, {"color": "C3"})
    assert found.how == {"axis": "x", "nbins": 4}
    assert [found.form(x, 0) for x in (0.5, 0.1234, 0)] == ["50%", "12.3%", "0%"]


def test_there_are_no_bars_for_what_no_table_has():
    assert bars(["x", "y", "x"], ["y"]).ticks[1] == ["x", "y"]
    assert bars(["x"], ["z"]).ticks[1] == ["x", "(others)"]
    assert bars(["x"], [None, "x"]).ticks[1] == ["x", "(missing)"]


@pytest.mark.parametrize(
    ("columns", "n", "across", "down", "size", "wide"),
    [
        (2, 2, 2, 1, (9, 7.6), 5.3),
        (4, 4, 4, 1, (12.4, 7.6), 5.3),
        (12, 12, 4, 3, (12.4, 12.2), 5.3),
        (13, 13, 5, 3, (15.5, 12.2), 5.3),
        (20, 20, 5, 4, (15.5, 15.2), 6),
        (40, 50, 5, 8, (15.5, 26.15), 7.75),
    ],
)
def test_the_figure_grows_with_its_columns(monkeypatch, columns, n, across, down, size, wide):
    found = {}
    monkeypatch.setattr(plotting_tables, "_panels", lambda part, *given: found.update(a=given))
    monkeypatch.setattr(plotting_tables, "_matrices", lambda part, given: found.update(b=given))
    monkeypatch.setattr(plotting_tables, "save_figure", lambda path, it: found.update(it=it))
    given = [both([1], [2])] * columns
    plotting_tables._draw("p.png", given, n, [])
    assert found["a"] == (given, n, down, across)
    assert found["b"] == given
    assert found["it"].get_size_inches().tolist() == pytest.approx(size)
    first, second = found["it"].subfigs
    ratios = first._subplotspec.get_gridspec().get_height_ratios()
    assert ratios == pytest.approx([2.3 * down, wide])
    assert second._subplotspec.rowspan.start == 1


def test_the_title_says_how_many_columns_are_not_drawn():
    for n, more in ((1, ""), (2, ": the first 1 of 2 columns")):
        figure = plotting_tables.new_figure(4, 3).subfigures(1, 1)
        plotting_tables._panels(figure, [both([1], [2])], n, 1, 1)
        assert figure.get_suptitle() == f"Shares of real and generated rows{more}"


def test_a_single_column_is_associated_with_none(monkeypatch):
    saved = []
    monkeypatch.setattr(plotting_tables, "save_figure", lambda path, figure: saved.append(figure))
    plotting_tables._draw("p.png", [both([1], [2])], 1, [])
    assert [len(part.axes) for part in saved[0].subfigs] == [1]
    assert saved[0].get_size_inches().tolist() == [9, 2.3]


@pytest.mark.parametrize(
    ("n", "size", "numbers"),
    [(2, 8, True), (10, 8, True), (11, 8, False), (20, 8, False), (21, 6, False)],
)
def test_words_of_many_columns_are_smaller_and_numbers_are_left_out(n, size, numbers):
    x, y = np.array([[0.0, 1, 2, 3], [0, 2, 1, 3]])
    columns = [Both(f"c{i}", x, y if i == 1 else x, "number") for i in range(n)]
    figure = plotting_tables.new_figure(4, 3).subfigures(1, 1)
    plotting_tables._matrices(figure, columns)
    real, made, _ = figure.axes
    for axes in (real, made):
        labels = [*axes.get_xticklabels(), *axes.get_yticklabels()]
        assert {label.get_fontsize() for label in labels} == {size}
        assert len(axes.texts) == (n * n if numbers else 0)
    if n == 2:
        texts = {(t.get_text(), t.get_color(), t.get_position()) for t in made.texts}
        assert texts == {
            ("1.00", "white", (0, 0)), ("1.00", "white", (1, 1)),
            ("0.80", "white", (1, 0)), ("0.80", "white", (0, 1)),
        }  # fmt: skip


def test_numbers_are_black_on_light_fields():
    x, y = np.array([0.0, 0, 1, 1]), np.array([0.0, 1, 1, 1])
    figure = plotting_tables.new_figure(4, 3).subfigures(1, 1)
    plotting_tables._matrices(figure, [Both("a", x, -x, "number"), Both("b", y, y, "number")])
    for axes, text in zip(figure.axes, ("0.58", "-0.58"), strict=False):
        assert [(t.get_text(), t.get_color()) for t in axes.texts] == [
            ("1.00", "white"), (text, "black"), (text, "black"), ("1.00", "white"),
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("x", "color"), [(0.6, "black"), (-0.6, "black"), (0.61, "white"), (-0.61, "white")]
)
def test_numbers_are_white_where_an_association_is_above_three_fifths(monkeypatch, x, color):
    monkeypatch.setattr(plotting_tables, "associations", lambda *_: np.array([[x]]))
    figure = plotting_tables.new_figure(4, 3).subfigures(1, 1)
    plotting_tables._matrices(figure, [both([1], [1])])
    assert [axes.texts[0].get_color() for axes in figure.axes[:2]] == [color] * 2


def test_associations_leave_out_rows_in_which_one_of_two_is_missing():
    number, code = np.array([1.0, 2, 3, NAN]), np.array([0, 0, -1, 1])
    other, more = np.array([5, 5, 6, 6]), np.array([2.0, 4, 6.5, 1])
    found = associations([number, code, other, more], [False, True, True, False])
    assert np.diag(found).tolist() == [1, 1, 1, 1]
    np.testing.assert_array_equal(found, found.T)
    assert found[0, 1] == found[1, 2] - 1 == 0  # of the rows that both have
    assert found[0, 2] == pytest.approx(np.sqrt(3) / 2)
    assert found[0, 3] == pytest.approx(np.corrcoef([1, 2, 3], [2, 4, 6.5])[0, 1])
    empty = associations([np.array([NAN, 1]), np.array([1, NAN])], [False, False])
    assert empty.tolist() == [[1, 0], [0, 1]]


def test_texts_have_codes_and_missing_has_none():
    assert plotting_tables._codes(["b", None, "a", "b"]).tolist() == [0, -1, 1, 0]


ONE = pa.table({"a": [1.5]})
REFUSED = {
    "no table": (["a"], ONE, (), "real must be"),
    "no generated table": (ONE, None, (), "made must be"),
    "no rows": (ONE[:0], ONE, (), "real must have rows and columns"),
    "no generated rows": (ONE, ONE[:0], (), "made must have rows and columns"),
    "no columns": (ONE.select([]), ONE, (), "real must have rows and columns"),
    "no names": (ONE, ONE, 5, "categories must be"),
    "other columns": (ONE, pa.table({"b": [1.5]}), (), r"both tables must have the columns \['a'\]"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_pair_of_tables_is_refused(name):
    real, made, categories, said = REFUSED[name]
    with pytest.raises(InputError, match=said):
        plotting_tables.save_table("p.png", real, made, categories)


def test_the_scale_of_associations_stands_beside_both_squares():
    x, y = np.array([[0.0, 1, 2], [0, 2, 1]])
    figure, given = plotting_tables.new_figure(4, 3).subfigures(1, 1), {}
    bar = figure.colorbar
    figure.colorbar = lambda image, **more: given.update(more) or bar(image, **more)
    plotting_tables._matrices(figure, [Both("a", x, y, "number"), Both("b", y, x, "number")])
    assert given["shrink"] == 0.9
    assert list(given["ax"]) == figure.axes[:2]
    labels = figure.axes[2].get_yticklabels()
    assert {label.get_fontsize() for label in labels} == {7}
    assert figure.axes[2].yaxis.label.get_fontsize() == 8


def test_a_legend_says_which_rows_are_which():
    figure = plotting_tables.new_figure(4, 3).subfigures(1, 1)
    plotting_tables._panels(figure, [both([1, 2, 3], [2, 4])], 1, 1, 1)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "real (3 rows)",
        "generated (2 rows)",
    ]
    assert legend.get_patches()[0].get_facecolor()[:3] == (0.75, 0.75, 0.75)
    assert {text.get_fontsize() for text in legend.get_texts()} == {8}
    assert not legend.get_frame_on()


def test_names_below_a_matrix_stand_upright():
    x, y = np.array([[0.0, 1, 2], [0, 2, 1]])
    figure = plotting_tables.new_figure(4, 3).subfigures(1, 1)
    plotting_tables._matrices(figure, [Both("a", x, y, "number"), Both("b", y, x, "number")])
    for axes in figure.axes[:2]:
        assert {label.get_rotation() for label in axes.get_xticklabels()} == {90}
