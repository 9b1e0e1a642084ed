"""Signals that come before there is a run: while npgan is imported, and while kernels are compiled."""

import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from npgan.system import signals
from npgan.system.signals import REASONS

PRESSED = """
import os, signal, sys

class Press:
    def find_spec(self, name, *_):
        if name == {module!r}:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), {number})

sys.meta_path.insert(0, Press())
sys.argv[1:] = ["presets"]
from npgan.commands.cli import main
sys.exit(main())
"""


def ended(path, module, number):
    """Run a program that is sent a signal when it imports a module; return its code and what it says."""
    path.write_text(PRESSED.format(module=module, number=int(number)))
    result = subprocess.run([sys.executable, path], capture_output=True, text=True, timeout=60)
    return result.returncode, result.stderr


@pytest.mark.parametrize("module", ["numpy", "npgan.models.gan", "npgan.commands.cli", "argparse"])
def test_the_command_is_interrupted_in_a_line_while_it_is_imported(tmp_path, module):
    code, said = ended(tmp_path / "npgan", module, signal.SIGINT)
    assert (code, said) == (128 + signal.SIGINT, "npgan: interrupted\n")


def test_any_signal_is_named(tmp_path):
    number, reason = list(REASONS.items())[-1]
    assert ended(tmp_path / "npgan", "numpy", number) == (128 + number, f"npgan: {reason}\n")


def test_in_others_programs_signals_keep_their_meaning(tmp_path):
    code, said = ended(tmp_path / "other.py", "numpy", signal.SIGINT)
    assert code == -signal.SIGINT
    assert said.endswith("KeyboardInterrupt\n")


@pytest.mark.slow
@pytest.mark.campaign
@pytest.mark.parametrize("seconds", [2.5, 4, 5, 6, 7, 8])
def test_compiling_ends_within_two_seconds(tmp_path, seconds):
    command = [sys.executable, "-m", "npgan", "train", "ring", "--steps", "9", "--out", "r"]
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
    )
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    sent = time.monotonic()
    _, said = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in said) == (128 + signal.SIGINT, False), said
    assert time.monotonic() - sent < 2


@pytest.mark.parametrize("listens", [True, False])
def test_the_command_leaves_in_one_line_and_what_compiles_with_it_is_ended(monkeypatch, listens):
    did = []

    def write(file, text):
        did.append((file, text))
        if not listens:
            raise BrokenPipeError

    monkeypatch.setattr(os, "write", write)
    monkeypatch.setattr(os, "_exit", did.append)
    child = SimpleNamespace(kill=lambda: did.append("killed"))
    monkeypatch.setattr(signals.process, "children", [child, child])
    signals.leave(signal.SIGTERM)
    assert did == [(2, b"npgan: terminated\n"), "killed", "killed", 128 + signal.SIGTERM]


@pytest.mark.parametrize(
    ("file", "argv", "orig", "command"),
    [
        (
            "/usr/bin/npgan",
            ["/usr/bin/npgan", "train"],
            ["python", "/usr/bin/npgan", "train"],
            True,
        ),
        ("/home/npgan/a.py", ["a.py"], ["python", "a.py"], False),
        (None, ["-m", "train"], ["python", "-m", "npgan", "train"], True),
        (None, ["-m"], ["python", "-m", "npgan"], True),
        (None, ["-m"], ["python", "-mnpgan"], True),
        (None, ["-m", "npgan"], ["python", "-m", "pytest", "npgan"], False),
        (None, ["-m", "x"], ["python", "-m", "other", "x"], False),
        (None, ["a.py", "npgan"], ["python", "a.py", "npgan"], False),
        (None, [], ["python"], False),
        ("", ["-c"], ["python", "-c"], False),
    ],
)
def test_the_command_is_known_by_its_name_or_its_module(monkeypatch, file, argv, orig, command):
    monkeypatch.setitem(sys.modules, "__main__", SimpleNamespace(__file__=file))
    monkeypatch.setattr(sys, "argv", argv)
    monkeypatch.setattr(sys, "orig_argv", orig)
    assert signals._is_command() is command
