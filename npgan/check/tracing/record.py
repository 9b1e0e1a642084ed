"""What ran, written down: each operation with what it took and made, and where each array came from.

An array is found again by its memory, which is kept until the end. Who wrote last to the place where it lies has made
it. A part of an array, or the same numbers in another shape, is a node of its own: the way from one to the other.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from npgan.check.tracing.arrays import arrays_in, plain, watched
from npgan.check.tracing.graph import Value

CONSTANT = "constant"
"""What arrays are called that the step was not given, and nothing has made."""
Taken = tuple[str, Value | float]
Pairs = Sequence[tuple[str, Any]]


@dataclass(frozen=True, eq=False)
class Entry:
    """What ran: an "operation", a function of "numpy", "noise" that was drawn, a "layer", or a "view" of an array.

    ``of`` is the forward operation that a backward one belongs to.
    """

    name: str
    kind: str
    inputs: tuple[Taken, ...]
    outputs: tuple[Value, ...]
    formula: str = ""
    of: "Entry | None" = None


class Place(NamedTuple):
    """Where a value lies: what was "made" there, a "leaf" from outside, or a "view" of one of these."""

    value: Value
    kind: str
    array: np.ndarray
    layout: tuple
    first: int
    end: int

    def holds(self, first: int, end: int) -> bool:
        """Return whether it has these bytes."""
        return self.first <= first and end <= self.end


def place(value: Value, kind: str, array: np.ndarray) -> Place:
    """Return where an array lies."""
    return Place(value, kind, array, layout(array), *extent(array))


def layout(array: np.ndarray) -> tuple:
    """Return what two arrays have in common that are the same."""
    return array.__array_interface__["data"][0], array.shape, array.strides, array.dtype


def extent(array: np.ndarray) -> tuple[int, int]:
    """Return the addresses of an array's first byte and of that behind its last."""
    steps = [(n - 1) * s for n, s in zip(array.shape, array.strides, strict=True)]
    first = array.__array_interface__["data"][0] + sum(s for s in steps if s < 0)
    return first, first + sum(map(abs, steps)) + array.itemsize


class Recorder:
    """Writes down what runs.

    Parameters
    ----------
    known : arrays by name, of which an array that nothing has made may be a part
    """

    def __init__(self, known: Iterable[tuple[str, np.ndarray]]) -> None:
        self.known = [(name, array) for name, array in known if array.size]
        self.entries: list[Entry] = []
        self.places: list[Place] = []
        self.points: dict[Value, Value] = {}  # gradient -> what it is the gradient with respect to

    def perform(self, name: str, function: Any, *given: Any) -> Any:
        """Call an operation, and write it down; a sum of gradients that begins at 0 counts as no input."""
        given, border = plain(given), function.border
        changed = [(a.name, given[i]) for i, a in border.changed if i < len(given)]
        sums = [a for a, array in changed if a[0] == "d" and array is not None and not array.any()]
        pairs = zip(border.signature.parameters, given, strict=False)
        inputs = self.taken([pair for pair in pairs if pair[0] not in sums], numbers=True)
        result = watched(function(*given))
        self.write(name, "operation", inputs, result, changed)
        return result

    def numpy(
        self, name: str, function: Callable, given: Any, named: Any, changed: Sequence[Any]
    ) -> Any:
        """Call a function of NumPy, or a generator's, and write it down."""
        given, named = plain((given, named))
        inputs = self.taken([("", (given, named))])
        result = watched(function(*given, **named))
        drawn = getattr(function, "__objclass__", None) is np.random.Generator
        written = [("", array) for array in arrays_in(tuple(changed))]
        self.write(name, "noise" if drawn else "numpy", inputs, result, written)
        return result

    def write(
        self, name: str, kind: str, inputs: Sequence[Taken], result: Any, changed: Pairs = ()
    ) -> None:
        """Write down what ran. A result that lies in older memory is no new array, unless an operation says so."""
        written = [(label, array) for label, array in changed if array is not None]
        older = {layout(array) for _, array in written}
        made = [array for array in arrays_in(result) if array.size and layout(array) not in older]
        if kind != "operation":
            made = [a for a in made if not any(old.holds(*extent(a)) for old in self.places)]
        of = self._owner(name, inputs)
        names = ["" for _ in made] + [self._name(label, array, of) for label, array in written]
        arrays = [*made, *(array for _, array in written)]
        values = tuple(Value(n, array.copy()) for n, array in zip(names, arrays, strict=True))
        if values:
            self.places += map(place, values, ["made"] * len(values), arrays)
            self.entries.append(Entry(name, kind, tuple(inputs), values, "", of))
            self._point(self.entries[-1])

    def taken(self, pairs: Iterable[tuple[str, Any]], numbers: bool = False) -> list[Taken]:
        """Return what arrays, and numbers if they are wanted, are known as."""
        found: list[Taken] = []
        for label, thing in pairs:
            if numbers and isinstance(thing, int | float | np.number) and type(thing) is not bool:
                found.append((label, float(thing)))
            found += [(label, self.value(array)) for array in arrays_in(thing) if array.size]
        return found

    def value(self, array: np.ndarray) -> Value:
        """Return what an array is known as; if it is a part of others, or several side by side, write that down."""
        mine, (first, end) = layout(array), extent(array)
        parts: list[Place] = []
        missing = end - first
        for old in reversed(self.places):
            if old.end <= first or end <= old.first:
                continue
            if not parts and old.layout == mine:
                return old.value
            if old.kind == "made" and not any(part.holds(old.first, old.end) for part in parts):
                parts.append(old)
                missing -= min(old.end, end) - max(old.first, first)
            if missing <= 0:
                return self._view(array, parts)
        leaf = self._leaf(array)
        return leaf.value if leaf.layout == mine else self._view(array, [*parts, leaf])

    def _leaf(self, array: np.ndarray) -> Place:
        """Return the smallest array from outside that this one is a part of, or else itself."""
        old = [(leaf.value.name, leaf.array) for leaf in self.places if leaf.kind == "leaf"]
        within = [one for one in [*self.known, *old] if _holds(one[1], array)]
        name, whole = min(within, key=lambda one: one[1].nbytes, default=(CONSTANT, array))
        same = [p for p in self.places if p.kind == "leaf" and p.layout == layout(whole)]
        if not same:
            same = [place(Value(name, whole.copy()), "leaf", whole)]
            self.places += same
        return same[0]

    def _view(self, array: np.ndarray, parts: list[Place]) -> Value:
        value = Value("", array.copy())
        way = view_of(parts[0].array, array) if len(parts) == 1 else ("side by side", "")
        inputs = tuple(("", part.value) for part in reversed(parts))
        self.entries.append(Entry(way[0], "view", inputs, (value,), way[1]))
        self.places.append(place(value, "view", array))
        return value

    def _name(self, label: str, array: np.ndarray, of: Entry | None) -> str:
        """Return what an array that is changed in place is called: a parameter's gradient by the parameter."""
        for argument, value in of.inputs if of else ():
            if label == f"d{argument}" and isinstance(value, Value) and value.name:
                return f"d {value.name}"
        names = [name for name, other in self.known if layout(other) == layout(array)]
        return names[-1] if names else label

    def _owner(self, name: str, inputs: Sequence[Taken]) -> Entry | None:
        """Return the last forward operation of a backward one that has an array in common with it.

        If ``dy`` is known to be the gradient with respect to the output of one of them, it is that one.
        """
        stem, way, _ = name.removesuffix("_double_backward").partition("_backward")
        if not way and stem == name:
            return None
        mine = {value for _, value in inputs if isinstance(value, Value)}
        found = [
            entry
            for entry in self.entries
            if entry.name == f"{stem}_forward"
            and mine & {*entry.outputs, *(v for _, v in entry.inputs)}
        ]
        points = {self.points.get(value) for value in mine}
        direct = [entry for entry in found if points & {*entry.outputs}]
        return next(reversed(direct or found), None)

    def _point(self, entry: Entry) -> None:
        """Note what the results of a backward operation, or of a loss, are gradients with respect to."""
        if entry.of and "double" not in entry.name:
            pairs = zip(entry.outputs, entry.of.inputs, strict=False)
            self.points.update({g: x for g, (_, x) in pairs if isinstance(x, Value) and not g.name})


def _holds(whole: np.ndarray, part: np.ndarray) -> bool:
    (low, high), (first, end) = extent(whole), extent(part)
    return low <= first and end <= high


def view_of(whole: np.ndarray, part: np.ndarray) -> tuple[str, str]:
    r"""Return what a view of an array is called, and its formula.

    >>> a = np.zeros((4, 3))
    >>> view_of(a, a[1:3]), view_of(a, a[:, :2]), view_of(a, a.T)
    (('slice', 'a[1:3]'), ('slice', 'a[:, 0:2]'), ('transpose', 'a^\\top'))
    """
    if part.size == whole.size:
        turned = part.shape == whole.shape[::-1] and part.strides == whole.strides[::-1]
        return ("transpose", r"a^\top") if turned and part.ndim > 1 else ("reshape", "")
    if part.strides != whole.strides:
        return "slice", ""
    offset, ranges = extent(part)[0] - extent(whole)[0], []
    for n, every, stride in zip(part.shape, whole.shape, part.strides, strict=True):
        start, offset = divmod(offset, stride or 1)
        ranges.append(":" if n == every else f"{start}:{start + n}")
    while ranges[-1] == ":":
        ranges.pop()
    return "slice", f"a[{', '.join(ranges)}]"
