"""Whole training steps: which network gets a gradient, and what is reported."""

import copy

import numpy as np
import pytest
from small_models import MODELS, data, flat, make_autoencoder, make_gan, make_vaegan, rng, same
from test_copies import DATA, MAKERS

from npgan import Dense, InputError, Sequential
from npgan.models import MODELS as KINDS
from npgan.models import AdversarialCoder, Model
from npgan.objectives.losses import OBJECTIVES


def test_a_model_without_steps_does_not_train():
    model = Model({"generator": Sequential(Dense(2, 3), rng=0)})
    with pytest.raises(InputError, match="Model does not say what its losses are"):
        model.train_step(np.zeros((4, 3), np.float32), rng())


def test_the_generators_step_gives_the_discriminator_no_gradient_and_leaves_it_alone():
    gan = make_gan()
    before = flat(gan)
    step = gan.generator_step(data(8), rng(), gan.grads)
    assert gan.grads["generator"].flat.any()
    assert not gan.grads["discriminator"].flat.any()
    gan.update(step.loss, "generator")
    assert same(flat(gan), before) == {"generator": False, "discriminator": True}


def test_the_discriminators_step_gives_the_generator_no_gradient_and_leaves_it_alone():
    gan = make_gan()
    before = flat(gan)
    step = gan.discriminator_step(data(), rng(), gan.grads)
    assert gan.grads["discriminator"].flat.any()
    assert not gan.grads["generator"].flat.any()
    gan.update(step.loss, "discriminator")
    assert same(flat(gan), before) == {"generator": True, "discriminator": False}


def test_a_vaegans_steps_keep_to_their_side():
    model = make_vaegan()
    model.discriminator_step(data(), rng(), model.grads)
    assert not model.grads["encoder"].flat.any()
    assert not model.grads["decoder"].flat.any()
    before = model.grads["discriminator"].flat.copy()
    model.generator_step(data(), rng(), model.grads)
    np.testing.assert_array_equal(model.grads["discriminator"].flat, before)
    assert model.grads["encoder"].flat.any()
    assert model.grads["decoder"].flat.any()


@pytest.mark.parametrize("name", MODELS)
def test_a_training_step_moves_every_array_of_every_network(name):
    model = MODELS[name]()
    before = copy.deepcopy(model.weights())
    model.train_step(data(), rng())
    assert not any(np.array_equal(w, before[key]) for key, w in model.weights().items())


def test_a_gans_metrics_are_its_steps_values_on_the_same_batch_and_noise():
    gan, twin = make_gan(), make_gan()
    noise = rng()
    metrics = gan.train_step(data(), rng())
    d = twin.discriminator_step(data(), noise, twin.grads)
    assert {name: metrics[name] for name in d.report} == d.report
    noise = rng()
    x = np.concatenate([data(), twin.generator(twin.latent(32, noise), noise)])
    real, fake = np.split(twin.discriminator(x, noise), 2)
    np.testing.assert_allclose(metrics["d_real"], (1 / (1 + np.exp(-real))).mean(), 1e-6)
    np.testing.assert_allclose(metrics["d_fake"], (1 / (1 + np.exp(-fake))).mean(), 1e-6)
    twin.update(d.loss, "discriminator")
    g = twin.generator_step(data(), noise, twin.grads)
    assert metrics["g_loss"] == float(g.loss)
    twin.update(g.loss, "generator")
    assert all(same(flat(gan), flat(twin)).values())


def test_an_autoencoders_metric_is_the_loss_before_the_update():
    model = make_autoencoder()
    expected = model.reconstruction_step(data(), rng())
    assert model.train_step(data(), rng()) == {"loss": float(expected.loss)}


def test_a_vaegans_metrics_are_its_steps_values_and_its_losses_sums_of_them():
    model, twin = make_vaegan(adversarial_weight=0.3), make_vaegan(adversarial_weight=0.3)
    metrics = model.train_step(data(), rng())
    noise = rng()
    d_loss = twin.discriminator_step(data(), noise, twin.grads).loss
    twin.update(d_loss, "discriminator")
    parts = twin.generator_step(data(), noise).report
    assert metrics["d_loss"] == float(d_loss)
    assert {name: metrics[name] for name in parts} == {n: float(v) for n, v in parts.items()}
    sums = {
        "loss": metrics["error"] + metrics["kl"],
        "decoder_loss": metrics["error"] + 0.3 * metrics["g_loss"],
    }
    for name, total in sums.items():
        assert metrics[name] == pytest.approx(total, rel=1e-6)  # float32's rounding


@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_gan_trains_on_the_objective_and_the_labels_it_was_given(name):
    objective, smoothing, labels = OBJECTIVES[name], {}, ()
    if objective.labels:
        smoothing, labels = {"label_smoothing": 0.3, "fake_label_smoothing": 0.1}, (0.7, 0.1)
    gan = make_gan(objective=name, **smoothing)
    z = gan.latent(32, rng())
    gan.latent_for = lambda batch, _: z
    real, fake = gan.discriminator(data()), gan.discriminator(gan.generator(z))
    d = gan.discriminator_step(data(), None)
    expected = objective.discriminator(real, fake, *labels).value
    assert d.loss == pytest.approx(expected, rel=1e-6)
    g = gan.generator_step(data(), None)
    others = (real,) if objective.relativistic else ()
    assert g.loss == pytest.approx(objective.generator(fake, *others).value, rel=1e-6)


@pytest.mark.parametrize("name", MODELS)
def test_training_forgets_the_gradients_that_an_unfinished_step_left(name):
    model, twin = MODELS[name](), MODELS[name]()
    for grads in twin.grads.values():
        grads.flat[:] = 100
    for one in (model, twin):
        one.fit(data(), steps=2, batch_size=8, callbacks=[], rng=0)
        assert not any(grads.flat.any() for grads in one.grads.values())
    assert all(same(flat(model), flat(twin)).values())


def batch_for(model, n=8):
    """Return rows of any model, with their labels if it learns from these."""
    return model.rows(DATA.train[:n], DATA.train_labels[:n])


@pytest.mark.parametrize("name", KINDS)
def test_a_step_gives_a_gradient_to_the_networks_that_it_names_alone(name):
    model = MAKERS[name]()
    for step in model.steps():
        grads = model.zero_grads()
        step.minimise(model._batch(batch_for(model)), rng(), grads)
        assert {n for n in model.networks if grads[n].flat.any()} == set(step.networks)


ROWS = dict.fromkeys(KINDS, "x") | {
    **dict.fromkeys(["gan", "conditional-gan", "table-gan", "multi-gan"], "batch"),
    **dict.fromkeys(["vae", "iwae", "conditional-vae", "table-vae", "classifier"], "rows"),
    "translator": "pairs",
}
"""What a model's steps call the rows that they are given."""


@pytest.mark.parametrize("name", KINDS)
def test_a_step_refuses_rows_that_do_not_fit_by_their_name(name):
    model = MAKERS[name]()
    rows = model._batch(batch_for(model))
    message = rf"^{ROWS[name]} must be floats \(n, {rows.shape[1]}\), n at least 1"
    for step in model.steps():
        for wrong in (rows[:0], rows[:, 1:], np.hstack([rows, rows])):
            with pytest.raises(InputError, match=message):
                step.minimise(wrong, rng(), model.zero_grads())


@pytest.mark.parametrize("step", ["discriminator_step", "generator_step"])
def test_a_coder_that_does_not_say_what_it_minimises_has_no_step(step):
    networks = MAKERS["adversarial-autoencoder"]().networks
    with pytest.raises(NotImplementedError):
        getattr(AdversarialCoder(*networks.values()), step)(data(), rng())


@pytest.mark.parametrize("name", KINDS)
def test_one_row_is_enough_to_be_validated(name):
    model = MAKERS[name]()
    if hasattr(model, "validate"):
        assert all(map(np.isfinite, model.validate(batch_for(model, 1)).values()))
    else:
        assert len(model.logits(batch_for(model, 1), rng())[0][0]) == 1
