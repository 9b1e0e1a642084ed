"""Runs that die, or whose calls fail, at each open, write, fsync, rename and mkdir in turn.

A child runs a short training whose n-th call of the system dies (as by SIGKILL, a write half done) or fails.
Then the run is resumed, or begun again where there is none yet, and must come to the undisturbed run's bits.
"""

import errno
import os
import signal
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from npgan import InputError, backend, runs
from npgan.models.presets import preset
from npgan.system import disk
from npgan.training import History

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="a child that dies is a fork")
CALLS = "open", "write", "fsync", "replace", "mkdir"
NAMED = "open", "replace", "mkdir"  # whose errors name a file
WAYS = {"dies": 0, "disk full": errno.ENOSPC, "broken disk": errno.EIO}
STEPS, LONGER = 4, 6
FILES = "weights.safetensors", "samples/step-0000000.png", "samples/step-0000006.png", "losses.png"
SURVIVED, FAILED, DIED = range(3)


CONFIG = preset("ring").override(batch_size=20, backend="numpy", data="points.npy")


def train(folder):
    """Train in a folder, or go on there, to the end; then longer, to another end."""
    for steps in (STEPS, LONGER):
        if not (folder / "config.toml").exists():
            runs.start(CONFIG.override(steps=steps), folder)
        else:
            try:
                runs.resume(folder, steps=steps)
            except InputError as error:
                if f"{steps} are asked for" not in str(error):
                    raise


@pytest.fixture(autouse=True)
def _quick(monkeypatch, tmp_path):
    """Let two steps be an epoch, and pictures files like others, without what takes long to draw."""
    monkeypatch.chdir(tmp_path)
    np.save("points.npy", np.random.default_rng(0).normal(size=(40, 2)))

    def draw(_model, _config, _real, _labels, path):
        disk.write_atomically(path, path.name.encode())

    def curves(path, history, *_):
        disk.write_atomically(path, str(history["d_loss"]).encode())

    monkeypatch.setattr(runs.train, "draw", draw)
    monkeypatch.setattr("npgan.plotting.save_curves", curves)
    backend.use("numpy")


def disturbed(folder, fatal, way):
    """Train in a child whose call number ``fatal`` dies or fails; return how it ended, and all its calls."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of forks beside threads, which this child does not use
        child = os.fork()
    if child == 0:
        end = FAILED
        try:
            sys.stderr = Path(os.devnull).open("w")
            calls = disturb(fatal, WAYS[way])
            train(folder)
            os.__dict__["write"].plain(writer, str(len(calls)).encode())
            end = SURVIVED
        except OSError as error:
            end = FAILED if error.filename or error.errno is None else 3
        except InputError as error:  # of the data, which are read before a run is
            end = FAILED if CONFIG.data in str(error) else 4
        except BaseException:
            end = 4
        finally:
            os._exit(end)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        calls = int(pipe.read() or 0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), calls


def disturb(fatal, number):
    """Let one of this process's calls from now on die or fail; return the list of those that were made."""
    made = []

    def wrap(name):
        plain = getattr(os, name)

        def call(*given, **named):
            made.append(name)
            if len(made) == fatal:
                if name == "write":
                    plain(given[0], bytes(given[1])[: len(given[1]) // 2])
                if number == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                raise OSError(number, os.strerror(number), *given[: name in NAMED])
            return plain(*given, **named)

        call.plain = plain
        setattr(os, name, call)

    for name in CALLS:
        wrap(name)
    return made


def contents(folder):
    rows = [{**row, "seconds": 0} for row in History.read_csv(folder / "history.csv")]
    return rows, [(folder / name).read_bytes() for name in FILES]


@pytest.fixture
def whole(tmp_path):
    """What a run is that nothing disturbs, and how many calls it makes."""
    end, calls = disturbed(tmp_path / "whole", 0, "dies")
    assert (end, calls > 50) == (SURVIVED, True)
    return contents(tmp_path / "whole"), calls


def outcome(tmp_path, fatal, way):
    """Return how a run ends whose call number ``fatal`` goes wrong, and what it is once it was resumed."""
    folder = tmp_path / f"{way}-{fatal}"
    end, _ = disturbed(folder, fatal, way)
    train(folder)
    assert not list(folder.rglob(disk.TEMPORARY)), "temporary files are left"
    return end, contents(folder)


def check(tmp_path, whole, way, numbers):
    for fatal in numbers:
        end, found = outcome(tmp_path, fatal, way)
        assert found == whole[0], (way, fatal)
        if way == "dies":
            assert end == -signal.SIGKILL, fatal
        else:
            assert end in (SURVIVED, FAILED), (way, fatal)  # a folder need not be synced


@pytest.mark.parametrize("way", WAYS)
def test_a_run_that_goes_wrong_at_some_calls_is_resumed_to_the_same_bits(tmp_path, whole, way):
    first = list(WAYS).index(way) + 1
    check(tmp_path, whole, way, range(first, whole[1] + 1, whole[1] // 7))


@pytest.mark.slow
@pytest.mark.campaign
@pytest.mark.parametrize("way", WAYS)
def test_a_run_that_goes_wrong_at_any_call_is_resumed_to_the_same_bits(tmp_path, whole, way):
    check(tmp_path, whole, way, range(1, whole[1] + 1))
