"""Runs that are resumed: after a signal, for longer, with data that were moved."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from commands import WORDS, as_before, bytes_of, rows, run

from npgan import runs
from npgan.models.presets import preset
from npgan.training import History, checkpoint

pytestmark = pytest.mark.usefixtures("in_an_empty_folder", "undrawn")


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
def test_a_folder_where_a_run_was_killed_at_its_start_can_still_be_used(capsys, whole, left):
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


HISTORIES = {
    "deleted": lambda path: path.unlink(),
    "rows are lost": lambda path: path.write_bytes(path.read_bytes().splitlines(True)[0]),
    "a cell is torn": lambda path: path.write_bytes(path.read_bytes()[:-5]),
    "NULs at the end": lambda path: path.write_bytes(path.read_bytes() + bytes(50)),
    "twice": lambda path: path.write_bytes(path.read_bytes() * 2),
}


@pytest.mark.parametrize("name", HISTORIES)
def test_a_damaged_history_is_restored_from_the_checkpoint(capsys, whole, name):
    before = History.read_csv(whole / "history.csv").rows
    HISTORIES[name](whole / "history.csv")
    assert run(capsys, "train", "--resume", whole, "--steps", 8)[0] == 0
    after = History.read_csv(whole / "history.csv").rows
    assert (after[:-1], after[-1]["step"]) == (before, 8)


def test_a_resumed_run_goes_on_measuring(capsys, undrawn, monkeypatch):
    monkeypatch.setattr("npgan.runs.train.MEASURED", 20)
    assert run(capsys, *WORDS, "--steps", 2, "--metrics-every", 1, "--out", "r")[0] == 0
    assert run(capsys, "train", "--resume", "r", "--steps", 4)[0] == 0
    assert len(History.read_csv(Path("r/history.csv"))["modes"]) == 2


def test_a_run_of_epochs_ends_with_the_last_of_them(capsys, undrawn, images):
    words = ("train", "gan-small", "--data", images, "--batch-size", 50, "--backend", "numpy")
    assert run(capsys, *words, "--epochs", 2, "--quiet", "--out", "r")[0] == 0
    per_epoch = 180 // 50  # a tenth is kept back
    assert History.read_csv(Path("r/history.csv"))["step"] == [per_epoch, 2 * per_epoch]
    assert run(capsys, "train", "--resume", "r", "--epochs", 3, "--quiet")[0] == 0
    assert History.read_csv(Path("r/history.csv"))["epoch"] == [1, 2, 3]


def test_a_finished_run_is_left_alone_if_no_further_step_is_asked_for(capsys, whole):
    """Nothing is written into a run that has ended, but where its data are."""
    before = {path: path.read_bytes() for path in whole.iterdir() if path.is_file()}
    code, _, err = run(capsys, "train", "--resume", whole)
    assert (code, "give a larger --epochs or --steps" in err) == (2, True)
    code, _, err = run(capsys, "train", "--resume", whole, "--steps", 5)
    assert (code, "is at step 6 already, and 5 are asked for" in err) == (2, True)
    assert {path: path.read_bytes() for path in before} == before
    files = {path: path.stat().st_ino for path in before if path.name != "config.toml"}
    assert run(capsys, "train", "--resume", whole, "--data", "ring")[0] == 0
    assert {path: path.stat().st_ino for path in files} == files


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


def test_a_run_of_the_same_length_says_nothing_of_its_schedules():
    config = preset("ring").override(steps=8)
    model = config.build(rows=1000)
    assert list(runs.train._moved(config, model, 1000)) == []
    assert len(list(runs.train._moved(config.override(steps=4), model, 1000))) == 1
