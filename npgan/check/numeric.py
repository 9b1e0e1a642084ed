r"""Numeric derivatives: a function is evaluated at points that lie close together.

- **Central differences**, :math:`d(h) = \frac{f(t + h) - f(t - h)}{2h} = f' + \tfrac{h^2}{6} f''' +
  O(h^4)`. Rounding adds about :math:`\epsilon|f|/h`, so that h near :math:`\epsilon^{1/3} \approx
  6\cdot10^{-6}` is best. It costs two evaluations, and is accurate enough for most derivatives.
- One step of **Richardson's extrapolation**, :math:`\frac{4 d(h/2) - d(h)}{3} = f' + O(h^4)`, with h
  near :math:`\epsilon^{1/5} \approx 10^{-3}`, gains a digit where central differences have too few.
- **The complex step** for analytic functions: :math:`f(t + ih) = f + ihf' + O(h^2)`, so
  :math:`f' = \operatorname{Im} f(t + ih)/h` with nothing subtracted, and h can be 1e-30.

Each h is drawn from a range, so that it is not the period of a function.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from npgan.errors import InputError

PLAIN = (6e-6,)
ALONG = 10  # times as long a step along a direction, in which each of many elements moves little
STEPS = (1e-3, 1e-4, 1e-5, 1e-6)
SMALL_STEPS = (1e-8, 1e-10, 1e-12)
SETTLED = 1e-7  # of the gap to the expected slope
MIDDLE_STEPS = (1e-5, 1e-4, 1e-3)
LARGE_STEPS = (1e-3, 0.01, 0.1, 1.0)
ONE_SIDED = 1e-5
CORNER = 1e-6
SLACK = 1e-4  # relative: slopes that differ by less are taken for equal
COMPLEX_STEP = 1e-30
PROBE = 1e-3  # from the present point to another at which the function must repeat itself
FLOOR = 1e-3  # of the value: the least that errors are relative to
EPS = float(np.finfo(float).eps)


@dataclass(frozen=True)
class Line:
    """A line through an array's value: ``array[place] + t * direction``.

    The place is an element, with the direction 1, or ``...``, the whole array.
    """

    array: np.ndarray
    place: Any
    direction: Any = 1.0

    def steps(self, steps: tuple[float, ...]) -> Iterator[float]:
        """Yield steps, scaled to the numbers: a float near 1e6 has six fewer digits behind the point."""
        size = float(abs(self.array[self.place]).max())
        yield from (h * max(1.0, size) for h in steps)
        if size > 1:
            yield from steps
        if 0 < size < 0.1:
            yield from (h * size for h in steps)

    def length(self, left: float, right: float) -> float:
        """Return the distance from t = left to t = right as floating-point numbers have it."""
        at = self.array[self.place]
        if np.ndim(at):
            return right - left
        return float((at.real + right) - (at.real + left)) or right - left


class Slope(NamedTuple):
    r"""A derivative along a line.

    Attributes
    ----------
    value : of v · y
    size : the sum of \|v y\| over those elements of y that the line changes
    corner : the sign of the right slope minus the left one, if they differ, else 0; the value then lies
        between them if the expected slope does
    """

    value: float
    size: float
    corner: int = 0


class BlackBox:
    """A function of arrays, of which nothing is known but its values.

    Parameters
    ----------
    value : evaluates the function at the arrays' present values, and returns a new array
    rng : draws the lengths of steps
    """

    def __init__(self, value: Callable[[], np.ndarray], rng: np.random.Generator) -> None:
        self.value, self.rng = value, rng
        self._seen: list[tuple[Line | None, np.ndarray]] = []

    def at(self, line: Line, t: complex) -> np.ndarray:
        """Return the value at t on a line, which may leave the function's domain."""
        before = line.array[line.place].copy()
        line.array[line.place] = before + t * line.direction
        try:
            with np.errstate(all="ignore"):
                return self.value()
        finally:
            line.array[line.place] = before

    def remember(self, *lines: Line) -> None:
        """Evaluate at points on lines and at the present point, for :meth:`require_the_same`."""
        self._seen = [(line, self.at(line, PROBE)) for line in lines]
        self.y = self.value()
        self._seen.append((None, self.y))

    def move_away(self) -> None:
        """Evaluate at another point: one of those that are remembered."""
        line, _ = self._seen[-2]
        if line is not None:
            self.at(line, PROBE)

    def require_the_same(self, value: Callable[[], np.ndarray] | None = None) -> None:
        """Evaluate there again: the values must be the same to the last bit.

        Raises InputError if a value differs.
        """
        again = BlackBox(value or self.value, self.rng)
        for line, seen in self._seen:
            now = again.value() if line is None else again.at(line, PROBE)
            require_shape(now, seen.shape)
            if not np.array_equal(now, seen, equal_nan=True):
                raise InputError(
                    f"two evaluations at one point differ, by {abs(now - seen).max():.2g}: the function "
                    "has a state that changes, or depends on time, threads or randomness"
                )


def require_shape(y: np.ndarray, shape: tuple[int, ...]) -> None:
    """Raise an InputError if the value's shape differs from that at another point."""
    if y.shape != shape:
        raise InputError(f"the value has shape {shape}, and then {y.shape}")


class Slopes:
    """The slopes of v · y along lines, for an upstream gradient v."""

    def __init__(self, black_box: BlackBox, upstream: np.ndarray) -> None:
        self.black_box, self.upstream, self.y = black_box, upstream, black_box.y
        self.sizes = abs(upstream * black_box.y.real)
        self._changed = np.zeros(self.y.shape, bool)
        if not np.isfinite(self.sizes.sum()):
            raise InputError("the value is too large: scale it, so that its sum is a finite number")

    def _at(self, line: Line, t: float) -> np.ndarray:
        """Return y at t; NaN outside the function's domain."""
        try:
            y = self.black_box.at(line, t) if t else self.y
        except (ValueError, ArithmeticError, AssertionError) as error:
            if isinstance(error, InputError):
                raise
            return np.full(self.y.shape, np.nan)
        require_shape(y, self.y.shape)
        return y

    def _mean(self, line: Line, left: float, right: float) -> float:
        """Return the mean slope from t = left to t = right; y is subtracted before summing."""
        low, high = self._at(line, left), self._at(line, right)
        self._changed |= (low != self.y) | (high != self.y)
        return float((self.upstream * (high - low)).sum() / line.length(left, right))

    def plain(self, line: Line, h: float) -> float:
        """Return a central difference."""
        return self._mean(line, -h, h)

    def extrapolated(self, line: Line, h: float) -> float:
        """Return one step of Richardson's extrapolation."""
        return (4 * self._mean(line, -h / 2, h / 2) - self._mean(line, -h, h)) / 3

    def one_sided(self, line: Line, h: float) -> float:
        """Return an extrapolated slope of one side: 2 d(h) - d(2h), with differences from t = 0."""
        near, far = sorted((0.0, h)), sorted((0.0, 2 * h))
        return 2 * self._mean(line, *near) - self._mean(line, *far)

    def complex_step(self, line: Line) -> Slope:
        """Return the derivative of an analytic function, whose arrays are complex."""
        y = self.black_box.at(line, 1j * COMPLEX_STEP)
        require_shape(y, self.y.shape)
        size = float(self.sizes[y.imag != 0].sum())
        if not y.imag.any():  # all of the value's rounding may hide it
            size = float(self.sizes.sum()) / FLOOR
        return Slope(float((self.upstream * y.imag).sum() / COMPLEX_STEP), size)

    def _size(self) -> float:
        """Return the size of the values that the line changed: rounding hides a slope far smaller."""
        return float(self.sizes[self._changed].sum())

    def derivative(
        self, line: Line, expected: float, largest: float, tolerance: float, refine: bool = True
    ) -> Slope:
        """Return the derivative: the first difference that is near enough to the expected one.

        Near enough is a tolerance relative to the array's largest derivative, or to a thousandth of the value. If
        no central difference is, both one-sided slopes may be, or there may be a corner. Otherwise it is the
        nearest that was found. Without ``refine`` only the first steps are tried, and no corner is looked for.
        """
        self._changed = np.zeros(self.y.shape, bool)
        jitter, found = self.black_box.rng.uniform(0.7, 1.0), []
        before = 0.0
        for slope, h in self._ways(line, refine):
            found.append(slope(line, jitter * h))
            size = self._size()
            allowed = tolerance * max(largest, FLOOR * size)
            if abs(expected - found[-1]) <= allowed and (size or slope != self.plain):
                return Slope(found[-1], size)
            if found[-1] and h < before / 9 and self._settled(found[-2], found[-1], expected):
                break
            before = h
        size = size or float(self.sizes.sum())  # nothing changed, which may be rounding
        allowed = tolerance * max(largest, FLOOR * size)
        gaps = [math.inf if math.isnan(slope) else abs(slope - expected) for slope in found]
        if min(gaps) <= EPS * float(self.sizes[~self._changed].sum()):  # rounding hides it
            return Slope(expected, size)
        nearest = Slope(found[int(np.argmin(gaps))], size)
        if refine and min(gaps) > allowed:
            sides = [self.one_sided(line, jitter * h) for h in (-ONE_SIDED, ONE_SIDED)]
            if max(abs(side - expected) for side in sides) <= allowed:
                return Slope(sides[0], size)
            left, right = self._corner(line, size, jitter)
            if left != right:
                between = min(left, right) <= expected <= max(left, right)
                value = expected if between else (left + right) / 2
                return Slope(value, size, 1 if left < right else -1)
        return nearest

    def _ways(
        self, line: Line, refine: bool
    ) -> Iterator[tuple[Callable[[Line, float], float], float]]:
        """Yield the kinds of differences to try, each with a step, in order."""
        longer = ALONG if line.place is ... else 1
        for h in line.steps(PLAIN):
            yield self.plain, longer * h
        for h in line.steps((*STEPS, *SMALL_STEPS) if refine else STEPS[:1]):
            yield self.extrapolated, longer * h

    @staticmethod
    def _settled(far: float, near: float, expected: float) -> bool:
        """Return whether two steps agree on another slope, so that only a corner could explain the gap."""
        return abs(near - far) < SETTLED * abs(expected - near)

    def _corner(self, line: Line, size: float, jitter: float) -> tuple[float, float]:
        """Return the slopes left and right of a corner, a little widened; 0 and 0 if there is no corner.

        At a corner the slope of each side is the same near and far. At a jump, or an isolated
        value, slopes grow as 1/h; on a curve the gap between the sides shrinks with h.
        """
        h = jitter * next(line.steps((CORNER,)))
        left = [self._mean(line, a * h, b * h) for a, b in ((-1 / 8, 0), (-1, 0), (-2, -1))]
        right = [self._mean(line, a * h, b * h) for a, b in ((0, 1 / 8), (0, 1), (1, 2))]
        slack = SLACK * max(FLOOR * size, *map(abs, left + right))
        straight = all(max(side) - min(side) <= slack for side in (left, right))
        if not straight or abs(right[1] - left[1]) <= slack:
            return 0.0, 0.0
        slack = math.copysign(slack, right[1] - left[1])
        return left[1] - slack, right[1] + slack

    def contradict(self, line: Line, expected: float, size: float) -> bool:
        """Return whether steps of several lengths agree on another slope, which rounding cannot explain.

        A corner close by is ruled out: with one, some step finds the expected slope, or the two sides differ.
        """
        seen = []
        for h in line.steps(MIDDLE_STEPS):
            slope, noise = self.extrapolated(line, h), 2 * EPS * size / h
            if abs(slope - expected) <= 0.01 * abs(expected) + 5 * noise:
                return False
            seen += [slope] if max(abs(slope), abs(expected)) > 100 * noise else []
        agree = any(abs(a - b) <= 0.01 * abs(b) for a, b in pairwise(seen))
        left, right = self._corner(line, size, 1.0)
        between = left != right and min(left, right) <= expected <= max(left, right)
        return agree and not between

    def is_hidden(self, line: Line, expected: float, size: float) -> bool | None:
        r"""Return whether rounding hides a derivative; None if it does not, and the expected one is wrong.

        A value f is known to :math:`\epsilon|f|`, its slope over 2h to :math:`\epsilon|f|/h`. A smaller
        derivative shows over longer steps, as far as the function is straight, or else cannot be
        distinguished from 0.
        """
        hidden, before = True, (math.nan, math.inf)
        for h in line.steps(LARGE_STEPS):
            slope, noise = self.extrapolated(line, h), 2 * EPS * size / h
            larger = max(abs(slope), abs(expected))
            if slope == expected:
                return False
            if not abs(slope - before[0]) <= 0.01 * larger + 5 * before[1] and before[1] < math.inf:
                break
            before = slope, noise
            if larger > 100 * noise and math.isfinite(slope):
                hidden = False
                if abs(slope - expected) <= 0.01 * larger + 5 * noise:
                    return False
        return True if hidden else None
