"""Slopes of functions of which the slopes are known."""

import math
import warnings

import numpy as np
import pytest

from npgan import InputError
from npgan.check.numeric import EPS, FLOOR, BlackBox, Line, Slopes


def measured(function, x=0.0):
    """Return the slopes of a function of one number, at x, and the line on which it is moved."""
    array = np.array([x])
    box = BlackBox(lambda: np.array(function(array[0])), np.random.default_rng(0))
    box.remember()
    return Slopes(box, np.ones(box.y.shape)), Line(array, (0,))


STEPS = {
    0.0: [0.5],
    0.05: [0.5, 0.025],
    -0.05: [0.5, 0.025],
    0.1: [0.5],
    1.0: [0.5],
    -4.0: [2.0, 0.5],
}


@pytest.mark.parametrize("x", STEPS)
def test_steps_are_scaled_to_the_number(x):
    assert list(Line(np.array([x, 3.0]), (0,)).steps((0.5,))) == STEPS[x]
    assert list(Line(np.array([x, x / 2]), ...).steps((0.5,))) == STEPS[x]


def test_a_steps_length_is_that_between_floats():
    assert Line(np.array([1e15]), (0,)).length(-0.3, 0.1) == 0.25 + 0.125
    assert Line(np.array([1e15 + 0j]), (0,)).length(-0.3, 0.1) == 0.25 + 0.125
    assert Line(np.array([1e17]), (0,)).length(-0.25, 0.5) == 0.75  # nothing moves
    assert Line(np.array([1e15, 1]), ...).length(-0.25, 0.5) == 0.75


DIFFERENCES = {  # of a function at a point, for h = 0.1
    "plain": [(lambda x: x**3, 1.0, 3 + 0.01), (lambda x: x**2, 2.0, 4.0)],
    "extrapolated": [(lambda x: x**3, 1.0, 3.0), (lambda x: x**5, 0.0, -(0.1**4) / 4)],
    "one_sided": [(lambda x: abs(x) + x**2, 0.0, 1.0), (lambda x: x**3, 0.0, -0.02)],
}


@pytest.mark.parametrize("kind", DIFFERENCES)
def test_differences_have_their_known_errors(kind):
    for function, x, expected in DIFFERENCES[kind]:
        slopes, line = measured(function, x)
        assert getattr(slopes, kind)(line, 0.1) == pytest.approx(expected, rel=1e-9)
        assert line.array == x
    slopes, line = measured(lambda x: abs(x) + x**2)
    assert slopes.one_sided(line, -0.1) == pytest.approx(-1)


def test_outside_of_a_functions_domain_the_slope_is_unknown():
    slopes, line = measured(lambda x: math.sqrt(x), 0.01)
    assert slopes.plain(line, 0.005) == pytest.approx(5, abs=0.5)
    assert math.isnan(slopes.plain(line, 0.02))


def test_of_points_outside_of_the_domain_nobody_is_warned():
    slopes, line = measured(np.sqrt, 0.01)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        assert math.isnan(slopes.plain(line, 0.02))
    assert not seen


@pytest.mark.parametrize("error", [KeyError, InputError])
def test_other_errors_are_the_users_own(error):
    def function(x):
        if x:
            raise error("odd")
        return x

    slopes, line = measured(function)
    with pytest.raises(error, match="odd"):
        slopes.plain(line, 0.1)


def test_a_value_of_another_shape_is_refused():
    values = iter([2, 3, 3, 3])
    slopes, line = measured(lambda x: np.ones(next(values)))
    with pytest.raises(InputError, match=r"the value has shape \(2,\), and then \(3,\)"):
        slopes.plain(line, 0.1)
    with pytest.raises(InputError, match=r"the value has shape \(2,\), and then \(3,\)"):
        slopes.complex_step(Line(line.array.astype(complex), (0,)))


def test_a_value_that_cannot_be_summed_up_is_refused():
    with np.errstate(over="ignore"), pytest.raises(InputError, match="the value is too large"):
        measured(lambda x: [1e308, 1e308])


SMOOTH = lambda x: 100 + 2 * x + x**3  # noqa: E731
KINK = lambda x: max(x, 3 * x)  # noqa: E731
DERIVATIVES = {  # function, its expected slope -> the slope that is found, its corner
    "right": (SMOOTH, 2.0, 2.0, 0),
    "wrong": (SMOOTH, 3.0, 2.0, 0),
    "nothing": (lambda x: 5.0, 0.0, 0.0, 0),
    "nothing, and expected": (lambda x: 5.0, 1.0, 0.0, 0),
    "rounding": (lambda x: [5.0, 0 * x], 5 * EPS / 2, 5 * EPS / 2, 0),
    "more than rounding": (lambda x: [5.0, 0 * x], 1e-7, 0.0, 0),
    "rounding of what moves": (lambda x: [1.0, 5 + x], 1 + 6 * EPS, 1.0, 0),
    "between the slopes of a corner": (abs, 0.3, 0.3, 1),
    "the left one": (KINK, 1.0, 1.0, 1),
    "the right one": (KINK, 3.0, 3.0, 1),
    "above both": (KINK, 3.1, 2.0, 1),
    "below both": (KINK, 0.9, 2.0, 1),
    "between, of a corner downwards": (lambda x: -abs(x), 0.3, 0.3, -1),
    "above both, of a corner downwards": (lambda x: -KINK(x), 0.0, -2.0, -1),
    "below both, of a corner downwards": (lambda x: -KINK(x), -4.0, -2.0, -1),
    "a corner of curves": (lambda x: abs(x) + x**2, 0.3, 0.3, 1),
    "a curve nearly as straight as a corner's sides": (lambda x: x + 33 * x**2, 1.0001, 1.0, 0),
    "a corner too curved": (lambda x: abs(x) + 2000 * x**2, 0.3, 0.0, 0),
    "a second corner beyond": (lambda x: abs(x) + abs(x - 1.3e-6), 0.3, None, 0),
    "a second corner before": (lambda x: abs(x) + abs(x + 1.3e-6), 0.3, None, 0),
    "a second corner close by": (lambda x: abs(x) + abs(x - 3e-7), 0.3, None, 0),
    "a corner of which little is left": (lambda x: 1e6 * x + 10 * abs(x), 1e6 + 5, 1e6, 0),
    "a jump": (lambda x: x > 0, 5.0, None, 0),
    "a point of its own": (lambda x: x != 0, 5.0, 0.0, 0),
}


@pytest.mark.parametrize("what", DERIVATIVES)
def test_the_slope_that_is_found(what):
    function, expected, value, corner = DERIVATIVES[what]
    slopes, line = measured(lambda x: np.asarray(function(x), float))
    found = slopes.derivative(line, expected, 1.0, 1e-8)
    assert value is None or found.value == pytest.approx(value, rel=1e-6, abs=1e-3), found
    assert found.corner == corner
    assert line.array == 0


def test_an_expected_slope_between_those_of_a_corner_is_taken_as_it_is():
    slopes, line = measured(KINK)
    for expected in (1.0, 1.7, 3.0):
        assert slopes.derivative(line, expected, 1.0, 1e-8).value == expected


def test_a_single_step_is_taken_where_that_will_do():
    slopes, line = measured(abs)
    assert slopes.derivative(line, 0.3, 1.0, 1e-8, refine=False) == (0.0, pytest.approx(0), 0)


@pytest.mark.parametrize("upstream", [1.0, -2.0])
def test_a_slopes_size_is_that_of_the_values_that_move(upstream):
    slopes, line = measured(lambda x: np.array([-3 + x, 100.0, 5 - x**2]), 1.0)
    slopes = Slopes(slopes.black_box, np.full(3, upstream))
    assert slopes.derivative(line, -1 * upstream, 1.0, 1e-8).size == abs(upstream) * (2 + 4)
    slopes, line = measured(lambda x: [-3.0, 100.0])
    assert slopes.derivative(line, 1.0, 1.0, 1e-8).size == 103


@pytest.mark.parametrize(("expected", "largest", "found"), [(2.1, 0, 2.1), (2.1, 11, 0), (3, 0, 3)])
def test_near_enough_is_relative_to_the_largest_or_to_the_value(expected, largest, found):
    """A wrong slope is measured again, unless it is within the tolerance."""
    calls = []
    slopes, line = measured(lambda x: calls.append(x) or 50 + 2 * x)
    before = len(calls)
    slopes.derivative(line, expected, largest, 0.01)
    assert (len(calls) - before == 2) == (found == 0)


@pytest.mark.parametrize("expected", [3.0, -2.0])
def test_a_slope_that_two_steps_agree_on_is_not_measured_with_all_of_them(expected):
    calls = []
    slopes, line = measured(lambda x: calls.append(x) or 2 * x, 0.5)
    before = len(calls)
    slopes.derivative(line, expected, 1.0, 1e-8)
    assert len(calls) - before < 30


CONTRADICTED = {  # function, expected slope, whether steps contradict it
    "right": (lambda x: x, 1.0, False),
    "a little wrong": (lambda x: x, 1.005, False),
    "almost a hundredth": (lambda x: x, 1.009, False),
    "more than a hundredth": (lambda x: x, 1.015, True),
    "wrong": (lambda x: x, 1.05, True),
    "zero": (lambda x: x, 0.0, True),
    "zero, but not expected": (lambda x: 0 * x, 1.0, True),
    "wrong of a curve": (np.exp, 1.05, True),
    "between the slopes of a corner": (KINK, 1.5, False),
    "the slope of one side": (KINK, 1.0, False),
    "outside of them": (KINK, 3.5, True),
    "outside of those of a corner downwards": (lambda x: -KINK(x), -0.5, True),
    "between those of a corner downwards": (lambda x: -KINK(x), -1.5, False),
    "a corner close by, and one of its slopes": (lambda x: max(x, 3 * x - 6e-6), 3.0, False),
    "slopes that grow by half a hundredth": (lambda x: x * abs(x) ** np.log10(1.005), 5.0, True),
    "slopes that grow by more": (lambda x: x * abs(x) ** np.log10(1.015), 5.0, False),
    "steps that do not agree": (lambda x: x**2 / 1e-6 + (x > 0) * 1e-3, 50.0, False),
}


@pytest.mark.parametrize("what", CONTRADICTED)
def test_steps_contradict_what_is_wrong_and_no_corner(what):
    function, expected, contradicted = CONTRADICTED[what]
    slopes, line = measured(function)
    assert slopes.contradict(line, expected, 1.0) == contradicted


@pytest.mark.parametrize(
    ("expected", "size", "contradicted"),
    [(2.0, 1e6, True), (2.0, 1e10, False), (1.03, 1e6, True), (1.03, 1.4e8, False)],
)
def test_rounding_contradicts_nothing(expected, size, contradicted):
    slopes, line = measured(lambda x: x)
    assert slopes.contradict(line, expected, size) == contradicted


def test_where_the_curve_has_a_corner_both_sides_are_asked():
    slopes, line = measured(lambda x: x * abs(x) + x**4)
    assert abs(slopes.derivative(line, 0.0, 1e-5, 1e-8).value) < 1e-13


HIDDEN = {  # function, expected slope, size of the values, whether rounding hides it
    "right": (lambda x: x, 1.0, 1e6, False),
    "right, but for rounding": (lambda x: x, 1.005, 1e6, False),
    "wrong": (lambda x: x, 2.0, 1e6, None),
    "zero": (lambda x: x, 0.0, 1e6, None),
    "zero, and so it is": (lambda x: 0 * x, 0.0, 1e6, False),
    "zero, but not expected": (lambda x: 0 * x, 1.0, 1e6, None),
    "hidden": (lambda x: 0 * x, 1.0, 1e18, True),
    "wrong by less than a hundredth": (lambda x: x, 1.009, 1e8, False),
    "wrong by more than a hundredth": (lambda x: x, 1.015, 1e8, None),
    "hidden, but for the longest step": (lambda x: x, 2.0, 1e13, None),
    "right, as the longest step shows": (lambda x: x, 1.001, 1e13, False),
    "wrong by less than a hundredth and five times the rounding": (lambda x: x, 1.03, 1e13, False),
    "wrong by more than that": (lambda x: x, 1.035, 1e13, None),
    "zero at a point of a curve": (lambda x: x**5, 1e-14, 1.0, True),
}


@pytest.mark.parametrize("what", HIDDEN)
def test_longer_steps_show_what_rounding_hides(what):
    function, expected, size, hidden = HIDDEN[what]
    slopes, line = measured(function)
    assert slopes.is_hidden(line, expected, size) is hidden


def test_the_complex_step_is_exact_and_knows_the_size_of_what_moves():
    array = np.array([2.0 + 0j, 5.0])
    box = BlackBox(lambda: np.array([array[0] ** 3, -7.0, array[1]]), np.random.default_rng(0))
    box.remember()
    slopes = Slopes(box, np.array([1.0, 1, -2]))
    assert slopes.complex_step(Line(array, (0,))) == (12, 8, 0)
    assert slopes.complex_step(Line(array, (1,))) == (-2, 10, 0)
    box.value = lambda: np.array([8.0, -7, 5])
    assert slopes.complex_step(Line(array, (0,))) == (0, pytest.approx(25 / FLOOR), 0)


def test_a_value_must_be_the_same_again():
    array, state = np.array([1.0, np.nan]), [0.0]
    box = BlackBox(lambda: array + state[0], np.random.default_rng(0))
    box.remember(Line(array, (0,)))
    box.require_the_same()
    with pytest.raises(InputError, match="two evaluations at one point differ"):
        box.require_the_same(lambda: array * 2)
    with pytest.raises(InputError, match=r"shape \(2,\), and then \(1,\)"):
        box.require_the_same(lambda: array[:1])
    state[0] = 1e-9
    with pytest.raises(InputError, match="differ"):
        box.require_the_same()


def test_a_black_box_is_moved_to_its_last_other_point_and_back():
    array, seen = np.zeros(2), []
    box = BlackBox(lambda: seen.append(array.copy()) or array.copy(), np.random.default_rng(0))
    box.remember(Line(array, (0,)), Line(array, (1,)))
    box.move_away()
    assert [list(at) for at in seen] == [[1e-3, 0], [0, 1e-3], [0, 0], [0, 1e-3]]
    assert list(array) == [0, 0]


def test_what_changes_on_one_side_alone_counts_as_changed():
    slopes, line = measured(lambda x: 5 + max(x, 0.0))
    slopes.plain(line, 1e-3)
    assert slopes.derivative(line, 0.5, 1.0, 1e-8).size == 5
