"""What a mistake is called: in a function, between a network and its loss, and where arrays are joined."""

import numpy as np
import pytest
from gradcheck_cases import X

from npgan import Dense, Sequential, Tanh, gradcheck
from npgan.check.likeness import alike

W = np.random.default_rng(2).standard_normal((3, 3))
DERIVATIVE = 1 - np.tanh(X) ** 2


def elementwise(factor):
    return lambda x: (np.tanh(x), lambda dy: dy * DERIVATIVE * factor)


def parts(places, factor):
    changed = np.ones(X.shape)
    changed.flat[places] = factor
    return lambda x: ((x**4).sum(), 4 * x**3 * changed)


CASES = {
    "a factor for each column": (
        lambda x: ((x**4).sum(), 4 * x**3 * [2, 3, 4]),
        "factor",
        "each column has a factor of its own: 2, 3, 4",
    ),
    "a factor for each row": (
        lambda x: ((x**4).sum(), 4 * x**3 * np.arange(2, 2 + len(x))[:, None]),
        "factor",
        "each row has a factor of its own: 2, 3",
    ),
    "a sign in one place": (parts([4], -1), "sign", "-1 times the derivative, in 1 of"),
    "a factor in some places": (parts([1, 4, 5], 2), "factor", "2 times the derivative, in 3 of"),
    "a derivative, not a mask": (
        lambda x: (np.maximum(x, 0), lambda dy: dy),
        "derivative",
        "dy is returned as it is",
    ),
    "a matrix not transposed": (
        lambda x: (x @ W, lambda dy: dy @ W),
        "transpose",
        "a matrix is not transposed",
    ),
    "a bias not summed": (
        lambda b: (np.stack([b, b]), lambda dy: dy[-1]),
        "sum",
        "not summed over the samples",
    ),
    "a bias's mean": (
        lambda b: (np.tile(b, (7, 1)), lambda dy: dy.mean(axis=0)),
        "rows",
        "n = 7 being the number of values that add up",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_function(case):
    function, kind, words = CASES[case]
    (mistake,) = gradcheck(function, X[0] if "bias" in case else X).mistakes
    assert (mistake.kind, words in mistake.words) == (kind, True), mistake


def test_a_matrix_that_is_reshaped_and_not_transposed():
    def product(x, weight):
        return x @ weight, lambda dy: (dy @ weight.reshape(2, 3), x.T @ dy)

    (mistake,) = gradcheck(product, X, W[:, :2]).mistakes
    assert (mistake.array, mistake.kind) == ("x0", "transpose")


def test_what_a_loss_hands_to_its_network():
    net = Sequential(Dense(3, 4), Tanh(), Dense(4, 2), rng=0).astype(float)

    def loss(x):
        y, cache = net.forward(x)
        return (y**2).sum() / len(x), net.backward(2 * y, cache)

    (mistake,) = gradcheck(loss, X).mistakes
    assert mistake.array.startswith("dy of ")
    assert (mistake.kind, "n times the derivative" in mistake.words) == ("rows", True)


def test_the_gradient_of_another_part():
    maker = Sequential(Dense(3, 2), rng=0).astype(float)
    judge = Sequential(Dense(2, 4), Tanh(), Dense(4, 1), rng=1).astype(float)
    real = np.random.default_rng(3).standard_normal((len(X), 2))

    def loss(x):
        made, cache = maker.forward(x)
        logits, judged = judge.forward(np.concatenate([real, made]))
        dpairs = judge.backward(logits, judged)
        return (logits**2).sum() / 2, maker.backward(dpairs[: len(real)], cache)

    (mistake,) = gradcheck(loss, X).mistakes
    assert mistake.kind == "other"
    assert "this is the gradient of another part of the input of " in mistake.words


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_arrays_are_alike_whatever_their_size(scale):
    a = scale * np.array([1.0, -0.5])
    assert alike(a, a + 5e-6 * scale)
    assert not alike(a, a + 5e-5 * scale)
