"""Code that would fool a checker which trusts it does not pass; right code in odd clothes does."""

import json
import math
import threading
import time
from functools import cache

import golden
import numpy as np
import pytest

from npgan import (
    ELU,
    GAN,
    VAE,
    BatchNorm,
    Dense,
    Dropout,
    InputError,
    Layer,
    LeakyReLU,
    Parameters,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
    gradcheck,
)
from npgan.testing import assert_gradients

X = np.random.default_rng(0).standard_normal((4, 3))
Y = np.random.default_rng(1).standard_normal((4, 3))


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


class Assigns(Weighted):
    def backward(self, dy, cache, grads=None, input_grad=True):
        if grads is not None:
            grads["weight"] = (dy * cache).sum(axis=0)
        return dy * self.parameters["weight"]


class WrongForTheGenerator(Weighted):
    def backward(self, dy, cache, grads=None, input_grad=True):
        dx = super().backward(dy, cache, grads, input_grad)
        return dx if grads is not None else -dx


class WrongForTheFirstLayer(Weighted):
    def backward(self, dy, cache, grads=None, input_grad=True):
        return super().backward(dy if input_grad else -dy, cache, grads, input_grad)


class MovesItsWeight(Weighted):
    def backward(self, dy, cache, grads=None, input_grad=True):
        self.parameters["weight"] *= 0.9
        return super().backward(dy, cache, grads, input_grad)


class CountsItsPasses(Weighted):
    passes = 0

    def forward(self, x, rng=None):
        self.passes += 1
        y, cache = super().forward(x)
        return y * (1 + (self.passes > 3)), cache


class RemembersItsFirstInput(Weighted):
    """Has a corner, 1000 steep on both sides, wherever it was called first."""

    first = None

    def forward(self, x, rng=None):
        self.first = x.copy() if self.first is None else self.first
        y, cache = super().forward(x)
        return y + 1000 * abs(x - self.first), cache

    def backward(self, dy, cache, grads=None, input_grad=True):
        return super().backward(dy, cache, grads, input_grad) + 500 * dy


class Threaded(Weighted):
    """A thread goes on to change the weight."""

    def forward(self, x, rng=None):
        def change():
            self.parameters["weight"][0] += 1e-3

        thread = threading.Thread(target=change)
        thread.start()
        thread.join()
        return super().forward(x)


class KeepsItsFirst(Weighted):
    """Its gradient is of the first input, or the first weight, for ever."""

    x = weight = None

    def __init__(self, what):
        super().__init__()
        self.what = what

    def backward(self, dy, cache, grads=None, input_grad=True):
        if self.x is None:
            self.x, self.weight = cache.copy(), self.parameters["weight"].copy()
        x = self.x if self.what == "x" else cache
        if grads is not None:
            grads["weight"] += (dy * x).sum(axis=0)
        return dy * (self.weight if self.what == "weight" else self.parameters["weight"])


class CopiedAsAnother(Weighted):
    def __deepcopy__(self, memo):
        return Weighted()

    def backward(self, dy, cache, grads=None, input_grad=True):
        return 99 * dy


class AnotherOfAnotherType(Weighted):
    def astype(self, dtype):
        return Dense(3, 3, rng=0).astype(dtype)


class WrongWithoutRng(Weighted):
    def forward(self, x, rng=None):
        y, cache = super().forward(x)
        return (y if rng is None else 2 * y), cache

    def backward(self, dy, cache, grads=None, input_grad=True):
        return super().backward(2 * dy, cache, grads)


STATE = {"passes": 0}


def of_the_time(x):
    return (x**2).sum() * (1 + 1e-3 * time.perf_counter_ns()), np.full_like(x, 1000)


def of_global_state(x):
    STATE["passes"] += 1
    return (x**2).sum() * STATE["passes"], np.full_like(x, 1000)


def of_unseeded_noise(x):
    return (x * np.random.default_rng().standard_normal(x.shape)).sum(), np.full_like(x, 1000)


KEPT = np.empty_like(X)


def in_a_kept_array(x):
    KEPT[...] = 2 * x
    return (x**2).sum(), KEPT


def wrong_in_its_input(x):
    gradient = -2 * x
    np.square(x, out=x)
    return x.sum(), gradient


def wrong_in_one_place(x):
    gradient = 2 * x
    gradient[2, 1] *= 1 + 1e-6
    return (x**2).sum(), gradient


def nan_in_one_place(x):
    gradient = 2 * x
    gradient[2, 1] = np.nan
    return (x**2).sum(), gradient


def told_from_the_complex(x):
    """Right for a complex x, another function for a real one."""
    return (x**2).sum() if np.iscomplexobj(x) else (x**3).sum(), 2 * x


def two_corners(x):
    return (abs(x) + abs(x - 1e-9)).sum(), np.full_like(x, 2.5)


LAST = {}


def of_the_call_before(x):
    before, LAST["x"] = LAST.get("x", x), x.copy()
    return (x**2).sum(), 2 * before


class NamedLikeItsInput(Layer):
    """Its parameter is called x, and dx is wrong."""

    def __init__(self):
        self.bind(Parameters({"x": (3,)}, dtype=float))
        self.parameters["x"][...] = [0.5, -1.0, 2.0]

    def forward(self, x, rng=None):
        return x * self.parameters["x"], x

    def backward(self, dy, cache, grads=None, input_grad=True):
        if grads is not None:
            grads["x"] += (dy * cache).sum(axis=0)
        return -99 * dy


class TwoGradients(Weighted):
    def backward(self, dy, cache, grads=None, input_grad=True):
        return dy * self.parameters["weight"], (dy * cache).sum(axis=0)


WRONG = {
    "dy is ignored": (lambda x: ((x**2).sum(), lambda dy: 2 * x), X),
    "dy is clipped": (lambda x: (2 * x, lambda dy: 2 * np.clip(dy, -3, 3)), X),
    "a small dy is dropped": (lambda x: (2 * x, lambda dy: 2 * dy * (abs(dy) > 1e-4)), X),
    "the gradient of the call before": (of_the_call_before, X),
    "a sum that overflows": (lambda x: (1e307 * x, lambda dy: -7e300 * dy), 1 + np.arange(99) / 99),
    "one large output": (lambda x: (np.append(x, 1e16), lambda dy: -99 * dy[:-1]), X[0]),
    "one per cent, beside a large output": (
        lambda x: (np.append(x, 1e12), lambda dy: 1.009 * dy[:-1]),
        X[0],
    ),
    "a parameter named like the input": (NamedLikeItsInput(), X),
    "two gradients": (TwoGradients(), X),
    "all of a tie for the least": (lambda x: (x.min(), 1.0 * (x == x.min())), np.ones((4, 3))),
    "all of a tie": (lambda x: (x.max(), 1.0 * (x == x.max())), np.ones((4, 3))),
    "one corner, wide": (
        lambda x: (1000 * abs(x[0]) + x[1:].sum(), np.array([0, 5.0, 5, 5])),
        np.array([0.0, 1, 2, 3]),
    ),
    "a masked array": (lambda x: (x.sum(), 0 * x + 1), np.ma.array([1.0, 2], mask=[False, True])),
    "dy is scaled in place": (layer(np.copy, lambda dy, x: np.multiply(dy, 3, out=dy)), X),
    "the same, last in a network": (
        Sequential(Dense(3, 3, rng=0), layer(np.copy, lambda dy, x: np.multiply(dy, 3, out=dy))),
        X,
    ),
    "the same, as a function": (lambda x: (x.copy(), lambda dy: np.multiply(dy, 3, out=dy)), X),
    "x is changed in place": (wrong_in_its_input, X),
    "x is changed by a layer": (layer(lambda x: np.square(x, out=x), lambda dy, x: -99 * dy), X),
    "its output is its input": (layer(lambda x: x, lambda dy, x: 2 * dy), X),
    "grads are overwritten": (Assigns(), X),
    "dx without grads": (WrongForTheGenerator(), X),
    "grads without dx": (WrongForTheFirstLayer(), X),
    "weights move": (MovesItsWeight(), X),
    "passes are counted": (CountsItsPasses(), X),
    "the first input is remembered": (RemembersItsFirstInput(), X),
    "a thread": (Threaded(), X),
    "the time": (of_the_time, X),
    "global state": (of_global_state, X),
    "unseeded noise": (of_unseeded_noise, X),
    "a value of its own at a point": (lambda x: (1.0 * (x != 0).sum(), 0 * x + 123), 0 * X),
    "a jump": (lambda x: (1.0 * (x >= 0).sum(), 0 * x + 123), 0 * X),
    "outside of a corner's slopes": (two_corners, 0 * X),
    "digits of float32": (lambda x: (x.astype(np.float32) ** 2, lambda dy: 2 * x * dy), X),
    "rounded in between": (lambda x: (np.float64(np.float32(x)) * 3, lambda dy: 3.001 * dy), X),
    "a staircase": (lambda x: (np.round(x, 2), lambda dy: dy), X),
    "hidden ripples": (lambda x: (x + np.sin(2e4 * np.pi * x) / 10, lambda dy: dy), X),
    "a shape that broadcasts": (lambda x: (x + 1, lambda dy: dy[:1]), X),
    "another shape of the value": (layer(lambda x: x[:2] if x[0, 0] > X[0, 0] else x, np.add), X),
    "gradients exchanged": (lambda x, y: (x**2 * y, lambda dy: (dy * x**2, dy * 2 * x * y)), X, Y),
    "the other input's gradient": (lambda x, y: ((x * y).sum(), (x, x)), X, Y),
    "one place": (wrong_in_one_place, X),
    "NaN in one place": (nan_in_one_place, X),
    "NaN in the value": (lambda x: (np.where(x > 2, np.nan, x), lambda dy: 5 * dy), X + 1),
    "zero everywhere": (lambda x: (np.sin(x), lambda dy: 0 * dy), X),
    "zero, of something tiny": (lambda x: (1e-200 * x, lambda dy: 0 * dy), X),
    "tiny": (lambda x: (1e-40 * x, lambda dy: -1e-40 * dy), X),
    "huge": (lambda x: (1e200 * x, lambda dy: -1e200 * dy), X),
    "beside a large constant": (lambda x: (1e11 + x, lambda dy: -dy), X),
    "zero, beside a large constant": (lambda x: (1e11 + x, lambda dy: 0 * dy), X),
    "a tiny input": (lambda x: (np.log(x), lambda dy: -dy / x), 1e-12 * abs(X)),
    "a large input": (lambda x: (np.log(x), lambda dy: 2 * dy / x), 1e12 * abs(X)),
    "the gradient at this point, always": (lambda x: ((x**2).sum(), 2 * X), X),
    "the same, of a vector": (lambda x: (x**3, lambda dy: 3 * X**2 * dy), X),
    "its first input is kept": (KeepsItsFirst("x"), X),
    "its first weight is kept": (KeepsItsFirst("weight"), X),
    "dy by how many are not 0": (
        lambda x: (+x, lambda dy: dy * dy.size / np.count_nonzero(dy)),
        X,
    ),
    "0 by 0 where dy is": (lambda x: (+x, lambda dy: dy * (dy / dy)), X),
    "another where all of dy is not 0": (lambda x: (+x, lambda dy: dy * (1 + (dy == 0).any())), X),
    "a copy is another": (CopiedAsAnother(), X),
    "a copy of another type is another": (AnotherOfAnotherType(), X),
    "wrong without rng": (WrongWithoutRng(), X),
    "complex numbers": (lambda x: (x * (1 + 1j), lambda dy: dy), X),
    "a gradient of words": (lambda x: (x, lambda dy: dy.astype(str)), X),
}


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


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("directions", [None, 3])
@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_does_not_pass(what, directions):
    target, *inputs = WRONG[what]
    try:
        report = gradcheck(target, *inputs, directions=directions)
        assert not report
        assert near(said(report), recorded()[f"wrong: {what}, {directions}"])
        with pytest.raises(AssertionError):
            assert_gradients(target, *inputs, directions=directions)
    except InputError:
        assert f"wrong: {what}, {directions}" not in recorded()


SMALL = {
    "of one number": lambda x: (1e10 * x[0] + x[1:].sum(), np.array([1e10, -50, 1])),
    "of a tiny one": lambda x: (1e4 * x[0] + 1e-5 * x[1:].sum(), np.array([1e4, 2e-5, 1e-5])),
    "of a curve": lambda x: (np.sin(x) * FAR, lambda dy: np.cos(x) * dy * FAR * [1, -1, 1]),
    "and 0": lambda x: (x * FAR, lambda dy: dy * FAR * [1, 0, 1]),
}
FAR = np.array([1e10, 1, 1])


@pytest.mark.parametrize("what", SMALL)
def test_an_element_beside_a_far_larger_one_is_wrong_alone(what):
    x = np.array([0.3, 0.4, 0.5])
    report = gradcheck(SMALL[what], x)
    assert not report
    assert report.entries[0].index == (1,)


def test_a_function_that_tells_the_complex_step_another_story_does_not_pass():
    assert not gradcheck(told_from_the_complex, X, method="complex")


@pytest.mark.parametrize("what", ["weights move", "passes are counted", "the time", "a thread"])
def test_what_moves_is_called_so(what):
    with pytest.raises(InputError, match="two evaluations at one point differ"):
        gradcheck(*WRONG[what])


class Fragile(Weighted):
    """Keeps everything on itself, hands out views, and passes dy on."""

    def forward(self, x, rng=None):
        self.x, self.y = x, np.multiply(x, self.parameters["weight"], order="F")
        return self.y[:], None

    def backward(self, dy, cache, grads=None, input_grad=True):
        if grads is not None:
            grads["weight"][...] += np.einsum("ij,ij->j", dy, self.x)
        dy *= self.parameters["weight"]
        return dy


class InPlaceReLU(Layer):
    """In place."""

    def forward(self, x, rng=None):
        return np.maximum(x, 0, out=x), x

    def backward(self, dy, cache, grads=None, input_grad=True):
        dy[cache == 0] = 0
        return dy


class Noisy(Layer):
    def forward(self, x, rng=None):
        mask = rng.random(x.shape) < 0.5
        return x * mask, mask

    def backward(self, dy, cache, grads=None, input_grad=True):
        return dy * cache


def with_a_generator(x, rng):
    noise = rng.standard_normal(x.shape)
    return (x * noise).sum(), noise


def of_a_list(x, factors):
    factors.append(factors[0])
    return factors[-1] * x.sum(), np.full(x.shape, factors.pop())


def of_a_table(x, table):
    table["factors"][0] *= 1.1
    return (table["factors"][0] * x).sum(), np.full(x.shape, table["factors"][0])


def normalised(x):
    norm = np.sqrt((x**2).sum() + 1e-12)
    return x / norm, lambda dy: dy / norm - x * (dy * x).sum() / norm**3


def zigzag(x):
    y = np.sin(300 * x)
    return abs(y), lambda dy: dy * np.sign(y) * 300 * np.cos(300 * x)


RIGHT = {
    "its gradient is known nearby alone": (
        lambda x: ((x**2).sum(), 2 * x * (abs(x - X) < abs(X) / 2)),
        X,
    ),
    "dy is scaled in place": (layer(lambda x: 3 * x, lambda dy, x: np.multiply(dy, 3, out=dy)), X),
    "an array made once": (in_a_kept_array, X),
    "everything on itself": (Fragile(), X),
    "in place": (InPlaceReLU(), X),
    "in place, in a network": (Sequential(Dense(3, 4, rng=0), InPlaceReLU(), Dense(4, 2, rng=1)), X),
    "its output is its input": (layer(lambda x: x, lambda dy, x: dy), X),
    "one layer twice": (Sequential(*[Dense(3, 3, rng=0)] * 2), X),
    "dropped, and not without rng": (Sequential(Dense(3, 3, rng=0), Dropout(0.5)), X),
    "a maximum": (lambda x: (x.max(), 1.0 * (x == x.max())), X),
    "sorted": (lambda x: (np.sort(x), lambda dy: np.take_along_axis(dy, x.argsort().argsort(), 1)), X),
    "gathered by whole numbers": (
        lambda x, i: (x[i], lambda dy: np.add.at(g := 0 * x, i, dy) or g),
        X,
        np.array([0, 2, 2]),
    ),
    "a softmax of huge logits": (Softmax(), 1e3 * X),
    "steps, between them": (lambda x: (np.floor(x) + x, lambda dy: dy), X),
    "no rows": (lambda x, w: (x.sum() * w.sum(), (0 * x + w.sum(), 0 * w)), X[:0], X),
    "its gradient is its input": (lambda x: ((x**2).sum() / 2, x), X),
    "replayed noise": (Noisy(), X),
    "a generator": (with_a_generator, X, np.random.default_rng(7)),
    "a list that it changes": (of_a_list, X, [2.0]),
    "columns first": (layer(lambda x: np.asfortranarray(2 * x), lambda dy, x: 2 * dy), X),
    "backwards": (layer(lambda x: x[::-1], lambda dy, x: dy[::-1]), X),
    "transposed": (layer(lambda x: x.T, lambda dy, x: dy.T), X),
    "every other element": (lambda x: (x[:, ::2].sum(), np.tile([1, 0, 1], (4, 1))), X),
    "a read-only output": (lambda x: (np.broadcast_to(x.sum(), (2, 2)), lambda dy: dy.sum() + 0 * x), X),
    "an input without order": (lambda x: ((x**2).sum(), 2 * x), X.T[::-1]),
    "an input that is read-only": (lambda x: ((x**2).sum(), 2 * x), np.broadcast_to(1.5, (4, 3))),
    "whole numbers as a gradient": (lambda x: (x.sum(), np.ones(x.shape, int)), X),
    "lists as a gradient": (lambda x: (x.sum(), np.ones(x.shape).tolist()), X),
    "gradients in a list": (lambda x, y: ((x * y).sum(), [y, x]), X, Y),
    "a number alone": (lambda x: (x**3, 3 * x**2), np.array(1.5)),
    "three axes": (layer(lambda x: x**2, lambda dy, x: 2 * x * dy), X.reshape(2, 2, 3)),
    "one axis": (layer(lambda x: x**2, lambda dy, x: 2 * x * dy), X.ravel()),
    "an extended value": (lambda x: (np.longdouble(x) ** 2, lambda dy: 2 * x * dy), X),
    "zero, and so it is": (lambda x: (np.ones(3), lambda dy: 0 * x), X),
    "zero to rounding": (lambda x: (np.exp(x - np.log(np.exp(x).sum())).sum(), 0 * x + 1e-17), X),
    "a corner": (lambda x: (abs(x).sum(), np.where(x == 0, 0.3, np.sign(x))), 0 * X),
    "beside a corner": (lambda x: (abs(x).sum(), np.sign(x)), 1e-4 * np.sign(X)),
    "corners all around": (zigzag, X),
    "saturated": (Tanh(), 18 + X),
    "a corner of the slope": (ELU(), np.array([[0.0, 1, -1]])),
    "flat at a point": (lambda x: (1 + x**5, lambda dy: 5 * x**4 * dy), 0 * X),
    "a row of zeros normalised": (normalised, 0 * X[0]),
    "near an edge": (lambda x: (np.log1p(-x).sum(), -1 / (1 - x)), np.array([1 - 1e-3, 0.3])),
    "Python's own logarithm": (lambda x: (sum(map(math.log, x)), 1 / x), np.array([1e-3, 1, 2])),
    "a table that it changes": (of_a_table, X, {"factors": [2.0]}),
    "a list of one": (lambda x: ((x**2).sum(), [2 * x[0]]), X[0, :1]),
    "one large output": (lambda x: (np.append(x, 1e16), lambda dy: dy[:-1]), X[0]),
    "tiny": (lambda x: (1e-200 * x, lambda dy: 1e-200 * dy), X),
    "huge": (lambda x: (1e200 * np.sin(x), lambda dy: 1e200 * np.cos(x) * dy), X),
    "beside a large constant": (lambda x: (1e11 + np.sin(x), lambda dy: np.cos(x) * dy), X),
    "a tiny input": (lambda x: (np.log(x), lambda dy: dy / x), 1e-12 * abs(X)),
    "a large input": (lambda x: (np.log(x), lambda dy: dy / x), 1e12 * abs(X)),
    "far larger than the others": (lambda x: (np.sin(x) * FAR, lambda dy: np.cos(x) * dy * FAR), X),
    "a corner beside a far larger one": (
        lambda x: (abs(x) * FAR, lambda dy: dy * FAR * np.where(x > 0, 1, -1)),
        np.array([1.0, 0, 1e-5]),
    ),
    "very curved": (lambda x: (np.exp(20 * x), lambda dy: 20 * np.exp(20 * x) * dy), X),
    "warned about": (lambda x: (np.where(x > 0, np.log(abs(x)), 0), lambda dy: np.where(x > 0, dy / x, 0)), X),
}  # fmt: skip


@pytest.mark.parametrize("directions", [None, 3])
@pytest.mark.parametrize("what", RIGHT)
def test_what_is_right_passes_in_odd_clothes(what, directions):
    target, *inputs = RIGHT[what]
    before = [x.copy() if isinstance(x, np.ndarray) else x for x in inputs]
    report = gradcheck(target, *inputs, directions=directions)
    assert report, report
    assert near(said(report), recorded()[f"right: {what}, {directions}"])
    for x, mine in zip(inputs, before, strict=True):
        np.testing.assert_array_equal(x, mine) if isinstance(x, np.ndarray) else None


@pytest.mark.parametrize("method", ["central", "complex"])
def test_what_normalisation_takes_away_has_no_gradient_but_rounding(method):
    for layer in (Dense(3, 4, rng=0), Dense(3, 8, rng=1)):
        report = gradcheck(Sequential(layer, BatchNorm(layer.out_features)), X, method=method)
        assert report, report


def test_corners_that_bend_to_both_sides_need_not_agree_on_one():
    report = gradcheck(
        lambda x: (np.clip(x, -1, 1).sum(), 1.0 * (abs(x) < 1)), np.array([1, -1, 0.5, 3])
    )
    assert report, report
    assert report.entries[0].corners == 2


@pytest.mark.parametrize(
    "inputs", [([1.0, 2.0],), (np.array([1, 2]),), (2.0,), (np.float64(2),), ()], ids=repr
)
def test_inputs_without_a_float_array_are_refused_in_words(inputs):
    with pytest.raises(InputError, match="no input is an array of float64"):
        gradcheck(lambda *x: (np.float64(3), np.ones(2)), *inputs)


def test_what_one_evaluation_uses_up_is_refused_in_words():
    with pytest.raises(InputError, match="is used up by one evaluation: give a list"):
        gradcheck(lambda x, given: (next(given) * x.sum(), 0 * x + 2), X, (2.0 for _ in range(9)))


@pytest.mark.parametrize("target", [None, 3, "dense", X, Dense, GAN])
def test_what_is_no_function_is_refused_in_words(target):
    with pytest.raises(InputError):
        gradcheck(target, X)


class Short(Weighted):
    def forward(self, x):
        return super().forward(x)


@pytest.mark.parametrize(
    ("target", "options", "message"),
    [
        (Short(), {}, r"forward must take \(x, rng\)"),
        (Weighted(), {"seed": "a"}, "seed"),
        (Weighted(), {"seed": -1}, "seed"),
        (Weighted(), {"method": ["central"]}, "method"),
        (Weighted(), {"tolerance": np.nan}, "tolerance"),
        (np.sin, {"wrt": [X]}, "wrt must be arrays by name"),
        (np.sin, {"wrt": X}, "wrt must be arrays by name"),
        (np.sin, {"wrt": {1: X}}, "wrt must be arrays by name"),
    ],
)
def test_wrong_arguments_are_refused_in_words(target, options, message):
    with pytest.raises(InputError, match=message):
        gradcheck(target, X, **options)


def networks(*odd):
    generator = Sequential(Dense(2, 4), Tanh(), Dense(4, 3), *odd, Sigmoid(), rng=0)
    return generator, Sequential(Dense(3, 4), LeakyReLU(), Dense(4, 1), rng=1)


class InPlace(Tanh):
    """tanh, but its backward pass leaves its mark on dy, and forgets the derivative."""

    def backward(self, dy, cache, grads=None, input_grad=True):
        dy *= 0.5
        return dy


def test_a_whole_model_is_checked_step_by_step():
    report = gradcheck(GAN(*networks(), penalties={"r1": 0.3}), abs(X) / 4)
    assert report, report
    named = {entry.name.split(":")[0] for entry in report.entries}
    assert named == {"discriminator step", "generator step"}
    assert not gradcheck(GAN(*networks(InPlace())), abs(X) / 4)
    with pytest.raises(AssertionError, match="generator step: generator"):
        assert_gradients(GAN(*networks(InPlace())), abs(X) / 4)


@pytest.mark.parametrize("directions", [None, 2])
@pytest.mark.parametrize("seed", range(4))
def test_first_weights_lie_on_corners_and_what_is_right_nearby_passes(seed, directions):
    """Rows that all units ignore are, by biases of 0, on the corner of every unit after them."""
    generator = Sequential(Dense(2, 4), ReLU(), Dense(4, 3), rng=seed)
    gan = GAN(generator, Sequential(Dense(3, 5), ReLU(), Dense(5, 1), rng=seed + 50))
    x = np.random.default_rng(seed).standard_normal((4, 3))
    report = gradcheck(gan, x, directions=directions)
    assert report, report


class Careless(GAN):
    """Says nothing of its generator's loss."""

    def losses(self, batch):
        yield next(super().losses(batch))


def test_a_network_that_no_loss_trains_is_named():
    with pytest.raises(InputError, match="trains its network 'generator'"):
        gradcheck(Careless(*networks()), abs(X) / 4)


def test_a_model_is_left_as_it_was():
    gan = GAN(*networks())
    before = {name: w.copy() for name, w in gan.weights().items()}
    gradcheck(gan, abs(X) / 4, directions=1)
    for name, w in gan.weights().items():
        np.testing.assert_array_equal(w, before[name])
        assert w.dtype == np.float32


class Dishonest(VAE):
    """Reports another loss than it differentiates."""

    def bound_step(self, rows, rng, grads=None, beta=None):
        result = super().bound_step(rows, rng, grads, beta)
        return result if grads is None else result._replace(loss=result.report["reconstruction"])


def test_the_loss_that_is_reported_must_be_the_one_that_is_differentiated():
    coders = Sequential(Dense(3, 4), rng=0), Sequential(Dense(2, 3), rng=1)
    assert gradcheck(VAE(*coders, likelihood="gaussian"), X)
    with pytest.raises(InputError, match="where no gradient is wanted"):
        gradcheck(Dishonest(*coders, likelihood="gaussian"), X)


@pytest.mark.parametrize(
    ("inputs", "options", "message"),
    [
        ((), {}, "a batch, and its labels if it has some, not on 0 inputs"),
        ((X**0,) * 3, {}, "not on 3 inputs"),
        ((X[:, :2] ** 0,), {}, "the data must be numbers"),
        ((X**0,), {"method": "complex"}, "central differences"),
        ((X**0,), {"wrt": {"w": X}}, "without wrt"),
    ],
)
def test_what_a_model_cannot_be_checked_on_is_refused_in_words(inputs, options, message):
    with pytest.raises(InputError, match=message):
        gradcheck(GAN(*networks()), *inputs, **options)
