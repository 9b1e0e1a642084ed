"""Networks for other data: what they take from the data is said in words, which become numbers."""

import math
import re
from collections.abc import Mapping
from typing import Any

from npgan import layers
from npgan.errors import InputError, shown

IMAGE = ("height", "width", "channels")
SIZES = ("data", *IMAGE, "latent", "classes", "source", "target", "numbers", "widths")
"""Sizes that a layer's words may name: how many numbers a row of the data has, an image's height, width
and number of channels, how many numbers the latent code, how many classes there are; the two parts of a
translator's row, what it is given and what belongs to it; how many of a table's blocks are
numbers, and the widths of all, which are words."""


def in_numbers(specs: Any, sizes: Mapping[str, int | str]) -> Any:
    """Return a network with numbers for the names of sizes, for their parts, and for sums of products of them.

    >>> in_numbers(["fourier data 8 0.5 32.0", ["dense 17*data 17*data"], "dense 17*data latent+1"],
    ...            {"data": 2, "latent": 3})
    ['fourier 2 8 0.5 32.0', ['dense 34 34'], 'dense 34 4']
    >>> in_numbers(["dense 9 height/4*width/4*8"], {"height": 28, "width": 20})
    ['dense 9 280']

    Raises InputError if a size is named that is not known, or has no such part.
    """
    if isinstance(specs, Mapping):
        return {name: in_numbers(inner, sizes) for name, inner in specs.items()}
    if isinstance(specs, list):
        return [in_numbers(spec, sizes) for spec in specs]
    if not isinstance(specs, str):
        return specs
    return " ".join(_number(word, sizes) for word in specs.split())


def named(specs: Any) -> set[str]:
    """Return the names of sizes in a network's words, or in several networks'.

    >>> sorted(named({"generator": ["dense latent height/4*8", ["relu"]]}))
    ['height', 'latent']
    """
    if isinstance(specs, str):
        return set(re.split(r"[ +*/]", specs)) & set(SIZES)
    if isinstance(specs, Mapping):
        specs = list(specs.values())
    return set().union(*map(named, specs)) if isinstance(specs, list) else set()


def _number(word: str, sizes: Mapping[str, Any]) -> str:
    names = named(word)
    if not names:
        return word
    if isinstance(sizes.get(word), str):
        return sizes[word]
    for name in sorted(names - sizes.keys()):
        raise InputError(f"the configuration does not say how large {name} is")
    products = ([_part(factor, sizes) for factor in p.split("*")] for p in word.split("+"))
    return str(sum(map(math.prod, products)))


def _part(factor: str, sizes: Mapping[str, Any]) -> int:
    """Return a number, a size, or a whole part of one, such as ``height/4``."""
    read = re.fullmatch(r"(\w+)(?:/([1-9]\d{0,8}))?", factor, re.ASCII)
    if not read or not (read[1] in sizes or read[1].isdecimal()):
        raise InputError(f"a layer's size must be a number, not {shown(factor)}")
    name, parts = read[1], int(read[2] or 1)
    size = sizes[name] if name in sizes else int(name)
    if size % parts:
        how = ": --size brings pictures to another" if name in ("height", "width") else ""
        raise InputError(
            f"the network needs a {name} that is a multiple of {parts}, not {size}{how}"
        )
    return size // parts


def corruptions(specs: Any, kind: type[layers.Layer] = layers.Corruption) -> list[str]:
    """Return a network's own layers that corrupt its input, of a kind: by default, those of images.

    >>> corruptions(["random_shift 1", "dense 3 4"])
    ['random_shift 1']
    """
    own = [(spec, layers.read(spec)[0]) for spec in specs if isinstance(spec, str)]
    return [spec for spec, layer in own if layer.corrupts and issubclass(layer, kind)]


def for_images(specs: Any, shape: tuple[int, int] | None) -> Any:
    """Return a network whose layers that corrupt rows of square images fit images of a shape.

    Each says itself what becomes of it, and whether it has to be left out. What follows a ``reshape`` takes
    images of any shape and stays.

    >>> for_images(["random_block 14", "dense 3 4"], (12, 12))
    ['random_block 6', 'dense 3 4']
    >>> for_images(["random_block 14", "dense 3 4"], (12, 10))
    ['dense 3 4']
    >>> for_images(["reshape 12 10 1", "random_block 6", "flatten", "dense 120 1"], (12, 10))
    ['reshape 12 10 1', 'random_block 6', 'flatten', 'dense 120 1']

    Raises InputError if cells of so many pixels do not fit the images.
    """
    fitted, are_rows = [], True
    for spec in specs:
        if isinstance(spec, str):
            are_rows = {"reshape": False, "flatten": True}.get(spec.split()[0], are_rows)
        if are_rows and corruptions([spec]):
            layer = layers.build([spec]).layers[0].for_images(shape)
            fitted += [layer.spec()] if layer else []
        else:
            fitted.append(spec)
    return fitted
