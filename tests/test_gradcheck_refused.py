"""What the gradient checker cannot check is refused in words."""

import numpy as np
import pytest
from gradcheck_cases import Weighted, X

from npgan import GAN, Dense, InputError, gradcheck


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
