"""Variational autoencoders: what no gradient shows of their bound, their codes and their training."""

import json
from math import exp, log, pi
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from npgan import IWAE, VAE, Dense, Dropout, InputError, Sequential, Sigmoid, Tanh, ops
from npgan.data import Dataset
from npgan.layers import GaussianSample
from npgan.models import vae
from npgan.models.gaussian import GaussianEncoder
from npgan.study.evaluation import evaluate
from npgan.testing import assert_gradients
from npgan.training import Loop

D, K = 5, 2


def rng(seed=0):
    return np.random.default_rng(seed)


def make(kind=VAE, likelihood="bernoulli", dtype=np.float32, **settings):
    """Return a small model."""
    last = (Sigmoid(),) if likelihood == "bernoulli" else ()
    encoder = Sequential(Dense(D, 6), Tanh(), Dense(6, 2 * K), rng=1).astype(dtype)
    decoder = Sequential(Dense(K, 6), Tanh(), Dense(6, D), *last, rng=2).astype(dtype)
    return kind(encoder, decoder, likelihood=likelihood, **settings)


def pixels(n=40):
    return rng(3).random((n, D), np.float32)


# Operations, a row each, by the loops of a book.


def bernoulli(p, x):
    return sum(x * log(p) + (1 - x) * log(1 - p) for p, x in zip(p, x, strict=True))


def normal(x, mean, variance):
    """Return the logarithm of a product of Gaussian densities."""
    return sum(
        -0.5 * log(2 * pi * v) - (x - m) ** 2 / (2 * v)
        for x, m, v in zip(x, mean, variance, strict=True)
    )


def test_likelihoods_are_products_over_the_pixels():
    p, x = rng().uniform(0.1, 0.9, (2, 4, D))
    likely = ops.log_bernoulli_with_logits_forward(np.log(p / (1 - p)), x)
    assert_allclose(likely, list(map(bernoulli, p, x)), rtol=1e-13)
    expected = [normal(row, mean, [0.5] * D) for row, mean in zip(x, p, strict=True)]
    assert_allclose(ops.log_gaussian_forward(p, x), expected, rtol=1e-12)


def test_the_ratio_is_that_of_the_prior_to_what_the_code_was_drawn_from():
    mean, log_var, eps = rng().standard_normal((3, 4, K))
    z = ops.gaussian_sample_forward(mean, log_var, eps)
    expected = [
        normal(code, [0] * K, [1] * K) - normal(code, m, [exp(v) for v in variances])
        for code, m, variances in zip(z, mean, log_var, strict=True)
    ]
    assert_allclose(ops.log_prior_ratio_forward(z, log_var, eps), expected, rtol=1e-12)


def test_a_mean_of_exponentials_does_not_overflow():
    a = np.array([[1e4, 1e4 - 1], [-1e4, -1e4], [0.3, 0.7]])
    expected = [1e4 + log((1 + exp(-1)) / 2), -1e4, log((exp(0.3) + exp(0.7)) / 2)]
    assert_allclose(ops.log_mean_exp_forward(a), expected, rtol=1e-13)
    assert_allclose(ops.log_mean_exp_backward(np.ones(3), a).sum(axis=1), 1, rtol=1e-13)


# The bound.


def test_codes_have_the_moments_that_the_encoder_gives():
    n = 200_000
    z = GaussianSample().forward(np.tile([[3.0, log(0.25)]], (n, 1)), rng())[0]
    error = 6 / n**0.5  # six standard errors of a unit variance
    assert abs(z.mean() - 3) < 0.5 * error
    assert abs(z.var() / 0.25 - 1) < 2**0.5 * error, "the variance is exp(log_var), not its square"


@pytest.mark.parametrize("training", [True, False])
def test_codes_are_drawn_by_the_encoder_as_in_training_or_as_it_is(training):
    network = Sequential(Dense(2, 4, rng=0), Dropout(0.5))
    _, drawn = GaussianEncoder(network).forward(np.ones((9, 2)), rng(), training=training)
    assert np.array_equal(drawn.described, network(np.ones((9, 2)))) != training


def linear(sigma):
    """Return a VAE with x = W z + noise of variance 1/2, its exact log-likelihood and posterior.

    The posterior of z is a Gaussian of precision I + 2 W'W; W's columns are orthogonal, so that its
    parts are independent. ``sigma`` widens the encoder's standard deviation beyond it.
    """
    w = np.zeros((K, D))
    w[0, :2], w[1, 2:] = [0.8, -0.6], [0.5, 0.5, 0.5]
    variance = 1 / (1 + 2 * (w**2).sum(axis=1))
    encoder = Sequential(Dense(D, 2 * K)).astype(np.float64)
    decoder = Sequential(Dense(K, D)).astype(np.float64)
    model = VAE(encoder, decoder, likelihood="gaussian")
    decoder.parameters["0.weight"][...] = w
    encoder.parameters["0.weight"][:, :K] = 2 * w.T * variance
    encoder.parameters["0.weight"][:, K:] = 0
    encoder.parameters["0.bias"][...] = [0, 0, *np.log(variance * sigma**2)]
    x = rng(4).standard_normal((6, D))
    cov = w.T @ w + np.eye(D) / 2
    square = np.einsum("ri,ij,rj->r", x, np.linalg.inv(cov), x)
    exact = -0.5 * (square + np.linalg.slogdet(2 * pi * cov)[1])
    return model, x, exact


def test_with_the_true_posterior_the_bound_is_the_likelihood_of_a_single_code():
    model, x, exact = linear(sigma=1.0)
    assert_allclose(model.bound(x, rng(), samples=1), exact, rtol=1e-12)


def test_with_another_posterior_more_codes_are_nearer_to_the_likelihood():
    model, x, exact = linear(sigma=1.5)
    gaps = [
        (exact - model.bound(np.tile(x, (400, 1)), rng(), k).reshape(400, -1)).mean()
        for k in (1, 5, 50)
    ]
    divergence = K * (1.5**2 - 1 - 2 * log(1.5)) / 2  # of the encoder's Gaussian from the posterior
    assert gaps[0] == pytest.approx(divergence, abs=0.1)
    assert gaps[0] > 2 * gaps[1] > 4 * gaps[2] > 0
    assert_allclose(model.bound(x, rng(), samples=5000), exact, atol=0.05)


@pytest.mark.parametrize("samples", [1, 2])
def test_gradients_are_right_for_one_code_and_for_two(samples):
    """The catalogue has three."""
    assert_gradients(make(IWAE, samples=samples), pixels(3))


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_the_loss_of_one_weighted_code_has_the_expectation_of_the_vaes(likelihood):
    usual, weighted = make(VAE, likelihood), make(IWAE, likelihood, samples=1)
    x = np.repeat(pixels(8), 4000, axis=0)
    losses = [float(model.bound_step(x, rng()).loss) for model in (usual, weighted)]
    assert losses[0] == pytest.approx(losses[1], abs=0.02)


# Training.


@pytest.mark.parametrize("kind", [VAE, IWAE])
def test_the_loss_that_is_reported_is_that_before_the_step_and_all_weights_move(kind):
    model, x = make(kind), pixels()
    before = {name: array.copy() for name, array in model.weights().items()}
    expected = model.bound_step(x, rng(5)).report
    assert model.train_step(x, rng(5)) == expected
    moved = [not np.array_equal(before[name], array) for name, array in model.weights().items()]
    assert all(moved)


def test_beta_weighs_the_divergence_and_warms_up():
    model = make(beta=3.0, warm_up=4)
    betas = []
    for _ in range(6):
        betas.append(model.beta_now())
        parts = model.train_step(pixels(), rng())
        assert parts["loss"] == pytest.approx(parts["reconstruction"] + betas[-1] * parts["kl"])
    assert betas == [0, 0.75, 1.5, 2.25, 3, 3]


def test_pixels_are_drawn_anew_with_their_value_as_the_probability():
    x = np.tile(np.float32([0, 0.2, 0.7, 1]), (40_000, 1))
    drawn = vae.binarized(x, rng())
    assert set(np.unique(drawn)) == {0, 1}
    assert_allclose(drawn.mean(axis=0), x[0], atol=6 * 0.5 / 200)  # six standard errors
    seen = []
    model = make(binarize=True)
    step = model.bound_step
    model.bound_step = lambda batch, *rest: seen.append(batch) or step(batch, *rest)
    model.train_step(pixels(), rng())
    assert set(np.unique(seen)) == {0, 1}


@pytest.mark.parametrize("kind", [VAE, IWAE])
def test_a_resumed_training_is_the_uninterrupted_one(kind):
    def loop():
        return Loop(make(kind, warm_up=0), pixels(), batch_size=10, rng=3)

    whole, first, second = loop(), loop(), loop()
    whole.run(steps=7)
    first.run(steps=3)
    arrays, numbers = first.state()
    second.load_state(arrays, json.loads(json.dumps(numbers)))
    second.run(steps=7)
    for name, array in whole.model.weights().items():
        assert_array_equal(second.model.weights()[name], array)


def test_the_loss_on_held_out_rows_is_of_the_same_bound_as_in_training():
    coder, decoder = Sequential(Dense(4, 4), rng=0), Sequential(Dense(2, 4), Sigmoid(), rng=1)
    x, rng = np.full((50, 4), 0.3, np.float32), np.random.default_rng(0)
    expected = -IWAE(coder, decoder).bound(vae.binarized(x, rng), rng, samples=5).mean()
    model = IWAE(coder, decoder, samples=5, binarize=True)
    assert model.validate(x)["val_loss"] == pytest.approx(float(expected), rel=1e-6)


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_the_bound_of_some_codes_is_what_an_iwae_of_as_many_is_trained_on(likelihood):
    model, x = make(IWAE, likelihood, samples=3), pixels()
    assert_allclose(-model.bound(x, rng(), 3).mean(), model.bound_step(x, rng()).loss, rtol=1e-6)


@pytest.mark.parametrize("of", [lambda m: m.bound(pixels(), rng()), lambda m: m.validate(pixels())])
def test_a_bound_is_of_networks_without_their_dropout(of):
    model = make()
    noisy = VAE(*(Sequential(*n.layers[:2], Dropout(0.5), *n.layers[2:]) for n in (
        model.encoder, model.decoder)))  # fmt: skip
    assert_array_equal(of(noisy), of(model))


def test_evaluation_gives_the_bound_of_one_code_and_of_as_many_as_in_training():
    rows = rng().random((60, D)).astype(np.float32)
    few = Dataset("few", rows, rows)
    one, nine = {"negative_elbo": 1}, {"negative_elbo": 1, "negative_bound_of_9_codes": 9}
    for model, expected in ((make(), one), (make(IWAE, samples=9), nine)):
        model.bound = lambda data, rng, k, labels: np.full(len(data), -k)
        measured = evaluate(model, few, rng(), samples=50)
        bounds = {n: v for n, v in measured.items() if n.startswith("negative_")}
        assert {n: v for n, v in bounds.items() if not n.endswith("_interval")} == expected


def test_what_does_not_fit_is_refused_in_words():
    coder, decoder = Sequential(Dense(4, 4)), Sequential(Dense(2, 4), Sigmoid())
    for make_it, message in (
        (lambda: VAE(Sequential(Dense(4, 2)), decoder), "means and log-variances of the codes"),
        (lambda: VAE(coder, Sequential(Dense(2, 4))), "needs probabilities"),
        (lambda: VAE(coder, decoder, likelihood="gausian"), "gaussian"),
        (lambda: VAE(coder, decoder, beta=-1), "beta must be a number of at least 0, not -1"),
        (lambda: VAE(coder, decoder, warm_up=-1), "warm_up must be"),
        (lambda: IWAE(coder, decoder, samples=0), "samples must be a whole number, at least 1"),
        (lambda: VAE(coder, decoder, likelihood="gaussian", binarize=True), "can be binarised"),
        (lambda: IWAE(coder, decoder, beta=2), "no divergence for beta to weigh"),
        (lambda: VAE(coder, decoder).bound(np.zeros((2, 4)), samples=0), "samples must be"),
    ):
        with pytest.raises(InputError, match=message):
            make_it()


@pytest.mark.parametrize("name", ["encoder", "decoder"])
def test_both_networks_are_asked_for(name):
    networks = {"encoder": Sequential(Dense(3, 4)), "decoder": Sequential(Dense(2, 3))}
    with pytest.raises(InputError, match=f"{name} must be"):
        VAE(**networks | {name: Dense(3, 4)}, likelihood="gaussian")


@pytest.mark.parametrize(("samples", "sizes"), [(3, [2, 2, 1]), (7, [1] * 5)])
def test_a_bound_of_many_codes_is_of_few_rows_at_once(samples, sizes, monkeypatch):
    model, seen = make(), []
    weigh = model._weigh
    model._weigh = lambda rows, k, rng: seen.append(len(rows)) or weigh(rows, k, rng)
    monkeypatch.setattr(vae, "CHUNK", 6)
    model.bound(np.zeros((5, model.features), np.float32), rng=0, samples=samples)
    assert seen == sizes


def test_a_code_may_be_a_single_number():
    networks = Sequential(Dense(3, 2), rng=0), Sequential(Dense(1, 3), rng=1)
    assert VAE(*networks, likelihood="gaussian").latent_dim == 1


def test_black_pixels_stay_black_even_where_0_is_drawn():
    zeros = SimpleNamespace(random=np.zeros)
    assert vae.binarized(np.array([[0.0, 0.1]]), zeros).tolist() == [[0.0, 1.0]]
