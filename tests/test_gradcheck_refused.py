"""What the gradient checker cannot check is refused in words."""

import dataclasses

import numpy as np
import pytest
from gradcheck_cases import Weighted, X

from npgan import GAN, Dense, InputError, gradcheck
from npgan.check.differentiable import Differentiable
from npgan.check.report import TOLERANCE, Entry, Report


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


def test_a_report_of_nothing_has_nothing_wrong_and_the_usual_tolerance():
    report = Report()
    assert (bool(report), report.error, report.failed) == (True, 0.0, [])
    assert report.tolerance == TOLERANCE["central"] == 1e-8
    assert report.entries is not Report().entries


@pytest.mark.parametrize(
    "thing",
    [Report(), Entry("x", (0,), 1.0, 1.0, 0.0, 0, True), Differentiable(lambda: (X, X), {"x": X})],
    ids=lambda thing: type(thing).__name__,
)
def test_what_was_found_cannot_be_changed_afterwards(thing):
    (first, *_) = dataclasses.fields(thing)
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(thing, first.name, None)
