"""A GAN between pairs of images: what no gradient shows, and what a user meets."""

import json

import numpy as np
import pytest
from commands import picture, run

from npgan import Adam, Dense, InputError, Sequential, Sigmoid, Tanh
from npgan.data import outlines
from npgan.models import Translator
from npgan.objectives.losses import OBJECTIVES
from npgan.objectives.penalties import PENALTIES

A, B = 4, 3


def make(**settings):
    generator = Sequential(Dense(A, 8), Tanh(), Dense(8, B), Sigmoid(), rng=0)
    return Translator(
        generator, Sequential(Dense(A + B, 8), Tanh(), Dense(8, 1), rng=1), **settings
    )


def pairs(n=64):
    """Return rows whose last numbers are a function of the first."""
    source = np.random.default_rng(0).random((n, A), np.float32)
    return np.concatenate([source, source[:, :B] * 0.5 + 0.2], axis=1)


@pytest.mark.parametrize("objective", ["non-saturating", "relativistic"])
def test_the_losses_that_are_reported_are_those_of_the_weights_before_the_step(objective):
    model, twin = make(objective=objective), make(objective=objective)
    metrics = model.train_step(pairs(), np.random.default_rng(0))
    before = twin.discriminator_step(pairs()).loss
    assert metrics["d_loss"] == before
    twin.discriminator.parameters.flat[...] = model.discriminator.parameters.flat
    parts = twin.generator_step(pairs()).report
    assert metrics["g_loss"] == parts["g_loss"]
    made = twin.translate(pairs()[:, :A])
    logits = twin.discriminator(np.concatenate([pairs()[:, :A], made], axis=1))
    rivals = [twin.discriminator(pairs())] * OBJECTIVES[objective].relativistic
    opinion = OBJECTIVES[objective].generator(logits, *rivals).value
    assert metrics["g_loss"] == pytest.approx(opinion + 100 * metrics["l1"], rel=1e-5)
    assert metrics["l1"] == pytest.approx(abs(made - pairs()[:, A:]).mean(), rel=1e-5)


def test_a_step_moves_both_networks_and_leaves_no_gradient():
    model, twin = make(), make()
    model.train_step(pairs(), np.random.default_rng(0))
    assert model.step == 1
    for name, net in model.networks.items():
        assert (net.parameters.flat != twin.networks[name].parameters.flat).mean() > 0.9
        assert not model.grads[name].flat.any()


def test_penalties_leave_alone_what_is_given():
    seen = []

    class See(Dense):
        def forward(self, x, rng=None):
            seen.append(x)
            return super().forward(x, rng)

    def step(penalties):
        networks = Sequential(Dense(A, B), rng=0), Sequential(See(A + B, 1), rng=1)
        model = Translator(*(net.astype(np.float64) for net in networks), penalties=penalties)
        seen.clear()  # of what a penalty was tried with
        model.discriminator_step(pairs().astype(np.float64), np.random.default_rng(0), model.grads)
        return model.grads["discriminator"]["0.weight"]

    plain, paid = step({}), step(dict.fromkeys(PENALTIES, 1.0))
    both, between, around = seen
    for x in (*np.split(both, 2), between, around):
        np.testing.assert_array_equal(x[:, :A], pairs()[:, :A])
    np.testing.assert_allclose(paid[:A], plain[:A], atol=1e-13)  # sums of 64 numbers of order 1
    assert (abs(paid - plain)[A:] > 1e-3).all()


def test_without_an_opinion_it_is_a_regression():
    rules = {name: Adam(0.01) for name in ("generator", "discriminator")}
    model = make(adversarial_weight=0.0, optimizers=rules)
    before = model.validate(pairs())["val_l1"]
    model.fit(pairs(), steps=400, batch_size=32, callbacks=[], rng=0)
    assert model.validate(pairs())["val_l1"] < before / 3


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: make(l1_weight=-1), "l1_weight"),
        (lambda: make(objective="none"), "objective"),
        (lambda: make(penalties={"r3": 1}), "penalty"),
        (lambda: Translator(make().generator, make().generator), "must take 4 \\+ 3 features"),
    ],
)
def test_what_is_no_translator(build, message):
    with pytest.raises(InputError, match=message):
        build()


def test_an_outline_is_a_dark_pixel_beside_a_bright_one():
    image = (np.random.default_rng(0).random((1, 25)) < 0.3) * np.uint8(255)
    bright = np.pad(image.reshape(5, 5) > 127, 1)
    for i in range(5):
        for j in range(5):
            near = bright[i, j + 1] | bright[i + 2, j + 1] | bright[i + 1, j] | bright[i + 1, j + 2]
            expected = 255 * (near and not bright[i + 1, j + 1])
            assert outlines.outlines(image, (5, 5)).reshape(5, 5)[i, j] == expected


def test_pairs_of_a_file_are_translated(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    x = np.random.default_rng(0).integers(0, 255, (100, 12, 6), np.uint8)
    x[:, 6:] = x[:, :6] // 2
    np.savez("pairs.npz", train=x[:80], test=x[80:])
    words = ("--data", "pairs.npz", "--steps", 60, "--batch-size", 20, "--quiet", "--out", "r")
    code, _, err = run(capsys, "train", "translator", *words)
    assert code == 0, err
    code, out, err = run(capsys, "translate", "r", "--out", "t.png")
    assert code == 0, err
    result = json.loads(out)
    assert result["truth"]["mean_absolute_error"] == 0
    assert (
        result["translator"]["mean_absolute_error"]
        < result["nearest neighbour"]["mean_absolute_error"]
    )
    assert picture("t.png").std() > 0
    assert json.loads(run(capsys, "evaluate", "r")[1])["mean_absolute_error"] > 0


@pytest.mark.parametrize(
    ("shape", "message"), [((5, 6), "their height must be even"), ((4, 6), "has no test data")]
)
def test_pairs_that_cannot_be_translated(capsys, tmp_path, monkeypatch, shape, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("npgan.models.config._check_pairs", lambda _: None)  # a run of before
    np.save("pairs.npy", np.random.default_rng(0).integers(0, 255, (40, *shape), np.uint8))
    words = ("--data", "pairs.npy", "--steps", 1, "--batch-size", 20, "--quiet", "--out", "r")
    words += ("--validation", 0)
    assert run(capsys, "train", "translator", *words)[0] == 0
    code, _, err = run(capsys, "translate", "r", "--out", "t.png")
    assert (code, err.count("\n")) == (2, 1)
    assert message in err


def test_a_pixel_is_bright_from_128_on():
    image = np.zeros((1, 9), np.uint8)
    for brightness, edge in ((127, 0), (128, 255)):
        image[0, 4] = brightness
        assert outlines.outlines(image, (3, 3))[0, 1] == edge
