"""The book's figures, each drawn anew whenever the pages are built: `python docs/book/figures.py`."""

import tomllib
from importlib import import_module
from logging import getLogger
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


def draw(folder=HERE / "figures", language="en"):
    """Draw every figure as an SVG file, and one that moves as a GIF, its labels in a language."""
    folder.mkdir(exist_ok=True)
    settings, ending = dict(style.SETTINGS), ""
    if language in style.FONTS:
        labels = HERE.parent / language[:2] / "labels.toml"
        style.WORDS = tomllib.loads(labels.read_text(encoding="utf-8"))
        settings, ending = settings | {"font.family": style.FONTS[language]}, f".{language}"
    getLogger("matplotlib.animation").setLevel("WARNING")  # it tells of every file
    with mpl.rc_context(settings):
        for name, function in FIGURES.items():
            made = function()
            if isinstance(made, Figure):
                made.savefig(folder / f"{name}{ending}.svg", metadata={"Date": None})
            else:
                made.save(folder / f"{name}{ending}.gif", writer="pillow", fps=10, dpi=90)


if __name__ == "__main__":
    draw()
