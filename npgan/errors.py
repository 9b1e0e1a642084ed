"""The errors npgan raises on purpose, each saying what would be right, and checks that raise them."""

import difflib
import math
import sys
from collections.abc import Iterable
from typing import Any

import numpy as np


class InputError(ValueError):
    """What the user gave cannot be used; the message is one line that says what would be right.

    The command line prints it without a traceback and exits with code 2.
    """


class NonFiniteError(FloatingPointError):
    """A loss or a gradient became NaN or infinite; raised before the update is applied."""


def unknown(kind: str, name: str, known: Iterable[str]) -> InputError:
    """Return the error for a name that is not in a table, with the nearest one that is.

    >>> print(unknown("preset", "gan-smal", ["gan-small", "ring"]))
    unknown preset 'gan-smal': did you mean 'gan-small'? (known: gan-small, ring)
    """
    known = list(known)
    near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.4)
    hint = f": did you mean {near[0]!r}?" if near else ""
    return InputError(f"unknown {kind} {name!r}{hint} (known: {', '.join(known)})")


NUMBER = int | float | np.integer | np.floating


def positive(name: str, value: Any) -> float:
    """Return a number above 0 that a float can hold."""
    if not isinstance(value, NUMBER) or not 0 < value <= sys.float_info.max:
        raise InputError(f"{name} must be a positive number, not {value!r}")
    return float(value)


def not_negative(name: str, value: Any) -> float:
    """Return a number from 0 that a float can hold."""
    if not isinstance(value, NUMBER) or not 0 <= value <= sys.float_info.max:
        raise InputError(f"{name} must be a number and not negative, as {value!r} is")
    return float(value)


def fraction(name: str, value: Any) -> float:
    """Return a number in [0, 1)."""
    if not isinstance(value, NUMBER) or not 0 <= value < 1:
        raise InputError(f"{name} must be a number in [0, 1), not {value!r}")
    return float(value)


def count(name: str, value: Any, least: int = 0, most: float = math.inf) -> int:
    """Return a whole number from ``least`` to ``most``."""
    if (
        not isinstance(value, int | np.integer)
        or isinstance(value, bool)
        or not least <= value <= most
    ):
        limits = f"at least {least}" + ("" if most == math.inf else f" and at most {most}")
        raise InputError(f"{name} must be a whole number, {limits}, not {value!r}")
    return int(value)


def pairs(real: np.ndarray, fake: np.ndarray) -> None:
    """Refuse batches of which each real sample is to meet a generated one, if one is longer."""
    if len(real) != len(fake):
        raise InputError(
            f"real and generated samples are paired: as many of both, not {len(real)} and {len(fake)}"
        )


def generator(rng: np.random.Generator | int | None) -> np.random.Generator:
    """Return ``np.random.default_rng(rng)``."""
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError):
        raise InputError(
            f"rng must be a generator or a seed, an integer from 0, not {rng!r}"
        ) from None
