"""Numbers that change during training: learning rates, and the coefficients of penalties."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from npgan.errors import InputError, chosen, count, not_negative, positive, shown

__all__ = ["SCHEDULES", "Schedule", "Varying", "constant", "cosine", "linear"]

Varying = float | Callable[[int], float]
"""A number, or a function of the number of updates, or steps, made so far."""

SHAPES: dict[str, Callable[[float, float, float], float]] = {
    "constant": lambda start, end, share: start,
    "linear": lambda start, end, share: start + (end - start) * share,
    "cosine": lambda start, end, share: end + (start - end) * (1 + math.cos(math.pi * share)) / 2,
    "geometric": lambda start, end, share: start * (end / start) ** share,
}
"""Name -> the value when a share of the steps from ``start`` to ``end`` is done."""


@dataclass(frozen=True)
class Schedule:
    """A number that goes from ``start`` to ``end`` in a number of steps, and then stays there.

    It is plain data: schedules with the same parameters are equal, and can be copied, pickled and saved.

    Raises InputError for an unknown shape, or a number out of range.

    Parameters
    ----------
    shape : a name in :data:`SHAPES`
    start, end : the first positive, the second not negative, and positive too in a geometric schedule
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
        """Return the value after this many steps."""
        return SHAPES[self.shape](self.start, self.end, min(step / self.steps, 1))


def constant(lr: float) -> Schedule:
    r"""Keep the learning rate: :math:`\eta_t = \eta`.

    >>> constant(0.1)(1000)
    0.1
    """
    return Schedule("constant", lr, lr, 1)


def linear(lr: float, steps: int, final: float = 0.0) -> Schedule:
    r"""Decrease linearly from ``lr`` to ``final`` in ``steps``: :math:`\eta_t = \eta + (\eta_T - \eta)t/T`.

    >>> [linear(1.0, 4)(t) for t in (0, 1, 4, 5)]
    [1.0, 0.75, 0.0, 0.0]
    """
    return Schedule("linear", lr, final, steps)


def cosine(lr: float, steps: int, final: float = 0.0) -> Schedule:
    r"""Decrease along half a cosine: :math:`\eta_T + (\eta - \eta_T)(1 + \cos(\pi t/T))/2`.

    Source: Loshchilov and Hutter 2017, eq. 5, without restarts.

    >>> [round(cosine(1.0, 4)(t), 3) for t in (0, 2, 4, 5)]
    [1.0, 0.5, 0.0, 0.0]
    """
    return Schedule("cosine", lr, final, steps)


SCHEDULES: dict[str, Callable[[float, int], Schedule]] = {
    "constant": lambda lr, steps: constant(lr),
    "linear": linear,
    "cosine": cosine,
}


def read(value: Any) -> Any:
    """Return the schedule that a table of its parameters describes; return anything else unchanged.

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
