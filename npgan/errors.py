"""The errors that npgan raises on purpose, and the checks that raise them; each message says what would be right.

A check is called where a user's value enters: it returns the value in the form that the code needs, or
raises an :class:`InputError`. Values that npgan passes to its own code are not checked again.
"""

import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

SHOWN = 80  # characters of a wrong value that a message shows
WORD, LINE = 200, 1200  # characters that a message shows of a word, and of a line
NAME = 255  # characters of a class's name
UNWRITTEN = re.compile("[\0\ud800-\udc7f\udd00-\udfff]")
"""What a file's text cannot hold: the character 0, and halves of characters that stand for no byte of a name."""
LARGEST = float(np.finfo(np.float32).max)  # what float32, and so every network, can hold
MOST = 2**40  # rows, steps, ...: more than any memory holds
ANY = (-math.inf, math.inf)
TAME = (-1e100, 1e100)
"""Limits within which numbers can be squared, multiplied and summed in float64."""


def one_line(text: str) -> str:
    r"""Return text in which control characters and all others that cannot be printed are escaped.

    Very long words and lines lose their middle.

    >>> print(one_line("a\x1b[2Jb\n"), one_line("9" * 5000)[95:105])
    a\x1b[2Jb\n 99999...99
    """
    plain = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return _ends(" ".join(_ends(word, WORD) for word in plain.split(" ")), LINE)


def _ends(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most // 2]}...{text[-most // 2 :]}"


class InputError(ValueError):
    """The user's input cannot be used; the message is one line that says what would be right.

    The command line prints it without a traceback and exits with code 2.
    """

    def __init__(self, message: object = "") -> None:
        super().__init__(one_line(str(message)))


class NonFiniteError(FloatingPointError):
    """A loss, gradient, weight or output is NaN or infinite; a bad loss or gradient changes no weight."""


class DivergedError(RuntimeError):
    """Training no longer learns anything; the message says why that seems so, and what to change."""


def shown(value: Any) -> str:
    """Return a value as one short line, and an array as its type and shape.

    >>> shown(np.zeros((2, 3))), shown(None)
    ('float64 (2, 3)', 'None')
    """
    try:
        has_axes = hasattr(value, "shape") and hasattr(value, "dtype")
        if has_axes and not isinstance(value, np.generic | type):
            return f"{value.dtype} {tuple(value.shape)}"
        line = " ".join(repr(value).split())
    except Exception:  # the user's class may raise anything
        line = f"a {type(value).__name__}"
    return line if len(line) <= SHOWN else f"{line[:SHOWN]}..."


def listed(words: Sequence[Any], most: int = 10) -> str:
    """Return the first few of many words, separated by commas.

    >>> listed([1, 2, 3], 2)
    '1, 2, ...'
    """
    return ", ".join(map(str, words[:most])) + ", ..." * (len(words) > most)


# --- kinds of values -----------------------------------------------------------------------------

T = TypeVar("T")


def unknown(kind: str, name: Any, known: Iterable[str]) -> InputError:
    """Return the error for a name that is not in a table; it suggests the nearest name that is.

    >>> print(unknown("preset", "gan-smal", ["gan-small", "ring"]))
    unknown preset 'gan-smal': did you mean 'gan-small'? (known: gan-small, ring)
    """
    known = list(known)
    near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.4)
    hint = f": did you mean {near[0]!r}?" if near else ""
    return InputError(f"unknown {kind} {shown(name)}{hint} (known: {', '.join(known)})")


def chosen(kind: str, name: Any, table: Mapping[str, T]) -> T:
    """Return the table's entry of this name, or raise the error that :func:`unknown` returns."""
    if not isinstance(name, str) or name not in table:
        raise unknown(kind, name, table)
    return table[name]


def instance(name: str, value: Any, kind: Any) -> None:
    """Raise an InputError unless the value is an instance of a class, or of one of several, ``A | B``."""
    if not isinstance(value, kind):
        kinds = " or ".join(one.__name__ for one in getattr(kind, "__args__", (kind,)))
        raise InputError(f"{name} must be of the class {kinds}, not {shown(value)}")


def as_path(value: Any) -> Path:
    """Return the path of a file or folder."""
    if not isinstance(value, str | Path):
        raise InputError(f"a path is needed, not {shown(value)}")
    return Path(value)


def generator(rng: np.random.Generator | int | None) -> np.random.Generator:
    """Return ``np.random.default_rng(rng)``; NumPy's legacy RandomState is refused.

    >>> generator(0).integers(9)
    np.int64(7)
    """
    try:
        if not isinstance(rng, np.random.RandomState | bool | str):
            return np.random.default_rng(rng)
    except (TypeError, ValueError):
        pass
    raise InputError(
        "rng must be a generator or a seed, an integer from 0, as numpy.random.default_rng returns and "
        f"takes them, not {shown(rng)}"
    )


def streams(rng: np.random.Generator | int | None, n: int) -> list[np.random.Generator]:
    """Return n independent generators, spawned from a generator or a seed."""
    try:
        return generator(rng).spawn(n)
    except TypeError:
        raise InputError(
            f"rng must have come from a seed, as those of numpy.random.default_rng have, not {shown(rng)}"
        ) from None


# --- numbers -------------------------------------------------------------------------------------


def _value(given: Any) -> int | float:
    """Return a number as a Python int or float; for anything else NaN, which lies within no limits."""
    if isinstance(given, int | np.integer) and not isinstance(given, bool):
        return int(given)
    return float(given) if isinstance(given, float | np.floating) else math.nan


def number(name: str, value: Any) -> float:
    """Return a number that a float32 can hold."""
    if not abs(_value(value)) <= LARGEST:
        raise InputError(f"{name} must be a finite number, not {shown(value)}")
    return float(value)


def positive(name: str, value: Any) -> float:
    """Return a number above 0 that a float32 can hold."""
    if not 0 < _value(value) <= LARGEST:
        raise InputError(f"{name} must be a positive number, not {shown(value)}")
    return float(value)


def not_negative(name: str, value: Any) -> float:
    """Return a number of at least 0 that a float32 can hold."""
    if not 0 <= _value(value) <= LARGEST:
        raise InputError(f"{name} must be a number of at least 0, not {shown(value)}")
    return float(value)


def fraction(name: str, value: Any) -> float:
    """Return a number in [0, 1)."""
    if not 0 <= _value(value) < 1:
        raise InputError(f"{name} must be a number in [0, 1), not {shown(value)}")
    return float(value)


def share(name: str, value: Any) -> float:
    """Return a number in [0, 1]."""
    if not 0 <= _value(value) <= 1:
        raise InputError(f"{name} must be a number in [0, 1], not {shown(value)}")
    return float(value)


def count(name: str, value: Any, least: int = 0, most: int = MOST) -> int:
    """Return a whole number from ``least`` to ``most``."""
    whole = _value(value)
    if not isinstance(whole, int) or not least <= whole <= most:
        limits = f"at least {least}"
        if most < MOST or whole > most:
            limits += f" and at most {most}"
        raise InputError(f"{name} must be a whole number, {limits}, not {shown(value)}")
    return whole


# --- arrays --------------------------------------------------------------------------------------

KINDS = {
    "numbers": "buif",
    "floats": "f",
    "whole numbers": "ui",
    "truth values": "bui",
}
"""What an array holds -> NumPy's letters for the kinds of types that are accepted."""
Form = tuple[int | str, ...]
"""A shape; a letter stands for any size of at least 1 (rows: at least 0), the same size wherever it occurs."""


def shaped(name: str, value: Any, form: Form | None, kind: str = "floats", rows: int = 0) -> None:
    """Raise an InputError unless this is an array of a kind and shape, with at least ``rows`` rows, of any values.

    >>> shaped("x", np.zeros((5, 3)), ("n", 3))
    """
    shape: Any = getattr(value, "shape", None)
    wanted: Any = shape if form is None else form
    if (
        not isinstance(shape, tuple)
        or not _fits(shape, wanted)
        or value.dtype.kind not in KINDS[kind]
        or (rows and shape[0] < rows)
        or isinstance(value, np.ma.MaskedArray)
    ):
        sizes = f"({', '.join(map(str, wanted))}{',' * (len(wanted) == 1)})"
        least = f", {wanted[0]} at least {rows}" if rows else ""
        raise InputError(f"{name} must be {kind} {sizes}{least}, not {shown(value)}")


def _fits(shape: tuple[int, ...], form: Form) -> bool:
    letters: dict[Any, int] = {}
    return (
        len(shape) == len(form)
        and all(shape[1:])
        and all(
            have == (want if isinstance(want, int) else letters.setdefault(want, have))
            for want, have in zip(form, shape, strict=True)
        )
    )


def as_array(name: str, value: Any) -> np.ndarray:
    """Return ``np.asarray(value)`` if it holds numbers, none of them masked; floats become float32 or float64."""
    if np.ma.is_masked(value):
        raise InputError(f"{name} has masked values: fill them in, or leave them out")
    try:
        found = np.asarray(value)
    except Exception:  # rows of different lengths, or whatever another library raises
        found = np.array(None)
    if found.dtype.kind not in KINDS["numbers"]:
        raise InputError(f"{name} must be an array of real numbers, not {shown(value)}")
    dtype = found.dtype.newbyteorder("=")
    if dtype.kind == "f":  # np.linalg takes neither float16 nor longdouble
        dtype = np.dtype(np.float32 if dtype.itemsize <= 4 else np.float64)
    with np.errstate(all="ignore"):  # callers look for infinity and NaN
        return found.astype(dtype, copy=False)


def array(
    name: str,
    value: Any,
    form: Form | None,
    kind: str = "numbers",
    *,
    rows: int = 0,
    dtype: np.typing.DTypeLike | None = None,
    limits: tuple[float, float] = ANY,
) -> np.ndarray:
    """Return a finite array of a kind and shape (None: any), with at least ``rows`` rows, within limits, as ``dtype``.

    >>> array("x", [[1, 2]], ("n", 2), dtype=float)
    array([[1., 2.]])
    """
    found = as_array(name, value)
    shaped(name, found, form, kind, rows)
    with np.errstate(all="ignore"):
        found = found if dtype is None else found.astype(dtype, copy=False)
    if found.dtype.kind == "f" and not (finite := np.isfinite(found)).all():
        place = np.argwhere(~finite)[0]
        words = ", ".join(f"{axis} {i}" for axis, i in zip(("row", "column"), place, strict=False))
        raise InputError(
            f"{name} has {found[tuple(place)]} in {words} (counted from 0): every number must be finite"
        )
    low, high = limits
    if found.size and limits != ANY:
        least, most = float(found.min()), float(found.max())
        if least < low or most > high:
            raise InputError(
                f"{name} must be {kind} in [{low:g}, {high:g}]; they lie in [{least:g}, {most:g}]"
            )
    return found


def labels(name: str, value: Any, n: int | str, classes: int | None = None) -> np.ndarray:
    """Return labels (n,), whole numbers, as int64; if ``classes`` is given, they must be 0 to classes - 1.

    >>> labels("labels", [0, 2], 2, classes=3)
    array([0, 2])
    """
    found = array(name, value, (n,), "whole numbers")
    if classes is not None and (wrong := found[(found < 0) | (found >= classes)]).size:
        raise InputError(f"{name} must be 0 to {classes - 1}: {wrong[0]} is out of range")
    return found.astype(np.int64, copy=False)


def sizes(name: str, value: Any, what: str) -> tuple[int, int]:
    """Return two sizes of at least 1; errors call them ``what``.

    >>> sizes("shape", [3, 2], "(n_in, n_out)")
    (3, 2)
    """
    whole = _whole(value)
    if len(whole) != 2:
        raise InputError(f"{name} must be {what}, not {shown(value)}")
    return whole[0], whole[1]


def image_shape(name: str, value: Any, d: int) -> tuple[int, ...]:
    """Return (height, width) or, of 1 or 3 channels, (height, width, channels) of images of d numbers.

    >>> image_shape("shape", [2, 2, 3], 12)
    (2, 2, 3)
    """
    whole = _whole(value)
    if len(whole) not in (2, 3) or math.prod(whole) != d or whole[2:] not in ((), (1,), (3,)):
        raise InputError(
            f"{name} must be (height, width) or, of 1 or 3 channels, (height, width, channels) that make {d} "
            f"numbers, not {shown(value)}"
        )
    return whole


def _whole(value: Any) -> tuple[int, ...]:
    """Return sizes of at least 1; () if a value is anything else."""
    given = tuple(map(_value, value)) if isinstance(value, tuple | list) else ()
    whole = tuple(size for size in given if isinstance(size, int) and size > 0)
    return whole if len(whole) == len(given) else ()


def class_labels(name: str, value: Any) -> tuple[int, ...] | tuple[str, ...]:
    """Return the labels of classes in their order: all whole numbers, or all text, of 1 to 255 characters.

    >>> class_labels("labels", ["cat", "dog"])
    ('cat', 'dog')
    """
    words = value if isinstance(value, tuple | list) else ()
    if not any(isinstance(word, str) for word in words):
        return tuple(array(name, value, ("classes",), "whole numbers", rows=1).tolist())
    for word in words:
        if not isinstance(word, str) or not 0 < len(word) <= NAME or UNWRITTEN.search(word):
            raise InputError(
                f"{name} must be whole numbers or text of 1 to {NAME} characters, all alike, not {shown(word)}"
            )
    return tuple(words)


def pairs(real: np.ndarray, fake: np.ndarray) -> None:
    """Raise an InputError unless there are as many generated samples as real ones: they are paired."""
    if len(real) != len(fake):
        raise InputError(
            f"real and generated samples are paired: as many of both, not {len(real)} and {len(fake)}"
        )
