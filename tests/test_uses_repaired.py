"""Images are completed, and freed of noise."""

from functools import partial

import numpy as np
import pytest
from drawings import SHAPE, answer, assert_drawn

from npgan import metrics
from npgan.commands import common, complete, enhance
from npgan.layers import build
from npgan.study import latent


@pytest.mark.parametrize(
    ("preset", "mask", "shape"),
    [
        ("vae", "left", SHAPE),
        ("gan-medium", "bottom", SHAPE),  # its images are in [-1, 1]
        ("gan-mnist", "right", (10, 12)),  # it has an average
        ("completer", "top", (12, 12)),
    ],
)
def test_images_are_completed_in_each_way(capsys, made, drawn, monkeypatch, preset, mask, shape):
    folder, model, dataset = made(preset, shape=shape)
    monkeypatch.setattr(latent, "search", partial(latent.search, steps=5, restarts=2))
    words = ("--mask", mask, "--images", 13, "--seed", 3, "--out", "c.png")
    result = answer(capsys, "complete", folder, *words)
    low, high = model.value_range
    known = complete.known_pixels(mask, shape)
    train, truth = model.scaled(dataset.train), model.scaled(dataset.test[:13])
    if preset == "completer":
        best = model.decoder(model.encoder(truth * known))
    else:
        best = getattr(model, "average", None) or getattr(model, "generator", None) or model.decoder
        best = best(latent.search(best, truth, np.random.default_rng(3), known=known))
    ways = {
        "mean": train.mean(axis=0),
        "principal components": complete.by_components(train, truth, known),
        "linear guess": complete.by_covariance(train, truth, known),
        folder: best,
    }
    rows = {name: np.where(known, truth, x) for name, x in ways.items()}
    rows = {name: (x - low) / (high - low) for name, x in {"original": truth, **rows}.items()}
    masked = {"masked": np.where(known, rows["original"], 0.5)}
    assert_drawn(drawn["rows"], {"original": rows["original"]} | masked | rows, shape)
    original = rows.pop("original")
    for name, x in rows.items():
        x = np.clip(x, 0, 1)
        errors = np.square(x - original)[:, known == 0]
        measures = {
            "hidden_mean_squared_error": errors.mean(),
            "psnr": metrics.psnr(x, original).mean(),
        }
        if shape[0] > 10:
            measures["ssim"] = metrics.ssim(x, original, shape).mean()
        assert result[name] == pytest.approx(measures, rel=1e-3)


@pytest.mark.parametrize(
    ("preset", "baseline"), [("denoiser", "Wiener filter"), ("superresolver", "bicubic")]
)
def test_spoiled_images_are_enhanced_in_each_way(capsys, made, drawn, preset, baseline):
    shape = (12, 12) if preset == "superresolver" else SHAPE
    folder, model, dataset = made(preset, shape=shape)
    result = answer(capsys, "enhance", folder, "--seed", 3, "--out", "e.png")
    spoil, rng = model.encoder.layers[0], np.random.default_rng(3)
    train, truth = model.scaled(dataset.train), model.scaled(dataset.test)
    spoiled = spoil(truth, rng)
    plain = (
        enhance.wiener(spoiled, shape, 0.5)
        if spoil.name == "gaussian_noise"
        else enhance.bicubic(spoiled, shape, 2)
    )
    rows = {
        "spoiled": spoiled,
        baseline: plain,
        "linear guess": common.linear_guess(spoil(train, rng), train, spoiled),
        folder: model.decoder(model.encoder(spoiled)),
    }
    assert_drawn(drawn["rows"], rows | {"original": truth}, shape)
    for name, x in rows.items():
        x = np.clip(x, 0, 1)
        measures = {
            "psnr": metrics.psnr(x, truth).mean(),
            "ssim": metrics.ssim(x, truth, shape).mean(),
        }
        assert result[name] == pytest.approx(measures, rel=1e-4)
    assert result.keys() == rows.keys()


def test_masks_of_wide_images():
    masks = {
        "left": ["00111", "00111"],
        "right": ["11000", "11000"],
        "top": ["00000", "11111", "11111"],
        "bottom": ["11111", "00000", "00000"],
        "center": ["11111", "10001", "10001", "11111"],
    }
    for name, rows in masks.items():
        expected = np.array([[float(c) for c in row] for row in rows])
        known = complete.known_pixels(name, expected.shape).reshape(expected.shape)
        np.testing.assert_array_equal(known, expected)


def test_the_error_of_hidden_pixels_is_summed_in_float64(capsys, made, drawn):
    folder, *_ = made("completer", shape=(12, 12))
    result = answer(capsys, "complete", folder, "--images", 12, "--out", "c.png")
    images, known = drawn["rows"].rows, complete.known_pixels("center", (12, 12))
    for name, measures in result.items():
        errors = np.square(images[name] - images["original"])[:, known == 0]
        assert measures["hidden_mean_squared_error"] == errors.mean(dtype=np.float64)


def test_the_mean_image_is_summed_in_float64(capsys, made, drawn):
    folder, model, dataset = made("completer", shape=(12, 12))
    answer(capsys, "complete", folder, "--images", 1, "--out", "c.png")
    mean = model.scaled(dataset.train).mean(axis=0, dtype=np.float64).astype(np.float32)
    hidden = complete.known_pixels("center", (12, 12)) == 0
    np.testing.assert_array_equal(drawn["rows"].rows["mean"][0, hidden], mean[hidden])


def test_components_of_many_rows_far_from_0_are_those_of_double_precision(monkeypatch):
    monkeypatch.setattr(complete, "COMPONENTS", 1)
    rng, known = np.random.default_rng(0), np.array([1, 1, 0])
    train = (100 + 0.3 * rng.standard_normal((50_000, 3)) * [3, 1, 1]).astype(np.float32)
    train += 0.3 * rng.standard_normal((50_000, 1), dtype=np.float32)
    exact = complete.by_components(train.astype(np.float64), train[:9].astype(np.float64), known)
    found = complete.by_components(train, train[:9], known)
    np.testing.assert_allclose(found, exact, rtol=1e-10)


def test_no_more_components_are_sought_than_rows_have_directions(monkeypatch):
    widths, kind = [], metrics.PCA
    monkeypatch.setattr(metrics, "PCA", lambda x, k: widths.append(k) or kind(x, k))
    for n, d in ((4, 9), (9, 4), (90, 100)):
        x, known = np.random.default_rng(0).random((n, d)), np.arange(d) % 2
        complete.by_components(x, x, known)
    assert widths == [3, 4, complete.COMPONENTS]


@pytest.mark.parametrize(
    ("words", "first"),
    [
        (["reshape 2 2 1"], "reshape"),
        (["reshape 2 2 1", "pixelate 2"], "pixelate"),
        (["reshape 2 2 1", "pixelate 2", "flatten"], "pixelate"),
        (["pixelate 2", "flatten"], "pixelate"),
    ],
)
def test_what_spoils_is_the_first_layer_behind_a_reshape_if_there_is_another(words, first):
    assert common.spoiling(build(words))[0].name == first
