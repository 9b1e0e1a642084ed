"""People's own data in runs: their labels, a part to test with, images that do not suit a preset."""

import json
import os
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from commands import picture, run

from npgan import InputError, data, plotting, runs
from npgan.commands import defend, detect
from npgan.commands.cli import main
from npgan.data import Dataset, from_arrays
from npgan.models.config import MOST_CLASSES, Config
from npgan.models.presets import preset

RNG = np.random.default_rng(0)
WORDS = ("--steps", 2, "--batch-size", 20, "--backend", "numpy", "--out", "r")

pytestmark = pytest.mark.usefixtures("in_an_empty_folder", "undrawn")


def images(*shape):
    return RNG.integers(0, 256, shape).astype(np.uint8)


# --- labels --------------------------------------------------------------------------------------


@pytest.mark.parametrize("labels", [(1, 2, 3), (0, 5, 9), (-1, 1, 2), (1000, 2000, 100_000)])
@pytest.mark.parametrize("name", ["cgan-mnist", "classifier", "conditional-vae"])
def test_there_are_as_many_classes_as_labels(labels, name):
    own = np.array(labels)[np.arange(90) % 3]
    d = from_arrays("d", {"train": images(90, 4, 4), "train_labels": own})
    config = replace(preset(name), batch_size=16).for_data(d)
    assert config.build(90).classes == 3
    assert config.labels == list(labels)
    assert d.given(d.train_labels).tolist() == own.tolist()
    assert f"3 classes, with the labels {', '.join(map(str, labels))}" in d.summary()


def test_labels_from_0_on_stay_as_they_are():
    d = from_arrays("d", {"train": images(4, 2, 2), "train_labels": np.array([2, 0, 1, 0])})
    assert (d.classes, d.train_labels.tolist()) == (None, [2, 0, 1, 0])


def test_labels_of_test_rows_are_the_same_classes():
    arrays = {"train": images(2, 2, 2), "test": images(3, 2, 2)}
    labels = {"train_labels": np.array([5, 9]), "test_labels": np.array([7, 9, 5])}
    d = from_arrays("d", arrays | labels)
    assert (d.classes, d.train_labels.tolist(), d.test_labels.tolist()) == (
        (5, 7, 9), [0, 2], [1, 2, 0],
    )  # fmt: skip
    with pytest.raises(InputError, match="training rows of 2 of the classes 0 to 2"):
        preset("classifier").for_data(d)
    assert d.only(9).name == "d:9"
    assert d.only(5).test_labels.tolist() == [0]
    with pytest.raises(InputError, match="no class 1: there are 5, 7, 9"):
        d.only(1)


def test_a_class_without_rows_is_refused_before_training():
    d = Dataset("d", images(9, 4), train_labels=1 + np.arange(9) % 3)
    with pytest.raises(InputError, match="training rows of 3 of the classes 0 to 3"):
        preset("cgan-mnist").for_data(d)


def test_more_classes_than_anyone_draws_are_refused():
    n = MOST_CLASSES + 1
    d = Dataset("d", images(n, 4), train_labels=np.arange(n))
    with pytest.raises(InputError, match=f"number of classes of d .* at most {MOST_CLASSES}"):
        preset("classifier").for_data(d)


def test_a_run_keeps_the_labels_of_its_data(capsys):
    parts = {"train": images(90, 4, 4), "test": images(30, 4, 4)}
    labels = {"train_labels": 1 + np.arange(90) % 3, "test_labels": 1 + np.arange(30) % 3}
    np.savez("d.npz", **parts, **labels)
    assert run(capsys, "train", "cgan-mnist", "--data", "d.npz", *WORDS)[0] == 0
    assert tomllib.loads(Path("r/config.toml").read_text())["labels"] == [1, 2, 3]
    assert run(capsys, "sample", "r", "-n", 3, "--label", 3, "--out", "s.npy")[0] == 0
    code, _, err = run(capsys, "sample", "r", "--label", 0, "--out", "s.npy")
    path = Path("d.npz").resolve()
    assert (code, err) == (2, f"npgan: error: {path} has no class 0: there are 1, 2, 3\n")
    _, out, _ = run(capsys, "data", "d.npz")
    assert "training rows a class: 1: 30, 2: 30, 3: 30" in out
    _, out, _ = run(capsys, "data", "d.npz:2")
    assert "train=(30, 16)" in out
    words = ("--out", "c", *WORDS[:-2])
    assert run(capsys, "train", "classifier", "--data", "d.npz", *words)[0] == 0
    assert json.loads(run(capsys, "evaluate", "c")[1])["labels"] == [1, 2, 3]
    np.savez("d.npz", **parts, **{name: label + 1 for name, label in labels.items()})
    code, _, err = run(capsys, "evaluate", "r")
    assert (code, "has other labels than r was trained with" in err) == (2, True)


def test_a_run_from_before_labels_were_kept_has_them_for_classes():
    np.savez("d.npz", train=images(9, 4, 4), train_labels=1 + np.arange(9) % 3)
    config = replace(preset("cgan-mnist"), data="d.npz")
    assert set(runs.load_data(config, Path("r")).train_labels) == {1, 2, 3}


# --- a part to test with -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "share", "kept"), [(100, 0.1, 10), (99, 0.3, 30), (3, 0.1, 1), (2, 0.9, 1), (1, 0.5, 0)]
)
def test_a_share_is_kept_back_and_no_row_is_lost(n, share, kept):
    d = Dataset("d", np.arange(n, dtype=np.float32)[:, None]).keep_back(share)
    test = [] if d.test is None else d.test.ravel().tolist()
    assert len(test) == kept
    assert sorted([*d.train.ravel().tolist(), *test]) == list(range(n))
    assert (f"{kept} of {n} rows are kept back" in d.summary()) == (kept > 0)


def test_as_large_a_share_of_each_class_is_kept_back():
    labels = np.repeat([0, 1, 2], [10, 50, 40])
    d = Dataset("d", labels[:, None].astype(np.float32), train_labels=labels).keep_back(0.1)
    assert np.bincount(d.test_labels).tolist() == [1, 5, 4]
    assert d.test.ravel().tolist() == d.test_labels.tolist()
    np.savez("d.npz", train=labels[:, None].astype(np.float32), train_labels=labels)
    whole, one = (data.load_split(name, 0.1) for name in ("d.npz", "d.npz:1"))
    np.testing.assert_array_equal(one.test, whole.only(1).test)


def test_every_command_has_test_rows_of_data_without_any(capsys):
    np.save("x.npy", images(90, 4, 4))
    code, _, err = run(
        capsys, "train", "vae", "--data", "x.npy", "--metrics-every", 1, *WORDS, "--validation", 0.2
    )
    assert code == 0
    assert "x.npy: 72 training images of 4 x 4, 18 to test; values 0 to 255; 18 of 90 rows" in err
    assert tomllib.loads(Path("r/config.toml").read_text())["validation"] == 0.2
    code, out, _ = run(capsys, "evaluate", "r", "--samples", 50)
    assert (code, "mean_squared_error" in json.loads(out)) == (0, True)
    for command in (["reduce"], ["complete"]):
        assert run(capsys, *command, "r", "--out", "p.png")[0] == 0


def test_nothing_is_kept_back_where_it_is_not_wanted_and_by_runs_of_before(capsys):
    np.save("x.npy", images(90, 4, 4))
    run(capsys, "train", "vae", "--data", "x.npy", *WORDS, "--validation", 0)
    code, _, err = run(capsys, "evaluate", "r")
    assert (code, "no test data" in err) == (2, True)
    config = runs.read_config(Path("r"))
    assert runs.load_data(replace(config, validation=None), Path("r")).test is None


def test_a_share_that_is_none_is_refused(capsys):
    code, _, err = run(capsys, "train", "ring", "--validation", 1.5)
    assert (code, "must be a number in [0, 1), not 1.5" in err) == (2, True)


def test_a_batch_of_more_rows_than_are_left_is_said_plainly(capsys):
    np.save("x.npy", images(90, 4, 4))
    words = ("train", "vae", "--data", "x.npy", "--out", "r")
    code, _, err = run(capsys, *words, "--batch-size", 128)
    assert (code, "batch_size (--batch-size), a number of training rows, must" in err) == (2, True)
    assert "at most 90, not 128" in err
    code, _, err = run(capsys, *words, "--batch-size", 90, "--validation", 0.1)
    assert (code, "at most 81, not 90" in err) == (2, True)
    assert not Path("r").exists()
    code, _, err = run(capsys, *words, "--batch-size", 90, "--steps", 1)
    assert (code, "no test data" in err) == (0, True)


# --- names and numbers of every kind -------------------------------------------------------------


STRANGE = os.fsdecode(b"a\xff\x1b[31m\n$b$ \xe2\x80\xae.npy")


def test_data_whose_name_is_no_text_is_trained_on(capsys):
    np.save(STRANGE, images(90, 4, 4))
    code, _, err = run(capsys, "train", "vae", "--data", STRANGE, *WORDS)
    assert code == 0
    assert "a\\udcff\\x1b[31m\\n$b$ \\u202e.npy: 81 training images" in err
    assert Path(runs.read_config(Path("r")).data).name == STRANGE
    assert run(capsys, "evaluate", "r", "--samples", 20)[0] == 0


@pytest.mark.parametrize(
    "words", [("data", f"none/{STRANGE}"), ("evaluate", STRANGE), ("train", STRANGE)]
)
def test_messages_show_what_a_terminal_would_obey(capsys, words):
    code, _, err = run(capsys, *words)
    assert (code, err.count("\n"), err.isascii()) == (2, 1, True)
    assert err.strip().isprintable()
    assert "\\x1b[31m" in err


def test_a_name_that_the_terminal_cannot_write_is_shown_by_numbers(tmp_path, monkeypatch):
    np.save("größe.npy", images(9, 2, 2))
    with open("out.txt", "w", encoding="ascii") as file:
        monkeypatch.setattr("sys.stdout", file)
        assert main(["data", "größe.npy"]) == 0
    assert r"gr\xf6\xdfe.npy: 9 training images" in Path("out.txt").read_text()


@pytest.mark.parametrize("name", ["a$b$", "日本", STRANGE, "long" * 99])
def test_names_are_drawn_as_they_are(name, recwarn):
    """A formula that is none ends matplotlib, and a character that the font lacks is a warning."""
    rows = {f"through {name}": images(12, 4) / 255}
    plotting.save_rows(Path("p.png"), rows, (2, 2), {f"through {name}": [name, name]})
    detect.draw(Path("p.png"), {"a": np.arange(4.0)}, {"a": 0.5}, np.arange(4) > 1, name)
    defend.draw_curve(Path("p.png"), {"0": {name: 0.5}, "0.1": {name: 0.2}})
    assert not recwarn


def test_the_largest_and_the_least_number_are_drawn(capsys):
    np.save("x.npy", np.where(images(9, 4, 4) > 127, 3e38, -3e38))
    assert run(capsys, "data", "x.npy", "--out", "p.png")[0] == 0
    assert set(np.unique(picture("p.png"))) == {0, 40, 255}


# --- images that do not suit a preset ------------------------------------------------------------


@pytest.mark.parametrize("name", ["superresolver", "completer"])
@pytest.mark.parametrize("shape", [(60, 12, 10), (60, 120)])
def test_what_is_to_be_undone_is_not_left_out(capsys, name, shape):
    np.save("x.npy", images(*shape))
    code, _, err = run(capsys, "train", name, "--data", "x.npy", *WORDS)
    assert (code, "which needs square images" in err) == (2, True)
    assert not Path("r").exists()


@pytest.mark.parametrize(("side", "block"), [(8, 4), (12, 6), (14, 7), (15, 14), (16, 14)])
def test_a_block_as_large_as_the_image_becomes_half_as_large(capsys, side, block):
    np.save("x.npy", images(60, side, side))
    code, _, err = run(capsys, "train", "completer", "--data", "x.npy", *WORDS)
    assert code == 0
    word = f"the encoder's random_block 14 becomes random_block {block}, to fit the data"
    assert (word in err) == (block != 14)


def test_cells_that_do_not_fit_are_refused_before_training(capsys):
    np.save("x.npy", images(60, 11, 11))
    code, _, err = run(capsys, "train", "superresolver", "--data", "x.npy", *WORDS)
    assert (code, "their side must be a multiple of 2" in err) == (2, True)
    assert not Path("r").exists()


def test_what_is_left_out_is_said(capsys):
    labels = np.arange(60) % 2
    np.savez("x.npz", train=images(60, 6, 4), train_labels=labels)
    code, _, err = run(capsys, "train", "classifier", "--data", "x.npz", *WORDS)
    assert (code, "the classifier's random_shift 1 is left out, to fit the data" in err) == (
        0,
        True,
    )


@pytest.mark.parametrize(("shape", "fits"), [((8, 16), False), ((7, 7), False), ((16, 8), True)])
def test_pairs_lie_one_above_the_other(shape, fits):
    d = from_arrays("d", {"train": images(5, *shape)})
    if fits:
        preset("translator").for_data(d)
        return
    with pytest.raises(InputError, match=r"pairs one above the other, .* images of"):
        preset("translator").for_data(d)
    both = np.concatenate(np.split(images(5, 8, 16), 2, axis=2), axis=1)
    preset("translator").for_data(from_arrays("d", {"train": both}))


# --- sizes in words ------------------------------------------------------------------------------


def test_sizes_in_words_follow_the_data_and_numbers_stay():
    networks = {"encoder": ["dense data latent"], "decoder": ["dense 3 2*latent+2", "dense 8 data"]}
    config = replace(preset("autoencoder"), networks=networks, latent=3)
    fitted = config.for_data(Dataset("d", images(9, 12), shape=(2, 2, 3)))
    assert fitted.networks == {"encoder": ["dense 12 3"], "decoder": ["dense 3 8", "dense 8 12"]}
    assert (fitted.shape, fitted.image_shape) == ([2, 2, 3], (2, 2))
    assert fitted.build(9).features == 12


def test_a_size_that_is_not_known_is_named():
    config = replace(preset("autoencoder"), latent=None)
    with pytest.raises(InputError, match="does not say how large latent is"):
        config.build(9)


def test_numbers_that_do_not_fit_the_data_are_refused_and_the_word_is_said():
    networks = {"encoder": ["dense 5 2"], "decoder": ["dense 2 5"]}
    config = replace(preset("autoencoder"), networks=networks)
    with pytest.raises(InputError, match=r"rows of 5 numbers, .* makes 12: .* let them say data"):
        config.for_data(Dataset("d", images(9, 12))).build(9)


def test_a_configuration_of_an_earlier_version_has_its_images():
    table = preset("gan-small").in_numbers().to_dict()
    old = {name: value for name, value in table.items() if name != "shape"} | {
        "image_shape": [28, 28]
    }
    assert Config.from_dict(old) == preset("gan-small").in_numbers()
