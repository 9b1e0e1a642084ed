"""Deliberate mistakes, as data: test_mutations.py makes each and sees it caught.

``where`` names a function or method of npgan, in whose syntax tree the node that ``old`` writes,
an expression or a statement, becomes what ``new`` writes. It must be there exactly once; how it is
laid out does not matter.
"""

import ast
import copy
from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    """A mistake that the gradient checker must find.

    Attributes
    ----------
    case : the case of :mod:`npgan.check.catalogue` that must fail
    parameter : the array whose gradient it must say is wrong
    raises : whether the shapes cannot fit any more, so that an exception is what catches it
    """

    where: str
    old: str
    new: str
    case: str
    parameter: str = "x"
    raises: bool = False

    def __str__(self) -> str:
        return f"{self.where}: {self.old!r} -> {self.new!r}"


@dataclass(frozen=True)
class Silent:
    """A mistake that no gradient shows, and the test (of which arguments) that must fail instead."""

    where: str
    old: str
    new: str
    test: str
    arguments: tuple = ()

    def __str__(self) -> str:
        return f"{self.where}: {self.old!r} -> {self.new!r}"


def _parsed(old: str, new: str):
    """Return the node of ``old`` and of ``new``: expressions if both are, else statements."""
    (before,), (after,) = ast.parse(old).body, ast.parse(new).body
    if isinstance(before, ast.Expr) and isinstance(after, ast.Expr):
        return before.value, after.value
    return before, after


class _Exchange(ast.NodeTransformer):
    def __init__(self, old: str, new: str):
        before, self.after = _parsed(old, new)
        self.before, self.count = ast.dump(before), 0

    def visit(self, node):
        if ast.dump(node) == self.before:
            self.count += 1
            return ast.copy_location(copy.deepcopy(self.after), node)
        return self.generic_visit(node)


def mutated(source: str, old: str, new: str) -> ast.Module:
    """Return the syntax tree of ``source`` with the one node ``old`` in it changed to ``new``.

    Examples
    --------
    >>> ast.unparse(mutated("def f(x): return (x  +  1) * 2", "x + 1", "x - 1"))
    'def f(x):\\n    return (x - 1) * 2'
    """
    exchange = _Exchange(old, new)
    tree = exchange.visit(ast.parse(source))
    if exchange.count != 1:
        raise ValueError(f"{old!r} occurs {exchange.count} times, not once, in\n{source}")
    return ast.fix_missing_locations(tree)
