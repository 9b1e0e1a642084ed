"""Autoencoders with penalties of their code, and with shared weights."""

import math

import numpy as np
import pytest
from golden import recorded

from npgan import (
    ELU,
    Adam,
    Dense,
    InputError,
    Residual,
    Sequential,
    Sigmoid,
    Tanh,
    backend,
    gradcheck,
)
from npgan.models import Autoencoder
from npgan.objectives import regularisers
from npgan.objectives.regularisers import SPARSITIES

D, H, K = 6, 5, 3
X = np.random.default_rng(0).random((40, D), np.float32)


def encoder(*last):
    return Sequential(Dense(D, H), Tanh(), Dense(H, K), *(last or (Sigmoid(),)), rng=0)


def make(**settings):
    rules = {name: Adam(0.01) for name in ("encoder", "decoder")}
    decoder = Sequential(Dense(K, H), ELU(), Dense(H, D), rng=1)
    return Autoencoder(encoder(), decoder, optimizers=rules, **settings)


@pytest.mark.parametrize("name", SPARSITIES)
def test_a_sparsity_has_the_gradient_that_it_says(name):
    code = np.random.default_rng(0).uniform(-3, 3, (7, K))
    assert gradcheck(SPARSITIES[name].penalty, code)


def test_kl_is_that_of_the_mean_activities():
    logits = np.random.default_rng(0).normal(0, 2, (7, K))
    expected = 0.0
    for column in logits.T:
        active = sum(1 / (1 + math.exp(-a)) for a in column) / len(column)
        expected += 0.05 * math.log(0.05 / active) + 0.95 * math.log(0.95 / (1 - active))
    assert SPARSITIES["kl"].penalty(logits)[0] == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("logit", [-100, -40, -17, 17, 40, 100])
def test_kl_moves_units_that_are_always_off_or_on_in_single_precision(logit):
    logits = logit + np.random.default_rng(0).standard_normal((9, K))
    single, double = (SPARSITIES["kl"].penalty(logits.astype(t)) for t in (np.float32, np.float64))
    eps = float(np.finfo(np.float32).eps)  # a logit's own rounding is that much in its exponential
    assert single[0] == pytest.approx(double[0], rel=10 * eps)
    np.testing.assert_allclose(single[1], double[1], rtol=10 * eps * abs(logits).max())
    assert (np.sign(single[1]) == np.sign(logit)).all()


@pytest.mark.parametrize("contraction", [0.0, 0.1])
@pytest.mark.parametrize("where", backend.BACKENDS)
def test_a_sparse_autoencoder_wakes_units_that_are_off(where, contraction):
    backend.use(where)
    model = make(sparsity={"kl": 1.0, "l1": 1e-9}, contraction=contraction)
    model.encoder.parameters["2.bias"][...] = [-30, -30, 30]
    before = model.encoder.parameters["2.bias"].copy()
    model.train_step(X, np.random.default_rng(0))
    moved = model.encoder.parameters["2.bias"] - before
    np.testing.assert_allclose(moved, [0.01, 0.01, -0.01], rtol=1e-3)  # Adam's first step


@pytest.mark.parametrize("last", [Sigmoid(), Tanh()], ids=repr)
def test_the_jacobian_of_one_layer_has_the_closed_form(last):
    net = Sequential(Dense(D, K), last, rng=0).astype(np.float64)
    x = X.astype(np.float64)
    code, cache = net.forward(x)
    slope = code * (1 - code) if isinstance(last, Sigmoid) else 1 - code**2
    norms = np.square(net.parameters["0.weight"]).sum(axis=0)
    expected = (np.square(slope) * norms).sum() / len(x)
    assert regularisers.contraction(net, cache, code.shape) == pytest.approx(expected, rel=1e-12)


def test_the_jacobian_of_a_deep_encoder_is_that_of_differences():
    net = encoder().astype(np.float64)
    x, h = X[:3].astype(np.float64), 1e-6
    total = 0.0
    for i in range(D):
        step = h * np.eye(D)[i]
        total += np.square((net(x + step) - net(x - step)) / (2 * h)).sum() / 3
    code, cache = net.forward(x)
    value = regularisers.contraction(net, cache, code.shape, 0.7)
    assert value == pytest.approx(0.7 * total, rel=1e-7)


def test_it_is_what_torch_computes_with_create_graph():
    net = encoder().astype(np.float64)
    code, cache = net.forward(X.astype(np.float64))
    grads = net.parameters.like()
    value = regularisers.contraction(net, cache, code.shape, 0.7, grads)
    penalty, *expected = recorded("contraction")
    assert value == pytest.approx(penalty, rel=1e-12)
    np.testing.assert_allclose(grads.flat, expected, rtol=0, atol=1e-10)


def measure(name, code):
    return {"l1": abs(code).mean(), "kl": abs(code.mean(axis=0) - 0.05).mean()}[name]


@pytest.mark.parametrize("name", SPARSITIES)
def test_a_penalised_code_is_sparser(name):
    plain, sparse = make(), make(sparsity={name: 1.0})
    for model in (plain, sparse):
        model.fit(X, steps=200, batch_size=20, callbacks=[], rng=0)
    assert measure(name, sparse.encode(X)) < measure(name, plain.encode(X)) / 2


def test_a_contractive_code_is_flatter():
    norms = []
    for weight in (0.0, 1.0):
        model = make(contraction=weight)
        model.fit(X, steps=200, batch_size=20, callbacks=[], rng=0)
        code, cache = model.encoder.forward(X)
        norms.append(regularisers.contraction(model.encoder, cache, code.shape))
    assert norms[1] < norms[0] / 2


def test_the_reported_loss_has_all_penalties_in_it():
    parts = {"sparsity": {"l1": 0.5, "kl": 0.3}, "contraction": 0.7}
    model, plain = make(**parts), make()
    code, cache = model.encoder.forward(X)
    expected = plain.reconstruction_step(X).loss + 0.5 * SPARSITIES["l1"].penalty(code)[0]
    logits = model.encoder.body()(X)
    expected += 0.3 * SPARSITIES["kl"].penalty(logits)[0] + regularisers.contraction(
        model.encoder, cache, code.shape, 0.7
    )
    assert model.validate(X)["val_loss"] == pytest.approx(expected, rel=1e-5)
    assert model.train_step(X, np.random.default_rng(0))["loss"] == pytest.approx(
        expected, rel=1e-5
    )


def test_held_out_rows_in_pieces_count_once_each(monkeypatch):
    model = make(sparsity={"l1": 0.5}, contraction=0.7)
    whole = model.validate(X)["val_loss"]
    monkeypatch.setattr("npgan.models.autoencoder.CHUNK", 12)
    assert model.validate(X)["val_loss"] == pytest.approx(whole, rel=1e-5)


def test_tied_weights_stay_each_others_transpose_and_have_the_sum_of_both_gradients():
    model, free = make(tied=True), make()
    free.load_weights(model.weights())
    grads = [
        {name: net.parameters.like() for name, net in m.networks.items()} for m in (model, free)
    ]
    for m, g in zip((model, free), grads, strict=True):
        m.reconstruction_step(X, None, g)
    ours, theirs = grads
    for a, b in (("0.weight", "2.weight"), ("2.weight", "0.weight")):
        total = theirs["encoder"][a] + theirs["decoder"][b].T
        np.testing.assert_allclose(ours["encoder"][a], total, atol=1e-6)
        assert not ours["decoder"][b].any()
    before = model.weights()["encoder.0.weight"].copy()
    model.fit(X, steps=20, batch_size=20, callbacks=[], rng=0)
    assert (model.encoder.parameters["0.weight"] != before).any()
    for a, b in (("0.weight", "2.weight"), ("2.weight", "0.weight")):
        np.testing.assert_array_equal(model.encoder.parameters[a], model.decoder.parameters[b].T)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: make(sparsity={"l2": 1.0}), "sparsity"),
        (lambda: make(sparsity=["l1"]), "a table, name -> weight"),
        (lambda: make(sparsity={"l1": -1.0}), "the weight of l1"),
        (lambda: make(contraction=-1.0), "contraction"),
        (
            lambda: Autoencoder(encoder(Tanh()), make().decoder, sparsity={"kl": 1.0}),
            "codes in \\(0, 1\\)",
        ),
        (
            lambda: Autoencoder(
                Residual(Dense(K, K), Sigmoid()), Sequential(Dense(K, K)), sparsity={"kl": 1.0}
            ),
            "codes in \\(0, 1\\)",
        ),
        (
            lambda: Autoencoder(encoder(), Sequential(Dense(K, D), rng=0), tied=True),
            "mirror the encoder's",
        ),
        (
            lambda: Autoencoder(
                Sequential(Dense(D, K)), Sequential(Dense(K, K), Dense(K, D)), tied=True
            ),
            "mirror the encoder's",
        ),
        (
            lambda: Autoencoder(
                Sequential(Dense(D, H), Dense(H, K)),
                Sequential(Dense(K, D), Dense(D, D)),
                tied=True,
            ),
            "mirror the encoder's",
        ),
    ],
)
def test_what_is_refused(build, message):
    with pytest.raises(InputError, match=message):
        build()


def test_a_layer_whose_slope_is_no_rows_own_is_refused_at_once():
    from npgan import BatchNorm

    net = Sequential(Dense(D, K), BatchNorm(K), rng=0)
    with pytest.raises(InputError, match="couples the samples"):
        Autoencoder(net, Sequential(Dense(K, D), rng=1), contraction=1.0)


def test_squares_are_added_in_double_precision_whose_sum_is_beyond_singles():
    net = Sequential(Dense(1, 1))
    net.parameters["0.weight"][...] = 1e19
    code, cache = net.forward(np.zeros((8, 1), np.float32))
    value = regularisers.contraction(net, cache, code.shape)
    assert value == pytest.approx(1e38, rel=1e-6)
    assert regularisers.contraction(net, cache, code.shape, 0.5) == 0.5 * value
