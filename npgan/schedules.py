"""Numbers that change while training goes on: learning rates, and the coefficients of penalties."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from npgan.errors import InputError, chosen, count, not_negative, positive, shown

Varying = float | Callable[[int], float]
"""A number, or a function of how many updates, or steps, were made before."""

SHAPES: dict[str, Callable[[float, float, float], float]] = {
    "constant": lambda start, end, share: start,
    "linear": lambda start, end, share: start + (end - start) * share,
    "cosine": lambda start, end, share: end + (start - end) * (1 + math.cos(math.pi * share)) / 2,
    "geometric": lambda start, end, share: start * (end / start) ** share,
}
"""Name -> the number when a share of the way from ``start`` to ``end`` is done."""


@dataclass(frozen=True)
class Schedule:
    """A number that goes from ``start`` to ``end`` in so many steps, and stays there.

    It is data: schedules are equal if they say the same, and can be copied, pickled and saved.

    Raises InputError for an unknown shape, or a number that cannot be.

    Parameters
    ----------
    shape : a name of :data:`SHAPES`
    start, end : the first positive, the second not negative; of a geometric one it is positive too
    steps : at least 1

    Examples
    --------
    >>> rate = Schedule("linear", 1.0, 0.5, steps=4)
    >>> rate(0), rate(2), rate(4), rate(5)
    (1.0, 0.75, 0.5, 0.5)
    """

    shape: str
    start: float
    end: float
    steps: int

    def __post_init__(self) -> None:
        chosen("shape of a schedule", self.shape, SHAPES)
        end = positive if self.shape == "geometric" else not_negative
        checked = {
            "start": positive("a schedule's start", self.start),
            "end": end("a schedule's end", self.end),
            "steps": count("a schedule's steps", self.steps, 1),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    def __call__(self, step: int) -> float:
        """Return the number after so many steps."""
        return SHAPES[self.shape](self.start, self.end, min(step / self.steps, 1))


def read(value: Any) -> Any:
    """Return a table that has a schedule's parameters as that schedule, what is no table as it is.

    >>> read({"shape": "linear", "start": 1.0, "end": 0.0, "steps": 4})(1)
    0.75
    """
    if not isinstance(value, Mapping):
        return value
    try:
        return Schedule(**value)
    except TypeError:
        raise InputError(
            f"a schedule is a table of shape, start, end and steps, not {shown(value)}"
        ) from None
