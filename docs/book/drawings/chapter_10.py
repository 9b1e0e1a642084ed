"""The figure of chapter 10."""

import numpy as np
from drawings.style import BLUE, GREEN, RED, say
from matplotlib.figure import Figure


def penalty():
    """Draw R1 of 2 tanh(w x) at x = 1 over w, and its derivative at w = 1 with and without f''."""
    w = np.linspace(0, 2.5, 251)
    slope = lambda w: 2 * w * (1 - np.tanh(w) ** 2)  # noqa: E731
    y = np.tanh(1.0)
    g, direct = slope(1.0), slope(1.0) ** 2
    whole = direct + g * 2 * (-2 * y * (1 - y**2))
    figure = Figure((7, 4), layout="constrained")
    axes = figure.add_subplot(xlabel="w₁", ylabel=say("penalty P"), ylim=(0, 0.7))
    axes.plot(w, slope(w) ** 2 / 2, color=BLUE, label="R1")
    near = np.array([0.5, 1.5])
    for gain, label, colour in ((whole, "its derivative", GREEN), (direct, "without f''", RED)):
        axes.plot(near, g**2 / 2 + gain * (near - 1), "--", color=colour, label=say(label))
    axes.plot(1, g**2 / 2, "o", color=BLUE)
    axes.legend()
    return figure


FIGURES = {"penalty": penalty}
