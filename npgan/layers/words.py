"""Layers in words, as configurations have them: ``name argument ...``."""

import inspect
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from npgan.errors import InputError, shown, unknown
from npgan.layers.beside import Beside
from npgan.layers.chain import Chain
from npgan.layers.layer import Layer, parameters
from npgan.layers.residual import Residual
from npgan.layers.sequential import Sequential

__all__ = ["LAYERS", "build", "count_weights", "example", "read", "words"]


def _kinds(kind: type[Layer]) -> Iterator[type[Layer]]:
    yield kind
    for special in kind.__subclasses__():
        yield from _kinds(special)


LAYERS: dict[str, type[Layer]] = {
    kind.name: kind
    for kind in _kinds(Layer)
    if "name" in vars(kind) and kind not in (Layer, Chain, Sequential, Residual, Beside)
}
"""Name -> layer: all of npgan's layers that have a name and do not consist of other layers."""
Specs = Sequence["str | Specs | Mapping[str, Specs | str | int]"]
TABLES = {"sequential"}, {"residual", "shortcut"}, {"sequential", "beside"}
"""What tables of layers have: a network in a network, a residual block with a shortcut, a network beside columns."""


def build(specs: Specs, rng: np.random.Generator | int | None = None) -> Sequential:
    """Build a network from its layers in words, each ``name argument ...``.

    A list in the list is a residual block, :class:`Residual`, and a table ``{"residual": list, "shortcut": list}``
    one with layers on the way past it. A table ``{"sequential": list}`` is a network, and one with ``"beside": k`` is
    one of all but the last k columns, :class:`Beside`.

    Raises InputError for an unknown layer, arguments that do not fit it, or widths that do not fit each other.

    >>> build(["dense 2 3", "leaky_relu 0.2", "dense 3 1"], rng=0)
    Sequential(Dense(2, 3), LeakyReLU(0.2), Dense(3, 1))
    >>> build([["dense 2 3", "relu", "dense 3 2"], "scale 5.0"])
    Sequential(Residual(Dense(2, 3), ReLU(), Dense(3, 2)), Scale(5.0))
    >>> build([{"residual": ["dense 2 3", "relu"], "shortcut": ["dense 2 3"]}])
    Sequential(Residual(Dense(2, 3), ReLU(), shortcut=[Dense(2, 3)]))
    >>> build([{"sequential": ["dense 2 3", "relu"], "beside": 1}, "dense 4 1"])
    Sequential(Beside(Dense(2, 3), ReLU(), columns=1), Dense(4, 1))
    """
    return Sequential(*map(_layer, specs), rng=rng)


def words(network: Sequential) -> list[Any]:
    """Return a network's layers in words, as :func:`build` takes them.

    >>> from npgan import Dense, LeakyReLU
    >>> words(Sequential(Dense(2, 3), LeakyReLU(0.2), Residual(Dense(3, 3))))
    ['dense 2 3', 'leaky_relu 0.2', ['dense 3 3']]

    Raises InputError if one is a layer of one's own, for which there are no words.
    """
    return [_words(layer) for layer in network.layers]


def example(name: str, rng: np.random.Generator | int | None = 0) -> Layer:
    """Return a small layer of a kind, for samples of its ``example_shape``.

    >>> example("dense"), example("tanh")
    (Dense(4, 3), Tanh())
    """
    return build([f"{name} {LAYERS[name].example}"], rng).layers[0]


def count_weights(specs: Any) -> int:
    """Return how many weights a network in words has, before it is built.

    >>> count_weights([["dense 2 3", "relu", "dense 3 2"], "layer_norm 2"])
    21
    """
    if isinstance(specs, Mapping) and specs.keys() in TABLES:
        specs = [layers for name, layers in specs.items() if name != "beside"]
    if isinstance(specs, str):
        kind, arguments = read(specs)
        return sum(map(math.prod, kind.shapes(*arguments).values()))
    if not isinstance(specs, list | tuple):
        raise InputError(
            f"layers are a list, each 'name argument ...' or a list, a residual block; not {shown(specs)}"
        )
    return sum(map(count_weights, specs))


def read(spec: str) -> tuple[type[Layer], list[int | float | str]]:
    """Return which layer a word names, and its arguments.

    >>> read("dense 2 3")
    (<class 'npgan.layers.dense.Dense'>, [2, 3])
    """
    name, *arguments = spec.split() or [""]
    if name not in LAYERS:
        raise unknown("layer", name, LAYERS)
    kind, values = LAYERS[name], list(map(_value, arguments))
    try:
        inspect.signature(kind).bind(*values)
    except TypeError:
        takes = [p.name if p.default is p.empty else f"[{p.name}]" for p in parameters(kind)]
        raise InputError(
            f"layer {shown(spec)}: {name} does not take these arguments: it must be "
            f"'{' '.join([name, *takes])}'"
        ) from None
    return kind, values


def _words(layer: Layer) -> Any:
    if type(layer) is Residual:
        past = words(layer.shortcut)
        return {"residual": words(layer), "shortcut": past} if past else words(layer)
    if type(layer) is Sequential:
        return {layer.name: words(layer)}
    if type(layer) is Beside:
        return {"sequential": words(layer), layer.name: layer.columns}
    if type(layer) not in LAYERS.values():
        raise InputError(f"{layer!r} is a layer of one's own: there are no words to build it from")
    return layer.spec()


def _layer(spec: "str | Specs | Mapping[str, Any]") -> Layer:
    if isinstance(spec, Mapping):
        return _table(spec)
    if not isinstance(spec, str):
        return Residual(*map(_layer, spec))
    kind, arguments = read(spec)
    return kind(*arguments)


def _table(specs: Mapping[str, Any]) -> Layer:
    if specs.keys() not in TABLES:
        raise InputError(
            "a table of layers has 'sequential' and perhaps 'beside', or 'residual' and 'shortcut'; "
            f"not {shown(specs)}"
        )
    if "beside" in specs:
        columns = _value(str(specs["beside"]))
        return Beside(*map(_layer, specs["sequential"]), columns=columns)  # type: ignore[arg-type]
    if "sequential" in specs:
        return Sequential(*map(_layer, specs["sequential"]))
    return Residual(*map(_layer, specs["residual"]), shortcut=[*map(_layer, specs["shortcut"])])


def _value(word: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return word
