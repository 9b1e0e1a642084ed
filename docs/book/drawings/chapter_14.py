"""The figure of chapter 14."""

import numpy as np
from drawings.style import BLUE, GREEN, GREY, RED, say
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from npgan import ops

COLOURS = ("white", BLUE, RED, GREEN, GREY)  # no tap, and taps 0 to 3


def taps_of_windows():
    """Return the matrix of 2 x 2 taps over 3 x 3 pixels, with the numbers 1 to 4 as taps."""
    pixels, taps = np.eye(9).reshape(9, 3, 3, 1), np.arange(1.0, 5).reshape(2, 2, 1, 1)
    return ops.conv2d_forward(pixels, taps, np.zeros(1)).reshape(9, 4).T.astype(int)


def convolution():
    """Draw the matrix of a convolution, and its transpose."""
    matrix = taps_of_windows()
    figure = Figure((9, 4.6), layout="constrained")
    panels = figure.subplots(1, 2, width_ratios=(1.9, 1))
    names = [f"y{i}" for i in range(4)], [f"x{j}" for j in range(9)]
    titles = "convolution: A", "transposed: Aᵀ"
    tables = (matrix, names), (matrix.T, names[::-1])
    for axes, title, (table, (rows, columns)) in zip(panels, titles, tables, strict=True):
        for (i, j), tap in np.ndenumerate(table):
            square = {"facecolor": COLOURS[tap], "edgecolor": "#bbbbbb"}
            axes.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, **square))
            if tap:
                axes.text(j, i, f"w{tap - 1}", ha="center", va="center", color="white")
        axes.set(
            title=say(title),
            xlim=(-0.6, len(columns) - 0.4),
            ylim=(len(rows) - 0.4, -0.6),
            xticks=range(len(columns)),
            yticks=range(len(rows)),
            xticklabels=columns,
            yticklabels=rows,
            aspect="equal",
        )
        axes.grid(visible=False)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    return figure


FIGURES = {"convolution": convolution}
