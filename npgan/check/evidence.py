"""What is measured of a wrong gradient, so that :mod:`npgan.check.diagnosis` can say what it looks like."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from npgan.check.diagnosis import SCALE, Evidence
from npgan.check.differentiable import Differentiable
from npgan.check.likeness import alike
from npgan.check.report import Entry
from npgan.check.tape import Call, Tape, recorded

STEP = 6e-6  # of central differences, see npgan.check.numeric
MOST = 2000  # elements of an array that are measured
ENTRIES = 1_000_000  # of a Jacobian


def jacobian(subject: Differentiable, array: np.ndarray, count: int | None = None) -> np.ndarray:
    """Return the derivatives of the value with respect to an array's first elements, (y.size, count)."""
    columns = []
    for index in list(np.ndindex(array.shape))[:count]:
        before: Any = array[index]
        low, high = (before + side * STEP * max(1.0, abs(before)) for side in (-1, 1))
        array[index] = low
        below = subject.evaluate()[0]
        array[index] = high
        columns.append(((subject.evaluate()[0] - below) / (high - low)).ravel())
        array[index] = before
    return np.array(columns).T


def gathered(subject: Differentiable, entry: Entry, seed: int, rows: int) -> tuple[Evidence, int]:
    """Return what is to be known of an array whose gradient is wrong, and of how many of its elements.

    Of a large array these are the first ones, without the shape. A loss's derivatives have been measured already,
    unless its entry is of a direction.
    """
    name, elements = entry.name, entry.elements
    array = subject.variables[name]
    with subject.restored(), np.errstate(all="ignore"):
        y, gradients = subject.evaluate()
        v = np.ones(())
        if callable(gradients):  # another upstream gradient than the second derivatives' dy
            v = np.random.default_rng([seed, 1]).standard_normal(y.shape)
        count = min(array.size, MOST, max(1, ENTRIES // y.size))
        shape = array.shape if count == array.size else (count,)

        def right(of: np.ndarray = array) -> np.ndarray:
            matrix = jacobian(subject, of, count)
            return (v.ravel() @ matrix).reshape(shape)

        def at(moved: str, place: np.ndarray) -> np.ndarray:
            with subject.restored(), np.errstate(all="ignore"):
                subject.variables[moved][...] = place
                return right()

        def analytic(upstream: np.ndarray) -> np.ndarray:
            gradient = subject.gradients(upstream.reshape(v.shape))[name]
            return np.asarray(gradient).ravel()[:count].reshape(shape)

        if y.ndim or elements is None:
            matrix = jacobian(subject, array, count)
        else:
            matrix = elements.numeric.reshape(1, -1)[:, :count]
        units = np.eye(v.size) if callable(gradients) and v.size * count <= ENTRIES else ()
        claimed = np.array([analytic(unit).ravel() for unit in units])
        same = {n: a for n, a in subject.variables.items() if a.shape == array.shape and n != name}
        evidence = Evidence(
            analytic(v),
            (v.ravel() @ matrix).reshape(shape),
            v,
            matrix,
            claimed.reshape(-1, count) if len(claimed) else analytic(v).reshape(1, -1),
            analytic(SCALE * v),
            {n: a.copy() for n, a in subject.variables.items()}
            | ({"y": y, "dy": v} if y.ndim else {}),
            {n: right(a) for n, a in same.items()},
            at=at if y.ndim else None,
            rows=rows,
        )
    return evidence, count


def upstream_gradients(
    subject: Differentiable, tape: Tape, places: Mapping[int, str]
) -> Iterator[tuple[str, Evidence]]:
    """Yield the wrong ones among the gradients that a loss hands to its layers, by the layer's name.

    They are compared with numeric ones: an output is shifted, and the loss evaluated. Those come first that are handed
    to what is trained, then those nearest to the loss. A loss that shares a layer's backward passes with another loss
    has handed it a right gradient if one of them was right.
    """

    def is_trained(call: Call) -> bool:
        mine = call.layer.parameters
        arrays = subject.variables.values()
        return bool(mine) and any(np.may_share_memory(mine.flat, array) for array in arrays)

    def numeric(what: str, number: int, shape: tuple[int, ...]) -> np.ndarray:
        shift = np.zeros(shape)

        def evaluate() -> tuple[np.ndarray, Any]:
            with recorded({(what, number): shift}):
                return subject.evaluate()[0], None

        return jacobian(Differentiable(evaluate, {}), shift).reshape(shape)

    def name_of(call: Call) -> str:
        return places.get(id(call.layer)) or repr(call.layer)

    calls = list(enumerate(tape.outer))
    nearest = calls[::-1]
    for number, call in sorted(nearest, key=lambda numbered: not is_trained(numbered[1])):
        if not call.dy:
            continue
        given, right = np.sum(call.dy, axis=0), numeric("y", number, call.y.shape)
        if any(alike(one, right) for one in (given, *call.dy)):
            continue
        if not (right.any() or is_trained(call)):  # it is another loss's alone
            continue
        paths, others = dict[str, np.ndarray](), dict[str, np.ndarray]()
        for later, other in calls[number + 1 :]:
            if spots := _found(call.y, other.x):
                dx, name = numeric("x", later, other.x.shape), name_of(other)
                paths[f"{name} ({later})"] = dx[spots[0]]
                others |= {f"another part of the input of {name}": dx[spot] for spot in spots[1:]}
        arrays = {"its output": call.y, "its input": call.x}
        matrices = given.reshape(1, -1), right.reshape(1, -1)
        evidence = Evidence(
            given, right, np.ones(()), *matrices[::-1], SCALE * given, arrays, others
        )
        yield name_of(call), replace(evidence, paths=paths, rows=len(call.x))


def _found(y: np.ndarray, x: np.ndarray) -> list[tuple[slice, slice]]:
    """Return where rows y lie in x, and which other places they might be taken for; [] if they are not there."""
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] < y.shape[1] or not len(y):
        return []
    (n, width), tops = y.shape, range(0, len(x) - len(y) + 1, len(y))
    lefts = sorted({0, x.shape[1] - width})
    every = [(slice(i, i + n), slice(j, j + width)) for i in tops for j in lefts]
    hits = [place for place in every if np.array_equal(x[place], y)]
    return hits[:1] + [place for place in every if place != hits[0]] if hits else []
