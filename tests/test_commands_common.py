"""What commands share: how options are read, and what is known of a run."""

import argparse
import re
from types import SimpleNamespace

import numpy as np
import pytest

from npgan import plotting, runs
from npgan.commands import common, given, sample
from npgan.errors import InputError, count, fraction

ROWS, LABELS = np.arange(8.0).reshape(4, 2), np.array([3, 1, 2, 0])


def refused(read, argument):
    with pytest.raises(argparse.ArgumentTypeError) as error:
        read(argument)
    return str(error.value)


# --- options -------------------------------------------------------------------------------------


def test_a_text_holds_something():
    assert common.text("a b") == "a b"
    assert refused(common.text, "") == "it must not be empty"
    assert refused(common.text, "a\0b") == "it must not have a character 0"
    assert refused(common.path, "") == "it must not be empty"


def test_a_number_is_of_a_kind_and_within_limits():
    read = common.number(int, count, 2, 5)
    assert [read("2"), read("5"), read.__name__] == [2, 5, "int"]
    assert "at least 2" in refused(read, "1")
    assert "at most 5" in refused(read, "6")
    with pytest.raises(ValueError, match="invalid literal"):
        read("x")
    assert common.number(float, fraction)("0.5") == 0.5


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("a.png", ""), ("a.svg", ""), ("a.jpg", "must end in .png or .svg"), ("a", "must end in"),
        ("none/a.png", "it must be a file in a folder that is there"), ("folder.png", "it must be a file in"),
    ],
)  # fmt: skip
def test_a_picture_is_a_file_to_write(tmp_path, name, why):
    (tmp_path / "folder.png").mkdir()
    read, file = common.picture(".png", ".svg"), tmp_path / name
    if why:
        assert why in refused(read, str(file))
    else:
        assert read(str(file)) == file


@pytest.mark.parametrize("required", [False, True])
def test_of_options_one_alone_may_be_given_or_must_be(required, capsys):
    parser = argparse.ArgumentParser()
    both = common.whole("--a", 3, "first"), common.whole("--b", 4, "second", 0, 9)
    common.either(*both, required=required)(parser)
    assert vars(parser.parse_args(["--b", "0"])) == {"a": 3, "b": 0}
    wrong = [["--a", "1", "--b", "1"], ["--a", "0"], ["--b", "10"], ["--b", "-1"]]
    for words in [*wrong, []] if required else wrong:
        with pytest.raises(SystemExit):
            parser.parse_args(words)
    if not required:
        assert vars(parser.parse_args([])) == {"a": 3, "b": 4}
    assert re.search("--a N +first; default 3", parser.format_help())
    capsys.readouterr()


@pytest.mark.parametrize(
    ("argument", "found"),
    [("7", 7), ("-7", -7), ("9" * 18, 10**18 - 1), ("9" * 19, "9" * 19), ("cat", "cat"), ("1.5", "1.5"),
     ("7 ", "7 "), ("--7", "--7")],
)  # fmt: skip
def test_a_label_is_a_whole_number_or_a_text(argument, found):
    assert common.label(argument) == found


def test_a_size_is_a_side_or_both():
    assert [common.size("32"), common.size("32x48")] == [(32, 32), (32, 48)]
    assert "32x48" in refused(common.size, "32x")


def test_pictures_are_fitted_to_a_size_alone():
    assert [common.fit_of(None, None), common.fit_of((3, 3), None)] == [None, "crop"]
    assert common.fit_of((3, 3), "pad") == "pad"
    with pytest.raises(InputError, match=r"--fit pad says .* give --size, too"):
        common.fit_of(None, "pad")


# --- runs ----------------------------------------------------------------------------------------


def trained(monkeypatch, of_tables=False, test=ROWS, labels=LABELS, **config):
    """Return a run whose model sees rows doubled."""
    known = {"preset": None, "model": "gan", "image_shape": None, "shape": [2], "data": "points"}
    model = SimpleNamespace(of_tables=of_tables, scaled=lambda x: 2 * x)
    config, asked = SimpleNamespace(**{**known, **config}), []
    data = SimpleNamespace(name="points", train=ROWS + 1, test=test, test_labels=labels)
    monkeypatch.setattr(
        runs, "load_for", lambda *a, **more: asked.append((a, more)) or (model, config)
    )
    monkeypatch.setattr(runs, "load_data", lambda *a: asked.append(a) or data)
    found = common.Trained("draw", "folder", "kinds", "exceptions")
    assert asked == [(("draw", "folder", "kinds"), {"but": "exceptions"})]
    assert found.dataset is found.dataset
    assert asked[1:] == [(config, "folder")]
    return found


def test_a_run_is_called_as_its_preset_or_else_as_its_model(monkeypatch):
    assert trained(monkeypatch).name == "gan"
    assert trained(monkeypatch, preset="ring").name == "ring"


def test_the_images_of_a_run_have_a_shape(monkeypatch):
    images = trained(monkeypatch, image_shape=(2, 1), shape=[2, 1, 1])
    assert images.shape == images.images == (2, 1, 1)
    for wrong in ({}, {"image_shape": (2, 1), "shape": None}):
        rows = trained(monkeypatch, **wrong)
        with pytest.raises(InputError, match="draw needs images; the rows of points are none"):
            _ = rows.shape
    assert trained(monkeypatch).images is None


def test_the_rows_of_a_run_are_as_its_model_sees_them(monkeypatch):
    run = trained(monkeypatch)
    assert run.train.tolist() == (2 * (ROWS + 1)).tolist()
    assert run.taken(ROWS).tolist() == (2 * ROWS).tolist()
    assert trained(monkeypatch, of_tables=True).taken(ROWS) is ROWS
    rows, labels = run.held_out()
    assert (rows is ROWS, labels is LABELS) == (True, True)
    for n, kept in ((None, 4), (3, 3), (9, 4)):
        rows, labels = run.test(n)
        assert (rows.tolist(), labels.tolist()) == ((2 * ROWS[:kept]).tolist(), [3, 1, 2, 0][:kept])
    assert trained(monkeypatch, labels=None).test(2)[1] is None
    with pytest.raises(InputError, match="the data set points has no test data"):
        trained(monkeypatch, test=None).test()


# --- pictures and measures -----------------------------------------------------------------------


def test_the_first_12_images_of_each_name_are_drawn(monkeypatch):
    drawn = []
    monkeypatch.setattr(plotting, "save_rows", lambda *a: drawn.append(a))
    images = {"a": np.arange(14.0)[:, None], "b": np.arange(3.0)[:, None]}
    common.draw_rows("a.png", images, (1, 1, 1), {"a": ["x"]})
    ((file, first, shape, notes),) = drawn
    assert (file, shape, notes) == ("a.png", (1, 1, 1), {"a": ["x"]})
    assert {name: len(x) for name, x in first.items()} == {"a": 12, "b": 3}


@pytest.mark.parametrize(
    ("shape", "measures"),
    [((11, 11, 1), {"psnr", "ssim"}), ((10, 12, 1), {"psnr"}), ((12, 10, 1), {"psnr"}),
     ((11, 11, 3), {"psnr", "ssim"})],
)  # fmt: skip
def test_the_similarity_needs_images_as_large_as_its_window(shape, measures):
    truth = np.random.default_rng(0).random((2, np.prod(shape)))
    found = common.quality(np.clip(truth + 0.1, 0, 1), truth, shape)
    assert set(found) == measures
    assert all(isinstance(value, float) for value in found.values())


@pytest.mark.parametrize(
    ("n", "last"), [(1, "0"), (10, "9"), (11, "10"), (100, "99"), (101, "100")]
)
def test_images_have_numbers_of_as_many_digits(monkeypatch, tmp_path, n, last):
    saved, images = [], np.arange(float(n))
    monkeypatch.setattr("npgan.study.pictures.sampled", lambda *a: (images, a))
    monkeypatch.setattr(plotting, "save_image", lambda *a: saved.append(a))
    run = trained(monkeypatch, image_shape=(1, 1), shape=[1, 1, 1])
    monkeypatch.setattr(run, "unit", lambda x: x + 1, raising=False)
    sample._save_each(SimpleNamespace(each=tmp_path / "new", n=n, seed=0), run, None)
    names = [f"{i:0{len(last)}}.png" for i in range(n)]
    assert [file for file, _, _ in saved] == [tmp_path / "new" / name for name in names]
    assert [image for _, image, _ in saved] == (images + 1).tolist()
    with pytest.raises(InputError, match="new exists: --each makes a new folder"):
        sample._save_each(SimpleNamespace(each=tmp_path / "new", n=n, seed=0), run, None)


# --- rows that are given -------------------------------------------------------------------------


def test_numbers_are_written_beside_the_rows_with_six_digits(tmp_path):
    import pyarrow as pa

    rows = given.Given("t.csv", ROWS, pa.table({"name": list("abcd")}), ";", ",")
    rows.write({"score": np.array([1.5, 1234567.0, 1 / 3, -2])}, tmp_path / "s.csv")
    written = (tmp_path / "s.csv").read_text().split()
    assert written == ["name;score", "a;1,5", "b;1,23457e+06", "c;0,333333", "d;-2"]
    with pytest.raises(InputError, match=r"t\.csv has a column name already"):
        rows.write({"name": LABELS}, tmp_path / "t.csv")
    with pytest.raises(AttributeError):
        rows.name = "u.csv"
    plain = given.Given("t.csv", ROWS, pa.table({"name": list("abcd")}))
    plain.write({"score": LABELS + 0.5}, tmp_path / "p.csv")
    assert (tmp_path / "p.csv").read_text().split()[1] == "a,3.5"
