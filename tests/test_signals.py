"""Signals at any moment of a run: whatever ends it, it goes on to the bits of one that nothing disturbed."""

import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from npgan import backend, runs
from npgan.commands import cli
from npgan.system import disk
from npgan.training import History
from npgan.training.interrupts import REASONS

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="a child that is killed is a fork")
SHORT, LONG = 3, 300
"""Signals in every run of the tests, and in the campaign."""
NUMBERS = signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL
STEPS = 24
WORDS = "train", "ring", "--data", "points.npy", "--batch-size", "20", "--steps", str(STEPS)


@pytest.fixture(autouse=True)
def _in_a_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    np.save("points.npy", np.random.default_rng(0).normal(size=(100, 2)))
    monkeypatch.setenv("PYTHONPATH", str(Path(cli.__file__).parents[1]))


def test_a_fork_takes_the_locks_and_gives_them_back(monkeypatch):
    """Or a child could inherit one that nobody gives back."""
    wrong = []
    monkeypatch.setattr(sys, "unraisablehook", wrong.append)
    child = os.fork()
    if child == 0:
        os._exit(len(wrong))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert wrong == []


@pytest.fixture
def _undrawn(monkeypatch):
    """Let pictures be files like others; forks know of it."""

    def draw(_model, _config, _real, _labels, path):
        disk.write_atomically(path, path.name.encode())

    monkeypatch.setattr(runs.train, "draw", draw)
    monkeypatch.setattr("npgan.plotting.save_curves", lambda path, *_: draw(0, 0, 0, 0, path))
    monkeypatch.setattr("os.fsync", lambda _: None)


class Fork:
    """A command in a copy of this process, which has imported all."""

    def __init__(self, *words, log="log"):
        self.log = Path(log)
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # of forks beside threads, which this child does not use
            self.pid = os.fork()
        if self.pid == 0:
            code = 99
            try:
                for number in REASONS:
                    signal.signal(number, signal.SIG_DFL)
                signal.signal(signal.SIGINT, signal.default_int_handler)
                sys.stderr = self.log.open("w", buffering=1)
                code = cli.main([*words])
            except SystemExit as error:
                code = error.code
            except KeyboardInterrupt:  # before main, or after it
                code = 130
            finally:
                os._exit(code)

    def send_signal(self, number):
        os.kill(self.pid, number)

    def wait(self):
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return code, self.log.read_text() if self.log.exists() else ""


class Child:
    """A command in a process of its own, its imports included."""

    def __init__(self, *words):
        words = [sys.executable, "-m", "npgan", *words]
        self.process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
        self.send_signal = self.process.send_signal

    def wait(self):
        _, err = self.process.communicate(timeout=120)
        return self.process.returncode, err


def contents(folder):
    """Return what a run is; pictures of steps between, which come by the clock, may be there, too."""
    rows = [{**row, "seconds": 0} for row in History.read_csv(folder / "history.csv")]
    steps = [f"samples/step-{step:07d}.png" for step in (0, rows[-1]["step"])]
    names = ["weights.safetensors", "losses.png", *steps]
    return rows, [(folder / name).read_bytes() for name in names]


def trained(start, folder, *more, backend="numpy"):
    """Train in a folder, or go on there."""
    words = [*WORDS, *more, "--backend", backend, "--quiet", "--out", str(folder)]
    if (Path(folder) / "config.toml").exists():
        words = ["train", "--resume", str(folder), "--quiet"]
    return start(*words)


def whole(start, **how):
    """Return what comes of a run that nothing disturbs, and how long it takes."""
    began = time.monotonic()
    assert trained(start, "whole", **how).wait()[0] == 0
    return contents(Path("whole")), time.monotonic() - began


def disturbed(start, folder, rng, seconds, **how):
    """Send a signal, or two, at a random moment, and go on until the run is done; return what it then is."""
    number, more = rng.choice(NUMBERS), rng.choice(NUMBERS)
    child = trained(start, folder, **how)
    time.sleep(rng.uniform(0, seconds))
    ends = [-number, 128 + number, 0]
    child.send_signal(number)
    if rng.integers(3) == 0:
        time.sleep(rng.uniform(0, 0.01))
        child.send_signal(more)
        ends += [-more, 128 + more]
    code, err = child.wait()
    if start is Fork or (folder / "config.toml").exists():  # else Python itself may be starting
        assert code in ends, (number, more, code, err)
        assert "Traceback" not in err, err
        assert err.count("\n") <= 3, err
    code, err = trained(start, folder, **how).wait()
    assert code == 0 or f"{STEPS} are asked for" in err, err  # it had ended
    assert not list(folder.rglob(disk.TEMPORARY))
    return contents(folder)


@pytest.mark.usefixtures("_undrawn")
def test_a_run_that_is_told_to_end_goes_on_to_the_same_bits():
    expected, seconds = whole(Fork)
    for seed in range(SHORT):
        rng = np.random.default_rng(seed)
        assert disturbed(Fork, Path(f"r{seed}"), rng, seconds) == expected, seed


@pytest.mark.slow
@pytest.mark.campaign
@pytest.mark.usefixtures("_undrawn")
def test_many_runs_that_are_told_to_end_go_on_to_the_same_bits():
    expected, seconds = whole(Fork)
    for seed in range(SHORT, SHORT + LONG):
        rng = np.random.default_rng(seed)
        assert disturbed(Fork, Path(f"r{seed}"), rng, seconds) == expected, seed


@pytest.mark.slow
@pytest.mark.campaign
@pytest.mark.parametrize("backend", backend.BACKENDS)
def test_runs_that_are_told_to_end_while_they_are_imported_too_go_on_to_the_same_bits(backend):
    trained(Child, "warm", backend=backend).wait()  # it may compile
    expected, seconds = whole(Child, backend=backend)
    for seed in range(LONG // 30):
        rng = np.random.default_rng(seed)
        found = disturbed(Child, Path(f"r{seed}"), rng, seconds, backend=backend)
        assert found == expected, seed


@pytest.mark.usefixtures("_undrawn")
def test_of_two_that_resume_a_run_at_once_one_does():
    expected, _ = whole(Fork)
    check_two(expected, Path("r"), 8)


@pytest.mark.slow
@pytest.mark.campaign
@pytest.mark.usefixtures("_undrawn")
def test_of_many_pairs_that_resume_a_run_at_once_one_does():
    expected, _ = whole(Fork)
    for seed in range(LONG // 10):
        check_two(expected, Path(f"r{seed}"), 4 * (seed % 5))


def reached(folder, step):
    """Return whether a run has made its first picture and the row of a step."""
    drawn = (folder / "samples" / "step-0000000.png").exists()
    return drawn and (not step or step in History.read_csv(folder / "history.csv")["step"])


def check_two(expected, folder, step):
    """Kill a run behind the row of a step, and let two go on with it at once."""
    first = trained(Fork, folder)
    while not reached(folder, step):
        time.sleep(0.001)
    first.send_signal(signal.SIGKILL)
    first.wait()
    words = "train", "--resume", str(folder), "--quiet"
    both = [Fork(*words, log=f"log{i}") for i in range(2)]
    assert sorted(child.wait()[0] for child in both) == [0, 2]
    assert contents(folder) == expected


@pytest.mark.usefixtures("_undrawn")
def test_of_four_that_begin_at_once_each_has_a_folder():
    words = *WORDS, "--backend", "numpy", "--quiet"
    four = [Fork(*words, log=f"log{i}") for i in range(4)]
    assert [child.wait()[0] for child in four] == [0] * 4
    names = "ring", "ring-2", "ring-3", "ring-4"
    assert sorted(os.listdir("runs")) == sorted(names)
    first, *others = [contents(Path("runs", name)) for name in names]
    assert others == [first] * 3


def test_signals_at_any_moment_of_fit_leave_a_whole_step(small_gan, points):
    check_fit(small_gan, points, range(SHORT))


@pytest.mark.slow
@pytest.mark.campaign
def test_many_signals_at_any_moment_of_fit_leave_a_whole_step(small_gan, points):
    check_fit(small_gan, points, range(SHORT, SHORT + LONG))


def check_fit(make, points, seeds):
    settings = {"steps": 60, "batch_size": 32, "callbacks": [], "rng": 0}
    states = {}
    twin = make()
    began = time.monotonic()
    twin.fit(points, **settings)
    seconds = time.monotonic() - began
    for seed in seeds:
        gan, rng = make(), np.random.default_rng(seed)
        main = threading.main_thread().ident
        late = rng.uniform(0, seconds)
        press = threading.Timer(late, signal.pthread_kill, (main, signal.SIGINT))
        try:
            press.start()
            try:
                gan.fit(points, **settings)
            finally:
                press.join()
        except KeyboardInterrupt:
            pass
        if gan.step not in states:
            twin = make()
            if gan.step:
                twin.fit(points, **{**settings, "steps": gan.step})
            states[gan.step] = twin.state()
        arrays, numbers = states[gan.step]
        assert gan.state()[1] == numbers
        assert all((gan.state()[0][name] == array).all() for name, array in arrays.items())
