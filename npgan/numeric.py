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
from typing import Any

import numpy as np

from npgan.errors import InputError

PLAIN = 6e-6
STEPS = (1e-3, 1e-4, 1e-5, 1e-6)
LARGE_STEPS = (1e-3, 0.01, 0.1, 1.0)
CORNER = 1e-6
SLACK = 1e-4
COMPLEX_STEP = 1e-30
PROBE = 1e-3
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
        if 0 < size < 0.1:
            yield from (h * size for h in steps)


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
            if now.tobytes() != seen.tobytes():
                with np.errstate(all="ignore"):
                    gap = float(abs(now - seen).max())
                raise InputError(
                    f"two evaluations at one point differ, by {gap:.2g}: the function has a state "
                    "that moves, or time, threads or randomness in it that nobody replays"
                )

    def along(self, upstream: np.ndarray) -> "Slopes":
        """Return what is seen of v · y for an upstream gradient v."""
        return Slopes(self, upstream)


def require_shape(y: np.ndarray, shape: tuple[int, ...]) -> None:
    """Raise an InputError if the value at one point has another shape than at another."""
    if y.shape != shape:
        raise InputError(f"the value has shape {shape}, and then {y.shape}")


class Slopes:
    """The slopes of v · y along lines; ``size`` is how large the numbers are that are summed up."""

    def __init__(self, observed: Observed, upstream: np.ndarray) -> None:
        self.observed, self.upstream = observed, upstream
        with np.errstate(all="ignore"):
            self.size = float(abs(upstream * observed.y.real).sum())

    def _mean(self, line: Line, left: float, right: float) -> float:
        """Return the mean slope from t = left to t = right; y is subtracted before it is summed up."""
        at, y = self.observed.at, self.observed.y
        high = at(line, right) if right else y
        low = at(line, left) if left else y
        require_shape(high, y.shape)
        require_shape(low, y.shape)
        return float((self.upstream * (high - low)).sum() / (right - left))

    def plain(self, line: Line, h: float) -> float:
        """Return a central difference."""
        return self._mean(line, -h, h)

    def extrapolated(self, line: Line, h: float) -> float:
        """Return a step of Richardson's extrapolation."""
        return (4 * self._mean(line, -h / 2, h / 2) - self._mean(line, -h, h)) / 3

    def complex_step(self, line: Line) -> float:
        """Return the derivative of an analytic function, whose arrays are complex."""
        y = self.observed.at(line, 1j * COMPLEX_STEP)
        return float((self.upstream * y.imag).sum() / COMPLEX_STEP)

    def derivative(self, line: Line, expected: float, allowed: float) -> tuple[float, bool]:
        """Return the derivative, and whether it is one of a corner.

        The first that is as near to the expected one as is allowed will do; at a corner any between
        the slopes on both sides. Otherwise it is the nearest that was found.
        """
        jitter, found = self.observed.rng.uniform(0.7, 1.0), []
        for slope, steps in ((self.plain, (PLAIN,)), (self.extrapolated, STEPS)):
            for h in line.steps(steps):
                found.append(slope(line, jitter * h))
                if abs(expected - found[-1]) <= allowed:
                    return found[-1], False
        if self._is_corner(line, expected, jitter):
            return expected, True
        gaps = [math.inf if math.isnan(slope) else abs(slope - expected) for slope in found]
        return found[int(np.argmin(gaps))], False

    def _is_corner(self, line: Line, expected: float, jitter: float) -> bool:
        """Return whether there is a corner, and the expected slope is one between its two.

        At a corner each side has its slope, near and far. A value of its own at a single point, or a
        jump, has slopes that grow as 1/h; a curve has a gap that shrinks with h.
        """
        h = jitter * next(line.steps((CORNER,)))
        left = [self._mean(line, a * h, b * h) for a, b in ((-1 / 8, 0), (-1, 0), (-2, -1))]
        right = [self._mean(line, a * h, b * h) for a, b in ((0, 1 / 8), (0, 1), (1, 2))]
        slack = SLACK * max(1e-3 * self.size, *map(abs, left + right))
        straight = all(max(side) - min(side) <= slack for side in (left, right))
        low, high = sorted((left[1], right[1]))
        return straight and high - low > slack and low - slack <= expected <= high + slack

    def is_hidden(self, line: Line, expected: float) -> bool | None:
        r"""Return whether rounding hides a derivative; None if it does not, and it is another.

        A value f is known to :math:`\epsilon|f|`, its slope over 2h to :math:`\epsilon|f|/h`. A
        derivative below that is seen over a longer way, or else is 0 for all that can be known.
        """
        hidden = True
        for h in line.steps(LARGE_STEPS):
            slope, noise = self.extrapolated(line, h), 2 * EPS * self.size / h
            larger = max(abs(slope), abs(expected))
            if slope == expected:
                return False
            if larger > 100 * noise and np.isfinite(slope):
                hidden = False
                if abs(slope - expected) <= 0.01 * larger + 5 * noise:
                    return False
        return True if hidden else None
