"""Texts and formulas as outlines: how large they are, and formulas as drawings in a page."""

import re
from functools import cache
from html import escape

from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.textpath import TextPath

from npgan.check.tracing.drawing import SIZE

OTHERWISE = (
    (r"\\[bB]igg?[lr]?(?![a-zA-Z])", ""),
    (r"\\mathrel\{(.)\}", r"\1"),
    (r"\\tfrac", r"\\frac"),
    (r"\\frac\s*([^\s{\\])\s*([^\s{\\])", r"\\frac{\1}{\2}"),
    (r"\\frac\s*([^\s{\\])\s*(\\[a-z]+)", r"\\frac{\1}{\2}"),
    (r"\\frac\s*([^\s{\\])\{", r"\\frac{\1}{"),
    (r"\\sqrt(\\[a-z]+)", r"\\sqrt{\1}"),
    (r"\\text\{", r"\\mathrm{"),
    (r"&|\\(begin|end)\{aligned\}", ""),
)
"""What Matplotlib writes in another way than LaTeX."""
BREAKS = re.compile(r",?\s*\\qquad\s*|,?\s*\\quad\s*|\s*\\Longleftrightarrow\s*|\\\\")
LETTERS = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C"}
"""What SVG calls Matplotlib's segments."""


@cache
def outline(text: str, bold: bool = False) -> TextPath | None:
    """Return the outline of a text, or of a formula between dollars; None if it cannot be read."""
    font = FontProperties(weight="bold" if bold else "normal")
    try:
        return TextPath((0, 0), text, SIZE, prop=font)
    except ValueError:
        return None


def box(path: TextPath) -> tuple[float, float, float, float]:
    """Return the left, lower, right and upper end of an outline, in points."""
    points = path.vertices[path.codes != Path.CLOSEPOLY]
    return (*points.min(axis=0), *points.max(axis=0))


def equations(formula: str) -> list[str]:
    r"""Return the equations of a formula, between dollars.

    >>> equations(r"dW = \frac1n x^\top dy, \qquad db = \tfrac12 dy")
    ['$dW = \\frac{1}{n} x^\\top dy$', '$db = \\frac{1}{2} dy$']
    """
    for pattern, other in OTHERWISE:
        formula = re.sub(pattern, other, formula)
    parts = (part.strip(" ,.") for part in BREAKS.split(formula))
    return [f"${part}$" for part in parts if part]


def html(formula: str) -> str:
    """Return a formula as HTML: small drawings of its equations, and in LaTeX those that Matplotlib cannot read."""
    return "<br>".join(map(_drawn, equations(formula)))


def _drawn(equation: str) -> str:
    latex, path = escape(equation.strip("$")), outline(equation)
    if path is None:
        return f"<code>{latex}</code>"
    left, low, right, high = box(path)
    segments = "".join(
        LETTERS[code] + " ".join(f"{n:.2f}" for n in points) if code in LETTERS else "Z"
        for points, code in path.iter_segments(simplify=False)
    )
    place = f"{left:.2f} {-high:.2f} {right - left:.2f} {high - low:.2f}"
    width, height, depth = (f"{n / SIZE:.2f}em" for n in (right - left, high - low, low))
    return (
        f'<svg role="img" aria-label="{latex}" viewBox="{place}" '
        f'style="width: {width}; height: {height}; vertical-align: {depth}">'
        f'<path transform="scale(1 -1)" d="{segments}"/></svg>'
    )
