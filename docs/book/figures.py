"""The book's figures, each drawn anew whenever the pages are built: `python docs/book/figures.py`."""

from importlib import import_module
from pathlib import Path

import matplotlib as mpl
from drawings import style

HERE = Path(__file__).parent
CHAPTERS = [
    import_module(f"drawings.{path.stem}") for path in sorted(HERE.glob("drawings/chapter_*.py"))
]
FIGURES = {name: function for chapter in CHAPTERS for name, function in chapter.FIGURES.items()}
"""A figure's name in the chapters -> the function that draws it."""


def draw(folder=HERE / "figures"):
    """Draw every figure as an SVG file."""
    folder.mkdir(exist_ok=True)
    with mpl.rc_context(style.SETTINGS):
        for name, function in FIGURES.items():
            function().savefig(folder / f"{name}.svg", metadata={"Date": None})


if __name__ == "__main__":
    draw()
