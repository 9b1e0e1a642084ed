"""Networks for other data: what they take from the data is said in words, which become numbers."""

import math
import re
from collections.abc import Mapping
from typing import Any

from npgan import layers
from npgan.errors import InputError, shown

SIZES = ("data", "channels", "latent", "classes", "source", "target")
"""Sizes that a layer's words may name: how many numbers a row of the data has, how many channels an
image, how many numbers the latent code, how many classes there are; and the two parts of a translator's
row, what it is given and what belongs to it."""


def in_numbers(specs: Any, sizes: Mapping[str, int]) -> Any:
    """Return a network with numbers for the names of sizes, and for their sums and products.

    >>> in_numbers(["fourier data 8 0.5 32.0", ["dense 17*data 17*data"], "dense 17*data latent+1"],
    ...            {"data": 2, "latent": 3})
    ['fourier 2 8 0.5 32.0', ['dense 34 34'], 'dense 34 4']

    Raises InputError if a size is named that is not known.
    """
    if isinstance(specs, Mapping):
        return {name: in_numbers(inner, sizes) for name, inner in specs.items()}
    if isinstance(specs, list):
        return [in_numbers(spec, sizes) for spec in specs]
    if not isinstance(specs, str) or not any(size in specs for size in SIZES):
        return specs
    return " ".join(_number(word, sizes) for word in specs.split())


def _number(word: str, sizes: Mapping[str, int]) -> str:
    named = {name for name in re.split(r"[+*]", word) if name in SIZES}
    if not named:
        return word
    for name in sorted(named - sizes.keys()):
        raise InputError(f"the configuration does not say how large {name} is")
    try:
        products = ([sizes.get(f) or int(f) for f in p.split("*")] for p in word.split("+"))
        return str(sum(map(math.prod, products)))
    except ValueError:
        raise InputError(f"a layer's size must be a number, not {shown(word)}") from None


def corruptions(specs: Any, kind: type[layers.Layer] = layers.Corruption) -> list[str]:
    """Return a network's own layers that corrupt its input, of a kind: by default, those of images.

    >>> corruptions(["random_shift 1", "dense 3 4"])
    ['random_shift 1']
    """
    own = [(spec, layers.read(spec)[0]) for spec in specs if isinstance(spec, str)]
    return [spec for spec, layer in own if layer.corrupts and issubclass(layer, kind)]


def for_images(specs: Any, shape: tuple[int, int] | None) -> Any:
    """Return a network whose layers that corrupt square images fit images of a shape.

    Each says itself what becomes of it, and whether it has to be left out.

    >>> for_images(["random_block 14", "dense 3 4"], (12, 12))
    ['random_block 6', 'dense 3 4']
    >>> for_images(["random_block 14", "dense 3 4"], (12, 10))
    ['dense 3 4']

    Raises InputError if cells of so many pixels do not fit the images.
    """
    fitted = []
    for spec in specs:
        if corruptions([spec]):
            layer = layers.build([spec]).layers[0].for_images(shape)
            fitted += [layer.spec()] if layer else []
        else:
            fitted.append(spec)
    return fitted
