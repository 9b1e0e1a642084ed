"""Training agrees with PyTorch's to 1e-10, as it was recorded.

The record, tests/golden/parity.npz, is what `benchmarks/parity.py --write-golden` writes: losses
and gradient norms of PyTorch's first 100 steps in float64.
"""

from pathlib import Path

import numpy as np
import parity
import pytest

from npgan import ops
from npgan.backend import run

HERE = Path(__file__).parent
STEPS = 20


@pytest.fixture(scope="module")
def golden():
    with np.load(HERE / "golden" / "parity.npz") as archive:
        return dict(archive)


def difference_from_golden(golden, name):
    """Return the largest relative error of npgan's first steps, over all recorded series."""
    ours = parity.trace(parity.npgan_training(name), STEPS)
    theirs = {key: golden[f"{name}/{key}"][:STEPS] for key in ours}
    return max(np.abs(ours[key] / theirs[key] - 1).max() for key in ours)


@pytest.mark.parametrize("name", parity.PRESETS)
def test_training_repeats_what_torch_recorded(golden, name):
    assert difference_from_golden(golden, name) <= parity.TOLERANCE


def test_the_record_holds_nothing_that_is_not_compared(golden):
    keys = {
        f"{name}/{key}"
        for name in parity.PRESETS
        for key in parity.trace(parity.npgan_training(name), 1)
    }
    assert keys == golden.keys()


def test_a_rule_that_is_slightly_wrong_is_noticed(golden, monkeypatch):
    def adam_one_step_late(w, g, m, v, t, *settings):
        ops.adam_update(w, g, m, v, t + 1, *settings)

    monkeypatch.setattr(run, "adam_update", adam_one_step_late)
    assert difference_from_golden(golden, "autoencoder") > 1e-4
