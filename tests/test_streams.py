"""The standard streams: closed, broken, or read by nobody, they end no command."""

import io
import json
import os
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


def test_a_stream_that_works_is_as_it_was():
    plain, broken = streams.Unfailing(text := io.StringIO()), streams.Unfailing(Broken())
    assert (plain.write("abc"), text.getvalue(), plain.isatty(), plain.newlines) == (
        3,
        "abc",
        False,
        None,
    )
    assert (broken.write("abc"), broken.flush(), broken.isatty()) == (3, None, False)
    text.close()
    assert (plain.write("abc"), plain.isatty()) == (3, False)
    text = io.TextIOWrapper(raw := io.BytesIO(), "ascii")
    text.isatty = lambda: True
    kept = streams.Unfailing(text)
    kept.write("abc")
    assert (raw.getvalue(), kept.isatty(), kept.encoding) == (b"", True, "ascii")
    kept.flush()
    assert raw.getvalue() == b"abc"


def test_a_result_is_written_a_line_each():
    assert streams.as_json({"a": [1, True]}) == '{\n  "a": [1, true]\n}'


def test_a_list_of_numbers_is_a_line_and_text_stays_as_it_is():
    result = {"a": [[1, 2.5], [None, 4]], "b": ["x [\n1,\n 2\n]", "[3,  4]"], "c": []}
    text = streams.as_json(result)
    assert json.loads(text) == result
    assert {"    [1, 2.5],", "    [null, 4]"} <= set(text.splitlines())


@pytest.mark.parametrize("closed", range(3))
def test_a_file_does_not_take_the_place_of_a_closed_stream(closed, tmp_path):
    kept = os.dup(closed)
    os.close(closed)
    try:
        with streams.kept(), open(tmp_path / "f", "w") as file:
            assert file.fileno() > 2
            assert os.path.samestat(os.fstat(closed), os.stat(os.devnull))
            assert os.read(closed, 1) == b""
            os.write(closed, b"said to nobody")
    finally:
        os.dup2(kept, closed)
        os.close(kept)


def test_standard_streams_are_kept_for_a_while(monkeypatch):
    out = io.TextIOWrapper(said := io.BytesIO(), "ascii")
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", None)
    with streams.kept():
        print("\u0436", flush=True)
        print("nobody hears", file=sys.stderr)
        assert sys.stdout is out
    assert (sys.stdout, sys.stderr) == (out, None)
    assert said.getvalue() == b"\\u0436\n"


def test_standard_output_that_is_not_there_is_written_to_and_flushed(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    with streams.kept():
        sys.stdout.write("nobody hears")
        sys.stdout.flush()
    assert sys.stdout is None


def test_no_other_file_is_looked_for_than_the_standard_streams(monkeypatch):
    looked_for = []
    with monkeypatch.context() as patch:
        patch.setattr(os, "fstat", looked_for.append)
        with streams.kept():
            pass
    assert looked_for == [0, 1, 2]
