"""The command line, as a user meets it."""

import argparse
import json
import os
import re
import subprocess
import sys
import tomllib
from itertools import islice

import numpy as np
import pytest
from commands import picture, run

from npgan.check import catalogue
from npgan.commands import COMMANDS, cli
from npgan.commands.cli import main
from npgan.models.config import Config
from npgan.models.presets import PRESETS, preset


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def exit_code(*words):
    """Return the exit code where argparse itself ends the program."""
    with pytest.raises(SystemExit) as info:
        main(list(words))
    return info.value.code


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_trains(capsys, labelled, large, name):
    own = large if "random_block" in str(preset(name).networks) else labelled
    data = () if name == "ring" else ("--data", own)
    code, _, err = run(capsys, "train", name, "--steps", 3, "--batch-size", 20, "--out", "r", *data)
    assert code == 0, err
    assert {"config.toml", "history.csv", "losses.png", "weights.safetensors"} <= set(
        os.listdir("r")
    )
    for path in ("r/losses.png", "r/samples/step-0000003.png"):
        assert picture(path).std() > 0


def test_a_run_holds_its_whole_configuration(capsys, images):
    run(
        capsys,
        "train",
        "gan-small",
        "--data",
        images,
        "--steps",
        2,
        "--lr",
        0.01,
        "--seed",
        4,
        "--quiet",
    )
    with open("runs/gan-small/config.toml", "rb") as file:
        table = tomllib.load(file)
    config = Config.from_dict(table)
    assert (config.seed, config.steps, config.epochs, config.batch_size) == (4, 2, None, 50)
    assert config.optimizers["generator"]["lr"] == 0.01
    assert config.networks["discriminator"][0] == "dense 64 128 fan_in_uniform"
    assert config.to_dict() == table


def test_samples_are_pictures_or_arrays_in_the_unit_range(capsys, images):
    run(
        capsys,
        "train",
        "gan-medium",
        "--data",
        images,
        "--steps",
        2,
        "--batch-size",
        20,
        "--out",
        "r",
    )
    assert run(capsys, "sample", "r", "-n", 9, "--seed", 1, "--out", "s.npy")[0] == 0
    samples = np.load("s.npy")
    assert (samples.shape, samples.dtype) == ((9, 64), np.float32)
    assert 0 <= samples.min() < samples.max() <= 1
    assert run(capsys, "sample", "r", "-n", 9, "--seed", 1, "--out", "s.png")[0] == 0
    assert picture("s.png").shape[1] >= 600
    run(capsys, "sample", "r", "-n", 9, "--seed", 1, "--out", "t.npy")
    assert (samples == np.load("t.npy")).all()


def test_evaluate_prints_json(capsys):
    run(capsys, "train", "ring", "--steps", 3, "--out", "r", "--quiet")
    code, out, _ = run(capsys, "evaluate", "r")
    result = json.loads(out)
    assert code == 0
    assert result["frechet_distance_real"] < result["frechet_distance"]
    assert result["modes_real"]["modes"] == 8


def test_reconstructions_are_a_picture(capsys, images):
    run(
        capsys,
        "train",
        "autoencoder",
        "--data",
        images,
        "--steps",
        3,
        "--batch-size",
        20,
        "--out",
        "r",
    )
    assert run(capsys, "reconstruct", "r", "--out", "pairs.png")[0] == 0
    assert picture("pairs.png").shape[1] >= 600


def test_gradcheck_prints_a_table_and_says_how_long_it_takes(capsys, monkeypatch):
    from npgan.check.catalogue import results

    whole = results.results

    def begin():  # of all that test_gradcheck.py checks, by processes as ever
        total, found = whole()
        assert total == len(list(catalogue.cases()))
        return 25, islice(found, 25)

    monkeypatch.setenv("NPGAN_NUM_THREADS", "2")
    monkeypatch.setattr(results, "results", begin)
    code, out, err = run(capsys, "gradcheck")
    assert code == 0
    assert len(re.findall(r"^ok ", out, re.M)) == 25
    assert "25 checks, about half a minute" in err
    assert re.search(r"\d+ gradients, 0 wrong", out)
    assert "FAIL" not in out


def test_gradcheck_fails_on_a_wrong_gradient(capsys, monkeypatch):
    from npgan.backend import run as operations

    right = operations.tanh_backward
    monkeypatch.setattr(operations, "tanh_backward", lambda dy, y: -right(dy, y))
    monkeypatch.setattr(catalogue, "FAMILIES", (catalogue.layers,))
    code, out, _ = run(capsys, "gradcheck")
    assert code == 1
    assert re.search(r"FAIL +layer tanh", out)


def test_presets_and_data_are_described(capsys):
    code, out, _ = run(capsys, "presets")
    assert code == 0
    assert all(name in out for name in PRESETS)
    assert "-> relu -> dense 64 2 normal) -> scale 0.707" in out
    code, out, _ = run(capsys, "data", "mnist", "--out", "digits.png")
    assert code == 0
    assert "0: 5923" in out
    assert picture("digits.png").shape[1] >= 600


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples(capsys, command):
    assert exit_code(command, "--help") == 0
    assert f"npgan {command}" in capsys.readouterr().out.split("examples:")[1]


ARGUMENTS = {
    "train": "PRESET --data --epochs --steps --validation --batch-size --lr --seed --out --resume "
    "--threads --backend --metrics-every --quiet",
    "sample": "RUN -n --seed --spread --label --out",
    "reconstruct": "RUN --out",
    "evaluate": "RUN --seed --samples",
    "complete": "RUN --mask --images --seed --out",
    "defend": "RUN --epsilon --images --steps --through --beside --curve --seed --out",
    "detect": "RUN --normal --rows --seed --out",
    "enhance": "RUN --seed --out",
    "explore": "RUN --rows --steps --seed --out",
    "interpolate": "RUN --pairs --steps --seed --out",
    "reduce": "RUN -k --out",
    "translate": "RUN --images --out",
    "gradcheck": "",
    "presets": "",
    "data": "NAME|PATH --out",
}


def test_every_option_is_there_says_what_it_is_and_what_it_takes():
    (commands,) = (a for a in cli._parser()._actions if isinstance(a, argparse._SubParsersAction))
    for name, parser in commands.choices.items():
        _, *own = parser._actions
        words = [(action.option_strings or [action.metavar])[-1] for action in own]
        assert words == ARGUMENTS[name].split()
        for action in parser._actions:
            assert action.help or not action.option_strings, action
            assert action.metavar or action.nargs == 0 or action.choices, action


BAD = {
    "preset": (["train", "gan-smal"], "did you mean 'gan-small'"),
    "data set": (["train", "--data", "mnits"], "did you mean 'mnist'"),
    "missing path": (["train", "--data", "none/at/all"], "none/at/all"),
    "epochs": (["train", "--epochs", "0"], "epochs must be at least 1, not 0"),
    "steps": (["train", "--steps", "-1"], "steps must be at least 1, not -1"),
    "learning rate": (["train", "--lr", "-0.1"], "lr must be a positive number, not -0.1"),
    "infinite rate": (["train", "--lr", "inf"], "lr must be a positive number"),
    "batch": (["train", "ring", "--batch-size", "60000"], "at most 50000, not 60000"),
    "no batch": (["train", "ring", "--batch-size", "0"], "batch_size must be at least 1"),
    "seed": (["train", "ring", "--seed", "-1"], "seed must not be negative"),
    "backend": (["train", "ring", "--backend", "cuda"], "unknown backend 'cuda'"),
    "threads": (
        ["train", "ring", "--threads", "0"],
        "--threads: it must be a whole number, at least 1",
    ),
    "no run": (["sample", "nowhere", "--out", "s.png"], "nowhere holds no run"),
    "resume nothing": (["train", "--resume", "nowhere"], "nowhere holds no run"),
    "resume changed": (["train", "ring", "--resume", "r"], "PRESET cannot be changed"),
    "suffix": (["sample", "r", "--out", "s.jpg"], "must end in .png or .npy"),
    "number": (
        ["sample", "r", "-n", "0", "--out", "s.png"],
        "-n: it must be a whole number, at least 1",
    ),
    "sample seed": (
        ["sample", "r", "--seed", "-1", "--out", "s.png"],
        "--seed: it must be a whole number, at least 0",
    ),
    "evaluate seed": (
        ["evaluate", "r", "--seed", "-1"],
        "--seed: it must be a whole number, at least 0, not -1",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_clear_line(capsys, name):
    words, message = BAD[name]
    code, _, err = run(capsys, *words)
    assert code == 2
    assert re.match(r"npgan( \w+)?: error: ", err)
    assert err.count("\n") == 1
    assert message in err
    assert os.listdir() == [], "nothing is left behind"


@pytest.mark.parametrize(
    "words",
    [
        ["train", "--epochs", "x"],
        ["fly"],
        [],
        ["sample", "r"],
        ["sample", "r", "--seed", "-1", "--out", "s.png"],
        ["evaluate", "r", "--seed", "-1"],
        ["defend", "r", "--seed", "-1", "--out", "p.png"],
        ["train", "--epochs", "1", "--steps", "1"],
        ["train", ""],
        ["train", "--data", ""],
        ["train", "--out", ""],
        ["train", "--resume", ""],
        ["data", ""],
    ],
)
def test_a_bad_command_line_is_one_line_too(capsys, words):
    assert exit_code(*words) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_spread_is_of_a_gan(capsys, images):
    for name in ("gan-small", "vae"):
        words = ("--data", images, "--steps", 2, "--batch-size", 20, "--out", name)
        assert run(capsys, "train", name, *words)[0] == 0
        code, _, err = run(capsys, "sample", name, "--spread", 0.5, "--out", f"{name}.npy")
        assert (code, err) == ((0, "") if name == "gan-small" else (2, NO_SPREAD))
    assert run(capsys, "sample", "gan-small", "--out", "usual.npy")[0] == 0
    assert (
        np.std(np.load("gan-small.npy"), axis=0).mean()
        < np.std(np.load("usual.npy"), axis=0).mean()
    )


NO_SPREAD = "npgan: error: vae is a run of vae, no GAN: no --spread\n"


def test_a_run_of_the_wrong_kind_is_named(capsys):
    run(capsys, "train", "ring", "--steps", 2, "--out", "r")
    code, _, err = run(capsys, "reconstruct", "r", "--out", "p.png")
    assert (code, "takes autoencoder, vae, iwae, vae-gan" in err) == (2, True)


def test_output_that_nobody_reads_to_its_end_is_no_error():
    command = f"{sys.executable} -m npgan presets | true; echo ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert result.stderr == ""
    assert result.stdout in ("0\n", "141\n")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.full((50, 64), np.nan, np.float32), "nan"),
        (np.full((50, 64), 7, np.float32), "[7, 7]"),
        (np.zeros((0, 64), np.float32), "(0, 64)"),
    ],
)
def test_data_that_cannot_be_trained_on_is_refused(capsys, values, message):
    np.save("x.npy", values)
    code, _, err = run(capsys, "train", "gan-small", "--data", "x.npy", "--steps", 1, "--out", "r")
    assert code == 2
    assert message in err
    assert not os.path.exists("r")


def test_divergence_names_step_network_and_layer(capsys):
    code, _, err = run(
        capsys, "train", "ring", "--lr", "1e30", "--steps", 50, "--out", "r", "--quiet"
    )
    assert code == 1
    assert re.search(
        r"step \d+: the (generator|discriminator)'s update is NaN or too large .*Dense", err
    )


def test_importing_npgan_does_not_import_what_only_some_need():
    code = "import sys, npgan; print(sorted({'matplotlib', 'numba', 'PIL', 'pooch', 'tqdm'} & set(sys.modules)))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_the_default_is_a_preset():
    from npgan.models.presets import DEFAULT

    assert preset(DEFAULT).data == "mnist"
