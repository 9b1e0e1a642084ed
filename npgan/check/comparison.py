"""One array's gradient compared with numeric derivatives."""

import math
import sys

import numpy as np

from npgan.check.numeric import FLOOR, Line, Slope, Slopes
from npgan.check.report import Elements, Entry

VISIBLE = 1e-9  # of the values: a smaller derivative may be hidden by rounding
NARROW = 1e-6  # the largest error that a corner close by may have made
FLAGRANT = 0.05  # an error relative to the element itself, which the array's tolerance may hide
LEAST = 1e-12  # of an array's largest derivative: what is smaller is rounding
FAILURES = 10  # elements of an array that fail, after which the others are not refined
PATIENCE = 2.0  # seconds before a progress bar appears


class Comparison:
    """The derivatives along lines through an array: those of its gradient, and numeric ones.

    Attributes
    ----------
    analytic, numeric : (n,) the derivatives, one for each line
    sizes, bends : (n,) the sizes and corners of the numeric :class:`~npgan.check.numeric.Slope`
    expected_largest : the largest number in the gradient; along a direction, its root mean square
    largest : that, or the largest numeric derivative if it is more
    errors : (n,) the gaps between the two kinds, relative to ``scale``
    """

    def __init__(
        self,
        slopes: Slopes,
        name: str,
        lines: list[Line],
        gradient: np.ndarray,
        method: str,
        tolerance: float,
    ) -> None:
        self.slopes, self.name, self.lines, self.gradient = slopes, name, lines, gradient
        self.is_central, self.tolerance = method == "central", tolerance
        self.analytic = np.array([float((gradient[o.place] * o.direction).sum()) for o in lines])
        self.is_direction = len(lines) == 1 and lines[0].place is ...
        finite = gradient[np.isfinite(gradient)]
        self.expected_largest = float(abs(finite).max(initial=0))
        if self.is_direction and self.expected_largest:
            norm = float(np.linalg.norm(finite / self.expected_largest))
            self.expected_largest *= norm / math.sqrt(gradient.size)
        self.numeric, self.sizes, self.bends = map(np.array, zip(*self._measured(), strict=True))
        seen = float(abs(self.numeric[np.isfinite(self.numeric)]).max(initial=0))
        self.largest = max(self.expected_largest, seen)
        self.scale = np.maximum(self.largest, FLOOR * self.sizes)
        self.gaps = abs(self.analytic - self.numeric)
        self.errors = self.gaps / np.where(self.scale > 0, self.scale, 1)

    def _measured(self) -> list[Slope]:
        """Return the numeric derivatives."""
        from tqdm import tqdm

        quiet = not sys.stderr.isatty()
        bar = tqdm(self.lines, self.name, delay=PATIENCE, leave=False, disable=quiet)
        found, failures = list[Slope](), 0
        for line, expected in zip(bar, self.analytic, strict=True):
            if self.is_central:
                found.append(self._derivative(line, expected, refine=failures < FAILURES))
            else:
                found.append(self.slopes.complex_step(line))
            gap, size = abs(expected - found[-1].value), FLOOR * found[-1].size
            failures += not gap <= self.tolerance * max(self.expected_largest, size)
        return found

    def _derivative(self, line: Line, expected: float, refine: bool = True) -> Slope:
        largest = self.expected_largest
        return self.slopes.derivative(line, expected, largest, self.tolerance, refine)

    def _check_hidden(self) -> int:
        """Check with longer steps those derivatives that rounding may hide; return how many it does hide."""
        hidden = 0
        for i in np.flatnonzero((self.largest < VISIBLE * self.sizes) & (self.bends == 0)):
            is_hidden = self.slopes.is_hidden(self.lines[i], self.analytic[i], self.sizes[i])
            hidden += bool(is_hidden)
            self.errors[i] = 1.0 if is_hidden is None else self.errors[i]
        return hidden

    def _check_corners(self) -> None:
        """Check the corners that bend to the same side once more, moved together: their sum has bounds as well."""
        for side in (-1, 1):
            if (alike := self.bends == side).sum() > 1:
                together = Line(self.lines[0].array, alike.reshape(self.gradient.shape))
                expected = float(self.analytic[alike].sum())
                slope = self._derivative(together, expected)
                gap = abs(slope.value - expected) / (max(self.largest, FLOOR * slope.size) or 1)
                self.errors[np.flatnonzero(alike)[0]] = max(self.errors[alike].max(), gap)

    def _check_small(self) -> None:
        """Fail an element whose error is large relative to itself, if steps of several lengths find another slope."""
        own = np.maximum(abs(self.analytic), abs(self.numeric))
        small = (self.errors <= self.tolerance) & (self.gaps > FLAGRANT * own)
        small &= (own > LEAST * self.scale) & (self.bends == 0) & (not self.is_direction)
        for i in np.flatnonzero(small):
            if self.slopes.contradict(self.lines[i], self.analytic[i], self.sizes[i]):
                self.errors[i] = self.gaps[i] / own[i]

    def entry(self, owned: bool) -> Entry:
        """Return the worst element; ``owned``: the arrays may be moved, to decide which gradient is right."""
        hidden = self._check_hidden() if self.is_central else 0
        self._check_corners()
        if self.is_central:
            self._check_small()
        worst = int(np.argmax(np.where(np.isnan(self.errors), np.inf, self.errors)))
        error, corner = float(self.errors[worst]), self.bends != 0
        failed = ~(self.errors <= self.tolerance)
        undecided = owned and (corner[failed].all() or error <= NARROW)
        if not failed.any():
            undecided = self.is_direction and corner.any()
        return Entry(
            self.name,
            None if self.is_direction else self.lines[worst].place,
            float(self.analytic[worst]),
            float(self.numeric[worst]),
            error,
            int(corner.sum()),
            error <= self.tolerance,
            f"{hidden} cannot be distinguished from 0" if hidden else "",
            bool(undecided),
            None if self.is_direction else self._elements(),
        )

    def _elements(self) -> Elements:
        every = self.analytic, self.numeric, self.errors
        return Elements(*(numbers.reshape(self.gradient.shape) for numbers in every))
