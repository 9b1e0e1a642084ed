"""The checker names the layer that is wrong, and says what its mistake looks like."""

import json

import numpy as np
import pytest
from gradcheck_cases import Weighted, X, Y

from npgan import GAN, Dense, InputError, ReLU, Sequential, Sigmoid, Tanh, gradcheck
from npgan.check.diagnosis import Evidence, diagnose

pytest_plugins = ("pytester",)


class Wrong(Tanh):
    """tanh, without its derivative."""

    def backward(self, dy, cache, grads=None, input_grad=True):
        return dy


class Halved(Weighted):
    def backward(self, dy, cache, grads=None, input_grad=True):
        return super().backward(dy / 2, cache, grads)


def test_the_layer_that_is_wrong_is_named_and_not_those_below_it():
    net = Sequential(Dense(3, 4), Tanh(), Wrong(), Dense(4, 2), rng=0)
    report = gradcheck(net, X)
    assert set(report.failed) == {"x", "0.weight", "0.bias"}
    (mistake,) = report.mistakes
    assert (mistake.layer, mistake.array, mistake.kind) == ("2, Wrong()", "x", "derivative")
    assert str(report).endswith(str(mistake))


def test_the_wrong_layer_of_a_model_is_named_in_each_step_that_it_fails():
    networks = (
        Sequential(Dense(2, 3), Wrong(), Dense(3, 3), Sigmoid(), rng=0),
        Sequential(Dense(3, 1), rng=1),
    )
    report = gradcheck(GAN(*networks), abs(X) / 4)
    assert {mistake.layer for mistake in report.mistakes} == {
        "generator step: generator.1, Wrong()"
    }


def test_a_function_knows_its_layers_by_name():
    net = Sequential(Dense(3, 3), Halved(), rng=0).astype(float)

    def loss(x):
        y, cache = net.forward(x)
        return (y**2).sum(), net.backward(2 * y, cache)

    assert {mistake.layer for mistake in gradcheck(loss, X).mistakes} == {"net.1, Halved()"}


ROWS = len(X)
LOSSES = {
    "sign": lambda g: -g,
    "stop": lambda g: 0 * g,
    "rows": lambda g: g / ROWS,
    "factor": lambda g: 2 * g,
    "path": lambda g: g - g.mean(axis=0),
    "other": lambda g: g[::-1],
}


@pytest.mark.parametrize("kind", LOSSES)
def test_a_mistake_in_a_loss_has_a_kind(kind):
    report = gradcheck(lambda x: ((x**4).sum(), LOSSES[kind](4 * x**3)), X)
    assert [mistake.kind for mistake in report.mistakes] == [kind]


def softmax(x):
    return np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)


P, CHOSEN, SCALES = softmax(X), np.arange(X.size).reshape(X.shape) % 3 > 0, np.arange(1.0, 4)
FUNCTIONS = {
    "a mask": (lambda x: x * CHOSEN, lambda dy: dy, "mask", "a mask is not applied"),
    "the mask of a maximum": (
        lambda x: x.max(axis=1),
        lambda dy: np.repeat(dy[:, None], 3, axis=1),
        "mask",
        "0 would be right in some of its derivatives",
    ),
    "1/n of a row": (
        lambda x: x.mean(axis=1),
        lambda dy: np.repeat(dy[:, None], 3, axis=1),
        "rows",
        "n = 3 being the number of numbers in a row",
    ),
    "sigma": (lambda x: np.exp(x / 2), lambda dy: dy / 2, "factor", "exp(-x/2) times"),
    "a factor y": (
        softmax,
        lambda dy: dy - (dy * P).sum(axis=1, keepdims=True),
        "derivative",
        "the factor y is missing",
    ),
    "another axis": (
        softmax,
        lambda dy: P * (dy - (dy * P).sum(axis=0, keepdims=True)),
        "path",
        "a sum or a mean is taken over another axis",
    ),
    "a path": (
        lambda x: x / np.sqrt((x**2).sum(axis=1, keepdims=True)),
        lambda dy: dy / np.sqrt((X**2).sum(axis=1, keepdims=True)),
        "path",
        "a second path is missing",
    ),
}


@pytest.mark.parametrize("missing", FUNCTIONS)
def test_a_mistake_in_a_function_has_a_kind(missing):
    forward, backward, kind, words = FUNCTIONS[missing]
    (mistake,) = gradcheck(lambda x: (forward(x), backward), X).mistakes
    assert (mistake.kind, words in mistake.words) == (kind, True)


def test_an_upstream_gradient_without_its_factor_is_named():
    def scaled(x, weight):
        p = softmax(x)
        back = lambda dy: (p * (dy - (dy * p).sum(1, keepdims=True)), (dy * p).sum(axis=0))  # noqa: E731
        return p * weight, back

    (mistake,) = gradcheck(scaled, X, SCALES).mistakes
    assert (mistake.array, mistake.kind) == ("x0", "factor")
    assert "dy is not multiplied by x1" in mistake.words


def test_a_loss_without_its_mask_is_named():
    (mistake,) = gradcheck(lambda x: ((np.maximum(x, 0) ** 2).sum(), 2 * abs(x)), X).mistakes
    assert "0 would be right in" in mistake.words
    assert mistake.kind == "mask"


def test_what_looks_like_nothing_known_is_not_called_anything():
    wrong = np.random.default_rng(5).standard_normal(X.shape)
    assert [m.kind for m in gradcheck(lambda x: ((x**4).sum(), wrong), X).mistakes] == [""]
    n = np.ones(2)
    assert diagnose(Evidence(3 * n, n, np.ones(()), n[None], 3 * n[None], 3 * n)).kind == "factor"


def test_right_gradients_are_not_diagnosed(monkeypatch):
    monkeypatch.setattr("npgan.check.culprit.recorded", None)
    assert gradcheck(Sequential(Dense(3, 2), ReLU(), rng=0), X).mistakes == []


def test_with_an_upstream_gradient_of_ones_the_derivatives_are_those_done_by_hand():
    report = gradcheck(Dense(3, 2, rng=0), X, upstream=np.ones((4, 2)))
    assert report
    np.testing.assert_allclose(report.elements("bias").analytic, [4, 4])
    np.testing.assert_allclose(report.elements("weight").numeric, X.sum(axis=0)[:, None] * [1, 1])


@pytest.mark.parametrize(
    ("target", "upstream"),
    [(Dense(3, 2, rng=0), np.ones((4, 3))), (lambda x: (x.sum(), x**0), np.ones(()))],
)
def test_an_upstream_gradient_that_does_not_fit_is_refused(target, upstream):
    with pytest.raises(InputError, match="upstream"):
        gradcheck(target, X, upstream=upstream)


def test_elements_of_an_unknown_array_or_of_directions_are_refused():
    with pytest.raises(InputError, match="wieght"):
        gradcheck(Dense(3, 2), X).elements("wieght")
    with pytest.raises(InputError, match="directions"):
        gradcheck(Dense(3, 2), X, directions=1).elements("weight")


def test_a_report_is_written_as_json():
    report = gradcheck(lambda x: ((x**2).sum(), x * np.nan), Y)
    found = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    assert (found["passed"], found["arrays"][0]["analytic"]) == (False, None)


PLUGGED = """
import sys
STARTED = "npgan" in sys.modules

def test_right(gradcheck):
    assert not STARTED
    import numpy as np
    gradcheck(lambda x: ((x**2).sum(), 2 * x), np.ones(3))

def test_wrong(gradcheck):
    import numpy as np
    gradcheck(lambda x: ((x**2).sum(), -2 * x), np.ones(3))
"""


def test_the_fixture_fails_with_the_report(pytester):
    pytester.makepyfile(PLUGGED)
    pytester.makeconftest('pytest_plugins = ["pytest_npgan"]')
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*the sign is wrong*"])
