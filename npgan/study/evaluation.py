"""Numbers that say how good a trained model is, beside what real data or a simple answer scores."""

from collections.abc import Callable
from typing import Any

import numpy as np

from npgan import errors
from npgan.backend import run
from npgan.data.dataset import Dataset
from npgan.errors import InputError, count, instance
from npgan.metrics import confusion, copy_statistics
from npgan.models import (
    GAN,
    GENERATORS,
    RECONSTRUCTORS,
    VAE,
    Classifier,
    ConditionalVAE,
    Model,
    Translator,
)
from npgan.objectives.reports import told_apart
from npgan.study.judge import Judge, draw_samples

SAMPLES = 10_000
COPIES = 1000


def evaluate(
    model: Model, dataset: Dataset, rng: np.random.Generator, samples: int = SAMPLES
) -> dict[str, Any]:
    """Return a model's measures on held-out data, by name.

    Everything that generates: the measures of :class:`npgan.study.judge.Judge` of so many samples beside
    at most as many test rows, each also of as many training rows, ``<name>_real``, all drawn at random:
    that has the difference of training from test data in it, not sampling alone; and whether the
    first 1000 samples are copies of training rows. A conditional GAN: the share of samples that the
    classifier takes for what they were to be. A GAN's discriminator: what its objective reports,
    :mod:`npgan.objectives.reports`, of samples as it was trained on, by z of standard deviation 1, and the share
    that it tells apart, if it has a logit to do so by; nothing, if it compares samples. Everything that
    reconstructs: the mean squared error. A VAE, also a conditional one: the negative evidence lower
    bound in nats; an importance-weighted one: that of as many codes as it learned from, too. A
    translator: the mean absolute error. A classifier: its accuracy, and how often each class (a row) is
    taken for each (a column), with the data's own labels where they are not 0, 1, ...

    Raises
    ------
    InputError
        If the data set has no test data, or there are too few rows or samples to measure.
    """
    instance("model", model, Model)
    instance("dataset", dataset, Dataset)
    samples, rng = count("samples", samples, 1), errors.generator(rng)
    if dataset.test is None:
        raise InputError(f"the data set {dataset.name} has no test data to evaluate on")
    result: dict[str, Any] = {}
    for kind, measure in MEASURES:
        if isinstance(model, kind):
            result |= measure(model, dataset, rng, samples)
    return result


def _generation(model: Any, dataset: Dataset, rng: np.random.Generator, n: int) -> dict[str, Any]:
    judge = Judge(model, dataset, n, rng)
    samples, labels = draw_samples(model, dataset, n, rng)
    real = model.scaled(dataset.train[rng.permutation(len(dataset.train))[:n]])
    result: dict[str, Any] = {"samples": n}
    if judge.accuracy is not None:
        result["classifier_accuracy"] = judge.accuracy
    if labels is not None and judge.by_classes:
        result["labels_right"] = judge.agreement(samples, dataset.given(labels))
        result["labels_right_real"] = judge.accuracy
    measures, measures_real = judge.measure(samples), judge.measure(real)
    for name, value in measures.items():
        result |= {name: value, f"{name}_real": measures_real[name]}
    train = judge.own(model.scaled(dataset.train))
    first = judge.own(samples[:COPIES])
    result["copies"] = copy_statistics(first, judge.test.rows[:COPIES], train)
    return result


def _discrimination(
    model: GAN, dataset: Dataset, rng: np.random.Generator, n: int
) -> dict[str, Any]:
    assert dataset.test is not None
    if any(network.couples_samples for network in model.discriminators.values()):
        return {}  # what it says of a sample depends on how many others it sees, and which
    rows = model.rows(dataset.test, dataset.test_labels)
    chosen = rows[rng.permutation(len(rows))[:n]]
    each = [_opinion(model, *logits) for logits in model.opinions(chosen, rng)]
    return {name: float(np.mean([one[name] for one in each])) for name in each[0]}


def _opinion(model: GAN, real: np.ndarray, fake: np.ndarray) -> dict[str, Any]:
    """Return what a discriminator's logits say, and its accuracy where it has a logit to go by."""
    result: dict[str, Any] = model.report(real, fake)
    if model.objective.level is not None:
        level = model.objective.level(*model.targets())
        result["d_accuracy"] = told_apart(real, fake, level, level)
    return result


def _reconstruction(
    model: Any, dataset: Dataset, rng: np.random.Generator, n: int
) -> dict[str, Any]:
    assert dataset.test is not None
    test = model.scaled(dataset.test)
    mean = model.scaled(dataset.train).mean(axis=0, dtype=np.float64)
    return {
        "mean_squared_error": float(run.mse(model.reconstruct(test), test)[0]),
        "mean_squared_error_of_the_mean": float(np.square(test - mean).mean()),
    }


def _bound(
    model: VAE | ConditionalVAE, dataset: Dataset, rng: np.random.Generator, n: int
) -> dict[str, Any]:
    assert dataset.test is not None
    result = {}
    for k in sorted({1, model.samples}):
        name = "negative_elbo" if k == 1 else f"negative_bound_of_{k}_codes"
        result[name] = -float(model.bound(dataset.test, rng, k, dataset.test_labels).mean())
    return result


def _translation(
    model: Translator, dataset: Dataset, rng: np.random.Generator, n: int
) -> dict[str, Any]:
    assert dataset.test is not None
    return {"mean_absolute_error": model.validate(dataset.test)["val_l1"]}


def _classification(
    model: Classifier, dataset: Dataset, rng: np.random.Generator, n: int
) -> dict[str, Any]:
    assert dataset.test is not None
    if dataset.test_labels is None:
        raise InputError(f"the data set {dataset.name} has no test labels to compare with")
    found = confusion(model.predict(dataset.test), dataset.test_labels, model.classes)
    result = {"accuracy": found.trace() / found.sum(), "confusion": found.tolist()}
    return result | ({"labels": list(dataset.classes)} if dataset.classes else {})


MEASURES: list[tuple[Any, Callable]] = [
    (GENERATORS, _generation),
    (GAN, _discrimination),
    (RECONSTRUCTORS, _reconstruction),
    (VAE | ConditionalVAE, _bound),
    (Translator, _translation),
    (Classifier, _classification),
]
