"""What a user sees, and what is left running, while kernels are compiled before the first step."""

import io
import subprocess
from types import SimpleNamespace

import pytest
from commands import Terminal

pytest.importorskip("npgan.kernels")
from npgan.kernels import cache, jit
from npgan.program import prepare
from npgan.system.signals import process

pytestmark = pytest.mark.skipif(bool(jit.interpreted), reason="nothing is compiled then")


@pytest.fixture
def compiles(monkeypatch):
    """Return what says which call compiles everything, where nothing is compiled yet."""
    monkeypatch.setattr(cache, "holds", lambda name: False)
    monkeypatch.setattr(prepare, "whole", lambda: None)
    monkeypatch.setattr(process, "children", [])
    monkeypatch.setattr(process, "compiles", False)
    return lambda call: monkeypatch.setattr(prepare, "pieces", lambda dtype: ([call], []))


def test_an_interrupt_ends_the_second_process_and_goes_on(compiles, monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    did = []
    helper = SimpleNamespace(kill=lambda: did.append("kill"), wait=lambda: did.append("wait"))
    monkeypatch.setattr(subprocess, "Popen", lambda *words, **streams: helper)
    monkeypatch.setattr(cache, "usable", lambda: True)
    compiles(interrupted)
    with pytest.raises(KeyboardInterrupt):
        prepare.prepare()
    assert did == ["kill", "wait"]


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_a_bar_is_for_a_terminal_alone(compiles, monkeypatch, stream):
    monkeypatch.setattr(prepare, "PATIENCE", 0)
    monkeypatch.setattr(cache, "usable", lambda: False)
    monkeypatch.setattr("sys.stderr", error := stream())
    compiles(lambda: None)
    prepare.prepare()
    assert error.getvalue().count("compiling kernels") > 0
    assert ("%|" in error.getvalue()) == (stream is Terminal)
