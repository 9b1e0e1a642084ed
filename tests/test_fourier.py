"""Fourier features under a penalty: against torch, through the kernels, in recorded steps."""

import math
from fractions import Fraction

import numpy as np
import pytest
from golden import recorded
from steps_recorded import BATCH, all_recorded, check, compiled, steps_of
from test_second_order import double_backward, random

from npgan import GAN, FourierFeatures, InputError, backend, ops, optim
from npgan.layers import build
from npgan.models.presets import preset

SPECS = ["scale 0.7", "fourier 4 3 0.1 0.9", "dense 28 6", "{}", "dense 6 5", "{}", "dense 5 1"]
FREQUENCIES = np.geomspace(0.1, 0.9, 3)


def specs(activation):
    return [spec.format(activation) for spec in SPECS]


def network(activation):
    return build(specs(activation), rng=3).astype(np.float64)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_the_second_derivative_is_what_torch_computes_with_create_graph(activation):
    net, x, v = network(activation), random(3, 4), random(3, 4, seed=1)
    found = np.append(*double_backward(net, v, x))
    np.testing.assert_allclose(found, recorded("fourier", activation), rtol=0, atol=1e-10)


@pytest.mark.parametrize("choice", backend.BACKENDS)
@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("block", [False, True])
def test_one_way_back_does_for_a_loss_and_a_penalty(activation, block, choice):
    backend.use(choice)
    net, x = network(activation), random(5, 4)
    if block:  # it has parameters below the last chain: both ways are taken apart
        net = build([["dense 4 3", activation, "dense 3 4"], *specs(activation)], rng=0)
        net = net.astype(np.float64)
    dy, c = random(5, 1, seed=1), abs(random(5, 1, seed=2))
    logits, cache = net.forward(x)
    both, apart = net.parameters.like(), net.parameters.like()
    value = net.penalized_backward(dy, c, cache, both)
    net.backward(dy, cache, apart, input_grad=False)
    g, record = net.input_gradient(np.ones_like(logits), cache)
    net.double_backward(c * g, record, cache, apart, input_grad=False)
    assert value == pytest.approx((c * g**2).sum() / 2, rel=1e-13)
    np.testing.assert_allclose(both.flat, apart.flat, rtol=0, atol=1e-12 * abs(apart.flat).max())
    assert net.penalized_backward(dy, c, cache) == value


@pytest.mark.parametrize("choice", backend.BACKENDS)
def test_rows_of_some_waves_but_not_of_all_are_refused(choice):
    backend.use(choice)
    rows = np.ones((2, 10))
    with pytest.raises(InputError, match="a multiple of 7, not 10"):
        backend.run.fourier_backward(rows, rows, FREQUENCIES)


def exact_waves(x, f):
    """Return the sine and the cosine of f x turns, of which whole ones are taken off as fractions."""
    turns = Fraction(x) * Fraction(f)
    rest = 2 * math.pi * float(turns - round(turns))
    return math.sin(rest), math.cos(rest)


@pytest.mark.parametrize("choice", backend.BACKENDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_waves_lose_what_rounding_the_turns_costs_and_are_gone_where_floats_are_half_turns(
    dtype, choice
):
    backend.use(choice)
    eps, f = float(np.finfo(dtype).eps), float(dtype(0.7))
    exponents = np.linspace(-3, 1 - math.log2(eps), 300)
    x = (2.0**exponents * np.random.default_rng(0).choice([-1, 1], 300)).astype(dtype)
    _, s, c = backend.run.fourier_forward(x[:, None], np.array([f])).astype(float).T
    sine, cosine = np.transpose([exact_waves(float(number), f) for number in x])
    turns = abs(f * x.astype(float))
    assert (abs(s - sine) <= math.pi * eps * (turns + 1)).all()
    assert (abs(c - cosine) <= math.pi * eps * (2 * turns + 1)).all()
    gone = turns >= 1 / (2 * eps)
    assert gone.any()
    assert abs(np.concatenate([s[gone], c[gone]])).max() <= 2 * eps


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(0, 2), (1, 1), (7, 3), (3000, 2)])
@pytest.mark.usefixtures("threads")
def test_kernels_are_the_references(shape, dtype):
    kernels = pytest.importorskip("npgan.program.eager").KERNELS
    x = (9 * random(*shape)).astype(dtype)
    y = ops.fourier_forward(x, FREQUENCIES)
    dy = random(*y.shape, seed=1).astype(dtype)
    mine = kernels["fourier_forward"](x, FREQUENCIES)
    back = kernels["fourier_backward"](dy, y, FREQUENCIES)
    assert mine.dtype == back.dtype == dtype
    # the angle, below pi, is rounded thrice, the sine once; then sums of six products and one more
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(mine, y, rtol=0, atol=3 * np.pi * eps)
    slopes = 14 * np.pi * abs(dy).max(initial=0)
    np.testing.assert_allclose(
        back, ops.fourier_backward(dy, y, FREQUENCIES), rtol=0, atol=slopes * eps
    )


def test_a_number_that_is_not_finite_stays_so():
    kernels = pytest.importorskip("npgan.program.eager").KERNELS
    x = np.array([[np.nan], [np.inf], [1.0]], np.float32)
    with np.errstate(invalid="ignore"):
        y = kernels["fourier_forward"](x, FREQUENCIES)
    assert np.isfinite(y).all(axis=1).tolist() == [False, False, True]


def test_a_single_number_and_a_single_frequency_do():
    y = FourierFeatures(1, 1, 0.25, 0.25)(np.ones((1, 1)))
    np.testing.assert_allclose(np.sort(y[0]), [0, 1, 1], rtol=0, atol=1e-12)


@compiled
@pytest.mark.parametrize("name", ["ring", "grid", "grid100"])
def test_presets_with_them_are_recorded(name, threads):
    backend.use("numba")
    step, _, _ = steps_of(preset(name).build(1000), random(3 * BATCH, 2).astype(np.float32))
    losses = [step()["d_loss"] for _ in range(3)]
    assert np.isfinite(losses).all()
    assert all_recorded(step)


@compiled
@pytest.mark.parametrize(
    ("penalties", "dtype"),
    [({}, np.float32), ({}, np.float64), ({"r1": 0.1, "r2": 0.2}, np.float64)],
)
def test_they_and_residual_blocks_are_recorded(penalties, dtype, threads):
    """Without a penalty bit for bit; with one, one product a stage is another sum than two."""
    generator = [["fourier 4 2 0.5 2", "dense 20 9", "relu", "dense 9 4"], "scale 3", ["dense 4 4"]]

    def make():
        networks = [build(layers, rng=0).astype(dtype) for layers in (generator, specs("relu"))]
        for (
            network
        ) in networks:  # a bias of 0 is a corner for a row that all units before it ignore
            network.parameters.flat += 0.1
        rules = {name: optim.SGD(0.01) for name in ("generator", "discriminator")}
        return GAN(*networks, optimizers=rules, penalties=penalties, objective="relativistic")

    data = random(3 * BATCH, 4, seed=1).astype(
        dtype
    )  # no ReLU comes as near to its corner as rounding
    check(make, data, count=6, close=1e-9 if penalties else 0)


def test_all_frequencies_may_be_alike_and_of_one_number():
    (layer,) = build(["fourier 1 3 0.5 0.5"]).layers
    np.testing.assert_allclose(layer.frequencies, 0.5)
