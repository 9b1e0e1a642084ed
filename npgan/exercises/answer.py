"""A reader's functions, whose results are looked at whenever they are called."""

import traceback
from collections.abc import Mapping
from typing import Any

import numpy as np

from npgan.errors import one_line

Shapes = Mapping[str, tuple[int, ...]]


class Wrong(Exception):
    """What is wrong with an answer, in a line."""


class Answer:
    """The names that a reader's file defines."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self.names = names

    def __call__(self, name: str, wanted: Shapes, *given: Any) -> Any:
        """Call a function, and refuse results that are not arrays of the shapes that are wanted."""
        function = self.names.get(name)
        if not callable(function):
            raise Wrong(f"there is no function {name}()")
        copies = [np.array(x) if isinstance(x, np.ndarray) else x for x in given]
        try:
            with np.errstate(all="ignore"):
                result = function(*copies)
        except NotImplementedError:
            raise Wrong(f"{name}() is still to be written") from None
        except (Exception, SystemExit) as error:
            raise Wrong(f"{name}() {said(error, self.names.get('__file__'))}") from None
        if not all(np.array_equal(a, b) for a, b in zip(copies, given, strict=True)):
            raise Wrong(f"{name}() changes what it is given: write into new arrays")
        return examined(name, wanted, result)


def said(error: BaseException, file: str | None) -> str:
    """Say what a reader's code raised, and in which of its lines."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == file]
    place = f" in line {lines[0]}" if lines else ""
    return one_line(f"raises {type(error).__name__}{place}: {error}".rstrip(": "))


def examined(name: str, wanted: Shapes, result: Any) -> Any:
    """Return a result as one float64 array, or as a tuple of them."""
    results = result if len(wanted) > 1 else (result,)
    if result is None:
        raise Wrong(f"{name}() returns nothing")
    if not isinstance(results, tuple | list) or len(results) != len(wanted):
        raise Wrong(f"{name}() must return {len(wanted)} arrays: {', '.join(wanted)}")
    found = []
    for (what, shape), one in zip(wanted.items(), results, strict=True):
        array = np.asarray(one) if isinstance(one, np.ndarray | np.number | int | float) else None
        if array is None or array.dtype.kind not in "fiu":
            kind = type(one).__name__ if array is None else f"an array of {array.dtype}"
            raise Wrong(f"{name}() returns {kind} for {what}, not an array of numbers")
        if array.shape != shape:
            right = f"of shape {shape}" if shape else "a single number"
            raise Wrong(f"{name}() returns {what} of shape {array.shape}: it must be {right}")
        if not np.isfinite(array).all():
            raise Wrong(f"{name}() returns {what} with NaN or infinite numbers")
        found.append(array.astype(np.float64))
    return tuple(found) if len(wanted) > 1 else found[0]


def same(name: str, what: str, found: np.ndarray, right: Any) -> None:
    """Refuse numbers that are not the right ones."""
    right = np.asarray(right, np.float64)
    wrong = abs(found - right) > 1e-9 * (abs(right) + abs(right).max(initial=0) + 1e-3)
    if wrong.any():
        at = tuple(int(i) for i in np.argwhere(wrong)[0])
        place = f"{what}[{', '.join(map(str, at))}]" if at else what
        digits = ".6g" if f"{found[at]:.6g}" != f"{right[at]:.6g}" else ".12g"
        raise Wrong(
            f"{name}(): {place} is {found[at]:{digits}}, and should be {right[at]:{digits}}"
        )
