"""The result of a gradient check: an entry for each array, printed as a table."""

import math
from dataclasses import dataclass, field

TOLERANCE = {"central": 1e-8, "complex": 1e-13}


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


@dataclass(frozen=True)
class Report:
    """The result of :func:`npgan.check.gradcheck`, an :class:`Entry` for each array; true if all passed."""

    entries: list[Entry] = field(default_factory=list)
    tolerance: float = TOLERANCE["central"]

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
        return "\n".join([*rows, f"tolerance {self.tolerance:.0e} of each array's largest"])
