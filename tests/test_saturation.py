"""A decoder that is sure, and wrong, still learns: losses of probabilities are computed from logits."""

import numpy as np
import pytest

from npgan import (
    GAN,
    IWAE,
    VAE,
    VAEGAN,
    Adam,
    AdversarialAutoencoder,
    Autoencoder,
    BiGAN,
    Classifier,
    ConditionalGAN,
    ConditionalVAE,
    Dense,
    InputError,
    NonFiniteError,
    Sequential,
    Sigmoid,
    Translator,
    backend,
    ops,
)
from npgan.data import Dataset
from npgan.objectives import penalties
from npgan.ops.update import too_large

D, K, N = 5, 2, 6


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_least_number_that_is_too_large_is_told_of_alone_and_in_an_array(dtype):
    limit = dtype(too_large(dtype))
    for number in (limit, np.nextafter(limit, dtype(0)), dtype(np.nan)):
        for value in (number, -number, np.full(2, number)):
            told = []
            backend.run.require_finite(lambda told=told: told.append(1), value)
            assert bool(told) == (not abs(number) < limit)


def coders(encoder=(D, K), decoder=(K, D), dtype=np.float32):
    networks = Sequential(Dense(*encoder), rng=0), Sequential(Dense(*decoder), Sigmoid(), rng=1)
    return [network.astype(dtype) for network in networks]


def judge(dtype):
    return Sequential(Dense(K, 1), rng=2).astype(dtype)


MODELS = {
    "autoencoder": lambda dtype: Autoencoder(*coders(dtype=dtype), loss="bce"),
    "adversarial autoencoder": lambda dtype: AdversarialAutoencoder(
        *coders(dtype=dtype), judge(dtype), loss="bce"
    ),
    "VAE": lambda dtype: VAE(*coders((D, 2 * K), dtype=dtype)),
    "IWAE": lambda dtype: IWAE(*coders((D, 2 * K), dtype=dtype), samples=3),
    "conditional VAE": lambda dtype: ConditionalVAE(
        *coders((D + 2, 2 * K), (K + 2, D), dtype), classes=2
    ),
}


def gradients(name, dtype, logit):
    """Return the decoder's gradient where every logit is about ``logit``, by the names of its arrays."""
    model = MODELS[name](dtype)
    model.decoder.parameters["0.bias"][...] = logit
    x = np.random.default_rng(3).random((N, D)).astype(dtype)
    x[0], x[1] = 0, 1
    loss = list(model.losses(batch_of(model, x)))[-1]
    grads = {n: model.networks[n].parameters.like() for n in loss.networks}
    loss.of(np.random.default_rng(0), grads)
    return dict(grads["decoder"])


def batch_of(model, x):
    rows = model.rows(x, np.arange(N) % 2)
    return ops.gather(rows, np.arange(N), *model.value_range)


@pytest.mark.parametrize("logit", [-100, -40, -17, 17, 40, 100])
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("where", backend.BACKENDS)
def test_single_precision_knows_the_gradient_of_a_decoder_that_is_sure(where, name, logit):
    backend.use(where)
    single, double = (gradients(name, dtype, logit) for dtype in (np.float32, np.float64))
    for array, expected in double.items():
        largest = abs(expected).max()
        assert largest > 1e-3
        np.testing.assert_allclose(single[array], expected, rtol=0, atol=1e-4 * largest)


def test_a_pixel_that_is_black_comes_back_from_a_certain_white():
    """The article's sigmoid has no slope there: p - t is 1, and p (1 - p) is 0."""
    model = MODELS["autoencoder"](np.float32)
    model.decoder.parameters["0.bias"][...] = 30
    x = np.zeros((N, D), np.float32)
    model.fit(x, steps=20, batch_size=N, callbacks=[], rng=0)
    assert (model.decoder.parameters["0.bias"] < 30 - 10e-3).all()


# What no training survives: data that nobody scaled, weights, learning rates.

WIDTHS = {
    "autoencoder": lambda: Autoencoder(*linear((D, K), (K, D))),
    "autoencoder, l1": lambda: Autoencoder(*linear((D, K), (K, D)), loss="l1"),
    "adversarial autoencoder": lambda: AdversarialAutoencoder(*linear((D, K), (K, D), (K, 1))),
    "BiGAN": lambda: BiGAN(*linear((D, K), (K, D), (D + K, 1))),
    "VAE": lambda: VAE(*linear((D, 2 * K), (K, D)), likelihood="gaussian"),
    "IWAE": lambda: IWAE(*linear((D, 2 * K), (K, D)), likelihood="gaussian", samples=3),
    "conditional VAE": lambda: ConditionalVAE(
        *linear((D + 2, 2 * K), (K + 2, D)), likelihood="gaussian", classes=2
    ),
    "VAE-GAN": lambda: VAEGAN(*linear((D, 2 * K), (K, D), (D, 1))),
    "GAN": lambda: GAN(*linear((K, D), (D, 1))),
    "GAN, least squares": lambda: GAN(*linear((K, D), (D, 1)), objective="least-squares"),
    "GAN, WGAN-GP": lambda: GAN(
        *linear((K, D), (D, 1)), objective="wasserstein", penalties={"wgan-gp": 1.0}
    ),
    "conditional GAN": lambda: ConditionalGAN(*linear((K + 2, D), (D + 2, 1)), classes=2),
    "translator": lambda: Translator(*linear((2, D - 2), (D, 1))),
    "classifier": lambda: Classifier(*linear((D, 3))),
}


def linear(*widths):
    return [Sequential(Dense(*w), rng=i) for i, w in enumerate(widths)]


def train(model, scale, steps=2):
    x = scale * np.random.default_rng(0).standard_normal((60, D), np.float32)
    data = Dataset("unscaled", x, train_labels=np.arange(60) % 2)
    return model.fit(data, steps=steps, batch_size=30, callbacks=[], rng=0)


@pytest.mark.parametrize("scale", [1e2, 1e8, 1e12, 2e14])
@pytest.mark.parametrize("name", WIDTHS)
def test_data_that_nobody_scaled_trains_all_networks_or_is_to_be_scaled(name, scale):
    """None stands still in silence: a gradient whose square is infinite would stop its weight for ever."""
    model = WIDTHS[name]()
    before = {n: network.parameters.flat.copy() for n, network in model.networks.items()}
    try:
        train(model, np.float32(scale))
    except NonFiniteError as error:
        assert "step 1: " in str(error)
        assert "no learning rate can help at the first step: scale the data" in str(error)
        assert "the data's values lie in [-" in str(error)
    else:
        weights = {n: network.parameters.flat for n, network in model.networks.items()}
        assert all((weights[n] != before[n]).mean() > 0.5 for n in weights)


@pytest.mark.parametrize("name", ["numpy", "numba"])
@pytest.mark.parametrize("logit", [12, 18, 30, 80])
def test_a_cross_entropy_near_0_keeps_its_digits_on_both_sides(name, logit):
    backend.use(name)
    exact = np.log1p(np.exp(-float(logit))), 1 / (1 + np.exp(float(logit)))
    for side, target in ((1, 1.0), (-1, 0.0)):
        value, slope = backend.run.bce_with_logits(np.float32([side * logit]), target)
        assert (value, -side * slope[0]) == pytest.approx(exact, rel=1e-5)
        pixel = np.float32([[side * logit]]), np.float32([[target]])
        value = backend.run.log_bernoulli_with_logits_forward(*pixel)[0]
        slope = backend.run.log_bernoulli_with_logits_backward(np.ones(1, np.float32), *pixel)
        assert (-value, side * slope[0, 0]) == pytest.approx(exact, rel=1e-5)


def test_a_penalty_knows_the_direction_of_slopes_whose_squares_are_0_or_infinite():
    for size in (1e-30, 1e20):
        with np.errstate(over="ignore"):  # of the value
            direction = penalties.distance_from_one(np.float32([[3 * size, 4 * size]]))[1]
        assert direction / abs(direction).max() == pytest.approx(
            np.sign(size - 1) * np.array([[0.75, 1]])
        )


def test_labels_that_are_smoothed_past_each_other_are_refused():
    with pytest.raises(InputError, match="must be above"):
        GAN(*linear((1, 1), (1, 1)), label_smoothing=0.6, fake_label_smoothing=0.4)


def test_the_advice_follows_what_is_to_blame():
    def gan(lr=1e-3, weight=1.0):
        rules = {"generator": Adam(lr), "discriminator": Adam(lr)}
        model = GAN(*linear((K, D), (D, 1)), optimizers=rules)
        model.discriminator.parameters.flat[:] *= weight
        return model

    for model, steps, message in (
        (gan(weight=1e38), 1, "applied: start from weights that are finite and smaller; the data"),
        (
            gan(weight=np.nan),
            1,
            "applied: start from weights that are finite and smaller; the data",
        ),
        (gan(lr=1e30), 9, "applied: try a lower learning rate, clip_norm, or data of a smaller"),
    ):
        with pytest.raises(NonFiniteError, match=message):
            train(model, np.float32(1), steps)


def test_bytes_are_reported_as_the_networks_see_them():
    model = GAN(*linear((K, D), (D, 1)))
    model.generator.parameters.flat[:] = np.nan
    with pytest.raises(NonFiniteError, match=r"values lie in \[0, 1\]"):
        model.fit(np.full((9, D), 255, np.uint8), steps=1, batch_size=9, callbacks=[])
