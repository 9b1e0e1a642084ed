"""The standard streams: closed, broken, or read by nobody, they end no command."""

import io
import json
import sys

import pytest
from commands import run

from npgan.commands import cli, streams


class Broken(io.StringIO):
    """A terminal that was closed."""

    def write(self, *_):
        raise OSError(5, "Input/output error")

    flush = isatty = write


def test_training_goes_on_where_nobody_can_be_told(tmp_path, monkeypatch, capsys):
    words = ["ring", "--steps", "2", "--backend", "numpy"]
    for name, stream in (("broken", Broken()), ("none", None)):
        monkeypatch.setattr(sys, "stderr", stream)
        assert cli.main(["train", *words, "--out", str(tmp_path / name)]) == 0
        assert (tmp_path / name / "weights.safetensors").exists()


def test_numbers_that_json_has_not_are_null(monkeypatch, capsys, tmp_path):
    result = {"a": float("nan"), "b": [float("-inf"), 1.5], "c": ("x", True, None)}
    expected = {"a": None, "b": [None, 1.5], "c": ["x", True, None]}
    assert json.loads(streams.as_json(result), parse_constant=pytest.fail) == expected
    run(capsys, "train", "ring", "--steps", 1, "--backend", "numpy", "--out", tmp_path / "r")
    monkeypatch.setattr("npgan.study.evaluation.evaluate", lambda *_: result)
    code, out, _ = run(capsys, "evaluate", tmp_path / "r")
    assert (code, json.loads(out, parse_constant=pytest.fail)["b"]) == (0, [None, 1.5])
