"""What a step reads, by the names that its own code has for it."""

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from types import CellType, FunctionType, MethodType
from typing import Any

import numpy as np

from npgan.check.tracing.arrays import Watched, watched
from npgan.layers import Layer
from npgan.models.model import Model
from npgan.parameters import Parameters

Named = Iterator[tuple[str, Any]]


def listening(step: Any) -> Any:
    """Return a step that does the same with arrays and generators that tell what becomes of them.

    Those that a function has from outside, or a ``partial`` holds, are replaced in a copy of it.
    """
    if isinstance(step, partial):
        named = {name: _telling(value) for name, value in step.keywords.items()}
        return partial(listening(step.func), *_telling(step.args), **named)
    if not isinstance(step, FunctionType):
        return step
    found = inspect.getclosurevars(step)
    scope = step.__globals__ | {name: _telling(value) for name, value in found.globals.items()}
    outer = {name: _telling(value) for name, value in found.nonlocals.items()}
    cells = tuple(
        cell if outer.get(name) is found.nonlocals.get(name) else CellType(outer[name])
        for name, cell in zip(step.__code__.co_freevars, step.__closure__ or (), strict=True)
    )
    defaults = _telling(step.__defaults__)
    twin = FunctionType(step.__code__, scope, step.__name__, defaults, cells)
    twin.__kwdefaults__ = step.__kwdefaults__
    return twin


def _telling(thing: Any) -> Any:
    """Return an array or a generator that tells; whatever a step may change stays itself."""
    if type(thing) is tuple:
        return tuple(map(_telling, thing))
    return watched(thing) if isinstance(thing, np.ndarray | np.random.Generator) else thing


def things(step: Any) -> Named:
    """Yield what a step has from outside, by name."""
    if isinstance(step, partial):
        yield from things(step.func)
        try:
            bound = inspect.signature(step.func).bind_partial(*step.args, **step.keywords)
        except (TypeError, ValueError):  # a function without a signature
            return
        yield from bound.arguments.items()
    elif isinstance(step, MethodType):
        yield from _owned(step.__self__)
    elif isinstance(step, FunctionType):
        found, defaults = inspect.getclosurevars(step), inspect.signature(step).parameters.values()
        yield from ((one.name, one.default) for one in defaults)
        yield from {**found.globals, **found.nonlocals}.items()
    elif callable(step):
        yield from _owned(step)


def _owned(owner: Any) -> Named:
    known = isinstance(owner, Layer | Model)
    yield from [("", owner)] if known else getattr(owner, "__dict__", {}).items()


def vectors(name: str, thing: Any) -> Iterator[tuple[str, Parameters | np.ndarray]]:
    """Yield the arrays, and the vectors of parameters, that a thing holds; a model's networks have their own names."""
    if isinstance(thing, np.ndarray | Parameters):
        yield name, thing
    elif isinstance(thing, Layer):
        yield from ((name, vector) for vector in (thing.parameters, thing.buffers))
    elif isinstance(thing, Model):
        yield from vectors("", thing.networks)
        yield from vectors("d", thing.grads)
        yield from vectors("average", getattr(thing, "average", None))
        for network, rule in thing.optimizers.items():
            yield from ((f"{network} {moment}", array) for moment, array in rule.state.items())
    elif isinstance(thing, Mapping):
        for key, value in thing.items():
            yield from vectors(f"{name} {key}".strip(), value)
    elif isinstance(thing, partial | MethodType):
        for inner, value in things(thing):
            yield from vectors(inner, value)
    elif isinstance(thing, tuple | list):
        for i, value in enumerate(thing):
            yield from vectors(f"{name}[{i}]", value)


def arrays(name: str, vector: Parameters | np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Yield an array, or a vector of parameters and each of them."""
    if isinstance(vector, np.ndarray):
        yield name, vector
        return
    yield name, vector.flat
    yield from ((f"{name} {parameter}".strip(), array) for parameter, array in vector.items())


@contextmanager
def telling(parameters: list[Parameters]) -> Iterator[None]:
    """Let the arrays of these parameters, and of the layers that share their memory, tell what is computed of them."""
    every = [part for one in parameters for part in _with_scopes(one)]
    before = [(one, dict(vars(one))) for one in every]
    try:
        for one in every:
            one.flat = one.flat.view(Watched)
            one._views = {name: array.view(Watched) for name, array in one._views.items()}
            one._scopes = dict(one._scopes)
        yield
    finally:
        for one, attributes in before:
            vars(one).update(attributes)


def _with_scopes(one: Parameters) -> Iterator[Parameters]:
    yield one
    for part in one._scopes.values():
        yield from _with_scopes(part)
