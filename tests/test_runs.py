"""The folder of a run: begun once, written by one process, and complete however the run ends."""

import os
import signal
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from commands import WORDS, bytes_of, run

from npgan import backend, runs
from npgan.data import Dataset
from npgan.models.presets import preset
from npgan.training.callbacks import Measures
from npgan.training.history import History
from npgan.training.lock import locked

pytestmark = pytest.mark.usefixtures("in_an_empty_folder")


def test_an_existing_run_is_not_touched(capsys, undrawn):
    run(capsys, "train", "ring", "--steps", 2, "--out", "r")
    before = {name: os.stat(f"r/{name}").st_mtime_ns for name in os.listdir("r")}
    code, _, err = run(capsys, "train", "ring", "--steps", 2, "--out", "r")
    assert code == 2
    assert "--resume r" in err
    assert before == {name: os.stat(f"r/{name}").st_mtime_ns for name in os.listdir("r")}


@pytest.mark.parametrize("step", [2, 3])
def test_weights_are_written_however_a_run_ends_without_an_error(
    capsys, undrawn, monkeypatch, step
):
    """Ctrl-C in the last step finds the run complete; before it, the run can go on."""
    from npgan.models import GAN

    train_step = GAN.train_step

    def pressed(self, *batch):
        if self.step == step - 1:
            signal.raise_signal(signal.SIGINT)
        return train_step(self, *batch)

    monkeypatch.setattr(GAN, "train_step", pressed)
    code, _, err = run(capsys, "train", "ring", "--steps", 3, "--out", "r")
    assert (code, "stopped at step 2 of 3" in err) == ((130, True) if step == 2 else (0, False))
    run(capsys, "sample", "r", "-n", 5, "--out", "a.npy")
    os.remove("r/checkpoint.safetensors")
    run(capsys, "sample", "r", "-n", 5, "--out", "b.npy")
    np.testing.assert_array_equal(np.load("a.npy"), np.load("b.npy"))


def test_a_picture_that_fails_does_not_lose_the_state(capsys, monkeypatch):

    def fails(_model, _config, _real, _labels, path):
        if "step-0000000" not in path.name:
            raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(runs.train, "draw", fails)
    assert run(capsys, "train", "ring", "--epochs", 1, "--out", "r", "--quiet")[0] == 2
    assert run(capsys, "sample", "r", "--out", "s.png")[0] == 0


def test_a_schedule_ends_with_its_networks_last_update():
    config = replace(
        preset("ring"),
        steps=100,
        settings={"n_critic": 5},
        optimizers={
            name: {"name": "sgd", "lr": 1.0, "schedule": "linear"}
            for name in ("generator", "discriminator")
        },
    )
    optimizers = config.build(1000).optimizers
    assert [optimizers[n].lr(10) for n in ("generator", "discriminator")] == [0.5, 0.9]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_folder_is_one_line(capsys, tmp_path):
    tmp_path.chmod(0o500)
    code, _, err = run(capsys, "train", "ring", "--steps", 2, "--out", "r")
    assert (code, err.count("\n")) == (2, 1)


def test_a_full_disk_is_one_line(capsys, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device", "r/config.toml")

    monkeypatch.setattr("npgan.system.disk.write_atomically", full)
    code, _, err = run(capsys, "train", "ring", "--steps", 2, "--out", "r", "--quiet")
    assert code == 2
    assert err == "npgan: error: r/config.toml: No space left on device\n"


def test_a_run_has_one_writer(capsys, whole):
    with locked(whole):
        code, _, err = run(capsys, "train", "--resume", "whole", "--steps", 9)
        assert (code, "trained by another process" in err) == (2, True)
    Path("r").mkdir()
    with locked(Path("r")):
        assert run(capsys, *WORDS, "--steps", 6, "--out", "r")[0] == 2
    assert os.listdir("r") == [".lock"]


def test_runs_that_begin_together_get_names_of_their_own(capsys, undrawn, monkeypatch):
    """The other begins between the look for a free name and the first file."""

    free, others = runs.train._check_free, []

    def other(folder):
        free(folder)
        if not others:
            folder.mkdir(parents=True)
            others.append((folder / "config.toml").write_bytes(b"another's"))

    monkeypatch.setattr(runs.train, "_check_free", other)
    assert run(capsys, *WORDS, "--steps", 2)[0] == 0
    assert sorted(os.listdir("runs")) == ["ring", "ring-2"]
    assert bytes_of("runs/ring", "config.toml") == b"another's"


@pytest.mark.parametrize("name", ["history.csv", "checkpoint.safetensors", "weights.safetensors"])
def test_a_link_in_a_runs_folder_is_replaced_not_written_through(capsys, whole, name):
    Path("target").write_bytes(bytes_of(whole, name))
    (whole / name).unlink()
    (whole / name).symlink_to(Path("target").absolute())
    before = Path("target").read_bytes()
    assert run(capsys, "train", "--resume", whole, "--steps", 8)[0] == 0
    assert Path("target").read_bytes() == before
    assert not (whole / name).is_symlink()


def test_a_folder_of_pictures_that_is_a_link_is_refused(capsys, whole):
    (whole / "samples").rmdir()
    (whole / "samples").symlink_to(Path.cwd())
    Path(".npgan-0.tmp").write_bytes(b"another's")
    code, _, err = run(capsys, "train", "--resume", whole, "--steps", 8)
    assert (code, "whole/samples is a link" in err) == (2, True)
    assert Path(".npgan-0.tmp").exists()


def test_what_killed_writers_left_is_removed(capsys, whole):
    for folder in (whole, whole / "samples"):
        (folder / ".npgan-0123.tmp").write_bytes(b"half")
    run(capsys, "train", "--resume", whole, "--steps", 8)
    assert not list(whole.rglob(".npgan-*"))


def test_a_run_before_its_first_step_says_how_to_go_on(capsys, undrawn, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("npgan.training.Loop.run", lambda *_, **__: signal.raise_signal(2))
        code, _, err = run(capsys, *WORDS, "--steps", 6, "--out", "r")
    assert (
        code,
        "the last checkpoint is intact. Resume with:\n  npgan train --resume r" in err,
    ) == (130, True)
    code, _, err = run(capsys, "sample", "r", "--out", "s.png")
    assert err == "npgan: error: r has made no step yet: npgan train --resume r\n"


def test_only_models_that_make_samples_are_measured(capsys, undrawn, images):
    words = ("train", "autoencoder", "--data", images, "--steps", 1, "--metrics-every", 1)
    code, _, err = run(capsys, *words, "--batch-size", 20, "--out", "r")
    assert (code, "there are no samples of a model autoencoder to measure" in err) == (2, True)


def test_what_a_callback_adds_to_a_row_is_written_with_it(undrawn):
    config = replace(preset("ring"), epochs=None, steps=1, backend="numpy")
    runs.start(config, Path("r"), [Measures(1, lambda: {"more": 7.0})])
    assert History.read_csv(Path("r/history.csv"))["more"] == [7]


def test_a_run_has_the_backend_of_its_configuration(undrawn, monkeypatch):
    used = []
    monkeypatch.setattr(backend, "use", used.append)
    runs.start(replace(preset("ring"), epochs=None, steps=1, backend="numpy"), Path("r"))
    assert used == ["numpy"]


def test_curves_are_drawn_when_training_has_ended():
    loop = SimpleNamespace(history=History.of([{"step": 1, "d_loss": 2.0}]))
    runs.train.Curves(Path("c.png"), preset("ring").build(1000)).on_train_end(loop)
    assert Path("c.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_run_does_not_begin_where_something_exists(capsys, undrawn, kind):
    if kind == "file":
        Path("r").write_text("mine")
    else:
        Path("r/mine").mkdir(parents=True)
    code, _, err = run(capsys, *WORDS, "--steps", 2, "--out", "r")
    assert (code, "r exists: go on with --resume r" in err) == (2, True)


@pytest.mark.parametrize(("batch", "share"), [(9, 0.1), (10, 0.0)])
def test_a_tenth_is_held_out_where_the_rest_fills_a_batch(batch, share):
    np.save("d.npy", np.eye(10, 2, dtype=np.float32))
    given = replace(preset("ring"), data="d.npy", batch_size=batch, validation=None)
    config, dataset = runs.train.read(given)
    assert (config.validation, len(dataset.train)) == (share, batch)


def test_a_batch_may_be_a_single_row(capsys):
    words = ("--steps", 2, "--batch-size", 1, "--quiet", "--out", "r")
    assert run(capsys, "train", "ring", *words)[0] == 0


def test_what_layers_leave_out_is_said_when_a_run_begins_also_by_resuming(capsys, undrawn):
    np.save("d.npy", np.zeros((20, 6, 6), np.uint8))
    encoder = ["reshape 6 6 1", "conv2d 1 2 3 2", "flatten", "dense 8 3"]
    networks = {"encoder": encoder, "decoder": ["dense 3 36", "sigmoid"]}
    config = replace(preset("autoencoder"), networks=networks, data="d.npy", latent=3)
    runs.start(config.override(steps=1, batch_size=5), Path("r"))
    said = "encoder: Conv2D(1, 2, 3, 2): of 6 x 6 pixels the last 1 row and the last 1 column"
    assert said in capsys.readouterr().err
    for path in Path("r").iterdir():
        if path.is_file() and path.name != runs.CONFIG:
            path.unlink()
    for expected in (True, False):
        runs.resume(Path("r"), steps=1 + (not expected))
        assert (said in capsys.readouterr().err) == expected


@pytest.mark.parametrize("labels", [None, np.arange(12) % 3])
def test_held_out_rows_without_the_labels_that_a_model_learns_from_are_not_looked_at(
    tmp_path, labels
):
    rows = np.arange(12 * 4, dtype=np.uint8).reshape(12, 4)
    dataset = Dataset("own", rows, rows, np.arange(12) % 3, labels, shape=(4,))
    config = preset("classifier").override(batch_size=4, epochs=1).for_data(dataset)
    loop = runs.train._loop(config.build(12), config, dataset, tmp_path)
    assert (loop.validation is None) == (labels is None)
