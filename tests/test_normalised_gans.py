"""GANs with buffers and with layers that compare samples: their steps, their averages, their files."""

import copy
from dataclasses import replace

import naive
import numpy as np
import pytest
from commands import run
from small_networks import for_rows
from test_second_order import random

from npgan import GAN, SGD, Adam, Dense, InputError, LeakyReLU, backend, runs
from npgan.layers import LAYERS, Sequential, build, example
from npgan.models.presets import preset
from npgan.objectives.penalties import gradient_penalty, squared_norm
from npgan.training.steps import Steps

COUPLED = [name for name, kind in LAYERS.items() if kind.couples_samples]
GENERATOR = ["dense 3 8", "batch_norm 8", "leaky_relu 0.2", "spectral_dense 8 4"]


def rng(seed=0):
    return np.random.default_rng(seed)


def judge(name, dtype=np.float32):
    inner = Sequential(Dense(4, 4), *build(for_rows(name), rng=1), LeakyReLU(), rng=2)
    return Sequential(inner, Dense(inner.out_width, 1), rng=3).astype(dtype)


def make_gan(name="batch_norm", dtype=np.float32, rule=lambda: Adam(1e-2), **settings):
    rules = {player: rule() for player in ("generator", "discriminator")}
    generator = build(GENERATOR, rng=0).astype(dtype)
    return GAN(generator, judge(name, dtype), optimizers=rules, **settings)


def batch(n=16, seed=9):
    return rng(seed).standard_normal((n, 4), np.float32)


@pytest.mark.parametrize("name", COUPLED)
def test_real_and_generated_data_are_batches_of_their_own(name):
    gan = make_gan(name, np.float64)
    twin = copy.deepcopy(gan)
    real, grads = random(6, 4, seed=1), gan.discriminator.parameters.like()
    step = gan.discriminator_step(real, rng(), gan.grads)
    noise, net = rng(), twin.discriminator
    fake = twin.generator(twin.latent(6, noise), noise)
    passes = [net.forward(x, noise) for x in (real, fake)]
    loss = twin.objective.discriminator(*(logits for logits, _ in passes), 1.0, 0.0)
    for (_, cache), dy in zip(passes, (loss.dreal, loss.dfake), strict=True):
        net.backward(dy, cache, grads)
    assert step.loss == loss.value
    np.testing.assert_array_equal(gan.grads["discriminator"].flat, grads.flat)
    np.testing.assert_array_equal(gan.discriminator.buffers.flat, net.buffers.flat)


@pytest.mark.parametrize("name", [n for n in COUPLED if n != "batch_norm"])
def test_r1_and_r2_are_penalties_on_each_batch(name):
    gan, plain = (make_gan(name, np.float64, penalties=p) for p in ({"r1": 2.0, "r2": 3.0}, {}))
    for model in (gan, plain):
        model.latent_for = lambda batch, _: random(len(batch), 3)
    real, d = random(6, 4, seed=1), plain.discriminator
    grads = plain.grads["discriminator"]
    step = gan.discriminator_step(real, None, gan.grads)
    loss = plain.discriminator_step(real, None, plain.grads).loss
    for x, coefficient in ((real, 2.0), (plain.generator(random(6, 3)), 3.0)):
        loss += gradient_penalty(d, x, squared_norm, coefficient, grads)
    assert step.loss == pytest.approx(loss, rel=1e-13)
    np.testing.assert_allclose(gan.grads["discriminator"].flat, grads.flat, rtol=0, atol=1e-13)


def test_a_penalty_on_batch_norm_is_refused_when_the_gan_is_made():
    with pytest.raises(
        InputError, match=r"^BatchNorm\(4\) couples the samples .* take layer_norm$"
    ):
        make_gan(penalties={"r1": 1.0})


def test_the_averages_buffers_are_an_average_too():
    gan, seen = make_gan(ema=0.2), []
    for i in range(4):
        gan.train_step(batch(), rng(i))
        seen.append(gan.generator.buffers.flat.astype(float))
    # four steps of three float32 roundings, of numbers of order 1
    expected = naive.ema(seen, 0.2)
    np.testing.assert_allclose(gan.average.buffers.flat, expected, rtol=0, atol=12e-7)
    assert {f"average.{name}" for name in gan.generator.buffers} < gan.weights().keys()


@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_samples_by_running_moments_are_those_of_a_batch(ema):
    gan, noise = make_gan(rule=lambda: SGD(1e-9), ema=ema), rng()
    for _ in range(300):
        gan.train_step(batch(), noise)
    z = gan.latent(2000, rng(1))
    # over z of 2000 rows, whose moments are all z's to 3 %
    assert abs(gan.decode(z) - gan.generator(z, rng())).max() < 0.15


@pytest.mark.parametrize("choice", backend.BACKENDS)
def test_a_state_with_buffers_brings_another_model_to_the_same_future(choice):
    backend.use(choice)
    gan, twin = make_gan(ema=0.9), make_gan(ema=0.9)
    for i in range(5):
        gan.train_step(batch(), rng(i))
    arrays, numbers = copy.deepcopy(gan.state())
    assert {"discriminator.0.1.running_var", "generator.3.u", "average.1.running_mean"} < set(
        arrays
    )
    twin.load_state(arrays, numbers)
    for i in range(5):
        assert gan.train_step(batch(), rng(i)) == twin.train_step(batch(), rng(i))
    for name, array in gan.state()[0].items():
        np.testing.assert_array_equal(array, twin.state()[0][name], err_msg=name)


@pytest.mark.parametrize("name", ["batch_norm", "layer_norm", "minibatch_stddev", "spectral_dense"])
@pytest.mark.parametrize("n_critic", [1, 2])
def test_a_recorded_step_moves_buffers_as_a_single_one_does(name, n_critic):
    specs = [example(name).spec().replace("4 3", "4 4")]
    players = []
    backend.use("numba")
    for _ in range(2):
        critic = Sequential(Dense(4, 4), build(specs, rng=1), LeakyReLU(), rng=2)
        critic = Sequential(critic, Dense(critic.out_width, 1), rng=3)
        players.append(GAN(build(GENERATOR, rng=0), critic, n_critic=n_critic, ema=0.9))

    class Batches:
        data = None

        def next(self):
            return batch()

    attempted, single = players
    noise, step = rng(4), Steps(attempted, Batches(), rng(4))
    for _ in range(20):
        reported = single.train_step(batch(), noise)
        assert step() == {key: float(value) for key, value in reported.items()}
    assert None not in step._programs.values()
    for key, array in single.state()[0].items():
        np.testing.assert_array_equal(array, attempted.state()[0][key], err_msg=key)
    assert step.rng.random() == noise.random()


def test_both_backends_train_alike():
    traces = []
    for choice in backend.BACKENDS:
        backend.use(choice)
        gan, noise = make_gan("batch_norm", np.float64, ema=0.9), rng()
        trace = [gan.train_step(batch().astype(float), noise) for _ in range(20)]
        traces.append((trace, gan.state()[0]))
    (one, weights), (other, others) = traces
    for a, b in zip(one, other, strict=True):
        assert a == pytest.approx(b, rel=1e-9)
    for name, array in weights.items():
        np.testing.assert_allclose(array, others[name], rtol=0, atol=1e-8, err_msg=name)


# --- on disk -------------------------------------------------------------------------------------


def config():
    networks = {
        "generator": ["dense 16 32", "batch_norm 32", "relu", "dense 32 data"],
        "discriminator": [
            *("spectral_dense data 32", "leaky_relu 0.2", "minibatch_stddev"),
            *("batch_norm 33", "spectral_dense 33 1"),
        ],
    }
    rules = preset("gan-small").optimizers  # whose rate does not depend on how long a run is
    chosen = replace(preset("ring"), networks=networks, optimizers=rules, settings={"ema": 0.9})
    return chosen.override(steps=60)


def test_a_resumed_run_with_buffers_is_the_uninterrupted_one_and_is_sampled(
    tmp_path, capsys, undrawn
):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    runs.start(config(), whole)
    runs.start(config().override(steps=23), parts)
    runs.resume(parts, steps=60)
    weights = [(folder / "weights.safetensors").read_bytes() for folder in (whole, parts)]
    assert weights[0] == weights[1]
    model, _ = runs.load(whole)
    assert model.average.buffers["1.running_var"].max() != 1
    (whole / "checkpoint.safetensors").unlink()  # the weights alone hold the buffers, too
    for folder in (whole, parts):
        out = folder / "samples.npy"
        assert run(capsys, "sample", folder, "-n", 9, "--out", out)[0] == 0
    np.testing.assert_array_equal(np.load(whole / "samples.npy"), np.load(parts / "samples.npy"))
    np.testing.assert_array_equal(np.load(whole / "samples.npy"), model.sample(9, rng=0))


def test_the_data_gives_its_width_to_a_spectral_layer_as_well():
    from npgan.data import Dataset

    fitted = config().for_data(Dataset("d", np.zeros((9, 5), np.float32)))
    assert fitted.networks["discriminator"][0] == "spectral_dense 5 32"
    assert fitted.networks["discriminator"][-1] == "spectral_dense 33 1"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("spectral_dense 100000 100000", "has 10,000,100,000 weights; at most"),
        ("layer_norm 1000000000", "has 2,000,000,000 weights; at most"),
        ("minibatch_discrimination 10000 100 1000", "weights; at most"),
        (
            "batch_norm wide",
            "the network generator: the width of batch_norm must be a whole number, at least 1, not 'wide'",
        ),
        ("spectral_dense 3", "it must be 'spectral_dense in_features out_features \\[init\\]'"),
    ],
)
def test_a_network_that_no_memory_holds_is_refused_before_it_is_built(spec, message):
    networks = {**config().networks, "generator": [spec]}
    with pytest.raises(InputError, match=message):
        replace(config(), networks=networks).check()
