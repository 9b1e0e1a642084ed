"""The errors npgan raises on purpose: each says what was wrong and what would be right."""

import difflib
from collections.abc import Iterable


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
    hint = f"did you mean {near[0]!r}? " if near else ""
    return InputError(f"unknown {kind} {name!r}: {hint}(known: {', '.join(known)})")
