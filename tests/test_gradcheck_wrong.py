"""Wrong gradients do not pass, however well they are hidden."""

import threading
import time

import numpy as np
import pytest
from gradcheck_cases import FAR, Weighted, X, Y, layer, near, recorded, said

from npgan import Dense, InputError, Layer, Parameters, Sequential, gradcheck
from npgan.testing import assert_gradients


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


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("directions", [None, 3])
@pytest.mark.parametrize("what", WRONG)
def test_wrong_gradients_do_not_pass(what, directions):
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


@pytest.mark.parametrize("what", SMALL)
def test_an_element_beside_a_far_larger_one_is_wrong_alone(what):
    x = np.array([0.3, 0.4, 0.5])
    report = gradcheck(SMALL[what], x)
    assert not report
    assert report.entries[0].index == (1,)


def test_a_function_that_behaves_differently_on_complex_numbers_does_not_pass():
    assert not gradcheck(told_from_the_complex, X, method="complex")


@pytest.mark.parametrize("what", ["weights move", "passes are counted", "the time", "a thread"])
def test_a_target_that_changes_between_evaluations_is_refused(what):
    with pytest.raises(InputError, match="two evaluations at one point differ"):
        gradcheck(*WRONG[what])
