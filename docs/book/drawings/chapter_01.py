"""The figure of chapter 1."""

import numpy as np
from drawings.style import BLUE, GREEN, GREY, RED, say
from matplotlib.figure import Figure


def error_over_step():
    """Draw the error of four numeric derivatives of exp(t) sin(t) at 1, over the step."""
    f, t = lambda t: np.exp(t) * np.sin(t), 1.0
    true = np.exp(t) * (np.sin(t) + np.cos(t))
    h = np.logspace(-16, 0, 321)
    central = lambda h: (f(t + h) - f(t - h)) / (2 * h)  # noqa: E731
    ways = {
        "forward difference": ((f(t + h) - f(t)) / h, GREY),
        "central difference d(h)": (central(h), BLUE),
        "Richardson's extrapolation": ((4 * central(h / 2) - central(h)) / 3, GREEN),
        "complex step": (f(t + 1j * h).imag / h, RED),
    }
    figure = Figure((7, 4.6), layout="constrained")
    axes = figure.add_subplot(xscale="log", yscale="log", xlabel=say("step h"), ylabel=say("error"))
    for name, (slopes, colour) in ways.items():
        axes.plot(
            h, np.maximum(abs(slopes - true), 1e-16), color=colour, label=say(name), linewidth=1.3
        )
    axes.set(ylim=(5e-17, 10))
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)
    return figure


FIGURES = {"error_over_step": error_over_step}
