"""Pictures are what they were: `python tests/golden.py --pictures` writes anew what is in them."""

import json
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import golden
import numpy as np
import pyarrow as pa
import pytest
from commands import picture
from matplotlib.layout_engine import ConstrainedLayoutEngine
from PIL import Image

from npgan import (
    GAN,
    Autoencoder,
    Classifier,
    ConditionalGAN,
    Dense,
    InputError,
    Sequential,
    Tanh,
    Translator,
    plotting,
    plotting_tables,
)
from npgan.commands import defend, detect, reduce
from npgan.study import pictures
from npgan.training.history import History

GREY = np.linspace(-0.2, 1.2, 5 * 6).reshape(5, 6).astype(np.float32)
POINTS = np.random.default_rng(0).standard_normal((2100, 2))
ROWS = [{"step": step, "d_loss": 1 / step, "g_loss": step, "recall": 0.5} for step in range(1, 41)]
LABELS = np.arange(2100) % 3
TOWNS = [f"town {i // 2}" for i in range(28)] + ["a town of a very long name", None]
TABLE = pa.table({
    "number": [None, *np.geomspace(1, 9, 29)],
    "whole": np.arange(30) ** 2,
    "born": pa.array(range(9000, 9300, 10), pa.int32()).cast(pa.date32()),
    "at": pa.array(range(0, 82800, 2760), pa.int32()).cast(pa.time32("s")),
    "town": TOWNS,
    "a column of the longest of all names": ["yes", "no", "no"] * 10,
})  # fmt: skip

FIGURES = {
    "rows": (plotting.save_rows, {"a": GREY[:3], "b": GREY[3:]}, (2, 3), {"b": [4, 5]}),
    "rows of one image": (plotting.save_rows, {"a": GREY[:1], "b": GREY[1:2]}, (2, 3)),
    "rows of high images": (plotting.save_rows, {"a": GREY}, (3, 2)),
    "points": (plotting.save_points, POINTS[:40], POINTS + np.array([3, 1])),
    "points at one place": (plotting.save_points, POINTS[:0], np.array([[2, -3]])),
    "confusion": (plotting.save_confusion, np.array([[3, 1, 0], [2, 2, 4], [0, 0, 0]]), [2, 5, 7]),
    "confusion of names": (plotting.save_confusion, np.array([[3, 1], [2, 2]]), ["cat", "$dog$"]),
    "rows of colours": (plotting.save_rows, {"a": GREY[:2], "b": GREY[2:]}, (1, 2, 3)),
    "confusion of one row": (plotting.save_confusion, np.array([[0, 1], [0, 0]])),
    "confusion of one class": (plotting.save_confusion, np.array([[1]])),
    "confusion of none": (plotting.save_confusion, np.array([[0]])),
    "curves": (plotting.save_curves, History.of(ROWS), plotting.REPORTS, {"d_loss": 1.386}),
    "curves of few steps": (plotting.save_curves, History.of(ROWS[:29])),
    "curves of 30 steps": (plotting.save_curves, History.of(ROWS[:30])),
    "accuracy": (defend.draw_curve, {"0": {"clean": 0.9, "pgd": 1}, "0.1": {"clean": 0.9, "pgd": 0}}),
    "ROC": (
        detect.draw, {"a": POINTS[:20, 0], "distance to the mean": POINTS[:20, 1]},
        {"a": 0.5, "distance to the mean": 0.75}, POINTS[:20, 0] > 0.3, "$title$",
    ),
    "maps": (reduce.draw, {"a": POINTS, "b": POINTS[:, :1]}, LABELS),
    "table": (plotting_tables.save_table, TABLE, TABLE[3:17], ["town"]),
    "maps without labels": (reduce.draw, {"a": POINTS, "b": POINTS}, None),
}  # fmt: skip
SHOWN = {
    "axes": "title xlabel ylabel xlim ylim xticks yticks aspect frame_on",
    "lines": "label color linestyle marker markersize xydata",
    "collections": "label facecolor alpha linewidth sizes offsets",
    "images": "array clim cmap",
    "texts": "text position color fontsize horizontalalignment verticalalignment",
    "legends": "title texts",
}


def plain(value):
    """Return what JSON holds of a value: of many numbers their shape, the first, mean and spread."""
    if isinstance(value, str | bool | None):
        return value
    if hasattr(value, "get_text"):
        return value.get_text()
    if isinstance(value, list) and value and hasattr(value[0], "get_text"):
        return [v.get_text() for v in value]
    try:
        numbers = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        return getattr(value, "name", str(value))
    if numbers.size > 16:
        numbers = np.array([*numbers.shape, *numbers.flat[:2], numbers.mean(), numbers.std()])
    return np.round(numbers, 3).tolist()


def described(figure, **settings):
    """Return what is in a figure, and how it is saved."""

    def row(kind, artist, **more):
        return {
            name: plain(getattr(artist, f"get_{name}", str)()) for name in SHOWN[kind].split()
        } | more

    def legend(it):
        settings = "_loc_real", "_outside_loc", "_ncols", "markerscale"
        return row("legends", it, **{name: plain(getattr(it, name, None)) for name in settings})

    found = {"size": plain(figure.get_size_inches()), **settings}
    for i, axes in enumerate(figure.axes):
        label, lines = axes.yaxis.label, axes.get_xgridlines()
        more = {"ylabel at": [label.get_rotation(), label.get_ha(), label.get_va()]}
        more["grid"] = [lines[0].get_visible(), lines[0].get_alpha()] if lines else []
        found[f"axes {i}"] = row("axes", axes, **more)
        for kind in ("lines", "collections", "images", "texts"):
            found[f"{kind} {i}"] = [row(kind, artist) for artist in getattr(axes, kind)]
        found[f"legend {i}"] = axes.get_legend() and legend(axes.get_legend())
    if figure.subfigs:
        found |= of_parts(figure)
    return found | {"legends": [legend(it) for it in figure.legends]}


def of_parts(figure):
    """Return what else is in a figure that has parts: sizes of words, bars, ticks and what is above."""
    found = {}
    for i, axes in enumerate(figure.axes):
        x, y, z = axes.xaxis, axes.yaxis, axes.title
        ticks, beside = (axis.get_major_ticks(1)[0].label1 for axis in (x, y))
        found[f"words {i}"] = [it.get_fontsize() for it in (x.label, y.label, z, ticks)]
        found[f"ticks {i}"] = [
            [it.get_text() for it in axis.get_ticklabels()] + [axis.get_major_formatter()(0.12345, 0)]
            for axis in (x, y)
        ]  # fmt: skip
        found[f"tick sizes {i}"] = [ticks.get_rotation(), beside.get_fontsize()]
        locators = x.get_major_locator(), y.get_major_locator()
        settings = [[getattr(it, name, None) for name in ("_nbins", "maxticks")] for it in locators]
        found[f"locators {i}"] = [[type(it).__name__, *map(str, said)]
                                  for it, said in zip(locators, settings, strict=True)]  # fmt: skip
        found[f"patches {i}"] = [
            [*map(plain, (it.get_facecolor(), it.get_edgecolor(), it.get_linewidth(), it.get_fill())),
             np.round(it.get_path().transformed(it.get_patch_transform()).vertices, 4).tolist()]
            for it in axes.patches
        ]  # fmt: skip
        bar = getattr(axes, "_colorbar_info", {})
        found[f"bar {i}"] = [bar.get("shrink"), len(bar.get("parents", [])), axes.axison]
    first = figure.subfigs[0]
    title, (below,) = first._suptitle, first.legends
    found["title"] = [title.get_text(), title.get_fontsize(), title.get_ha(), *title.get_position()]
    found["legend"] = [
        [it.get_text() for it in below.texts], below.texts[0].get_fontsize(), below._ncols,
        below._outside_loc, below.get_frame_on(),
        [plain(it.get_facecolor()) for it in below.legend_handles],
    ]  # fmt: skip
    found["heights"] = first._subplotspec.get_gridspec().get_height_ratios()
    return found


def drawn(monkeypatch, draw, *arguments):
    """Return what a function draws."""
    saved = []
    monkeypatch.setattr("npgan.plotting._write", lambda path, save: saved.append(save))
    draw(Path("p.png"), *arguments)
    return described(saved[0].func.__self__, **saved[0].keywords)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_shows_what_it_did(monkeypatch, name):
    assert drawn(monkeypatch, *FIGURES[name]) == json.loads(golden.PICTURES.read_text())[name]


def test_of_a_range_without_width_what_is_above_is_white():
    np.testing.assert_array_equal(
        plotting.to_unit(np.array([1, 2, 2.25, 9]), 2, 2), [0, 0, 0.25, 1]
    )


def test_words_of_a_line_are_shown_whole():
    assert plotting.as_text("a" * 60) == "a" * 60
    assert plotting.as_text("a" * 61) == "..." + "a" * 60


def test_an_animation_repeats_its_images_15_times_a_second(tmp_path):
    plotting.save_animation(tmp_path / "a.gif", GREY[:1], (2, 3))
    plotting.save_animation(tmp_path / "a.gif", GREY, (2, 3))
    with Image.open(tmp_path / "a.gif") as file:
        assert (file.n_frames, file.size, file.info["loop"]) == (5, (24, 16), 0)
        assert file.info["duration"] in (60, 70)
        last = np.asarray(file.convert("L"))[::8, ::8]
    np.testing.assert_allclose(last, np.clip(GREY[0], 0, 1).reshape(2, 3) * 255, atol=3)


def test_pixels_in_colour_lie_side_by_side_in_a_frame_that_is_grey(tmp_path):
    images = np.array([[1, 0, 0, 0, 1, 0], [0, 0, 1, 1, 1, 1]])
    tiled = plotting.tile(images, (1, 2, 3), 2)
    assert tiled.shape == (5, 10, 3)
    assert tiled[2, 2:4].tolist() == [[255, 0, 0], [0, 255, 0]]
    assert tiled[2, 6:8].tolist() == [[0, 0, 255], [255, 255, 255]]
    assert (tiled[:2] == 40).all()
    plotting.save_grid(tmp_path / "g.png", images, (1, 2, 3), 2)
    np.testing.assert_array_equal(picture(tmp_path / "g.png")[::60, ::60], tiled)
    np.testing.assert_array_equal(plotting.tile(GREY, (2, 3, 1), 2), plotting.tile(GREY, (2, 3), 2))


def test_an_animation_shows_colours(tmp_path):
    images = np.repeat(np.eye(3), 4, axis=0).reshape(3, 12)
    plotting.save_animation(tmp_path / "a.gif", images, (2, 2, 3))
    with Image.open(tmp_path / "a.gif") as file:
        assert (file.n_frames, file.size) == (3, (16, 16))
        for colour in np.eye(3):
            file.seek(int(colour.argmax()))
            np.testing.assert_allclose(np.asarray(file.convert("RGB"))[3, 3], 255 * colour, atol=3)


def test_a_grid_is_enlarged_to_600_pixels(tmp_path):
    plotting.save_grid(tmp_path / "g.png", GREY, (2, 3), 2)
    tiled = plotting.tile(GREY, (2, 3), 2)
    assert tiled.shape == (14, 12)
    assert plotting.tile(GREY, (2, 3), 1).shape == (22, 7)
    assert (tiled[:2] == 40).all()
    assert (tiled[2:4, 2:5] == np.rint(np.clip(GREY[0], 0, 1) * 255).reshape(2, 3)).all()
    assert (tiled[6:8, 7:10] == np.rint(np.clip(GREY[3], 0, 1) * 255).reshape(2, 3)).all()
    np.testing.assert_array_equal(picture(tmp_path / "g.png"), np.kron(tiled, np.ones((50, 50))))


@pytest.mark.parametrize("low", [-3e38, 1.0, 1e37])
def test_a_range_beyond_single_precision_is_brought_to_one(low):
    high = 3.3e38
    x = low + (high - low) * np.array([-0.1, 0, 0.25, 1, 1.01])
    np.testing.assert_allclose(plotting.to_unit(x, low, high), [0, 0, 0.25, 1, 1], rtol=1e-6)
    single = x[1:4].astype(np.float32)
    np.testing.assert_allclose(plotting.to_unit(single, low, high), [0, 0.25, 1], atol=1e-6)


def test_a_range_whose_end_is_below_its_beginning_is_refused():
    assert plotting.to_unit(np.array([0.5]), -1, -1).tolist() == [1]
    with pytest.raises(InputError, match=r"as -1.5 is below -1"):
        plotting.to_unit(np.array([0.5]), -1, -1.5)
    for wrong in (("a", 1), (0, None), (0, np.nan)):
        with pytest.raises(InputError, match=r"low|high"):
            plotting.to_unit(np.array([0.5]), *wrong)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("\u052f", "\u052f"),
        ("\u0530", "\\u0530"),
        ("a\u65e5b", "a\\u65e5b"),
        ("$x$", "\\$x\\$"),
        ("a\n", "a\\n"),
    ],
)
def test_what_a_font_may_lack_is_shown_by_its_number(words, shown):
    assert plotting.as_text(words) == shown


def test_a_figure_has_a_size_and_a_layout_that_leaves_nothing_out():
    figure = plotting.new_figure(2, 3.5)
    assert figure.get_size_inches().tolist() == [2, 3.5]
    assert isinstance(figure.get_layout_engine(), ConstrainedLayoutEngine)
    for size in ((0, 1), (1, 0), (-1, 1), (1, np.inf)):
        with pytest.raises(InputError, match=r"width|height"):
            plotting.new_figure(*size)


def test_pixels_are_black_at_0_and_white_at_1(tmp_path):
    images = np.array([[0, 1, 0.5, -1, 2, 0.999]])
    expected = [[0, 255, 128, 0, 255, 255]]
    assert plotting.tile(images, (1, 6), 1)[2:3, 2:8].tolist() == expected
    plotting.save_animation(tmp_path / "a.gif", images, (1, 6), scale=1)
    with Image.open(tmp_path / "a.gif") as file:
        np.testing.assert_array_equal(np.asarray(file.convert("L")), expected)


REFUSED = {
    "images of another shape": (plotting.save_grid, GREY, (3, 3), 2),
    "colours of two channels": (plotting.save_grid, GREY, (1, 3, 2), 2),
    "colours of another shape": (plotting.save_rows, {"a": GREY}, (2, 3, 3)),
    "names of other classes": (plotting.save_confusion, np.eye(2, dtype=int), ["a", "b", "c"]),
    "names and numbers": (plotting.save_confusion, np.eye(2, dtype=int), ["a", 1]),
    "no columns": (plotting.save_grid, GREY, (2, 3), 0),
    "no rows": (plotting.save_rows, {}, (2, 3)),
    "a row of no images": (plotting.save_rows, {"a": GREY, "b": GREY[:0]}, (2, 3)),
    "rows without names": (plotting.save_rows, [GREY], (2, 3)),
    "notes without names": (plotting.save_rows, {"a": GREY}, (2, 3), [1]),
    "rows of another shape": (plotting.save_rows, {"a": GREY}, (3, 3)),
    "no frames": (plotting.save_animation, GREY[:0], (2, 3)),
    "frames of another shape": (plotting.save_animation, GREY, (3, 3)),
    "no scale": (plotting.save_animation, GREY, (2, 3), 0),
    "points in space": (plotting.save_points, GREY[:, :3], POINTS),
    "real points in space": (plotting.save_points, POINTS, GREY[:, :3]),
    "no real points": (plotting.save_points, POINTS, POINTS[:0]),
    "shares of classes": (plotting.save_confusion, np.eye(2) / 2),
    "less than none of a class": (plotting.save_confusion, np.array([[-1]])),
    "no classes": (plotting.save_confusion, np.zeros((0, 0), int)),
    "an uneven table": (plotting.save_confusion, np.zeros((1, 2), int)),
    "labels of other classes": (plotting.save_confusion, np.eye(2, dtype=int), [1, 2, 3]),
    "no figure": (plotting.save_figure, "figure"),
    "no history": (plotting.save_curves, [{"step": 1, "loss": 2}]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_picture_is_refused(monkeypatch, name):
    monkeypatch.setattr("npgan.plotting._write", lambda *_: None)
    draw, *arguments = REFUSED[name]
    with pytest.raises(InputError):
        draw(Path("p.png"), *arguments)


def test_words_are_text():
    with pytest.raises(InputError, match="the words must be"):
        plotting.as_text(5)


@pytest.mark.parametrize(
    "draw",
    [
        lambda path: plotting.save_grid(path, GREY, (2, 3), 2),
        lambda path: plotting.save_rows(path, {"a": GREY}, (2, 3)),
        lambda path: plotting.save_animation(path, GREY, (2, 3)),
        lambda path: plotting.save_points(path, POINTS, POINTS),
        lambda path: plotting.save_confusion(path, np.array([[1]])),
        lambda path: plotting.save_curves(path, History.of(ROWS)),
        lambda path: plotting.save_figure(path, plotting.new_figure(1, 1)),
    ],
)
def test_a_picture_is_saved_by_its_name(draw, tmp_path):
    draw(str(tmp_path / "p.png"))
    assert picture(tmp_path / "p.png").size
    with pytest.raises(InputError, match="path"):
        draw(5)


def test_of_nothing_there_are_no_curves(tmp_path):
    plotting.save_curves(tmp_path / "c.png", History.of([{"step": 1, "epoch": 1, "seconds": 2.0}]))
    assert not (tmp_path / "c.png").exists()


def test_curves_have_the_words_of_their_reports_and_leave_out_those_of_others(monkeypatch):
    of_objective = {
        "d_real": next(iter(plotting.REPORTS.values()))._replace(label="own words", unit="things")
    }
    other = next(name for name in plotting.REPORTS if name != "d_real")
    rows = [{"step": 1, "epoch": 1, "seconds": 2.0, "d_real": 0.5, other: 0.5, "_loss": 1.0}]
    found = drawn(monkeypatch, plotting.save_curves, History.of(rows), of_objective)
    texts = {found[f"axes {i}"]["ylabel"]: found[f"legend {i}"]["texts"] for i in range(2)}
    assert texts == {"things": ["own words"], "loss": [" _loss"]}
    assert "axes 2" not in found


# --- what is drawn of a model --------------------------------------------------------------------


def dense(*widths):
    return Sequential(*(Dense(a, b, rng=0) for a, b in pairwise(widths)))


@pytest.fixture
def shown(monkeypatch):
    """Return what is given to be drawn, by the kind of picture; nothing is."""
    found = {}
    for kind in ("grid", "points", "confusion"):
        monkeypatch.setattr(
            plotting, f"save_{kind}", lambda path, *given, kind=kind: found.update({kind: given})
        )
    return found


def config(shape=None, **settings):
    whole = {"image_shape": shape and shape[:2], "shape": shape and [*shape, 1][:3]}
    return SimpleNamespace(**whole | {"image_range": None, "seed": 3, "labels": None} | settings)


REAL = np.random.default_rng(1).random((100, 6), np.float32)


@pytest.mark.parametrize(
    ("values", "expected"), [(None, [0.5, 0.75, 1]), ((0, 4), [0, 0.125, 0.25])]
)
def test_images_are_drawn_from_the_range_of_the_data_or_of_the_model(shown, values, expected):
    gan = GAN(Sequential(Dense(1, 3), Tanh()), dense(3, 1))
    rows = np.array([[0.0, 0.5, 1.0]])
    pictures.save(Path("p"), gan, config((1, 3, 1), image_range=values), rows, 5, rows)
    images, *rest = shown["grid"]
    assert (images.tolist(), rest) == ([expected], [(1, 3, 1), 5])


@pytest.mark.parametrize(
    ("width", "shape", "drawable"),
    [(2, None, True), (3, None, False), (3, (1, 3), True), (2, (1, 2), True)],
)
def test_images_and_points_can_be_drawn(shown, width, shape, drawable):
    gan, real = GAN(dense(1, width), dense(width, 1)), REAL[:, :width]
    assert pictures.drawable(gan, config(shape)) == drawable
    pictures.draw(gan, config(shape, image_range=(0, 1)), real, None, Path("p"))
    samples = gan.sample(64 if shape else 2000, rng=3)
    if not drawable:
        assert not shown
    elif shape:
        assert list(shown) == ["grid"]
        np.testing.assert_array_equal(shown["grid"][0], np.clip(samples, 0, 1))
        assert shown["grid"][1:] == ((*shape, 1), 8)
    else:
        np.testing.assert_array_equal(shown["points"][0], samples)
        np.testing.assert_array_equal(shown["points"][1], real)


def test_of_a_conditional_model_each_class_has_a_column(shown):
    gan = ConditionalGAN(dense(5, 6), dense(9, 1), classes=3)
    pictures.draw(gan, config((2, 3), image_range=(0, 1)), REAL, None, Path("p"))
    samples = gan.sample(24, rng=3, label=np.arange(24) % 3)
    np.testing.assert_array_equal(shown["grid"][0], np.clip(samples, 0, 1))
    assert shown["grid"][2] == 3


@pytest.mark.parametrize(("n", "columns"), [(9, 3), (10, 4), (1, 1)])
def test_samples_are_laid_out_in_a_square_or_by_class(n, columns):
    gan, conditional = (
        GAN(dense(1, 6), dense(6, 1)),
        ConditionalGAN(dense(5, 6), dense(9, 1), classes=3),
    )
    for model, label, across in (
        (gan, None, columns),
        (conditional, 2, columns),
        (conditional, None, 3),
    ):
        samples, found = pictures.sampled(model, n, 4, label)
        words = {} if model is gan else {"label": np.arange(n) % 3 if label is None else label}
        np.testing.assert_array_equal(samples, model.sample(n, rng=4, **words))
        assert found == across


@pytest.mark.parametrize("rows", [100, 20, 3])
def test_reconstructions_are_below_their_images_8_a_row(shown, rows):
    coder = Autoencoder(dense(6, 2), dense(2, 6))
    pictures.draw(coder, config((2, 3), image_range=(0, 1)), REAL[:rows], None, Path("p"))
    expected = []
    for i in range(0, min(rows, 32), 8):
        part = REAL[:rows][i : i + 8]
        expected += [part, np.clip(coder.reconstruct(part), 0, 1)]
    np.testing.assert_array_equal(shown["grid"][0], np.vstack(expected))
    assert shown["grid"][1:] == ((2, 3, 1), 8)


def test_reconstructed_points_are_drawn_over_the_first_2000(shown):
    coder, real = Autoencoder(dense(2, 1), dense(1, 2)), POINTS.astype(np.float32)
    pictures.draw(coder, config(), real, None, Path("p"))
    np.testing.assert_array_equal(shown["points"][0], coder.reconstruct(real[:2000]))
    np.testing.assert_array_equal(shown["points"][1], real)


@pytest.mark.parametrize("shape", [(2, 3), None])
def test_translations_are_drawn_below_their_sources(shown, shape):
    translator = Translator(dense(4, 2), dense(6, 1))
    pictures.draw(translator, config(shape, image_range=(0, 1)), REAL, None, Path("p"))
    assert (shown != {}) == (shape is not None)
    if shape:
        source = REAL[:64, :4]
        expected = np.hstack([source, np.clip(translator.translate(source), 0, 1)])
        np.testing.assert_array_equal(shown["grid"][0], expected)
        assert shown["grid"][1:] == ((2, 3, 1), 16)


def test_a_classifier_is_drawn_as_its_confusion_where_there_are_labels(shown):
    classifier, labels = Classifier(dense(6, 4)), np.arange(100) % 3
    pictures.draw(classifier, config(labels=[5, 6, 7, 8]), REAL, None, Path("p"))
    assert not shown
    pictures.draw(classifier, config(labels=[5, 6, 7, 8]), REAL, labels, Path("p"))
    table, names = shown["confusion"]
    taken = classifier.predict(REAL)
    for (i, j), times in np.ndenumerate(table):
        assert times == ((labels == i) & (taken == j)).sum()
    assert (table.shape, names) == ((4, 4), [5, 6, 7, 8])


def test_a_confusion_of_no_classes_is_said_to_be_empty():
    with pytest.raises(InputError, match="c at least 1"):
        plotting.save_confusion(Path("p.png"), np.zeros((0, 0), int))


@pytest.mark.parametrize(("names", "angle"), [(["cat", "dog"], 90), ([3, 5], 0)])
def test_names_of_classes_are_turned_and_numbers_are_not(monkeypatch, names, angle):
    saved = []
    monkeypatch.setattr(plotting, "save_figure", lambda path, figure: saved.append(figure))
    plotting.save_confusion(Path("p.png"), np.eye(2, dtype=int), names)
    assert saved[0].axes[0].get_xticklabels()[0].get_rotation() == angle
