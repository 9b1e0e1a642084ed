"""Presets for data of other sizes: the widths of hidden layers, the length of codes, the rows of a minibatch."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from npgan import layers
from npgan.data.dataset import Dataset
from npgan.layers.layer import parameters
from npgan.models.config import Config

FEWEST_ROWS, FEWEST_OF_TABLES, NARROWEST, SHORTEST = 8, 32, 128, 2
"""What a small data set leaves at least: rows of a minibatch, units of a hidden layer, numbers of a code."""
SLOTS = "in_features", "out_features", "in_channels", "out_channels", "channels", "width"
"""Arguments of layers that are widths."""


def sized(config: Config, data: Dataset) -> Config:
    """Return a preset for data of one's own, of which there may be fewer rows, or shorter ones, than of the preset's.

    A minibatch has at most an eighth of the rows, so that an epoch has several. Hidden layers are at most 8 times as
    wide as a row is long, and codes of an encoder at most a quarter as long. The number of steps stays. Of a table only
    the minibatch changes, to a sixteenth of the rows.

    >>> import numpy as np
    >>> from npgan.models.presets import preset
    >>> small = sized(preset("vae"), Dataset("wine", np.zeros((160, 13), np.float32)))
    >>> small.batch_size, small.latent, small.networks["encoder"][0]
    (20, 3, 'dense data 128 fan_in_uniform')
    """
    rows, features = data.train.shape
    if data.table:
        return replace(config, batch_size=min(config.batch_size, max(FEWEST_OF_TABLES, rows // 16)))
    config = replace(config, batch_size=min(config.batch_size, rows, max(FEWEST_ROWS, rows // 8)))
    widest, latent = max(NARROWEST, 8 * features), config.latent
    if latent and "encoder" in config.networks:
        latent = min(latent, max(SHORTEST, features // 4))
    return replace(
        config,
        latent=latent,
        networks=resized(config.networks, lambda width: min(width, widest)),
    )


def widened(config: Config, factor: float) -> Config:
    """Return a preset whose hidden layers are so many times as wide; groups of channels stay as many.

    >>> from npgan.models.presets import preset
    >>> widened(preset("gan-small"), 0.5).networks["discriminator"]
    ['dense data 64 fan_in_uniform', 'relu', 'dense 64 1 fan_in_uniform']
    """
    return replace(
        config, networks=resized(config.networks, lambda width: max(1, round(width * factor)))
    )


def resized(specs: Any, change: Callable[[int], int]) -> Any:
    """Return networks in words with other widths of their hidden layers.

    Those are the numbers above 1 among the layers' widths; what is said in words, such as ``2*latent``, is the
    data's, except the channels of an image whose height and width are said.

    >>> resized(["dense 2*latent height/4*width/4*32", "relu", "dense 8 1"], lambda width: 2 * width)
    ['dense 2*latent height/4*width/4*64', 'relu', 'dense 16 1']
    """
    if isinstance(specs, Mapping):
        return {
            name: inner if name == "beside" else resized(inner, change)
            for name, inner in specs.items()
        }
    if isinstance(specs, list):
        return [resized(spec, change) for spec in specs]
    name, *arguments = specs.split()
    slots = [p.name for p in parameters(layers.LAYERS[name])] if name in layers.LAYERS else []
    for i, (slot, word) in enumerate(zip(slots, arguments, strict=False)):
        if slot in SLOTS:
            arguments[i] = "+".join(_width(term, change) for term in word.split("+"))
    return " ".join([name, *arguments])


def _width(term: str, change: Callable[[int], int]) -> str:
    """Return a term of a size with another width, if it has one."""
    read = re.fullmatch(r"((?:height\S*\*width\S*\*)?)(\d+)", term, re.ASCII)
    return f"{read[1]}{change(int(read[2]))}" if read and int(read[2]) > 1 else term
