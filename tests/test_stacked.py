"""Three digits in one image: the data, and how many of its 1000 modes samples cover."""

from dataclasses import replace

import numpy as np
import pytest

from npgan import GAN, InputError, data, metrics, runs
from npgan.data import stacked as stacking
from npgan.data.dataset import Dataset
from npgan.layers import build
from npgan.models.presets import preset
from npgan.study import evaluation, sample_metrics
from npgan.study.features import digits
from npgan.study.sample_metrics import SampleMetrics


@pytest.fixture(scope="module")
def stacked():
    return data.load("stacked-mnist")


@pytest.fixture(scope="module")
def few(stacked):
    """The first images; their digits are those of all."""
    parts = {"train": stacked.train[:300], "test": stacked.test[:200]}
    parts |= {"train_labels": stacked.train_labels[:300], "test_labels": stacked.test_labels[:200]}
    return Dataset("few", **parts, shape=stacked.shape)


@pytest.fixture(scope="module")
def gan():
    networks = build(["dense 4 2352", "sigmoid"], rng=0), build(["dense 2352 1"], rng=1)
    return GAN(*networks)


# --- the data --------------------------------------------------------------------------------------


def test_every_channel_is_an_image_of_its_digit_and_those_of_the_test_are_its_own(stacked):
    mnist = data.load("mnist")
    for part in ("train", "test"):
        whole, labels = getattr(mnist, part), getattr(mnist, f"{part}_labels")
        of = {image.tobytes(): digit for image, digit in zip(whole, labels, strict=True)}
        images = getattr(stacked, part)[:200].reshape(-1, 784, 3)
        written = [[of[image[:, c].tobytes()] for c in range(3)] for image in images]
        np.testing.assert_array_equal(
            np.array(written) @ [100, 10, 1], getattr(stacked, f"{part}_labels")[:200]
        )


def test_channels_are_drawn_independently_and_all_modes_are_there(stacked):
    labels, n = stacked.train_labels, len(stacked.train)
    assert (n, len(stacked.test), len(np.unique(labels))) == (128_000, 10_000, 1000)
    share = np.bincount(data.load("mnist").train_labels) / 60_000
    for a, b in ((labels // 100, labels // 10 % 10), (labels // 10 % 10, labels % 10)):
        found = np.bincount(10 * a + b, minlength=100).reshape(10, 10) / n
        expected = np.outer(share, share)
        assert (abs(found - expected) < 5 * np.sqrt(expected / n)).all()


def test_it_is_the_same_each_time_in_bytes(stacked):
    again = data.load("stacked-mnist")
    assert again.train.dtype == np.uint8
    for name in ("train", "test", "train_labels", "test_labels"):
        assert np.array_equal(getattr(again, name), getattr(stacked, name))


def test_a_channel_lies_beside_the_others_of_its_pixel():
    images = np.arange(8).reshape(2, 4).astype(np.uint8)
    pixels, labels = stacking.stack(images, np.array([3, 5]), 50, np.random.default_rng(0))
    for row, label in zip(pixels.reshape(50, 4, 3), labels, strict=True):
        which = [{3: 0, 5: 1}[int(digit)] for digit in f"{label:03}"]
        np.testing.assert_array_equal(row, images[which].T)


# --- how many modes are covered --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("modes", "k", "covered", "kl"),
    [
        ([0, 1, 2, 3], 4, 4, 0.0),
        ([2, 2, 2], 4, 1, np.log(4)),
        ([0, 0, 0, 3], 8, 2, 0.75 * np.log(8 * 0.75) + 0.25 * np.log(8 * 0.25)),
        ([0, 0], 1, 1, 0),
    ],
)
def test_coverage_is_its_formula(modes, k, covered, kl):
    found = metrics.coverage_statistics(np.array(modes), k)
    assert found == {"samples": len(modes), "modes": covered, "reverse_kl": pytest.approx(kl)}


def test_one_sample_covers_one_mode_of_one_or_of_a_million():
    for k in (1, 1_000_000):
        found = metrics.coverage_statistics(np.array([k - 1], np.uint64), k)
        assert found == {"samples": 1, "modes": 1, "reverse_kl": pytest.approx(np.log(k))}
    for k in (0, 1_000_001):
        with pytest.raises(InputError, match="k must be"):
            metrics.coverage_statistics(np.array([0]), k)


def test_the_divergence_of_samples_of_all_modes_alike_is_what_their_number_says():
    k, n = 1000, 26_000
    drawn = np.random.default_rng(0).integers(0, k, (20, n))
    mean = np.mean([metrics.coverage_statistics(modes, k)["reverse_kl"] for modes in drawn])
    assert mean == pytest.approx((k - 1) / (2 * n), rel=0.03)


@pytest.mark.parametrize(
    ("modes", "message"),
    [([0, 4], r"in \[0, 3\]"), ([-1, 0], r"in \[0, 3\]"), ([], "at least 1"), ([0.5], "whole")],
)
def test_what_is_no_mode_is_refused(modes, message):
    with pytest.raises(InputError, match=message):
        metrics.coverage_statistics(np.array(modes), 4)


def test_the_classifier_reads_a_digit_in_each_channel(few, gan):
    measures = SampleMetrics(gan, few, 200, np.random.default_rng(0))
    rows, labels = gan.scaled(few.train), few.train_labels
    read = [digits(rows.reshape(-1, 784, 3)[:, :, c]) for c in range(3)]
    expected = np.stack(read, axis=1) @ [100, 10, 1]
    assert 0.9 < measures.accuracy < 1
    assert measures.classifier_accuracy(rows, labels) == (expected == labels).mean()
    for n in (len(rows), 1):
        found = measures.coverage(rows[:n])
        assert found == metrics.coverage_statistics(expected[:n], 1000)
    assert measures.columns(rows) == {
        name: measures.coverage(rows)[name] for name in ("modes", "reverse_kl")
    }


def test_samples_are_counted_in_parts_as_in_one(few, gan, monkeypatch):
    measures = SampleMetrics(gan, few, 50, np.random.default_rng(0))
    whole = measures.coverage(gan.scaled(few.train))
    monkeypatch.setattr(sample_metrics, "ROWS", 7)
    assert measures.coverage(gan.scaled(few.train)) == whole


def test_images_of_three_channels_that_are_no_such_digits_have_no_modes(few, gan):
    own = Dataset("own", few.train, few.test, few.train_labels, few.test_labels // 2, few.shape)
    measures = SampleMetrics(gan, own, 50, np.random.default_rng(0))
    assert (measures.has_stacks, measures.wanted(2000), measures.wanted(1)) == (False, 300, 1)
    with pytest.raises(InputError, match="modes are counted in stacked digits"):
        measures.coverage(gan.scaled(few.train))


def test_evaluation_counts_in_as_many_samples_as_the_papers_and_says_so(few, gan, monkeypatch):
    assert sample_metrics.COUNTED == 26_000
    monkeypatch.setattr(evaluation, "COUNTED", 120)
    monkeypatch.setattr(
        sample_metrics, "frechet_distance", lambda *_: 0.0
    )  # takes long of 2352 columns
    found = evaluation.evaluate(gan, few, np.random.default_rng(0), 20)
    assert found["samples"] == 20
    assert found["modes"]["samples"] == found["modes_real"]["samples"] == 120
    measures = SampleMetrics(gan, few, 50, np.random.default_rng(0))
    assert measures.wanted(2000) == 26_000
    assert found["modes_real"] == measures.coverage(gan.scaled(few.train[:120]))
    assert found["modes_real"]["modes"] > 100 > found["modes"]["modes"]


def test_the_history_has_the_modes_of_as_many_samples(few, gan, monkeypatch):
    drawn = []

    def draw(model, dataset, n, rng):
        drawn.append(n)
        return sample_metrics.draw_samples(model, dataset, n, rng)

    monkeypatch.setattr(sample_metrics, "COUNTED", 120)
    monkeypatch.setattr(runs.train, "draw_samples", draw)
    (measures,) = runs.train._measures(gan, replace(preset("gan-small"), metrics_every=1), few)
    assert (measures.measure().keys(), drawn) == ({"modes", "reverse_kl"}, [120])


@pytest.mark.parametrize(
    ("pixel", "digit", "message"),
    [
        (256, 9, r"images must be .* \[0, 255\]"),
        (-1, 9, "images"),
        (255, 10, "digits must be 0 to 9"),
    ],
)
def test_bytes_and_digits_are_stacked_and_nothing_else(pixel, digit, message):
    with pytest.raises(InputError, match=r"images must be .* m at least 1"):
        stacking.stack(np.ones((0, 1), int), np.ones(0, int), 1, np.random.default_rng(0))
    with pytest.raises(InputError, match=message):
        stacking.stack(np.array([[pixel]]), np.array([digit]), 1, np.random.default_rng(0))
    made = stacking.stack(np.array([[255]]), np.array([9]), 1, np.random.default_rng(0))
    assert [part.tolist() for part in made] == [[[255, 255, 255]], [999]]


def test_a_single_image_can_be_stacked_upon_itself():
    images, digits = np.array([[1, 2]], np.uint8), np.array([7])
    made = stacking.stack(images, digits, 1, np.random.default_rng(0))
    assert [part.tolist() for part in made] == [[[1, 1, 1, 2, 2, 2]], [777]]
