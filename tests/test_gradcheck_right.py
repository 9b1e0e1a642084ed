"""Right gradients pass, however oddly the code is written."""

import math
import warnings

import numpy as np
import pytest
from gradcheck_cases import FAR, Weighted, X, Y, layer, near, recorded, said

from npgan import ELU, BatchNorm, Dense, Dropout, Layer, Sequential, Softmax, Tanh, gradcheck

KEPT = np.empty_like(X)


def in_a_kept_array(x):
    KEPT[...] = 2 * x
    return (x**2).sum(), KEPT


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
def test_right_gradients_pass_however_oddly_the_code_is_written(what, directions):
    target, *inputs = RIGHT[what]
    before = [x.copy() if isinstance(x, np.ndarray) else x for x in inputs]
    report = gradcheck(target, *inputs, directions=directions)
    assert report, report
    assert near(said(report), recorded()[f"right: {what}, {directions}"])
    for x, mine in zip(inputs, before, strict=True):
        np.testing.assert_array_equal(x, mine) if isinstance(x, np.ndarray) else None


@pytest.mark.parametrize("method", ["central", "complex"])
def test_what_normalisation_takes_away_has_no_gradient_but_rounding(method):
    for dense in (Dense(3, 4, rng=0), Dense(3, 8, rng=1)):
        report = gradcheck(Sequential(dense, BatchNorm(dense.out_features)), X, method=method)
        assert report, report


def test_corners_that_bend_to_both_sides_need_not_agree_on_one():
    report = gradcheck(
        lambda x: (np.clip(x, -1, 1).sum(), 1.0 * (abs(x) < 1)), np.array([1, -1, 0.5, 3])
    )
    assert report, report
    assert report.entries[0].corners == 2


def test_nothing_is_said_of_points_nearby_where_a_function_is_not_defined():
    def logarithms(x):
        return np.log(1 - x).sum(), -1 / (1 - x)

    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        assert gradcheck(logarithms, np.full(9, 0.999))
    assert not found
