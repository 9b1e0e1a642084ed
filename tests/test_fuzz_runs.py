"""Runs that nobody vouches for: a damaged folder is refused in one line, or the run is as it was."""

import json
import re
import shutil
import signal
import tracemalloc
import warnings
from contextlib import contextmanager

import damage
import numpy as np
import pytest
from commands import run

from npgan import backend, runs
from npgan.commands import cli
from npgan.models.config import Config
from npgan.system import disk
from npgan.training import Callback, History, checkpoint

SHORT, LONG = 8, 500
"""Runs of each way of damage in every run of the tests, and in the campaign."""
MEMORY = 2**27
STOP, STEPS = 8, 10
RULE = {"name": "adam", "lr": 0.01}
CONFIG = Config(
    model="gan",
    data="points.npy",
    batch_size=20,
    steps=STEPS,
    networks={
        "generator": ["dense 2 4", "relu", "batch_norm 4", "dense 4 2", "tanh"],
        "discriminator": ["dense 2 4", "leaky_relu 0.2", "dense 4 1"],
    },
    optimizers={"generator": RULE, "discriminator": RULE},
    settings={"n_critic": 2, "ema": 0.9},
    backend="numpy",
)


class Stop(Callback):
    def on_step_end(self, loop):
        if loop.step == STOP:
            loop.stop = "it was told to"


@pytest.fixture(scope="module", autouse=True)
def begun(tmp_path_factory):
    """A run that was stopped between two rows of its history; its pictures are files like others."""
    folder = tmp_path_factory.mktemp("runs")
    np.save(folder / "points.npy", np.random.default_rng(0).uniform(-0.9, 0.9, (70, 2)))

    def draw(_model, _config, _real, _labels, path):
        disk.write_atomically(path, path.name.encode())

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        parser = cli._parser()  # takes half of a command's time
        patch.setattr(cli, "_parser", lambda: parser)
        patch.setattr("os.fsync", lambda _: None)
        patch.setattr(runs.train, "draw", draw)
        patch.setattr("npgan.plotting.save_curves", lambda path, *_: draw(0, 0, 0, 0, path))
        backend.use("numpy")
        runs.start(CONFIG, folder / "begun", [Stop()])
        yield folder / "begun"


def result(folder):
    arrays, numbers = checkpoint.load(folder / "checkpoint.safetensors")
    arrays["history"][:, numbers["history"].index("seconds")] = 0
    table = [{**row, "seconds": 0} for row in History.read_csv(folder / "history.csv")]
    arrays = {name: array.tobytes() for name, array in arrays.items()}
    weights = (folder / "weights.safetensors").read_bytes()
    return arrays, {**numbers, "seconds": 0}, repr(table), weights


@contextmanager
def bounded(memory):
    """Fail where something hangs, or takes much memory if that is to be looked at."""

    def late(*_):
        raise AssertionError("it hangs")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(20)
    if memory:
        tracemalloc.start()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            yield
        if memory:
            assert tracemalloc.get_traced_memory()[1] < MEMORY
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        if memory:
            tracemalloc.stop()


def command(capsys, *words):
    """Run a command; what it cannot do it says in one line that names a file. Return its result."""
    code, out, err = run(capsys, *words)
    if code:
        assert code in (1, 2), (code, err)
        assert re.fullmatch(r"npgan: error: [^\n]{1,600}\n", err), err
        assert err[:-1].isprintable(), err
        assert code == 1 or "hurt" in err or "points.npy" in err, err  # 1: a number is not finite
    return code, out


def outcome(capsys, begun, expected, way, seed):
    """Damage a copy of a run, then sample, evaluate and resume it; return whether it was refused."""
    folder, outside = begun.parent / "hurt", begun.parent / "outside"
    for old in (folder, outside):
        shutil.rmtree(old, ignore_errors=True)
    outside.mkdir()
    (outside / "file").write_bytes(b"x")
    shutil.copytree(begun, folder)
    rng = np.random.default_rng([seed, *way.encode()])
    free = damage.WAYS[way](folder, rng)
    before = damage.snapshot(outside)
    if rng.integers(2) and (folder / "checkpoint.safetensors").is_file():
        kept = (folder / "checkpoint.safetensors").rename(begun.parent / "kept")
        looked_at(capsys, folder, expected, free)
        kept.rename(folder / "checkpoint.safetensors")
    looked_at(capsys, folder, expected, free)
    with bounded(memory=way == "kind_of_file"):
        code, _ = command(capsys, "train", "--resume", folder, "--steps", STEPS, "--quiet")
    assert damage.snapshot(outside) == before
    if code == 0:
        found = result(folder)
        assert free or found == expected["run"]
        assert not list(folder.rglob(disk.TEMPORARY))
        assert not any(path.is_symlink() for path in folder.rglob("*"))
    return code != 0


def looked_at(capsys, folder, expected, free):
    with bounded(memory=False):
        code, _ = command(capsys, "sample", folder, "-n", 5, "--out", "s.npy")
    if code == 0:
        samples = np.load("s.npy")
        assert np.isfinite(samples).all()
        assert free or (samples == expected["samples"]).all()
    with bounded(memory=False):
        code, out = command(capsys, "evaluate", folder, "--samples", 6)
    assert code or json.loads(out)


@pytest.fixture(scope="module")
def expected(begun):
    """What comes of the run that nobody damaged."""
    folder = begun.parent / "whole"
    shutil.copytree(begun, folder)
    assert cli.main(["sample", str(folder), "-n", "5", "--out", "s.npy"]) == 0
    samples = np.load("s.npy")
    runs.resume(folder)
    return {"run": result(folder), "samples": samples}


def check(capsys, begun, expected, way, seeds):
    """Damage a run by each of these seeds; return how many were refused, and as the run was."""
    refused, wrong = 0, {}
    for seed in seeds:
        try:
            refused += outcome(capsys, begun, expected, way, seed)
        except Exception as error:
            wrong[seed] = repr(error)[:500]
    assert not wrong
    assert 0 < refused < len(seeds) or way == "link_to_a_part"
    return refused


@pytest.mark.parametrize("way", damage.WAYS)
def test_a_damaged_run_is_refused_or_as_it_was(capsys, begun, expected, way):
    check(capsys, begun, expected, way, range(SHORT))


@pytest.mark.slow
@pytest.mark.campaign
@pytest.mark.parametrize("way", damage.WAYS)
def test_many_damaged_runs_are_refused_or_as_they_were(capsys, begun, expected, way):
    refused = check(capsys, begun, expected, way, range(SHORT, SHORT + LONG))
    with capsys.disabled():
        print(f"\n{way}: {refused} of {LONG} refused")
