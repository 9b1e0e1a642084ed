"""What ran, written down: each operation with what it took and made, and where each array came from.

An array is found again by its memory, which is kept until the end. Who wrote last to the place where it lies has made
it. A part of an array, or the same numbers in another shape, is a node of its own: the way from one to the other.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from npgan import ops
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


class Memory(NamedTuple):
    """Where an array lies, from its first byte to that behind its last; two with one ``layout`` are the same."""

    array: np.ndarray
    layout: tuple
    first: int
    end: int

    def holds(self, other: "Memory") -> bool:
        """Return whether the other lies within it."""
        return self.first <= other.first and other.end <= self.end

    def common(self, other: "Memory") -> int:
        """Return how many bytes both have; none, or less, if they lie apart."""
        return min(self.end, other.end) - max(self.first, other.first)


def memory(array: np.ndarray) -> Memory:
    """Return where an array lies."""
    address = array.__array_interface__["data"][0]
    steps = [(n - 1) * stride for n, stride in zip(array.shape, array.strides, strict=True)]
    first = address + sum(step for step in steps if step < 0)
    layout = address, array.shape, array.strides, array.dtype
    return Memory(array, layout, first, first + sum(map(abs, steps)) + array.itemsize)


class Place(NamedTuple):
    """A value and where it lies: it was "made" there, is a "leaf" from outside, or a "view" of one of these."""

    value: Value
    kind: str
    memory: Memory


class Recorder:
    """Writes down what runs.

    Parameters
    ----------
    known : arrays by name, of which an array that nothing has made may be a part
    """

    def __init__(self, known: Iterable[tuple[str, np.ndarray]]) -> None:
        self.known = [(name, memory(array)) for name, array in known if array.size]
        self.entries: list[Entry] = []
        self.places: list[Place] = []
        self.makers: dict[Value, Entry] = {}
        self.points: dict[Value, Value] = {}  # gradient -> what it is the gradient with respect to

    def perform(self, name: str, function: Any, *given: Any) -> Any:
        """Call an operation, and write it down; a sum of gradients that begins at 0 counts as no input."""
        given, border = plain(given), function.border
        changed = [(a.name, given[i]) for i, a in border.changed if i < len(given)]
        sums = [a for a, array in changed if a[0] == "d" and array is not None and not array.any()]
        pairs = zip(border.signature.parameters, given, strict=False)
        inputs = self.taken(pair for pair in pairs if pair[0] not in sums)
        result = watched(function(*given))
        self.write(name, "operation", inputs, result, changed)
        return result

    def numpy(
        self, name: str, function: Callable, given: Any, named: Any, changed: Sequence[Any]
    ) -> Any:
        """Call a function of NumPy, or a generator's, and write it down."""
        given, named = plain((given, named))
        inputs = self.taken([*(("", one) for one in given), *named.items()])
        result = watched(function(*given, **named))
        drawn = bool(given) and isinstance(given[0], np.random.Generator)
        written = [("", array) for array in arrays_in(tuple(changed))]
        if not (name == "assign" and inputs[0] == inputs[-1]):  # as ``grads["weight"] += ...`` ends
            self.write(name, "noise" if drawn else "numpy", inputs, result, written)
        return result

    def write(
        self, name: str, kind: str, inputs: Sequence[Taken], result: Any, changed: Pairs = ()
    ) -> None:
        """Write down what ran. A result that lies in older memory is no new array, unless an operation says so."""
        written = [(label, memory(array)) for label, array in changed if array is not None]
        older = {place.layout for _, place in written}
        made = [memory(array) for array in arrays_in(result) if array.size]
        made = [one for one in made if one.layout not in older]
        if kind != "operation":
            made = [one for one in made if not any(old.memory.holds(one) for old in self.places)]
        of = self._owner(name, inputs)
        named = [("", one) for one in made]
        named += [(self._name(label, place, of), place) for label, place in written]
        values = tuple(Value(label, place.array.copy()) for label, place in named)
        if values:
            places = (place for _, place in named)
            self.places += map(Place, values, ["made"] * len(values), places)
            self._keep(Entry(name, kind, tuple(inputs), values, "", of))

    def taken(self, pairs: Iterable[tuple[str, Any]]) -> list[Taken]:
        """Return numbers, and what arrays are known as."""
        found: list[Taken] = []
        for label, thing in pairs:
            if isinstance(thing, int | float | np.number) and type(thing) is not bool:
                found.append((label, float(thing)))
            found += [(label, self.value(array)) for array in arrays_in(thing) if array.size]
        return found

    def value(self, array: np.ndarray) -> Value:
        """Return what an array is known as; if it is a part of others, or several side by side, write that down."""
        mine, parts = memory(array), list[Place]()
        missing = mine.end - mine.first
        for old in reversed(self.places):
            common = old.memory.common(mine)
            if common <= 0:
                continue
            if not parts and old.memory.layout == mine.layout:
                return old.value
            if old.kind == "made" and not any(part.memory.holds(old.memory) for part in parts):
                parts.append(old)
                missing -= common
            if missing <= 0:
                return self._view(mine, parts)
        leaf = self._leaf(mine)
        same = leaf.memory.layout == mine.layout
        return leaf.value if same else self._view(mine, [*parts, leaf])

    def _leaf(self, mine: Memory) -> Place:
        """Return the smallest array from outside that this one is a part of, or else itself."""
        leaves = [place for place in self.places if place.kind == "leaf"]
        known = [*self.known, *((leaf.value.name, leaf.memory) for leaf in leaves)]
        within = [(name, whole) for name, whole in known if whole.holds(mine)]
        name, whole = min(
            reversed(within), key=lambda one: one[1].array.nbytes, default=(CONSTANT, mine)
        )
        for leaf in leaves:
            if leaf.memory.layout == whole.layout:
                return leaf
        self.places.append(Place(Value(name, whole.array.copy()), "leaf", whole))
        return self.places[-1]

    def _view(self, mine: Memory, parts: list[Place]) -> Value:
        value = Value("", mine.array.copy())
        whole = parts[0].memory.array
        name, formula = view_of(whole, mine.array) if len(parts) == 1 else ("side by side", "")
        inputs = tuple(("", part.value) for part in reversed(parts))
        self._keep(Entry(name, "view", inputs, (value,), formula))
        self.places.append(Place(value, "view", mine))
        return value

    def _name(self, label: str, place: Memory, of: Entry | None) -> str:
        """Return what an array that is changed in place is called: a parameter's gradient by the parameter."""
        for argument, value in of.inputs if of else ():
            if label == f"d{argument}" and isinstance(value, Value) and value.name:
                return f"d {value.name}"
        names = [name for name, other in self.known if other.layout == place.layout]
        return names[-1] if names else label

    def _keep(self, entry: Entry) -> None:
        """Note an entry, what it made, and what its results are gradients with respect to.

        The gradient of a backward operation's ``dx`` is that of its forward's first input, and so on in order; a
        loss that returns its gradient, too, has it second. NumPy's sums, joins and parts of gradients are gradients.
        """
        self.entries.append(entry)
        self.makers.update(dict.fromkeys(entry.outputs, entry))
        if entry.of and "double" not in entry.name:
            pairs = [(g, x) for g, (_, x) in zip(entry.outputs, entry.of.inputs, strict=False)]
        elif entry.kind == "operation" and f"{entry.name}_backward" in vars(ops):
            pairs = [(entry.outputs[1], entry.inputs[0][1])]
        else:
            points = [self.points[x] for _, x in entry.inputs if x in self.points]
            pairs = [(g, x) for g in entry.outputs for x in points[:1] if entry.kind != "operation"]
        self.points.update({g: x for g, x in pairs if isinstance(x, Value) and not g.name})

    def _owner(self, name: str, inputs: Sequence[Taken]) -> Entry | None:
        """Return the forward operation that a backward one goes back through.

        It has an array in common with it. Of several it is the one whose output ``dy`` is the gradient of, if that is
        known, and else the last.
        """
        stem, way, _ = name.removesuffix("_double_backward").partition("_backward")
        if not way and stem == name:
            return None
        mine = [value for _, value in inputs if isinstance(value, Value)]
        found = [
            entry
            for entry in self.entries
            if entry.name == f"{stem}_forward"
            and {*mine} & {*entry.outputs, *(value for _, value in entry.inputs)}
        ]
        points = [self.points[value] for value in mine if value in self.points]
        behind = (entry for entry in self._behind(points) if entry in found)
        return next(behind, next(reversed(found), None))

    def _behind(self, values: Iterable[Value | float]) -> Iterator[Entry]:
        """Yield the operations that made values, or what NumPy made them of."""
        for value in values:
            entry = self.makers.get(value) if isinstance(value, Value) else None
            if entry and entry.kind == "operation":
                yield entry
            elif entry:
                yield from self._behind(other for _, other in entry.inputs)


def view_of(whole: np.ndarray, part: np.ndarray) -> tuple[str, str]:
    r"""Return what a view of an array is called, and its formula.

    >>> a = np.zeros((4, 3))
    >>> view_of(a, a[1:3]), view_of(a, a[:, :2]), view_of(a, a.T), view_of(a, a[::-1])
    (('slice', 'a[1:3]'), ('slice', 'a[:, 0:2]'), ('transpose', 'a^\\top'), ('flip', ''))
    """
    if part.size == whole.size and min(part.strides, default=0) < 0:
        return "flip", ""
    if part.size == whole.size:
        turned = part.shape == whole.shape[::-1] and part.strides == whole.strides[::-1]
        return ("transpose", r"a^\top") if turned and part.ndim > 1 else ("reshape", "")
    if part.strides != whole.strides:
        return "slice", ""
    offset, ranges = memory(part).first - memory(whole).first, []
    for n, every, stride in zip(part.shape, whole.shape, part.strides, strict=True):
        start, offset = divmod(offset, stride or 1)
        ranges.append(":" if n == every else f"{start}:{start + n}")
    while ranges[-1] == ":":
        ranges.pop()
    return "slice", f"a[{', '.join(ranges)}]"
