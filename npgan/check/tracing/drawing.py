"""The drawing of a graph: a box for each operation, an arrow for each array from one to another."""

import io
from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from npgan.check.tracing.graph import Graph, Node
from npgan.check.tracing.layout import Point, layered

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = {
    "forward": ("#cfe3f7", "forward"),
    "backward": ("#fbd9b5", "backward"),
    "update": ("#f6c9c9", "update"),
    "noise": ("#e2d4f0", "noise"),
    "layer": ("#d3ecd0", "a layer of one's own"),
    "numpy": ("#eeeeee", "NumPy between them"),
}
"""Kind of a node -> the colour of its box, and what it is."""
INK, ARROW, GRADIENT = "#1a1a1a", "#5b6770", "#c2621b"
SIZE, LEAST, GAP, PAD, MARGIN, SAMPLE = 9.0, 13.0, 5.0, 7.0, 20.0, 130.0  # points
WIDEST, LETTERS = 230.0, 40
"""Of a formula in points, a wider one is only in the table; and of the outputs in one line."""


class Line(NamedTuple):
    """A line in a box, and its width and height in points."""

    text: str
    width: float
    height: float
    bold: bool = False


def line(text: str, bold: bool = False) -> Line:
    """Return a line of text, or of a formula between dollars; one that cannot be read is endless."""
    from npgan.check.tracing.mathtext import box, outline

    path = outline(text, bold)
    if path is None:
        return Line(text, inf, inf)
    left, low, right, high = box(path)
    return Line(text, right - left, max(high - low + GAP, LEAST), bold)


def of_formula(formula: str) -> list[Line]:
    r"""Return a formula's lines as Matplotlib can write them, without those that it cannot, or that are too wide.

    >>> [line.text for line in of_formula(r"dW = \frac1n x^\top dy, \qquad db = \tfrac12 dy")]
    ['$dW = \\frac{1}{n} x^\\top dy$', '$db = \\frac{1}{2} dy$']
    """
    from npgan.check.tracing.mathtext import equations

    return [made for part in equations(formula) if (made := line(part)).width < WIDEST]


def lines(graph: Graph, node: Node) -> list[Line]:
    """Return what is written in a box: the name, the formula, what the node is given from outside, what it makes."""
    of = f" (of {node.of})" if node.of else ""
    given = [
        graph.said(argument, value) for argument, value in node.inputs if value not in graph.makers
    ]
    made = ", ".join(map(str, node.outputs))
    return [
        line(f"{node.number}  {node.name}{of}", bold=True),
        *of_formula(node.formula),
        *map(line, dict.fromkeys(given)),
        *map(line, [f"→ {made}"] if len(made) < LETTERS else [f"→ {v}" for v in node.outputs]),
    ]


def svg(graph: Graph) -> str:
    """Return the drawing as SVG, with all that it needs in it."""
    import matplotlib
    from matplotlib.figure import Figure

    texts = [lines(graph, node) for node in graph.nodes]
    sizes = [
        (max(text.width for text in box) + 2 * PAD, sum(text.height for text in box) + 2 * PAD)
        for box in texts
    ]
    edges = [(one.number - 1, other.number - 1) for one, other in graph.edges()]
    centres, ways = layered(sizes, edges)
    kinds = [kind for kind in COLOURS if any(node.kind == kind for node in graph.nodes)]
    right = max(x + width / 2 for (x, _), (width, _) in zip(centres, sizes, strict=True))
    right = max(right, SAMPLE * len(kinds), *(x for way in ways.values() for x, _ in way))
    low = max(y + height / 2 for (_, y), (_, height) in zip(centres, sizes, strict=True))
    width, height = right + 2 * MARGIN, low + 3 * MARGIN
    figure = Figure(figsize=(width / 72, height / 72))
    axes = figure.add_axes((0, 0, 1, 1))  # one unit is one point
    axes.set(xlim=(-MARGIN, right + MARGIN), ylim=(low + MARGIN, -2 * MARGIN))
    axes.axis("off")
    for i, kind in enumerate(kinds):
        colour, words = COLOURS[kind]
        _box(axes, [], (SAMPLE * i + PAD, -MARGIN), (2 * PAD, 2 * PAD), colour)
        axes.text(SAMPLE * i + 3 * PAD, -MARGIN, words, va="center", fontsize=SIZE, color=INK)
    for (one, _), way in ways.items():
        _arrow(axes, way, GRADIENT if graph.nodes[one].kind == "backward" else ARROW)
    for node, text, centre, size in zip(graph.nodes, texts, centres, sizes, strict=True):
        _box(axes, text, centre, size, COLOURS[node.kind][0])
    content = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "npgan", "svg.fonttype": "path"}):
        figure.savefig(content, format="svg", metadata={"Date": None}, facecolor="white")
    return content.getvalue().decode()


def _box(axes: "Axes", text: list[Line], centre: Point, size: Point, colour: str) -> None:
    """Draw a box, and its lines from the top."""
    from matplotlib.patches import FancyBboxPatch

    (x, y), (width, height) = centre, size
    corner = x - width / 2, y - height / 2
    style = "round,pad=0,rounding_size=4"
    axes.add_patch(FancyBboxPatch(corner, width, height, style, fc=colour, ec=ARROW, lw=0.7))
    top = corner[1] + PAD
    for one in text:
        weight, middle = "bold" if one.bold else "normal", top + one.height / 2
        axes.text(
            x, middle, one.text, ha="center", va="center", size=SIZE, weight=weight, color=INK
        )
        top += one.height


def _arrow(axes: "Axes", way: list[Point], colour: str) -> None:
    """Draw an arrow: straight down within a layer, in a curve from one layer to the next."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    points, codes = [way[0]], [Path.MOVETO]
    for i, ((ax, ay), (bx, by)) in enumerate(pairwise(way)):
        if i % 2 == 0 and by - ay > 1:  # a line without length would leave the arrow without a head
            points.append((bx, by))
            codes.append(Path.LINETO)
        elif i % 2:
            middle = (ay + by) / 2
            points += [(ax, middle), (bx, middle), (bx, by)]
            codes += [Path.CURVE4] * 3
    head = "-|>,head_length=4,head_width=2"
    axes.add_patch(
        FancyArrowPatch(path=Path(points, codes), arrowstyle=head, color=colour, lw=0.9, fc=colour)
    )
