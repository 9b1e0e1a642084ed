"""A decoder that is sure, and wrong, still learns: losses of probabilities are computed from logits."""

import numpy as np
import pytest

from npgan import (
    IWAE,
    VAE,
    AdversarialAutoencoder,
    Autoencoder,
    ConditionalVAE,
    Dense,
    NonFiniteError,
    Sequential,
    Sigmoid,
    backend,
    ops,
)

D, K, N = 5, 2, 6


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


@pytest.mark.parametrize("scale", [1e2, 1e4])
def test_data_too_large_for_the_first_weights_are_to_be_scaled(scale):
    networks = Sequential(Dense(D, 2 * K), rng=0), Sequential(Dense(K, D), rng=1)
    model = VAE(*networks, likelihood="gaussian")
    x = scale * np.random.default_rng(0).standard_normal((60, D))
    with pytest.raises(NonFiniteError, match=r"step 1: .* scale the data") as caught:
        model.fit(x, steps=9, batch_size=30, callbacks=[], rng=0)
    assert "lower learning rate" not in str(caught.value)
