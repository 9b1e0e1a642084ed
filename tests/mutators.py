"""The small mistakes that mutants.py makes, one at a time, anywhere in the package.

Docstrings, annotations, the messages of errors and what a string says stay as they are.
"""

import ast
import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

SWAPS: dict[type, type] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.BitXor: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
}


SYMMETRIC = "max", "min", "np.array_equal", "np.result_type", "frechet_distance"
"""Functions of whose first two arguments either may come first."""


@dataclass(frozen=True)
class Mutant:
    """A mistake: in the function ``where`` of a file, the ``number``-th node ``old`` becomes ``new``."""

    path: str
    where: str
    kind: str
    old: str
    new: str
    number: int
    lines: range  # from the beginning of its statement
    span: tuple[int, int]  # in the file's bytes

    @property
    def key(self) -> tuple[str, str, str, str, int]:
        """What this is, wherever in the file it lies."""
        return self.path, self.where, self.old, self.new, self.number

    def __str__(self) -> str:
        return f"{self.path}:{self.lines[0]} {self.where}: {self.old} -> {self.new}"

    def applied(self, source: bytes) -> bytes:
        """Return the source with the mistake, of as many lines as before."""
        start, end = self.span
        lines = source[start:end].count(b"\n") - self.new.count("\n")
        new = self.new if self.kind == "removed" else f"({self.new}" + "\n" * lines + ")"
        if self.kind == "removed":
            new += "\n" * lines
        return source[:start] + new.encode() + source[end:]


def _changed(node: ast.AST, **fields: object) -> ast.AST:
    other = copy.copy(node)
    for name, value in fields.items():
        setattr(other, name, value)
    return other


def _constants(value: object) -> Iterator[object]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield value + 1
    elif isinstance(value, float):
        yield value * 2 or 1.0


def _of_call(node: ast.Call) -> Iterator[tuple[str, ast.AST]]:
    args = node.args
    swapped = [args[1], args[0], *args[2:]] if len(args) > 1 else args
    alike = ast.unparse(node.func) in SYMMETRIC or any(
        isinstance(arg, ast.Starred) for arg in args[:2]
    )
    if not alike and list(map(ast.dump, swapped)) != list(map(ast.dump, args)):
        yield "arguments", _changed(node, args=swapped)
    for keyword in node.keywords:
        if keyword.arg:
            rest = [other for other in node.keywords if other is not keyword]
            yield "keyword", _changed(node, keywords=rest)


def changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Yield each kind of mistake at a node, and what the node becomes."""
    match node:
        case ast.BinOp(op=op) if type(op) in SWAPS:
            yield "arithmetic", _changed(node, op=SWAPS[type(op)]())
        case ast.BoolOp(op=op):
            yield "logic", _changed(node, op=SWAPS[type(op)]())
        case ast.Compare(ops=[op, *rest]):
            yield "comparison", _changed(node, ops=[SWAPS[type(op)](), *rest])
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield "sign", operand
        case ast.Constant(value=value):
            for other in _constants(value):
                yield "constant", ast.Constant(other)
        case ast.Subscript(slice=ast.Constant(value=str() as key), ctx=ast.Load()):
            yield "key", _changed(node, slice=ast.Constant(f"{key}_"))
        case ast.Call():
            yield from _of_call(node)
        case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Raise() | ast.Delete():
            yield "removed", ast.Pass()
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            if not isinstance(test, (ast.Compare, ast.BoolOp, ast.UnaryOp)):
                yield "condition", ast.UnaryOp(ast.Not(), test)


def _skipped(node: ast.AST) -> list[ast.AST]:
    """Return those children of a node that no mistake is made in: annotations, messages, names."""
    match node:
        case ast.Raise():
            return [child for child in (node.exc, node.cause) if child]
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return [*node.decorator_list, *([node.returns] if node.returns else [])]
        case ast.arg(annotation=annotation) if annotation:
            return [annotation]
        case ast.AnnAssign():
            return [node.annotation]
        case ast.Assign(targets=[ast.Name(id="__all__" | "__version__")]):
            return [node.value]
        case ast.Call(func=ast.Attribute(attr="warn")):
            return [node]
        case ast.JoinedStr():
            return list(node.values)
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return [node.test, *node.body]
    return []


def mutants(path: str, source: bytes) -> list[Mutant]:
    """Return every mutant of a file, in its order."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def span(node: ast.AST) -> tuple[int, int]:
        return (
            starts[node.lineno - 1] + node.col_offset,
            starts[node.end_lineno - 1] + node.end_col_offset,
        )

    found: list[Mutant] = []
    seen: Counter[tuple[str, str, str]] = Counter()

    def visit(node: ast.AST, where: str, begins: int) -> None:
        if isinstance(node, ast.stmt):
            begins = node.lineno
        for kind, new in changes(node):
            at = node.test if kind == "condition" else node
            old, new = ast.unparse(at), ast.unparse(new)
            number = seen[where, old, new]
            seen[where, old, new] += 1
            lines = range(
                min(begins, at.lineno), at.end_lineno + 1
            )  # a decorator is above its class
            found.append(Mutant(path, where, kind, old, new, number, lines, span(at)))
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            where = f"{where}.{node.name}".lstrip(".")
        skipped = _skipped(node)
        for child in ast.iter_child_nodes(node):
            if not any(child is other for other in skipped):
                visit(child, where, begins)

    visit(ast.parse(source), "", 1)
    return found
