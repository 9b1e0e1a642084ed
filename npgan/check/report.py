"""The result of a gradient check: an entry for each array, printed as a table."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import numpy as np

from npgan.errors import InputError, chosen

TOLERANCE = {"central": 1e-8, "complex": 1e-13}


class Elements(NamedTuple):
    """All derivatives of an array, in its shape: both kinds, and their relative errors."""

    analytic: np.ndarray
    numeric: np.ndarray
    error: np.ndarray


@dataclass(frozen=True)
class Mistake:
    """What is wrong, and what it looks like.

    Attributes
    ----------
    layer : the layer's place and words; "" if it is what was checked itself, or what joins its layers
    way : the layer's or function's pass that is wrong: "backward", "double_backward" or "penalized_backward"
    array : whose gradient is wrong; "dy of ..." is the gradient that a loss hands to a layer
    kind : a name of :data:`npgan.check.diagnosis.KINDS`, or "assigned" (not added to what was there),
        "inconsistent" (right numbers that change), "shape"; "" if it looks like nothing known
    words : what it looks like
    """

    layer: str
    way: str
    array: str
    kind: str
    words: str

    def __str__(self) -> str:
        whose = " of ".join(filter(None, (self.way, self.array)))
        return ": ".join(filter(None, (self.layer, whose, self.words)))


@dataclass(frozen=True)
class Entry:
    """The result for one array: its worst element.

    Attributes
    ----------
    name : of the parameter or input
    index : of the worst element; None if a random direction was checked
    analytic, numeric : the two derivatives of that element
    error : their difference, relative to the array's largest derivative; see :func:`~npgan.check.gradcheck.gradcheck`
    corners : how many elements lie on a corner (a ReLU's, for example), where any slope between the two
        one-sided ones is accepted
    passed : whether the error is within the tolerance
    note : a remark, printed in the table
    undecided : whether corners at or near the point leave open which gradient is right
    elements : all of them; None if a random direction was checked
    """

    name: str
    index: tuple[int, ...] | None
    analytic: float
    numeric: float
    error: float
    corners: int
    passed: bool
    note: str = ""
    undecided: bool = False
    elements: Elements | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Report:
    """The result of :func:`npgan.check.gradcheck`, an :class:`Entry` for each array; true if all passed.

    If some failed, ``mistakes`` says of each :class:`Mistake` where it is and what it looks like.
    """

    entries: list[Entry] = field(default_factory=list)
    tolerance: float = TOLERANCE["central"]
    mistakes: list[Mistake] = field(default_factory=list)

    def __bool__(self) -> bool:
        return all(entry.passed for entry in self.entries)

    @property
    def error(self) -> float:
        """The largest relative error; infinite if a gradient fails for another reason."""
        errors = (
            e.error if e.passed or e.error > self.tolerance else math.inf for e in self.entries
        )
        return max(errors, default=0.0)

    @property
    def failed(self) -> list[str]:
        """The names of the arrays whose gradient is wrong."""
        return list(dict.fromkeys(entry.name for entry in self.entries if not entry.passed))

    def elements(self, name: str) -> Elements:
        """Return all derivatives of an array.

        Raises InputError if there is no array of that name, or directions were checked instead of elements.

        >>> from npgan.check.gradcheck import gradcheck
        >>> gradcheck(lambda x: ((x**2).sum(), 3 * x), np.array([1.0, 2.0])).elements("x").analytic
        array([3., 6.])
        """
        entries = {entry.name: entry for entry in self.entries}
        found = chosen("array", name, entries).elements
        if found is None:
            raise InputError(f"directions of {name!r} were checked, not its elements")
        return found

    def as_dict(self) -> dict[str, Any]:
        """Return the report in words and numbers, for JSON: a number that is not finite is None."""
        rows = [
            {
                name: None if isinstance(value, float) and not math.isfinite(value) else value
                for name, value in vars(entry).items()
                if name != "elements"
            }
            for entry in self.entries
        ]
        mistakes = [asdict(mistake) for mistake in self.mistakes]
        return {
            "passed": bool(self),
            "tolerance": self.tolerance,
            "arrays": rows,
            "mistakes": mistakes,
        }

    def __str__(self) -> str:
        wide = max([24, *(len(entry.name) for entry in self.entries)])
        head = (
            f"{'':4}  {'array':{wide}}  {'worst at':12}  {'analytic':>13}  {'numeric':>13}  error"
        )
        rows = [head]
        for e in self.entries:
            where = "direction" if e.index is None else str(e.index).replace(" ", "")
            corners = f"  ({e.corners} on a corner: any slope between)" if e.corners else ""
            note = f"  ({e.note})" if e.note else ""
            rows.append(
                f"{'ok' if e.passed else 'FAIL':4}  {e.name:{wide}}  {where:12}  {e.analytic:13.6g}  "
                f"{e.numeric:13.6g}  {e.error:.1e}{corners}{note}"
            )
        rows.append(f"tolerance {self.tolerance:.0e} of each array's largest")
        return "\n".join([*rows, *map(str, self.mistakes)])
