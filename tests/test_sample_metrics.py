"""Each kind of data has the metrics that fit it, and they tell good samples from bad ones."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from npgan import (
    GAN,
    Adam,
    Classifier,
    ConditionalGAN,
    Dense,
    InputError,
    ReLU,
    Sequential,
    Sigmoid,
    Tanh,
    data,
    metrics,
)
from npgan.data import Dataset
from npgan.study.features import features, probabilities
from npgan.study.sample_metrics import SampleMetrics, draw_samples

OF_IMAGES = [
    "frechet_distance", "feature_frechet_distance", "feature_neighbours", "neighbours", "classes"
]  # fmt: skip


def gan(width, *output):
    return GAN(
        Sequential(Dense(2, width), *output, rng=0),
        Sequential(Dense(width, 1), rng=0),
        optimizers={"generator": Adam(1e-3), "discriminator": Adam(1e-3)},
    )


@pytest.fixture(scope="module")
def mnist():
    whole = data.load("mnist")
    return replace(
        whole,
        train=whole.train[:1000],
        train_labels=whole.train_labels[:1000],
        test=whole.test[-1000:],
        test_labels=whole.test_labels[-1000:],
    )


def metrics_of(dataset, model=None, n=500):
    model = model or gan(dataset.train.shape[1], Sigmoid())
    return SampleMetrics(model, dataset, n, np.random.default_rng(0))


def test_digits_have_features_and_classes(mnist, rng):
    metrics = metrics_of(mnist)
    assert metrics.accuracy > 0.95
    real = metrics.measure(mnist.train / np.float32(255))
    noisy = np.clip(mnist.train / 255 + rng.normal(0, 0.3, mnist.train.shape), 0, 1)
    noise = metrics.measure(noisy.astype(np.float32))
    assert list(real) == list(noise) == OF_IMAGES
    for name in OF_IMAGES[:2]:
        assert real[name] < noise[name]
    for name, value in real["neighbours"].items():
        assert value > 0.8 > 0.5 > noise["neighbours"][name]
    assert real["classes"]["classes"] == 10


def test_averages_of_two_digits_are_not_taken_for_digits_nor_half_their_contrast(mnist):
    metrics, x = metrics_of(mnist), mnist.train / np.float32(255)
    real, averages, dim = (metrics.measure(y) for y in (x, (x + x[::-1]) / 2, x / 2))
    for name in ("precision", "density", "coverage"):
        assert averages["neighbours"][name] < 0.7 * real["neighbours"][name]
    assert averages["feature_neighbours"]["precision"] > 0.9, (
        "which is why directions are compared, too"
    )
    assert dim["feature_frechet_distance"] > 5 * real["feature_frechet_distance"]


def test_the_columns_are_the_main_measures(mnist):
    metrics, rows = metrics_of(mnist), mnist.train[:300] / np.float32(255)
    whole, columns = metrics.measure(rows), metrics.columns(rows)
    assert columns == {
        "frechet": whole["feature_frechet_distance"],
        "precision": whole["neighbours"]["precision"],
        "recall": whole["neighbours"]["recall"],
        "class_total_variation": whole["classes"]["total_variation"],
    }


def test_the_scale_of_the_model_changes_nothing(mnist):
    images = mnist.test[:20].astype(np.float32) / 255
    floats = replace(mnist, train=mnist.train / np.float32(85), test=mnist.test / np.float32(85))
    cases = (
        (mnist, gan(784, Sigmoid()), images),
        (mnist, gan(784, Tanh()), 2 * images - 1),
        (floats, gan(784), 3 * images),
    )
    for dataset, model, rows in cases:
        found = metrics_of(dataset, model).represent(rows)
        np.testing.assert_allclose(found.features, features(images), atol=1e-4)
        own = 3 * images if dataset is floats else images
        np.testing.assert_allclose(found.rows, own, atol=1e-6)


def test_digits_are_known_on_any_scale_of_the_data(mnist):
    rows = {name: getattr(mnist, name) / np.float32(127.5) - 1 for name in ("train", "test")}
    found = metrics_of(replace(mnist, **rows), gan(784))
    assert (found.accuracy, found.has_classes) == (metrics_of(mnist).accuracy, True)
    ours, expected = found.represent(rows["test"]), probabilities((rows["test"] + 1) / 2)
    np.testing.assert_allclose(ours.probabilities, expected, atol=1e-5)


def test_samples_outside_the_range_are_cut_off_as_in_pictures(mnist):
    assert np.isfinite(metrics_of(mnist, gan(784)).represent(np.full((6, 784), 1e9)).features).all()


def test_without_rows_there_is_nothing_to_measure(mnist):
    with pytest.raises(InputError, match="rows"):
        metrics_of(mnist).represent(np.empty((0, 784), np.float32))


def test_classes_that_the_classifier_does_not_know_are_not_asked_for(mnist):
    other = replace(mnist, test_labels=(mnist.test_labels + 1) % 10)
    unlabelled = replace(mnist, test_labels=None)
    for found in map(metrics_of, (other, unlabelled)):
        assert found.accuracy is None
        assert found.features.startswith("none")
        assert list(found.measure(mnist.train / np.float32(255))) == [
            "frechet_distance",
            "neighbours",
        ]
    assert list(found.columns(mnist.train / np.float32(255))) == [
        "frechet",
        "precision",
        "recall",
    ]


def test_nine_in_ten_are_known_well_enough(mnist):
    ten = replace(mnist, test=mnist.test[-10:], test_labels=mnist.test_labels[-10:].copy())
    ten.test_labels[0] += 1
    assert (metrics_of(ten).accuracy, metrics_of(ten).has_classes) == (0.9, True)
    ten.test_labels[1] += 1
    assert not metrics_of(ten).has_classes


def test_test_rows_are_drawn_from_all(mnist):
    labels = mnist.test_labels[np.random.default_rng(0).permutation(1000)[:500]]
    assert (metrics_of(mnist).test.probabilities.argmax(axis=1) == labels).mean() > 0.95


def test_a_mixture_has_modes_and_its_points_are_their_own_features():
    ring = data.load("ring")
    metrics = metrics_of(ring, gan(2, ReLU()))
    real = metrics.measure(ring.train[:500])
    assert list(real) == ["frechet_distance", "neighbours", "modes"]
    assert real["modes"]["modes"] == 8
    assert real["neighbours"]["recall"] > 0.9
    columns = metrics.columns(ring.train[:500])
    assert columns == {name: real["modes"][name] for name in columns}
    assert list(columns) == ["modes", "high_quality", "reverse_kl"]


def test_other_rows_have_neither(rng):
    rows = rng.random((900, 5), np.float32)
    metrics = metrics_of(Dataset("table", rows[:400], rows[400:800]), gan(5))
    assert list(metrics.measure(rows[800:])) == ["frechet_distance", "neighbours"]
    assert list(metrics.columns(rows[800:])) == ["frechet", "precision", "recall"]


def test_without_test_data_there_is_nothing_to_compare_with(rng):
    with pytest.raises(InputError, match="table has no test data"):
        metrics_of(Dataset("table", rng.random((9, 5), np.float32)))


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_a_conditional_model_needs_labels_to_draw_for():
    network = [Sequential(Dense(4, 2), rng=0), Sequential(Dense(4, 1), rng=1)]
    model = ConditionalGAN(*network, classes=2)
    with pytest.raises(InputError, match="own has no labels to draw samples for"):
        draw_samples(model, Dataset("own", np.zeros((3, 2), np.float32)), 3, 0)


def table(n, seed=0, width=5):
    return np.random.default_rng(seed).random((n, width), np.float32)


def test_rows_of_numbers_are_compared_as_they_are():
    own = Dataset("table", table(40), table(50, 1))
    found = SampleMetrics(gan(5), own, 30, np.random.default_rng(3))
    test = own.test[np.random.default_rng(3).permutation(50)[:30]]
    np.testing.assert_array_equal(found.test.rows, test)
    rows = table(20, 2) * 3
    expected = {
        "frechet_distance": metrics.frechet_distance(rows, test),
        "neighbours": metrics.neighbour_statistics(rows, test),
    }
    assert found.measure(rows) == expected
    near = expected["neighbours"]
    assert found.columns(rows) == {
        "frechet": expected["frechet_distance"],
        "precision": near["precision"],
        "recall": near["recall"],
    }
    assert (found.accuracy, found.has_classes, found.has_features) == (None, False, False)
    with pytest.raises(FrozenInstanceError):
        found.test.rows = rows
    few = SampleMetrics(gan(5), own, 1000, np.random.default_rng(3))
    assert len(few.test.rows) == 50


def test_bytes_are_compared_between_0_and_1():
    x = np.random.default_rng(0).integers(0, 256, (60, 5)).astype(np.uint8)
    for output, low in ((Sigmoid(), 0), (Tanh(), -1)):
        found = SampleMetrics(
            gan(5, output), Dataset("bytes", x[:30], x[30:]), 30, np.random.default_rng(3)
        )
        order = np.random.default_rng(3).permutation(30)
        np.testing.assert_allclose(found.test.rows, x[30:][order] / 255, atol=1e-6)
        rows = np.array([[low - 1, low, 0.5, 1, 2]], np.float32)
        expected = [[0, 0, (0.5 - low) / (1 - low), 1, 1]]
        np.testing.assert_allclose(found.on_data_scale(rows), expected)


def classifier_of(width):
    network = Sequential(Dense(width, 4), ReLU(), Dense(4, 2), rng=0)
    return Classifier(network)


@pytest.mark.parametrize("kind", ["bytes", "numbers"])
def test_rows_are_compared_by_what_a_classifier_of_theirs_sees(kind):
    judge = classifier_of(5)
    x = table(60) * 3 if kind == "numbers" else (table(60) * 255).astype(np.uint8)
    labels = judge.predict(x)
    labels[:3] = 1 - labels[:3]
    own = Dataset("own", x, x, train_labels=labels, test_labels=labels, classes=("no", "yes"))
    found = SampleMetrics(gan(5), own, 60, 0, judge)
    assert (found.accuracy, found.has_features, found.has_classes) == (57 / 60, True, True)
    first = judge.classifier.layers[0].parameters
    seen = judge.scaled(x[:40])
    hidden = np.maximum(seen @ first["weight"] + first["bias"], 0)
    ours = found.represent(judge.scaled(x[:40]))
    np.testing.assert_allclose(ours.features, hidden, atol=1e-6)
    np.testing.assert_allclose(ours.probabilities, judge.probabilities(x[:40]), atol=1e-6)


@pytest.mark.parametrize("modes", ["both", "no spread"])
def test_modes_are_looked_at_where_their_places_and_their_width_are_known(modes):
    x = table(60, width=2)
    known = {"modes": x[:3], "std": 0.1 if modes == "both" else None}
    found = SampleMetrics(gan(2), Dataset("mixture", x[:30], x[30:], **known), 30, 0)
    assert ("modes" in found.measure(x)) == ("modes" in found.columns(x)) == (modes == "both")
    if modes == "both":
        assert found.measure(x)["modes"] == metrics.mode_statistics(x, x[:3], 0.1)


def test_labels_are_drawn_as_often_as_the_data_have_them():
    network = [Sequential(Dense(4, 2), rng=0), Sequential(Dense(4, 1), rng=1)]
    model = ConditionalGAN(*network, classes=2)
    own = Dataset("own", np.zeros((4, 2), np.float32), train_labels=np.array([0, 1, 1, 1]))
    samples, labels = draw_samples(model, own, 400, np.random.default_rng(3))
    rng = np.random.default_rng(3)
    np.testing.assert_array_equal(labels, rng.choice([0, 1, 1, 1], 400))
    np.testing.assert_array_equal(samples, model.sample(400, rng, labels))
    assert abs(labels.mean() - 0.75) < 0.1
    samples, none = draw_samples(gan(2), own, 9, np.random.default_rng(3))
    np.testing.assert_array_equal(samples, gan(2).sample(9, np.random.default_rng(3)))
    assert none is None


@pytest.mark.parametrize(
    "wrong",
    [
        lambda own: draw_samples(Classifier(Sequential(Dense(2, 2))), own, 3, 0),
        lambda own: draw_samples(gan(2), "own", 3, 0),
        lambda own: draw_samples(gan(2), own, 3, "rng"),
        lambda own: SampleMetrics("model", own, 3, 0),
        lambda own: SampleMetrics(gan(2), "own", 3, 0),
        lambda own: SampleMetrics(gan(2), own, 0, 0),
        lambda own: SampleMetrics(gan(2), own, 3, "rng"),
        lambda own: SampleMetrics(gan(2), own, 3, 0, gan(2)),
        lambda own: SampleMetrics(gan(2), own, 3, 0, classifier_of(3)),
        lambda own: SampleMetrics(gan(2), own, 3, 0).on_data_scale(np.zeros((3, 3))),
        lambda own: SampleMetrics(gan(2), own, 3, 0).on_data_scale(np.zeros((0, 2))),
    ],
)
def test_what_cannot_be_compared_is_refused(wrong):
    own = Dataset("own", table(9, width=2), table(9, 1, width=2))
    assert len(SampleMetrics(gan(2), own, 1, 0).test.rows) == 1
    with pytest.raises(InputError):
        wrong(own)


def test_a_classifier_of_other_rows_is_named_by_their_widths():
    own = Dataset("own", table(9, width=2), table(9, 1, width=2))
    with pytest.raises(InputError, match="classifier takes rows of 3 numbers, the data have 2"):
        SampleMetrics(gan(2), own, 3, 0, classifier_of(3))


def test_few_digits_have_features_directions_and_classes(mnist):
    few = replace(
        mnist,
        train=mnist.train[:40],
        train_labels=mnist.train_labels[:40],
        classes=tuple(range(10)),
    )
    found = SampleMetrics(gan(784, Sigmoid()), few, 40, np.random.default_rng(3))
    order = np.random.default_rng(3).permutation(1000)[:40]
    images = mnist.test[order] / np.float32(255)
    rows = mnist.train[:40] / np.float32(255)
    p, q = probabilities(images), probabilities(rows)
    assert found.accuracy == (p.argmax(axis=1) == mnist.test_labels[order]).mean()
    f, g = features(images), features(rows)
    directions = [y / np.linalg.norm(y, axis=1, keepdims=True) for y in (g, f)]
    expected = {
        "frechet_distance": metrics.frechet_distance(rows, images),
        "feature_frechet_distance": metrics.frechet_distance(g, f),
        "feature_neighbours": metrics.neighbour_statistics(g, f),
        "neighbours": metrics.neighbour_statistics(*directions),
        "classes": metrics.class_statistics(q, p),
    }
    measured = found.measure(rows)
    assert measured.keys() == expected.keys()
    for name, value in expected.items():
        assert measured[name] == pytest.approx(value, rel=1e-4)
    assert found.columns(rows) == {
        "frechet": measured["feature_frechet_distance"],
        "precision": measured["neighbours"]["precision"],
        "recall": measured["neighbours"]["recall"],
        "class_total_variation": measured["classes"]["total_variation"],
    }
    shifted = replace(few, classes=tuple(range(1, 11)))
    assert (
        SampleMetrics(gan(784, Sigmoid()), shifted, 40, np.random.default_rng(3)).accuracy is None
    )


@pytest.mark.parametrize("asked", ["measure", "columns"])
def test_too_few_test_rows_are_named_with_what_helps(asked):
    own = Dataset("table", table(9, width=2), table(5, 1, width=2))
    with pytest.raises(InputError, match=r"table has 5 test rows: 6 or more .*--validation"):
        getattr(SampleMetrics(gan(2), own, 100, 0), asked)(table(9, 2, width=2))


@pytest.mark.parametrize(("rows", "n"), [(3, 6), (50, 50), (99, 60)])
def test_a_history_is_of_no_more_samples_than_there_are_training_rows(rng, rows, n):
    x = rng.random((rows + 20, 3), np.float32)
    assert metrics_of(Dataset("own", x[:rows], x[rows:])).wanted(60) == n
