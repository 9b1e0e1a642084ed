"""A model that has learned nothing is found out beside a guess that never looks at its input."""

from functools import partial

import numpy as np
import pytest

from npgan import Dense, Sequential
from npgan.models import VAE, Autoencoder, Classifier
from npgan.study.trivial import no_better

MODELS = {Autoencoder: Autoencoder, VAE: partial(VAE, likelihood="gaussian")}
RNG = np.random.default_rng(0)
X = RNG.normal(2.0, 1.0, (200, 4)).astype(np.float32)


def network(weight, bias):
    layer = Dense(len(weight), len(weight[0]))
    layer.parameters["weight"][...] = weight
    layer.parameters["bias"][...] = bias
    return Sequential(layer)


@pytest.mark.parametrize(("factor", "learned"), [(1.0, True), (0.5, True), (0.0, False)])
@pytest.mark.parametrize("kind", MODELS)
def test_an_autoencoder_that_returns_the_mean_has_learned_nothing(kind, factor, learned):
    codes = np.eye(4) if kind is Autoencoder else np.eye(4, 8)
    encoder = network(codes, 0.0)
    decoder = network(factor * np.eye(4), (1 - factor) * X[:150].mean(axis=0))
    found = no_better(MODELS[kind](encoder, decoder), X[:150], X[150:])
    assert (found is None) == learned
    if not learned:
        assert "squared error on held-out rows is " in found


@pytest.mark.parametrize(("slope", "learned"), [(1.0, True), (0.0, False), (-1.0, False)])
def test_a_classifier_that_always_gives_the_same_answer_has_learned_nothing(slope, learned):
    labels = (X[:, 0] > 1.5).astype(int)
    weight = np.zeros((4, 2))
    weight[0, 1] = slope
    model = Classifier(network(weight, [0.0, -1.5 * slope if slope else 1.0]))
    rows = model.rows(X, labels)
    found = no_better(model, rows[:150], rows[150:])
    assert (found is None) == learned
    if not learned:
        assert f"the same answer on {labels[150:].mean():.3f}" in found


def test_nothing_is_said_of_models_that_have_no_such_guess(small_gan, points):
    assert no_better(small_gan(), points, points) is None


def told(rows, held_out):
    """Return what is said of an autoencoder that returns the mean of the first rows, bit by bit."""
    coder = Autoencoder(
        network(np.zeros((4, 4)), 0.0), network(np.zeros((4, 4)), rows.mean(axis=0))
    )
    return no_better(coder, rows, held_out)


@pytest.mark.parametrize(("margin", "learned"), [(0.999, False), (1.0, True)])
def test_an_error_as_large_as_it_may_be_is_none(monkeypatch, margin, learned):
    monkeypatch.setattr("npgan.study.trivial.MARGIN", margin)
    assert (told(X[:150], X[150:]) is None) == learned


def test_only_the_first_rows_are_looked_at(monkeypatch):
    monkeypatch.setattr("npgan.study.trivial.ROWS", 100)
    x, other = X[:100], X[100:150] + 50
    said = told(x, X[100:])
    assert said == no_better(
        Autoencoder(network(np.zeros((4, 4)), 0.0), network(np.zeros((4, 4)), x.mean(axis=0))),
        np.vstack([x, other]), np.vstack([X[100:], other]),
    )  # fmt: skip


def test_the_errors_are_said():
    error = np.square(X[150:] - X[:150].mean(axis=0)).mean()
    assert told(X[:150], X[150:]) == (
        f"its squared error on held-out rows is {error:.4g}, and that of the training rows' mean {error:.4g}"
    )
