"""The settings of models: what each does, and which are refused."""

from dataclasses import replace

import naive
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
    net,
    rng,
    same,
)
from test_copies import MAKERS, C

from npgan import (
    GAN,
    SGD,
    VAEGAN,
    Adam,
    Autoencoder,
    Dense,
    Dropout,
    InputError,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
    Translator,
    ops,
)
from npgan.data import Dataset
from npgan.models import MODELS as KINDS
from npgan.models.presets import preset
from npgan.objectives.losses import OBJECTIVES


def test_n_critic_lets_the_generator_move_every_third_step():
    gan, moved, reported, announced = make_gan(n_critic=3), [], [], []
    for i in range(6):
        before = flat(gan)
        announced.append(gan.pattern())
        metrics = gan.train_step(data(), rng(i))
        moved.append(not same(flat(gan), before)["generator"])
        reported.append("g_loss" in metrics)
        assert not same(flat(gan), before)["discriminator"]
    assert moved == reported == announced == [False, False, True] * 2


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
    (lambda: make_vaegan(hidden_layers=3), "hidden_layers .* at least 0 and at most 2, not 3"),
    (lambda: make_vaegan(adversarial_weight=-1.0), "must be a number of at least 0, not -1.0"),
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
    (lambda: make_gan(optimizers=[SGD(0.1)]), "optimizers must be of the class Mapping"),
    (
        lambda: make_gan(optimizers=dict.fromkeys(("generator", "discriminator"), "sgd")),
        "an optimizer must be of the class Optimizer, not 'sgd'",
    ),
]


@pytest.mark.parametrize(("make", "message"), WRONG)
def test_networks_and_settings_that_do_not_fit_are_refused_in_words(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_rows_that_make_no_whole_pack_have_no_logit():
    gan = GAN(net(Dense(3, D)), net(Dense(2 * D, 1)), packing=2)
    ((of_real, of_fake),) = gan.logits(data()[:5], rng())
    assert len(of_real) == len(of_fake) == 2


@pytest.mark.parametrize("name", MODELS)
def test_a_layer_is_no_network(name):
    model = MODELS[name]()
    for network in model.networks:
        given = model.networks | {network: model.networks[network].layers[0]}
        with pytest.raises(InputError, match=f"the {network} must be of the class Sequential"):
            type(model)(*given.values())


@pytest.mark.parametrize("name", KINDS)
def test_what_is_no_network_is_refused_by_every_model(name):
    model = MAKERS[name]()
    classes = {"classes": C} if name.startswith("conditional") else {}
    classes |= {"widths": model.widths} if name.startswith("table") else {}
    for network in model.networks:
        for wrong in ("relu", model.networks[network].layers[0]):
            given = model.networks | {network: wrong}
            players = [given] if model.several else given.values()
            with pytest.raises(InputError, match=f"the {network} must be of the class Sequential"):
                type(model)(*players, **classes)


@pytest.mark.parametrize("name", KINDS)
def test_networks_are_trained_by_adam_unless_a_rule_is_given(name):
    model = MAKERS[name]()
    if name == "gan":
        model = GAN(*model.networks.values())
    usual = (2e-4, 0.5) if isinstance(model, GAN | Translator) else (1e-3, 0.9)
    assert model.optimizers.keys() == model.networks.keys()
    for rule in model.optimizers.values():
        assert (type(rule), rule.lr, rule.beta1) == (Adam, *usual)


def test_weights_do_not_depend_on_the_order_in_which_networks_are_written():
    config = preset("gan-small").override(batch_size=8)
    turned = replace(config, networks=dict(reversed(config.networks.items())))
    assert list(turned.networks) != list(config.networks)
    mine, theirs = (c.build(64).weights() for c in (config, turned))
    for name, array in mine.items():
        np.testing.assert_array_equal(array, theirs[name])


@pytest.mark.parametrize(("classes", "kept"), [(1000, True), (1001, False)])
def test_labels_of_a_thousand_classes_are_kept_with_the_configuration(classes, kept):
    names = tuple(range(classes))
    data = Dataset("d", np.zeros((classes, 3), np.float32), train_labels=np.arange(classes))
    labels = preset("gan-small").for_data(replace(data, classes=names)).labels
    assert labels == (list(names) if kept else None)


def test_no_rows_have_no_logits():
    gan = preset("gan-small").override(batch_size=8).build(64)
    with pytest.raises(InputError, match="real must be"):
        gan.logits(np.zeros((0, 784), np.float32), np.random.default_rng(0))
