"""The words of the command line: options, help, and what is refused."""

import argparse
import os
import re

import pytest
from commands import exit_code, run

from npgan.commands import COMMANDS, cli, common
from npgan.commands.cli import main
from npgan.errors import count
from npgan.metrics import NEIGHBOURS
from npgan.models.presets import preset

pytestmark = pytest.mark.usefixtures("in_an_empty_folder")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples(capsys, command):
    assert exit_code(command, "--help") == 0
    assert f"npgan {command}" in capsys.readouterr().out.split("examples:")[1]


ARGUMENTS = {
    "train": "PRESET|FILE.toml --data --size --fit --schema --epochs --steps --validation --batch-size --lr "
    "--latent --width --penalty --ema --best --patience --seed --out --resume --threads --backend "
    "--metrics-every --quiet",
    "sample": "RUN -n --seed --spread --label --where --out --each",
    "reconstruct": "RUN --out",
    "evaluate": "RUN --seed --samples --classifier",
    "complete": "RUN --data --mask --images --seed --out",
    "defend": "RUN --epsilon --images --steps --through --beside --curve --seed --out",
    "detect": "RUN --data --normal --rows --seed --out",
    "enhance": "RUN --seed --out",
    "explore": "RUN --rows --steps --seed --out",
    "interpolate": "RUN --pairs --steps --seed --out",
    "reduce": "RUN --data --by -k --out",
    "score": "RUN --data --by --seed --out",
    "trace": "RUN --step --rows --seed --out",
    "translate": "RUN --images --out",
    "gradcheck": "--json",
    "exercise": "NUMBER --check --watch --hint --solution --out",
    "presets": "",
    "new": "PRESET",
    "data": "NAME|PATH --size --fit --schema --out",
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


READ_BY = {
    "text": "train --data, train --fit, train PRESET|FILE.toml, sample --where, complete --data, detect --data, "
    "reduce --data, reduce --by, score --data, score --by, trace --step, new PRESET, data NAME|PATH, data --fit",
    "path": "train --schema, train --out, train --resume, sample RUN, sample --each, reconstruct RUN, evaluate RUN, "
    "evaluate --classifier, complete RUN, defend RUN, defend --through, defend --beside, detect RUN, enhance RUN, "
    "explore RUN, interpolate RUN, reduce RUN, score RUN, trace RUN, translate RUN, exercise --out",
    "int": "train --epochs, train --steps, train --batch-size, train --latent, train --patience, train --seed, "
    "train --threads, train --metrics-every, sample -n, sample --seed, evaluate --seed, evaluate --samples, "
    "complete --images, complete --seed, defend --images, defend --steps, defend --seed, detect --rows, "
    "detect --seed, enhance --seed, explore --rows, explore --steps, explore --seed, interpolate --pairs, "
    "interpolate --steps, interpolate --seed, reduce -k, score --seed, trace --rows, trace --seed, translate --images, "
    "exercise NUMBER, exercise --hint",
    "float": "train --validation, train --lr, train --width, train --ema, sample --spread, defend --epsilon",
    "label": "sample --label, detect --normal",
    "size": "train --size, data --size",
    "penalty": "train --penalty",
    "read": "sample --out, reconstruct --out, complete --out, defend --out, defend --curve, detect --out, "
    "enhance --out, explore --out, interpolate --out, reduce --out, score --out, trace --out, "
    "translate --out, data --out",
    None: "train --best, train --backend, complete --mask",
}
"""What reads an option's value, `read` a file to write; None: it is checked where it is used."""


def test_every_value_is_read_by_what_checks_it():
    found = {}
    for name, command in COMMANDS.items():
        parser = argparse.ArgumentParser(add_help=False)
        for option in command.OPTIONS:
            option(parser)
        for action in (action for action in parser._actions if action.nargs != 0):
            word = (action.option_strings or [action.metavar])[-1]
            found.setdefault(getattr(action.type, "__name__", None), []).append(f"{name} {word}")
    expected = {reader: sorted(words.split(", ")) for reader, words in READ_BY.items()}
    assert {reader: sorted(words) for reader, words in found.items()} == expected


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
    "penalty of no GAN": (["train", "vae", "--penalty", "r1=1"], "no GAN that takes penalties"),
    "average of no GAN": (
        ["train", "vae", "--ema", "0.9"],
        "vae is no GAN that takes ema: no --ema",
    ),
    "no penalty": (["train", "--penalty", "r3=1", "--steps", "1"], "unknown penalty 'r3'"),
    "penalty without a coefficient": (["train", "--penalty", "r1"], "such as r1=1"),
    "penalty of words": (["train", "--penalty", "r1=much"], "such as r1=1"),
    "penalty below 0": (["train", "--penalty", "r1=-1"], "such as r1=1"),
    "no code": (
        ["train", "ring", "--latent", "4"],
        "ring has no code whose length could be chosen",
    ),
    "no width": (["train", "--width", "0"], "--width: it must be a positive number"),
    "each in no folder": (["sample", "r", "--each", ""], "--each: it must not be empty"),
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


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("PRESET|FILE.toml", ["train", ""]),
        ("--data", ["train", "--data", ""]),
        ("--fit", ["train", "--size", "8", "--fit", ""]),
        ("--out", ["train", "--out", ""]),
        ("--resume", ["train", "--resume", ""]),
        ("NAME|PATH", ["data", ""]),
        ("--fit", ["data", "mnist", "--size", "8", "--fit", ""]),
        ("RUN", ["reconstruct", "", "--out", "p.png"]),
        ("--label", ["sample", "r", "--label", "", "--out", "p.png"]),
        ("--data", ["score", "r", "--data", "", "--out", "s.csv"]),
        ("--by", ["score", "r", "--data", "d", "--by", "", "--out", "s.csv"]),
        ("--normal", ["detect", "r", "--normal", "", "--out", "p.png"]),
        ("--through", ["defend", "r", "--through", "", "--out", "p.png"]),
        ("--beside", ["defend", "r", "--beside", "", "--out", "p.png"]),
        ("--classifier", ["evaluate", "r", "--classifier", ""]),
    ],
)
def test_an_option_of_no_letters_is_named(capsys, option, words):
    assert exit_code(*words) == 2
    assert f"argument {option}: it must not be empty" in capsys.readouterr().err


def test_the_default_is_a_preset():
    from npgan.models.presets import DEFAULT

    assert preset(DEFAULT).data == "mnist"


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


def test_a_value_of_two_dashes_is_none_in_the_first_word_of_the_programs_own(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["npgan", "--data=--"])
    with pytest.raises(SystemExit):
        main()
    assert "argument --data: it must not be --" in capsys.readouterr().err


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
        (common.label, "", "it must not be empty"),
        (common.size, "32x", "a size is 32 or 32x48, height x width, say, not '32x'"),
        (common.size, "5000", "at least 1 and at most 4096, not 5000"),
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
    assert [common.label(word) for word in ("-7", "cat", "9" * 19)] == [-7, "cat", "9" * 19]
    assert [common.size(word) for word in ("32", "32x48")] == [(32, 32), (32, 48)]


def test_a_word_in_place_of_a_number_is_named(capsys):
    assert exit_code("explore", "r", "--rows", "two", "--out", "p.png") == 2
    assert "argument --rows: invalid int value: 'two'" in capsys.readouterr().err


def test_evaluation_takes_as_few_samples_as_have_neighbours():
    words = ["evaluate", "r", "--samples", str(NEIGHBOURS + 1)]
    assert cli._parser().parse_args(words).samples == NEIGHBOURS + 1
    assert exit_code("evaluate", "nowhere", "--samples", str(NEIGHBOURS)) == 2


def test_evaluation_takes_no_more_samples_than_fit(capsys):
    run(capsys, "train", "ring", "--steps", 1, "--quiet", "--out", "r")
    code, _, err = run(capsys, "evaluate", "r", "--samples", 10**12)
    assert code == 2
    assert "--samples must be a whole number, at least 6 and at most 536870912" in err
