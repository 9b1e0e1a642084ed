"""Command lines that nobody means well by: one short line and exit code 2, and never a traceback."""

import argparse
import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from commands import run

from npgan import InputError
from npgan.commands import cli
from npgan.system import environment

VALUES = (
    "--", "", "9" * 19, "9" * 5000, "-" + "9" * 400, "1e999", "nan", "0x10", "1.5", "\u0663", "\x1b[31m",
    "a\nb", "$x_{", "\udcff", "a\0b", "\U0001f600" * 900,
)  # fmt: skip
PARSER = cli._parser()
(COMMANDS,) = (
    action for action in PARSER._actions if isinstance(action, argparse._SubParsersAction)
)
OPTIONS = [
    (command, action.option_strings[-1] if action.option_strings else "")
    for command, parser in COMMANDS.choices.items()
    for action in parser._actions
    if action.nargs != 0
]

pytestmark = pytest.mark.usefixtures("in_an_empty_folder", "undrawn")


def refused(capsys, words):
    """See to it that words are refused in one short line."""
    code, out, err = run(capsys, *words)
    assert (code, out) == (2, ""), (words, err)
    *before, line = err.rstrip("\n").split("\n")
    assert re.match(r"npgan( \w+)?: error: ", line), line
    assert len(line) < 1400, line
    assert line.isprintable(), line
    assert all(word.startswith("points.npz") for word in before)  # what was loaded
    return line


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_every_value_of_every_option_is_taken_or_refused_in_a_line(capsys, command, option):
    for value in VALUES:
        words = [command, f"{option}={value}"] if option else [command, "--", value]
        try:
            given = PARSER.parse_args(words)
        except SystemExit as end:
            err = capsys.readouterr().err
            assert (end.code, err.count("\n")) == (2, 1), words
            assert len(err) < 1400, words
            assert err.strip().isprintable(), words
        else:
            assert not any(isinstance(v, list) for v in vars(given).values()), words


@pytest.fixture
def points():
    x = np.random.default_rng(0).random((50, 2), np.float32)
    np.savez("points.npz", train=x, test=x[:20])
    return "points.npz"


WHOLE = ["0", "-1", "9" * 18, "9" * 19, "9" * 400]
SHARES = ["-1", "1", "9" * 400, "1e999", "nan", "-inf"]


@pytest.mark.parametrize(
    ("option", "numbers"),
    {
        "--epochs": WHOLE,
        "--steps": WHOLE,
        "--batch-size": WHOLE,
        "--metrics-every": WHOLE,
        "--seed": ["-1"],
        "--validation": SHARES,
        "--lr": ["0", *SHARES[:1], *SHARES[2:]],
        "--threads": WHOLE[:2],
    }.items(),
)
def test_a_number_that_makes_no_sense_begins_no_training(capsys, points, option, numbers):
    for number in numbers:
        refused(capsys, ["train", "ring", "--data", points, f"{option}={number}", "--out", "r"])
    assert not Path("r").exists()


STEPS, IMAGES = ["0", "9" * 9, "9" * 19], ["0", "9" * 19]  # of images the first that there are


@pytest.mark.parametrize(
    ("use", "option", "numbers"),
    [
        ("interpolate", "--steps", STEPS),
        ("explore", "--steps", STEPS),
        ("defend", "--steps", STEPS),
        ("defend", "--images", IMAGES),
        ("complete", "--images", IMAGES),
        ("translate", "--images", IMAGES),
    ],
)
def test_a_use_does_not_work_for_ever(capsys, use, option, numbers):
    for number in numbers:
        assert option in refused(capsys, [use, "r", f"{option}={number}", "--out", "a.png"])


def test_a_spread_beyond_floats_is_refused(capsys, points):
    assert (
        run(
            capsys, "train", "ring", "--data", points, "--steps", 2, "--batch-size", 9, "--out", "r"
        )[0]
        == 0
    )
    for spread in ("3e38", "1e300"):
        code, _, err = run(capsys, "sample", "r", "--spread", spread, "--out", "s.npy")
        assert (code, err.count("\n")) == (2, 1), err


@pytest.mark.parametrize(
    ("name", "value"),
    [(n, v) for n in ("NUMBA_NUM_THREADS", "NPGAN_NUM_THREADS") for v in ("0", "-1", "٣", "x")]
    + [("NUMBA_NUM_THREADS", "9" * 7)],
)
def test_the_environment_is_checked(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    look = partial(environment.threads, 2) if name[1] == "P" else environment.check
    with pytest.raises(InputError, match=name):
        look()


def test_what_numba_accepts_is_accepted(monkeypatch):
    monkeypatch.setenv("NUMBA_THREADING_LAYER", "x")  # Numba has no threads here
    for number in (None, "1", "9999"):
        monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
        if number:
            monkeypatch.setenv("NUMBA_NUM_THREADS", number)
        environment.check()


def test_more_threads_than_there_are_cores_are_all_of_them(monkeypatch):
    monkeypatch.setenv("NPGAN_NUM_THREADS", "9" * 5000)
    assert environment.threads(2) == 2
