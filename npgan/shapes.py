"""The border of an operation: which arrays it takes, declared once and checked wherever it runs.

A kernel trusts the sizes that it is given. So each operation declares, in a decorator, what they must be,

>>> @takes("x (n, i), weight (i, o), bias (o,)")
... def dense(x, weight, bias):
...     return x @ weight + bias

and a call of it, or of its kernel, with other arrays raises an error before anything is computed:

>>> dense(np.ones((5, 2)), np.ones((2, 3)), np.ones(1))
Traceback (most recent call last):
npgan.errors.InputError: dense takes x (n, i), weight (i, o), bias (o,): bias is float64 (1,), and o is 3

A letter is a size, the same wherever it occurs; a capital letter is at least 1. A size may also be a number or a
sum of products, ``d+2*d*f``; ``*s`` stands for any number of sizes. Arrays are float32 or float64 (complex for
the complex step), in any memory layout. A name without a shape is a number. Arguments that are not named are not
checked, nor is a method's self. Words after an array say more about it:

============ ============================================================================
integers     it holds integers
below c      it holds integers from 0 on, below c
or bytes     it may hold bytes (uint8)
or number    it may be a number
or None      it may be None
changed      it is changed in place: writable, contiguous, sharing memory with no other
cast         a kernel converts it to the type of the others
real         it is not complex
============ ============================================================================

A kernel works in the type of the arrays that it changes in place, else in the common type of those not cast. The
reference converts nothing: NumPy's rules give its type.
"""

import inspect
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np

from npgan.errors import InputError, shown

Array = np.ndarray
FLOATS = frozenset(map(np.dtype, (np.float32, np.float64)))
COMPLEX = frozenset(map(np.dtype, (np.complex64, np.complex128)))
ARRAYS: set[type] = {np.ndarray, np.memmap}
"""The types that count as arrays; :mod:`npgan.program.traced` adds those that stand for arrays in a recording."""
REMEMBERED = 256  # kinds of calls that a border remembers as valid

Also = Callable[[Mapping[str, Any]], None]
Function = TypeVar("Function", bound=Callable[..., Any])
Sizes = dict[str, Any]


class Argument(NamedTuple):
    """An argument, as its operation describes it; a number has no axes."""

    name: str
    axes: tuple[str, ...]
    words: str

    def takes(self, given: Any) -> bool:
        """Return whether a value is accepted, given an array's (shape, dtype), or the type of anything else."""
        array = isinstance(given, tuple)
        kinds = int | float | np.number
        number = given[0] == () if array else issubclass(given, kinds) and given is not bool
        if not self.axes:
            return number
        if not array:
            nothing = given is type(None)
            return ("or None" in self.words and nothing) or ("or number" in self.words and number)
        if "integers" in self.words or "below" in self.words:
            return given[1].kind in "iu"
        octets = "or bytes" in self.words and given[1] == np.uint8
        return octets or given[1] in FLOATS or (given[1] in COMPLEX and "real" not in self.words)

    def matched(self, shape: tuple[int, ...]) -> Iterable[tuple[str, Any]]:
        """Pair its axes with their sizes, ``*s`` with all that the others leave; return () if they do not match."""
        sizes: tuple[Any, ...] = shape
        several = len(shape) - len(self.axes) + 1
        first = next((i for i, axis in enumerate(self.axes) if axis.startswith("*")), None)
        if first is not None and several >= 0:
            rest = first + several
            sizes = (*shape[:first], shape[first:rest], *shape[rest:])
        return zip(self.axes, sizes, strict=True) if len(sizes) == len(self.axes) else ()


class Border:
    """The checks of a function's arguments.

    Parameters
    ----------
    function : the function whose arguments are checked
    spec : see the top of this file
    also : a function that is given the arguments by name, for further checks
    """

    def __init__(self, function: Callable, spec: str, also: Also | None = None) -> None:
        self.function, self.spec, self.also = function, spec, also
        self.name = function.__qualname__
        self.signature = inspect.signature(function)
        self.first = int("self" in self.signature.parameters)
        self.arguments = [
            Argument(name, tuple(re.findall(r"[^, ]+", axes)), words.strip())
            for name, axes, words in re.findall(r"(\w+)(?: \((.*?)\)([\w ]*))?(?:, |$)", spec)
        ]
        arrays = [(i, argument) for i, argument in enumerate(self.arguments) if argument.axes]
        self.changed = [(i, a) for i, a in arrays if "changed" in a.words]
        self.apart = [
            (i, j, a, b)
            for i, a in self.changed
            for j, b in arrays
            if i < j or "changed" not in b.words
        ]
        self.below = [(i, a, a.words.split()[-1]) for i, a in arrays if "below" in a.words]
        self.cast = [
            (i, np.dtype(np.int64) if "integers" in a.words or "below" in a.words else None)
            for i, a in arrays
            if "or bytes" not in a.words
        ]
        self.looks_at_values = bool(self.changed or self.below or also)
        self.remembered: dict[tuple, tuple[np.dtype, Sizes]] = {}

    def check(self, given: tuple) -> np.dtype:
        """Return the type in which a kernel works on these arguments, or raise an InputError."""
        kinds = tuple([(a.shape, a.dtype) if type(a) in ARRAYS else type(a) for a in given])
        known = self.remembered.get(kinds)
        if known is None:
            if len(self.remembered) == REMEMBERED:
                self.remembered.clear()
            known = self.remembered[kinds] = self._examined(kinds)
        dtype, sizes = known
        if not self.looks_at_values:
            return dtype
        given += (None,) * len(self.arguments)  # for those that were left out
        for i, argument in self.changed:
            self._check_changed(given[i], argument)
        for i, j, one, other in self.apart:
            self._check_apart(given[i], given[j], one, other)
        for i, argument, limit in self.below:
            self._check_below(given[i], argument, sizes.get(limit, 0))
        if self.also:
            self.also(dict(zip(self.signature.parameters, given, strict=False)))
        return dtype

    def bound(self, given: tuple, named: dict[str, Any]) -> tuple:
        """Return all arguments in the order of the signature."""
        bound = self.signature.bind(*given, **named)
        bound.apply_defaults()
        return bound.args

    def around(self, kernel: Callable) -> Callable:
        """Return a kernel behind these checks, which is given contiguous, writable arrays of one type.

        Complex arrays go to the reference.
        """

        @wraps(kernel)
        def checked(*given: Any, **named: Any) -> Any:
            given = self.bound(given, named) if named else given
            dtype = self.check(given)
            if dtype.kind == "c":
                return self.function(*given)
            passed = list(given)
            for i, integers in self.cast[: len(given)]:
                if isinstance(given[i], np.ndarray):
                    passed[i] = _plain(given[i], integers or dtype)
            return kernel(*passed)

        return checked

    def _examined(self, kinds: tuple) -> tuple[np.dtype, Sizes]:
        """Check shapes and types; return the type to compute in, and the sizes that letters stand for."""
        pairs = list(zip(self.arguments, kinds, strict=False))
        for argument, given in pairs:
            if not argument.takes(given):
                raise self._error(argument, given)
        arrays = [(a, given) for a, given in pairs if a.axes and isinstance(given, tuple)]
        return self._type(arrays), self._sizes(arrays)

    def _sizes(self, arrays: Sequence[tuple[Argument, Any]]) -> Sizes:
        """Return the sizes that the letters stand for, if all arrays agree."""
        sizes: Sizes = {}
        computed = []
        for argument, given in arrays:
            matched = list(argument.matched(given[0]))
            if not matched:
                raise self._error(argument, given)
            for axis, size in matched:
                if not axis.lstrip("*").isalpha():
                    computed.append((argument, given, axis, size))
                elif sizes.setdefault(axis, size) != size:
                    raise self._error(argument, given, f"{axis} is {sizes[axis]}")
                elif axis.isupper() and np.prod(size) == 0:
                    raise self._error(argument, given, f"{axis} is at least 1")
        for argument, given, axis, size in computed:
            value = sum(
                math.prod(sizes[f] if f.isalpha() else int(f) for f in term.split("*"))
                for term in axis.split("+")
            )
            if size != value:
                raise self._error(argument, given, f"{axis} is {value}")
        return sizes

    def _type(self, arrays: Sequence[tuple[Argument, Any]]) -> np.dtype:
        """Return the type in which a kernel works, if the arrays that it changes have that type."""
        numbers = [(a, given) for a, given in arrays if given[1].kind in "fc"]
        changed = [(a, given) for a, given in numbers if "changed" in a.words]
        ruling = changed or [(a, given) for a, given in numbers if "cast" not in a.words]
        types = {given[1] for _, given in ruling} | {g[1] for _, g in numbers if g[1] in COMPLEX}
        dtype = np.result_type(*(types or {np.dtype(np.float32)}))
        for argument, given in changed:
            if given[1] != dtype:
                raise self._error(argument, given, f"{dtype} is needed")
        return dtype

    def _check_changed(self, array: Any, argument: Argument) -> None:
        if isinstance(array, np.ndarray) and not array.flags.carray:
            what = "contiguous" if array.flags.writeable else "writable"
            self._refuse_in_place(argument, what)

    def _check_apart(self, one: Any, other: Any, first: Argument, second: Argument) -> None:
        arrays = isinstance(one, np.ndarray) and isinstance(other, np.ndarray)
        if arrays and np.may_share_memory(one, other):
            self._refuse_in_place(first, f"apart in memory from {second.name}")

    def _refuse_in_place(self, argument: Argument, what: str) -> None:
        raise InputError(f"{self.name} changes {argument.name} in place: it must be {what}")

    def _check_below(self, array: Any, argument: Argument, limit: int) -> None:
        if isinstance(array, np.ndarray) and array.size:
            low, high = int(array.min()), int(array.max())
            if low < 0 or high >= limit:
                raise InputError(
                    f"{self.name} takes {argument.name} from 0 to {limit - 1}, not {low} to {high}"
                )

    def _error(self, argument: Argument, given: Any, but: str = "") -> InputError:
        what = f"{given[1]} {given[0]}" if isinstance(given, tuple) else f"a {given.__name__}"
        return InputError(
            f"{self.name} takes {self.spec}: {argument.name} is {what}"
            + (f", and {but}" if but else "")
        )


def number_type(dtype: np.typing.DTypeLike) -> np.dtype:
    """Return a dtype that arrays may have, float32, float64 or complex; raise an InputError for any other.

    >>> number_type(float)
    dtype('float64')
    """
    try:
        found = np.dtype(dtype)
    except TypeError:
        found = np.dtype(object)
    if found not in FLOATS | COMPLEX:
        raise InputError(f"numbers are float32 or float64, not {shown(dtype)}")
    return found


def _plain(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    if array.dtype == dtype and array.flags.carray and type(array) is np.ndarray:
        return array
    return np.array(array, dtype, order="C")


def takes(spec: str = "", also: Also | None = None) -> Callable[[Function], Function]:
    """Let a function check its arguments: ``spec`` is explained at the top of this file.

    The function's ``border`` can check a kernel's arguments as well.
    """

    def decorate(function: Function) -> Function:
        border = Border(function, spec, also)

        @wraps(function)
        def checked(*given: Any, **named: Any) -> Any:
            border.check((border.bound(given, named) if named else given)[border.first :])
            return function(*given, **named)

        checked.border = border  # type: ignore[attr-defined]
        return cast(Function, checked)

    return decorate


def operation(spec: str = "", also: Also | None = None) -> Callable[[Function], Function]:
    """Let a function check its arguments, as :func:`takes` does, and add it to its module's ``__all__``."""

    def decorate(function: Function) -> Function:
        function.__globals__.setdefault("__all__", []).append(function.__name__)
        return takes(spec, also)(function)

    return decorate
