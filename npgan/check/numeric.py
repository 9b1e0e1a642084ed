r"""Derivatives without deriving: a function is evaluated at points that lie close together.

- **Central differences**, :math:`d(h) = \frac{f(t + h) - f(t - h)}{2h} = f' + \tfrac{h^2}{6} f''' +
  O(h^4)`. Rounding adds about :math:`\epsilon|f|/h`, so that h near :math:`\epsilon^{1/3} \approx
  6\cdot10^{-6}` is best. It costs two evaluations, and most derivatives are right by it.
- One step of **Richardson's extrapolation**, :math:`\frac{4 d(h/2) - d(h)}{3} = f' + O(h^4)`, with h
  near :math:`\epsilon^{1/5} \approx 10^{-3}`, has a digit more where the first has too few.
- **The complex step** for analytic functions: :math:`f(t + ih) = f + ihf' + O(h^2)`, so
  :math:`f' = \operatorname{Im} f(t + ih)/h` with nothing subtracted, and h can be 1e-30.

Each h is drawn from a range, so that no function has its period there.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from npgan.errors import InputError

PLAIN = (6e-6,)
ALONG = 10  # times as long: in a direction of norm 1 many elements move, each by little
STEPS = (1e-3, 1e-4, 1e-5, 1e-6)
SMALL_STEPS = (1e-8, 1e-10, 1e-12)
SETTLED = 1e-7  # of the gap to the expected slope
MIDDLE_STEPS = (1e-5, 1e-4, 1e-3)
LARGE_STEPS = (1e-3, 0.01, 0.1, 1.0)
ONE_SIDED = 1e-5
CORNER = 1e-6
SLACK = 1e-4
COMPLEX_STEP = 1e-30
PROBE = 1e-3
FLOOR = 1e-3
EPS = float(np.finfo(float).eps)


@dataclass(frozen=True)
class Line:
    """A line through an array's value: ``array[place] + t * direction``.

    One element is a place with the direction 1; the whole array is the place ``...``.
    """

    array: np.ndarray
    place: Any
    direction: Any = 1.0

    def steps(self, steps: tuple[float, ...]) -> Iterator[float]:
        """Yield steps as long as the numbers ask for: a float near 1e6 has six digits less behind the point."""
        size = float(abs(self.array[self.place]).max())
        yield from (h * max(1.0, size) for h in steps)
        if size > 1:
            yield from steps
        if 0 < size < 0.1:
            yield from (h * size for h in steps)

    def length(self, left: float, right: float) -> float:
        """Return how far it is from t = left to t = right in floating point, where an element moves."""
        at = self.array[self.place]
        if np.ndim(at):
            return right - left
        return float((at.real + right) - (at.real + left)) or right - left


class Slope(NamedTuple):
    """A derivative along a line.

    Attributes
    ----------
    value : of v · y
    size : of the numbers that are summed up in those of v · y that the line changes
    corner : not 0 if there are two one-sided slopes instead, the sign of right minus left; the value is one
        between them if the expected one is
    """

    value: float
    size: float
    corner: int = 0


class Observed:
    """A function of arrays, seen by its values and nothing else.

    Parameters
    ----------
    value : evaluates the function at its arrays as they are, and returns an array of its own
    rng : of the steps' lengths
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
        """Evaluate at points on lines and where the arrays are, for :meth:`require_the_same`."""
        self._seen = [(line, self.at(line, PROBE)) for line in lines]
        self.y = self.value()
        self._seen.append((None, self.y))

    def away(self) -> None:
        """Evaluate at one of the points on lines that are remembered."""
        line, _ = self._seen[-2]
        if line is not None:
            self.at(line, PROBE)

    def require_the_same(self, value: Callable[[], np.ndarray] | None = None) -> None:
        """Evaluate there again: a function has one value at a point, to the last bit.

        Raises
        ------
        InputError
            If a value differs: there is no derivative of what is no function.
        """
        again = Observed(value or self.value, self.rng)
        for line, seen in self._seen:
            now = again.value() if line is None else again.at(line, PROBE)
            require_shape(now, seen.shape)
            if not np.array_equal(now, seen, equal_nan=True):
                raise InputError(
                    f"two evaluations at one point differ, by {abs(now - seen).max():.2g}: the function "
                    "has a state that moves, or time, threads or randomness in it that nobody replays"
                )

    def along(self, upstream: np.ndarray) -> "Slopes":
        """Return what is seen of v · y for an upstream gradient v."""
        return Slopes(self, upstream)


def require_shape(y: np.ndarray, shape: tuple[int, ...]) -> None:
    """Raise an InputError if the value at one point has another shape than at another."""
    if y.shape != shape:
        raise InputError(f"the value has shape {shape}, and then {y.shape}")


class Slopes:
    """The slopes of v · y along lines, for an upstream gradient v."""

    def __init__(self, observed: Observed, upstream: np.ndarray) -> None:
        self.observed, self.upstream, self.y = observed, upstream, observed.y
        self.sizes = abs(upstream * observed.y.real)
        self._changed = np.zeros(self.y.shape, bool)
        if not np.isfinite(self.sizes.sum()):
            raise InputError("the value is too large: scale it, so that its sum is a finite number")

    def _at(self, line: Line, t: float) -> np.ndarray:
        """Return y at t; NaN outside of the function's domain."""
        try:
            y = self.observed.at(line, t) if t else self.y
        except (ValueError, ArithmeticError, AssertionError) as error:
            if isinstance(error, InputError):
                raise
            return np.full(self.y.shape, np.nan)
        require_shape(y, self.y.shape)
        return y

    def _mean(self, line: Line, left: float, right: float) -> float:
        """Return the mean slope from t = left to t = right; y is subtracted before it is summed up."""
        low, high = self._at(line, left), self._at(line, right)
        self._changed |= (low != self.y) | (high != self.y)
        return float((self.upstream * (high - low)).sum() / line.length(left, right))

    def plain(self, line: Line, h: float) -> float:
        """Return a central difference."""
        return self._mean(line, -h, h)

    def extrapolated(self, line: Line, h: float) -> float:
        """Return a step of Richardson's extrapolation."""
        return (4 * self._mean(line, -h / 2, h / 2) - self._mean(line, -h, h)) / 3

    def one_sided(self, line: Line, h: float) -> float:
        """Return the same from one side: 2 d(h) - d(2h), of the slopes from t = 0 on."""
        near, far = sorted((0.0, h)), sorted((0.0, 2 * h))
        return 2 * self._mean(line, *near) - self._mean(line, *far)

    def complex_step(self, line: Line) -> Slope:
        """Return the derivative of an analytic function, whose arrays are complex."""
        y = self.observed.at(line, 1j * COMPLEX_STEP)
        require_shape(y, self.y.shape)
        size = float(self.sizes[y.imag != 0].sum())
        if not y.imag.any():  # then 0 is what rounding leaves of it in all numbers together
            size = float(self.sizes.sum()) / FLOOR
        return Slope(float((self.upstream * y.imag).sum() / COMPLEX_STEP), size)

    def _size(self) -> float:
        """Return how large the numbers are that the line changed: rounding hides what is far below."""
        return float(self.sizes[self._changed].sum())

    def derivative(
        self, line: Line, expected: float, largest: float, tolerance: float, refine: bool = True
    ) -> Slope:
        """Return the derivative: the first that is as near to the expected one as is allowed.

        That is a tolerance of the array's largest, or of a thousandth of the value. Where no difference
        is, it may be that both one-sided ones are, or that there is a corner. Otherwise it is the
        nearest that was found; without the trouble if it is not to be refined.
        """
        self._changed = np.zeros(self.y.shape, bool)
        jitter, found = self.observed.rng.uniform(0.7, 1.0), []
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
        size = size or float(self.sizes.sum())  # nothing changed: rounding may hide it
        allowed = tolerance * max(largest, FLOOR * size)
        gaps = [math.inf if math.isnan(slope) else abs(slope - expected) for slope in found]
        if min(gaps) <= EPS * float(self.sizes[~self._changed].sum()):  # what did not move hides it
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
        """Yield the kinds of differences, each with a step, in the order in which they are tried."""
        longer = ALONG if line.place is ... else 1
        for h in line.steps(PLAIN):
            yield self.plain, longer * h
        for h in line.steps((*STEPS, *SMALL_STEPS) if refine else STEPS[:1]):
            yield self.extrapolated, longer * h

    @staticmethod
    def _settled(far: float, near: float, expected: float) -> bool:
        """Return whether two steps agree so well on another slope that only a corner is left to look for."""
        return abs(near - far) < SETTLED * abs(expected - near)

    def _corner(self, line: Line, size: float, jitter: float) -> tuple[float, float]:
        """Return the slopes left and right of a corner, a little further apart; where there is none, 0 and 0.

        At a corner each side has its slope, near and far. A value of its own at a single point, or a
        jump, has slopes that grow as 1/h; a curve has a gap that shrinks with h.
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
        """Return whether steps of several lengths agree on a slope that rounding does not hide: another one.

        A corner close by is no contradiction: then one of them is as expected, or both sides have a slope.
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
        r"""Return whether rounding hides a derivative; None if it does not, and it is another.

        A value f is known to :math:`\epsilon|f|`, its slope over 2h to :math:`\epsilon|f|/h`. A
        derivative below that is seen over a longer way, as far as the function is straight, or else is 0
        for all that can be known.
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
