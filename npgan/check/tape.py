"""What layers do while a function is evaluated: their passes, with inputs, outputs and upstream gradients."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

import numpy as np

from npgan.check.wrapping import wrapped
from npgan.layers import Layer

TWICE = "double_backward", "penalized_backward"
"""Passes that take a second derivative."""
GIVEN = {"backward": 0, "penalized_backward": 1}
"""Passes whose ``dy`` is a loss's gradient with respect to the output -> the place of ``cache`` after ``dy``."""
Shifts = Mapping[tuple[str, int], np.ndarray]


@dataclass(frozen=True)
class Call:
    """A forward pass.

    Attributes
    ----------
    layer : what was called
    x, y : its input and its output
    training : whether it was given an ``rng``
    is_outer : whether no other layer called it
    inner : the layers that it called
    cache : what it returned for its backward pass
    dy : the upstream gradients that its backward passes were given
    """

    layer: Layer
    x: np.ndarray
    y: np.ndarray
    training: bool
    is_outer: bool
    inner: list[Layer]
    cache: Any
    dy: list[np.ndarray] = field(default_factory=list)


class Tape:
    """The calls of layers, inner ones first, and which layers were differentiated twice.

    Parameters
    ----------
    shifts : ("x" or "y", number of an outer call) -> what is added to its input or output
    """

    def __init__(self, shifts: Shifts) -> None:
        self.shifts, self.thread = shifts, threading.get_ident()
        self.calls: list[Call] = []
        self.twice: dict[str, list[Layer]] = {name: [] for name in TWICE}
        self._open: list[tuple[Layer, list[Layer]]] = []
        self._begun = self._backward = 0

    @property
    def outer(self) -> list[Call]:
        """The calls that no other layer made."""
        return [call for call in self.calls if call.is_outer]

    def forward(self, method: Callable, layer: Layer, x: Any, *rest: Any, **named: Any) -> Any:
        """Call a layer's forward method, and write it down."""
        if any(other is layer for other, _ in self._open):  # it calls the method that it inherits
            return method(layer, x, *rest, **named)
        number, is_outer = self._begun, not self._open
        self._begun += is_outer
        if is_outer and ("x", number) in self.shifts:
            x = x + self.shifts["x", number]
        before, inner = np.array(x), list[Layer]()
        self._open.append((layer, inner))
        try:
            y, cache = method(layer, x, *rest, **named)
        finally:
            self._open.pop()
        for _, others in self._open:
            others.append(layer)
        if is_outer and ("y", number) in self.shifts:
            y = y + self.shifts["y", number]
        training = (rest[0] if rest else named.get("rng")) is not None
        self.calls.append(Call(layer, before, np.array(y), training, is_outer, inner, cache))
        return y, cache

    def backward(self, method: Callable, layer: Layer, dy: Any, *rest: Any, **named: Any) -> Any:
        """Call one of a layer's backward methods, and write its ``dy`` down if it is the outermost."""
        name = method.__name__
        if name in TWICE:
            self.twice[name].append(layer)
        if name in GIVEN and not self._backward:
            cache = rest[GIVEN[name]] if len(rest) > GIVEN[name] else named.get("cache")
            for call in self.calls:
                if call.layer is layer and _same(call.cache, cache):
                    call.dy.append(np.array(dy))
        self._backward += 1
        try:
            return method(layer, dy, *rest, **named)
        finally:
            self._backward -= 1


@contextmanager
def recorded(shifts: Shifts | None = None) -> Iterator[Tape]:
    """Write down what this thread's layers do."""
    tape = Tape(shifts or {})
    passes = "backward", "input_gradient", *TWICE
    spies = {"forward": tape.forward} | dict.fromkeys(passes, tape.backward)

    def spied(_: type, name: str, method: Callable) -> Callable:
        @wraps(method)
        def call(layer: Layer, *given: Any, **named: Any) -> Any:
            if threading.get_ident() != tape.thread:
                return method(layer, *given, **named)
            return spies[name](method, layer, *given, **named)

        return call

    with wrapped(spies, spied):
        yield tape


def _same(one: Any, other: Any) -> bool:
    """Return whether two caches are one, or tuples of the same parts."""
    if isinstance(one, tuple) and isinstance(other, tuple) and len(one) == len(other):
        return all(map(_same, one, other))
    return one is other
