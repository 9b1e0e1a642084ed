"""A run of images with labels is measured by a classifier of them, which is trained once."""

import json
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from commands import run

from npgan import runs
from npgan.commands import evaluate
from npgan.data import Dataset
from npgan.models.presets import preset
from npgan.runs import classifier
from npgan.training import Callback

PLACE = Path("r", "classifier")


def stripes(n, seed=0):
    """Images of 8 x 8 pixels: noise, with a bright column for class 0 and a bright row for class 1."""
    rng = np.random.default_rng(seed)
    images, labels = rng.integers(0, 100, (n, 8, 8), np.uint8), np.arange(n) % 2
    images[labels == 0, :, 3] += 150
    images[labels == 1, 3] += 150
    return images, labels


@pytest.fixture
def trained(capsys, in_an_empty_folder, undrawn, few_steps):
    """A run of three steps in the folder r."""
    (train, train_labels), (test, test_labels) = stripes(160), stripes(80, 1)
    np.savez("d.npz", train=train, train_labels=train_labels, test=test, test_labels=test_labels)
    words = ("--data", "d.npz", "--steps", 3, "--batch-size", 20, "--quiet", "--out", "r")
    assert run(capsys, "train", "gan-small", *words)[0] == 0


def evaluated(capsys):
    code, out, err = run(capsys, "evaluate", "r", "--samples", 50)
    assert code == 0, err
    return json.loads(out), err


def test_a_classifier_is_trained_at_the_first_evaluation_alone(capsys, trained):
    found, said = evaluated(capsys)
    assert f"a classifier of their labels sees: {PLACE}" in said
    assert "step 60/60" in said
    assert found["features"] == "of a classifier of such data"
    assert found["classifier_accuracy"] > 0.9
    assert found["classes"]["classes"] == 2
    before = (PLACE / "weights.safetensors").stat().st_mtime_ns
    again, said = evaluated(capsys)
    assert (again, said) == (found, "")
    assert (PLACE / "weights.safetensors").stat().st_mtime_ns == before


def test_it_learns_from_the_runs_training_rows_and_seed(capsys, trained):
    evaluated(capsys)
    config, its = runs.read_config(Path("r")), runs.read_config(PLACE)
    for name in ("data", "size", "fit", "validation", "seed", "backend", "shape", "labels"):
        assert getattr(its, name) == getattr(config, name)
    assert (its.preset, its.steps, its.batch_size) == ("classifier", 60, 20)


def test_a_training_that_was_interrupted_goes_on(capsys, trained):
    config = runs.read_config(Path("r"))
    dataset = runs.load_data(config, Path("r"))
    whole = classifier.own_classifier(Path("r"), config, dataset).weights()

    class Interrupt(Callback):
        def on_step_end(self, loop):
            if loop.step == 20:
                signal.raise_signal(signal.SIGINT)

    other = Path("other")
    other.mkdir()
    with pytest.raises(KeyboardInterrupt) as interrupted:
        classifier.own_classifier(other, config, dataset, [Interrupt()])
    assert interrupted.value.args == (signal.SIGINT,)
    assert not (other / "classifier").exists()
    again = classifier.own_classifier(other, config, dataset).weights()
    assert whole.keys() == again.keys()
    for name, array in whole.items():
        np.testing.assert_array_equal(array, again[name])


def test_one_that_was_finished_but_not_yet_named_so_is_kept(trained):
    config = runs.read_config(Path("r"))
    dataset = runs.load_data(config, Path("r"))
    whole = classifier.own_classifier(Path("r"), config, dataset).weights()
    PLACE.rename(PLACE.with_name("classifier-unfinished"))
    again = classifier.own_classifier(Path("r"), config, dataset).weights()
    assert PLACE.exists()
    for name, array in whole.items():
        np.testing.assert_array_equal(array, again[name])


def test_labels_in_order_are_judged_by_rows_from_everywhere(trained, monkeypatch):
    config = runs.read_config(Path("r"))
    dataset = runs.load_data(config, Path("r"))
    order = np.argsort(dataset.test_labels, kind="stable")
    sorted_rows = replace(dataset, test=dataset.test[order], test_labels=dataset.test_labels[order])
    monkeypatch.setattr(evaluate, "KNOWN", 40)  # half of them, all of class 0

    class Zero:
        def predict(self, images):
            return np.zeros(len(images), np.int64)

    monkeypatch.setattr(runs, "own_classifier", lambda *given: Zero())
    model = runs.load(Path("r"))[0]
    assert evaluate._of_labels(Path("r"), model, config, sorted_rows) is None


def test_one_that_has_not_learned_is_not_used(capsys, trained, monkeypatch):
    monkeypatch.setattr(classifier, "LEAST", 1)
    monkeypatch.setattr(evaluate, "LEARNED", 1.01)
    found, said = evaluated(capsys)
    assert (
        "the classifier of the labels is right in only 100% of test images, and is not used" in said
    )
    assert found["features"].startswith("none")
    assert "classifier_accuracy" not in found


def test_a_folder_that_may_not_be_written_gets_none(capsys, trained, monkeypatch):
    monkeypatch.setattr(evaluate.os, "access", lambda path, mode: False)
    assert evaluated(capsys)[0]["features"].startswith("none")
    assert not PLACE.exists()


def of_classes(train, test=(0, 1), shape=(8, 8, 1), classes=None):
    rows = [np.zeros((len(labels), 64), np.uint8) for labels in (train, test)]
    labels = [np.array(one) for one in (train, test)]
    data = Dataset("d", *rows, *labels, shape=shape)
    return replace(data, classes=classes)


CLASSES = {
    "two": (of_classes([0, 1, 1]), True),
    "one": (of_classes([0, 0], [0]), False),
    "none of class 1": (of_classes([0, 2], [0, 2]), False),
    "one of three names": (of_classes([0, 1], classes=("a", "b", "c")), False),
    "two names": (of_classes([0, 1], classes=("a", "b")), True),
    "a thousand": (of_classes(np.arange(1000)), True),
    "more than a thousand": (of_classes(np.arange(1001)), False),
    "no images": (of_classes([0, 1], shape=()), False),
    "no training labels": (replace(of_classes([0, 1]), train_labels=None), False),
    "no test labels": (replace(of_classes([0, 1]), test_labels=None), False),
}


@pytest.mark.parametrize("name", CLASSES)
def test_images_of_two_classes_or_more_have_a_classifier(name):
    dataset, has_classes = CLASSES[name]
    assert evaluate._has_classes(dataset) == has_classes


@pytest.mark.parametrize(
    ("rows", "side", "steps"),
    [(160, 8, 800), (60_000, 28, 2934), (6000, 60, 926), (2000, 100, 500), (10, 8, 500)],
)
def test_a_training_takes_a_minute_of_work_and_a_hundred_passes_at_most(rows, side, steps):
    labels = np.arange(rows) % 2
    data = np.zeros((rows, side * side), np.uint8)
    dataset = Dataset("d", data, data[:2], labels, labels[:2], shape=(side, side, 1))
    config = replace(preset("gan-small"), data="d")
    assert classifier._like(config, dataset).steps == steps
