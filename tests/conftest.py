"""Fixtures that several files use."""

import gc
import os
import signal
from importlib.util import find_spec
from inspect import signature
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from commands import WORDS, run
from drawings import CLASSES, SHAPE
from threadpoolctl import threadpool_limits

from npgan import GAN, Adam, Dense, LeakyReLU, ReLU, Sequential, Tanh, backend, plotting, runs
from npgan.models import Model

# The tests run side by side, a process a core: each keeps to one thread unless it says otherwise.
os.environ |= {"NPGAN_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
threadpool_limits(1)

# What starts the tests may ignore signals, as a shell or nohup lets it do; npgan then does, too.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

MANY = 5000  # tests: nearly all
OBJECTS = 50_000  # new ones before Python looks for unreachable cycles among them


def pytest_sessionstart(session):
    """Look for no unreachable cycles while tests are collected: there are hardly any."""
    if not session.config.getoption("numprocesses", None):  # other processes collect
        gc.disable()


def pytest_collection_finish():
    """Do not look through thousands of tests, and all that is imported, again and again."""
    gc.enable()
    gc.freeze()
    gc.set_threshold(OBJECTS)


@pytest.fixture(autouse=True)
def _in_numpy():
    """Start every test on the reference; what trains a run by its configuration leaves it."""
    backend.use("numpy")


@pytest.fixture(params=[1, 2], ids=["one thread", "two threads"])
def threads(request):
    """Let the kernels use so many threads."""
    jit = pytest.importorskip("npgan.kernels.jit")
    before = jit.threads()
    jit.set_threads(request.param)
    yield request.param
    jit.set_threads(before)


@pytest.fixture(scope="session", autouse=True)
def _shared_out(request):
    """Let each process of a whole run compile its share of the kernels first: else both compile most of them."""
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 1))
    if processes == 1 or len(request.session.items) < MANY or not find_spec("numba"):
        return
    from npgan.kernels import jit, winograd
    from npgan.kernels.row import PERFORM
    from npgan.program import replay

    if not jit.interpreted:
        number = int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw"))
        single, double = np.dtype(np.float32), np.dtype(np.float64)
        every = [(kind, single) for kind in PERFORM]
        every += [
            (k, double) for k in PERFORM if k.__module__ != winograd.__name__
        ]  # never filtered
        for kind, dtype in every[number::processes]:
            replay.function(kind, dtype)


@pytest.fixture
def points() -> np.ndarray:
    """A small 2-D data set."""
    return np.random.default_rng(5).uniform(-0.9, 0.9, (300, 2)).astype(np.float32)


@pytest.fixture
def small_gan():
    """Make the same small GAN anew at each call."""

    def make(**settings) -> Model:
        return GAN(
            Sequential(Dense(2, 8), ReLU(), Dense(8, 2), Tanh(), rng=0),
            Sequential(Dense(2, 8), LeakyReLU(), Dense(8, 1), rng=1),
            optimizers={name: Adam(1e-2) for name in ("generator", "discriminator")},
            **settings,
        )

    return make


@pytest.fixture
def images(tmp_path):
    """Random 8 x 8 images, as a file of the user's own."""
    x = np.random.default_rng(0).integers(0, 256, (200, 8, 8), np.uint8)
    np.save(tmp_path / "images.npy", x)
    return tmp_path / "images.npy"


@pytest.fixture
def large(tmp_path):
    """Random 16 x 16 images, as a file of the user's own."""
    x = np.random.default_rng(0).integers(0, 256, (100, 16, 16), np.uint8)
    np.save(tmp_path / "large.npy", x)
    return tmp_path / "large.npy"


@pytest.fixture
def labelled(tmp_path):
    """Random 8 x 8 images of three classes, as a file of the user's own."""
    rng = np.random.default_rng(0)
    x, labels = rng.integers(0, 256, (200, 8, 8), np.uint8), rng.integers(0, 3, 200)
    parts = {"train": x[:150], "train_labels": labels[:150], "test": x[150:]}
    np.savez(tmp_path / "labelled.npz", **parts, test_labels=labels[150:])
    return tmp_path / "labelled.npz"


@pytest.fixture
def few_steps(monkeypatch):
    """Classifiers of a run's own labels make 60 steps."""
    monkeypatch.setattr("npgan.runs.classifier.LEAST", 60)
    monkeypatch.setattr("npgan.runs.classifier.PASSES", 1)


@pytest.fixture
def in_an_empty_folder(tmp_path, monkeypatch):
    """Work in a folder of the test's own."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def undrawn(monkeypatch):
    """Leave the pictures out, which take most of a short run's time."""
    monkeypatch.setattr("npgan.runs.train.draw", lambda *_: None)
    monkeypatch.setattr("npgan.plotting.save_curves", lambda *_: None)


@pytest.fixture
def whole(capsys, in_an_empty_folder, undrawn):
    """A run of six steps that nothing disturbed."""
    assert run(capsys, *WORDS, "--steps", 6, "--out", "whole")[0] == 0
    return Path("whole")


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test sets."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr("time.monotonic", lambda: clock.now)
    return clock


@pytest.fixture
def made(capsys, in_an_empty_folder, undrawn):
    """Return what trains a preset by a step, without pictures, on images whose classes are 5, 7 and 9."""

    def make(preset, *words, shape=SHAPE, data="own.npz"):
        x = np.random.default_rng(0).integers(0, 256, (130, *shape)).astype(np.uint8)
        x[:, : shape[0] // 2] //= 3
        labels = np.array(CLASSES)[np.arange(130) % 3]
        parts = {"train": x[:90], "train_labels": labels[:90]}
        np.savez("own.npz", **parts, test=x[90:], test_labels=labels[90:])
        size = ("--batch-size", 20, "--steps", 1, "--quiet", "--out", preset)
        code, _, err = run(capsys, "train", preset, "--data", data, *size, *words)
        assert code == 0, err
        model, config = runs.load(Path(preset))
        return preset, model, runs.load_data(config, Path(preset))

    return make


@pytest.fixture
def drawn(monkeypatch):
    """Return what is given to be drawn, by the kind of picture; nothing is."""
    found = {}
    for kind in ("rows", "grid", "animation", "points"):
        name = f"save_{kind}"
        bind = signature(getattr(plotting, name)).bind

        def keep(*arguments, kind=kind, bind=bind, **more):
            found[kind] = SimpleNamespace(**bind(*arguments, **more).arguments)

        monkeypatch.setattr(plotting, name, keep)
    return found
