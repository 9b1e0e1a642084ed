"""What the checker takes, what it refuses, and what it finds out beside a comparison of numbers."""

import copy
import dataclasses
import threading
from contextlib import suppress

import numpy as np
import pytest

from npgan import GAN, Dense, InputError, Layer, ReLU, Sequential, SpectralDense, Tanh, gradcheck
from npgan.check import catalogue
from npgan.check.differentiable import Differentiable, add_up, differ
from npgan.check.numeric import Line

X = np.random.default_rng(0).standard_normal((4, 3))
ONES = np.ones(3)
DIFFER = {  # two gradients, and the size of their rounding -> whether they differ
    "the same": (ONES, ONES, 0.0, False),
    "rounding": (ONES, ONES + 0.9e-10, 0.0, False),
    "more than rounding": (ONES, ONES + 1.2e-10, 0.0, True),
    "rounding of larger values": (ONES, ONES + 1.2e-10, 2.0, False),
    "rounding of a larger element": (np.array([1, 2.0]), np.array([1 + 1.9e-10, 2]), 0.0, False),
    "a part of a large element": (100 * ONES, 100 * ONES + 1e-6, 0.0, True),
    "NaN in both": (ONES * np.nan, ONES * np.nan, 0.0, False),
    "NaN in one": (ONES, ONES * np.nan, 0.0, True),
    "infinite": (np.array([1, np.inf]), np.array([1 + 1e-6, np.inf]), 0.0, True),
    "nothing in place of one": (None, ONES, 0.0, True),
    "another shape": (ONES[:1], ONES, 0.0, True),
    "no elements": (ONES[:0], ONES[:0], 0.0, False),
}


@pytest.mark.parametrize("what", DIFFER)
def test_gradients_differ_by_more_than_rounding(what):
    a, b, size, different = DIFFER[what]
    assert differ(a, b, size) == different


ADD_UP = {
    "parts": ([ONES, 2 * ONES], 3 * ONES, 0.0, True),
    "a part that is missing": ([ONES, None], ONES, 0.0, False),
    "another sum": ([ONES, ONES], 2.1 * ONES, 0.0, False),
    "rounding of large parts": ([-1e9 * ONES, (1e9 + 1) * ONES], 1.05 * ONES, 0.0, True),
    "more than that": ([-1e9 * ONES, (1e9 + 1) * ONES], 1.2 * ONES, 0.0, False),
    "rounding of values": ([ONES, ONES], 2.05 * ONES, 1e9, True),
    "tiny parts": ([1e-13 * ONES] * 2, 3e-13 * ONES, 0.0, False),
    "no elements": ([ONES[:0]] * 2, ONES[:0], 0.0, True),
}


@pytest.mark.parametrize("what", ADD_UP)
def test_parts_of_a_gradient_add_up(what):
    assert add_up(*ADD_UP[what][:3]) == ADD_UP[what][3]


def test_arrays_are_restored_whatever_happens():
    w = ONES.copy()
    with suppress(KeyError), Differentiable(lambda: (w, {}), {"w": w}).restored():
        w *= 2
        raise KeyError
    assert list(w) == [1, 1, 1]


def test_values_differ_unless_one_cannot_be_evaluated():
    def valued(y):
        return Differentiable(lambda: (np.array(y), {}), {})

    def broken():
        raise KeyError

    assert valued(1.0).differs_from(valued(2.0))
    assert not valued([1.0, np.nan]).differs_from(valued([1.0, np.nan]))
    assert not valued(1.0).differs_from(Differentiable(broken, {}))


@pytest.mark.parametrize(
    "thing", [Differentiable(dict, {}), Line(ONES, (0,)), next(catalogue.cases())]
)
def test_what_is_checked_cannot_be_exchanged(thing):
    with pytest.raises(dataclasses.FrozenInstanceError):
        thing.name = thing.place = thing.notes = 1


def test_no_two_have_their_notes_in_common():
    one, other = (Differentiable(dict, {}) for _ in range(2))
    one.notes["w"] = one.inputs.append("x")
    assert (other.notes, other.inputs) == ({}, [])


def valued(y, *gradient):
    return lambda x: (y(x), *(gradient or (lambda dy: dy,)))


class Bad(Dense):
    """A layer of which something is odd."""

    def __init__(self):
        super().__init__(3, 3, rng=0)


class Uncopied(Bad):
    def astype(self, dtype):
        raise KeyError("no copy")


class ItsOwnCopy(Bad):
    def astype(self, dtype):
        return self


class CopiedAsAnother(Bad):
    def astype(self, dtype):
        return Dense(3, 3, rng=0).astype(dtype)


class CopiedWithOtherNumbers(Bad):
    def astype(self, dtype):
        made = super().astype(dtype)
        made.parameters.flat[...] += 1
        return made


class CopiedDeepAsItself(Bad):
    def __deepcopy__(self, memo):
        return self


class WithoutGrads(Bad):
    def backward(self, dy, cache):
        return dy


class WithoutCache(Bad):
    def forward(self, x, rng=None):
        return super().forward(x)[0]


class CopiedModel(GAN):
    def astype(self, dtype):
        return self


def model(kind):
    return kind(Sequential(Dense(2, 3), rng=0), Sequential(Dense(3, 1), rng=1))


LOCKED = np.broadcast_to(1.0, (3,))
FLOAT = "gradients are checked in float64, which the function must return"
REFUSED = {
    "no pair": (valued(np.sum, 1, 2), r"must return \(value, gradients\) or \(y, vjp\)"),
    "a list in place of a pair": (lambda x: [x.sum(), x], "must return"),
    "words": (valued(lambda x: "x"), "the value is of str: " + FLOAT),
    "objects": (valued(lambda x: x.astype(object)), "the value is of object"),
    "float32": (valued(np.float32), "the value is of float32"),
    "complex": (valued(lambda x: x + 1j), "the value is of complex128"),
    "a gradient of words": (valued(np.sum, "x"), "gradient of 'x' must be an array of real numbers"),
    "a complex gradient": (valued(np.sum, X + 1j), "must be an array of real numbers"),
    "rows of several lengths": (valued(np.sum, [[1.0], [1.0, 2]]), "array of real numbers"),
    "two gradients": (valued(np.sum, (X, X)), "2 gradients for 1 inputs: x"),
    "a gradient of one number": (valued(np.sum, 1.0), r"'x' has shape \(\), its array \(4, 3\)"),
    "a layer that has no copy": (Uncopied(), "but it has none: 'no copy'"),
    "its own copy": (ItsOwnCopy(), "a copy of the layer is checked, but its copy is itself"),
    "another": (CopiedAsAnother(), "a copy of the layer is checked, but its copy is another layer"),
    "other numbers": (CopiedWithOtherNumbers(), "its copy is another layer"),
    "its own deep copy": (CopiedDeepAsItself(), "its copy is itself"),
    "no grads": (WithoutGrads(), r"Without.*: backward must take \(dy, cache, grads\)"),
    "no cache": (WithoutCache(), r"Without.*: forward must return \(y, cache\)"),
    "a model that is its own copy": (model(CopiedModel), "a copy of the model .* is itself"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_checked_is_refused_by_name(what):
    target, message = REFUSED[what]
    with pytest.raises(InputError, match=message):
        gradcheck(target, X)


def test_of_several_inputs_one_gradient_is_too_few():
    with pytest.raises(InputError, match="1 gradients for 2 inputs: x0, x1"):
        gradcheck(lambda x, y: ((x * y).sum(), y), X, X)


INPUTS = {
    "infinite": (np.array([1, np.inf]), "an input is not finite"),
    "masked": (np.ma.array(X), "plain arrays are checked, not MaskedArray"),
    "half": (X.astype(np.float16), r"not float16: x.astype\(float\)"),
    "long": (X.astype(np.longdouble), r"float64, not (float128|longdouble|float96)"),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("what", INPUTS)
def test_an_input_that_cannot_be_moved_is_refused(what):
    x, message = INPUTS[what]
    for inputs in ((x,), (X, x)):
        with pytest.raises(InputError, match=message):
            gradcheck(lambda *x: (x[0].sum(), [np.ones(a.shape) for a in x]), *inputs)


VALUES = {
    "whole numbers": lambda x: (np.array([3, 4]), lambda dy: 0 * x),
    "a truth value": lambda x: (True, 0 * x),
    "a long number": lambda x: (np.longdouble(x.sum()), 0 * x + 1),
    "a gradient without an imaginary part": lambda x: (x.sum(), np.ones(x.shape, complex)),
    "a gradient of truth values": lambda x: (x.sum(), np.ones(x.shape, bool)),
    "a gradient in a list": lambda x: (x.sum(), [np.ones(x.shape)]),
}


@pytest.mark.parametrize("what", VALUES)
def test_other_numbers_are_made_floats(what):
    report = gradcheck(VALUES[what], X)
    assert report, report
    assert [entry.name for entry in report.entries] == ["x"]


def test_inputs_that_are_no_arrays_are_handed_on_as_they_are():
    layer, network, lock = Tanh(), model(GAN), threading.Lock()
    seen = []

    def function(x, *others):
        seen.append(others)
        return x.sum(), np.ones(x.shape)

    assert gradcheck(function, X, layer, np.sum, network, lock, labels := np.arange(3), {"a": [1]})
    first = [layer, np.sum, network, lock]
    assert all(one is other for row in seen for one, other in zip(row, first, strict=False))
    assert all(row[4] is not labels and list(row[4]) == [0, 1, 2] for row in seen)


def test_a_layer_may_have_a_parameter_called_x_and_need_not_take_input_grad():
    class Short(Dense):
        def backward(self, dy, cache, grads=None):
            return super().backward(dy, cache, grads)

    report = gradcheck(Short(3, 2, rng=0), X)
    assert report, report
    assert [entry.name for entry in report.entries] == ["x", "weight", "bias"]


def failing(target, *inputs, **options):
    """Return the names and the notes of the entries that fail."""
    entries = gradcheck(target, *inputs, **options).entries
    return [(e.name, e.note) for e in entries if not e.passed]


class Odd(Dense):
    """A dense layer that is odd where ``what`` says so."""

    def __init__(self, what):
        super().__init__(3, 2, rng=0)
        self.what = what

    def forward(self, x, rng=None):
        y, cache = super().forward(x)
        return y * (1 + (self.what == "without rng" and rng is None)), cache

    def backward(self, dy, cache, grads=None, input_grad=True):
        if self.what == "grads are set" and grads is not None:
            grads.flat[:] = 0
        dx = super().backward(dy, cache, grads, input_grad)
        if self.what == "dx alone" and grads is None:
            dx = 2 * dx
        if self.what == "no dx alone" and grads is None:
            dx = None
        if self.what == "grads alone" and not input_grad:
            grads["bias"] *= 2
        return dx


ODD = {
    "nothing": [],
    "grads are set": [("weight", "not added to what was in grads"), ("bias", "not added to what was in grads")],
    "dx alone": [("x", "different without grads")],
    "no dx alone": [("x", "different without grads")],
    "grads alone": [("bias", "different where dx is not wanted")],
    "without rng": [("x, without rng", ""), ("weight, without rng", ""), ("bias, without rng", "")],
}  # fmt: skip


@pytest.mark.parametrize("what", ODD)
def test_a_layers_other_ways_are_checked_as_well(what):
    assert failing(Odd(what), X) == ODD[what]


def stored(x):
    return (x**2).sum(), 2 * X


def negative(x):
    return x.sum(keepdims=True)[0], lambda dy: abs(dy).sum() + 0 * x


W = ONES.copy()
NOTES = {
    "the gradient at one point": ((stored, X), {}, [("x", "right at this point only")]),
    "the same of other arrays": ((lambda: ((W**2).sum(), {"w": 2 * ONES}),), {"wrt": {"w": W}}, []),
    "of a positive dy alone": (
        (negative, X[:, :1]),
        {"seed": 0},
        [("x", "different when asked again, for dy times -1000")],
    ),
    "by the complex step alone": (
        (lambda x: ((x**2).sum() if np.iscomplexobj(x) else (x**3).sum(), 2 * x), X),
        {"method": "complex"},
        [("x", "by the real function's slope")],
    ),
    "nearly, by the complex step": (
        (lambda x: ((x**2).sum() * (1 if np.iscomplexobj(x) else 1.00005), 2 * x), X),
        {"method": "complex", "tolerance": 0.01},
        [],
    ),
    "a hair, by the complex step": (
        (lambda x: ((x**2).sum() * (1 if np.iscomplexobj(x) else 1 + 1e-8), 2 * x), X),
        {"method": "complex"},
        [],
    ),
}


@pytest.mark.parametrize("what", NOTES)
def test_a_note_says_what_is_wrong(what):
    inputs, options, notes = NOTES[what]
    assert failing(*inputs, **options) == notes


def test_a_backward_pass_that_changes_the_function_is_refused():
    factor = [1.0]

    def function(x):
        def vjp(dy):
            factor[0] += 1e-12
            return factor[0] * dy

        return factor[0] * x, vjp

    with pytest.raises(InputError, match="two evaluations at one point differ"):
        gradcheck(function, X)


class OfItsFirst(Layer):
    """Has a corner wherever it was called first."""

    first = None

    def forward(self, x, rng=None):
        self.first = x.copy() if self.first is None else self.first
        return x + 1000 * abs(x - self.first), None

    def backward(self, dy, cache, grads=None, input_grad=True):
        return 501 * dy


def test_a_layer_that_was_never_used_must_have_the_same_values():
    with pytest.raises(InputError, match="two evaluations at one point differ"):
        gradcheck(OfItsFirst(), X)


def test_steps_of_models_are_named_and_singular_vectors_need_not_have_settled():
    critic = Sequential(SpectralDense(3, 5), Tanh(), SpectralDense(5, 1), rng=1)
    gan = GAN(Sequential(Dense(2, 3), rng=0), critic)
    before = copy.deepcopy(gan.weights())
    report = gradcheck(gan, X)
    assert report, report
    assert {entry.name.split(": ")[0] for entry in report.entries} == {
        "discriminator step", "generator step",
    }  # fmt: skip
    assert len({entry.name for entry in report.entries}) == len(report.entries)
    assert all(np.array_equal(before[name], w) for name, w in gan.weights().items())


def test_a_model_whose_units_lie_on_corners_is_checked_beside_them():
    generator = Sequential(Dense(2, 4), ReLU(), Dense(4, 3), rng=3)
    gan = GAN(generator, Sequential(Dense(3, 5), ReLU(), Dense(5, 1), rng=53))
    report = gradcheck(gan, np.random.default_rng(3).standard_normal((4, 3)))
    assert report, report
    assert {entry.note for entry in report.entries} == {"beside a corner", ""}
