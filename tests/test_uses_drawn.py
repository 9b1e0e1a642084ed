"""What samples, reconstructions, translations and data are drawn as."""

import re
from pathlib import Path

import numpy as np
import pytest
from commands import run
from drawings import SHAPE, answer, assert_drawn

from npgan import data, metrics
from npgan.study.features import probabilities


@pytest.mark.parametrize(
    ("name", "side"), [("mnist-outlines", 28), ("mnist-outlines", 6), ("pairs.npz", 28)]
)
def test_translations_are_drawn_between_a_neighbours_and_the_truth(
    capsys, made, drawn, monkeypatch, name, side
):
    shape, rng = (2 * side, side), np.random.default_rng(0)
    x, labels = rng.integers(0, 256, (130, 2 * side**2)).astype(np.uint8), np.arange(130) % 10
    np.savez("pairs.npz", train=x[:90].reshape(-1, *shape), test=x[90:].reshape(-1, *shape),
             train_labels=labels[:90], test_labels=labels[90:])  # fmt: skip
    own = data.Dataset(name, x[:90], x[90:], labels[:90], labels[90:], (*shape, 1))
    monkeypatch.setitem(data.DATASETS, "mnist-outlines", lambda: own)
    folder, model, _ = made("translator", data=name)
    result = answer(capsys, "translate", folder, "--images", 30, "--out", "t.png")
    source, truth = np.hsplit(x[90:120] / np.float32(255), 2)
    known, targets = np.hsplit(x[:90] / np.float32(255), 2)
    nearest = targets[metrics.nearest_rows(source, known)]
    ways = {"nearest neighbour": nearest, folder: model.translate(source), "truth": truth}
    assert_drawn(drawn["rows"], {"source": source} | ways, (side, side))
    for way, images in ways.items():
        measures = {"mean_absolute_error": abs(images - truth).mean()}
        if way != "truth":
            measures["psnr"] = metrics.psnr(images, truth).mean()
        if (name, side) == ("mnist-outlines", 28):
            right = probabilities(images).argmax(axis=1) == labels[90:120]
            measures["classifier_accuracy"] = right.mean()
        assert result[way] == pytest.approx(measures, rel=1e-5)


def test_samples_are_arrays_in_the_unit_range_and_of_a_class_where_one_is_asked_for(
    capsys, made, drawn
):
    folder, model, _ = made("cgan-mnist")
    ways = {(): np.arange(7) % 3, ("--label", 9): 2, ("--label", 5): 0}
    for words, label in ways.items():
        answer(capsys, "sample", folder, "-n", 7, "--seed", 3, *words, "--out", "s.npy")
        np.testing.assert_array_equal(np.load("s.npy"), model.sample(7, rng=3, label=label))
        answer(capsys, "sample", folder, "-n", 7, "--seed", 3, *words, "--out", "s.png")
        grid = drawn["grid"]
        np.testing.assert_array_equal(grid.images, np.load("s.npy"))
        assert (grid.path, grid.shape, grid.columns) == (Path("s.png"), (*SHAPE, 1), 3)


@pytest.mark.parametrize("kind", ["bytes", "floats", "table"])
def test_an_array_of_samples_is_in_the_unit_range_if_they_were_bytes(capsys, made, kind):
    x = np.random.default_rng(0).random((60, 6, 5), np.float32) * 8 - 4
    np.save("floats.npy", x)
    np.save("table.npy", x.reshape(60, 30))
    folder, model, _ = made(
        "gan-medium" if kind == "bytes" else "vae-gan",
        data={"bytes": "own.npz"}.get(kind, f"{kind}.npy"),
    )
    answer(capsys, "sample", folder, "-n", 5, "--seed", 3, "--out", "s.npy")
    raw = model.sample(5, rng=3)
    expected = (raw + 1) / 2 if kind == "bytes" else raw
    np.testing.assert_allclose(np.load("s.npy"), expected, rtol=1e-6, atol=1e-7)


def test_points_are_drawn_over_the_training_points(capsys, made, drawn):
    folder, model, dataset = made("ring", data="ring")
    answer(capsys, "sample", folder, "-n", 9, "--spread", 0.5, "--seed", 3, "--out", "s.png")
    picture = drawn["points"]
    model.spread = 0.5
    np.testing.assert_array_equal(picture.samples, model.sample(9, rng=3))
    np.testing.assert_array_equal(picture.real, dataset.train)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--label", 1), "gan-small is a run of gan, without classes: no --label"),
        (("--out", "s.png"), "samples of 30 features are no picture: use --out FILE.npy"),
        (("-n", 2**30 // 30 + 1), "is too many: at most 35791394 samples of 30 numbers, 4 GiB"),
    ],
)
def test_what_cannot_be_sampled_is_refused(capsys, made, words, message):
    np.save("rows.npy", np.random.default_rng(0).random((60, 30), np.float32))
    folder, *_ = made("gan-small", data="rows.npy")
    code, _, err = run(capsys, "sample", folder, "--out", "s.npy", *words)
    assert (code, message in err) == (2, True), err


@pytest.mark.parametrize("kind", ["bytes", "floats", "points"])
def test_data_are_drawn_from_their_least_to_their_largest_number(
    capsys, tmp_path, monkeypatch, drawn, kind
):
    monkeypatch.chdir(tmp_path)
    x = (
        np.random.default_rng(0).random((70, *((2,) if kind == "points" else SHAPE)), np.float32)
        * 4
        + 1
    )
    x = (40 * x).astype(np.uint8) if kind == "bytes" else x
    np.save("x.npy", x)
    code, out, _ = run(capsys, "data", "x.npy", "--out", "d.png")
    assert (code, len(out.splitlines())) == (0, 2)
    assert "training rows a class" not in out
    if kind == "points":
        assert (drawn["points"].samples.shape, drawn["points"].path) == ((0, 2), Path("d.png"))
        np.testing.assert_array_equal(drawn["points"].real, x)
        return
    first, grid = x[:64].reshape(64, -1), drawn["grid"]
    low, high = (0, 255) if kind == "bytes" else (first.min(), first.max())
    np.testing.assert_allclose(grid.images, (first - low) / (high - low), atol=1e-6)
    assert (grid.path, grid.shape, grid.columns) == (Path("d.png"), (*SHAPE, 1), 8)
    drawn.clear()
    assert run(capsys, "data", "x.npy")[1] == out
    assert not drawn


def test_rows_of_three_numbers_are_no_picture(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", np.zeros((9, 3), np.float32))
    code, _, err = run(capsys, "data", "x.npy", "--out", "d.png")
    assert (code, err) == (2, "npgan: error: rows of 3 numbers are no picture\n")
    assert run(capsys, "data", "x.npy")[0] == 0


@pytest.mark.parametrize(
    ("use", "preset"),
    [(use, "cgan-mnist") for use in ("complete", "detect", "explore", "interpolate")]
    + [("reduce", "conditional-vae"), ("reconstruct", "gan-small"), ("enhance", "vae")],
)
def test_a_model_of_a_kind_that_does_not_fit_is_refused(capsys, made, use, preset):
    folder, *_ = made(preset)
    code, _, err = run(capsys, use, folder, "--out", "p.png")
    assert (code, err.count("\n")) == (2, 1)
    kind = "conditional-gan" if preset == "cgan-mnist" else preset.replace("-small", "")
    assert f"{folder} is a run of {kind}; {use} takes " in err
    assert f" {kind}," not in err.split(" takes ")[1] + ","


@pytest.mark.parametrize(
    ("use", "preset"),
    [
        ("complete", "vae"),
        ("defend", "classifier"),
        ("enhance", "denoiser"),
        ("explore", "vae"),
        ("interpolate", "vae"),
    ],
)
def test_commands_that_draw_images_need_images(capsys, made, use, preset):
    labels = np.arange(60) % 3
    np.savez(
        "rows.npz", train=points(60), test=points(30), train_labels=labels, test_labels=labels[:30]
    )
    folder, *_ = made(preset, data="rows.npz")
    code, _, err = run(capsys, use, folder, "--out", "p.png")
    assert (code, err.startswith(f"npgan: error: {use} needs images; the rows of ")) == (2, True), (
        err
    )
    assert err.endswith("rows.npz are none\n")


def test_reconstructions_need_images_or_points(capsys, made):
    np.savez("rows.npz", train=points(60), test=points(30))
    folder, *_ = made("autoencoder", data="rows.npz")
    code, _, err = run(capsys, "reconstruct", folder, "--out", "p.png")
    assert (code, err) == (2, "npgan: error: reconstructions of 4 features are no picture\n")


def points(n):
    return np.random.default_rng(n).random((n, 4), np.float32)


def test_test_rows_are_reconstructed(capsys, made, drawn):
    folder, model, dataset = made("autoencoder")
    answer(capsys, "reconstruct", folder, "--out", "p.png")
    grid, first = drawn["grid"], dataset.test[:8]
    assert (grid.path, grid.shape, grid.columns) == (Path("p.png"), (*SHAPE, 1), 8)
    expected = np.vstack([first / np.float32(255), np.clip(model.reconstruct(first), 0, 1)])
    np.testing.assert_allclose(grid.images[:16], expected, atol=1e-6)


def test_a_run_without_a_preset_is_called_by_its_model(capsys, made, drawn):
    folder, *_ = made("vae-deep")
    config = Path(folder, "config.toml")
    assert "vae-deep" in answer(capsys, "complete", folder, "--images", 1, "--out", "c.png")
    config.write_text(config.read_text().replace('preset = "vae-deep"\n', ""))
    assert "vae" in answer(capsys, "complete", folder, "--images", 1, "--out", "c.png")


def test_presets_are_listed_with_their_networks_and_settings(capsys):
    out = run(capsys, "presets")[1]
    lines = out.splitlines()
    for line in (
        "gan-conv (the default): gan on mnist, 8500 steps, batch 64",
        "ring: gan on ring, 60000 steps, batch 256",
        "  encoder: dense 784 64 -> relu",
        "    name adam, lr 0.001",
        "  loss mse",
    ):
        assert line in lines
    assert out.count(" (the default)") == 1
    assert re.search(r": \[reshape 28 28 1 -> .* -> flatten, 10\] -> dense", out)  # classes beside
    assert "" not in lines
