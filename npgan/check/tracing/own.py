"""Layers of the user's own: one that computes in plain NumPy is a box, whatever is in it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from typing import Any

from npgan.check.tracing.arrays import LISTENER, watched
from npgan.check.tracing.graph import Value
from npgan.check.tracing.record import Recorder
from npgan.check.wrapping import wrapped
from npgan.layers import Layer
from npgan.parameters import Parameters

METHODS = "forward", "backward", "input_gradient", "double_backward", "penalized_backward"


def boxes() -> AbstractContextManager[None]:
    """Let the methods of all layers that are not npgan's be written down as wholes."""
    return wrapped(METHODS, _boxed)


def _boxed(kind: type, name: str, method: Callable) -> Callable:
    if kind.__module__.startswith("npgan."):
        return method

    @wraps(method)
    def call(layer: Layer, *given: Any, **named: Any) -> Any:
        recorder: Recorder | None = LISTENER.get()
        if recorder is None:
            return method(layer, *given, **named)
        arguments = [*given, *named.values()]
        own = recorder.taken(layer.parameters.items())
        names = {name: value.name for name, value in own if isinstance(value, Value)}
        inputs = recorder.taken([("", arguments)]) + own
        start = len(recorder.entries), len(recorder.places)
        result = watched(method(layer, *given, **named))
        if all(entry.kind not in ("operation", "layer") for entry in recorder.entries[start[0] :]):
            del recorder.entries[start[0] :], recorder.places[start[1] :]
            grads = [one for one in arguments if isinstance(one, Parameters)]
            changed = [(f"d {names[n]}", array) for one in grads for n, array in one.items()]
            recorder.write(f"{type(layer).__name__}.{name}", "layer", inputs, result, changed)
        return result

    return call
