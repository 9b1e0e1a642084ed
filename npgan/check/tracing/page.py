"""The page of a graph: its drawing, and a table with values, formulas and sources; it needs nothing else."""

from html import escape

import numpy as np

from npgan.check.tracing.drawing import svg
from npgan.check.tracing.graph import Graph, Node, Value

FULL = 64
"""An array of at most so many numbers is written in full."""
STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 1.5rem auto; padding: 0 1rem; max-width: 80rem; }
figure { margin: 0 0 1.5rem; overflow-x: auto; background: white; border-radius: 6px; }
figure svg { display: block; margin: auto; }
div { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-top: 1px solid #8886; }
td:first-child { text-align: right; }
pre, code { font: 12px/1.4 ui-monospace, monospace; margin: 0; }
a { color: inherit; }
td svg { fill: currentColor; margin: .2em 0; overflow: visible; }
"""
HEAD = "<th>no.<th>operation, formula, source<th>inputs<th>outputs, and their numbers"


def html(graph: Graph) -> str:
    """Return the page."""
    drawing = svg(graph)
    drawing = drawing[drawing.index("<svg") :]
    given = (f"<tr><td><td>given<td><td>{_shown(value)}" for value in graph.given)
    rows = "\n".join([*given, *(_row(graph, node) for node in graph.nodes)])
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n<title>A step, operation by operation</title>\n'
        f"<style>{STYLE}</style>\n</head>\n<body>\n<h1>A step, operation by operation</h1>\n"
        f"<figure>\n{drawing}</figure>\n<div>\n<table>\n<thead><tr>{HEAD}</thead>\n<tbody>\n{rows}\n"
        "</tbody>\n</table>\n</div>\n</body>\n</html>\n"
    )


def _row(graph: Graph, node: Node) -> str:
    from npgan.check.tracing.mathtext import html as formula

    of = f' (of <a href="#n{node.of}">{node.of}</a>)' if node.of else ""
    name = f"<b>{escape(node.name)}</b>{of}"
    cells = (
        str(node.number),
        "<br>".join(filter(None, (name, formula(node.formula), escape(node.source)))),
        "<br>".join(_input(graph, *pair) for pair in node.inputs),
        "".join(map(_shown, node.outputs)),
    )
    return f'<tr id="n{node.number}">' + "".join(f"<td>{cell}" for cell in cells)


def _shown(value: Value) -> str:
    return f"{escape(str(value))}<pre>{escape(numbers(value))}</pre>"


def _input(graph: Graph, argument: str, value: Value | float) -> str:
    words = escape(graph.said(argument, value))
    maker = graph.makers.get(value) if isinstance(value, Value) else None
    return f'<a href="#n{maker.number}">{words}</a>' if maker else words


def numbers(value: Value) -> str:
    """Return a small array's numbers row by row, and of a large one its mean, the smallest and the largest.

    >>> print(numbers(Value("", np.array([[1.0, 0.25], [0.0, -2.0]]))))
     1      0.25
     0     -2
    """
    if value.array.size > FULL or value.array.ndim > 2:
        return value.numbers(FULL)
    rows = [[f"{number: .4g}" for number in row] for row in np.atleast_2d(value.array).tolist()]
    width = max(len(number) for row in rows for number in row)
    return "\n".join("  ".join(f"{number:{width}}" for number in row).rstrip() for row in rows)
