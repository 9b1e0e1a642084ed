"""Configurations that nobody means well by: refused in a short line, or what is built of them works."""

import copy
import datetime
import time
from dataclasses import replace
from functools import partial
from itertools import islice

import pytest
from damage import leaves

from npgan import InputError
from npgan.models.config import Config
from npgan.models.presets import PRESETS


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
        with pytest.raises(InputError, match="more than 4096 letters, or with a character 0"):
            Config.from_dict(table)
