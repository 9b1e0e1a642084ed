"""The figure of chapter 5."""

import numpy as np
from drawings.style import BLUE, GREEN, GREY, RED, say
from matplotlib.figure import Figure

from npgan import ops

STEEP, START = np.array([1.0, 25.0]), np.array([5.0, 1.0])
RULES = {
    "descent": (lambda w, g, m, v, t: ops.sgd_update(w, g, 1 / 13), GREY),
    "momentum": (lambda w, g, m, v, t: ops.momentum_update(w, g, v, 1 / 13 / 2, 0.7), GREEN),
    "RMSProp": (lambda w, g, m, v, t: ops.rmsprop_update(w, g, v, 0.2, 0.9, 1e-8), BLUE),
    "Adam": (lambda w, g, m, v, t: ops.adam_update(w, g, m, v, t, 0.4, 0.7, 0.999, 1e-8), RED),
}


def valley():
    """Draw the paths of four update rules in a long valley."""
    figure = Figure((9, 5), layout="constrained")
    a, b = np.meshgrid(np.linspace(-2.5, 5.5, 161), np.linspace(-1.3, 1.3, 105))
    panels = figure.subplots(2, 2, sharex=True, sharey=True)
    for axes, (name, (rule, colour)) in zip(panels.flat, RULES.items(), strict=True):
        axes.contour(a, b, (a**2 + 25 * b**2) / 2, levels=[0.5, 2, 5, 10, 18], colors="#bbbbbb")
        w, m, v = START.copy(), np.zeros(2), np.zeros(2)
        path = [w.copy()]
        for t in range(1, 41):
            rule(w, STEEP * w, m, v, t)
            path.append(w.copy())
        axes.plot(*np.array(path).T, "o-", color=colour, markersize=3, linewidth=1)
        axes.plot(0, 0, "*", color="black", markersize=10)
        axes.set(title=say(name), xlim=(-2.5, 5.5), ylim=(-1.3, 1.3))
        axes.grid(visible=False)
    for axes in panels[1]:
        axes.set_xlabel("a")
    for axes in panels[:, 0]:
        axes.set_ylabel("b")
    return figure


FIGURES = {"valley": valley}
