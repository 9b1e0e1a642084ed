"""The gradients of a whole model are checked, step by step."""

from importlib import import_module

import numpy as np
import pytest
from gradcheck_cases import X

from npgan import (
    GAN,
    VAE,
    Autoencoder,
    Dense,
    InputError,
    LeakyReLU,
    ReLU,
    Sequential,
    Sigmoid,
    Tanh,
    gradcheck,
)
from npgan.models.presets import preset
from npgan.testing import assert_gradients

of_gradients = import_module("npgan.check.gradcheck")
of_presets = import_module("npgan.check.catalogue.presets")


def networks(*odd):
    generator = Sequential(Dense(2, 4), Tanh(), Dense(4, 3), *odd, Sigmoid(), rng=0)
    return generator, Sequential(Dense(3, 4), LeakyReLU(), Dense(4, 1), rng=1)


class InPlace(Tanh):
    """tanh, but its backward pass leaves its mark on dy, and forgets the derivative."""

    def backward(self, dy, cache, grads=None, input_grad=True):
        dy *= 0.5
        return dy


def test_a_whole_model_is_checked_step_by_step():
    report = gradcheck(GAN(*networks(), penalties={"r1": 0.3}), abs(X) / 4)
    assert report, report
    named = {entry.name.split(":")[0] for entry in report.entries}
    assert named == {"discriminator step", "generator step"}
    assert not gradcheck(GAN(*networks(InPlace())), abs(X) / 4)
    with pytest.raises(AssertionError, match="generator step: generator"):
        assert_gradients(GAN(*networks(InPlace())), abs(X) / 4)


@pytest.mark.parametrize("directions", [None, 2])
@pytest.mark.parametrize("seed", range(4))
def test_first_weights_lie_on_corners_and_what_is_right_nearby_passes(seed, directions):
    """Rows that all units ignore are, by biases of 0, on the corner of every unit after them."""
    generator = Sequential(Dense(2, 4), ReLU(), Dense(4, 3), rng=seed)
    gan = GAN(generator, Sequential(Dense(3, 5), ReLU(), Dense(5, 1), rng=seed + 50))
    x = np.random.default_rng(seed).standard_normal((4, 3))
    report = gradcheck(gan, x, directions=directions)
    assert report, report


class Careless(GAN):
    """Says nothing of its generator's loss."""

    def losses(self, batch):
        yield next(super().losses(batch))


def test_a_network_that_no_loss_trains_is_named():
    with pytest.raises(InputError, match="trains its network 'generator'"):
        gradcheck(Careless(*networks()), abs(X) / 4)


def test_a_model_is_left_as_it_was():
    gan = GAN(*networks())
    before = {name: w.copy() for name, w in gan.weights().items()}
    gradcheck(gan, abs(X) / 4, directions=1)
    for name, w in gan.weights().items():
        np.testing.assert_array_equal(w, before[name])
        assert w.dtype == np.float32


class Dishonest(VAE):
    """Reports another loss than it differentiates."""

    def bound_step(self, rows, rng, grads=None, beta=None):
        result = super().bound_step(rows, rng, grads, beta)
        return result if grads is None else result._replace(loss=result.report["reconstruction"])


def test_the_loss_that_is_reported_must_be_the_one_that_is_differentiated():
    coders = Sequential(Dense(3, 4), rng=0), Sequential(Dense(2, 3), rng=1)
    assert gradcheck(VAE(*coders, likelihood="gaussian"), X)
    with pytest.raises(InputError, match="where no gradient is wanted"):
        gradcheck(Dishonest(*coders, likelihood="gaussian"), X)


class Rounded(Autoencoder):
    """Sums the loss up another way where its gradient is wanted: its last digits differ."""

    relative, absolute = 3e-14, 0.0

    def reconstruction_step(self, x, rng=None, grads=None):
        result = super().reconstruction_step(x, rng, grads)
        other = result.loss * (1 + self.relative) + self.absolute
        return result if grads is None else result._replace(loss=other)


@pytest.mark.parametrize("scale", [1, 1e4])
def test_the_last_digits_of_a_loss_however_large_may_differ(scale):
    coders = Sequential(Dense(3, 2), rng=0), Sequential(Dense(2, 3), rng=1)
    model = Rounded(*coders).astype(np.float64)
    for step in model.gradient_steps(scale * X):
        loss, vjp = step.function()
        assert loss > scale**2 / 10
        assert all(np.isfinite(gradient).all() for gradient in vjp(1.0).values())


def test_a_small_loss_may_differ_by_1e_12_and_no_more():
    coders = Sequential(Dense(3, 2), rng=0), Sequential(Dense(2, 3), rng=1)
    model = Rounded(*coders).astype(np.float64)
    ((_, vjp),) = (step.function() for step in model.gradient_steps(0 * X))  # its loss is 0
    model.absolute = 1e-12
    assert vjp(1.0).keys() >= {"encoder.0.weight", "decoder.0.weight"}
    model.absolute = 1.1e-12
    with pytest.raises(
        InputError, match=r"the loss is 0\.0 where no gradient is wanted, and 1\.1e-12"
    ):
        vjp(1.0)


def test_the_checkers_loss_is_that_of_a_step_whose_noise_has_the_seed_0():
    gan, x = GAN(*networks()).astype(np.float64), abs(X) / 4
    losses = [
        step(x, np.random.default_rng(0)).loss
        for step in (gan.discriminator_step, gan.generator_step)
    ]
    assert [step.function()[0] for step in gan.gradient_steps(x)] == losses


@pytest.mark.parametrize(
    ("inputs", "options", "message"),
    [
        ((), {}, "a batch, and its labels if it has some, not on 0 inputs"),
        ((X**0,) * 3, {}, "not on 3 inputs"),
        ((X[:, :2] ** 0,), {}, "the data must be numbers"),
        ((X**0,), {"method": "complex"}, "central differences"),
        ((X**0,), {"wrt": {"w": X}}, "without wrt"),
    ],
)
def test_what_a_model_cannot_be_checked_on_is_refused_in_words(inputs, options, message):
    with pytest.raises(InputError, match=message):
        gradcheck(GAN(*networks()), *inputs, **options)


def test_a_presets_steps_are_checked_along_one_direction_by_the_method_that_is_asked_for(
    monkeypatch,
):
    given = {}
    monkeypatch.setattr(of_presets, "gradcheck", lambda *made, **how: given.update(how))
    case = of_presets.Preset("gan-small", preset("gan-small").in_numbers())
    case.check()
    assert given == {"method": "central", "directions": 1}
    case.check("complex")
    assert given == {"method": "complex", "directions": 1}


def test_training_steps_are_not_checked_at_other_points(monkeypatch):
    def elsewhere(*given):
        raise AssertionError

    monkeypatch.setattr(of_gradients, "_checked_elsewhere", elsewhere)
    assert gradcheck(GAN(*networks()), np.abs(X[:, :3]) / 2)
