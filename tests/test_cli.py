"""The command line, as a user meets it."""

import argparse
import io
import json
import os
import re
import subprocess
import sys
import tomllib
from contextlib import contextmanager
from itertools import islice
from types import SimpleNamespace

import numpy as np
import pytest
from commands import picture, run

from npgan import backend, runs, signals
from npgan.check import catalogue
from npgan.check.catalogue import results
from npgan.commands import COMMANDS, cli, common
from npgan.commands.cli import main
from npgan.errors import InputError, NonFiniteError, count
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


# --- the program around its commands -------------------------------------------------------------


def raising(error):
    """Return a command that raises an error."""

    def command(_):
        raise error

    return command


def noted(error, note):
    error.add_note(note)
    return error


ENDS = {
    "nothing": (lambda _: None, 0, "", ""),
    "an exit code": (lambda _: 3, 3, "", ""),
    "numbers": (lambda _: {"a": 1}, 0, '{\n  "a": 1\n}\n', ""),
    "bad input": (raising(InputError("a b")), 2, "", "npgan: error: a b\n"),
    "a number that is none": (raising(NonFiniteError("NaN")), 1, "", "npgan: error: NaN\n"),
    "a file": (raising(OSError(5, "broken", "f")), 2, "", "npgan: error: f: broken\n"),
    "a disk": (raising(OSError(5, "broken")), 2, "", "npgan: error: the disk: broken\n"),
    "words alone": (raising(OSError("a\n  b")), 2, "", "npgan: error: a b\n"),
    "memory": (raising(MemoryError()), 2, "", "npgan: error: MemoryError\n"),
    "Ctrl-C": (raising(KeyboardInterrupt()), 130, "", "npgan: interrupted\n"),
    "a signal": (raising(KeyboardInterrupt(15)), 143, "", "npgan: terminated\n"),
    "a note": (
        raising(noted(KeyboardInterrupt(2), "the run is saved")),
        130,
        "",
        "npgan: interrupted; the run is saved\n",
    ),
}


@pytest.mark.parametrize("name", ENDS)
def test_how_a_command_ends_is_said_by_the_exit_code_and_a_line(capsys, monkeypatch, name):
    command, code, out, err = ENDS[name]
    monkeypatch.setattr(COMMANDS["presets"], "run", command)
    assert run(capsys, "presets") == (code, out, err)


@pytest.mark.parametrize(
    ("command", "compiles", "ends"), [(True, True, [130]), (True, False, []), (False, True, [])]
)
def test_a_compiler_that_was_interrupted_is_not_waited_for(
    capsys, monkeypatch, command, compiles, ends
):
    ended = []

    def interrupted(_):
        monkeypatch.setattr(signals.process, "command", command)
        monkeypatch.setattr(signals.process, "compiles", compiles)
        raise KeyboardInterrupt

    monkeypatch.setattr(signals, "end", ended.append)
    monkeypatch.setattr(COMMANDS["presets"], "run", interrupted)
    assert run(capsys, "presets")[0] == 130
    assert ended == ends


@pytest.mark.parametrize("late", [False, True])
def test_what_nobody_reads_any_more_goes_nowhere(monkeypatch, late):
    """Whether it is seen while the command runs, or only where what it said is sent off."""
    with open("out.txt", "w") as stdout:

        def command(_):
            monkeypatch.setattr(stdout, "flush", lambda: raising(BrokenPipeError())(0))
            return 0 if late else stdout.flush()

        monkeypatch.setattr("sys.stdout", stdout)
        monkeypatch.setattr(COMMANDS["presets"], "run", command)
        assert main(["presets"]) == 141
        os.write(stdout.fileno(), b"more")
        assert os.path.getsize("out.txt") == 0
        monkeypatch.undo()


def test_threads_are_those_asked_for_while_the_command_runs(monkeypatch):
    asked, limits = [], []

    @contextmanager
    def limit(n):
        limits.append(n)
        yield
        limits.append("over")

    monkeypatch.setattr("threadpoolctl.threadpool_limits", limit)
    monkeypatch.setattr("npgan.backend.set_threads", asked.append)
    monkeypatch.setattr(COMMANDS["train"], "run", lambda _: limits.append("runs"))
    assert main(["train", "--threads", "3"]) == 0
    assert (asked, limits) == ([3], [3, "runs", "over"])
    assert main(["train"]) == 0
    assert (asked, limits[3:]) == ([3], ["runs"])


@pytest.mark.parametrize("word", ["--epochs=--", "-n=--"])
def test_a_value_of_two_dashes_is_none(capsys, word):
    assert exit_code("train", word) == 2
    assert f"argument {word[:-3]}: it must not be --" in capsys.readouterr().err


@pytest.mark.parametrize("word", ["a=--", "--data=a--"])
def test_words_that_end_in_dashes_are_words(capsys, monkeypatch, word):
    monkeypatch.setattr(COMMANDS["train"], "run", lambda _: 7)
    monkeypatch.setattr("sys.argv", ["npgan", "--x=--"])  # another program's
    assert main(["train", word]) == 7


def test_the_words_of_the_command_line_are_taken_where_none_are_given(monkeypatch):
    monkeypatch.setattr(COMMANDS["presets"], "run", lambda _: 7)
    monkeypatch.setattr("sys.argv", ["npgan", "presets"])
    assert main() == 7


def test_help_shows_summaries_and_examples_as_they_stand(capsys):
    assert exit_code("--help") == 0
    out = capsys.readouterr().out
    assert out.startswith("usage: npgan [-h] COMMAND ...\n\nGANs and autoencoders from scratch")
    assert out.endswith(f"examples:{cli.EXAMPLES}")
    for name, module in COMMANDS.items():
        assert re.search(rf"^    {name}\s+{re.escape(module.SUMMARY[:20])}", out, re.M)
        assert exit_code(name, "--help") == 0
        own = " ".join(capsys.readouterr().out.split())
        assert f"{module.SUMMARY[0].upper()}{module.SUMMARY[1:]}." in own
        assert own.endswith(" ".join(module.EXAMPLES.split()))


@pytest.mark.parametrize(
    ("read", "word", "message"),
    [
        (common.text, "", "it must not be empty"),
        (common.text, "a\0b", "it must not have a character 0"),
        (common.path, "", "it must not be empty"),
        (common.number(int, count, 2, 3), "1", "at least 2 and at most 3, not 1"),
        (common.number(int, count, 2, 3), "4", "at least 2 and at most 3, not 4"),
        (common.picture(".png"), "a.gif", "a.gif: the file's name must end in .png"),
        (common.picture(".png", ".npy"), "a", "a: the file's name must end in .png or .npy"),
        (common.picture(".png"), "no/a.png", "no/a.png: it must be a file in a folder that is"),
        (common.picture(".png"), "folder.png", "folder.png: it must be a file in a folder that"),
    ],
)
def test_an_option_that_cannot_be_read_says_why(read, word, message):
    os.mkdir("folder.png")
    with pytest.raises(argparse.ArgumentTypeError, match=re.escape(message)):
        read(word)


def test_an_option_is_read():
    read = {common.picture(".png", ".npy"): "a.npy", common.path: "a/b", common.text: "a b"}
    assert [str(kind(word)) for kind, word in read.items()] == list(read.values())
    assert [common.number(int, count, 2, 3)(word) for word in "23"] == [2, 3]


def test_a_word_in_place_of_a_number_is_named(capsys):
    assert exit_code("explore", "r", "--rows", "two", "--out", "p.png") == 2
    assert "argument --rows: invalid int value: 'two'" in capsys.readouterr().err


def test_a_check_of_gradients_is_a_table(capsys, monkeypatch):
    found = [
        results.Result("tanh", 3, [2e-9, 1.25e-15], []),
        results.Result("relu", 12, [3e-2], ["first", "second"]),
    ]
    monkeypatch.setattr(results, "results", lambda: (2, iter(found)))
    code, out, err = run(capsys, "gradcheck")
    table, last = out.split("\n15 gradients, 2 wrong; largest relative errors, allowed: ")
    columns = [line.split() for line in table.splitlines()]
    assert columns == [
        ["what", "arrays", "central", "complex", "step"],
        ["ok", "tanh", "3", "2.0e-09", "1.2e-15"],
        ["FAIL", "relu", "12", "3.0e-02"],
    ]
    ends = [
        re.search(word, line).end()
        for word, line in zip(("arrays", " 3", " 12"), table.splitlines(), strict=True)
    ]
    assert len(set(ends)) == 1
    assert not any(line.endswith(" ") for line in table.splitlines())
    assert last.endswith("\n\nrelu\nfirst\n\nrelu\nsecond\n")
    assert (code, err) == (1, "2 checks, about half a minute on two cores\n\n")


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
    words = [
        "--data",
        "d",
        "--validation",
        "0.2",
        "--epochs",
        "3",
        "--batch-size",
        "7",
        "--lr",
        "0.5",
    ]
    words += ["--seed", "9", "--backend", "numpy", "--metrics-every", "4", "--out", "o", "--quiet"]
    assert main(["train", "vae", *words]) == 2
    assert main(["train", "--steps", "5"]) == 2
    (config, *rest), (other, *others) = begun
    asked = preset("vae").override(
        data="d", validation=0.2, epochs=3, batch_size=7, lr=0.5, seed=9, backend="numpy"
    )
    assert (config, rest) == (asked, ["o", 0, {"metrics_every": 4}])
    assert other == preset("gan-mnist").override(steps=5, backend=backend.choice())
    assert others == ["runs/gan-mnist", 2, {"metrics_every": None}]


def test_runs_of_a_preset_are_numbered_also_where_another_one_takes_the_name(monkeypatch):
    tried = []

    def start(config, folder, callbacks, **more):
        tried.append(str(folder))
        if len(tried) == 1:
            folder.mkdir()
            raise runs.Taken("another began it")
        return SimpleNamespace(step=1, total_steps=1, seconds=1)

    os.makedirs("runs/ring")
    monkeypatch.setattr("npgan.runs.start", start)
    assert main(["train", "ring", "--quiet"]) == 0
    assert tried == ["runs/ring-2", "runs/ring-3"]
    del tried[:]
    assert main(["train", "ring", "--quiet", "--out", "o"]) == 2
    assert tried == ["o"]


@pytest.mark.parametrize(("drawn", "seen"), [(True, "r/samples and "), (False, "")])
def test_the_end_of_a_training_says_what_to_look_at(capsys, monkeypatch, drawn, seen):
    os.makedirs("r/samples")
    if drawn:
        open("r/samples/step-1.png", "w").close()
    loop = SimpleNamespace(step=5, total_steps=5, seconds=1.26)
    monkeypatch.setattr("npgan.runs.resume", lambda *_, **__: loop)
    message = f"5 steps in 1.3 s of training; look at {seen}r/losses.png\n"
    assert run(capsys, "train", "--resume", "r") == (0, "", message)
    assert run(capsys, "train", "--resume", "r", "--quiet") == (0, "", "")


@pytest.mark.parametrize(("stop", "code"), [("terminated", 143), ("enough", 130)])
def test_a_training_that_was_stopped_says_how_to_go_on(capsys, monkeypatch, stop, code):
    loop = SimpleNamespace(step=4, total_steps=5, stop=stop)
    monkeypatch.setattr("npgan.runs.resume", lambda *_, **__: loop)
    message = "stopped at step 4 of 5; all is saved. Go on with:\n  npgan train --resume r\n"
    assert run(capsys, "train", "--resume", "r", "--quiet") == (code, "", message)


class Terminal(io.StringIO):
    """Standard error that somebody looks at."""

    def isatty(self):
        return True


def test_a_check_of_gradients_shows_its_rows_as_they_come_and_how_far_it_has_got(monkeypatch):
    said, seen = io.BytesIO(), []

    def found():
        for name in ("tanh", "relu"):
            seen.append(said.getvalue())
            yield results.Result(name, 3, [2e-9], [])

    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(said))
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    monkeypatch.setattr(results, "results", lambda: (2, found()))
    assert main(["gradcheck"]) == 0
    assert b"tanh" in seen[1]
    head, _, bar = terminal.getvalue().partition("two cores\n\n")
    first, *_, last = bar.strip("\r").split("\r")
    assert head == "2 checks, about half a minute on "
    assert re.match(r"  0%\|.*0/2 \[.*\?check/s\]", first)
    assert not last.strip()
    monkeypatch.undo()
