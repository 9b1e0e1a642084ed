"""Steps that cannot be recorded are done one operation at a time, and npgan says why."""

import re

import numpy as np
import pytest
from steps_recorded import BATCH, IN_FLOAT64, WIDTH, check, compiled, gan, rows, several
from test_copies import MAKERS

from npgan import GAN, Autoencoder, Dense, Sequential, backend, optim
from npgan.layers import Layer
from npgan.models import MODELS
from npgan.training import Progress


class InNumPy(Layer):
    """A layer of one's own that looks at its numbers."""

    def forward(self, x, rng=None):
        return np.clip(x, 0, None), x > 0

    def backward(self, dy, cache, grads=None, input_grad=True):
        return dy * cache


class Fading(InNumPy):
    """A layer of one's own that a program could hold, but it is another one at each step."""

    factor = 1.0

    def forward(self, x, rng=None):
        self.factor /= 2
        return self.factor * x, self.factor

    def backward(self, dy, cache, grads=None, input_grad=True):
        return cache * dy


class Decaying(optim.Adam):
    """An optimiser of one's own that does more than its operation."""

    def update(self, w, g, t, lr):
        g += np.float32(0.1) * w
        super().update(w, g, t, lr)


class OwnGAN(GAN):
    """A model of one's own."""


def with_layer(layer):
    """Return an autoencoder with a layer in it."""
    return Autoencoder(
        Sequential(Dense(WIDTH, 9), layer, rng=0), Sequential(Dense(9, WIDTH), rng=1)
    )


def own_gan():
    """Return a model of one's own class."""
    model = gan()
    return OwnGAN(model.generator, model.discriminator)


SINGLE = {
    "a layer in NumPy": lambda: with_layer(InNumPy()),
    "a layer that changes": lambda: with_layer(Fading()),
    "an optimiser of one's own": lambda: gan(rule=lambda: Decaying(1e-2)),
    "a model of one's own": own_gan,
    "mixed types": lambda: gan(dtype=np.float64),
    "an objective with a report in float64": lambda: gan(objective=IN_FLOAT64[0]),
    "unrolled steps": lambda: gan(unrolled_steps=2),
    "the hardest of several": lambda: several(against="hardest"),
}


@compiled
@pytest.mark.parametrize("name", SINGLE)
def test_what_cannot_be_recorded_is_done_one_by_one(name):
    check(SINGLE[name], rows(), recorded=False)


REASONS = {
    "a layer in NumPy": "the encoder's .*InNumPy.* is not npgan's",
    "an optimiser of one's own": "the generator's Decaying is not npgan's",
    "a model of one's own": "npgan does not know the steps of OwnGAN",
    "unrolled steps": "a program has no row for two updates",
}


@compiled
@pytest.mark.parametrize("name", REASONS)
def test_why_steps_are_not_recorded_is_explained_once(name, capsys):
    backend.use("numba")
    SINGLE[name]().fit(rows(), steps=3, batch_size=BATCH, callbacks=[Progress()], rng=0)
    said = re.findall("steps are not recorded, and slower: (.*)", capsys.readouterr().err)
    assert len(said) == 1
    assert re.search(REASONS[name], said[0])


@compiled
def test_nothing_is_said_about_steps_that_are_recorded(capsys):
    backend.use("numba")
    gan().fit(rows(), steps=2, batch_size=BATCH, callbacks=[Progress()], rng=0)
    assert "not recorded" not in capsys.readouterr().err


@pytest.mark.parametrize("name", MODELS)
def test_the_steps_of_all_models_are_recorded(name):
    assert MAKERS[name]().not_recorded() is None
