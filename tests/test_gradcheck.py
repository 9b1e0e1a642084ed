"""Everything in npgan passes the gradient checker, and the checker catches what is wrong."""

import json

import golden
import numpy as np
import pytest
from test_mutations import MUTATIONS
from threadpoolctl import threadpool_limits

from npgan import (
    Dense,
    Dropout,
    GaussianSample,
    InputError,
    Layer,
    ReLU,
    Sequential,
    Tanh,
    gradcheck,
)
from npgan.check import catalogue
from npgan.check.catalogue.presets import Preset
from npgan.check.differentiable import of_function, of_layer
from npgan.testing import assert_gradients

CASES = list(catalogue.cases())


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    """Small products are slower on many threads, the more so where others use the cores."""
    with threadpool_limits(1):
        yield


X = np.random.default_rng(0).standard_normal((4, 3))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_gradient_in_the_catalogue_is_right(case):
    report = case.check()
    assert report, report
    assert report.tolerance == 1e-8
    assert len(report.entries) >= len(case.inputs)
    mutated = {mutation.parameter for mutation in MUTATIONS if mutation.case == case.name}
    assert mutated <= {entry.name for entry in report.entries}


def test_the_cases_of_the_mutations_are_in_the_catalogue():
    assert {mutation.case for mutation in MUTATIONS} <= {case.name for case in CASES}


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.analytic], ids=lambda case: case.name
)
def test_every_analytic_gradient_agrees_with_the_complex_step(case):
    report = case.check(method="complex")
    assert report, report
    assert report.tolerance == 1e-13


def test_every_operation_without_a_corner_is_checked_by_the_complex_step_as_well():
    operations = {
        case.name for case in CASES if " " not in case.name or case.name.endswith(" loss")
    }
    analytic = {case.name for case in CASES if case.analytic}
    assert operations - analytic == {"chain", "l1 loss"}


def test_the_names_of_the_cases_are_unique():
    assert len({case.name for case in CASES}) == len(CASES)


QUICK = "preset ring", "preset tied"


def contents(case):
    """Return what is checked: the arrays' shapes, the value (its elements weighted), the gradients' size.

    Presets are made when they are checked: of two, the sum of what their gradients were compared as.
    """
    if isinstance(case, Preset):
        found = [entry.analytic for entry in case.check().entries] if case.name in QUICK else []
        return [f"{len(found)} entries", float(f"{sum(map(abs, found)):.6g}")]
    wrt = case.options.get("wrt", {})
    if isinstance(case.target, Layer):
        found = of_layer(case.target, case.inputs, "central", 0)
    else:
        found = of_function(case.target, case.inputs, wrt, "central")
    y = found.evaluate()[0]
    weights = np.cos(np.arange(y.size)).reshape(y.shape)
    gradients = [g for g in found.gradients(weights).values() if g is not None]
    size = np.sqrt(sum((g**2).sum() for g in gradients))
    shapes = [f"{name} {array.shape}" for name, array in found.variables.items()]
    shapes += ["analytic"] if case.analytic else []
    return ["; ".join(shapes), *(float(f"{number:.6g}") for number in ((y * weights).sum(), size))]


def test_the_cases_are_those_of_the_record():
    recorded = json.loads(golden.CATALOGUE.read_text())
    found = {case.name: contents(case) for case in catalogue.cases()}
    assert list(found) == list(recorded)
    for name, (what, *numbers) in found.items():
        assert what == recorded[name][0], name
        assert numbers == pytest.approx(recorded[name][1:], rel=1e-5, abs=1e-9), name


FIXED = np.broadcast_to(1.5, (4, 3))


def test_of_a_single_number_its_place_is_told():
    report = gradcheck(lambda x: (3 * x.sum(), 2 + 0 * x), np.array([0.5]))
    assert [entry.index for entry in report.entries] == [(0,)]


def with_nan():
    layer = Dense(3, 2, rng=0)
    layer.parameters["weight"][0] = np.nan
    return layer


# the forms that a user's function may have, all of them right for x * y and for its sum
Y = np.random.default_rng(1).standard_normal((4, 3))
FORMS = {
    "value and one array": (lambda x: ((x * Y).sum(), Y), (X,)),
    "value and a sequence": (lambda x, y: ((x * y).sum(), (y, x)), (X, Y)),
    "value and a mapping": (lambda x, y: ((x * y).sum(), {"x1": x, "x0": y}), (X, Y)),
    "vjp of one array": (lambda x: (x * Y, lambda dy: dy * Y), (X,)),
    "vjp of a sequence": (lambda x, y: (x * y, lambda dy: (dy * y, dy * x)), (X, Y)),
    "vjp of a mapping": (lambda x, y: (x * y, lambda dy: {"x0": dy * y, "x1": dy * x}), (X, Y)),
    "labels handed on": (
        lambda x, k: (x[k].sum(), np.array([[1, 1, 1], *np.zeros((3, 3))])),
        (X, [0]),
    ),
    "a layer": (Dense(3, 2, rng=0), (X,)),
    "a network": (Sequential(Dense(3, 2), Tanh(), rng=0), (X,)),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_function_may_return_its_gradients_in_any_of_these_forms(form):
    function, inputs = FORMS[form]
    report = gradcheck(function, *inputs)
    assert report, report
    assert report.entries


@pytest.mark.parametrize("form", [form for form in FORMS if "v" in form])
def test_in_each_form_a_wrong_gradient_is_found(form):
    function, inputs = FORMS[form]

    def doubled(*inputs):
        y, gradients = function(*inputs)

        def twice(g):
            if isinstance(g, dict):
                return {name: 2 * value for name, value in g.items()}
            return [2 * value for value in g] if isinstance(g, tuple) else 2 * g

        return y, (lambda dy: twice(gradients(dy))) if callable(gradients) else twice(gradients)

    assert set(gradcheck(doubled, *inputs).failed) == ({"x"} if len(inputs) == 1 else {"x0", "x1"})


@pytest.mark.parametrize("gradients", [(Y, None), {"x0": Y, "x1": None}])
def test_a_gradient_that_is_not_given_is_not_checked(gradients):
    report = gradcheck(lambda x, y: ((x * y).sum(), gradients), X, Y)
    assert [entry.name for entry in report.entries] == ["x0"]


def test_arrays_that_the_function_reads_are_checked_by_name_and_left_as_they_were():
    w = np.array([1.0, 2.0, 3.0])
    report = gradcheck(lambda: ((w**3).sum(), {"w": 3 * w**2}), wrt={"w": w})
    assert report, report
    np.testing.assert_array_equal(w, [1, 2, 3])


def test_inputs_and_networks_are_left_as_they_were():
    net, x = Sequential(Dense(3, 2), Tanh(), rng=0), X.copy()
    before = net.parameters.flat.copy()
    gradcheck(net, x)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(net.parameters.flat, before)
    assert net.parameters.flat.dtype == np.float32


class OneWrong(Dense):
    """A dense layer that is wrong in one element of one array."""

    def backward(self, dy, cache, grads=None, input_grad=True):
        dx = super().backward(dy, cache, grads, input_grad)
        if grads is not None:
            grads["weight"][2, 1] += 1e-6 * dy.sum()
        return dx


def test_the_report_names_the_array_and_the_element_that_is_wrong():
    report = gradcheck(OneWrong(3, 2, rng=0), X)
    assert not report
    assert report.failed == ["weight"]
    wrong = next(entry for entry in report.entries if not entry.passed)
    assert wrong.index == (2, 1)
    assert f"{wrong.error:.1e}" in str(report)
    assert "FAIL  weight" in str(report)
    assert "ok    bias" in str(report)


@pytest.mark.parametrize(("wrong", "found"), [(0.0, False), (1e-7, True)])
def test_a_corner_closer_than_rounding_lets_steps_be_is_no_mistake_and_hides_none(wrong, found):
    class Off(Dense):
        def backward(self, dy, cache, grads=None, input_grad=True):
            return (1 + wrong) * super().backward(dy, cache, grads, input_grad)

    net = Sequential(Dense(1, 1), ReLU(), Off(1, 1), rng=0)
    for array, value in zip(net.parameters.values(), (1, 1e-6 - 1, 1, 1000), strict=True):
        array[...] = value
    report = gradcheck(net, np.ones((1, 1)))
    assert bool(report) != found, report


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_gradient_that_is_not_finite_fails_at_its_element(bad):
    report = gradcheck(lambda x: ((x**2).sum(), np.array([2, bad, 2])), np.ones(3))
    assert report.failed == ["x"]
    assert report.entries[0].index == (1,)


def test_random_directions_find_an_error_in_a_single_element():
    assert gradcheck(Dense(3, 2, rng=0), X, directions=2)
    report = gradcheck(OneWrong(3, 2, rng=0), X, directions=2)
    assert set(report.failed) == {"weight"}
    assert len(report.entries) == 2 * 3  # x, weight and bias
    assert "direction" in str(report)


def relu_with(slope):
    """A ReLU whose backward pass takes ``slope`` at the corner."""
    return lambda x: (np.maximum(x, 0), lambda dy: dy * np.where(x == 0, slope, x > 0))


@pytest.mark.parametrize("slope", [0.0, 0.3, 1.0])
def test_at_a_corner_any_slope_between_the_two_is_accepted_and_said_so(slope):
    report = gradcheck(relu_with(slope), np.array([-1.0, 0.0, 1.0]))
    assert report, report
    assert report.entries[0].corners == 1
    assert "1 on a corner" in str(report)


@pytest.mark.parametrize("slope", [-0.1, 1.1])
def test_at_a_corner_a_slope_outside_is_refused(slope):
    report = gradcheck(relu_with(slope), np.array([-1.0, 0.0, 1.0]))
    assert report.entries[0].index == (1,)
    assert not report


@pytest.mark.parametrize("x", [1e-4, -1e-4])
def test_beside_a_corner_the_step_is_shortened_instead(x):
    report = gradcheck(ReLU(), np.array([[x, 1.0]]))
    assert report
    assert report.entries[0].corners == 0


@pytest.mark.parametrize("x", [0.0, 1e-7])
def test_a_smooth_functions_stationary_point_is_no_corner(x):
    x = np.full(3, x)
    assert gradcheck(lambda x: ((x**2).sum(), 2 * x), x)
    assert not gradcheck(lambda x: ((x**2).sum(), 1e-7 - 2 * x), x)


def test_randomness_is_replayed_in_every_evaluation():
    for layer in (Dropout(0.5), GaussianSample()):
        assert gradcheck(layer, np.ones((6, 4)), seed=3)


def test_a_dropout_whose_backward_forgets_the_mask_is_found():
    class Forgetful(Dropout):
        def backward(self, dy, cache, grads=None, input_grad=True):
            return dy

    assert gradcheck(Forgetful(0.5), np.ones((6, 4))).failed == ["x"]


REFUSED = [
    (lambda: gradcheck(Dense(3, 2), X.astype(np.float32)), "float64, not float32"),
    (lambda: gradcheck(lambda x: (x.sum(), np.ones(3)), X), r"'x' has shape \(3,\)"),
    (lambda: gradcheck(lambda x: (x.sum(), {"x": X, "y": X}), X), "no array of that name"),
    (lambda: gradcheck(lambda x: (x.sum(), (X, X)), X), "2 gradients for 1 inputs: x"),
    (lambda: gradcheck(Dense(3, 2), X, method="forward"), "unknown method 'forward'"),
    (
        lambda: gradcheck(lambda: (X.sum(), {"w": X}), wrt={"w": X}, method="complex"),
        "without wrt",
    ),
    (
        lambda: gradcheck(lambda: (0.0, {"w": X}), wrt={"w": X.astype(np.float32)}),
        "float64, not float32",
    ),
    (lambda: gradcheck(Dense(4, 2), X), r"takes an input of shape \(n, 4\)"),
    (lambda: gradcheck(lambda x: (x.sum(), {}), X), "gradient of 'x' is missing"),
    (lambda: gradcheck(lambda x, y: ((x * y).sum(), {"x0": Y}), X, Y), "'x1' is missing"),
    (lambda: gradcheck(lambda x: (x.sum(), None), X), "nothing was checked"),
    (lambda: gradcheck(lambda: (0.0, {})), "nothing was checked"),
    (lambda: gradcheck(ReLU(), np.ones((0, 3))), "nothing was checked"),
    (
        lambda: gradcheck(ReLU(), X, directions=-1),
        "directions must be a whole number, at least 1, not -1",
    ),
    (
        lambda: gradcheck(ReLU(), X, directions=0),
        "directions must be a whole number, at least 1, not 0",
    ),
    (lambda: gradcheck(lambda x: (x.sum(), {"x": X}), X, wrt={"x": X}), "is called 'x': rename"),
    (lambda: gradcheck(with_nan(), X), "the value is not finite"),
    (lambda: gradcheck(lambda: (0.0, {"w": FIXED}), wrt={"w": FIXED}), "w is read-only"),
    (lambda: gradcheck(Dense(3, 2)), "on one float64 array, not on nothing"),
    (lambda: gradcheck(Dense(3, 2), X, X), "not on float64, float64"),
    (lambda: gradcheck(Dense(3, 2), [[1.0, 2.0, 3.0]]), "not on list"),
    (lambda: gradcheck(Dense(3, 2), np.ones((4, 3), int)), "not on int64"),
    (lambda: gradcheck(Dense(3, 2), X, wrt={"w": X}), "without wrt"),
    (lambda: gradcheck(lambda: (0.0, {"w": X}), wrt={"w": [1.0]}), "float64, not list: w"),
    (lambda: gradcheck(lambda x: x.sum(), X), r"must return \(value, gradients\)"),
    (lambda: gradcheck(lambda x: (2 * x, 2 * X), X), r"shape \(4, 3\) needs a function vjp"),
]


@pytest.mark.parametrize(("check", "message"), REFUSED)
def test_what_cannot_be_checked_is_refused_in_words(check, message):
    with pytest.raises(InputError, match=message):
        check()


class Forgetful(Dense):
    """Returns no dx."""

    def backward(self, dy, cache, grads=None, input_grad=True):
        super().backward(dy, cache, grads, input_grad)


def test_a_layer_that_forgets_to_return_its_inputs_gradient_is_named():
    with pytest.raises(InputError, match=r"Forgetful\(3, 2\): backward returned None"):
        gradcheck(Forgetful(3, 2, rng=0), X)


@pytest.mark.parametrize("gradient", [2.0, {"x": [2.0] * 3}])
def test_a_gradient_may_be_a_number_or_a_list(gradient):
    x = np.ones(()) if gradient == 2.0 else np.ones(3)
    assert gradcheck(lambda x: (2 * x.sum(), gradient), x)


def test_a_function_that_raises_while_it_is_checked_leaves_its_arrays_as_they_were():
    w, calls = np.ones(3), []

    def breaks():
        calls.append(None)
        if len(calls) > 2:
            raise ZeroDivisionError
        return w.sum(), {"w": np.ones(3)}

    with pytest.raises(ZeroDivisionError):
        gradcheck(breaks, wrt={"w": w})
    np.testing.assert_array_equal(w, 1)


def test_assert_gradients_is_silent_or_raises_with_the_table():
    assert_gradients(Dense(3, 2, rng=0), X)
    with pytest.raises(AssertionError, match="wrong gradient of weight") as caught:
        assert_gradients(OneWrong(3, 2, rng=0), X)
    assert str(gradcheck(OneWrong(3, 2, rng=0), X)) in str(caught.value)


def test_the_tolerance_can_be_chosen():
    slightly = lambda x: ((x**2).sum(), 2 * x * (1 + 1e-6))  # noqa: E731
    assert not gradcheck(slightly, X)
    assert gradcheck(slightly, X, tolerance=1e-5)


def test_most_derivatives_take_two_evaluations():
    counts = []
    for n in (10, 20):
        seen = []

        def function(x, seen=seen):
            seen.append(x)
            return np.tanh(x).sum(), 1 - np.tanh(x) ** 2

        assert gradcheck(function, np.linspace(-1, 1, n))
        counts.append(len(seen))
    assert counts[1] - counts[0] == 2 * 10


def test_large_numbers_that_do_not_move_hide_no_mistake():
    def function(x, factor):
        still = np.full(3, 1e8)
        return np.append(x**2, still), lambda dy: factor * 2 * x * dy[: x.size]

    x = np.array([1.0, 2.0])
    assert gradcheck(lambda x: function(x, 1.0), x)
    assert not gradcheck(lambda x: function(x, 1.0001), x)
