"""The figures of an evaluation, each by itself: shares, intervals, copies, and what they are of."""

from types import SimpleNamespace

import numpy as np
import pytest

from npgan import (
    GAN,
    VAE,
    Autoencoder,
    Classifier,
    ConditionalGAN,
    InputError,
    TableGAN,
    Translator,
    data,
    metrics,
)
from npgan.layers import build
from npgan.objectives.reports import balanced_accuracy
from npgan.study import evaluation, intervals
from npgan.study.evaluation import evaluate
from npgan.study.sample_metrics import SampleMetrics, draw_samples

RNG = np.random.default_rng


def own(n, width, **more):
    x = RNG(0).random((2 * n, width), np.float32)
    return data.Dataset("own", x[:n], x[n:], **more)


def gan(width=3, **settings):
    return GAN(build([f"dense 2 {width}"], rng=0), build([f"dense {width} 1"], rng=1), **settings)


@pytest.mark.parametrize(
    ("share", "error", "copied", "interval", "copying"),
    [
        (0.75, 0.25, 0.75, [0.260009, 1], False), (0.76, 0.25, 0.76, [0.270009, 1], True),
        (-0.5, 0.1, 0, [0, 0], False), (0.0, 0.0, 0, [0, 0], False), (0.5, 0.0, 0.5, [0.5, 0.5], True),
        (0.3, 0.05, 0.3, [0.2020018, 0.3979982], True), (1.0, 0.1, 1, [0.8040036, 1], True),
    ],
)  # fmt: skip
def test_a_model_copies_if_more_than_three_errors_of_its_samples_do(
    monkeypatch, share, error, copied, interval, copying
):
    found = {"copied": share, "copied_error": error}
    monkeypatch.setattr(evaluation, "copied_share", lambda *_: found)
    task = SimpleNamespace(model=gan(), dataset=own(9, 3))
    measures = SampleMetrics(task.model, task.dataset, 9, 0)
    said = evaluation._copies(task, measures, task.dataset.train)
    assert (said["copied"], said["copying"]) == (copied, copying)
    assert said["copied_interval"] == pytest.approx(interval)


@pytest.mark.parametrize(("copies", "at_once"), [(5, 4), (7, 1), (9, 9), (99, 5)])
def test_the_first_samples_are_compared_with_all_training_rows(monkeypatch, copies, at_once):
    monkeypatch.setattr(evaluation, "COPIES", copies)
    monkeypatch.setattr(evaluation, "ROWS", at_once)
    octets = RNG(0).integers(0, 256, (20, 3)).astype(np.uint8)
    model = GAN(build(["dense 2 3", "tanh"], rng=0), build(["dense 3 1"], rng=1))
    task = SimpleNamespace(model=model, dataset=data.Dataset("own", octets[:9], octets[9:]))
    measures, samples = SampleMetrics(model, task.dataset, 9, 0), model.sample(8, rng=2)
    said = evaluation._copies(task, measures, samples)
    first, test = (samples[:copies] + 1) / 2, measures.test.rows
    train = octets[:9] / np.float32(255)
    expected = metrics.copy_statistics(first, test[:copies], train)
    assert {name: said[name] for name in expected} == pytest.approx(expected, rel=1e-5)
    n = min(copies, 9)
    assert said["closer_interval"] == intervals.share(said["closer"], n)
    share, error = metrics.copied_share(first, test, train).values()
    reach = intervals.Z * error
    ends = np.clip([share - reach, share + reach], 0, 1)
    assert said["copied_interval"] == pytest.approx(ends, abs=1e-6)


@pytest.mark.parametrize(("n", "few"), [(1, True), (999, True), (1000, False)])
def test_shares_and_means_of_few_rows_have_intervals(n, few):
    said = evaluation._share("x", np.float64(0.25), n)
    assert said == {"x": 0.25} | ({"x_interval": intervals.share(0.25, n)} if few else {})
    x = np.arange(n, dtype=np.float32)
    said = evaluation._means({"x": x, "y": x + 1})
    assert (said["x"], said["y"]) == ((n - 1) / 2, (n + 1) / 2)
    for name, some in (("x_interval", x), ("y_interval", x + 1)):
        assert said.get(name) == intervals.mean(some)
        assert (name in said) == (1 < n < 1000)


def test_intervals_are_of_the_rows_that_a_figure_is_of():
    labels = np.arange(40) % 2
    judge = Classifier(build(["dense 3 4", "relu", "dense 4 2"], rng=0))
    dataset = own(40, 3)
    right = judge.predict(dataset.test)
    right[:2] = 1 - right[:2]
    dataset = own(40, 3, train_labels=labels, test_labels=right)
    model = ConditionalGAN(build(["dense 4 3"], rng=0), build(["dense 5 1"], rng=1), classes=2)
    found = evaluate(model, dataset, RNG(3), 30, judge)
    rng = RNG(3)
    measures = SampleMetrics(model, dataset, 30, rng, judge)
    samples, drawn = draw_samples(model, dataset, 30, rng)
    share = measures.classifier_accuracy(samples, drawn)
    for name, value in (
        ("classifier_accuracy", measures.accuracy), ("labels_right", share),
        ("labels_right_real", measures.accuracy),
    ):  # fmt: skip
        assert found[name] == value
        assert found[f"{name}_interval"] == intervals.share(value, 30)
    assert {"neighbours", "neighbours_real", "frechet_distance_real_interval"} <= found.keys()
    assert "frechet_distance_interval_real" not in found


@pytest.mark.parametrize(("objective", "level"), [("least-squares", 0.5), ("hinge", 0.0)])
def test_a_discriminator_is_right_on_its_side_of_the_objectives_level(objective, level):
    model, dataset = gan(objective=objective), own(30, 3)
    rng = RNG(3)
    found = evaluation._discrimination(
        evaluation.Task(model, dataset, dataset.test, 20, rng, None, iter)
    )
    again = RNG(3)
    chosen = model.rows(dataset.test)[again.permutation(30)[:20]]
    ((real, fake),) = model.logits(chosen, again)
    accuracy = float(balanced_accuracy(real, fake, level, level))
    assert found["d_accuracy"] == pytest.approx(accuracy)
    assert found["d_accuracy_interval"] == intervals.share(found["d_accuracy"], 20)
    names = [name for name in found if not name.endswith("_interval")]
    assert {*found} == {*names, *(f"{name}_interval" for name in names)}


def test_a_classifier_judges_samples_of_rows_alone():
    judge, dataset = Classifier(build(["dense 3 4", "relu", "dense 4 2"], rng=0)), own(9, 3)
    coder = Autoencoder(build(["dense 3 1"], rng=0), build(["dense 1 3"], rng=1))
    table = TableGAN(build(["dense 5 3"], rng=0), build(["dense 6 1"], rng=1), widths=[1, 2])
    for model in (coder, table):
        with pytest.raises(InputError, match="a classifier is of use for samples, not of tables"):
            evaluate(model, dataset, RNG(0), 6, judge)
    assert "of a classifier" in evaluate(gan(), dataset, RNG(0), 6, judge)["features"]


def test_errors_of_reconstructions_and_translations_are_means_over_rows_with_intervals():
    dataset = own(20, 3)
    coder = Autoencoder(build(["dense 3 1"], rng=0), build(["dense 1 3"], rng=1))
    test, mean = dataset.test, dataset.train.mean(axis=0, dtype=np.float64)
    found = evaluate(coder, dataset, RNG(0))
    for name, other in (
        ("mean_squared_error", coder.reconstruct(test)), ("mean_squared_error_of_the_mean", mean)
    ):  # fmt: skip
        each = np.square(other - test).mean(axis=1)
        assert found[name] == pytest.approx(each.mean(), rel=1e-5)
        assert found[f"{name}_interval"] == pytest.approx(intervals.mean(each), rel=1e-5)
    model = Translator(build(["dense 1 2"], rng=0), build(["dense 3 1"], rng=1))
    each = abs(model.translate(test[:, :1]) - test[:, 1:]).mean(axis=1)
    found = evaluate(model, dataset, RNG(0))
    assert found["mean_absolute_error_interval"] == pytest.approx(intervals.mean(each), rel=1e-5)


def test_a_bound_has_the_interval_of_its_rows():
    model, dataset = (
        VAE(build(["dense 3 4"], rng=0), build(["dense 2 3", "sigmoid"], rng=1)),
        own(20, 3),
    )
    task = evaluation.Task(model, dataset, dataset.test, 9, RNG(3), None, iter)
    each = -model.bound(dataset.test, RNG(3), 1)
    found = evaluation._bound(task)
    assert found == {
        "negative_elbo": pytest.approx(each.mean(), rel=1e-6),
        "negative_elbo_interval": pytest.approx(intervals.mean(each), rel=1e-6),
    }


def test_an_accuracy_is_a_share_of_the_test_rows():
    model, labels = Classifier(build(["dense 3 2"], rng=0)), np.arange(20) % 2
    found = evaluate(model, own(20, 3, train_labels=labels, test_labels=labels), RNG(0))
    assert found["accuracy_interval"] == intervals.share(found["accuracy"], 20)


def test_a_mean_of_many_numbers_keeps_their_digits():
    x = np.full(30_000, 0.1, np.float32)
    assert evaluation._means({"x": x})["x"] == pytest.approx(float(x[0]), rel=1e-12)
