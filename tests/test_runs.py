"""Runs on disk, as a user meets them: resumed, interrupted, damaged, sampled."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from commands import picture, rows, run
from safetensors.numpy import save_file

from npgan import InputError, runs
from npgan.commands.cli import main
from npgan.models.presets import preset
from npgan.training import History, checkpoint
from npgan.training.lock import locked


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def undrawn(monkeypatch):
    """Leave the pictures out, which take most of a short run's time."""
    monkeypatch.setattr("npgan.runs.draw", lambda *_: None)
    monkeypatch.setattr("npgan.plotting.save_curves", lambda *_: None)


def as_before(folder):
    """Make a checkpoint as earlier versions wrote it: no digest, no history."""
    path = Path(folder, "checkpoint.safetensors")
    arrays, numbers = checkpoint.load(path)
    del arrays["history"], numbers["history"]
    save_file(arrays, path, {"npgan": json.dumps(numbers)})


def test_an_interrupted_run_is_resumed_to_the_same_bits(capsys, images):
    """A subprocess is killed with Ctrl-C, resumed, and compared with an undisturbed run."""
    train = [
        sys.executable,
        "-m",
        "npgan",
        "train",
        "gan-small",
        "--data",
        str(images),
        "--batch-size",
        "20",
    ]
    length = ["--steps", "600"]
    process = subprocess.Popen([*train, *length, "--out", "a"], stderr=subprocess.PIPE, text=True)
    while len(rows("a/history.csv")) < 3:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(2)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "npgan train --resume a" in err
    assert run(capsys, "train", "--resume", "a")[0] == 0
    assert (
        run(
            capsys,
            "train",
            "gan-small",
            "--data",
            images,
            "--batch-size",
            20,
            *length,
            "--out",
            "b",
        )[0]
        == 0
    )
    with open("a/weights.safetensors", "rb") as a, open("b/weights.safetensors", "rb") as b:
        assert a.read() == b.read()
    mine, other = (History.read_csv(p) for p in (Path("a/history.csv"), Path("b/history.csv")))
    assert mine["d_loss"] == other["d_loss"]


def test_a_finished_run_is_trained_longer_only_when_asked(capsys, images):
    run(capsys, "train", "gan-small", "--data", images, "--steps", 5, "--out", "r")
    code, _, err = run(capsys, "train", "--resume", "r")
    assert (code, "r is at step 5 already, and 5 are asked for" in err) == (2, True)
    assert run(capsys, "train", "--resume", "r", "--steps", 8)[0] == 0
    assert History.read_csv(Path("r/history.csv"))["step"][-1] == 8
    code, _, err = run(capsys, "train", "--resume", "r", "--steps", 0)
    assert (code, err) == (2, "npgan: error: steps must be at least 1, not 0\n")


def test_a_run_whose_history_has_an_earlier_versions_columns_goes_on(capsys, images):
    """They were of every objective; they stay where they are, and nothing is added to them."""
    words = ("gan-mnist", "--data", images, "--batch-size", 20, "--steps", 2)
    assert run(capsys, "train", *words, "--backend", "numpy", "--out", "r")[0] == 0
    as_before("r")
    table = Path("r/history.csv")
    table.write_text(table.read_text().replace("d_pairs_won", "d_real"))
    assert run(capsys, "train", "--resume", "r", "--steps", 4)[0] == 0
    first, last = History.read_csv(table).rows
    assert ("d_real" in first, "d_pairs_won" in first) == (True, False)
    assert ("d_real" in last, "d_pairs_won" in last) == (False, True)


def test_a_run_whose_data_was_moved_goes_on_with_them(capsys, images, undrawn):
    words = ("train", "gan-small", "--data", images, "--batch-size", 20)
    run(capsys, *words, "--steps", 7, "--out", "whole")
    run(capsys, *words, "--steps", 4, "--out", "r")
    images.rename("moved.npy")
    gone = (
        "images.npy, the data of r, is not there any more: say where it is now by npgan train --r"
    )
    for command in (["train", "--resume", "r", "--steps", 7], ["evaluate", "r"]):
        code, _, err = run(capsys, *command)
        assert (code, gone in err) == (2, True)
    np.save("other.npy", np.load("moved.npy")[::-1])
    code, _, err = run(capsys, "train", "--resume", "r", "--data", "other.npy", "--steps", 7)
    assert (code, "other.npy is not the data that r was trained on: checksum" in err) == (2, True)
    assert run(capsys, "train", "--resume", "r", "--data", "moved.npy")[0] == 0, "it is only noted"
    assert run(capsys, "train", "--resume", "r", "--steps", 7)[0] == 0
    weights = [Path(name, "weights.safetensors").read_bytes() for name in ("whole", "r")]
    assert weights[0] == weights[1]


def test_a_run_of_another_length_says_where_its_schedules_go_on(capsys, undrawn):
    run(capsys, "train", "ring", "--steps", 4, "--out", "r")
    before = Path("r/config.toml").read_text()
    _, _, err = run(capsys, "train", "--resume", "r", "--steps", 8)
    assert "schedules now end with the run that was asked for" in err
    assert "the generator's rate is 0.0005 where it would have been 0," in err
    assert "the penalty r1 is 0.00548 where it would have been 0.0001" in err
    assert Path("r/config.toml").read_text() == before.replace("steps = 4", "steps = 8")


def test_an_existing_run_is_not_touched(capsys):
    run(capsys, "train", "ring", "--steps", 2, "--out", "r")
    before = {name: os.stat(f"r/{name}").st_mtime_ns for name in os.listdir("r")}
    code, _, err = run(capsys, "train", "ring", "--steps", 2, "--out", "r")
    assert code == 2
    assert "--resume r" in err
    assert before == {name: os.stat(f"r/{name}").st_mtime_ns for name in os.listdir("r")}


CONFIGS = {
    "not TOML": "model = ",
    "unknown layer": ("relu", "rellu"),
    "unknown setting": ('model = "gan"', 'model = "gan"\ncolour = 1'),
    "wrong type": ("batch_size = 256", 'batch_size = "256"'),
    "a huge network": ("dense 34 64", "dense 2 999999999"),
    "huge features": ("fourier 2 8", "fourier 2 999999999"),
    "a block of nothing": ('"fourier 2 8 0.5 128.0"', "[]"),
    "unknown optimiser": ('"adam"', '"adma"'),
    "unknown optimiser setting": ("beta1", "beta9"),
    "not a layer": ('"dense 34 64 normal"', "7"),
    "missing": ("batch_size = 256\n", ""),
    "infinite": ("lr = 0.001", "lr = nan"),
    "text for a number": ("lr = 0.001", 'lr = "fast"'),
    "an integer of 5000 digits": ("batch_size = 256", f"batch_size = {'9' * 5000}"),
    "a rate beyond floats": ("lr = 0.001", f"lr = 1{'0' * 400}"),
    "hidden in white space": ("dense 34 64", " dense 2000000 2000000"),
    "hidden behind a tab": ("dense 34 64", "dense\\t2000000 2000000"),
    "an optimiser that is none": ('name = "adam"\nlr = 0.001', "lr = 0.001"),
    "a critic that squashes": ('"dense 64 1 normal"', '"dense 64 1", "sigmoid"'),
    "another activation than was trained": ('"relu"', '"elu"'),
    "no image": ('model = "gan"', 'model = "gan"\nimage_shape = [3, 3]'),
    "half an image": ('model = "gan"', 'model = "gan"\nimage_shape = [2]'),
    "a negative image": ('model = "gan"', 'model = "gan"\nimage_shape = [-1, -2]'),
    "a range that is none": ('model = "gan"', 'model = "gan"\nimage_range = [1, nan]'),
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained") / "r"
    assert main(["train", "ring", "--steps", "2", "--out", str(folder), "--quiet"]) == 0
    return folder


@pytest.mark.parametrize("name", CONFIGS)
def test_a_damaged_configuration_is_refused(capsys, trained, name):
    shutil.copytree(trained, "r")
    change = CONFIGS[name]
    with open("r/config.toml") as file:
        text = file.read()
    damaged = change if isinstance(change, str) else text.replace(*change)
    assert damaged != text
    with open("r/config.toml", "w") as file:
        file.write(damaged)
    code, _, err = run(capsys, "sample", "r", "--out", "s.png")
    assert code == 2
    assert err.count("\n") == 1
    file = "checkpoint.safetensors" if "trained" in name else "config.toml"
    assert err.startswith(f"npgan: error: r/{file}")


def test_a_wrong_setting_is_said_plainly(capsys):
    run(capsys, "train", "ring", "--steps", 2, "--out", "r")
    text = Path("r/config.toml").read_text()
    Path("r/config.toml").write_text(text.replace("lr = 0.001", 'lr = "x"'))
    _, _, err = run(capsys, "evaluate", "r")
    assert err == "npgan: error: r/config.toml: lr must be a positive number, not 'x'\n"


@pytest.mark.parametrize(("old", "new"), [("seed = 0", "seed = 1"), ('"relu"', '"elu"')])
def test_a_checkpoint_belongs_to_its_configuration(capsys, old, new):
    run(capsys, "train", "ring", "--steps", 2, "--out", "r")
    text = Path("r/config.toml").read_text()
    Path("r/config.toml").write_text(text.replace(old, new))
    code, _, err = run(capsys, "train", "--resume", "r", "--steps", 4)
    assert (code, "r/checkpoint.safetensors: the checkpoint" in err) == (2, True)


def test_a_run_without_its_checkpoint_is_not_begun_anew(capsys):
    run(capsys, "train", "ring", "--steps", 2, "--out", "r")
    os.remove("r/checkpoint.safetensors")
    before = Path("r/weights.safetensors").read_bytes()
    code, _, err = run(capsys, "train", "--resume", "r", "--steps", 4)
    assert (code, "r has no checkpoint.safetensors to go on from" in err) == (2, True)
    assert Path("r/weights.safetensors").read_bytes() == before
    assert run(capsys, "sample", "r", "--out", "s.png")[0] == 0
    os.remove("r/weights.safetensors")
    assert run(capsys, "train", "--resume", "r", "--steps", 4)[0] == 2
    os.remove("r/history.csv")
    assert run(capsys, "train", "--resume", "r", "--steps", 4)[0] == 0


@pytest.mark.parametrize("step", [2, 3])
def test_weights_are_written_however_a_run_ends_without_an_error(capsys, monkeypatch, step):
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
    from npgan import runs

    def fails(_model, _config, _real, _labels, path):
        if "step-0000000" not in path.name:
            raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(runs, "draw", fails)
    assert run(capsys, "train", "ring", "--epochs", 1, "--out", "r", "--quiet")[0] == 2
    assert run(capsys, "sample", "r", "--out", "s.png")[0] == 0


def test_as_many_samples_as_fit_in_4_gib(capsys):
    run(capsys, "train", "ring", "--steps", 2, "--out", "r")
    code, _, err = run(capsys, "sample", "r", "-n", 10**12, "--out", "s.npy")
    assert (code, "at most 536870912 samples of 2 numbers, 4 GiB" in err) == (2, True)


def test_rows_that_are_no_picture_are_not_said_to_be_one(capsys):
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


@pytest.mark.parametrize("chosen", ["", ":1"])
def test_the_data_is_found_from_another_folder(capsys, labelled, tmp_path, monkeypatch, chosen):
    words = ("--data", f"{labelled.name}{chosen}", "--epochs", 1, "--batch-size", 20)
    run(capsys, "train", "autoencoder", *words, "--out", tmp_path / "r")
    assert "val_loss" in rows(tmp_path / "r" / "history.csv")[0]
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert run(capsys, "reconstruct", tmp_path / "r", "--out", "p.png")[0] == 0


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


@pytest.mark.parametrize("cut", [0, 100, -100])
def test_a_truncated_checkpoint_is_refused_and_left(capsys, cut):
    run(capsys, "train", "ring", "--steps", 2, "--out", "r")
    with open("r/checkpoint.safetensors", "rb+") as file:
        content = file.read()
        file.truncate(cut if cut >= 0 else len(content) + cut)
    code, _, err = run(capsys, "train", "--resume", "r", "--steps", 4)
    assert code == 2
    assert "checkpoint.safetensors is damaged" in err
    assert os.path.exists("r/weights.safetensors")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_folder_is_one_line(capsys, tmp_path):
    tmp_path.chmod(0o500)
    code, _, err = run(capsys, "train", "ring", "--steps", 2, "--out", "r")
    assert (code, err.count("\n")) == (2, 1)


def test_a_full_disk_is_one_line(capsys, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device", "r/config.toml")

    monkeypatch.setattr("npgan.disk.write_atomically", full)
    code, _, err = run(capsys, "train", "ring", "--steps", 2, "--out", "r", "--quiet")
    assert code == 2
    assert err == "npgan: error: r/config.toml: No space left on device\n"


WORDS = ("train", "ring", "--backend", "numpy", "--quiet")


def bytes_of(name, file="weights.safetensors"):
    return Path(name, file).read_bytes()


@pytest.fixture
def whole(capsys, undrawn):
    """A run of six steps that nothing disturbed."""
    assert run(capsys, *WORDS, "--steps", 6, "--out", "whole")[0] == 0
    return Path("whole")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_interrupted_before_its_first_step_goes_on(
    capsys, whole, monkeypatch, number
):
    with monkeypatch.context() as patch:
        patch.setattr(
            "npgan.training.callbacks.CSVHistory.on_train_begin",
            lambda *_: signal.raise_signal(number),
        )
        code, _, err = run(capsys, *WORDS, "--steps", 6, "--out", "r")
    assert (code, "npgan train --resume r" in err) == (128 + number, True)
    assert run(capsys, "sample", "r", "--out", "s.png")[0] == 2, "there is nothing learnt to show"
    assert run(capsys, "train", "--resume", "r", "--quiet")[0] == 0
    assert bytes_of("r") == bytes_of(whole)


@pytest.mark.parametrize("left", [["config.toml"], [".lock"], [".npgan-00.tmp", ".lock"]])
def test_a_folder_in_which_a_run_only_just_began_is_no_lost_one(capsys, whole, left):
    Path("r").mkdir()
    for name in left:
        Path("r", name).write_bytes(bytes_of(whole, name) if name == "config.toml" else b"")
    words = ["train", "--resume", "r"] if "config.toml" in left else [*WORDS, "--out", "r"]
    assert run(capsys, *words, "--steps", 6)[0] == 0
    assert bytes_of("r") == bytes_of(whole)
    assert not list(Path("r").glob(".npgan-*"))


@pytest.mark.parametrize("lost", [["weights.safetensors"], ["weights.safetensors", "losses.png"]])
def test_what_a_killed_run_has_not_written_is_written(capsys, whole, lost):
    assert run(capsys, *WORDS, "--steps", 3, "--out", "r")[0] == 0
    old = bytes_of("r")
    assert run(capsys, "train", "--resume", "r", "--steps", 6)[0] == 0
    for name in lost:
        Path("r", name).unlink(missing_ok=True)
    assert run(capsys, "train", "--resume", "r")[0] == 0
    Path("r/weights.safetensors").write_bytes(old)  # killed at the rename
    assert run(capsys, "train", "--resume", "r")[0] == 0
    assert bytes_of("r") != old
    assert run(capsys, "train", "--resume", "r")[0] == 2, "there is nothing left to do"


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
    from npgan import runs

    free, others = runs._check_free, []

    def other(folder):
        free(folder)
        if not others:
            folder.mkdir(parents=True)
            others.append((folder / "config.toml").write_bytes(b"another's"))

    monkeypatch.setattr(runs, "_check_free", other)
    assert run(capsys, *WORDS, "--steps", 2)[0] == 0
    assert sorted(os.listdir("runs")) == ["ring", "ring-2"]
    assert bytes_of("runs/ring", "config.toml") == b"another's"


HISTORIES = {
    "deleted": lambda path: path.unlink(),
    "rows are lost": lambda path: path.write_bytes(path.read_bytes().splitlines(True)[0]),
    "a cell is torn": lambda path: path.write_bytes(path.read_bytes()[:-5]),
    "NULs at the end": lambda path: path.write_bytes(path.read_bytes() + bytes(50)),
    "twice": lambda path: path.write_bytes(path.read_bytes() * 2),
}


@pytest.mark.parametrize("name", HISTORIES)
def test_the_history_is_the_checkpoints(capsys, whole, name):
    before = History.read_csv(whole / "history.csv").rows
    HISTORIES[name](whole / "history.csv")
    assert run(capsys, "train", "--resume", whole, "--steps", 8)[0] == 0
    after = History.read_csv(whole / "history.csv").rows
    assert (after[:-1], after[-1]["step"]) == (before, 8)


def test_a_resumed_run_goes_on_measuring(capsys, undrawn, monkeypatch):
    monkeypatch.setattr("npgan.runs.MEASURED", 20)
    assert run(capsys, *WORDS, "--steps", 2, "--metrics-every", 1, "--out", "r")[0] == 0
    assert run(capsys, "train", "--resume", "r", "--steps", 4)[0] == 0
    assert len(History.read_csv(Path("r/history.csv"))["modes"]) == 2


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


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("step", 5),
        ("step", 8),
        ("updates", {"generator": 7, "discriminator": 6}),
        ("updates", {"generator": 5, "discriminator": 6}),
        ("updates", {"generator": 6, "discriminator": 6, "critic": 6}),
    ],
)
def test_numbers_of_a_checkpoint_that_do_not_agree_are_refused(capsys, whole, name, value):
    path = whole / "checkpoint.safetensors"
    arrays, numbers = checkpoint.load(path)
    numbers["model"][name] = value
    checkpoint.save(path, arrays, numbers)
    code, _, err = run(capsys, "train", "--resume", whole, "--steps", 8)
    assert (code, "checkpoint is damaged" in err) == (2, True)


def test_random_generators_of_another_seed_are_refused(capsys, whole):
    path = whole / "checkpoint.safetensors"
    arrays, numbers = checkpoint.load(path)
    numbers["noise"]["state"]["inc"] += 2
    checkpoint.save(path, arrays, numbers)
    code, _, err = run(capsys, "train", "--resume", whole, "--steps", 8)
    assert (code, "its random generators have other seeds" in err) == (2, True)


def test_a_mean_of_squares_is_not_negative(capsys, whole):
    path = whole / "checkpoint.safetensors"
    arrays, numbers = checkpoint.load(path)
    arrays["optimizer.generator.v"][3] = -1e-9
    checkpoint.save(path, arrays, numbers)
    code, _, err = run(capsys, "train", "--resume", whole, "--steps", 8)
    assert (code, "a mean of squares, v of the generator, is negative" in err) == (2, True)


@pytest.mark.parametrize("name", ["running_var", "num_batches_tracked"])
def test_moments_of_batches_are_not_negative(name):
    from npgan import GAN, BatchNorm, Dense, Sequential

    gan = GAN(Sequential(Dense(2, 2), BatchNorm(2)), Sequential(Dense(2, 1)))
    weights = gan.weights()
    weights[f"generator.1.{name}"] = weights[f"generator.1.{name}"] - 1e30
    with pytest.raises(InputError, match=f"'generator.1.{name}' has numbers that are negative"):
        gan.load_weights(weights)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_a_history_that_is_a_pipe_is_not_waited_for(capsys, whole):
    as_before(whole)
    (whole / "history.csv").unlink()
    os.mkfifo(whole / "history.csv")
    code, _, err = run(capsys, "train", "--resume", whole, "--steps", 8)
    assert (code, "whole/history.csv is no regular file" in err) == (2, True)


def enlarge(path):
    os.truncate(path, 10**9)


def nest(path):
    path.write_text(".".join("a" * 10_000) + " = 1")


def widen(path):
    path.write_text(path.read_text().replace("dense 34 64", "dense 34 2000000"))


BIG = {
    "a configuration": ("config.toml", enlarge, "where at most 1,048,576 belong there"),
    "a nested one": ("config.toml", nest, "a line of it has too many points"),
    "networks": ("config.toml", widen, "cannot hold the 1"),
    "a checkpoint": ("checkpoint.safetensors", enlarge, "where at most"),
    "weights": ("weights.safetensors", enlarge, None),
}


@pytest.mark.parametrize("name", BIG)
def test_a_file_takes_no_more_memory_than_a_run_needs(capsys, whole, name):
    file, damage, message = BIG[name]
    damage(whole / file)
    tracemalloc.start()
    code, _, err = run(capsys, "train", "--resume", whole, "--steps", 8)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**26
    assert code == 0 if message is None else (code == 2 and message in err)


@pytest.mark.parametrize("number", [np.nan, np.inf])
@pytest.mark.parametrize("file", ["checkpoint.safetensors", "weights.safetensors"])
def test_weights_that_are_not_finite_are_refused(capsys, whole, file, number):
    arrays, numbers = checkpoint.load(whole / file)
    arrays["generator.0.5.weight"][0, 0] = number
    checkpoint.save(whole / file, arrays, numbers)
    if file == "weights.safetensors":
        (whole / "checkpoint.safetensors").unlink()
    code, _, err = run(capsys, "sample", whole, "--out", "s.png")
    assert (code, "'generator.0.5.weight' has numbers that are NaN" in err) == (2, True)


# --- what a run is, at its edges -----------------------------------------------------------------


def test_a_run_of_epochs_ends_with_the_last_of_them(capsys, undrawn, images):
    words = ("train", "gan-small", "--data", images, "--batch-size", 50, "--backend", "numpy")
    assert run(capsys, *words, "--epochs", 2, "--quiet", "--out", "r")[0] == 0
    per_epoch = 180 // 50  # a tenth is kept back
    assert History.read_csv(Path("r/history.csv"))["step"] == [per_epoch, 2 * per_epoch]
    assert run(capsys, "train", "--resume", "r", "--epochs", 3, "--quiet")[0] == 0
    assert History.read_csv(Path("r/history.csv"))["epoch"] == [1, 2, 3]


def test_a_run_without_weights_or_a_step_is_not_shown(capsys, whole):
    for name in ("checkpoint.safetensors", "weights.safetensors"):
        (whole / name).unlink()
    code, _, err = run(capsys, "sample", whole, "--out", "s.png")
    said = "npgan: error: whole has no weights yet: npgan train --resume whole\n"
    assert (code, err) == (2, said)


def test_a_run_before_its_first_step_says_how_to_go_on(capsys, undrawn, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("npgan.training.Loop.run", lambda *_, **__: signal.raise_signal(2))
        code, _, err = run(capsys, *WORDS, "--steps", 6, "--out", "r")
    assert (code, "Go on with:\n  npgan train --resume r" in err) == (130, True)
    code, _, err = run(capsys, "sample", "r", "--out", "s.png")
    assert err == "npgan: error: r has made no step yet: npgan train --resume r\n"


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


@pytest.mark.parametrize("dots", [200, 201])
def test_a_line_of_a_configuration_has_a_greatest_number_of_points(whole, dots):
    path = whole / "config.toml"
    path.write_text(f"# {'.' * dots}\n" + path.read_text())
    if dots == 200:
        assert runs.read_config(whole).steps == 6
    else:
        with pytest.raises(InputError, match="a line of it has too many points"):
            runs.read_config(whole)


@pytest.mark.parametrize("more", [0, 1])
def test_a_configuration_has_a_greatest_size(whole, monkeypatch, more):
    size = (whole / "config.toml").stat().st_size
    monkeypatch.setattr(runs, "LARGEST_CONFIG", size - more)
    if more:
        with pytest.raises(InputError, match=r"config\.toml has"):
            runs.read_config(whole)
    else:
        assert runs.read_config(whole).steps == 6


def test_a_folder_without_a_configuration_holds_no_run(tmp_path):
    (tmp_path / "config.toml").mkdir()
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(InputError, match="holds no run: there is no config"):
            runs.read_config(folder)


def test_a_file_too_small_for_a_runs_weights_is_named_before_they_are_built(whole):
    config = runs.read_config(whole)
    size = sum(config.weights().values())
    path = whole / "weights.safetensors"
    path.write_bytes(bytes(size))
    runs.load(whole)
    path.write_bytes(bytes(size - 1))
    with pytest.raises(InputError, match=rf"weights.safetensors is damaged: .* the {size:,} w"):
        runs.load(whole)


def test_a_run_of_another_seed_or_of_no_step_less_is_taken_up_as_it_is(capsys, whole):
    """Nothing is written into a run that has ended, but where its data are."""
    before = {path: path.read_bytes() for path in whole.iterdir() if path.is_file()}
    code, _, err = run(capsys, "train", "--resume", whole)
    assert (code, "give a larger --epochs or --steps" in err) == (2, True)
    code, _, err = run(capsys, "train", "--resume", whole, "--steps", 5)
    assert (code, "is at step 6 already, and 5 are asked for" in err) == (2, True)
    assert {path: path.read_bytes() for path in before} == before


def test_rows_of_an_earlier_version_behind_its_checkpoint_are_left_out(capsys, whole):
    as_before(whole)
    table = whole / "history.csv"
    header, row = table.read_text().splitlines()
    later = row.replace(",6,", ",7,", 1)
    assert later != row
    table.write_text(f"{header}\n{row}\n{later}\n")
    assert run(capsys, "train", "--resume", whole, "--steps", 8)[0] == 0
    assert History.read_csv(table)["step"] == [6, 8]
    as_before(whole)
    table.write_text("step\n-1\n")
    code, _, err = run(capsys, "train", "--resume", whole, "--steps", 9)
    assert (code, "remove it to go on without its rows" in err) == (2, True)


@pytest.mark.parametrize("name", ["rows", "checksum of the data"])
def test_a_checkpoint_of_other_data_is_not_taken_up(capsys, whole, name):
    path = whole / "checkpoint.safetensors"
    arrays, numbers = checkpoint.load(path)
    checkpoint.save(path, arrays, {**numbers, name: numbers[name] + 1})
    code, _, err = run(capsys, "train", "--resume", whole, "--steps", 8)
    assert (code, f"is not the data that whole was trained on: {name}" in err) == (2, True)


def test_samples_are_measured_of_what_makes_some_only(capsys, undrawn, images):
    words = ("train", "autoencoder", "--data", images, "--steps", 1, "--metrics-every", 1)
    code, _, err = run(capsys, *words, "--batch-size", 20, "--out", "r")
    assert (code, "there are no samples of a model autoencoder to measure" in err) == (2, True)


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_is_there_is_not_begun_in(capsys, undrawn, kind):
    if kind == "file":
        Path("r").write_text("mine")
    else:
        Path("r/mine").mkdir(parents=True)
    code, _, err = run(capsys, *WORDS, "--steps", 2, "--out", "r")
    assert (code, "r exists: go on with --resume r" in err) == (2, True)
