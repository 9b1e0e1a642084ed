"""Autoencoders that are told classes, and those that play against a discriminator: what no gradient shows."""

import json
from itertools import pairwise

import numpy as np
import pytest
from commands import picture, run

from npgan import (
    VAEGAN,
    Adam,
    AdversarialAutoencoder,
    BatchNorm,
    BiGAN,
    ConditionalVAE,
    Dense,
    InputError,
    LeakyReLU,
    Sequential,
    Sigmoid,
    Tanh,
    gradcheck,
)
from npgan.data import Dataset
from npgan.layers import build
from npgan.objectives.losses import OBJECTIVES
from npgan.ops import sigmoid_forward

D, K, CLASSES = 5, 2, 3


def net(*widths, last=()):
    layers = [layer for a, b in pairwise(widths) for layer in (Dense(a, b), Tanh())]
    return Sequential(*layers[:-1], *last, rng=sum(widths))


def rules(*names, lr=0.01):
    return {name: Adam(lr) for name in names}


def adversarial(**settings):
    return AdversarialAutoencoder(
        net(D, 8, K), net(K, 8, D), net(K, 16, 1), **{"optimizers": rules(*NAMES), **settings}
    )


def bigan(**settings):
    return BiGAN(
        net(D, 8, K), net(K, 8, D), net(D + K, 16, 1), **{"optimizers": rules(*NAMES), **settings}
    )


def conditional(**settings):
    return ConditionalVAE(
        net(D + CLASSES, 8, 2 * K),
        net(K + CLASSES, 8, D),
        **{
            "classes": CLASSES,
            "likelihood": "gaussian",
            "optimizers": rules(*NAMES[:2]),
            **settings,
        },
    )


NAMES = "encoder", "decoder", "discriminator"
X = np.random.default_rng(0).normal(3, 1, (300, D)).astype(np.float32)
LABELS = np.arange(300) % CLASSES


@pytest.mark.parametrize("make", [adversarial, bigan], ids=lambda make: make.__name__)
@pytest.mark.parametrize("objective", ["non-saturating", "relativistic"])
def test_the_losses_reported_are_those_of_the_weights_before_the_step(make, objective):
    model, twin = make(objective=objective), make(objective=objective)
    metrics = model.train_step(X[:32], np.random.default_rng(0))
    rng = np.random.default_rng(0)
    before = twin.discriminator_step(X[:32], rng).loss
    assert metrics["d_loss"] == before
    twin.discriminator.parameters.flat[...] = model.discriminator.parameters.flat
    after = twin.generator_step(X[:32], rng).report
    assert after == {name: metrics[name] for name in after}


@pytest.mark.parametrize("make", [adversarial, bigan, conditional], ids=lambda make: make.__name__)
def test_a_step_moves_all_networks_and_leaves_no_gradient(make):
    model, twin = make(), make()
    labels = LABELS[:32] if make is conditional else None
    model.train_step(model.rows(X[:32], labels), np.random.default_rng(0))
    assert model.step == 1
    for name, network in model.networks.items():
        assert (network.parameters.flat != twin.networks[name].parameters.flat).mean() > 0.8
        assert not model.grads[name].flat.any()


def test_the_parts_of_an_adversarial_autoencoders_loss_add_up():
    model = adversarial(adversarial_weight=0.3)
    parts = model.generator_step(X[:32], np.random.default_rng(0)).report
    squared = np.square(model.reconstruct(X[:32]) - X[:32]).sum(axis=1).mean()
    opinion = OBJECTIVES["non-saturating"].generator(model.discriminator(model.encode(X[:32])))
    assert parts["reconstruction"] == pytest.approx(squared, rel=1e-5)
    assert parts["loss"] == pytest.approx(squared + 0.3 * opinion.value, rel=1e-5)


def test_an_adversarial_autoencoder_is_validated_by_the_loss_that_it_was_given():
    """The cross-entropy of x with its reconstruction p, not of p with x."""
    decoder = Sequential(Dense(K, D), Sigmoid(), rng=0)
    model = AdversarialAutoencoder(net(D, 8, K), decoder, net(K, 16, 1), loss="bce")
    x = np.random.default_rng(0).uniform(0.1, 0.9, (9, D)).astype(np.float32)
    p = model.reconstruct(x)
    entropies = -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum(axis=1)
    found = model.validate(x)["val_reconstruction"]
    assert found == pytest.approx(entropies.mean(), rel=1e-5)


def test_the_weight_of_a_vae_gans_opinion_is_2_by_gamma():
    """Larsen et al. 2016, algorithm 1: the decoder's gamma L_llike - L_GAN, which adds both kinds of fakes."""
    gamma, x = 0.4, X[:16].astype(float)
    networks = net(D, 8, 2 * K), net(K, 8, D), net(D, 16, 1)
    model = VAEGAN(
        *(network.astype(float) for network in networks),
        objective="minimax",
        adversarial_weight=2 / gamma,
        hidden_layers=2,
    )
    _, fakes = model.discriminator_input(x, np.random.default_rng(0))
    built, drawn = np.log(1 - sigmoid_forward(model.discriminator(fakes))).reshape(2, 16)
    hidden = Sequential(*model.discriminator.layers[:2])
    error = np.square(hidden(fakes[:16]) - hidden(x)).sum(axis=1).mean() / 2
    ours = model.generator_step(x, np.random.default_rng(0)).report["decoder_loss"]
    assert gamma * ours == pytest.approx(gamma * error + built.mean() + drawn.mean(), rel=1e-12)


@pytest.mark.parametrize(
    "spec", ["batch_norm 4", "minibatch_stddev", ["dense 4 4", "batch_norm 4"]]
)
def test_the_error_in_a_hidden_layer_goes_back_through_what_couples_samples(spec):
    """Each of the two is a batch of its own: the gradient is by the reconstructions' moments, too."""
    (layer,) = build([spec], rng=3).layers
    critic = Sequential(Dense(D, 4), layer, Dense(5 if spec == "minibatch_stddev" else 4, 1), rng=2)
    model = VAEGAN(net(D, 4), net(2, D), critic, hidden_layers=2)
    report = gradcheck(model, X[:5].astype(float), directions=2)
    assert report, report


def vaegan(**settings):
    return VAEGAN(net(D, 2 * K), net(K, D), net(D, 1), **settings)


@pytest.mark.parametrize("make", [adversarial, bigan, vaegan], ids=lambda make: make.__name__)
@pytest.mark.parametrize("rows", [X[:0], X[:, 1:], X.astype(np.uint8)])
def test_what_a_discriminator_sees_is_made_of_rows_of_data_alone(make, rows):
    with pytest.raises(InputError, match=r"x must be floats \(n, 5\), n at least 1"):
        make().discriminator_input(rows, np.random.default_rng(0))


def test_the_codes_of_an_adversarial_autoencoder_become_normal():
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(1000, K)) @ rng.normal(size=(K, D)) + 3).astype(np.float32)
    apart = []
    for weight in (0.0, 20.0):
        model = AdversarialAutoencoder(
            net(D, 8, K),
            net(K, 8, D),
            net(K, 32, 1),
            adversarial_weight=weight,
            optimizers={name: Adam(0.002, beta1=0.5) for name in NAMES},
        )
        model.fit(x, steps=1500, batch_size=100, callbacks=[], rng=0)
        code = model.encode(x)
        apart.append(np.linalg.norm(code.mean(axis=0)) + np.linalg.norm(np.cov(code.T) - np.eye(K)))
    assert apart[1] < 0.4
    assert apart[1] < apart[0] / 2


def test_a_bidirectional_gan_plays_by_the_discriminators_loss_with_the_sides_exchanged():
    model, rng = bigan(), np.random.default_rng(0)
    value = model.generator_step(X[:32], rng).loss
    z = model.latent(32, np.random.default_rng(0))
    coded = model.discriminator(np.concatenate([X[:32], model.encode(X[:32])], axis=1))
    made = model.discriminator(np.concatenate([model.decode(z), z], axis=1))
    assert value == pytest.approx(OBJECTIVES["non-saturating"].discriminator(made, coded).value)


def test_a_bidirectional_gan_learns_to_invert_its_decoder():
    x = np.random.default_rng(0).normal(size=(2000, 1)).astype(np.float32) * 2 + 1
    model = BiGAN(
        net(1, 16, 1),
        net(1, 16, 1),
        net(2, 32, 1),
        objective="relativistic",
        penalties={"r1": 1.0, "r2": 1.0},
        optimizers={name: Adam(0.003, beta1=0.5) for name in NAMES},
    )
    model.fit(x, steps=2000, batch_size=64, callbacks=[], rng=0)
    assert model.validate(x)["val_mse"] < 0.4  # the data's variance is 4


def test_a_conditional_vae_makes_the_class_that_is_asked_for():
    x = (X / 10 + 3 * np.eye(CLASSES, D)[LABELS]).astype(np.float32)
    model = conditional()
    data = Dataset("d", x, train_labels=LABELS)
    model.fit(data, epochs=60, batch_size=50, callbacks=[], rng=0)
    for label in range(CLASSES):
        samples = model.sample(50, rng=0, label=label)
        assert (samples[:, :CLASSES].argmax(axis=1) == label).mean() > 0.9
    assert model.sample(4, rng=0).shape == (4, D)
    with pytest.raises(InputError, match="at most 2, not "):
        model.sample(4, rng=0, label=CLASSES)


def test_a_conditional_vae_says_how_likely_held_out_rows_are():
    model, data = conditional(), Dataset("d", X, train_labels=LABELS)
    held_out = {"validation": X[:50], "validation_labels": LABELS[:50]}
    history = model.fit(data, epochs=1, batch_size=50, callbacks=[], rng=0, **held_out)
    bounds = model.bound(X[:50], rng=0, labels=LABELS[:50])
    assert history["val_loss"][-1] == pytest.approx(-bounds.mean())
    with pytest.raises(InputError, match="labels"):
        model.bound(X[:50])


def test_the_bound_of_a_conditional_vae_is_that_of_its_terms():
    model, rows = conditional(beta=0.5), conditional().rows(X[:8], LABELS[:8])
    parts = model.bound_step(rows, np.random.default_rng(0), beta=0.5).report
    mean, log_var = np.split(model.encoder(rows).astype(np.float64), 2, axis=1)
    kl = 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum(axis=1).mean()
    assert parts["kl"] == pytest.approx(kl, rel=1e-5)
    assert parts["loss"] == pytest.approx(parts["reconstruction"] + 0.5 * kl, rel=1e-5)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: adversarial(objective="none"), "objective"),
        (lambda: adversarial(loss="bce"), "probabilities"),
        (lambda: adversarial(adversarial_weight=-1), "adversarial_weight"),
        (
            lambda: AdversarialAutoencoder(net(D, K), net(K, D), net(D, 1)),
            "decoder and discriminator must take",
        ),
        (lambda: AdversarialAutoencoder(net(D, K), net(K, 3), net(K, 1)), "the decoder makes 3"),
        (
            lambda: AdversarialAutoencoder(net(D, K), net(K, D), net(K, 2)),
            "must return 1 logit, not 2",
        ),
        (lambda: bigan(objective="none"), "objective"),
        (lambda: BiGAN(net(D, K), net(K, D), net(D, 1)), "the discriminator take 7"),
        (lambda: conditional(classes=9), "with 9 classes"),
        (lambda: conditional(likelihood="poisson"), "likelihood"),
        (lambda: conditional(likelihood="bernoulli"), "probabilities"),
    ],
)
def test_what_does_not_fit(build, message):
    with pytest.raises(InputError, match=message):
        build()


@pytest.mark.parametrize("preset", ["adversarial-autoencoder", "bigan", "conditional-vae"])
def test_a_run_is_sampled_evaluated_and_resumed(capsys, labelled, tmp_path, monkeypatch, preset):
    monkeypatch.chdir(tmp_path)
    words = ("--data", labelled, "--steps", 4, "--batch-size", 20, "--quiet", "--out", "r")
    code, _, err = run(capsys, "train", preset, *words)
    assert code == 0, err
    label = ("--label", 2) if preset == "conditional-vae" else ()
    assert run(capsys, "sample", "r", "-n", 6, *label, "--out", "s.png")[0] == 0
    assert picture("s.png").std() > 0
    if not label:
        result = json.loads(run(capsys, "reduce", "r", "--out", "m.png")[1])
        assert result[preset]["mean_squared_error"] > 0


def test_a_decoder_that_ends_in_a_sigmoid_has_probabilities():
    decoder = net(K + CLASSES, 8, D, last=(Sigmoid(),))
    model = ConditionalVAE(net(D + CLASSES, 8, 2 * K), decoder, classes=CLASSES)
    assert model.value_range == (0.0, 1.0)


@pytest.mark.parametrize("kind", [AdversarialAutoencoder, BiGAN])
def test_a_discriminator_that_compares_samples_sees_the_two_kinds_apart(kind):
    width = K if kind is AdversarialAutoencoder else D + K
    critic = Sequential(Dense(width, 8), BatchNorm(8), LeakyReLU(), Dense(8, 1), rng=3)
    model = kind(net(D, K), net(K, D), critic)
    value = model.discriminator_step(X[:32], np.random.default_rng(0)).loss
    z = model.latent(32, np.random.default_rng(0))
    real, fake = z, model.encode(X[:32])
    if kind is BiGAN:
        real, fake = np.hstack([X[:32], fake]), np.hstack([model.decode(z), z])
    logits = (model.discriminator(rows, np.random.default_rng(1)) for rows in (real, fake))
    expected = OBJECTIVES["non-saturating"].discriminator(*logits).value
    assert value == pytest.approx(expected, rel=1e-5)
