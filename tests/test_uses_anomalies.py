"""Anomalies are scored and drawn."""

import csv
from pathlib import Path

import numpy as np
import pytest
from commands import run
from drawings import SHAPE, answer
from PIL import Image

from npgan import data, metrics, plotting, runs
from npgan.commands import detect
from npgan.commands.score import NAMES
from npgan.study import anomaly


@pytest.mark.parametrize(("words", "title"), [((), ":7"), (("--normal", 7), "")])
def test_anomalies_are_scored_as_they_are_drawn(capsys, made, monkeypatch, words, title):
    pictures = []
    monkeypatch.setattr(detect, "draw", lambda *arguments: pictures.append(arguments))
    folder, model, _ = made("vae", data=f"own.npz{title}")
    result = answer(capsys, "detect", folder, *words, "--rows", 31, "--seed", 3, "--out", "roc.png")
    whole = data.load("own.npz")
    x, train = (model.scaled(rows) for rows in (whole.test[:31], whole.only(7).train))
    strange = whole.test_labels[:31] != 1  # 7 is the second of 5, 7 and 9
    shape = (*SHAPE, 1)
    scores = {
        name: score(model, x, train, np.random.default_rng(3), shape)
        for name, score in anomaly.scores_for(model, shape).items()
    }
    areas = {name: metrics.auroc(score, strange) for name, score in scores.items()}
    assert list(result) == sorted(result, key=lambda name: -result[name]["auroc"])
    assert result == {name: {"auroc": pytest.approx(area)} for name, area in areas.items()}
    ((path, drawn, shown, is_anomaly, words),) = pictures
    assert (path, shown) == (Path("roc.png"), {name: r["auroc"] for name, r in result.items()})
    assert words.startswith("vae, trained on ")
    assert words.endswith(f"own.npz{title}: class 7 is normal")
    np.testing.assert_array_equal(is_anomaly, strange)
    for name, score in scores.items():
        np.testing.assert_allclose(drawn[name], score, rtol=1e-4)


def test_rows_all_of_one_kind_tell_nothing(capsys, made):
    folder, *_ = made("vae")
    words = ("detect", folder, "--rows", 2, "--out", "r.png")  # of the classes 5 and 7
    for normal, one_kind in ((5, False), (7, False), (9, True)):
        code, _, err = run(capsys, *words, "--normal", normal)
        assert (code, f"must be of class {normal} and of others" in err) == (
            2 * one_kind,
            one_kind,
        )
    with np.load("own.npz") as own:
        parts = {
            name: own[name][own[name.replace("_labels", "") + "_labels"] == 5]
            for name in own
            if "test" in name
        }
        parts = {**own, **parts}
    np.savez("own.npz", **parts)
    assert "must be of class 5 and of others" in run(capsys, *words, "--normal", 5)[2]


def test_anomalies_are_known_by_the_labels_of_test_rows(capsys, made):
    folder, *_ = made("vae")
    with np.load("own.npz") as own:
        parts = {name: own[name] for name in own if name != "test_labels"}
    np.savez("own.npz", **parts)
    code, _, err = run(capsys, "detect", folder, "--normal", 5, "--out", "r.png")
    assert (code, "own.npz has no labels of its test rows" in err) == (2, True)


def test_curves_are_named_in_the_order_of_their_areas(monkeypatch):
    figures = []
    monkeypatch.setattr(plotting, "save_figure", lambda _, figure: figures.append(figure))
    strange = np.array([False, False, True, True])
    scores = {"a": np.array([2, 3, 1, 4]), "b": np.arange(4), "c": np.array([1, 3, 2, 4])}
    areas = {name: metrics.auroc(scores[name], strange) for name in "bca"}
    detect.draw(Path("roc.png"), scores, areas, strange, "title")
    (axes,) = figures[0].axes
    labels = axes.get_legend_handles_labels()[1]
    assert labels == ["b: 1.000", "c: 0.750", "a: 0.500"]


def test_help_names_every_score():
    assert list(NAMES) == list(anomaly.SCORES)


def scores_of(file):
    """Return what a file says of each row: what it is known by, and its score."""
    with open(file, newline="") as lines:
        return [(known, float(score)) for known, score in list(csv.reader(lines))[1:]]


def photos(folder, names, size=(24, 20)):
    """Save random pictures of another size than the run's."""
    for i, name in enumerate(names):
        Path(folder, name).parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(i).integers(0, 256, size, np.uint8)
        Image.fromarray(pixels).save(Path(folder, name))


def test_pictures_without_labels_are_scored_by_their_names(capsys, made):
    folder, model, _ = made("autoencoder")
    photos("photos", names := ["b.png", "a.png", "c.png"])
    words = ("score", folder, "--data", "photos", "--out", "s.csv")
    assert run(capsys, *words)[0] == 0
    x = model.scaled(data.load("photos", SHAPE).train)
    expected = anomaly.angle(model, x, x, np.random.default_rng(0), SHAPE)
    found = dict(scores_of("s.csv"))
    assert list(found) == sorted(names)
    assert list(found.values()) == pytest.approx(expected, rel=1e-3)


def test_pictures_in_folders_are_scored_and_compared_by_their_folder(capsys, made):
    folder, *_ = made("autoencoder")
    photos("shown", ["odd/a.png", "good/b.png", "good/c.png"])
    assert run(capsys, "score", folder, "--data", "shown", "--out", "s.csv")[0] == 0
    assert [name for name, _ in scores_of("s.csv")] == ["good/b.png", "good/c.png", "odd/a.png"]
    words = ("detect", folder, "--data", "shown", "--normal", "good", "--out", "p.png")
    assert set(answer(capsys, *words)["angle"]) == {"auroc"}


def test_rows_that_are_no_images_are_scored_by_their_numbers(capsys, in_an_empty_folder):
    np.save("rows.npy", x := np.random.default_rng(0).random((60, 9), np.float32))
    words = ("--data", "rows.npy", "--steps", 2, "--batch-size", 20, "--quiet", "--out", "r")
    assert run(capsys, "train", "autoencoder", *words)[0] == 0
    words = ("score", "r", "--data", "rows.npy", "--out")
    assert run(capsys, *words, "s.csv")[0] == 0
    model = runs.load(Path("r"))[0]
    expected = np.square(x - model.reconstruct(x)).sum(axis=1)
    known, found = zip(*scores_of("s.csv"), strict=True)
    assert known == tuple(map(str, range(60)))
    assert found == pytest.approx(expected, rel=1e-4)
    code, _, err = run(capsys, *words, "s.csv", "--by", "angle")
    assert (code, "unknown score 'angle'" in err) == (2, True)
    np.save("rows.npy", x[:, :4])
    code, _, err = run(capsys, *words, "s.csv")
    assert (code, "has samples of the shape (4,); those of r have (9,)" in err) == (2, True)


def test_labelled_rows_of_another_file_are_compared(capsys, made):
    folder, model, dataset = made("vae", data="own.npz:7")
    rng = np.random.default_rng(1)
    x, labels = rng.integers(0, 256, (30, *SHAPE), np.uint8), np.arange(30) % 2
    np.savez("new.npz", train=x, train_labels=labels)
    words = ("detect", folder, "--data", "new.npz", "--normal", 1, "--out", "p.png")
    found = answer(capsys, *words)["latent"]["auroc"]
    rows = (model.scaled(x), model.scaled(dataset.train))
    scores = anomaly.latent(model, *rows, np.random.default_rng(0))
    assert found == pytest.approx(metrics.auroc(scores, labels != 1))


def test_codes_of_pictures_stand_beside_their_names(capsys, made):
    folder, model, _ = made("autoencoder")
    photos("photos", ["a.png", "b.png"])
    assert run(capsys, "reduce", folder, "--data", "photos", "--out", "c.csv")[0] == 0
    with open("c.csv", newline="") as lines:
        header, *found = csv.reader(lines)
    codes = model.encode(data.load("photos", SHAPE).train)
    assert header == ["name", *(f"code_{i + 1}" for i in range(codes.shape[1]))]
    np.testing.assert_allclose([list(map(float, row[1:])) for row in found], codes, rtol=1e-4)
    result = answer(capsys, "reduce", folder, "--data", "photos", "--out", "p.png")
    assert {*map(frozenset, result.values())} == {frozenset({"mean_squared_error"})}


@pytest.mark.parametrize(("classes", "known"), [((5, 7, 9), True), ((5, 7, 8), False)])
def test_neighbours_know_the_classes_of_data_that_have_the_runs(capsys, made, classes, known):
    folder, *_ = made("autoencoder")
    x = np.random.default_rng(1).integers(0, 256, (30, *SHAPE), np.uint8)
    np.savez("new.npz", train=x, train_labels=np.array(classes).repeat(10))
    ours, _ = answer(capsys, "reduce", folder, "--data", "new.npz", "--out", "p.png").values()
    assert ("neighbour_accuracy" in ours) == known


def test_given_pictures_are_completed(capsys, made, drawn):
    folder, model, _ = made("completer", shape=(12, 12))
    photos("photos", ["a.png", "b.png", "c.png"])
    words = ("--data", "photos", "--images", 2, "--out", "p.png")
    answer(capsys, "complete", folder, *words)
    x = model.scaled(data.load("photos", 12).train)
    np.testing.assert_allclose(drawn["rows"].rows["original"], x[:2], atol=1e-5)
    code, _, err = run(capsys, "complete", folder, "--out", "p.csv")
    assert (code, "is a run of no table: use --out FILE.png" in err) == (2, True)
