"""Codes: directions, paths from one to the next, and maps."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from commands import run
from drawings import CLASSES, SHAPE, answer, assert_drawn

from npgan import metrics
from npgan.commands import explore, interpolate, reduce
from npgan.metrics import PCA, neighbour_accuracy
from npgan.study import latent
from npgan.study.features import features


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
            assert (grid.path, grid.shape, grid.columns) == (Path("d.png"), (*SHAPE, 1), 5)
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
    assert (film.path, film.shape) == (Path("w.gif"), (*SHAPE, 1))
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
    width = {"vae-2d": 2, "autoencoder": 42}[preset]  # of images of 13 x 13
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
    folder, *_ = made("autoencoder", "--latent", 64, data="rows.npy")  # for rows of 4 numbers
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


def test_two_numbers_have_a_way_along_a_circle(capsys, made, drawn):
    folder, model, _ = made("vae-2d")
    assert model.gaussian.mean(np.zeros((1, model.features), np.float32)).shape == (1, 2)
    result = answer(capsys, "interpolate", folder, "--out", "w.png")
    assert result.keys() == {"ends", "straight", "sphere"}


def test_of_as_many_codes_as_test_rows_each_is_drawn_once():
    rows = np.arange(20.0)
    model, dataset = SimpleNamespace(encode=lambda x: x), SimpleNamespace(held_out=(rows, None))
    trained, rng = SimpleNamespace(model=model, dataset=dataset), np.random.default_rng(0)
    assert sorted(interpolate.codes_of(trained, 20, rng)) == rows.tolist()
    assert len(interpolate.codes_of(trained, 21, rng)) == 21
