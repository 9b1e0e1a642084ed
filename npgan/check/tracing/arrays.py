"""Arrays that tell what NumPy computes of them, and a generator that tells what it draws.

They hold the numbers of the arrays that they stand for, and lie in the same memory. What NumPy computes of them it
computes of plain arrays, so that the results are the same to the bit; only then is it told. Where nobody listens, the
results are plain arrays.
"""

import copy
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import numpy as np

from npgan.shapes import ARRAYS

LISTENER: ContextVar[Any] = ContextVar("listener", default=None)
"""Who is told; see :class:`~npgan.check.tracing.record.Recorder`."""
FILLING = {np.copyto, np.put, np.place, np.putmask, np.fill_diagonal, np.put_along_axis}
"""Functions that change their first argument."""
METHODS = (
    *("argmax", "argmin", "argsort", "astype", "choose", "clip", "compress", "copy", "cumprod", "cumsum"),
    *("diagonal", "dot", "flatten", "mean", "ravel", "repeat", "reshape", "round", "std", "take", "trace"),
    *("var", "__getitem__"),
)  # fmt: skip
IN_PLACE = "fill", "put", "sort", "partition", "__setitem__"
DRAWS = (
    *("random", "integers", "standard_normal", "normal", "uniform", "choice", "permutation", "permuted"),
    *("exponential", "gumbel", "gamma", "beta", "bytes"),
)  # fmt: skip
NUMBERS = "bifuc"
"""Kinds of dtypes: booleans and numbers."""
NAMES = {
    "__getitem__": "select",
    "__setitem__": "assign",
    "matmul": "product",
    "add.reduce": "sum",
    "multiply.reduce": "prod",
    "maximum.reduce": "max",
    "minimum.reduce": "min",
}
"""What a few of NumPy's functions are called in a graph."""


class Watched(np.ndarray):
    """An array that tells what is computed of it."""

    def __array_ufunc__(self, ufunc: Any, method: str, *given: Any, **named: Any) -> Any:
        name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
        changed = given[:1] if method == "at" else named.get("out") or ()
        return _told(name, getattr(ufunc, method), given, named, changed)

    def __array_function__(self, function: Any, _: Any, given: Any, named: Any) -> Any:
        changed = given[:1] if function in FILLING else (named.get("out"),)
        return _told(function.__name__, function, given, named, changed)


class Drawn(np.random.Generator):
    """A generator that tells what it draws: the numbers of ``plain``, from the same stream."""

    def __init__(self, plain: np.random.Generator) -> None:
        super().__init__(plain.bit_generator)
        self.plain = plain

    def __deepcopy__(self, memory: dict) -> "Drawn":
        """Return one that draws the same numbers, and tells, too."""
        return Drawn(copy.deepcopy(self.plain, memory))


ARRAYS.add(Watched)


def _told(name: str, function: Callable, given: Any, named: Any, changed: Any = ()) -> Any:
    listener = LISTENER.get()
    if listener is not None:
        return listener.numpy(NAMES.get(name, name), function, given, named, changed)
    return function(*plain(given), **plain(named))


def _method(kind: type, name: str, in_place: bool = False) -> Callable:
    def method(self: Any, *given: Any, **named: Any) -> Any:
        every = (self, *given)
        changed = (self,) if in_place else (named.get("out"),)
        return _told(name, getattr(kind, name), every, named, changed)

    return method


for _name in (*METHODS, *IN_PLACE):
    setattr(Watched, _name, _method(np.ndarray, _name, _name in IN_PLACE))
for _name in DRAWS:
    setattr(Drawn, _name, _method(np.random.Generator, _name))


def changed_all(things: Any, change: Callable[[Any], Any]) -> Any:
    """Return nested tuples, lists and mappings with everything in them changed; named tuples stay such.

    >>> changed_all([1, (2, {"a": 3})], lambda number: 10 * number)
    [10, (20, {'a': 30})]
    """
    if isinstance(things, tuple):
        parts = [changed_all(thing, change) for thing in things]
        return type(things)(*parts) if hasattr(things, "_fields") else tuple(parts)
    if type(things) is list:
        return [changed_all(thing, change) for thing in things]
    if type(things) is dict:
        return {name: changed_all(thing, change) for name, thing in things.items()}
    return change(things)


def plain(things: Any) -> Any:
    """Return plain arrays and generators in place of those that tell."""
    return changed_all(things, _plain)


def _plain(thing: Any) -> Any:
    if isinstance(thing, Watched):
        return np.ndarray.view(thing, np.ndarray)
    return thing.plain if isinstance(thing, Drawn) else thing


def watched(things: Any) -> Any:
    """Return arrays and generators that tell in place of plain ones; a number with a type becomes an array."""
    return changed_all(things, _watched)


def _watched(thing: Any) -> Any:
    if type(thing) is np.ndarray and thing.dtype.kind in NUMBERS:
        return thing.view(Watched)
    if isinstance(thing, np.inexact):
        return np.asarray(thing).view(Watched)
    return Drawn(thing) if type(thing) is np.random.Generator else thing


def arrays_in(things: Any) -> list[np.ndarray]:
    """Return the arrays of numbers in nested tuples, lists and mappings, as plain ones, in order.

    >>> arrays_in([np.zeros(2), (None, {"a": np.ones(1)})])
    [array([0., 0.]), array([1.])]
    """
    found: list[np.ndarray] = []

    def keep(thing: Any) -> None:
        if isinstance(thing, np.ndarray) and thing.dtype.kind in NUMBERS:
            found.append(_plain(thing))

    changed_all(things, keep)
    return found
