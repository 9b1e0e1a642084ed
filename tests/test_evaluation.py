"""Evaluating a run, and measures in its history, as a user meets them."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from commands import run

from npgan import IWAE, VAE, ConditionalGAN, InputError, MultiGAN, Translator, data, metrics
from npgan.layers import build
from npgan.models import GAN, Autoencoder, Classifier
from npgan.objectives import reports
from npgan.ops import sigmoid_forward
from npgan.study import evaluation
from npgan.study.evaluation import evaluate
from npgan.study.intervals import rounded
from npgan.study.sample_metrics import SampleMetrics, draw_samples
from npgan.training import History

pytestmark = pytest.mark.usefixtures("in_an_empty_folder", "undrawn")


@pytest.fixture(scope="module")
def mnist():
    return data.load("mnist")


@pytest.fixture
def digits(mnist):
    """A little of MNIST as a file of the user's own."""
    np.savez(
        "digits.npz",
        x_train=mnist.train[:400].reshape(-1, 28, 28),
        x_test=mnist.test[-300:].reshape(-1, 28, 28),
        y_test=mnist.test_labels[-300:].astype(np.int64),
        y_train=mnist.train_labels[:400].astype(np.int64),
    )
    return "digits.npz"


def strict(text):
    """Return what JSON says; NaN and infinity are none of it."""

    def refuse(constant):
        raise AssertionError(constant)

    return json.loads(text, parse_constant=refuse)


def test_digits_are_measured_beside_real_ones(capsys, digits):
    words = ("--data", digits, "--epochs", 1, "--quiet", "--out", "r")
    assert run(capsys, "train", "gan-small", *words)[0] == 0
    code, out, _ = run(capsys, "evaluate", "r", "--samples", 250)
    result = strict(out)
    assert (code, result["samples"]) == (0, 250)
    assert result["classifier_accuracy"] > 0.9
    for name in ("frechet_distance", "feature_frechet_distance"):
        assert result[f"{name}_real"] < result[name]
    assert result["neighbours"]["recall"] < result["neighbours_real"]["recall"]
    assert result["classes"].keys() == result["classes_real"].keys()
    assert 0 <= result["copies"]["closer"] <= 1
    assert result == rounded(result)
    assert "recall_interval" in result["neighbours"]
    assert run(capsys, "evaluate", "r", "--samples", 250)[1] == out


def test_a_generator_that_copies_is_found_out(capsys, digits, monkeypatch):
    run(capsys, "train", "gan-small", "--data", digits, "--steps", 2, "--quiet", "--out", "r")
    train = np.load(digits)["x_train"].reshape(-1, 784) / np.float32(255)
    monkeypatch.setattr(GAN, "sample", lambda self, n, rng: train[np.arange(n) % len(train)])
    _, out, err = run(capsys, "evaluate", "r", "--samples", 250)
    copies = strict(out)["copies"]
    assert (copies["closer"], copies["copied"], copies["copying"]) == (1, 1, True)
    assert "copies its training data: about 100% of the samples" in err
    assert copies["nearest_train_row"] < 1e-3
    assert strict(out)["classes"]["classes"] == 10
    new = np.load(digits)["x_test"].reshape(-1, 784)[:150] / np.float32(255)
    monkeypatch.setattr(GAN, "sample", lambda self, n, rng: 0.9 * new[np.arange(n) % len(new)])
    _, out, err = run(capsys, "evaluate", "r", "--samples", 250)
    assert (strict(out)["copies"]["copying"], "copies" in err) == (False, False)


def test_there_are_at_most_as_many_samples_as_real_rows_to_compare_with():
    gan = GAN(build(["dense 2 3"], rng=0), build(["dense 3 1"], rng=1))
    assert evaluate(gan, own(30, 3), np.random.default_rng(0), 50)["samples"] == 30


def test_points_have_modes(capsys):
    run(capsys, "train", "ring", "--steps", 3, "--out", "r", "--quiet")
    result = strict(run(capsys, "evaluate", "r", "--samples", 500)[1])
    assert result["modes_real"]["modes_of_half_a_share"] == 8
    assert result["modes"]["high_quality"] < result["modes_real"]["high_quality"]
    assert abs(result["modes_real"]["spread"] - 1) < 0.1
    assert "classifier_accuracy" not in result


def test_the_history_has_measures_at_every_third_epoch_and_at_the_end(capsys, digits):
    words = ("--data", digits, "--batch-size", 100)
    train = ("train", "gan-small", *words, "--epochs", 4, "--metrics-every", 3)
    assert run(capsys, *train, "--out", "r")[0] == 0
    history = History.read_csv(Path("r/history.csv"))
    measured = [row["epoch"] for row in history if "frechet" in row]
    assert measured == [3, 4]
    assert set(history.columns) > {"precision", "recall", "class_total_variation"}
    assert run(capsys, "train", "gan-small", *words, "--epochs", 4, "--out", "s")[0] == 0
    weights = [Path(f"{name}/weights.safetensors").read_bytes() for name in "rs"]
    assert weights[0] == weights[1], "measuring changes nothing of the training"
    again = ("train", "--resume", "r", "--epochs", 6, "--metrics-every", 1)
    assert run(capsys, *again)[0] == 0
    history = History.read_csv(Path("r/history.csv"))
    assert [row["epoch"] for row in history if "frechet" in row] == [3, 4, 5, 6]


def test_a_toys_history_has_modes_and_progress_shows_them(capsys):
    _, _, err = run(capsys, "train", "ring", "--steps", 195, "--metrics-every", 1, "--out", "r")
    assert "high_quality 0" in err
    history = History.read_csv(Path("r/history.csv"))
    assert [row["step"] for row in history] == [100, 195]
    assert [row["step"] for row in history if "modes" in row] == [195]


BAD = {
    "no epochs": (["ring", "--metrics-every", 0], "epochs between measures must be a whole number"),
    "no samples": (["autoencoder", "--metrics-every", 1], "no samples of a model autoencoder"),
}


@pytest.mark.parametrize("name", BAD)
def test_measures_that_cannot_be_are_one_line_and_leave_nothing(capsys, name):
    words, message = BAD[name]
    code, _, err = run(capsys, "train", *words, "--out", "r")
    assert (code, err.count("\n"), message in err) == (2, 1, True), err
    assert not os.path.exists("r")


def test_measures_need_test_data(capsys, images):
    words = ("--data", images, "--metrics-every", 1, "--validation", 0, "--out", "r")
    code, _, err = run(capsys, "train", "gan-small", *words)
    assert (code, "images.npy has no test data" in err) == (2, True), err


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (0, "--samples: it must be a whole number, at least 6, not 0"),
        (5, "--samples: it must be a whole number, at least 6, not 5"),
        (10**12, "--samples must be a whole number, at least 6 and at most 536870912, not 10"),
    ],
)
def test_as_many_samples_as_neighbours_need_and_memory_holds(capsys, samples, message):
    run(capsys, "train", "ring", "--steps", 2, "--out", "r", "--quiet")
    code, _, err = run(capsys, "evaluate", "r", "--samples", samples)
    assert (code, err.count("\n")) == (2, 1)
    assert message in err


def test_too_little_test_data_is_one_line(capsys):
    rows = np.random.default_rng(0).random((50, 3), np.float32)
    np.savez("few.npz", train=rows, test=rows[:5])
    words = ("--data", "few.npz", "--steps", 2, "--batch-size", 20, "--out", "r")
    assert run(capsys, "train", "ring", *words)[0] == 0
    code, _, err = run(capsys, "evaluate", "r", "--samples", 100)
    assert (code, "few.npz has 5 test rows: 6 or more are needed" in err) == (2, True), err


def test_who_waits_is_shown_the_parts():
    x = np.random.default_rng(0).random((60, 4), np.float32)
    few, seen = data.Dataset("few", x, x), []
    gan = GAN(build(["dense 2 4", "sigmoid"], rng=0), build(["dense 4 1"], rng=1))

    def progress(parts):
        seen.extend(name for name, _ in parts)
        return parts

    found = [evaluate(gan, few, np.random.default_rng(0), 20, None, p) for p in (iter, progress)]
    assert found[0] == found[1]
    assert seen == ["samples", "training rows", "copies"]


def test_real_data_is_drawn_at_random_from_rows_that_are_sorted():
    x = np.sort(np.random.default_rng(0).standard_normal((400, 2), np.float32), axis=0)
    gan = GAN(build(["dense 2 2"], rng=0), build(["dense 2 1"], rng=1))
    found = evaluate(gan, data.Dataset("sorted", x, x.copy()), np.random.default_rng(0), 100)
    assert found["frechet_distance_real"] < 0.2  # of the first 100 rows it is 5
    assert abs(found["d_real"] - sigmoid_forward(gan.discriminator(x)).mean()) < 0.1


@pytest.mark.parametrize(
    ("layers", "asked"),
    [
        (["minibatch_stddev", "dense 5 1"], False),
        (["batch_norm 4", "dense 4 1"], False),
        (["layer_norm 4", "dense 4 1"], True),
    ],
)
def test_a_discriminator_that_compares_samples_is_not_asked_about_others(layers, asked):
    x = np.random.default_rng(0).standard_normal((60, 2), np.float32)
    gan = GAN(build(["dense 2 2"], rng=0), build(["dense 2 4", *layers], rng=1))
    found = evaluate(gan, data.Dataset("points", x, x.copy()), np.random.default_rng(0), 50)
    assert any(name.startswith("d_") for name in found) == asked


def test_a_classifiers_table_has_a_row_for_each_right_class():
    rows = np.eye(3, dtype=np.float32)
    classifier = Classifier(build(["dense 3 3"], rng=0))
    classifier.classifier.parameters["0.weight"][...] = np.eye(3)
    own = data.Dataset("own", rows, rows, np.arange(3), np.array([0, 1, 1]))
    found = evaluate(classifier, own, np.random.default_rng(0))
    assert found["confusion"] == [[1, 0, 0], [0, 1, 1], [0, 0, 0]]


def test_the_mean_that_a_reconstruction_is_compared_with_is_each_features_own():
    rows = np.array([[0, 1], [0, 1]], np.float32)
    autoencoder = Autoencoder(build(["dense 2 1"], rng=0), build(["dense 1 2"], rng=1))
    found = evaluate(autoencoder, data.Dataset("own", rows, rows), np.random.default_rng(0))
    assert found["mean_squared_error_of_the_mean"] == 0


def own(n, width, seed=0, **more):
    x = np.random.default_rng(seed).random((2 * n, width), np.float32)
    return data.Dataset("own", x[:n], x[n:], **more)


def without_intervals(found):
    """Return figures alone."""
    if not isinstance(found, dict):
        return found
    return {k: without_intervals(v) for k, v in found.items() if not k.endswith("_interval")}


def rows_of(dataset, n, rng):
    return dataset.train[rng.permutation(len(dataset.train))[:n]]


def test_samples_and_training_rows_are_measured_and_what_is_a_copy(monkeypatch):
    monkeypatch.setattr(evaluation, "COPIES", 30)
    gan, dataset = GAN(build(["dense 2 3"], rng=0), build(["dense 3 1"], rng=1)), own(60, 3)
    found = evaluate(gan, dataset, np.random.default_rng(3), 50)
    rng = np.random.default_rng(3)
    measures = SampleMetrics(gan, dataset, 50, rng)
    samples, _ = draw_samples(gan, dataset, 50, rng)
    ours, real = measures.measure(samples), measures.measure(rows_of(dataset, 50, rng))
    assert found.pop("features") == measures.features
    expected = {"samples": 50} | ours
    expected |= {f"{name}_real": real[name] for name in real}
    test = measures.test.rows
    expected["copies"] = metrics.copy_statistics(samples[:30], test[:30], dataset.train)
    share, error = metrics.copied_share(samples[:30], test, dataset.train).values()
    ends = np.clip([share - 1.96 * error, share + 1.96 * error], 0, 1)
    assert found["copies"]["copied_interval"] == pytest.approx(ends, rel=1e-4)
    expected["copies"] |= {"copied": np.clip(share, 0, 1), "copying": False}
    chosen = dataset.test[rng.permutation(60)[:50]]
    (logits,) = gan.logits(chosen, rng)
    expected |= reports.measured(gan.reports, *logits)
    expected["d_accuracy"] = reports.balanced_accuracy(*logits, 0, 0)
    found = without_intervals(found)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-5)


def test_a_gan_whose_losses_have_no_threshold_has_no_accuracy():
    networks = build(["dense 2 3"], rng=0), build(["dense 3 1"], rng=1)
    for objective, asked in (("wasserstein", False), ("non-saturating", True)):
        found = evaluate(
            GAN(*networks, objective=objective), own(30, 3), np.random.default_rng(3), 20
        )
        assert ("d_accuracy" in found) == asked


def test_several_discriminators_are_asked_for_their_mean():
    networks = build(["dense 2 3"], rng=0), *(build(["dense 3 1"], rng=i) for i in (1, 2))
    model, dataset = (
        MultiGAN(
            dict(zip(("generator", "discriminator", "discriminator2"), networks, strict=True))
        ),
        own(30, 3),
    )
    found = evaluate(model, dataset, np.random.default_rng(3), 30)
    each = []
    for i in (1, 2):
        gan = GAN(networks[0], networks[i])
        each.append(sigmoid_forward(gan.discriminator(dataset.test)).mean())
    assert found["d_real"] == pytest.approx(np.mean(each), rel=1e-4)


@pytest.mark.parametrize("samples", [1, 5])
def test_a_variational_model_has_its_bounds(samples):
    networks = build(["dense 4 4"], rng=0), build(["dense 2 4", "sigmoid"], rng=1)
    model = IWAE(*networks, samples=samples) if samples > 1 else VAE(*networks)
    found = evaluate(model, own(30, 4), np.random.default_rng(3), 20)
    bounds = [name for name in without_intervals(found) if name.startswith("negative")]
    assert bounds == ["negative_elbo", *(["negative_bound_of_5_codes"] * (samples > 1))]
    rng, dataset = np.random.default_rng(3), own(30, 4)
    test = dataset.test
    SampleMetrics(model, dataset, 20, rng), draw_samples(model, dataset, 20, rng)
    rows_of(dataset, 20, rng)
    for name, k in zip(bounds, (1, 5), strict=False):
        assert found[name] == pytest.approx(-model.bound(test, rng, k).mean(), rel=1e-5)
    error = np.square(model.reconstruct(test) - test).mean()
    assert found["mean_squared_error"] == pytest.approx(error, rel=1e-5)


def test_a_translator_is_measured_by_its_absolute_error():
    model, dataset = (
        Translator(build(["dense 2 1"], rng=0), build(["dense 3 1"], rng=1)),
        own(30, 3),
    )
    error = abs(model.translate(dataset.test[:, :2]) - dataset.test[:, 2:]).mean()
    found = evaluate(model, dataset, np.random.default_rng(3))
    assert without_intervals(found) == {"mean_absolute_error": pytest.approx(error, rel=1e-5)}


def test_a_classifiers_accuracy_comes_with_the_datas_own_labels():
    model, labels = Classifier(build(["dense 4 3"], rng=0)), np.arange(30) % 3
    for classes in (None, (5, 7, 9)):
        given = own(30, 4, train_labels=labels, test_labels=labels, classes=classes)
        found = evaluate(model, given, np.random.default_rng(3))
        right = model.predict(given.test) == labels
        assert found["accuracy"] == right.mean()
        assert found.get("labels") == (list(classes) if classes else None)
    with pytest.raises(InputError, match="own has no test labels to compare with"):
        evaluate(model, own(30, 4), np.random.default_rng(3))


def test_labels_of_a_conditional_models_digits_are_looked_at_by_the_classifier(digits):
    dataset = data.load(digits)
    networks = build(["dense 12 784", "sigmoid"], rng=0), build(["dense 794 1"], rng=1)
    model = ConditionalGAN(*networks, classes=10)
    found = evaluate(model, dataset, np.random.default_rng(3), 60)
    rng = np.random.default_rng(3)
    measures = SampleMetrics(model, dataset, 60, rng)
    right = measures.classifier_accuracy(*draw_samples(model, dataset, 60, rng))
    assert found["labels_right"] == right
    assert found["labels_right_real"] == found["classifier_accuracy"] == measures.accuracy
    wrong = replace(dataset, test_labels=(dataset.test_labels + 1) % 10)
    assert "labels_right" not in evaluate(model, wrong, rng, 60)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": 1}, "model"),
        ({"dataset": 1}, "dataset"),
        ({"rng": "a"}, "generator"),
        ({"samples": 0}, "samples must be a whole number, at least 1"),
        (
            {"dataset": data.Dataset("train", np.zeros((9, 2), np.float32))},
            "train has no test data",
        ),
    ],
)
def test_what_cannot_be_evaluated(changes, message):
    model = Autoencoder(build(["dense 2 1"], rng=0), build(["dense 1 2"], rng=1))
    right = {"model": model, "dataset": own(9, 2), "rng": np.random.default_rng(0), "samples": 1}
    evaluate(**right)
    with pytest.raises(InputError, match=message):
        evaluate(**right | changes)


def test_the_mean_of_many_rows_keeps_its_digits():
    rows = np.full((30_000, 2), 0.1, np.float32)
    coder = Autoencoder(build(["dense 2 1"], rng=0), build(["dense 1 2"], rng=1))
    found = evaluate(coder, data.Dataset("own", rows, rows[:9]), np.random.default_rng(0))
    assert found["mean_squared_error_of_the_mean"] < 1e-16
