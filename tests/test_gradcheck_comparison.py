"""The numbers of a report, and which elements fail: of functions whose gradients are known."""

import dataclasses
import io
import math
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from commands import Terminal

from npgan import Layer, gradcheck
from npgan.check import comparison
from npgan.check.report import Entry, Report


def linear(factors, claimed, constant=0.0):
    """Return a linear function that claims some gradient."""
    return lambda x: (constant + (factors * x).sum(), np.array(claimed, float))


def checked(factors, claimed, constant=0.0, **options):
    """Return the entry of a linear function at (0, 0.5, 0.5, ...)."""
    factors = np.array(factors, float)
    x = np.where(np.arange(len(factors)) == 0, 0, 0.5)
    (entry,) = gradcheck(linear(factors, claimed, constant), x, **options).entries
    return entry


ERRORS = {  # factors, claimed gradient, constant -> worst element, its error
    "of the array's largest": ([1, 4], [1, 5], 0, 1, 1 / 5),
    "of the largest that is found": ([1, 4], [1, 3], 0, 1, 1 / 4),
    "of a smaller element": ([1, 4], [3, 4], 0, 0, 2 / 4),
    "of a thousandth of the value": ([1, 4], [1, 5], 1e4, 1, 1 / 10),
    "of an element that is not a number": ([1, 4], [math.nan, 5], 0, 0, math.nan),
    "of an infinite one": ([1, 4], [1, math.inf], 0, 1, math.inf),
    "of a few per cent of a small one": ([1e10, 1], [1e10, 1.04], 0, 1, 4e-12),
    "of more of a small one": ([1e10, 1], [1e10, 1.08], 0, 1, 0.08 / 1.08),
    "of a small one's sign": ([1e10, 1], [1e10, -1], 0, 1, 2),
    "of one that is only rounding": ([1e10, 1e-3], [1e10, -1e-3], 0, 1, 2e-13),
}


@pytest.mark.parametrize("what", ERRORS)
def test_an_error_is_that(what):
    factors, claimed, constant, worst, error = ERRORS[what]
    entry = checked(factors, claimed, constant)
    if error > 1e-8 or math.isnan(error):
        assert entry.index == (worst,)
        assert entry.error == pytest.approx(error, rel=0.01, nan_ok=True)
        assert entry.analytic == pytest.approx(claimed[worst], nan_ok=True)
        assert entry.numeric == pytest.approx(factors[worst], rel=1e-6)
    assert entry.passed == (error < 1e-8)


def test_a_gradient_without_any_number_fails():
    assert not checked([1, 4], [math.nan] * 2).passed
    assert not checked([1, 4], [math.nan] * 2, directions=1).passed


def test_a_function_that_is_known_at_one_point_alone_fails():
    x = np.array([0.5, 2])
    report = gradcheck(lambda at: (1.0 if (at == x).all() else math.nan, 0 * at + 1), x)
    assert report.failed == ["x"]


@pytest.mark.parametrize("seed", range(4))
def test_along_a_direction_an_error_is_that_of_a_typical_element(seed):
    factors = np.where(np.arange(50) == 7, 10, 0.1)
    claimed = factors + 0.5 * (np.arange(50) == 3)
    entry = checked(factors, claimed, directions=1, seed=seed)
    assert entry.index is None
    largest = max(math.sqrt((claimed**2).mean()), abs(entry.numeric))
    assert entry.error == pytest.approx(abs(entry.analytic - entry.numeric) / largest, rel=1e-6)
    assert checked([1e10, 1], [1e10, 1.5], directions=1).passed  # hidden by the other element


def test_of_a_single_element_no_direction_is_made():
    entry = checked([2.0], [3.0])
    assert entry.index == (0,)
    assert entry.error == pytest.approx(1 / 3)


def test_after_ten_wrong_elements_the_others_cost_few_evaluations():
    def cost(n):
        calls = []
        gradcheck(lambda x: (calls.append(x) or (2 * x).sum(), 3 + 0 * x), np.full(n, 0.5))
        return len(calls)

    costs = np.diff([cost(n) for n in (9, 10, 11, 12)])
    assert costs[0] > costs[1] == costs[2] == 6


def test_numbers_that_rounding_hides_are_counted_and_wrong_ones_fail():
    entry = checked([1, 1, 1], [1, 2, 0], 1e20)
    assert (entry.passed, entry.note) == (True, "2 cannot be distinguished from 0")
    entry = checked([0, 0, 0], [1, 2, 3], 1e20)
    assert (entry.passed, entry.note) == (True, "3 cannot be distinguished from 0")
    entry = checked([1, 1, 1], [1, 1, 1], 1e12)
    assert (entry.passed, entry.note) == (True, "")
    entry = checked([1, 1, 1], [1, 1, -1], 1e12)
    assert (entry.passed, entry.index, entry.note) == (False, (2,), "")


TIES = {  # inputs that are alike, claimed slope of each -> the error, or None
    "one of two": (2, [3, 0], None),
    "both of two": (2, [3, 3], 1.0),
    "none": (2, [0, 0], 1000.0),
    "a part of all": (3, [1, 1, 1], None),
    "all": (4, [3] * 4, 3.0),
}


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("what", TIES)
def test_slopes_at_corners_that_are_moved_together_have_a_sum_within_bounds(what, sign):
    n, claimed, error = TIES[what]
    x = np.append(np.ones(n), 0.5 * sign)
    x[:n] *= sign

    def function(x):
        largest = (sign * x).max()
        tie = (x[:n] == x[0]).all()
        return 3 * sign * largest, np.append(claimed, 0.0) if tie else 3.0 * (sign * x == largest)

    (entry,) = gradcheck(function, x).entries
    assert entry.passed == (error is None)
    assert entry.corners == n
    if error:
        assert entry.error == pytest.approx(error, rel=1e-3)


class Rectified(Layer):
    """max(x, 0) with a slope of its own at 0, and perhaps a wrong one above."""

    def __init__(self, at_zero, above=1.0):
        self.at_zero, self.above = at_zero, above

    def forward(self, x, rng=None):
        return np.maximum(x, 0), x

    def backward(self, dy, cache, grads=None, input_grad=True):
        return dy * np.where(cache == 0, self.at_zero, self.above * (cache > 0))


@pytest.mark.parametrize("directions", [None, 1])
def test_a_layer_that_is_wrong_at_a_corner_alone_is_checked_beside_it(directions):
    x = np.array([[-1.0, 0, 1]])
    (entry,) = gradcheck(Rectified(5.0), x, directions=directions).entries
    assert (entry.passed, entry.note, entry.corners) == (True, "beside a corner", 0)
    (entry,) = gradcheck(Rectified(5.0, above=1.1), x, directions=directions).entries
    assert not entry.passed
    assert entry.note == ("" if directions is None else entry.note)


class Contradictory(Rectified):
    """Computes another gradient where those of its parameters are not wanted."""

    def backward(self, dy, cache, grads=None, input_grad=True):
        return super().backward(dy, cache) * (2 if grads is None else 1)


def test_a_layer_that_contradicts_itself_is_not_excused_by_a_corner():
    (entry,) = gradcheck(Contradictory(5.0), np.array([[-1.0, 0, 1]])).entries
    assert (entry.passed, entry.note) == (False, "different without grads")


@pytest.mark.parametrize(("slope", "passed"), [(0.6, True), (1.0, True), (1.1, False)])
def test_corners_that_moved_together_are_one_have_any_slope_between(slope, passed):
    report = gradcheck(lambda x: (np.maximum(x, 0).sum(), np.full(2, slope)), np.zeros(2))
    assert report.entries[0].corners == 2
    assert bool(report) == passed


def test_a_gradient_that_comes_once_only_fails():
    calls = []

    def function(x):
        return x**2, lambda dy: calls.append(dy) or (2 * x * dy if len(calls) == 1 else None)

    (entry,) = gradcheck(function, np.array([0.5, 1])).entries
    assert (entry.passed, entry.note[:26]) == (False, "different when asked again")


def test_a_gradient_that_is_no_number_fails_without_a_warning():
    assert not gradcheck(lambda x: ((x**2).sum(), 2 * x * x / x), np.array([0.0, 1]))


def test_a_progress_bar_is_for_terminals(monkeypatch):
    monkeypatch.setattr(comparison, "PATIENCE", 0.0)
    for kind, shown in ((Terminal, True), (io.StringIO, False)):
        monkeypatch.setattr(sys, "stderr", kind())
        checked([1, 2], [1, 2])
        written = sys.stderr.getvalue()
        assert written.startswith("\rx:") == shown
        assert written.strip(" \r") == "" or shown
        assert written.endswith("\r") == shown  # nothing stays


def entry(name="w", error=0.0, passed=True, **more):
    return Entry(name, (1, 0), 1.5, 2.5, error, more.pop("corners", 0), passed, **more)


TOLERANCE = 1e-8
LARGEST = {  # (error, whether it passed) of each entry -> the report's error
    "nothing": ([], 0.0),
    "passed": ([(1e-9, True), (1e-10, True)], 1e-9),
    "failed": ([(1e-3, False), (1e-10, True)], 1e-3),
    "failed for another reason": ([(1e-3, False), (1e-10, False)], math.inf),
    "at the tolerance": ([(TOLERANCE, True)], TOLERANCE),
    "at the tolerance, and failed": ([(TOLERANCE, False)], math.inf),
}


@pytest.mark.parametrize("what", LARGEST)
def test_a_reports_error_is_the_largest(what):
    errors, largest = LARGEST[what]
    report = Report([entry(error=error, passed=passed) for error, passed in errors], TOLERANCE)
    assert report.error == largest
    assert bool(report) == all(passed for _, passed in errors)


def test_a_report_is_printed_as_a_table():
    report = Report(
        [
            entry("weight"),
            entry("b" * 30, 0.25, False, corners=3, note="odd"),
            dataclasses.replace(entry("weight", 0.5, False), index=None),
        ]
    )
    assert report.failed == ["b" * 30, "weight"]
    assert str(report).splitlines() == [
        f"      array{'worst at':>35}           analytic        numeric  error",
        f"ok    weight{'(1,0)':>31}                   1.5            2.5  0.0e+00",
        f"FAIL  {'b' * 30}  (1,0)                   1.5            2.5  2.5e-01"
        "  (3 on a corner: any slope between)  (odd)",
        f"FAIL  weight{'direction':>35}               1.5            2.5  5.0e-01",
        "tolerance 1e-08 of each array's largest",
    ]
    assert len(str(Report([entry("w")])).splitlines()[1].split("(1,0)")[0]) == 4 + 2 + 24 + 2


@pytest.mark.parametrize("thing", [entry(), Report()])
def test_results_cannot_be_changed(thing):
    with pytest.raises(dataclasses.FrozenInstanceError):
        thing.tolerance = thing.error = 1.0


@pytest.mark.parametrize("largest", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("bend", [-1, 0, 1])
@pytest.mark.parametrize("hidden", [True, False, None])
def test_what_is_below_a_billionth_of_the_values_is_looked_at_with_longer_steps(
    largest, bend, hidden
):
    looked, it = [], object.__new__(comparison.Comparison)

    def is_hidden(*given):
        looked.append(given)
        return hidden

    it.slopes, it.lines, it.analytic = SimpleNamespace(is_hidden=is_hidden), ["a"], [3.0]
    it.largest, it.sizes, it.bends = largest * comparison.VISIBLE, np.ones(1), np.array([bend])
    it.errors = np.full(1, 0.25)
    due = largest < 1 and bend == 0
    assert it._check_hidden() == (due and hidden is True)
    assert looked == [("a", 3.0, 1.0)] * due
    assert it.errors == (1.0 if due and hidden is None else 0.25)
