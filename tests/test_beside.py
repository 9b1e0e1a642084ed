"""Layers of a part of each row: what they are given, what passes by, their words, and conditional GANs of images."""

import copy

import numpy as np
import pytest
from small_networks import one_pass
from steps_recorded import check, compiled
from test_second_order import random

from npgan import (
    Beside,
    ConditionalGAN,
    Conv2D,
    Dense,
    Flatten,
    InputError,
    Reshape,
    Sequential,
    Tanh,
)
from npgan.data import Dataset
from npgan.layers import build, count_weights, words
from npgan.models import load
from npgan.models.recorded import why_not
from npgan.models.refit import in_numbers, named

SPECS = {
    "sequential": ["reshape 4 3 1", "conv2d 1 2 3 1 1", "elu 1.0", "flatten", "dense 24 5"],
    "beside": 2,
}


def test_the_last_columns_pass_by_and_so_do_their_gradients():
    net = build([SPECS], rng=0).astype(np.float64)
    inner = Sequential(*net.layers[0].layers).astype(np.float64)
    x, dy = random(3, 14), random(3, 7, seed=1)
    np.testing.assert_array_equal(net(x), np.concatenate([inner(x[:, :12]), x[:, 12:]], axis=1))
    dx, grads = one_pass(net, x, dy, 0)
    inner_dx, inner_grads = one_pass(inner, x[:, :12], dy[:, :5], 0)
    np.testing.assert_array_equal(dx, np.concatenate([inner_dx, dy[:, 5:]], axis=1))
    np.testing.assert_array_equal(grads, inner_grads)
    assert net.out_width == 7
    assert net.in_width == 14
    assert build([{"sequential": ["relu"], "beside": 2}]).in_shape((7,)) == (7,)


def test_its_words_build_it_again():
    net = build([SPECS, "dense 7 1"], rng=0)
    assert words(net) == [SPECS, "dense 7 1"]
    assert count_weights(words(net)) == net.parameters.flat.size
    twin = build(words(net), rng=0)
    np.testing.assert_array_equal(twin.parameters.flat, net.parameters.flat)
    assert repr(build([{"sequential": ["relu"], "beside": "2"}]).layers[0]) == (
        "Beside(ReLU(), columns=2)"
    )


def test_sizes_are_named_inside_and_beside():
    specs = [{"sequential": ["dense data 8"], "beside": "classes"}]
    assert in_numbers(specs, {"data": 4, "classes": 3}) == [
        {"sequential": ["dense 4 8"], "beside": "3"}
    ]
    assert named(specs) == {"data", "classes"}


def test_the_columns_count_for_the_shape_of_the_input_also_where_no_layer_fixes_it():
    assert Beside(Tanh(), columns=2).in_shape() is None
    assert Beside(Tanh(), columns=2).in_shape((5,)) == (5,)
    assert Sequential(Beside(Tanh(), columns=2), Dense(5, 1)).in_width == 5


def test_a_copy_has_weights_of_its_own():
    net = build([SPECS], rng=0)
    twin, before = copy.deepcopy(net), net(random(2, 14))
    twin.parameters.flat[:] = 1
    np.testing.assert_array_equal(net(random(2, 14)), before)


def test_pixels_that_no_window_sees_are_said():
    layers = Reshape(4, 4, 1), Conv2D(1, 2, 3, 2), Flatten()
    assert len(Sequential(Beside(*layers, columns=2), Tanh()).remarks()) == 1


def gan():
    generator = build(["dense 5 12", "sigmoid"], rng=0)
    discriminator = build([SPECS, "dense 7 4", "leaky_relu", "dense 4 1"], rng=1)
    penalties = {"r1": 0.3, "r2": 0.2}
    return ConditionalGAN(generator, discriminator, classes=2, penalties=penalties)


def labelled():
    x = np.random.default_rng(3).random((200, 12)).astype(np.float32)
    return Dataset("d", x, train_labels=np.arange(200) % 2)


@compiled
def test_the_step_of_a_conditional_gan_of_images_is_recorded(threads):
    data = labelled()
    rows = np.concatenate([data.train, np.eye(2, dtype=np.float32)[data.train_labels]], axis=1)
    assert why_not(gan()) is None
    check(gan, rows, count=4, close=1e-5)


def test_such_a_gan_is_saved_and_loaded(tmp_path):
    model = gan()
    model.fit(labelled(), steps=2, batch_size=8, rng=0, callbacks=[])
    model.save(tmp_path / "gan.safetensors")
    twin = load(tmp_path / "gan.safetensors")
    np.testing.assert_array_equal(twin.sample(5, rng=0, label=1), model.sample(5, rng=0, label=1))
    assert words(twin.discriminator) == words(model.discriminator)


REFUSED = {
    "images": (lambda: Beside(Tanh(), columns=2).out_shape((4, 4, 1)), "takes rows of more than 2"),
    "too few columns": (lambda: Beside(Tanh(), columns=2).out_shape((2,)), "numbers, not 2$"),
    "no columns": (lambda: Beside(Tanh(), columns=0), "columns must be"),
    "columns in words": (
        lambda: build([{"sequential": ["relu"], "beside": "two"}]),
        "columns must be a whole number",
    ),
    "images made": (
        lambda: build([{"sequential": ["reshape 2 2 1"], "beside": 1}]),
        "must make rows",
    ),
    "a width that does not follow": (
        lambda: build([{"sequential": ["dense 3 2"], "beside": 1}, "dense 2 1"]),
        "follows a layer 3 wide",
    ),
    "a table of another kind": (lambda: build([{"beside": 2}]), "a table of layers has"),
    "images at work": (
        lambda: Beside(Dense(2, 2), columns=1)(np.ones((1, 2, 2, 1))),
        r"takes x \(n, d\)",
    ),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_does_not_fit_is_refused(why):
    function, message = REFUSED[why]
    with pytest.raises(InputError, match=message):
        function()
