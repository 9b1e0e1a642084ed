"""The book's figures, each drawn anew whenever the pages are built: `python docs/book/figures.py`."""

from importlib import import_module
from pathlib import Path

import matplotlib as mpl
from drawings import style
from matplotlib.figure import Figure

HERE = Path(__file__).parent
CHAPTERS = [
    import_module(f"drawings.{path.stem}") for path in sorted(HERE.glob("drawings/chapter_*.py"))
]
FIGURES = {name: function for chapter in CHAPTERS for name, function in chapter.FIGURES.items()}
"""A figure's name in the chapters -> the function that draws it."""


def draw(folder=HERE / "figures"):
    """Draw every figure as an SVG file, and one that moves as a GIF."""
    folder.mkdir(exist_ok=True)
    with mpl.rc_context(style.SETTINGS):
        for name, function in FIGURES.items():
            made = function()
            if isinstance(made, Figure):
                made.savefig(folder / f"{name}.svg", metadata={"Date": None})
            else:
                made.save(folder / f"{name}.gif", writer="pillow", fps=10, dpi=90)


if __name__ == "__main__":
    draw()
