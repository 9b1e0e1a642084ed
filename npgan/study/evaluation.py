"""Numbers that say how good a trained model is, beside those of real data or of a simple baseline."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from npgan import errors
from npgan.data.dataset import Dataset
from npgan.errors import InputError, count, instance
from npgan.metrics import confusion, copied_share, copy_statistics
from npgan.models import GAN, GENERATORS, RECONSTRUCTORS, Classifier, Model, Translator
from npgan.models.tabular import Tabular
from npgan.models.vae import Variational
from npgan.objectives.reports import balanced_accuracy, measured
from npgan.study import intervals
from npgan.study.sample_metrics import COUNTED, SampleMetrics, draw_samples

SAMPLES = 10_000
COPIES = 1000
CERTAIN = 3
"""Of standard errors: if the share of copies is more, the model copies. By chance 1 in 740 such shares is more."""
ROWS = 1000  # of the training data that are scaled at once
Progress = Callable[[Sequence[Any]], Iterable[Any]]


class Task(NamedTuple):
    """What is evaluated: a model, a data set and its test rows, by n samples; and who is shown how far it has got."""

    model: Any
    dataset: Dataset
    test: np.ndarray
    n: int
    rng: np.random.Generator
    classifier: Classifier | None
    progress: Progress


def evaluate(
    model: Model,
    dataset: Dataset,
    rng: np.random.Generator,
    samples: int = SAMPLES,
    classifier: Classifier | None = None,
    progress: Progress = iter,
) -> dict[str, Any]:
    """Return a model's metrics on held-out data, by name.

    ============================ =================================================================
    a model that generates       :class:`npgan.study.sample_metrics.SampleMetrics` of this number of
                                 samples, but no more than there are training rows, against at most
                                 as many test rows; ``<name>_real`` is the same of as many training
                                 rows, which differ from test rows by more than sampling error; which
                                 share of the first 1000 samples copies training rows
                                 (:mod:`npgan.metrics.copies`); of a conditional model, the share of
                                 samples whose label the classifier predicts; of stacked digits the
                                 modes that 26,000 samples cover
    a GAN                        what its objective reports (:mod:`npgan.objectives.reports`) of samples
                                 as in training, of z with standard deviation 1, and the
                                 discriminator's accuracy, if the objective has a logit that
                                 separates real from generated; nothing, if the discriminator
                                 compares the samples of a batch
    a model that reconstructs    the mean squared error
    a variational autoencoder    the negative evidence lower bound in nats; of an importance-weighted
                                 one also the bound of as many codes as it was trained with
    a translator                 the mean absolute error
    a classifier                 its accuracy and its confusion matrix (a row is a true class), with
                                 the data's own labels where they are not 0, 1, ...
    a model of tables            none of these, but :func:`npgan.study.table_report.report`
    ============================ =================================================================

    With fewer than 1000 test rows ``<name>_interval`` is the 95 % interval of a figure (:mod:`npgan.study.intervals`).
    ``classifier`` was trained on such data: samples are compared by its features, and classes as it sees them.
    ``progress`` hands on the parts of what takes long, as ``tqdm`` does.

    Raises InputError if the data set has no test data, or there are too few rows or samples to measure, or a
    classifier is given for a model that does not generate.
    """
    instance("model", model, Model)
    instance("dataset", dataset, Dataset)
    samples, rng = count("samples", samples, 1), errors.generator(rng)
    if dataset.test is None:
        raise InputError(f"the data set {dataset.name} has no test data to evaluate on")
    if classifier is not None and (model.of_tables or not isinstance(model, GENERATORS)):
        raise InputError(
            "a classifier is of use for samples, not of tables, and this model makes none"
        )
    if isinstance(model, Tabular):
        from npgan.study.table_report import report  # it needs pyarrow, which is slow to import

        return report(model, dataset, samples, rng, progress)
    task = Task(model, dataset, dataset.test, samples, rng, classifier, progress)
    result: dict[str, Any] = {}
    for kind, measure in MEASURES:
        if isinstance(model, kind):
            result |= measure(task)
    return result


def _generation(task: Task) -> dict[str, Any]:
    model, dataset, _, n, rng, classifier, progress = task
    metrics = SampleMetrics(model, dataset, n, rng, classifier)
    n = min(n, len(dataset.train))  # more would be compared with fewer real rows
    samples, labels = draw_samples(model, dataset, n, rng)
    real = model.scaled(dataset.train[rng.permutation(len(dataset.train))[:n]])
    result: dict[str, Any] = {"samples": n, "features": metrics.features}
    if metrics.accuracy is not None:
        result |= _share("classifier_accuracy", metrics.accuracy, len(metrics.test.rows))
    if labels is not None and metrics.has_classes:
        right = metrics.classifier_accuracy(samples, labels)
        result |= _share("labels_right", right, len(samples))
        result |= _share("labels_right_real", metrics.accuracy, len(metrics.test.rows))
    parts: dict[str, Callable[[], Any]] = {
        "samples": lambda: _measured(metrics, samples),
        "training rows": lambda: _measured(metrics, real),
        "copies": lambda: _copies(task, metrics, samples),
    }
    if metrics.has_stacks:
        draw = partial(draw_samples, model, dataset, COUNTED, rng)
        parts["modes"] = lambda: metrics.coverage(draw()[0])
        parts["modes_real"] = lambda: metrics.coverage(model.scaled(dataset.train[:COUNTED]))
    found = {name: part() for name, part in progress([*parts.items()])}
    measured, measured_real = found.pop("samples"), found.pop("training rows")
    for name, value in measured.items():
        stem = name.removesuffix("_interval")
        result |= {name: value, f"{stem}_real{name.removeprefix(stem)}": measured_real[name]}
    return result | found


def _measured(metrics: SampleMetrics, rows: np.ndarray) -> dict[str, Any]:
    return intervals.of_samples(metrics.represent(rows), metrics.test, metrics.measure(rows))


def _share(name: str, value: Any, n: int) -> dict[str, Any]:
    """Return a share of n rows, and its interval if they are few."""
    few = {f"{name}_interval": intervals.share(float(value), n)} if n < intervals.SMALL else {}
    return {name: value} | few


def _means(of_rows: dict[str, np.ndarray]) -> dict[str, Any]:
    """Return the means of numbers, one for each row, and their intervals if there are few."""
    found: dict[str, Any] = {}
    for name, values in of_rows.items():
        found[name] = float(values.mean(dtype=np.float64))
        if (interval := intervals.mean(values)) is not None:
            found[f"{name}_interval"] = interval
    return found


def _copies(task: Task, metrics: SampleMetrics, samples: np.ndarray) -> dict[str, Any]:
    """Return whether the first samples are copies; training rows are many, and their floats fill much memory."""
    model, rows = task.model, task.dataset.train
    first, test = metrics.on_data_scale(samples[:COPIES]), metrics.test.rows
    train = np.empty(rows.shape, first.dtype)
    for i in range(0, len(rows), ROWS):
        train[i : i + ROWS] = metrics.on_data_scale(model.scaled(rows[i : i + ROWS]))
    found = copy_statistics(first, test[:COPIES], train)
    closer = _share("closer", found.pop("closer"), len(test[:COPIES]))
    share, error = copied_share(first, test, train).values()
    ends = share + intervals.Z * error * np.array([0, -1, 1])
    copied, *interval = np.clip(ends, 0, 1).tolist()
    return (found | closer) | {
        "copied": copied,
        "copied_interval": interval,
        "copying": share > CERTAIN * error,
    }


def _discrimination(task: Task) -> dict[str, Any]:
    model, dataset, test, n, rng, *_ = task
    if any(network.couples_samples for network in model.discriminators.values()):
        return {}  # its logit of a sample depends on the others in the batch, and on their number
    rows = model.rows(test, dataset.test_labels)
    chosen = rows[rng.permutation(len(rows))[:n]]
    logits = model.logits(chosen, rng)

    def of(part: Any) -> dict[str, float]:
        each = [_of_logits(model, real[part], fake[part]) for real, fake in logits]
        return {name: float(np.mean([one[name] for one in each])) for name in each[0]}

    result, m = of(slice(None)), len(logits[0][0])
    found = result | intervals.of_halves(m, of)
    if "d_accuracy" in result:  # also if all are right
        found |= _share("d_accuracy", result["d_accuracy"], m)
    return found


def _of_logits(model: GAN, real: np.ndarray, fake: np.ndarray) -> dict[str, Any]:
    """Return what the objective reports of a discriminator's logits, and its accuracy if there is one."""
    result: dict[str, Any] = measured(model.reports, real, fake)
    if model.objective.level is not None:
        level = model.objective.level(*model.targets())
        result["d_accuracy"] = balanced_accuracy(real, fake, level, level)
    return result


def _reconstruction(task: Task) -> dict[str, Any]:
    model, test = task.model, task.model.scaled(task.test)
    mean = model.scaled(task.dataset.train).mean(axis=0, dtype=np.float64)
    of_rows = {
        "mean_squared_error": model.reconstruct(test) - test,
        "mean_squared_error_of_the_mean": test - mean,
    }
    return _means({name: np.square(x).mean(axis=1) for name, x in of_rows.items()})


def _bound(task: Task) -> dict[str, Any]:
    model, dataset, test, _, rng, *_ = task
    names = {
        k: "negative_elbo" if k == 1 else f"negative_bound_of_{k}_codes"
        for k in sorted({1, model.samples})
    }
    return _means(
        {name: -model.bound(test, rng, k, dataset.test_labels) for k, name in names.items()}
    )


def _translation(task: Task) -> dict[str, Any]:
    pairs, a = task.model.scaled(task.test), task.model.generator.in_width
    errors_of = abs(task.model.translate(pairs[:, :a]) - pairs[:, a:])
    return _means({"mean_absolute_error": errors_of.mean(axis=1)})


def _classification(task: Task) -> dict[str, Any]:
    model, dataset, test, *_ = task
    if dataset.test_labels is None:
        raise InputError(f"the data set {dataset.name} has no test labels to compare with")
    matrix = confusion(model.predict(test), dataset.test_labels, model.classes)
    result = _share("accuracy", matrix.trace() / matrix.sum(), len(test))
    result["confusion"] = matrix.tolist()
    return result | ({"labels": list(dataset.classes)} if dataset.classes else {})


MEASURES: list[tuple[Any, Callable[[Task], dict[str, Any]]]] = [
    (GENERATORS, _generation),
    (GAN, _discrimination),
    (RECONSTRUCTORS, _reconstruction),
    (Variational, _bound),
    (Translator, _translation),
    (Classifier, _classification),
]
