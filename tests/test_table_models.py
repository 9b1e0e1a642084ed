"""What models of tables do with rows, by exact values."""

from types import SimpleNamespace

import numpy as np

from npgan import Dense, GumbelSoftmax, Sequential, TableGAN, TableVAE
from npgan.backend import run
from npgan.models import table_vae


def test_the_rows_of_a_vae_are_drawn_at_a_temperature_of_1(monkeypatch):
    given = []

    def softmax(*arguments):
        given.append(arguments[1:2] + arguments[3:])
        return run.gumbel_softmax_forward(*arguments)

    seen = SimpleNamespace(gumbel_softmax_forward=softmax, standard_normal=run.standard_normal)
    monkeypatch.setattr(table_vae, "run", seen)
    vae = TableVAE(Sequential(Dense(3, 4), rng=0), Sequential(Dense(2, 4), rng=1), widths=[1, 2])
    vae.sample(5, rng=0)
    vae.decode(np.zeros((2, 2), np.float32))
    assert given == [(None, 1.0)] * 2


def test_a_condition_weighs_three_beside_the_numbers_of_a_row():
    gan = TableGAN(
        Sequential(Dense(4 + 3, 3), GumbelSoftmax("1,2"), rng=0),
        Sequential(Dense(3 + 3, 1), rng=1),
        widths=[1, 2],
    )
    (network,) = gan.discriminators.values()
    weight, bias = (network.parameters[f"0.{name}"] for name in ("weight", "bias"))
    rows = np.array([[0.5, 1.0, 0.0]], np.float32)[:, :2]
    logits = gan.logits(gan.rows(rows), np.random.default_rng(0))[0][0]
    any_row = weight[3]  # the first condition
    expected = 0.5 * weight[0] + weight[2] + 3 * any_row + bias
    np.testing.assert_allclose(logits[0], expected, rtol=1e-5, atol=1e-6)
