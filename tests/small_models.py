"""Small models that the tests of models share, and random data for them."""

import numpy as np

from npgan import (
    GAN,
    VAEGAN,
    Adam,
    Autoencoder,
    Dense,
    Dropout,
    LeakyReLU,
    ReLU,
    Sequential,
    Sigmoid,
)

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
