"""Which layer is wrong, and how: each is checked alone, on the input that it has in its network."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from npgan.check.diagnosis import Finding, diagnose, surely
from npgan.check.differentiable import NOT_ADDED, Differentiable, of_function, of_layer
from npgan.check.evidence import gathered, upstream_gradients
from npgan.check.likeness import alike
from npgan.check.report import Entry, Mistake
from npgan.check.second_order import double_backward, penalized_backward
from npgan.check.tape import Call, Tape, recorded
from npgan.errors import InputError
from npgan.layers import Layer, Sequential

FEW = 10  # arrays of which it is said what their mistake looks like
UNKNOWN = Finding("", "wrong in a way that is not known")
Failures = Callable[[Differentiable], list[Entry]]
"""Returns the entries of something's wrong gradients."""


class Culprit(NamedTuple):
    """Something wrong.

    Attributes
    ----------
    layer : its name; "" if it is no layer of another
    way : which of its passes is wrong
    subject : it, in the checker's form
    failures : its wrong gradients
    rows : how many samples it was given
    note : why there are no gradients to compare
    """

    layer: str
    way: str
    subject: Differentiable
    failures: Sequence[Entry]
    rows: int
    note: str = ""


def _once(call: Call, seed: int) -> Differentiable:
    return of_layer(call.layer, (call.x,), "central", seed if call.training else None)


def _twice(call: Call, seed: int) -> Differentiable:
    layer = call.layer.astype(np.float64)
    dy = np.random.default_rng(seed).standard_normal(call.y.shape)
    function = double_backward(layer, seed if call.training else None)
    return of_function(function, (dy, call.x), layer.parameters, "central")


def _penalized(call: Call, seed: int) -> Differentiable:
    layer, rng = call.layer.astype(np.float64), np.random.default_rng(seed)
    dy, c = rng.uniform(0.5, 1.5, (2, len(call.x), 1))
    return of_function(penalized_backward(layer, call.x, dy, c), (), layer.parameters, "central")


WAYS = {"backward": _once, "double_backward": _twice, "penalized_backward": _penalized}
"""A layer's pass -> that pass of a call's layer, as something to check."""


def layers_of(target: Any) -> dict[str, Layer]:
    """Return the layers that something has or, if it is a function, that it knows by name.

    >>> from npgan import Dense
    >>> net = Sequential(Dense(2, 1))
    >>> layers_of(lambda x: (net(x).sum(), x))
    {'net': Sequential(Dense(2, 1))}
    """
    if isinstance(target, partial):
        return layers_of(target.func)
    known = {"": target, "self": getattr(target, "__self__", None)}
    if inspect.isfunction(target):
        variables = inspect.getclosurevars(target)
        defaults = {p.name: p.default for p in inspect.signature(target).parameters.values()}
        known = {**variables.globals, **variables.nonlocals, **defaults}
    found = {name: layer for name, layer in known.items() if isinstance(layer, Layer)}
    for other in known.values():
        networks = getattr(other, "networks", None)
        if isinstance(networks, Mapping) and not isinstance(other, Layer):
            found |= networks
    return found


def _places(layers: Mapping[str, Layer]) -> Iterator[tuple[int, str]]:
    """Yield the places of layers, and of those in them, by the layers' identity."""
    for place, layer in layers.items():
        yield id(layer), place
        inner = layer.named() if isinstance(layer, Sequential) else {}
        yield from _places({f"{place}.{part}".strip("."): one for part, one in inner.items()})


def _run(subject: Differentiable, seed: int) -> tuple[Tape, Tape]:
    """Return what the layers do altogether, and what they do from the pass on that is differentiated."""
    with subject.restored(), recorded() as every:
        y, gradients = subject.evaluate()
        if not callable(gradients):
            return every, every
        with recorded() as last:
            gradients(np.random.default_rng(seed).standard_normal(np.shape(y)))
    return every, last


def wrong_layers(
    tape: Tape, places: Mapping[int, str], failures: Failures, seed: int
) -> Iterator[Culprit]:
    """Yield the layers that are wrong alone, but not those that only contain one that is."""
    blamed: dict[int, bool] = {}
    for call in tape.calls:
        if id(call.layer) in blamed:
            continue
        blamed[id(call.layer)] = any(blamed.get(id(inner)) for inner in call.inner)
        if not blamed[id(call.layer)] and (found := _alone(call, tape, failures, seed)):
            blamed[id(call.layer)] = True
            place = places.get(id(call.layer))
            yield found._replace(layer=f"{place}, {call.layer!r}" if place else repr(call.layer))


def _alone(call: Call, tape: Tape, failures: Failures, seed: int) -> Culprit | None:
    """Return a layer with the first of its passes that is wrong, if one is."""
    for way, make in WAYS.items():
        if way in tape.twice and not any(layer is call.layer for layer in tape.twice[way]):
            continue
        try:
            subject = make(call, seed)
        except Exception:  # of the user's code: it cannot be checked alone
            continue
        try:
            if found := failures(subject):
                return Culprit("", way, subject, found, len(call.x))
        except InputError as error:
            if " has shape " in str(error):
                return Culprit("", way, subject, (), len(call.x), str(error))
        except Exception:  # of the user's code
            continue
    return None


def mistakes(
    subject: Differentiable,
    wrong: Sequence[Entry],
    layers: Mapping[str, Layer] | None,
    failures: Failures,
    seed: int,
) -> list[Mistake]:
    """Return which layers are wrong, and what each wrong gradient looks like; ``wrong`` are the whole's entries.

    ``layers`` are those that are known by a name; None: what is checked is a layer itself.

    If no layer of a loss is wrong, then what joins them is: then the gradients that it hands to them are looked at.
    """
    every, last = _run(subject, seed)
    places = dict(_places({"": every.outer[0].layer} if layers is None else layers))
    found = list(wrong_layers(every, places, failures, seed))
    if found:
        return [mistake for culprit in found for mistake in _of(culprit, seed)][:FEW]
    if subject.evaluate()[0].ndim == 0:
        handed = list(upstream_gradients(subject, last, places))
        sure = [(name, finding) for name, e in handed if (finding := surely(e))]
        unsure = [(name, diagnose(e)) for name, e in handed[:1]]
        for name, finding in (sure or unsure)[:1]:
            return [Mistake("", "", f"dy of {name}", *(finding or UNKNOWN))]
    first = next(iter(subject.variables.values()))
    rows = len(every.outer[0].x) if every.outer else len(np.atleast_1d(first))
    return list(_of(Culprit("", "backward", subject, wrong, rows), seed))[:FEW]


def _of(culprit: Culprit, seed: int) -> Iterator[Mistake]:
    """Yield what each wrong gradient of a culprit looks like."""
    if culprit.note:
        yield Mistake(culprit.layer, culprit.way, "", "shape", culprit.note)
    for name, entry in {entry.name: entry for entry in culprit.failures}.items():
        evidence, count = gathered(culprit.subject, entry, seed, culprit.rows)
        size = culprit.subject.variables[name].size
        if alike(evidence.analytic, evidence.numeric):
            finding = Finding("assigned" if entry.note == NOT_ADDED else "inconsistent", entry.note)
        else:
            finding = diagnose(evidence) or UNKNOWN
        by = f" (by {count:,} of {size:,} elements)" if count < size else ""
        yield Mistake(culprit.layer, culprit.way, name, finding.kind, f"{finding.words}{by}")
