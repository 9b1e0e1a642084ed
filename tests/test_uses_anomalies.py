"""Anomalies are scored and drawn."""

from pathlib import Path

import numpy as np
import pytest
from commands import run
from drawings import answer

from npgan import data, metrics, plotting
from npgan.commands import detect
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
    scores = {
        name: score(model, x, train, np.random.default_rng(3))
        for name, score in anomaly.scores_for(model).items()
    }
    areas = {name: metrics.auroc(score, strange) for name, score in scores.items()}
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


def test_curves_are_named_from_the_largest_area_to_the_least(monkeypatch):
    figures = []
    monkeypatch.setattr(plotting, "save_figure", lambda _, figure: figures.append(figure))
    strange = np.array([False, False, True, True])
    scores = {"a": np.array([2, 3, 1, 4]), "b": np.arange(4), "c": np.array([1, 3, 2, 4])}
    areas = {name: metrics.auroc(score, strange) for name, score in scores.items()}
    detect.draw(Path("roc.png"), scores, areas, strange, "title")
    (axes,) = figures[0].axes
    labels = axes.get_legend_handles_labels()[1]
    assert labels == ["b: 1.000", "c: 0.750", "a: 0.500"]
