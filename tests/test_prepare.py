"""What a user sees, and what is left running, while kernels are compiled before the first step."""

import io
import os
import subprocess
import sys
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
    return lambda *calls: monkeypatch.setattr(
        prepare, "pieces", lambda dtype: ([*calls[:1]], [*calls[1:]])
    )


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
    if stream is Terminal:  # at the end it is wiped away
        assert error.getvalue().endswith("\r")


@pytest.mark.parametrize("cold", [True, False])
@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_what_takes_no_time_is_announced_only_where_no_bar_can_follow(
    compiles, monkeypatch, stream, cold
):
    monkeypatch.setattr(prepare, "PATIENCE", 60)
    monkeypatch.setattr(cache, "holds", lambda name: not cold)
    monkeypatch.setattr(cache, "usable", lambda: False)
    monkeypatch.setattr("sys.stderr", error := stream())
    compiles(lambda: None)
    prepare.prepare()
    assert bool(error.getvalue()) == (cold and stream is io.StringIO)


def test_it_is_said_that_kernels_are_compiled_before_they_are(compiles, monkeypatch):
    seen, raw = [], io.BytesIO()
    monkeypatch.setattr(cache, "usable", lambda: False)
    monkeypatch.setattr("sys.stderr", io.TextIOWrapper(raw))
    compiles(lambda: seen.append((b"compiling" in raw.getvalue(), process.compiles)))
    prepare.prepare()
    assert seen == [(True, True)]
    assert not process.compiles


@pytest.mark.parametrize("cold", [True, False])
@pytest.mark.parametrize("usable", [True, False])
def test_a_second_process_compiles_half_where_its_work_can_be_kept(
    compiles, monkeypatch, cold, usable
):
    did = []
    helper = SimpleNamespace(wait=lambda: did.append("wait"))
    monkeypatch.setattr(
        subprocess, "Popen", lambda *words, **streams: did.append("start") or helper
    )
    monkeypatch.setattr(cache, "holds", lambda name: not cold)
    monkeypatch.setattr(cache, "usable", lambda: usable)
    monkeypatch.setattr(prepare, "whole", lambda: did.append("whole"))
    monkeypatch.setattr("sys.stderr", Terminal())
    compiles(lambda: did.append("first"), lambda: did.append("second"))
    prepare.prepare()
    helped = cold and usable
    both = ["start", "first", "wait", "second"] if helped else ["first", "second"]
    assert did == [*(both if cold else []), "whole"]
    assert process.children == ([helper] if helped else [])


@pytest.mark.skipif(os.name != "posix", reason="no scripts here")
def test_the_second_process_says_nothing(compiles, monkeypatch, tmp_path, capfd):
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho said\necho said >&2\necho "$2" > "$0.ran"\n')
    python.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setattr(cache, "usable", lambda: True)
    monkeypatch.setattr("sys.stderr", Terminal())
    compiles(lambda: None)
    prepare.prepare()
    assert capfd.readouterr() == ("", "")
    assert "compile_second()" in python.with_name("python.ran").read_text()


def test_the_second_process_compiles_the_second_half(compiles):
    did = []
    compiles(lambda: did.append("first"), lambda: did.append("second"))
    prepare.compile_second()
    assert did == ["second"]
