"""The conditional GAN: labels on their way, samples of a class, and what is refused."""

import copy
import json
import os
from pathlib import Path

import numpy as np
import pytest
from commands import picture, run

from npgan import (
    Adam,
    ConditionalGAN,
    Dense,
    InputError,
    LeakyReLU,
    ReLU,
    Sequential,
    Sigmoid,
    Tanh,
    ops,
    runs,
)
from npgan import data as datasets
from npgan.data import Dataset
from npgan.models.presets import preset
from npgan.study.sample_metrics import draw_samples
from npgan.training import Callback, Loop

D, K = 4, 3  # the data's width, its classes


def rng(seed=0):
    return np.random.default_rng(seed)


def make(output=Sigmoid, optimizers=None, **settings):
    last = [output()] if output else []
    return ConditionalGAN(
        Sequential(Dense(2 + K, 8), ReLU(), Dense(8, D), *last, rng=1),
        Sequential(Dense(D + K, 8), LeakyReLU(), Dense(8, 1), rng=2),
        classes=K,
        optimizers=optimizers or {n: Adam(1e-2) for n in ("generator", "discriminator")},
        **settings,
    )


LABELS = np.arange(24) % K


def data():
    """Return points that lie where their class is."""
    x = np.full((24, D), 0.2, np.float32) + 0.3 * LABELS[:, None].astype(np.float32)
    return Dataset("three", x, x, LABELS, LABELS)


@pytest.mark.parametrize(("output", "low", "high"), [(Sigmoid, 0, 1), (Tanh, -1, 1), (None, 0, 1)])
def test_labels_are_columns_in_the_networks_range_whatever_the_data(output, low, high):
    gan = make(output)
    expected = np.where(np.eye(K)[[2, 0]] == 1, high, low)
    floats = gan.rows(np.full((2, D), 0.5, np.float32), np.array([2, 0]))
    np.testing.assert_array_equal(floats, np.hstack([np.full((2, D), 0.5), expected]))
    octets = gan.rows(np.full((2, D), 255, np.uint8), np.array([2, 0]))
    assert octets.dtype == np.uint8
    np.testing.assert_array_equal(octets[:, D:], 255 * np.eye(K)[[2, 0]])


def test_generated_samples_have_the_labels_of_the_batch():
    gan = make()
    real = gan.rows(data().train, LABELS)
    z = gan.latent_for(real, rng())
    assert z.shape == (24, 2 + K)
    np.testing.assert_array_equal(z[:, 2:], real[:, D:])
    fake = gan.generator(z)
    np.testing.assert_array_equal(fake[:, D:], real[:, D:])
    np.testing.assert_array_equal(fake[:, :D], gan.networks["generator"](z))


def test_noise_leaves_the_labels_alone():
    gan = make(instance_noise=0.5)
    real = gan.rows(data().train, LABELS)
    noisy, clean = (gan.discriminator_input(real, noise) for noise in (rng(), None))
    np.testing.assert_array_equal(
        clean, np.hstack([real[:, :D], ConditionalGAN.label_scale * real[:, D:]])
    )
    np.testing.assert_array_equal(noisy[:, D:], clean[:, D:])
    noise = 0.5 * ops.standard_normal(rng(), (24, D))
    np.testing.assert_allclose(noisy[:, :D] - clean[:, :D], noise, atol=1e-6)


@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_samples_of_no_class_in_particular_are_of_each_as_often(n, monkeypatch):
    gan, taken = make(), []
    monkeypatch.setattr(ConditionalGAN, "decode", lambda self, z, labels: taken.append(labels))
    for seed in range(600):
        gan.sample(n, rng=seed)
    counts = np.stack([(np.array(taken) == c).sum(axis=1) for c in range(K)])
    assert (counts.min(), counts.max()) == (n // K, -(-n // K))
    # a share of 1/3 of 600 errs by 0.019; five of these
    shares = [(np.array(taken) == c).mean(axis=0) for c in range(K)]
    np.testing.assert_allclose(shares, 1 / 3, atol=0.096)


def test_samples_are_of_the_class_that_was_asked_for():
    gan = make(ema=0.9, objective="relativistic", penalties={"r1": 1.0, "r2": 1.0})
    gan.fit(data(), steps=600, batch_size=24, callbacks=[], rng=0)
    for label in range(K):
        x = gan.sample(100, rng=0, label=label)
        assert x.shape == (100, D)
        assert x.mean() == pytest.approx(0.2 + 0.3 * label, abs=0.1)
    each = gan.sample(7, rng=0, label=np.arange(7) % K)
    np.testing.assert_array_equal(gan.sample(7, rng=0, label=2)[2], each[2])
    samples, labels = draw_samples(gan, data(), 5, rng())
    np.testing.assert_array_equal(samples, gan.decode(*_latent(gan, labels)))


def _latent(gan, labels):
    noise = rng()
    noise.choice(LABELS, len(labels))
    return gan.latent(len(labels), noise), labels


def test_a_state_brings_another_model_to_the_same_future():
    ends = []
    for stop in (None, 5):
        loop = Loop(make(ema=0.9), data().train, labels=LABELS, batch_size=8, rng=0)
        if stop:
            loop.run(steps=stop)
            state = copy.deepcopy(loop.state())
            loop = Loop(make(ema=0.9), data().train, labels=LABELS, batch_size=8, rng=0)
            loop.load_state(*state)
        loop.run(steps=12)
        ends.append({name: w.tobytes() for name, w in loop.model.state()[0].items()})
    assert ends[0] == ends[1]


WRONG = [
    (lambda: make().fit(data().train, steps=1), "learns from data with labels: this has none"),
    (
        lambda: make().sample(2, label=3),
        "label must be a whole number, at least 0 and at most 2, not 3",
    ),
    (lambda: make().sample(2, label=-1), "at least 0 and at most 2, not -1"),
    (lambda: make().sample(2, label=0.5), r"label must be whole numbers \(2,\), not float64"),
    (lambda: make().sample(2, label=LABELS), r"label must be whole numbers \(2,\), not int64"),
    (lambda: make().rows(data().train, LABELS + 1), "labels must be 0 to 2: 3 is out of range"),
    (
        lambda: make().rows(data().train, LABELS[:-1]),
        r"labels must be whole numbers \(24,\), not int64 \(23,\)",
    ),
    (
        lambda: ConditionalGAN(Sequential(Dense(3, D)), Sequential(Dense(D, 1)), classes=3),
        "the generator takes 3 features: it must take z and a label's 3",
    ),
    (
        lambda: ConditionalGAN(Sequential(Dense(9, D)), Sequential(Dense(D, 1)), classes=3),
        "makes 7 features, the discriminator takes 4",
    ),
    (
        lambda: ConditionalGAN(Sequential(Dense(9, D)), Sequential(Dense(D, 1)), classes=0),
        "classes must be a whole number, at least 1, not 0",
    ),
]


@pytest.mark.parametrize(("make", "message"), WRONG)
def test_what_does_not_fit_is_refused_in_words(make, message):
    with pytest.raises(InputError, match=message):
        make()


# --- as a user meets it --------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_run_is_sampled_by_label_and_its_sheets_have_a_column_a_class(capsys, labelled, folder):
    words = ("cgan-mnist", "--data", labelled, "--batch-size", 20, "--steps", 2)
    assert run(capsys, "train", *words, "--out", "r")[0] == 0
    height, width = picture("r/samples/step-0000002.png").shape
    assert height * (K * 10 + 2) == width * (8 * 10 + 2)
    sample = ("sample", "r", "-n", 6, "--out", "s.npy")
    made = []
    for label in ((), ("--label", 0), ("--label", 2)):
        assert run(capsys, *sample, *label)[0] == 0
        made.append(np.load("s.npy"))
    np.testing.assert_array_equal(made[0][::3], made[1][::3])
    np.testing.assert_array_equal(made[0][2::3], made[2][2::3])
    assert run(capsys, "sample", "r", "-n", 12, "--out", "s.png")[0] == 0
    assert picture("s.png").shape[0] > picture("s.png").shape[1], "3 columns, 4 rows"
    code, _, err = run(capsys, *sample, "--label", 3)
    assert (code, "label must be a whole number, at least 0 and at most 2, not 3\n" in err) == (
        2,
        True,
    )


class Enough(Callback):
    """Stop after three steps."""

    def on_step_end(self, loop):
        loop.stop = "enough" if loop.step == 3 else loop.stop


def test_a_run_goes_on_to_the_same_bits(labelled, folder, undrawn):
    config = preset("cgan-mnist").override(data=str(labelled), steps=8, batch_size=20)
    runs.start(config, Path("a"))
    assert runs.start(config, Path("b"), [Enough()]).step == 3
    runs.resume(Path("b"))
    a, b = (Path(name, "weights.safetensors").read_bytes() for name in "ab")
    assert a == b


def test_a_run_without_classes_has_no_label(capsys, folder, undrawn):
    run(capsys, "train", "ring", "--steps", 2, "--out", "r")
    code, _, err = run(capsys, "sample", "r", "--label", 1, "--out", "s.png")
    assert (code, "r is a run of gan, without classes: no --label" in err) == (2, True)
    assert not os.path.exists("s.png")


def test_data_without_labels_is_refused_and_leaves_nothing(capsys, images, folder):
    code, _, err = run(capsys, "train", "cgan-mnist", "--data", images, "--out", "r")
    assert (code, "images.npy has no labels to learn from" in err) == (2, True)
    assert not os.path.exists("r")


def test_digits_are_compared_with_the_labels_they_were_asked_for(
    capsys, folder, undrawn, monkeypatch
):
    mnist = datasets.load("mnist")
    np.savez(
        "digits.npz",
        train=mnist.train[:400].reshape(-1, 28, 28),
        test=mnist.test[-300:].reshape(-1, 28, 28),
        train_labels=mnist.train_labels[:400],
        test_labels=mnist.test_labels[-300:],
    )
    words = ("--data", "digits.npz", "--epochs", 1, "--metrics-every", 1, "--out", "r")
    assert run(capsys, "train", "cgan-mnist", *words)[0] == 0
    result = json.loads(run(capsys, "evaluate", "r", "--samples", 250)[1])
    assert 0 <= result["labels_right"] < 0.5 < 0.9 < result["labels_right_real"]
    assert 0 <= result["d_pairs_won"] <= 1

    def perfect(self, n, rng=None, label=None):
        places = [np.flatnonzero(mnist.train_labels[:400] == one)[0] for one in label]
        return mnist.train[places] / np.float32(255)

    monkeypatch.setattr(ConditionalGAN, "sample", perfect)
    result = json.loads(run(capsys, "evaluate", "r", "--samples", 250)[1])
    assert result["labels_right"] > 0.9
