"""What a finished run is used for: its model, its samples, its reconstructions."""

import os
from pathlib import Path

import numpy as np
import pytest
from commands import picture, rows, run

from npgan import InputError, runs
from npgan.commands import common
from npgan.training import checkpoint

pytestmark = pytest.mark.usefixtures("in_an_empty_folder", "undrawn")


def test_at_most_as_many_samples_as_fit_in_4_gib_are_made(capsys):
    run(capsys, "train", "ring", "--steps", 2, "--out", "r")
    code, _, err = run(capsys, "sample", "r", "-n", 10**12, "--out", "s.npy")
    assert (code, "at most 536870912 samples of 2 numbers, 4 GiB" in err) == (2, True)


def test_exactly_as_many_samples_as_fit_are_made(capsys, monkeypatch):
    run(capsys, "train", "ring", "--steps", 2, "--out", "r")
    monkeypatch.setattr(common, "LARGEST", 2 * 7)
    assert run(capsys, "sample", "r", "-n", 7, "--out", "s.npy")[0] == 0
    assert run(capsys, "sample", "r", "-n", 8, "--out", "t.npy")[0] == 2


def test_a_run_makes_the_folders_that_it_lies_in(capsys):
    assert run(capsys, "train", "ring", "--steps", 1, "--out", "among/others")[0] == 0
    assert runs.read_config(Path("among/others")).steps == 1


def test_rows_that_do_not_form_a_picture_are_not_called_one(capsys):
    np.save("x.npy", np.random.default_rng(0).random((50, 5)))
    words = ("--data", "x.npy", "--steps", 2, "--batch-size", 20)
    _, _, err = run(capsys, "train", "autoencoder", *words, "--out", "a")
    assert "look at a/losses.png" in err
    code, _, err = run(capsys, "reconstruct", "a", "--out", "p.png")
    assert (code, "5 features are no picture" in err) == (2, True)
    run(capsys, "train", "ring", *words, "--out", "r")
    code, _, err = run(capsys, "sample", "r", "--out", "p.png")
    assert (code, "5 features are no picture: use --out FILE.npy" in err) == (2, True)
    assert not os.path.exists("p.png")


def test_samples_of_float_images_keep_the_datas_units(capsys):
    x = np.random.default_rng(0).normal(1, 2, (50, 4, 4))
    np.save("x.npy", x)
    words = ("--data", "x.npy", "--steps", 2, "--batch-size", 20, "--lr", 1e-9)
    assert run(capsys, "train", "vae-gan", *words, "--out", "r")[0] == 0
    assert run(capsys, "sample", "r", "-n", 500, "--out", "s.npy")[0] == 0
    assert np.load("s.npy").min() < 0
    for command in (["sample", "r"], ["reconstruct", "r"], ["data", "x.npy"]):
        assert run(capsys, *command, "--out", "p.png")[0] == 0
    assert len(np.unique(picture("p.png"))) > 100, "not all black or white"


def test_samples_of_byte_images_lie_in_the_unit_range_though_the_output_does_not(capsys, images):
    words = ("--data", images, "--steps", 2, "--batch-size", 20)
    run(capsys, "train", "vae-gan", *words, "--out", "r")
    run(capsys, "sample", "r", "-n", 500, "--out", "s.npy")
    samples = np.load("s.npy")
    assert 0 == samples.min() < samples.max() <= 1


def test_a_run_keeps_its_datas_name_or_where_its_file_lies(tmp_path):
    assert [runs.folder.place_of(name) for name in ("ring", "ring:3")] == ["ring", "ring:3"]
    assert runs.folder.place_of("x.npz:3") == str(tmp_path.resolve() / "x.npz:3")


@pytest.mark.parametrize("chosen", ["", ":1"])
def test_the_data_is_found_from_another_folder(capsys, labelled, tmp_path, monkeypatch, chosen):
    words = ("--data", f"{labelled.name}{chosen}", "--epochs", 1, "--batch-size", 20)
    run(capsys, "train", "autoencoder", *words, "--out", tmp_path / "r")
    assert "val_loss" in rows(tmp_path / "r" / "history.csv")[0]
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert run(capsys, "reconstruct", tmp_path / "r", "--out", "p.png")[0] == 0


def test_a_run_without_weights_or_a_step_is_not_shown(capsys, whole):
    for name in ("checkpoint.safetensors", "weights.safetensors"):
        (whole / name).unlink()
    code, _, err = run(capsys, "sample", whole, "--out", "s.png")
    said = "npgan: error: whole has no weights yet: npgan train --resume whole\n"
    assert (code, err) == (2, said)


def test_a_runs_model_is_that_of_its_checkpoint_and_else_of_its_weights(whole):
    arrays, numbers = checkpoint.load(whole / "checkpoint.safetensors")
    name = "generator.0.5.weight"
    checkpoint.save(whole / "checkpoint.safetensors", {**arrays, name: arrays[name] + 1}, numbers)
    model, config = runs.load(whole)
    np.testing.assert_array_equal(model.weights()[name], arrays[name] + 1)
    assert config.steps == 6
    (whole / "checkpoint.safetensors").unlink()
    np.testing.assert_array_equal(runs.load(whole)[0].weights()[name], arrays[name])


def test_a_model_is_loaded_for_a_task_that_it_fits(whole):
    from npgan.models import GAN, Autoencoder, ConditionalGAN

    assert isinstance(runs.load_for("it", whole, GAN)[0], GAN)
    assert runs.load_for("it", whole, (Autoencoder, GAN), ConditionalGAN)[1].model == "gan"
    for kinds, but in ((Autoencoder, ()), (GAN, GAN)):
        with pytest.raises(InputError, match=r"whole is a run of gan; it takes"):
            runs.load_for("it", whole, kinds, but)


@pytest.mark.parametrize(
    ("preset", "labels", "validated"),
    [
        ("autoencoder", ["train"], True),
        ("conditional-vae", ["train"], False),
        ("conditional-vae", ["train", "test"], True),
    ],
)
def test_test_rows_are_validated_with_where_they_have_the_labels_that_are_needed(
    capsys, undrawn, preset, labels, validated
):
    x = np.random.default_rng(0).integers(0, 256, (90, 5, 4)).astype(np.uint8)
    given = {f"{part}_labels": np.arange(45) % 3 for part in labels}
    np.savez("own.npz", train=x[:45], test=x[45:], **given)
    words = ("--data", "own.npz", "--epochs", 1, "--batch-size", 20, "--quiet", "--out", "r")
    code, _, err = run(capsys, "train", preset, *words)
    assert code == 0, err
    assert ("val_" in Path("r/history.csv").read_text()) == validated


def test_data_and_runs_of_a_project_move_together(capsys, tmp_path, monkeypatch, undrawn):
    """Data elsewhere keeps its place, and data that was left behind is missed by name."""
    project, elsewhere = tmp_path / "project", tmp_path / "x.npy"
    (project / "data").mkdir(parents=True)
    for path in (project / "data" / "x.npy", elsewhere):
        np.save(path, np.random.default_rng(0).random((60, 4)).astype(np.float32))
    monkeypatch.chdir(project)
    for name, path in ("near", "data/x.npy"), ("far", "../x.npy"):
        words = ("--data", path, "--steps", 2, "--quiet", "--out", f"runs/{name}")
        assert run(capsys, "train", "vae", *words)[0] == 0
    assert 'data = "./../../data/x.npy"' in (project / "runs/near/config.toml").read_text()
    project.rename(tmp_path / "moved")
    monkeypatch.chdir(tmp_path)
    for name in ("near", "far"):
        folder = tmp_path / "moved" / "runs" / name
        assert len(runs.load_data(runs.read_config(folder), folder).train) == 54
        assert run(capsys, "train", "--resume", folder, "--steps", 4, "--quiet")[0] == 0
    (tmp_path / "moved" / "data" / "x.npy").unlink()
    code, _, err = run(capsys, "evaluate", "moved/runs/near")
    missing = f"{tmp_path / 'moved' / 'data' / 'x.npy'}, the data of moved/runs/near, is not there"
    assert (code, missing in err) == (2, True), err
