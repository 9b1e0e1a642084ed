"""Images enhanced, completed, told from strange ones, attacked and defended: what a user meets."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from commands import picture, run
from PIL import Image

from npgan import GAN, Dense, InputError, Sequential, Sigmoid
from npgan.commands import common, complete, defend, enhance
from npgan.commands.complete import known_pixels
from npgan.layers import build
from npgan.metrics import psnr, ssim
from npgan.study import anomaly

SIDE = 16


@pytest.fixture
def train(capsys, tmp_path, monkeypatch):
    """Return what trains a preset on images of three classes, each a bright bar at its own place."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    labels = np.arange(240) % 3
    x = rng.integers(0, 60, (240, SIDE, SIDE), np.uint8)
    for i, label in enumerate(labels):
        x[i, :, 5 * label : 5 * label + 4] += 180
    parts = {
        "train": x[:180],
        "train_labels": labels[:180],
        "test": x[180:],
        "test_labels": labels[180:],
    }
    np.savez("bars.npz", **parts)

    def of(preset, *words, data="bars.npz", steps=60):
        size = ("--batch-size", 20, "--steps", steps, "--quiet", "--out", preset)
        code, _, err = run(capsys, "train", preset, "--data", data, *size, *words)
        assert code == 0, err
        return preset

    return of


def answer(capsys, *words):
    code, out, err = run(capsys, *words)
    assert code == 0, err
    return json.loads(out)


def refusal(capsys, *words):
    code, _, err = run(capsys, *words)
    assert (code, err.count("\n")) == (2, 1)
    return err


def test_a_denoiser_beats_what_it_was_given(capsys, train):
    result = answer(capsys, "enhance", train("denoiser"), "--out", "e.png")
    assert result["denoiser"]["psnr"] > result["spoiled"]["psnr"] + 3
    assert result["denoiser"]["ssim"] > result["spoiled"]["ssim"]
    assert set(result) == {"spoiled", "Wiener filter", "linear guess", "denoiser"}
    assert picture("e.png").std() > 0


def test_coarse_images_are_set_beside_bicubic_ones(capsys, train):
    result = answer(capsys, "enhance", train("superresolver"), "--out", "e.png")
    assert set(result) == {"spoiled", "bicubic", "linear guess", "superresolver"}


def test_an_autoencoder_that_learned_to_undo_nothing_enhances_nothing(capsys, train):
    assert "learned to undo neither" in refusal(
        capsys, "enhance", train("autoencoder"), "--out", "e.png"
    )


def test_a_wiener_filter_keeps_a_flat_image_and_calms_a_noisy_one():
    flat = np.full((1, 64), 0.5)
    noisy = flat + 0.3 * np.random.default_rng(0).standard_normal((1, 64))
    np.testing.assert_allclose(enhance.wiener(flat, (8, 8), 0.3), flat)
    assert (
        np.square(enhance.wiener(noisy, (8, 8), 0.3) - flat).mean()
        < np.square(noisy - flat).mean() / 2
    )


def test_a_wiener_filter_is_its_formula_in_each_window():
    image = np.random.default_rng(0).random((5, 5))
    for std in (0.2, 0.9):
        window, x = image[1:4, 1:4], image[2, 2]
        gain = max(window.var() - std**2, 0) / max(window.var(), std**2)
        expected = window.mean() + gain * (x - window.mean())
        assert enhance.wiener(image.reshape(1, -1), (5, 5), std)[0, 12] == pytest.approx(expected)


def test_a_wiener_filter_of_bytes_is_that_of_the_unit_range():
    x = np.random.default_rng(0).random((1, 36))
    expected = 255 * enhance.wiener(x, (6, 6), 0.25)
    np.testing.assert_allclose(enhance.wiener(255 * x, (6, 6), 255 * 0.25), expected)


def test_bicubic_interpolation_of_a_ramp_is_a_ramp():
    ramp = np.repeat(np.repeat(np.arange(8.0)[None], 8, axis=0), 2, axis=0).repeat(2, axis=1)
    fine = enhance.bicubic(ramp.reshape(1, -1), (16, 16), 2).reshape(16, 16)
    np.testing.assert_allclose(np.diff(fine[8, 4:12]), 0.5, atol=1e-5)


@pytest.mark.parametrize("preset", ["completer", "gan-small", "vae"])
def test_a_hidden_part_is_filled_by_an_autoencoder_and_by_a_generator(capsys, train, preset):
    result = answer(
        capsys, "complete", train(preset), "--mask", "top", "--images", 20, "--out", "c.png"
    )
    assert set(result) == {"mean", "principal components", "linear guess", preset}
    errors = {name: r["hidden_mean_squared_error"] for name, r in result.items()}
    assert errors["principal components"] < errors["mean"]
    assert errors[preset] < (errors["mean"] if preset == "completer" else 1)  # a GAN needs longer
    assert picture("c.png").std() > 0


def test_an_autoencoder_that_learned_to_fill_no_holes_completes_nothing(capsys, train):
    message = refusal(capsys, "complete", train("autoencoder", steps=1), "--out", "c.png")
    assert "must begin with random_block or dropout" in message


@pytest.mark.parametrize("rows", [4, 50])
def test_principal_components_fill_what_lies_in_their_plane(rows):
    rng = np.random.default_rng(0)
    train = rng.random((rows, 3)) @ rng.random((3, 9))  # of rank 3
    known = np.array([1, 1, 1, 1, 1, 0, 0, 1, 0.0])
    filled = complete.by_components(train, train[:5] * known, known)
    np.testing.assert_allclose(filled, train[:5], atol=1e-6)


def test_components_that_say_all_fill_as_the_best_linear_guess_does():
    rng = np.random.default_rng(0)
    train = rng.standard_normal((3000, 6)) @ rng.standard_normal((6, 20))
    train += rng.standard_normal(train.shape)  # probabilistic principal components, 6 of them
    known = np.arange(20) % 2.0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(complete, "COMPONENTS", 6)
        ours = complete.by_components(train, train, known)
    guess = complete.by_covariance(train, train, known)
    error = [np.square(x - train)[:, known == 0].mean() for x in (ours, guess)]
    assert error[0] == pytest.approx(error[1], rel=0.02)


def test_components_fill_with_the_conditional_mean_of_their_gaussian():
    """It has the data's variances along the components and their remaining mean in every other direction."""
    rng = np.random.default_rng(0)
    train = rng.standard_normal((200, 7)) @ rng.standard_normal((7, 7)) + 3
    known = np.array([1, 1, 0, 1, 0, 1, 0.0])
    values, v = np.linalg.eigh(np.cov(train.T, bias=True))
    mean, seen = train.mean(axis=0), known > 0
    for k in (6, 3):
        values[: 7 - k] = values[: 7 - k].mean()
        cov = v * values @ v.T
        expected = mean + (train - mean)[:, seen] @ np.linalg.solve(cov[seen][:, seen], cov[seen])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(complete, "COMPONENTS", k)
            filled = complete.by_components(train, train, known)
        np.testing.assert_allclose(filled[:, ~seen], expected[:, ~seen])


def test_images_that_are_all_alike_are_filled_with_their_own_pixels():
    train, known = np.tile([[0.25, 0.5, 1.0]], (9, 1)), np.array([1, 0, 1.0])
    np.testing.assert_allclose(complete.by_components(train, train * known, known), train)


def test_a_wiener_filter_sees_beyond_the_border_what_lies_at_it():
    """It calms the middle of a wide image, and keeps what is as noisy at its border."""
    x = np.random.default_rng(0).random((4, 6))
    padded = np.pad(x, 1, mode="edge")
    found = enhance.wiener(np.stack([x.ravel(), 1 - x.ravel()]), (4, 6), 0.2)
    for (i, j), pixel in np.ndenumerate(x):
        window = padded[i : i + 3, j : j + 3]
        gain = max(window.var() - 0.04, 0) / max(window.var(), 0.04)
        expected = window.mean() + gain * (pixel - window.mean())
        np.testing.assert_allclose(found[:, 6 * i + j], [expected, 1 - expected])
    np.testing.assert_array_equal(enhance.wiener(np.full((1, 9), 0.5), (3, 3), 0.0), 0.5)


def test_bicubic_interpolation_keeps_the_sides_of_wide_images():
    coarse = np.random.default_rng(0).random((2, 3, 5))
    x = coarse.repeat(2, axis=1).repeat(2, axis=2)
    found = enhance.bicubic(x.reshape(2, -1), (6, 10), 2)
    assert (found.shape, found.dtype) == ((2, 60), np.float32)
    upside = enhance.bicubic(x.transpose(0, 2, 1).reshape(2, -1), (10, 6), 2)
    np.testing.assert_allclose(
        upside.reshape(2, 10, 6).transpose(0, 2, 1).reshape(2, 60), found, atol=1e-6
    )
    np.testing.assert_allclose(found.reshape(2, 3, 2, 5, 2).mean(axis=(2, 4)), coarse, atol=0.2)


@pytest.mark.parametrize(("shape", "measures"), [((11, 12), 2), ((12, 11), 2), ((10, 30), 1)])
def test_small_images_have_one_measure(shape, measures):
    x, truth = np.random.default_rng(0).random((2, 3, shape[0] * shape[1]))
    found = common.quality(x, truth, shape)
    expected = {"psnr": psnr(x, truth).mean()}
    if measures == 2:
        expected["ssim"] = ssim(x, truth, shape).mean()
    assert found == pytest.approx(expected)


def test_a_linear_guess_of_many_pixels_far_from_0_is_as_in_double_precision():
    rng = np.random.default_rng(0)
    known = 300 + rng.standard_normal((20_000, 2))
    wanted = known @ [[2.0], [-1.0]] + 0.1 * rng.standard_normal((20_000, 1))
    exact = common.linear_guess(known, wanted, known[:50])
    found = common.linear_guess(*(y.astype(np.float32) for y in (known, wanted, known[:50])))
    np.testing.assert_allclose(found, exact, atol=2e-3)


def test_a_linear_guess_from_fewer_rows_than_pixels_solves_the_same_equations():
    rng = np.random.default_rng(0)
    known, wanted, x = rng.normal(1, 1, (6, 20)), rng.normal(size=(6, 3)), rng.normal(size=(4, 20))
    centred, mean = known - known.mean(axis=0), wanted.mean(axis=0)
    covariance = centred.T @ centred / 6 + common.RIDGE * np.eye(20)
    weights = np.linalg.solve(covariance, centred.T @ (wanted - mean) / 6)
    expected = mean + (x - known.mean(axis=0)) @ weights
    np.testing.assert_allclose(common.linear_guess(known, wanted, x), expected, rtol=1e-10)


def test_a_linear_guess_of_large_numbers_from_few_rows_is_as_in_double_precision():
    rng = np.random.default_rng(0)
    known, x = rng.random((2, 6, 20)).astype(np.float32)
    wanted = 300 + rng.random((6, 3)).astype(np.float32)
    exact = common.linear_guess(*(y.astype(np.float64) for y in (known, wanted, x)))
    np.testing.assert_allclose(common.linear_guess(known, wanted, x), exact, atol=1e-3)


def test_what_is_left_out_of_a_linear_guess_is_its_ridge():
    x = np.array([[-1.0], [1.0]])
    assert common.linear_guess(x, 3 * x, x[1:]) == pytest.approx(3 / 1.001)


def test_the_linear_guess_is_a_regression_on_the_known_pixels():
    rng = np.random.default_rng(0)
    train = rng.standard_normal((100, 4)) @ rng.standard_normal((4, 6)) + rng.random((100, 6)) + 2
    known = np.array([1, 0, 1, 1, 0, 0])
    given = np.column_stack([np.ones(100), train[:, known > 0]])
    fit = np.linalg.lstsq(given, train[:, known == 0], rcond=None)[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(common, "RIDGE", 0.0)
        filled = complete.by_covariance(train, train * known, known)
    np.testing.assert_allclose(filled[:, known == 0], given @ fit)
    np.testing.assert_array_equal(filled[:, known > 0], train[:, known > 0])


@pytest.mark.parametrize(
    ("name", "share"), [("left", 1 / 2), ("top", 1 / 2), ("bottom", 1 / 2), ("center", 1 / 4)]
)
def test_a_mask_hides_its_share(name, share):
    assert known_pixels(name, (8, 8)).mean() == 1 - share


def test_of_six_pixels_two_are_in_the_center():
    assert (1 - known_pixels("center", (6, 6))).sum() == 4


def test_a_mask_is_a_picture_of_the_images_shape(tmp_path):
    hole = np.full((4, 6), 255, np.uint8)
    hole[1, 2] = 0
    Image.fromarray(hole).save(tmp_path / "hole.png")
    known = known_pixels(str(tmp_path / "hole.png"), (4, 6))
    np.testing.assert_array_equal(known, hole.reshape(-1) / 255)
    Image.fromarray(np.array([[127, 128]], np.uint8)).save(tmp_path / "grey.png")
    np.testing.assert_array_equal(known_pixels(str(tmp_path / "grey.png"), (1, 2)), [0, 1])
    with pytest.raises(InputError, match="is 4 x 6; the run's images are 6 x 4"):
        known_pixels(str(tmp_path / "hole.png"), (6, 4))


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        ("middle", "--mask must be"),
        ("none.png", "cannot read"),
        ("white.png", "hides none of"),
        ("black.png", "hides all of"),
    ],
)
def test_what_is_no_mask(mask, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, grey in (("white", 255), ("black", 0)):
        Image.fromarray(np.full((4, 4), grey, np.uint8)).save(f"{name}.png")
    with pytest.raises(InputError, match=message):
        known_pixels(mask, (4, 4))


def test_a_detector_of_one_class_tells_the_others(capsys, train):
    folder = train("detector", data="bars.npz:1")
    result = answer(capsys, "detect", folder, "--out", "roc.png")
    assert result["angle"]["auroc"] > 0.95
    assert {"reconstruction", "latent", "principal components", "nearest rows"} < set(result)
    assert picture("roc.png").std() > 0


@pytest.mark.parametrize("preset", ["vae", "gan-small"])
def test_generative_models_have_scores_too(capsys, train, preset):
    folder = train(preset, data="bars.npz:1", steps=2)
    result = answer(capsys, "detect", folder, "--rows", 12, "--out", "roc.png")
    assert {"vae": {"bound"}, "gan-small": {"critic", "features", "search"}}[preset] < set(result)


def test_what_cannot_be_detected(capsys, train):
    folder = train("detector", steps=2)
    assert "--normal" in refusal(capsys, "detect", folder, "--out", "roc.png")
    assert "no rows of class 7" in refusal(
        capsys, "detect", folder, "--normal", 7, "--out", "roc.png"
    )
    assert "no rows of class 9" in refusal(
        capsys, "train", "detector", "--data", "bars.npz:9", "--out", "no"
    )
    with np.load("bars.npz") as bars:
        np.savez("known.npz", train=bars["train"], train_labels=bars["train_labels"])
    folder = train("autoencoder", data="known.npz", steps=1)
    config = Path(folder, "config.toml")  # as runs have it that kept nothing back
    config.write_text(config.read_text().replace("validation = 0.1\n", ""))
    for words in (("detect", folder, "--normal", 1), ("reduce", folder)):
        assert "has no test data" in refusal(capsys, *words, "--out", "p.png")


def test_a_discriminator_of_pairs_has_no_opinion_of_one_image():
    generator, pairs = Sequential(Dense(3, 4), Sigmoid()), Sequential(Dense(8, 1))
    comparing = build(["dense 4 3", "minibatch_stddev", "dense 4 1"])
    for gan in (GAN(generator, pairs, packing=2), GAN(generator, comparing)):
        assert {"critic", "features"}.isdisjoint(anomaly.scores_for(gan))


def test_an_attack_fools_a_classifier_and_a_defence_is_measured(capsys, train):
    folder, through = train("classifier"), train("denoiser")
    robust = train("classifier-robust", steps=30)
    words = ("--through", through, "--beside", robust, "--epsilon", 0.1, 0.6, "--images", 40)
    result = answer(capsys, "defend", folder, *words, "--curve", "c.png", "--out", "a.png")
    assert set(result) == {"0", "0.1", "0.6"}
    assert result["0"]["pgd"] == 1
    assert result["0.6"]["pgd"] < 0.5
    assert result["0.1"][f"pgd on {robust}"] > 0.9
    assert result["0.1"]["pgd that knows denoiser"] <= result["0.1"]["through denoiser"]
    assert 0 <= result["0.6"]["through denoiser: auroc of detection"] <= 1
    assert picture("a.png").std() > 0
    assert picture("c.png").std() > 0


@pytest.mark.parametrize("preset", ["vae", "autoencoder", "gan-small"])
def test_ways_and_directions_are_drawn(capsys, train, preset):
    folder = train(preset, steps=2)
    result = answer(capsys, "interpolate", folder, "--pairs", 2, "--out", "w.png")
    assert result["straight"]["mean_length"] < result["sphere"]["mean_length"]
    answer(capsys, "interpolate", folder, "--pairs", 3, "--steps", 4, "--out", "w.gif")
    with Image.open("w.gif") as loop:
        assert loop.n_frames == 12
    result = answer(capsys, "explore", folder, "--rows", 3, "--out", "d.png")
    if preset == "gan-small":
        assert result == {}  # the noise's coordinates are alike
    else:
        assert result["share_of_variance"] == sorted(result["share_of_variance"], reverse=True)
        assert len(result["share_of_variance"]) == 3
    for name in ("w.png", "d.png"):
        assert picture(name).std() > 0


def test_codes_of_one_number_have_the_straight_way_alone(capsys, train):
    text = Path(train("vae", steps=1), "config.toml").read_text()
    Path("line").mkdir()
    line = text.replace("dense 400 40 ", "dense 400 2 ").replace("dense 20 ", "dense 1 ")
    Path("line", "config.toml").write_text(line)
    assert run(capsys, "train", "--resume", "line", "--quiet")[0] == 0
    for out in ("w.png", "w.gif"):
        result = answer(capsys, "interpolate", "line", "--pairs", 2, "--steps", 3, "--out", out)
        assert set(result) == {"ends", "straight"}


def test_a_plane_of_codes_is_drawn_as_a_grid(capsys, train):
    answer(capsys, "explore", train("vae-2d", steps=2), "--steps", 5, "--out", "d.png")
    height, width = picture("d.png").shape
    assert height == width


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--seed", -1), "--seed: it must be a whole number, at least 0"),
        (("--curve", "c.jpg"), "--curve: c.jpg"),
        (("--steps", 0), "--steps"),
        (("--epsilon", -0.1), "--epsilon"),
        (("--epsilon", 1.5), "--epsilon 1.5: pixels differ by"),
        (("--epsilon", 1.5, 0.1), "--epsilon 1.5: pixels differ by"),
        (("--curve", "a.png"), "both a.png"),
    ],
)
def test_what_cannot_be_defended(capsys, train, words, message):
    folder = train("classifier", steps=1)
    assert message in refusal(capsys, "defend", folder, *words, "--out", "a.png")


def test_images_go_only_through_what_was_trained_on_such(capsys, train):
    folder = train("classifier", steps=1)
    rng, labels = np.random.default_rng(0), np.arange(40) % 4
    np.savez("small.npz", train=rng.integers(0, 256, (40, 6, 6), np.uint8), train_labels=labels)
    np.savez("four.npz", train=np.zeros((40, SIDE, SIDE), np.uint8), train_labels=labels)
    through = train("autoencoder", data="small.npz", steps=1)
    message = refusal(capsys, "defend", folder, "--through", through, "--out", "a.png")
    assert "have 36 numbers, the classifier's images 256" in message
    beside = train("classifier-robust", data="four.npz", steps=1)
    message = refusal(capsys, "defend", folder, "--beside", beside, "--out", "a.png")
    assert "knows 4 classes" in message


def test_a_defence_of_another_range_sees_its_own_and_gives_the_classifiers_back():
    seen = []
    copier = SimpleNamespace(value_range=(-1, 1), reconstruct=lambda x: seen.append(x) or x)
    classifier, x = SimpleNamespace(value_range=(0, 1)), np.array([[0.0, 0.25, 1.0]])
    way = defend.defence(Path("copier"), copier, classifier, np.random.default_rng(0))
    np.testing.assert_array_equal(way(x), x)
    np.testing.assert_array_equal(seen, [[[-1.0, -0.5, 1.0]]])


def test_pixels_are_rounded_to_the_nearer_end():
    np.testing.assert_array_equal(defend.rounded(np.array([-1.0, -0.1, 0.2]), -1, 1), [-1, -1, 1])


def test_neighbours_are_sought_among_rows_of_the_whole_file(monkeypatch):
    """A file may have its classes one after the other: the first rows are of the first alone."""
    monkeypatch.setattr(anomaly, "KNOWN", 40)
    train = np.repeat([[0.0], [9.0]], 100, axis=0)
    scores = anomaly.nearest_rows(None, np.array([[0.0], [9.0]]), train, np.random.default_rng(0))
    np.testing.assert_array_equal(scores, 0)


def test_directions_do_not_say_how_bold_an_image_is():
    rng = np.random.default_rng(0)
    x, train = rng.random((4, 25)), rng.random((9, 25))
    scores = [anomaly.nearest_directions(None, rows, train, rng, (5, 5)) for rows in (x, 3 * x)]
    np.testing.assert_allclose(*scores)


def test_what_a_critic_takes_for_generated_is_strange():
    gan = GAN(Sequential(Dense(1, 1)), Sequential(Dense(1, 1)))
    gan.discriminator.parameters["0.weight"][...] = 2
    x = np.array([[1.0], [-3.0]], np.float32)
    assert anomaly.critic(gan, x, x, np.random.default_rng(0)).tolist() == [-2, 6]
