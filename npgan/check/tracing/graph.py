"""The graph of a step: its operations, and the arrays that go from one to another."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from npgan.errors import InputError, as_path
from npgan.system.disk import write_atomically

SMALL = 12
"""An array of at most so many numbers is written in full in the table."""
WIDTHS = {"no.": 3, "operation": 26, "inputs": 26, "output": 17, "numbers": 20}
"""The table's columns: with the gaps 100 characters."""


@dataclass(frozen=True, eq=False)
class Value:
    """An array as it was when an operation took or made it.

    Attributes
    ----------
    name : of a parameter, of data, or of a parameter's gradient; "" where an operation's one result has none
    array : its numbers
    """

    name: str
    array: np.ndarray

    def __str__(self) -> str:
        shape = str(self.array.shape) if self.array.ndim else "number"
        return f"{self.name} {shape}".strip()

    def numbers(self, most: int = SMALL) -> str:
        """Return all its numbers if it has at most so many, else their mean, the smallest and the largest.

        >>> Value("", np.array([[1, 0.25]])).numbers(), Value("", np.arange(99.0)).numbers()
        ('1 0.25', 'mean 49 from 0 to 98')
        """
        flat = self.array.ravel()
        if flat.size <= most:
            return " ".join(f"{number:.4g}" for number in flat.tolist())
        with np.errstate(all="ignore"):
            mean = flat.mean(dtype=np.float64)
        return f"mean {mean:.4g} from {flat.min():.4g} to {flat.max():.4g}"


@dataclass(frozen=True, eq=False)
class Node:
    """An operation that ran.

    Attributes
    ----------
    number : its place among those that ran, from 1
    name : of the operation in :mod:`npgan.ops`, of NumPy's function, or of a layer of the user's own and its method
    kind : "forward", "backward", "update", "noise", "numpy" or "layer"
    inputs : argument -> the array, or the number, that it took, in order
    outputs : what it made, and what it changed in place
    of : the number of the forward operation that it goes back through; None: of none
    formula, source : of its docstring; "" where that has none
    """

    number: int
    name: str
    kind: str
    inputs: tuple[tuple[str, Value | float], ...]
    outputs: tuple[Value, ...]
    of: int | None
    formula: str
    source: str


@dataclass(frozen=True)
class Graph:
    """The operations of a step in the order in which they ran; printed, a table of what they took and made."""

    nodes: tuple[Node, ...]

    @cached_property
    def makers(self) -> dict[Value, Node]:
        """Array -> the node that made it; those that the step was given have none."""
        return {value: node for node in self.nodes for value in node.outputs}

    @cached_property
    def given(self) -> tuple[Value, ...]:
        """The arrays that no node made: data, parameters, constants."""
        taken = (value for node in self.nodes for _, value in node.inputs)
        outside = (v for v in taken if isinstance(v, Value) and v not in self.makers)
        return tuple(dict.fromkeys(outside))

    def edges(self) -> Iterator[tuple[Node, Node]]:
        """Yield each pair of nodes of which the second takes what the first made, once."""
        for node in self.nodes:
            makers = [
                self.makers.get(value) for _, value in node.inputs if isinstance(value, Value)
            ]
            yield from ((maker, node) for maker in dict.fromkeys(makers) if maker)

    def said(self, argument: str, value: Value | float) -> str:
        """Return an input in words: the number of the node that made it, or its name, and its shape."""
        if not isinstance(value, Value):
            return f"{argument} {value:.4g}".strip()
        maker = self.makers.get(value)
        return str(value) if maker is None else f"{maker.number} {value}"

    def __str__(self) -> str:
        given = (["", "given", "", str(value), value.numbers()] for value in self.given)
        ran = (row for node in self.nodes for row in self._rows(node))
        return "\n".join(line for row in [list(WIDTHS), *given, *ran] for line in _lines(row))

    def _rows(self, node: Node) -> Iterator[list[str]]:
        """Yield a row for each output of a node; the first says what it is and takes."""
        name = f"{node.name} (of\xa0{node.of})" if node.of else node.name
        first = [str(node.number), name, "\n".join(self.said(*pair) for pair in node.inputs)]
        for value in node.outputs:
            yield [*first, str(value), value.numbers()]
            first = ["", "", ""]

    def save(self, path: Path | str) -> None:
        """Draw the graph: as a picture, ``.svg``, or as a page, ``.html``, which also has the values.

        Raises InputError for another ending.
        """
        from npgan.check.tracing import drawing, page

        path = as_path(path)
        writers: dict[str, Any] = {".svg": drawing.svg, ".html": page.html}
        if path.suffix not in writers:
            raise InputError(f"{path}: the file's name must end in .svg or .html")
        write_atomically(path, writers[path.suffix](self).encode())


def _lines(row: list[str]) -> Iterator[str]:
    """Yield a row's lines, its cells wrapped; a shape stays in one line."""
    whole = (cell.replace(", ", ",\xa0") for cell in row)
    cells = [
        [part for line in cell.split("\n") for part in textwrap.wrap(line, width) or [""]]
        for cell, width in zip(whole, WIDTHS.values(), strict=True)
    ]
    for parts in zip_longest(*cells, fillvalue=""):
        padded = (f"{part:{width}}" for part, width in zip(parts, WIDTHS.values(), strict=True))
        yield "  ".join(padded).rstrip().replace("\xa0", " ")
