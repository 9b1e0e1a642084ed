"""What `npgan train` begins, resumes and says."""

import os
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from commands import run

from npgan import backend, data, runs
from npgan.commands.cli import main
from npgan.errors import InputError
from npgan.models.presets import preset
from npgan.training import History

pytestmark = pytest.mark.usefixtures("in_an_empty_folder")


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("gan-small",), "PRESET"),
        (("--batch-size", 3), "--batch-size"),
        (("--lr", 0.1), "--lr"),
        (("--seed", 0), "--seed"),
        (("--out", "q"), "--out"),
        (("--backend", "numpy"), "--backend"),
        (("--validation", 0), "--validation"),
        (("--penalty", "r1=1"), "--penalty"),
        (("--best", "val_loss"), "--best"),
    ],
)
def test_what_a_run_began_with_stays(capsys, words, option):
    code, _, err = run(capsys, "train", "--resume", "r", *words)
    message = f"npgan: error: --resume goes on as the run began: {option} cannot be changed\n"
    assert (code, err) == (2, message)


def test_a_resumed_run_is_told_its_new_end_and_where_its_data_are(monkeypatch):
    told = []

    def resume(folder, callbacks, **changes):
        told.append((str(folder), len(callbacks), changes))
        raise InputError("enough")

    monkeypatch.setattr("npgan.runs.resume", resume)
    words = ["--epochs", "3", "--data", "d", "--metrics-every", "2", "--quiet"]
    assert main(["train", "--resume", "r", *words]) == 2
    assert main(["train", "--resume", "r", "--steps", "4"]) == 2
    changes = {"epochs": 3, "steps": None, "data": "d", "metrics_every": 2}
    none = dict.fromkeys(changes)
    assert told == [("r", 0, changes), ("r", 2, none | {"steps": 4})]


def test_a_run_is_begun_with_what_was_asked_for(monkeypatch):
    begun = []

    def start(config, folder, callbacks, **more):
        begun.append((config, str(folder), len(callbacks), more))
        raise InputError("enough")

    monkeypatch.setattr("npgan.runs.start", start)
    np.save("d.npy", np.zeros((50, 784), np.uint8))
    words = (
        "--data d.npy --validation 0.2 --epochs 3 --batch-size 7 --lr 0.5 --seed 9 --backend numpy"
    )
    more = "--latent 9 --best val_loss --patience 3 --metrics-every 4 --out o --quiet"
    assert main(["train", "vae", *words.split(), *more.split()]) == 2
    assert (
        main(["train", "--steps", "5", "--ema", "0.5", "--penalty", "r1=2", "--penalty", "r2=0"])
        == 2
    )
    (config, *rest), (other, *others) = begun
    asked = preset("vae").override(
        data="d.npy", validation=0.2, epochs=3, batch_size=7, lr=0.5, seed=9, backend="numpy"
    )
    asked = asked.override(latent=9, best="val_loss", patience=3)
    assert (config, rest[:2], rest[2]["metrics_every"]) == (asked, ["o", 0], 4)
    assert len(rest[2]["dataset"].train) == 40
    changed = preset("gan-conv").override(steps=5, backend=backend.choice())
    settings = {**changed.settings, "ema": 0.5, "penalties": {"r1": 2.0}}
    assert other == replace(changed, settings=settings)
    assert others == ["runs/gan-conv", 2, {"metrics_every": None, "dataset": None}]


@pytest.mark.parametrize(
    ("words", "shape", "name"),
    [
        ([], None, "gan-conv"),
        ([], (80, 8, 12, 3), "dcgan-few"),
        ([], (11_200, 4, 4, 3), "gan-conv"),
        ([], (80, 8, 12, 1), "gan-conv"),
        ([], (80, 8, 10), "gan-mnist"),
        ([], (80, 10, 8), "gan-mnist"),
        ([], (80, 4), "gan-mnist"),
        (["vae"], (80, 8, 8), "vae"),
    ],
)
def test_without_a_name_the_preset_is_that_of_the_data(monkeypatch, words, shape, name):
    begun, read = [], []

    def start(config, *rest, dataset, **more):
        begun.append((config.preset, config.validation, dataset and dataset.shape))
        raise InputError("enough")

    load = data.load_split
    monkeypatch.setattr("npgan.runs.start", start)
    monkeypatch.setattr("npgan.data.load_split", lambda *a: read.append(a) or load(*a))
    if shape:
        np.save("d.npy", np.zeros(shape, np.uint8))
        words = [*words, "--data", "d.npy"]
    assert main(["train", *words, "--out", "o"]) == 2
    assert [one[0] for one in begun] == [name]
    assert len(read) == bool(shape)
    assert (begun[0][1] is None, begun[0][2] is None) == (not shape, not shape)


def test_runs_of_a_preset_are_numbered_also_where_another_one_takes_the_name(monkeypatch):
    tried = []

    def start(config, folder, callbacks, **more):
        tried.append(str(folder))
        if len(tried) == 1:
            folder.mkdir()
            raise runs.Taken("another began it")
        return SimpleNamespace(step=1, total_steps=1, seconds=1, stop=None)

    os.makedirs("runs/ring")
    monkeypatch.setattr("npgan.runs.start", start)
    assert main(["train", "ring", "--quiet"]) == 0
    assert tried == ["runs/ring-2", "runs/ring-3"]
    del tried[:]
    assert main(["train", "ring", "--quiet", "--out", "o"]) == 2
    assert tried == ["o"]


def told(monkeypatch, config, rows, **loop):
    """Let a run of a preset be resumed, at whose end this is what the loop has come to."""
    os.makedirs("r/samples", exist_ok=True)
    shown = {"history": History.of(rows), "validation": None, "model": None}
    loop = SimpleNamespace(total_steps=5, seconds=1.26, **shown, **loop)
    monkeypatch.setattr("npgan.runs.resume", lambda *_, **__: loop)
    monkeypatch.setattr("npgan.runs.read_config", lambda _: config)
    monkeypatch.setattr("npgan.runs.load", lambda _: ("the best", config))


@pytest.mark.parametrize(("drawn", "seen"), [(True, "r/samples and "), (False, "")])
def test_the_end_of_a_training_says_what_to_look_at(capsys, monkeypatch, drawn, seen):
    told(monkeypatch, preset("ring").override(steps=9, preset="mine"), [], step=5, stop=None)
    if drawn:
        open("r/samples/step-1.png", "w").close()
    message = f"5 steps in 1.3 s of training; look at {seen}r/losses.png\n"
    assert run(capsys, "train", "--resume", "r") == (0, "", message)
    assert run(capsys, "train", "--resume", "r", "--quiet") == (0, "", "")


def test_the_end_of_a_training_says_which_weights_are_kept_and_why_it_ended(capsys, monkeypatch):
    config = preset("vae").override(best="val_loss", preset="mine")
    rows = [{"step": 2, "val_loss": 0.5}, {"step": 4, "val_loss": 0.7}, {"step": 5}]
    told(monkeypatch, config, rows, step=5, stop="val_loss has not improved for 1 rows")
    code, _, err = run(capsys, "train", "--resume", "r")
    assert (code, ", since val_loss has not improved for 1 rows; look at" in err) == (0, True)
    assert "the weights of step 2, where val_loss was best, 0.5; at the end it is 0.7\n" in err


@pytest.mark.parametrize(("step", "few"), [(849, True), (850, False)])
def test_a_run_that_has_hardly_begun_says_so(capsys, monkeypatch, step, few):
    told(monkeypatch, preset("gan-conv"), [], step=step, stop=None)
    _, _, err = run(capsys, "train", "--resume", "r")
    assert ("these are few steps: gan-conv makes 8,500" in err) == few
    assert ("npgan train --resume r --steps 8500\n" in err) == few


@pytest.mark.parametrize(("stop", "code"), [("terminated", 143), ("interrupted", 130)])
def test_a_training_that_was_stopped_says_how_to_go_on(capsys, monkeypatch, stop, code):
    told(monkeypatch, preset("ring"), [], step=4, stop=stop)
    message = "stopped at step 4 of 5; all is saved. Go on with:\n  npgan train --resume r\n"
    assert run(capsys, "train", "--resume", "r", "--quiet") == (code, "", message)


def test_a_run_that_has_learned_nothing_says_so(capsys):
    np.save("x.npy", np.random.default_rng(0).random((200, 9)).astype(np.float32))
    words = ("train", "vae", "--data", "x.npy", "--steps", 500, "--lr", 1e-9)
    code, _, err = run(capsys, *words)
    assert (code, "nothing was learned: its squared error on held-out rows is" in err) == (0, True)


def test_whether_something_was_learned_is_asked_of_the_weights_that_are_kept(capsys, monkeypatch):
    rows, asked = [{"step": 2, "val_loss": 0.5}, {"step": 4, "val_loss": 0.7}], []
    monkeypatch.setattr("npgan.study.trivial.no_better", lambda model, *_: asked.append(model))
    for best in ("val_loss", None):
        told(monkeypatch, preset("vae").override(best=best, preset="mine"), rows, step=5, stop=None)
        loop = runs.resume()
        loop.model, loop.batches, loop.validation = "the last", SimpleNamespace(data=0), 0
        assert run(capsys, "train", "--resume", "r")[0] == 0
    assert asked == ["the best", "the last"]
