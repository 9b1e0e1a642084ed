"""Copies are told from new data, and from samples that are merely blurred, alike or bad."""

import numpy as np
import pytest

from npgan.errors import InputError
from npgan.metrics import copied_share, neighbours


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def faces(rng, n):
    """Return rows of few degrees of freedom, and noise."""
    return rng.normal(size=(n, 5)) @ np.eye(5, 40) * 3 + rng.normal(size=(n, 40))


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_the_share_of_copies_is_found_among_samples_that_are_bad(rng, share):
    train, held_out = faces(rng, 360), faces(rng, 40)
    samples = faces(rng, 1000)
    n = int(1000 * share)
    samples[:n] = train[rng.integers(360, size=n)] + 0.1 * rng.normal(size=(n, 40))
    found = copied_share(samples, held_out, train)
    assert found["copied"] > 3 * found["copied_error"] or share < 1
    assert abs(found["copied"] - share) < 3 * found["copied_error"]


SAMPLES = {
    "new": lambda rng: faces(rng, 500),
    "blurred": lambda rng: faces(rng, 500) * (np.arange(40) < 5),
    "all alike": lambda rng: np.zeros((500, 40)) + 1e-3 * rng.normal(size=(500, 40)),
    "bad": lambda rng: 100 * rng.normal(size=(500, 40)),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_that_know_no_row_have_no_copies_within_the_error_that_is_said(rng, name):
    scores = []
    for _ in range(60):
        found = copied_share(SAMPLES[name](rng), faces(rng, 30), faces(rng, 120))
        scores.append(found["copied"] / found["copied_error"])
    assert abs(np.mean(scores)) < 4 / np.sqrt(60)
    assert 0.6 < np.std(scores) < 1.4


def test_the_error_is_that_of_all_choices_of_held_out_rows(rng):
    rows, samples = rng.normal(size=(12, 3)), rng.normal(size=(50, 3))
    shares = [
        copied_share(samples, rows[order[:4]], rows[order[4:]])
        for order in (rng.permutation(12) for _ in range(3000))
    ]
    errors = {round(one["copied_error"], 9) for one in shares}
    assert len(errors) == 1
    assert np.std([one["copied"] for one in shares]) == pytest.approx(errors.pop(), rel=0.05)
    assert np.mean([one["copied"] for one in shares]) == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize("block", [1, 100])
def test_training_rows_are_counted_whatever_is_held_at_a_time(rng, monkeypatch, block):
    sets = [rng.normal(size=(n, 3)) for n in (20, 15, 40)]
    whole = copied_share(*sets)
    monkeypatch.setattr(neighbours, "BLOCK", block)
    assert copied_share(*sets) == pytest.approx(whole)


def test_a_training_row_that_is_held_out_as_well_is_half_of_each(rng):
    rows = rng.normal(size=(9, 3))
    assert copied_share(rows, rows, rows)["copied"] == 0


@pytest.mark.parametrize("wrong", ["samples", "held_out", "train"])
def test_rows_of_other_widths_are_refused(rng, wrong):
    sets = {name: rng.normal(size=(5, 3)) for name in ("samples", "held_out", "train")}
    with pytest.raises(InputError):
        copied_share(**sets | {wrong: np.zeros((5, 2))})


@pytest.mark.parametrize("block", [1, 2, 100])
def test_of_training_rows_that_are_as_near_the_first_counts(monkeypatch, block):
    monkeypatch.setattr(neighbours, "BLOCK", block)
    samples, train = np.array([[1.0], [0.0]]), np.array([[0.0], [2.0], [0.0], [9.0]])
    found = copied_share(samples, np.array([[50.0]]), train)
    squares = np.square(np.array([2, 0, 0, 0, 0]) - 2 / 5).sum()
    assert found["copied"] == 1
    assert found["copied_error"] == pytest.approx(5 / 2 * np.sqrt(4 * squares / 20))


@pytest.mark.parametrize(("held_out", "copied"), [([[0.0]], 0.5), ([[0.5]], 1), ([[9.0]], 1)])
def test_a_row_of_each_set_may_stand_alone(held_out, copied):
    found = copied_share(np.zeros((1, 1)), np.array(held_out), np.zeros((1, 1)))
    assert found["copied"] == 1 - 2 * (1 - copied)
