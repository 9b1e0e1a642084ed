"""The classifier: what its step does, what it refuses, and what it says of its inputs."""

import copy
import json
from types import SimpleNamespace

import numpy as np
import pytest
from commands import run

from npgan import Dense, Dropout, ReLU, Sequential, backend, data, runs
from npgan.data import Dataset
from npgan.errors import InputError
from npgan.metrics import confusion
from npgan.models import Classifier
from npgan.training import Loop

D, CLASSES = 6, 3


def make(rate=0.0):
    layers = Dense(D, 8), ReLU(), Dropout(rate), Dense(8, CLASSES)
    return Classifier(Sequential(*layers, rng=np.random.default_rng(1)))


def rows(n=60):
    """Return rows around their class's corner, and the classes."""
    labels = np.arange(n) % CLASSES
    x = np.random.default_rng(0).normal(0, 0.3, (n, D))
    x[np.arange(n), labels] += 2
    return x.astype(np.float32), labels


def cross_entropy(model, x, labels):
    p = model.probabilities(x)
    return -np.log(p[np.arange(len(x)), labels]).mean()


def test_the_loss_that_is_reported_is_that_of_the_weights_before_the_step():
    x, labels = rows()
    model = make()
    expected = cross_entropy(model, x, labels), model.accuracy(x, labels)
    report = model.train_step(model.rows(x, labels), np.random.default_rng(0))
    assert report["loss"] == pytest.approx(expected[0], rel=1e-5)
    assert report["accuracy"] == pytest.approx(expected[1])


def test_a_step_moves_every_array_and_leaves_no_gradient():
    model = make()
    before = copy.deepcopy(model.weights())
    model.train_step(model.rows(*rows()), np.random.default_rng(0))
    assert not any(np.array_equal(w, before[name]) for name, w in model.weights().items())
    assert not model.grads["classifier"].flat.any()
    assert model.step == 1


def test_it_learns_and_says_what_it_learnt():
    x, labels = rows()
    model = make()
    model.fit(
        Dataset("corners", x, train_labels=labels), steps=300, batch_size=30, rng=0, callbacks=[]
    )
    assert model.accuracy(x, labels) == 1
    np.testing.assert_allclose(model.probabilities(x).sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(
        confusion(model.predict(x), labels, CLASSES), 20 * np.eye(CLASSES)
    )
    assert model.accuracy(x, (labels + 1) % CLASSES) == 0


def test_a_confusion_is_drawn_with_the_labels_of_the_data(monkeypatch, tmp_path):
    figures = []
    monkeypatch.setattr("npgan.plotting._write", lambda path, save: figures.append(save.func))
    x, labels = rows()
    for own in ([0, 5, 9], None):
        runs.train.draw(make(), SimpleNamespace(labels=own), x, labels, tmp_path / "c.png")
        (axes,) = figures.pop().__self__.axes
        for axis in (axes.xaxis, axes.yaxis):
            shown = [int(text.get_text()) for text in axis.get_ticklabels()]
            assert shown == (own or [0, 1, 2])


def test_an_attack_may_have_a_single_step():
    assert Classifier(make().classifier, adversarial=0.1, attack_steps=1).attack_steps == 1


def test_evaluation_draws_no_dropout():
    x, _ = rows()
    model = make(rate=0.5)
    np.testing.assert_array_equal(model.probabilities(x), model.probabilities(x))


def log_odds(model, x, labels):
    right = model.probabilities(x)[np.arange(len(x)), labels]
    return np.log((1 - right) / right).sum()


def test_the_inputs_gradient_is_that_of_the_log_odds():
    x, labels = rows(4)
    model = make(rate=0.5)
    network = model.classifier.astype(np.float64)
    model = Classifier(network)
    x = x.astype(np.float64)
    gradient, h = model.input_gradient(x, labels), 1e-6
    for i, j in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[i, j] = h
        slope = log_odds(model, x + step, labels) - log_odds(model, x - step, labels)
        assert gradient[i, j] == pytest.approx(slope / (2 * h), rel=1e-4, abs=1e-8)


@pytest.mark.parametrize("name", ["numpy", "numba"])
def test_the_inputs_gradient_does_not_vanish_where_the_classifier_is_sure(name):
    backend.use(name)
    model = make(rate=0.5)
    model.classifier.parameters.flat[:] *= 1e3
    x, _ = rows(4)
    labels = model.predict(x)
    assert model.probabilities(x).max(axis=1).min() == 1
    assert (model.input_gradient(x, labels) != 0).any(axis=1).all()


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (None, "learns from data with labels"),
        (np.arange(59) % CLASSES, r"labels must be whole numbers \(60,\), not int64 \(59,\)"),
        (np.full(60, CLASSES), "labels must be 0 to 2: 3 is out of range"),
        (np.full(60, -1), "labels must be 0 to 2: -1 is out of range"),
        (np.zeros(60), "labels must be whole numbers"),
    ],
)
def test_labels_that_are_missing_or_out_of_range(labels, message):
    with pytest.raises(InputError, match=message):
        make().rows(rows()[0], labels)


def test_networks_that_are_no_classifiers():
    with pytest.raises(InputError, match="two classes or more"):
        Classifier(Sequential(Dense(3, 1)))
    from npgan import Softmax

    with pytest.raises(InputError, match="end in logits"):
        Classifier(Sequential(Dense(3, 2), Softmax()))


def test_a_resumed_training_is_the_uninterrupted_one():
    x, labels = rows()

    def loop():
        return Loop(make(rate=0.3), x, labels=labels, batch_size=20, rng=3)

    whole, first, second = loop(), loop(), loop()
    whole.run(steps=10)
    first.run(steps=4)
    arrays, numbers = first.state()
    second.load_state(arrays, json.loads(json.dumps(numbers)))
    second.run(steps=10)
    for name, array in whole.model.weights().items():
        np.testing.assert_array_equal(second.model.weights()[name], array)


def test_a_runs_history_has_the_accuracy_on_test_data(capsys, tmp_path):
    x, labels = rows(120)
    path = tmp_path / "own.npz"
    np.savez(path, train=x[:60], train_labels=labels[:60], test=x[60:], test_labels=labels[60:])
    words = ("--data", path, "--epochs", 2, "--batch-size", 20, "--out", tmp_path / "r")
    code, _, err = run(capsys, "train", "classifier", "--quiet", *words)
    assert code == 0, err
    from npgan import runs

    model, _ = runs.load(str(tmp_path / "r"))
    lines = (tmp_path / "r" / "history.csv").read_text().splitlines()
    last = dict(zip(lines[0].split(","), lines[-1].split(","), strict=True))
    held = data.load(path).held_out
    assert float(last["val_accuracy"]) == pytest.approx(model.accuracy(*held))
