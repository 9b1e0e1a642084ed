"""Whole training steps: who gets a gradient, what is reported, and what is refused."""

import copy

import naive
import numpy as np
import pytest

from npgan import (
    GAN,
    SGD,
    VAEGAN,
    Adam,
    Autoencoder,
    Dense,
    Dropout,
    InputError,
    LeakyReLU,
    NonFiniteError,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
    ops,
)
from npgan.models.checks import copy_in, in_chunks
from npgan.models.labels import Labels, drawn_evenly
from npgan.objectives.losses import OBJECTIVES, RECONSTRUCTIONS

D = 4  # the data's width


def net(*layers, seed=0):
    return Sequential(*layers, rng=seed)


def adam(*names):
    return {name: Adam(1e-2) for name in names}


def make_gan(output=Sigmoid, optimizers=None, **settings):
    return GAN(
        net(Dense(3, 8), ReLU(), Dense(8, D), *([output()] if output else []), seed=1),
        net(Dense(D, 8), LeakyReLU(), Dropout(0.2), Dense(8, 1), seed=2),
        optimizers=optimizers or adam("generator", "discriminator"),
        **settings,
    )


def make_autoencoder(**settings):
    return Autoencoder(
        net(Dense(D, 8), ReLU(), Dense(8, 2), seed=1),
        net(Dense(2, 8), ReLU(), Dense(8, D), Sigmoid(), seed=2),
        optimizers=adam("encoder", "decoder"),
        **settings,
    )


def make_vaegan(**settings):
    return VAEGAN(
        net(Dense(D, 8), ReLU(), Dense(8, 4), seed=1),
        net(Dense(2, 8), ReLU(), Dense(8, D), Sigmoid(), seed=2),
        net(Dense(D, 8), ReLU(), Dense(8, 1), seed=3),
        optimizers=adam("encoder", "decoder", "discriminator"),
        **settings,
    )


MODELS = {"GAN": make_gan, "autoencoder": make_autoencoder, "VAE-GAN": make_vaegan}


def rng(seed=0):
    return np.random.default_rng(seed)


def data(n=32):
    return rng(9).random((n, D), np.float32)


def flat(model):
    return {name: network.parameters.flat.copy() for name, network in model.networks.items()}


def same(a, b):
    return {name: np.array_equal(a[name], b[name]) for name in a}


# --- who gets a gradient ------------------------------------------------------------------------


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


# --- what is reported is what is differentiated --------------------------------------------------


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


# --- settings ----------------------------------------------------------------------------------


def test_n_critic_lets_the_generator_move_every_third_step():
    gan, moved, reported = make_gan(n_critic=3), [], []
    for i in range(6):
        before = flat(gan)
        metrics = gan.train_step(data(), rng(i))
        moved.append(not same(flat(gan), before)["generator"])
        reported.append("g_loss" in metrics)
        assert not same(flat(gan), before)["discriminator"]
    assert moved == reported == [False, False, True] * 2


@pytest.mark.parametrize(("limit", "n_critic"), [(0.2, 1), (0.2, 2), (0.999, 1)])
def test_the_average_follows_the_generator_and_draws_the_samples(limit, n_critic):
    gan, seen = make_gan(ema=limit, n_critic=n_critic), []
    gan.average.parameters.flat[:] = 1e6  # what it starts at does not count
    for i in range(4 * n_critic):
        gan.train_step(data(), rng(i))
        if (i + 1) % n_critic == 0:
            seen.append(gan.generator.parameters.flat.astype(float))
        # three float32 roundings a step, of weights of order 1
        close = {"rtol": 0, "atol": 12 * np.finfo(np.float32).eps}
        if seen:
            np.testing.assert_allclose(gan.average.parameters.flat, naive.ema(seen, limit), **close)
    z = gan.latent(5, rng())
    np.testing.assert_array_equal(gan.decode(z), gan.average(z))
    assert not np.array_equal(gan.decode(z), gan.generator(z))


@pytest.mark.parametrize("steps", [1, 10, 78])
def test_the_average_of_a_short_run_is_of_what_was_learned(steps):
    """Of weights that move steadily it is a tenth of the way behind, of others less than a quarter."""
    gan = make_gan(ema=0.999)
    first, noise = gan.generator.parameters.flat.copy(), rng()
    for _ in range(steps):
        gan.train_step(data(), noise)
    live, average = gan.generator.parameters.flat, gan.average.parameters.flat
    assert np.linalg.norm(average - live) < 0.25 * np.linalg.norm(live - first)


def test_the_spread_widens_the_noise_of_samples_and_of_nothing_else():
    usual, wide = (make_gan(spread=spread) for spread in (1.0, 1.5))
    z = usual.latent(7, rng())
    np.testing.assert_array_equal(wide.latent(7, rng()), z)
    np.testing.assert_array_equal(usual.sample(7, rng()), usual.decode(z))
    np.testing.assert_array_equal(wide.sample(7, rng()), usual.decode(1.5 * z))
    with pytest.raises(InputError, match="spread must be a positive number, not 0"):
        make_gan(spread=0)


@pytest.mark.parametrize("weight", [0.0, 2.0])
def test_the_adversarial_weight_scales_the_discriminators_part_in_the_decoder_alone(weight):
    model, base = make_vaegan(adversarial_weight=weight), make_vaegan(adversarial_weight=1.0)
    parts, usual = (m.generator_step(data(), rng(), m.grads).report for m in (model, base))
    difference = float(parts["decoder_loss"] - usual["decoder_loss"])
    assert difference == pytest.approx((weight - 1) * float(usual["g_loss"]), rel=1e-5)
    np.testing.assert_array_equal(model.grads["encoder"].flat, base.grads["encoder"].flat)
    assert (model.grads["decoder"].flat != base.grads["decoder"].flat).any()


def test_a_vaegans_discriminator_sees_reconstructions_and_samples():
    model, x, noise = make_vaegan(), data(), rng()
    z, _ = model.gaussian.forward(x, noise)
    prior = model.latent(len(x), noise)
    fakes = [model.decoder(codes) for codes in (z, prior)]
    seen = model.discriminator_input(x, rng())
    for made, rows in zip(seen, ([x, x], fakes), strict=True):
        np.testing.assert_allclose(made, np.concatenate(rows), atol=1e-6)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_vaegan_trains_on_the_objective_it_was_given(name):
    model, objective = make_vaegan(objective=name), OBJECTIVES[name]
    seen = model.discriminator_input(data(), rng())
    real, fake = (model.discriminator(rows) for rows in seen)
    value = model.discriminator_step(data(), rng()).loss
    assert value == pytest.approx(objective.discriminator(real, fake).value, rel=1e-6)
    others = (real,) if objective.relativistic else ()
    g_loss = model.generator_step(data(), rng()).report["g_loss"]
    assert g_loss == pytest.approx(objective.generator(fake, *others).value, rel=1e-6)


def test_a_perfect_reconstruction_has_no_error_whatever_the_noise_in_the_hidden_layers():
    critic = net(Dropout(0.5), Dense(D, 8), ReLU(), Dense(8, 1), seed=3)
    model = VAEGAN(*list(make_vaegan().networks.values())[:2], critic, hidden_layers=3)
    assert model.error(data(), data(), rng())[0] == 0


def test_the_error_of_a_vaegan_is_summed_over_features():
    model, x = make_vaegan(), data()
    described = model.encoder(x)
    z = described[:, :2] + np.exp(described[:, 2:] / 2) * ops.standard_normal(rng(), (32, 2))
    expected = ((model.decoder(z) - x) ** 2).sum(axis=1).mean()
    assert float(model.generator_step(x, rng()).report["error"]) == pytest.approx(
        expected, rel=1e-5
    )


WRONG = [
    (
        lambda: GAN(net(Dense(2, 3)), net(Dense(4, 1))),
        "makes 3 features, the discriminator takes 4",
    ),
    (lambda: GAN(net(Dense(2, 3)), net(Dense(3, 2))), r"returns 2 \(must be 1\)"),
    (lambda: make_gan(objective="minmax"), "unknown objective 'minmax': did you mean 'minimax'"),
    (lambda: make_gan(n_critic=0), "n_critic must be a whole number, at least 1, not 0"),
    (
        lambda: make_gan(label_smoothing=1.0),
        r"label_smoothing must be a number in \[0, 1\), not 1.0",
    ),
    (lambda: make_gan(ema=-0.1), r"ema must be a number in \[0, 1\), not -0.1"),
    (lambda: make_gan(ema=float("nan")), r"ema must be a number in \[0, 1\), not nan"),
    (lambda: make_gan(optimizers=adam("generator")), "needed for generator, discriminator"),
    (
        lambda: make_gan(optimizers=dict.fromkeys(("generator", "discriminator"), SGD(0.1))),
        "an optimizer of its own",
    ),
    (lambda: Autoencoder(*[net(Dense(4, 4))] * 2), "one network is given twice"),
    (
        lambda: make_gan(optimizers=make_gan().optimizers),
        "the optimizer of the generator holds another network's moments: make a new one",
    ),
    (lambda: Autoencoder(net(Dense(4, 2)), net(Dense(3, 4))), "4 features to 2, the decoder 3"),
    (lambda: make_autoencoder(loss="huber"), "unknown loss 'huber'"),
    (
        lambda: Autoencoder(net(Dense(4, 2)), net(Dense(2, 4)), loss="bce"),
        "let the decoder end in a Sigmoid",
    ),
    (
        lambda: VAEGAN(net(Dense(4, 2)), net(Dense(2, 4)), net(Dense(4, 1))),
        r"must return 4 features.*they are \(2, 4, 4\)",
    ),
    (lambda: make_vaegan(adversarial_weight=-1.0), "must be a number and not negative, as -1.0"),
    (lambda: GAN(net(Dense(2, 3)), net(Dense(3, 1), Sigmoid())), "ends in Sigmoid.*in a logit"),
    (lambda: GAN(net(Dense(2, 3)), net(Dense(3, 1), Tanh())), "ends in Tanh.*in a logit"),
    (
        lambda: VAEGAN(net(Dense(4, 4)), net(Dense(2, 4)), net(Dense(4, 1), Softmax())),
        "ends in Softmax.*in a logit",
    ),
    (lambda: make_gan().sample(-1), "n must be a whole number, at least 0, not -1"),
    (lambda: make_vaegan().sample(2.5), "n must be a whole number, at least 0, not 2.5"),
    (lambda: make_gan().sample(1, rng=-1), "rng must be a generator or a seed.* not -1"),
    (lambda: make_gan().fit(data(), steps=1, batch_size=2.5), "batch_size.* not 2.5"),
    (lambda: make_gan().fit(data(), steps=1, rng="a"), "rng must be a generator or a seed"),
    (lambda: make_vaegan(objective="wgan"), "unknown objective 'wgan'"),
]


@pytest.mark.parametrize(("make", "message"), WRONG)
def test_networks_and_settings_that_do_not_fit_are_refused_in_words(make, message):
    with pytest.raises(InputError, match=message):
        make()


# --- NaN and infinity --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "network", "weight", "layer"),
    [
        ("GAN", "discriminator", "0.weight", "Dense(4, 8)"),
        ("GAN", "discriminator", "3.bias", "Dense(8, 1)"),
        ("autoencoder", "encoder", "2.weight", "Dense(8, 2)"),
        ("VAE-GAN", "discriminator", "2.bias", "Dense(8, 1)"),
    ],
)
def test_a_nan_is_named_by_step_network_and_layer_and_nothing_is_updated(
    name, network, weight, layer
):
    model = MODELS[name]()
    model.train_step(data(), rng())
    model.networks[network].parameters[weight].flat[0] = np.nan
    before = flat(model)
    with pytest.raises(NonFiniteError) as caught, np.errstate(all="ignore"):
        model.train_step(data(), rng())
    for part in ("step 2", f"the {network}'s update", repr(weight), layer, "not applied"):
        assert part in str(caught.value)
    assert all(np.array_equal(w, before[n], equal_nan=True) for n, w in flat(model).items())


def test_a_huge_learning_rate_ends_in_a_non_finite_error_and_finite_weights():
    gan = make_gan(output=None, optimizers={n: SGD(1e30) for n in ("generator", "discriminator")})
    with pytest.raises(NonFiniteError, match="try a lower learning rate"):
        gan.fit(data(), steps=100, batch_size=8, callbacks=[], rng=0)
    assert all(np.isfinite(w).all() for w in flat(gan).values())


def test_where_one_networks_gradient_overflows_neither_is_updated():
    # the code (1e35) times the output's gradient (2e9) overflows in the decoder's weight alone
    model = Autoencoder(net(Dense(1, 1)), net(Dense(1, 1)), optimizers=adam("encoder", "decoder"))
    model.encoder.parameters["0.weight"][:] = 1e35
    model.decoder.parameters["0.weight"][:] = 1e-26
    before = flat(model)
    with pytest.raises(NonFiniteError, match="decoder"), np.errstate(all="ignore"):
        model.train_step(np.ones((1, 1), np.float32), rng())
    assert same(flat(model), before) == {"encoder": True, "decoder": True}


# --- data --------------------------------------------------------------------------------------


def changed(row, column, value):
    x = data()
    x[row, column] = value
    return x


BAD_DATA = [
    (np.ones((5, D + 1)), r"the data must be numbers \(n, 4\).*, not float64 \(5, 5\)"),
    (np.ones(D), r"not float64 \(4,\)"),
    (np.ones((0, D)), "n at least 1"),
    (np.ones((0, 2, 2)), "n at least 1"),
    (changed(3, 1, np.nan), "nan in row 3, column 1"),
    (changed(0, 2, np.inf), "inf in row 0, column 2"),
    (changed(0, 2, -0.1), r"lie in \[-0.1, .*only reaches \[0, 1\]"),
    (changed(0, 2, 255), "scale the data, or give bytes"),
    (np.full((2, D), "a"), "real numbers, not <U1"),
    (np.ma.masked_less(np.linspace(0, 1, 2 * D).reshape(2, D), 0.5), "has masked values"),
]


@pytest.mark.parametrize(("x", "message"), BAD_DATA)
@pytest.mark.parametrize("name", MODELS)
def test_data_that_does_not_fit_is_refused_in_words(name, x, message):
    with pytest.raises(InputError, match=message):
        MODELS[name]().fit(x, steps=1, batch_size=1, callbacks=[])


@pytest.mark.parametrize(
    ("output", "low", "high"), [(Sigmoid, 0, 1), (Tanh, -1, 1), (None, -np.inf, np.inf)]
)
def test_data_may_fill_the_outputs_range_and_no_more(output, low, high):
    gan = make_gan(output=output)
    gan.check_data(np.full((2, D), max(low, -1e9)))
    gan.check_data(np.full((2, D), min(high, 1e9)))
    if output:
        with pytest.raises(InputError, match="only reaches"):
            gan.check_data(np.full((2, D), low - 1e-3))


def test_images_are_flattened_and_bytes_scaled_to_the_outputs_range():
    images = np.array([[[0, 255], [51, 102]]], np.uint8)
    gan = make_gan(output=Tanh)
    assert gan.check_data(images).shape == (1, D)
    # 2 b / 255 - 1 in float32, three roundings
    np.testing.assert_allclose(gan.scaled(images), [[-1, 1, -0.6, -0.2]], atol=4e-7)
    np.testing.assert_allclose(make_gan().scaled(images), [[0, 1, 0.2, 0.4]], atol=4e-7)


# --- state, determinism, results ---------------------------------------------------------------


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


@pytest.mark.parametrize("n", [0, 1, 4, 5, 9])
def test_a_network_is_applied_to_many_rows_a_part_at_a_time(n, monkeypatch):
    monkeypatch.setattr("npgan.models.checks.CHUNK", 4)
    network, x = Sequential(Dense(2, 3), rng=0), np.random.default_rng(0).random((n, 2), np.float32)
    np.testing.assert_allclose(in_chunks(network, x), network(x), rtol=1e-6)
    assert in_chunks(network, x).shape == (n, 3)


def test_an_activation_does_not_hide_weights_that_are_too_large():
    network = Sequential(Dense(1, 1), Sequential(Tanh()), rng=0)
    network.parameters.flat[0] = 1e30
    assert in_chunks(network, np.ones((1, 1), np.float32)) == 1
    with pytest.raises(NonFiniteError, match=r"Dense\(.* up to 1e\+30"):
        in_chunks(network, np.full((1, 1), 1e30, np.float32))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_labels_are_columns_in_the_range_of_the_rows(dtype):
    labels, rows = Labels(3), np.arange(6).reshape(3, 2).astype(dtype)
    joined = labels.join(rows, np.array([2, 0, 1]), (-1.0, 1.0))
    low, high = (0, 255) if dtype == np.uint8 else (-1, 1)
    assert joined.dtype == dtype
    own, columns = labels.split(joined)
    assert own.tolist() == rows.tolist()
    assert columns.tolist() == [[low, low, high], [high, low, low], [low, high, low]]


def test_a_label_is_one_for_all_or_one_for_each_or_each_class_as_often():
    labels, rng = Labels(3), np.random.default_rng(0)
    assert labels.draw(2, 2, rng).tolist() == [2, 2]
    assert labels.draw(2, np.int64(0), rng).tolist() == [0, 0]
    assert labels.draw(3, np.array([2, 1, 0]), rng).tolist() == [2, 1, 0]
    assert np.bincount(labels.draw(9, None, rng)).tolist() == [3, 3, 3]
    assert len(labels.draw(0, None, rng)) == 0
    for n, label in ((2, 3), (2, -1), (2, np.array([0])), (1, np.array([3]))):
        with pytest.raises(InputError, match="label"):
            labels.draw(n, label, rng)
    with pytest.raises(InputError, match="classes must be a whole number, at least 1"):
        Labels(0)


def test_as_many_of_each_are_drawn_in_orders_of_their_own():
    drawn = drawn_evenly(3 * 50, 3, np.random.default_rng(0)).reshape(50, 3)
    assert (np.sort(drawn) == [0, 1, 2]).all()
    assert len({tuple(row) for row in drawn.tolist()}) == 6
    assert np.bincount(drawn_evenly(7, 3, np.random.default_rng(1))).max() == 3
