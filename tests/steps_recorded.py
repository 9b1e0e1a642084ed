"""Models whose steps are recorded, and the comparison with single operations."""

import numpy as np
import pytest
from test_players import bits

from npgan import GAN, Autoencoder, Dense, Dropout, MultiGAN, ReLU, Sequential, Tanh, backend, optim
from npgan.layers import build
from npgan.training.steps import Steps

pytest.importorskip("npgan.kernels")
from npgan.kernels import jit

compiled = pytest.mark.skipif(jit.interpreted, reason="takes long in Python")
WIDTH, HIDDEN, BATCH = 30, 64, 64  # products that are worth a second thread


def rows(width=WIDTH, dtype=np.float32, n=3 * BATCH + 5):
    """Return data: floats in (0, 1), or bytes."""
    data = np.random.default_rng(2).uniform(0.05, 0.95, (n, width))
    return (data * 255).astype(np.uint8) if dtype == np.uint8 else data.astype(dtype)


def generator(features=WIDTH):
    """Return a small generator's layers."""
    return [f"dense 20 {HIDDEN}", "elu", f"dense {HIDDEN} {features}", "sigmoid"]


def critic(features=WIDTH):
    """Return a small discriminator's layers."""
    return [f"dense {features} {HIDDEN}", "leaky_relu 0.1", f"dense {HIDDEN} 1"]


def gan(*, dtype=np.float32, dropout=0.0, rule=lambda: optim.Adam(1e-3), packing=1, **settings):
    """Return a small GAN."""
    noise = [f"dropout {dropout}"] if dropout else []
    dense, activation, last = critic(packing * WIDTH)
    layers = generator(), [*noise, dense, activation, *noise, last]
    networks = (build(specs, rng=i).astype(dtype) for i, specs in enumerate(layers))
    rules = {name: rule() for name in ("generator", "discriminator")}
    return GAN(*networks, optimizers=rules, packing=packing, **settings)


def autoencoder(loss="mse", dtype=np.float32, width=WIDTH, last="softplus", first=(), **settings):
    """Return a small autoencoder; its encoder may have layers of the same width first."""
    encoder = build([*first, f"dense {width} 9", last], rng=0).astype(dtype)
    decoder = build([f"dense 9 {width}", "sigmoid"], rng=1).astype(dtype)
    return Autoencoder(encoder, decoder, loss=loss, **settings)


def nested():
    """Return a GAN with networks in its networks."""
    inner = Sequential(Dense(HIDDEN, HIDDEN), Tanh(), Dropout(0.1))
    return GAN(
        Sequential(Dense(4, HIDDEN), Tanh(), inner, Dense(HIDDEN, WIDTH), rng=0),
        Sequential(Dense(WIDTH, HIDDEN), ReLU(), inner, Dense(HIDDEN, 1), rng=1),
    )


def steps_of(model, data, batch_size=BATCH):
    """Return a model's steps, and a function that makes them without a program."""
    streams = [np.random.default_rng(seed) for seed in (3, 4)]
    batches = model.batches(data, batch_size, streams[0])

    def single():
        reported = model.train_step(batches.next(), streams[1])
        return {name: float(value) for name, value in reported.items()}

    return Steps(model, batches, streams[1]), single, streams


def all_recorded(step):
    """Return whether every kind of step that was made is a program."""
    made = [program for pattern, program in step._programs.items() if pattern is not None]
    return bool(made) and None not in made


def check(make, data, *, batch_size=BATCH, count=10, recorded=True, close=0):
    """Compare recorded steps with single ones: what they report, weights, moments, randomness."""
    backend.use("numba")
    mine, theirs = make(), make()
    step, _, streams = steps_of(mine, data, batch_size)
    _, single, others = steps_of(theirs, data, batch_size)
    for _ in range(count):
        assert step() == pytest.approx(single(), rel=close, abs=0)
    if close:
        for name, array in theirs.state()[0].items():
            np.testing.assert_allclose(mine.state()[0][name], array, rtol=0, atol=close)
    else:
        assert bits(mine) == bits(theirs)
    assert [rng.random() for rng in streams] == [rng.random() for rng in others]
    assert all_recorded(step) == recorded


def several(generators=3, discriminators=2, **settings):
    """Return a small GAN of several players."""
    kinds = (("generator", generator(), generators), ("discriminator", critic(), discriminators))
    layers = {f"{role}{i or ''}": specs for role, specs, n in kinds for i in (0, *range(2, n + 1))}
    players = {name: build(specs, rng=[i]) for i, (name, specs) in enumerate(layers.items())}
    return MultiGAN(players, **settings)


IN_FLOAT64 = ("relativistic-average",)  # its report
