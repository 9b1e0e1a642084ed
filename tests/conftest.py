"""Fixtures that several files use."""

import os
import signal

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from npgan import GAN, Adam, Dense, LeakyReLU, ReLU, Sequential, Tanh, backend
from npgan.models import Model

# The tests run side by side, a process a core: each keeps to one thread unless it says otherwise.
os.environ |= {"NPGAN_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
threadpool_limits(1)

# What starts the tests may ignore signals, as a shell or nohup lets it do; npgan then does, too.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


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
