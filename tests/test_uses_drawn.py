"""What commands draw and say is what a run's model makes of its data."""

import io
import json
from functools import partial
from inspect import signature
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from commands import run

from npgan import (
    GAN,
    Classifier,
    Dense,
    Sequential,
    Tanh,
    data,
    metrics,
    plotting,
    runs,
)
from npgan.commands import (
    common,
    complete,
    defend,
    detect,
    enhance,
    explore,
    interpolate,
    reduce,
)
from npgan.metrics import PCA, neighbour_accuracy
from npgan.study import anomaly, attacks, latent
from npgan.study.features import features, probabilities

SHAPE = 14, 12
CLASSES = 5, 7, 9


@pytest.fixture
def made(capsys, tmp_path, monkeypatch):
    """Return what trains a preset by a step, without pictures, on images whose classes are 5, 7 and 9."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("npgan.runs.draw", lambda *_: None)
    monkeypatch.setattr("npgan.plotting.save_curves", lambda *_: None)

    def make(preset, *words, shape=SHAPE, data="own.npz"):
        x = np.random.default_rng(0).integers(0, 256, (130, *shape)).astype(np.uint8)
        x[:, : shape[0] // 2] //= 3
        labels = np.array(CLASSES)[np.arange(130) % 3]
        parts = {"train": x[:90], "train_labels": labels[:90]}
        np.savez("own.npz", **parts, test=x[90:], test_labels=labels[90:])
        size = ("--batch-size", 20, "--steps", 1, "--quiet", "--out", preset)
        code, _, err = run(capsys, "train", preset, "--data", data, *size, *words)
        assert code == 0, err
        model, config = runs.load(Path(preset))
        return preset, model, runs.load_data(config, Path(preset))

    return make


@pytest.fixture
def drawn(monkeypatch):
    """Return what is given to be drawn, by the kind of picture; nothing is."""
    found = {}
    for kind in ("rows", "grid", "animation", "points"):
        name = f"save_{kind}"
        bind = signature(getattr(plotting, name)).bind

        def keep(*arguments, kind=kind, bind=bind, **more):
            found[kind] = SimpleNamespace(**bind(*arguments, **more).arguments)

        monkeypatch.setattr(plotting, name, keep)
    return found


class Terminal(io.StringIO):
    """Standard error that somebody looks at."""

    def isatty(self):
        return True


def answer(capsys, *words):
    """Return what a command says, which is nothing but JSON where nobody looks on."""
    code, out, err = run(capsys, *words)
    assert (code, err) == (0, "")
    return json.loads(out) if out else None


def assert_drawn(picture, rows, shape=SHAPE):
    """See whether rows of images were drawn, the first 12 of each."""
    assert list(picture.rows) == list(rows)
    assert picture.shape == shape
    for name, images in rows.items():
        expected = np.clip(images[:12], 0, 1)
        np.testing.assert_allclose(picture.rows[name], expected, atol=1e-5, err_msg=name)


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


def test_a_classifier_is_attacked_beside_another_and_through_defences(
    capsys, made, drawn, monkeypatch
):
    curves = []
    monkeypatch.setattr(defend, "draw_curve", lambda *arguments: curves.append(arguments))
    folder, model, dataset = made("classifier")
    auto, coder, _ = made("denoiser")
    vae, bayes, _ = made("vae")
    beside, other, _ = made("classifier-robust")
    words = ("--through", auto, "--through", vae, "--beside", beside, "--epsilon", 0.3, 0.1, 0.3)
    words += ("--images", 30, "--steps", 2, "--seed", 5, "--curve", "c.png", "--out", "a.png")
    result = answer(capsys, "defend", folder, *words)
    x, labels = dataset.test[:30] / np.float32(255), dataset.test_labels[:30]
    whole = Classifier(Sequential(*coder.encoder, *coder.decoder, *model.classifier))
    defences = {
        "rounded": lambda x: (x >= 0.5).astype(np.float32),
        f"through {auto}": coder.reconstruct,
        f"through {vae}": bayes.reconstruct,
    }
    nets = {"pgd": model, f"pgd that knows {auto}": whole, f"pgd on {beside}": other}
    pure = {name: purify(x) for name, purify in defences.items()}
    expected = {"0": {name: net.accuracy(x, labels) for name, net in nets.items()}}
    expected["0"]["fgsm"] = expected["0"]["pgd"]
    expected["0"] |= {name: model.accuracy(y, labels) for name, y in pure.items()}
    for epsilon in (0.1, 0.3):
        noise = np.random.default_rng(5)
        attacked = {
            n: attacks.pgd(net, x, labels, epsilon, steps=2, rng=noise) for n, net in nets.items()
        }
        row = {name: net.accuracy(attacked[name], labels) for name, net in nets.items()}
        row["fgsm"] = model.accuracy(attacks.fgsm(model, x, labels, epsilon), labels)
        restored = {name: purify(attacked["pgd"]) for name, purify in defences.items()}
        for name, y in restored.items():
            row[name] = model.accuracy(y, labels)
            moved = [
                np.square(a - b).sum(axis=1) for a, b in ((x, pure[name]), (attacked["pgd"], y))
            ]
            row[f"{name}: auroc of detection"] = metrics.auroc(np.r_[*moved], np.arange(60) >= 30)
        expected[str(epsilon)] = row
    assert result.keys() == expected.keys()
    for epsilon, row in expected.items():
        assert result[epsilon] == pytest.approx(row)
    assert curves == [(Path("c.png"), result)]
    rows = {"clean": x, "change": 0.5 + attacked["pgd"] - x, "attacked, ε 0.3": attacked["pgd"]}
    assert_drawn(drawn["rows"], rows | restored)
    notes = {
        name: np.array(CLASSES)[model.predict(y[:12])].tolist()
        for name, y in (rows | restored).items()
    }
    del notes["change"]
    assert drawn["rows"].notes == notes


@pytest.mark.parametrize("averaged", [False, True])
def test_a_defence_by_a_gan_gives_the_nearest_image_that_it_makes(monkeypatch, averaged):
    network = Sequential(Dense(2, 4, rng=0), Tanh())
    gan = GAN(network, Sequential(Dense(4, 1)), ema=0.9 * averaged)
    if averaged:
        gan.average.parameters.flat[...] *= -2
    nearest = gan.average or gan.generator
    classifier = SimpleNamespace(value_range=(0, 1))
    x = np.random.default_rng(1).random((3, 4)).astype(np.float32)
    way = defend.defence(Path("gan"), gan, classifier, np.random.default_rng(0))
    z = latent.search(nearest, 2 * x - 1, np.random.default_rng(0), prior=0.0)
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    np.testing.assert_allclose(way(x), (nearest(z) + 1) / 2, rtol=1e-6)
    assert terminal.getvalue().strip("\r").startswith("through gan:   0%|")


def test_a_search_shows_how_far_it_has_got_and_leaves_nothing(capsys, made, drawn, monkeypatch):
    folder, *_ = made("gan-small")
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    run(capsys, "complete", folder, "--images", 1, "--out", "c.png")
    first, *_, last = terminal.getvalue().strip("\r").split("\r")
    assert first.startswith("search:   0%|")
    assert "/300" in first
    assert not last.strip()


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
        assert (code, f"not some of class {normal}, some of others" in err) == (
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
    assert "not some of class 5, some of others" in run(capsys, *words, "--normal", 5)[2]


@pytest.mark.parametrize("preset", ["vae", "gan-medium", "vae-2d"])
def test_directions_of_codes_are_followed(capsys, made, drawn, preset):
    folder, model, dataset = made(preset)
    result = answer(
        capsys, "explore", folder, "--rows", 3, "--steps", 5, "--seed", 3, "--out", "d.png"
    )
    steps = np.array([-3, -1.5, 0, 1.5, 3])[:, None]
    if preset == "gan-medium":
        z, on = model.latent(10_000, np.random.default_rng(3))[0], np.eye(100)
        codes = {f"z{i}": z * (1 - on[i]) + steps * on[i] for i in range(3)}
        assert result == {}
    else:
        found = model.encode(dataset.test)
        values, _ = np.linalg.eigh(np.cov(found.T.astype(np.float64), bias=True))
        share = (values / values.sum())[::-1]
        assert result["share_of_variance"] == pytest.approx(share[:3].tolist(), rel=1e-4)
        if preset == "vae-2d":
            grid = drawn["grid"]
            assert (grid.path, grid.shape, grid.columns) == (Path("d.png"), SHAPE, 5)
            codes = explore.plane(found, 5).astype(np.float32)
            np.testing.assert_allclose(grid.images, model.decode(codes), atol=1e-5)
            return
        codes = {
            f"{i + 1}, {share[i]:.0%} of the variance": found.mean(axis=0)
            + steps * np.sqrt(values[-1 - i]) * PCA(found, 20).directions[:, i]
            for i in range(3)
        }
    low, high = model.value_range
    rows = {
        name: (model.decode(c.astype(np.float32)) - low) / (high - low) for name, c in codes.items()
    }
    assert_drawn(drawn["rows"], rows)


def test_of_few_directions_all_are_followed(capsys, made, drawn):
    folder, *_ = made("vae")
    answer(capsys, "explore", folder, "--rows", 50, "--out", "d.png")
    assert [len(row) for row in drawn["rows"].rows.values()] == [11] * 20


@pytest.mark.parametrize("preset", ["vae", "gan-medium"])
def test_paths_lead_from_one_code_to_the_next(capsys, made, drawn, monkeypatch, preset):
    monkeypatch.setattr(interpolate, "MIDPOINTS", 20)  # more codes than there are test rows
    folder, model, dataset = made(preset)
    rng = np.random.default_rng(3)
    of_vae = preset == "vae" and model.encode(dataset.test[rng.choice(40, 60, replace=True)])
    codes = (model.latent(60, rng) if preset == "gan-medium" else of_vae).astype(np.float64)
    low, high = model.value_range

    def images(z):
        return (model.decode(np.asarray(z, np.float32)) - low) / (high - low)

    words = ("--steps", 3, "--seed", 3)
    result = answer(capsys, "interpolate", folder, "--pairs", 2, *words, "--out", "w.png")
    ways, t = {"straight": latent.lerp, "sphere": latent.slerp}, np.array([0, 0.5, 1])
    ends = codes[:40].reshape(20, 2, -1)
    pairs = [(i, name, way) for i in range(2) for name, way in ways.items()]
    assert_drawn(
        drawn["rows"], {f"{i + 1}, {name}": images(way(*ends[i], t)) for i, name, way in pairs}
    )
    half = {name: np.vstack([way(*pair, t[1:2]) for pair in ends]) for name, way in ways.items()}
    for name, z in (half | {"ends": codes[:20]}).items():
        assert result[name] == {"mean_length": pytest.approx(np.linalg.norm(z, axis=1).mean())}
    answer(capsys, "interpolate", folder, "--pairs", 3, *words, "--out", "w.gif")
    loop = [latent.slerp(codes[i], codes[(i + 1) % 3], np.arange(3) / 3) for i in range(3)]
    film = drawn["animation"]
    assert (film.path, film.shape) == (Path("w.gif"), SHAPE)
    np.testing.assert_allclose(film.images, images(np.vstack(loop)), atol=1e-5)


def test_a_loop_needs_two_ends(capsys, made, drawn):
    folder, *_ = made("vae")
    code, _, err = run(capsys, "interpolate", folder, "--pairs", 1, "--out", "w.gif")
    assert (code, "--pairs must be a whole number, at least 2" in err) == (2, True)
    for pairs, out in ((2, "w.gif"), (1, "w.png")):
        assert run(capsys, "interpolate", folder, "--pairs", pairs, "--out", out)[0] == 0


def test_images_half_way_between_digits_are_compared_with_other_ends(
    capsys, made, drawn, monkeypatch
):
    monkeypatch.setattr(interpolate, "MIDPOINTS", 10)
    folder, model, dataset = made("vae", shape=(28, 28))
    result = answer(capsys, "interpolate", folder, "--seed", 3, "--out", "w.png")
    rows = np.random.default_rng(3).choice(40, 30, replace=False)
    codes = model.encode(dataset.test[rows]).astype(np.float64)
    ends = codes[:20].reshape(10, 2, -1)
    ways = {"ends": codes[:10], "straight": ends.mean(axis=1)}
    ways["sphere"] = np.vstack([latent.slerp(*pair, np.array([0.5])) for pair in ends])
    real = features(model.decode(codes[20:].astype(np.float32)))
    for name, z in ways.items():
        distance = metrics.frechet_distance(features(model.decode(z.astype(np.float32))), real)
        found = result[name]["frechet_distance_from_other_ends"]
        assert found == pytest.approx(distance, rel=1e-3, abs=1e-5)


@pytest.mark.parametrize("preset", ["vae-2d", "autoencoder"])
def test_a_map_shows_codes_or_their_two_main_components(capsys, made, monkeypatch, preset):
    pictures = []
    monkeypatch.setattr(reduce, "draw", lambda *arguments: pictures.append(arguments))
    folder, model, dataset = made(preset)
    result = answer(capsys, "reduce", folder, "-k", 3, "--out", "m.png")
    train, test = model.scaled(dataset.train), model.scaled(dataset.test)
    width = {"vae-2d": 2, "autoencoder": 64}[preset]
    components = PCA(train, width)
    coders = {model.name: model, f"{width} principal components": components}
    ((path, maps, labels),) = pictures
    assert path == Path("m.png")
    np.testing.assert_array_equal(labels, np.array(CLASSES)[dataset.test_labels])
    assert list(maps) == list(result) == list(coders)
    for name, coder in coders.items():
        code = coder.encode(test)
        image = coder.decode(code)
        image = np.clip(image, 0, 1) if preset == "vae-2d" else image  # which ends in no sigmoid
        error = np.square(image - test).mean()
        accuracy = neighbour_accuracy(
            code, dataset.test_labels, coder.encode(train), dataset.train_labels, 3
        )
        assert result[name] == pytest.approx(
            {"mean_squared_error": error, "neighbour_accuracy": accuracy}, rel=1e-5
        )
        plane = code if width == 2 else PCA(code, 2).encode(code)
        np.testing.assert_allclose(maps[name], plane, atol=1e-4)


def test_codes_without_labels_are_mapped_alone(capsys, made, monkeypatch):
    pictures = []
    monkeypatch.setattr(reduce, "draw", lambda *arguments: pictures.append(arguments))
    np.save("rows.npy", np.random.default_rng(0).random((60, 4), np.float32))
    folder, *_ = made("autoencoder", data="rows.npy")  # a code of 64 numbers for rows of 4
    result = answer(capsys, "reduce", folder, "--out", "m.png")
    assert list(result) == ["autoencoder", "4 principal components"]
    assert all(list(measures) == ["mean_squared_error"] for measures in result.values())
    assert pictures[0][2] is None


def test_a_code_of_one_number_is_mapped_on_a_line(capsys, made):
    folder, *_ = made("vae-2d")
    config = Path(folder, "config.toml")
    line = (
        config.read_text().replace("dense 400 4 ", "dense 400 2 ").replace("dense 2 ", "dense 1 ")
    )
    Path("line").mkdir()
    Path("line", "config.toml").write_text(line)
    assert run(capsys, "train", "--resume", "line", "--quiet")[0] == 0
    assert "1 principal components" in answer(capsys, "reduce", "line", "--out", "m.png")


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
        assert (grid.path, grid.shape, grid.columns) == (Path("s.png"), SHAPE, 3)


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
def test_what_cannot_be_sampled(capsys, made, words, message):
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
    assert (grid.path, grid.shape, grid.columns) == (Path("d.png"), SHAPE, 8)
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
def test_what_draws_images_needs_some(capsys, made, use, preset):
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
    assert (grid.path, grid.shape, grid.columns) == (Path("p.png"), SHAPE, 8)
    expected = np.vstack([first / np.float32(255), np.clip(model.reconstruct(first), 0, 1)])
    np.testing.assert_allclose(grid.images[:16], expected, atol=1e-6)


def test_a_run_without_a_preset_is_called_by_its_model(capsys, made, drawn):
    folder, *_ = made("vae-deep")
    config = Path(folder, "config.toml")
    assert "vae-deep" in answer(capsys, "complete", folder, "--images", 1, "--out", "c.png")
    config.write_text(config.read_text().replace('preset = "vae-deep"\n', ""))
    assert "vae" in answer(capsys, "complete", folder, "--images", 1, "--out", "c.png")


def test_a_classifier_without_labels_to_be_right_about_is_not_defended(capsys, made):
    folder, *_ = made("classifier")
    with np.load("own.npz") as own:
        np.savez("own.npz", **{name: own[name] for name in own if name != "test_labels"})
    code, _, err = run(capsys, "defend", folder, "--out", "a.png")
    assert (code, "own.npz has no labels to be right about" in err) == (2, True), err


def test_presets_are_listed_with_their_networks_and_settings(capsys):
    out = run(capsys, "presets")[1]
    lines = out.splitlines()
    for line in (
        "gan-mnist (the default): gan on mnist, 26 epochs, batch 64",
        "ring: gan on ring, 60000 steps, batch 256",
        "  encoder: dense 784 64 -> relu",
        "    name adam, lr 0.001",
        "  loss mse",
    ):
        assert line in lines
    assert out.count(" (the default)") == 1
    assert "" not in lines


def test_classes_that_only_training_rows_have_are_not_voted_on(capsys, made):
    folder, *_ = made("autoencoder")
    with np.load("own.npz") as own:
        np.savez("own.npz", **{name: own[name] for name in own if name != "test_labels"})
    result = answer(capsys, "reduce", folder, "--out", "m.png")
    assert all(list(measures) == ["mean_squared_error"] for measures in result.values())
