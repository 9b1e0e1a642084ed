"""What the tests of the gradient checker share: arrays, odd layers, and the record of its reports."""

import json
from functools import cache

import golden
import numpy as np
import pytest

from npgan import Layer, Parameters

X = np.random.default_rng(0).standard_normal((4, 3))
Y = np.random.default_rng(1).standard_normal((4, 3))
FAR = np.array([1e10, 1, 1])


def layer(forward, backward, name="Odd"):
    """Return a layer without parameters: ``forward(x) -> y``, ``backward(dy, x) -> dx``."""

    def _forward(self, x, rng=None):
        kept = x.copy()
        return forward(x), kept

    def _backward(self, dy, cache, grads=None, input_grad=True):
        return backward(dy, cache)

    return type(name, (Layer,), {"forward": _forward, "backward": _backward})()


class Weighted(Layer):
    """y = x * weight, of which subclasses do something odd."""

    def __init__(self):
        self.bind(Parameters({"weight": (3,)}, dtype=float))
        self.parameters["weight"][...] = [0.5, -1.0, 2.0]

    def forward(self, x, rng=None):
        return x * self.parameters["weight"], x

    def backward(self, dy, cache, grads=None, input_grad=True):
        if grads is not None:
            grads["weight"] += (dy * cache).sum(axis=0)
        return dy * self.parameters["weight"]


def said(report):
    """Return what a report says of each array; of an error that is no rounding its numbers too, to two digits."""
    found = []
    for e in report.entries:
        row = [e.name, e.corners, e.passed, e.note, e.undecided]
        if not e.error <= report.tolerance:
            numeric = e.numeric if abs(e.numeric) > 1e-6 * abs(e.analytic) else 0.0
            where = None if e.index is None else list(e.index)
            row += [where, *(f"{number:.1e}" for number in (e.analytic, numeric, e.error))]
        found.append(row)
    return found


def near(mine, recorded):
    """Return whether reports say the same: numbers may differ by a few roundings of their last digit."""
    words = [[row[:6] for row in rows] for rows in (mine, recorded)]
    numbers = [[float(n) for row in rows for n in row[6:]] for rows in (mine, recorded)]
    return words[0] == words[1] and numbers[0] == pytest.approx(numbers[1], rel=0.1, nan_ok=True)


@cache
def recorded():
    return json.loads(golden.REPORTS.read_text())
