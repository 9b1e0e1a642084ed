"""Configurations that nobody means well by: refused in a short line, or what is built of them works."""

import copy
import datetime
import math
import time
from dataclasses import FrozenInstanceError, replace
from functools import partial
from itertools import islice

import numpy as np
import pytest
from damage import leaves

from npgan import InputError
from npgan.data import Dataset
from npgan.models.config import Config
from npgan.models.presets import PRESETS, preset
from npgan.models.refit import corruptions, for_images, in_numbers


def nested(depth, inner):
    for _ in range(depth):
        inner = [inner]
    return inner


VALUES = (
    True, 0, -1, 10**400, 0.0, -1.5, float("nan"), float("inf"), 1e308, "", "x", "9" * 5000, "a\0b", "dense 2 2",
    [], [[]], [1], ["x"], {}, {"x": 1}, {"name": "adam"}, {"sequential": []}, {"start": 1}, [{}],
    datetime.date(2026, 1, 1), ["dense 2 2"] * 3, ["relu"] * 100_000, nested(190, "relu"), nested(5000, "relu"),
)  # fmt: skip
WORDS = (
    "dense", "dense 2", "dense 2 2 2 2 2 2", "dense 2 999999999999", "dense 99999 99999", f"dense 2 {'9' * 5000}",
    "dense ٣ 2", "dense 2.0 2", "dense -2 2", "dense 2 2 nothing", "leaky_relu -1", "leaky_relu nan",
    "leaky_relu 1e999", "dropout 1", "dropout -1", "fourier 2 99999999 1 1", "fourier 2 8 nan inf",
    "minibatch_discrimination 2 999999 999999", "random_block 999999999", "pixelate 0", "gaussian_noise inf",
    "layer_norm 9999999999", "scale nan", "spectral_dense 2 999999999", "sequential", "residual", "__class__",
    "relu\x1b[31m", "relu " * 3000,
)  # fmt: skip


def weights(name):
    return sum(PRESETS[name].weights().values())


KINDS = list({PRESETS[n].model: n for n in sorted(PRESETS, key=weights, reverse=True)}.values())


def changed(table, path, value):
    table = inner = copy.deepcopy(table)
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value  # no copy: it may be too deep for one
    return table


def check(table):
    """Build a model, or see it refused in a short line, soon."""
    start = time.monotonic()
    try:
        Config.from_dict(table).build(100)
    except InputError as error:
        assert len(str(error)) < 1400, error
        assert str(error).isprintable(), error
    assert time.monotonic() - start < 10, "it took for ever"


SETTINGS = "updates", "penalties", "networks", "optimizers", "generator", "self", "ema", "x\n"
RULES = "lr", "beta1", "schedule", "decay", "name", "warm_up", "eps", "weight_decay", "x"


def values(table):
    """Yield configurations of which any value is anything."""
    for path in leaves(table):
        for value in VALUES:
            yield partial(changed, table, path, value)


def layers(table):
    """Yield configurations of which a layer is any words."""
    for network, specs in table["networks"].items():
        for i, words in enumerate(WORDS):
            yield partial(changed, table, ("networks", network, i % len(specs)), words)


def settings(table):
    """Yield configurations with a setting more, of the model or of an optimiser."""
    network, rule = next(iter(table["optimizers"].items()))
    for value in VALUES:
        for key in SETTINGS:
            yield partial(changed, table, ("settings",), {**table.get("settings", {}), key: value})
        for key in RULES:
            yield partial(changed, table, ("optimizers", network), {**rule, key: value})


def check_some(name, ways, every):
    """Check every so many of a kind's configurations, others of each kind."""
    for change in islice(ways(PRESETS[name].to_dict()), KINDS.index(name) % every, None, every):
        check(change())


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(("ways", "every"), [(values, 71), (layers, 13), (settings, 71)])
def test_a_hostile_configuration_is_refused_or_works(name, ways, every):
    check_some(name, ways, every)


@pytest.mark.slow
@pytest.mark.campaign
@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("ways", [values, layers, settings])
def test_every_hostile_configuration_is_refused_or_works(name, ways):
    check_some(name, ways, 1)


@pytest.mark.parametrize("lengths", [{"epochs": None, "steps": None}, {"epochs": 1, "steps": 1}])
def test_a_configuration_has_either_epochs_or_steps(lengths):
    with pytest.raises(InputError, match="either epochs or steps"):
        replace(PRESETS["ring"], **lengths).check()


@pytest.mark.parametrize(("text", "fits"), [("x" * 4096, True), ("x" * 4097, False), ("\0", False)])
def test_texts_are_short_and_without_a_character_0(text, fits):
    table = PRESETS["ring"].to_dict() | {"data": text}
    if fits:
        assert Config.from_dict(table).data == text
    else:
        with pytest.raises(InputError, match="more than 4096 letters, or with a NUL"):
            Config.from_dict(table)


RING = PRESETS["ring"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": 1}, None),
        ({"steps": 0}, "steps must be at least 1, not 0"),
        ({"steps": None, "epochs": 1}, None),
        ({"steps": None, "epochs": 0}, "epochs must be at least 1, not 0"),
        ({"batch_size": 1}, None),
        ({"batch_size": 0}, "batch_size must be at least 1, not 0"),
        ({"metrics_every": 1}, None),
        ({"metrics_every": 0}, "the number of epochs between measures must be"),
        ({"validation": 0.0}, None),
        ({"validation": 1.0}, r"validation must be a number in \[0, 1\)"),
        ({"labels": [3]}, None),
        ({"labels": []}, "labels must be whole numbers"),
        ({"labels": [0.5]}, "labels must be whole numbers"),
        ({"labels": ["cat", "dog"]}, None),
        ({"labels": ["cat", 1]}, "labels must be whole numbers or text"),
        ({"labels": ["cat", ""]}, "labels must be .* text of 1 to 255 characters"),
        ({"labels": ["\ud800"]}, "labels must be .* text of 1 to 255 characters"),
        ({"size": [32, 48], "fit": "pad"}, None),
        ({"size": [32]}, "a size is 32 or 32x48"),
        ({"size": [0, 1]}, "a side of a size must be a whole number, at least 1 and at most 4096"),
        ({"size": [1, 4097]}, "a side of a size must be"),
        ({"fit": "squash"}, "unknown fit 'squash'"),
        ({"seed": 0}, None),
        ({"seed": -1}, "the seed must not be negative, as -1 is"),
        ({"shape": [2]}, None),
        ({"shape": [2, 1, 1]}, None),
        ({"shape": [2, 1]}, r"shape must be \[features\] or"),
        ({"shape": [0]}, r"shape must be \[features\] or"),
        ({"shape": [2.0]}, r"shape must be \[features\] or"),
        ({"shape": [1, 1, 1]}, "rows of 2 numbers, but the data's shape"),
        ({"image_range": [0, 0]}, None),
        ({"image_range": [0, 1.5]}, None),
        ({"image_range": [1, 0]}, "image_range must be a least and a largest value"),
        ({"image_range": [0, 1, 2]}, "image_range must be"),
        ({"image_range": ["0", "1"]}, "image_range must be"),
        ({"image_range": [0, float("inf")]}, "image_range must be"),
        ({"image_range": [-float("inf"), 0]}, "image_range must be"),
    ],
)
def test_a_number_of_a_configuration_has_its_limits(changes, message):
    config = replace(RING.in_numbers(), **changes)
    if message is None:
        assert config.build(1000).features == 2
    else:
        with pytest.raises(InputError, match=message):
            config.build(1000)


@pytest.mark.parametrize(
    ("value", "sound"), [(2**63 - 1, True), (2**63, False), (1 - 2**63, True), (-(2**63), False)]
)
def test_a_whole_number_of_a_configuration_has_64_bits(value, sound):
    table = {**RING.to_dict(), "steps": value}
    if sound:
        assert Config.from_dict(table).steps == value
    else:
        with pytest.raises(InputError, match="a whole number of more than 64 bits"):
            Config.from_dict(table)


@pytest.mark.parametrize("settings", [{}, {"n_critic": 1}, {"n_critic": 5}, {"n_critic": 200}])
@pytest.mark.parametrize("total", [1, 100])
def test_schedules_are_as_long_as_the_updates_of_their_network(settings, total):
    rule = {"name": "sgd", "lr": 1.0, "schedule": "linear"}
    names = "generator", "discriminator"
    config = replace(RING, steps=total, optimizers=dict.fromkeys(names, rule), settings=settings)
    rules, _ = config.rules(1000)
    updates = max(1, total // settings.get("n_critic", 1))
    assert [rules[name].lr.steps for name in names] == [updates, total]


@pytest.mark.parametrize(
    ("specs", "sizes", "numbers"),
    [
        ("dense data latent", {"data": 4, "latent": 2}, "dense 4 2"),
        ("dense 2*data+3 latent*data", {"data": 4, "latent": 2}, "dense 11 8"),
        ("dense 3 2", {}, "dense 3 2"),
        ("relu", {"data": 4}, "relu"),
        (["dense data 1", {"residual": ["dense data data"]}], {"data": 4}, [
            "dense 4 1", {"residual": ["dense 4 4"]},
        ]),
        (5, {"data": 4}, 5),
    ],
)  # fmt: skip
def test_sizes_become_numbers_wherever_they_stand(specs, sizes, numbers):
    assert in_numbers(specs, sizes) == numbers


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("dense data+latent 2", "does not say how large latent is"),
        ("dense data+x 2", "a layer's size must be a number, not 'x'"),
        ("dense data+ 2", "a layer's size must be a number"),
    ],
)
def test_a_size_that_cannot_be_computed_is_named(spec, message):
    with pytest.raises(InputError, match=message):
        in_numbers(spec, {"data": 4})


@pytest.mark.parametrize(
    ("specs", "shape", "fitted"),
    [
        (["random_block 4", "dense 3 4"], (5, 5), ["random_block 4", "dense 3 4"]),
        (["random_block 4", "dense 3 4"], (4, 4), ["random_block 2", "dense 3 4"]),
        (["random_block 4", "dense 3 4"], (1, 1), ["random_block 1", "dense 3 4"]),
        (["random_block 4", "dense 3 4"], (5, 4), ["dense 3 4"]),
        (["random_block 4", "dense 3 4"], None, ["dense 3 4"]),
        (["pixelate 2", "dense 3 4"], (4, 4), ["pixelate 2", "dense 3 4"]),
        (["pixelate 2", "dense 3 4"], (4, 5), ["dense 3 4"]),
        (
            ["reshape 4 4 1", "random_block 9", "flatten", "random_block 9"],
            (4, 4),
            ["reshape 4 4 1", "random_block 9", "flatten", "random_block 2"],
        ),
        (["dropout 0.5", "dense 3 4", ["relu"]], (4, 5), ["dropout 0.5", "dense 3 4", ["relu"]]),
    ],
)
def test_what_corrupts_images_fits_them_or_is_left_out(specs, shape, fitted):
    assert for_images(specs, shape) == fitted
    assert corruptions(specs) == [
        s for s in specs if str(s).split()[0] in ("random_block", "pixelate")
    ]


@pytest.mark.parametrize(
    ("rows", "steps", "epochs", "total"),
    [(1000, 7, None, 7), (1000, None, 3, 9), (256, None, 2, 2), (1000, None, None, 3)],
)
def test_a_run_has_so_many_steps(rows, steps, epochs, total):
    config = replace(RING, steps=steps, epochs=epochs, batch_size=256)
    assert config.total_steps(rows) == total


def test_a_configuration_does_not_change():
    with pytest.raises(FrozenInstanceError):
        RING.steps = 3


def test_what_is_overridden_leaves_the_rest_and_one_length():
    config = RING.override(lr=0.5, seed=3, epochs=2, data=None)
    assert (config.seed, config.epochs, config.steps, config.data) == (3, 2, None, RING.data)
    assert [rule["lr"] for rule in config.optimizers.values()] == [0.5, 0.5]
    assert [{**rule, "lr": 0} for rule in config.optimizers.values()] == [
        {**rule, "lr": 0} for rule in RING.optimizers.values()
    ]
    assert config.override(steps=4) == replace(config, epochs=None, steps=4)
    assert RING.override(epochs=None, lr=None) == RING


def test_a_table_is_the_configuration_again():
    assert Config.from_dict(RING.to_dict()) == RING
    assert None not in RING.to_dict().values()
    lacking = {name: value for name, value in RING.to_dict().items() if name != "batch_size"}
    with pytest.raises(InputError, match="the configuration lacks batch_size"):
        Config.from_dict(lacking)
    with pytest.raises(InputError, match="seed must be"):
        Config.from_dict({**RING.to_dict(), "seed": True})


@pytest.mark.parametrize("labels", [None, [5, 9]])
def test_a_class_is_the_one_of_its_label(labels):
    config = replace(RING, labels=labels)
    assert config.class_of(9) == (9 if labels is None else 1)
    if labels:
        with pytest.raises(InputError, match="has no class 1: there are 5, 9"):
            config.class_of(1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"backend": "cuda"}, "unknown backend 'cuda'"),
        ({"model": "gann"}, "unknown model 'gann': did you mean 'gan'"),
        ({"networks": {"generator": ["dense 2 2"]}}, "needs networks and optimizers for generator, d"),
        ({"optimizers": {"generator": {"name": "sgd", "lr": 1}}}, "needs networks and optimizers"),
        (
            {"optimizers": {name: {"name": "sgd"} for name in RING.optimizers}},
            "must be a table with name and lr",
        ),
        ({"optimizers": dict.fromkeys(RING.optimizers, "sgd")}, "must be a table with name and lr"),
        (
            {"networks": {"generator": ["dense 9999 10001"], "discriminator": ["dense 2 1"]}},
            "the network generator has 100,010,000 weights; at most 100,000,000"
        ),
    ],
)  # fmt: skip
def test_a_configuration_has_all_that_its_model_needs(changes, message):
    with pytest.raises(InputError, match=message):
        replace(RING, **changes).check()


@pytest.mark.parametrize(("size", "sound"), [(9_999, True), (10_000, False)])
def test_a_network_has_a_greatest_number_of_weights(size, sound):
    """A hundred million, biases included."""
    config = replace(RING, networks={**RING.networks, "generator": [f"dense {size} 10000"]})
    assert config.weights()["generator"] == 10_000 * (size + 1)
    if sound:
        config.check()
    else:
        with pytest.raises(InputError, match="at most 100,000,000"):
            config.check()


@pytest.mark.parametrize(("shape", "fits"), [
    ((2, 2, 1), True), ((4, 2, 1), True), ((2, 3, 1), False), ((3, 3, 1), False), ((6,), True),
])  # fmt: skip
def test_pairs_are_at_least_as_high_as_wide_and_of_two_halves(shape, fits):
    rows = np.zeros((4, math.prod(shape)), np.uint8)
    data = Dataset("d", rows, shape=shape)
    config = replace(PRESETS["translator"], batch_size=2)
    if fits:
        assert config.for_data(data).image_shape == data.image_shape
    else:
        with pytest.raises(InputError, match="pairs"):
            config.for_data(data)


def test_the_range_of_images_of_floats_is_kept_and_of_no_others():
    rows = np.array([[0.5, 2.0], [-1.0, 0.0]], np.float32)
    images, bytes_ = (
        Dataset("d", rows, shape=(2, 1, 1)),
        Dataset("d", rows.astype(np.uint8), shape=(2, 1, 1)),
    )
    assert RING.for_data(images).image_range == [-1.0, 2.0]
    assert RING.for_data(bytes_).image_range is None
    assert RING.for_data(Dataset("d", rows)).image_range is None
    assert RING.for_data(Dataset("d", rows)).shape == [2]


def test_sizes_by_name_become_numbers_and_are_not_kept():
    config = replace(preset("translator"), shape=[5, 1, 1], classes=3, latent=4).in_numbers()
    assert (config.classes, config.latent) == (None, None)
    generator = config.networks["generator"]
    assert (generator[0].split()[1], generator[-2].split()[2]) == ("2", "3")


def test_of_a_single_number_there_is_no_half_to_translate():
    with pytest.raises(InputError, match="source"):
        replace(preset("translator"), shape=[1], latent=4).in_numbers().build(10)


@pytest.mark.parametrize(
    ("n", "message"), [(2000, "data must be"), (2001, "more than 2000 values")]
)
def test_so_many_values_are_as_deep_as_each_other_at_most(n, message):
    with pytest.raises(InputError, match=message):
        Config.from_dict({"data": ["x"] * n})
