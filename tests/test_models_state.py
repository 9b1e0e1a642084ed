"""The state of models, the same bits from the same seed, and what training achieves."""

import copy

import numpy as np
import pytest
from small_models import (
    MODELS,
    D,
    adam,
    data,
    flat,
    make_autoencoder,
    make_gan,
    make_vaegan,
    rng,
    same,
)

from npgan import InputError
from npgan.models.checks import copy_in
from npgan.objectives.losses import RECONSTRUCTIONS


def train(model, seed=0, steps=7):
    model.fit(data(), steps=steps, batch_size=8, callbacks=[], rng=seed)
    return model


@pytest.mark.parametrize("name", MODELS)
def test_the_same_seed_gives_the_same_bits_and_another_seed_others(name):
    a, b, c = (train(MODELS[name](), seed) for seed in (1, 1, 2))
    assert all(same(a.state()[0], b.state()[0]).values())
    assert not any(same(flat(a), flat(c)).values())


@pytest.mark.parametrize("name", MODELS)
def test_a_state_brings_another_model_to_the_same_future(name):
    model, twin = train(MODELS[name]()), MODELS[name]()
    arrays, numbers = copy.deepcopy(model.state())
    twin.load_state(arrays, numbers)
    assert twin.step == 7
    for each in (model, twin):
        each.train_step(data(), rng(5))
    assert all(same(model.state()[0], twin.state()[0]).values())
    assert model.state()[1] == twin.state()[1]


def test_a_state_that_is_loaded_replaces_what_an_unfinished_step_left():
    gan = make_gan()
    gan.discriminator_step(data(), rng(), gan.grads)
    assert gan.grads["discriminator"].flat.any()
    gan.load_state(*copy.deepcopy(gan.state()))
    assert not gan.grads["discriminator"].flat.any()


def test_a_state_of_another_model_is_refused_and_changes_nothing():
    gan = make_gan()
    before = flat(gan)
    for other in (make_gan(ema=0.9), make_vaegan(), make_gan(output=None)):
        arrays, numbers = other.state()
        if other.networks.keys() == gan.networks.keys() and other.average is None:
            arrays["generator.0.bias"] = arrays["generator.0.bias"][:-1]
        with pytest.raises(InputError):
            gan.load_state(arrays, numbers)
    assert all(same(flat(gan), before).values())


def test_weights_are_loaded_by_name():
    gan, other = make_gan(), train(make_gan())
    gan.load_weights(other.weights())
    np.testing.assert_array_equal(gan.sample(4, rng=0), other.sample(4, rng=0))


@pytest.mark.parametrize("name", ["GAN", "VAE-GAN"])
@pytest.mark.parametrize("n", [0, 1, 2500])
def test_samples_have_shape_range_and_seed(name, n):
    model = MODELS[name]()
    x = model.sample(n, rng=3)
    assert x.shape == (n, D)
    assert x.dtype == np.float32
    assert ((x > 0) & (x < 1)).all()
    np.testing.assert_array_equal(x, model.sample(n, rng=3))


@pytest.mark.parametrize("name", ["autoencoder", "VAE-GAN"])
def test_reconstruction_is_decoding_the_code(name):
    model, x = MODELS[name](), data(1200)
    assert model.encode(x).shape == (1200, 2)
    assert model.reconstruct(x).shape == x.shape
    np.testing.assert_array_equal(model.reconstruct(x), model.decode(model.encode(x)))
    # in chunks of 1000 or all at once, up to BLAS's order of eight float32 products
    np.testing.assert_allclose(model.encode(x), model.encoder(x)[:, :2], atol=2e-6)


@pytest.mark.parametrize("loss", RECONSTRUCTIONS)
def test_an_autoencoders_loss_falls_by_half(loss):
    # points on a line, which a code two wide can hold; the cross-entropy cannot fall below the
    # data's own entropy, so what falls is the squared error
    x = np.repeat(rng().random((200, 1), np.float32), D, axis=1)
    model = make_autoencoder(loss=loss)
    before = ((model.reconstruct(x) - x) ** 2).mean()
    model.fit(x, epochs=20, batch_size=20, callbacks=[], rng=0)
    assert ((model.reconstruct(x) - x) ** 2).mean() < before / 2


def test_a_vaegans_loss_and_its_error_on_held_out_data_fall_by_half():
    model, x = make_vaegan(adversarial_weight=0.1), np.full((200, D), 0.9, np.float32)
    before = model.validate(x)["val_mse"]
    history = model.fit(x, epochs=20, batch_size=20, callbacks=[], rng=0, validation=x)
    assert history["loss"][-1] < history["loss"][0] / 2
    assert history["val_mse"][-1] < before / 2


def test_a_gan_learns_where_the_data_is():
    gan = make_gan(optimizers=adam("generator", "discriminator"))
    x = np.full((200, D), 0.9, np.float32)
    before = abs(gan.sample(200, rng=0) - 0.9).mean()
    gan.fit(x, steps=200, batch_size=20, callbacks=[], rng=0)
    assert abs(gan.sample(200, rng=0) - 0.9).mean() < before / 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.pop("g.w"), "'g.w' is missing"),
        (lambda a: a.update(more=np.ones(1)), "'more' is not of this model"),
        (
            lambda a: a.update({"g.w": np.ones(3)}),
            r"'g.w' is float64 \(3,\), this model's is float64",
        ),
        (lambda a: a.update({"g.w": np.ones(2, np.float32)}), "'g.w' is float32"),
        (lambda a: a.update({"g.w": np.array([1, np.inf])}), "'g.w' has numbers that are NaN"),
        (lambda a: a.update({"g.running_var": np.array([-1.0])}), "that are negative"),
    ],
)
def test_arrays_are_copied_in_all_or_none(change, message):
    def model():
        return {"g.a": np.zeros(2), "g.w": np.zeros(2), "g.running_var": np.zeros(1)}

    mine, given = model(), {name: array + 1 for name, array in model().items()}
    given["g.w"] = np.array([-1.0, 0.0])
    copy_in(mine, given)
    assert [array.tolist() for array in mine.values()] == [[1, 1], [-1, 0], [1]]
    mine = model()
    change(given)
    with pytest.raises(InputError, match=message):
        copy_in(mine, given)
    assert not any(array.any() for array in mine.values())
