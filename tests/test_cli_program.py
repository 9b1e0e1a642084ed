"""The program around its commands: exit codes, streams, imports, threads."""

import os
import subprocess
import sys
from contextlib import contextmanager

import pytest
from commands import run

from npgan.commands import COMMANDS
from npgan.commands.cli import main
from npgan.errors import InputError, NonFiniteError
from npgan.system import signals

pytestmark = pytest.mark.usefixtures("in_an_empty_folder")


def test_output_that_nobody_reads_to_its_end_is_no_error():
    command = f"{sys.executable} -m npgan presets | true; echo ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert result.stderr == ""
    assert result.stdout in ("0\n", "141\n")


def test_importing_npgan_does_not_import_what_only_some_need():
    code = "import sys, npgan, npgan.plotting; print({'matplotlib', 'numba', 'PIL', 'pooch', 'tqdm'} & {*sys.modules})"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "set()"


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
