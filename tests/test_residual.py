"""Residual blocks with a shortcut: both ways, their words, names, copies and files; of rows and of images."""

import copy

import numpy as np
import pytest
from small_networks import batch, one_pass
from steps_recorded import check, compiled, rows
from test_second_order import random

from npgan import GAN, BatchNorm, Conv2D, Dense, InputError, Residual, Sequential, Tanh, backend
from npgan.layers import build, count_weights, words
from npgan.models import load
from npgan.models.recorded import why_not
from npgan.models.refit import for_images, in_numbers

ROWS = {"residual": ["dense 4 5", "tanh", "dense 5 3"], "shortcut": ["dense 4 3", "tanh"]}
IMAGES = {
    "residual": ["conv2d 2 4 3 2 1", "elu 1.0", "conv2d 4 5 3 1 1"],
    "shortcut": ["conv2d 2 5 1 2", "softplus"],
}
BLOCKS = {"rows": (ROWS, (4,), (3,)), "images": (IMAGES, (6, 4, 2), (3, 2, 5))}


@pytest.mark.parametrize("kind", BLOCKS)
def test_a_block_with_a_shortcut_adds_both_ways(kind):
    specs, shape, made = BLOCKS[kind]
    block = build([specs], rng=0).astype(np.float64).layers[0]
    inside = Sequential(*block.layers).astype(np.float64)
    past = Sequential(*block.shortcut.layers).astype(np.float64)
    x, dy = random(3, *shape), random(3, *made, seed=1)
    np.testing.assert_allclose(block(x), inside(x) + past(x), rtol=0, atol=1e-14)
    assert block.out_shape(shape) == made
    dx, grads = one_pass(block, x, dy, 0)
    ways = [one_pass(way, x, dy, 0) for way in (inside, past)]
    np.testing.assert_allclose(dx, sum(way[0] for way in ways), rtol=0, atol=1e-13)
    np.testing.assert_allclose(grads, np.concatenate([g for _, g in ways]), rtol=0, atol=1e-13)


@pytest.mark.parametrize("choice", backend.BACKENDS)
@pytest.mark.parametrize("kind", BLOCKS)
def test_a_second_derivative_takes_both_ways(kind, choice):
    """The gradient of v . dy/dx is the difference of gradients along v, to rounding^(2/3)."""
    backend.use(choice)
    specs, shape, _ = BLOCKS[kind]
    net = build([specs, "tanh"], rng=0).astype(np.float64)
    x, v, e = random(3, *shape), random(3, *shape, seed=1), 1e-5

    def gradient(x):
        y, cache = net.forward(x)
        grads = net.parameters.like()
        return net.backward(np.ones_like(y), cache, grads), grads.flat

    y, cache = net.forward(x)
    _, record = net.input_gradient(np.ones_like(y), cache)
    grads = net.parameters.like()
    _, dx = net.double_backward(v, record, cache, grads)
    both = zip(gradient(x + e * v), gradient(x - e * v), (dx, grads.flat), strict=True)
    for high, low, mine in both:
        expected = (high - low) / (2 * e)
        np.testing.assert_allclose(mine, expected, rtol=0, atol=1e-8 * (1 + abs(expected).max()))


@pytest.mark.parametrize("kind", BLOCKS)
def test_its_words_build_it_again_and_its_weights_have_names(kind):
    specs, _, _ = BLOCKS[kind]
    net = build([specs, "tanh"], rng=0)
    assert words(net) == [specs, "tanh"]
    assert count_weights([specs]) == net.parameters.flat.size
    inner, past = len(specs["residual"]), specs["shortcut"]
    assert list(net.parameters)[-2:] == ["0.shortcut.0.weight", "0.shortcut.0.bias"]
    assert next(iter(net.parameters)) == "0.0.weight"
    assert len(net.layers[0].layers) == inner
    assert len(net.layers[0].shortcut.layers) == len(past)
    twin = build(words(net), rng=0)
    np.testing.assert_array_equal(twin.parameters.flat, net.parameters.flat)


def test_without_layers_a_shortcut_is_the_input_itself_and_the_words_are_a_list():
    net = build([{"residual": ["dense 3 3"], "shortcut": []}, ["dense 3 3"]], rng=0)
    assert words(net) == [["dense 3 3"], ["dense 3 3"]]
    assert repr(net) == "Sequential(Residual(Dense(3, 3)), Residual(Dense(3, 3)))"


def test_blocks_lie_in_blocks():
    specs = [{"residual": [ROWS, "dense 3 2"], "shortcut": [["dense 4 4"], "dense 4 2"]}]
    net = build(specs, rng=0)
    assert words(net) == specs
    assert net(batch(0)).shape == (5, 2)
    assert "0.shortcut.0.0.weight" in net.parameters


def test_a_copy_has_weights_of_its_own_on_both_ways():
    block = Residual(Dense(4, 3), shortcut=[Dense(4, 3), BatchNorm(3)], rng=0)
    twin, before = copy.deepcopy(block), block(batch(0))
    twin.parameters["shortcut.0.weight"][...] += 1
    assert np.array_equal(block(batch(0)), before)
    assert abs(twin(batch(0)) - before).max() > 0.1
    assert np.may_share_memory(twin.shortcut.layers[0].parameters["weight"], twin.parameters.flat)
    assert next(iter(block.buffers)) == "shortcut.1.running_mean"
    assert block.couples_samples
    assert not Residual(Dense(3, 3), shortcut=[Dense(3, 3)]).couples_samples


def test_given_layers_are_copied():
    dense = Dense(4, 3, rng=0)
    block = Residual(Dense(4, 3), shortcut=[dense])
    np.testing.assert_array_equal(block.parameters["shortcut.0.weight"], dense.parameters["weight"])
    block.parameters.flat[:] = 0
    assert dense.parameters["weight"].any()


def test_its_summary_has_a_line_for_each_layer_of_both_ways():
    lines = Residual(Dense(4, 3), Tanh(), shortcut=[Dense(4, 3)]).summary().splitlines()
    assert [line.split("  ")[0] for line in lines] == [
        "layer", "Dense(4, 3)", "Tanh()", "shortcut: Dense(4, 3)", "total",
    ]  # fmt: skip
    assert lines[-1].split()[-1] == "30"
    (line,) = [s for s in build([ROWS, "tanh"]).summary().splitlines() if "Residual" in s]
    assert "shortcut=[Dense(4, 3), Tanh()])  (n, 3)" in line
    assert line.endswith("58")


def test_either_way_fixes_the_shape_of_the_input():
    assert Residual(Tanh(), shortcut=[Dense(4, 4)]).in_shape() == (4,)
    assert Residual(Dense(4, 4), shortcut=[Tanh()]).in_shape() == (4,)
    assert Residual(Conv2D(2, 2, 1), shortcut=[Tanh()]).in_shape() is None


def test_a_seed_draws_the_weights_of_both_ways():
    ways = Dense(2, 2, rng=1), Dense(2, 2, rng=2)
    block, same = (Residual(ways[0], shortcut=[ways[1]], rng=3) for _ in range(2))
    np.testing.assert_array_equal(block.parameters.flat, same.parameters.flat)
    for way, layer in zip(ways, (block.layers[0], block.shortcut.layers[0]), strict=True):
        assert (layer.parameters["weight"] != way.parameters["weight"]).all()


def gan(words):
    return GAN(build(["dense 2 48", "tanh", "reshape 6 4 2", *words], rng=0), build(
        ["dense 30 4", ROWS, "tanh", "dense 3 1"], rng=1))  # fmt: skip


def test_a_model_with_shortcuts_is_saved_and_loaded(tmp_path):
    model = gan([IMAGES, "flatten"])
    model.save(tmp_path / "gan.safetensors")
    twin = load(tmp_path / "gan.safetensors")
    np.testing.assert_array_equal(twin.sample(5, rng=0), model.sample(5, rng=0))
    assert words(twin.generator) == words(model.generator)


class Own(Tanh):
    """A layer that no program has."""


def test_a_recorded_step_looks_into_both_ways():
    assert why_not(gan([IMAGES, "flatten"])) is None
    net = Sequential(Residual(Dense(2, 2), shortcut=[Own()]), rng=0)
    assert "Own" in str(why_not(GAN(net, build(["dense 2 1"], rng=0))))


@compiled
def test_steps_with_shortcuts_and_normalised_images_are_recorded(threads):
    both = ["dense 4 48", "reshape 6 4 2", "batch_norm 2", IMAGES, "group_norm 5 5", "pixel_norm"]
    generator = [*both, "flatten", "dense 30 4"]
    discriminator = [*both, "spectral_conv2d 5 2 2", "minibatch_stddev", "flatten", "dense 6 1"]

    def make():
        return GAN(build(generator, rng=0), build(discriminator, rng=1))

    check(make, rows(4), count=4)


def test_sizes_are_named_in_both_ways_and_corrupting_layers_stay():
    block = {"residual": ["dense data 8"], "shortcut": ["dense data latent+5"]}
    assert in_numbers([block], {"data": 4, "latent": 3}) == [
        {"residual": ["dense 4 8"], "shortcut": ["dense 4 8"]}
    ]
    assert for_images(["random_block 14", block], (12, 12)) == ["random_block 6", block]
    assert for_images(["random_block 14", block], (12, 10)) == [block]


REFUSED = {
    "rows": (
        lambda: build([{"residual": ["dense 2 3"], "shortcut": ["dense 2 4"]}]),
        "its layers make 3, its shortcut makes 4$",
    ),
    "images": (
        lambda: build(["reshape 6 6 2", {**IMAGES, "shortcut": ["conv2d 2 5 1"]}]),
        "its layers make 3 x 3 x 5, its shortcut makes 6 x 6 x 5$",
    ),
    "images whose size is not known before": (
        lambda: build([{**IMAGES, "shortcut": ["conv2d 2 5 1"]}])(np.ones((1, 6, 6, 2))),
        "its layers make 3 x 3 x 5, its shortcut makes 6 x 6 x 5$",
    ),
    "images without a shortcut": (
        lambda: build([IMAGES["residual"]])(np.ones((1, 6, 6, 2))),
        "its layers make 3 x 3 x 5, its input, without a shortcut, is 6 x 6 x 2$",
    ),
    "a shortcut for another width": (
        lambda: build(["dense 2 4", {**ROWS, "shortcut": ["dense 3 3"]}]),
        r"Dense\(3, 3\) follows a layer 4 wide",
    ),
    "no layers": (lambda: build([{"residual": [], "shortcut": ["relu"]}]), "at least one layer"),
    "another table": (lambda: build([{"residual": ["relu"]}]), "^a table of layers has"),
    "another table's weights": (lambda: count_weights([{"shortcut": []}]), "^layers are a list"),
    "no layer": (lambda: Residual(Tanh(), shortcut=["relu"]), "a network's layer must be"),
    "another cache": (
        lambda: build([ROWS]).layers[0].backward(np.ones((1, 3)), []),
        "the cache is of another layer",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused(case):
    make, message = REFUSED[case]
    with pytest.raises(InputError, match=message):
        make()
