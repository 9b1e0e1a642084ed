"""The figure of chapter 8."""

import numpy as np
from drawings.style import BLUE, GREEN, GREY, RED, say
from matplotlib.figure import Figure


def two_gaussians():
    """Draw frames of a generator that moves to the real data, and its way with two losses."""
    x = np.linspace(-12, 12, 4801)
    bell = lambda x: np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)  # noqa: E731
    best = lambda theta: 1 / (1 + np.exp(theta * x - theta**2 / 2))  # noqa: E731

    def way(slope, theta=4.0, h=0.1, steps=120):
        for _ in range(steps):
            yield theta
            density = bell(x - theta) * (x[1] - x[0])
            theta -= h * (slope(best(theta)) * -theta * density).sum()

    saturating = list(way(lambda s: -s))
    other = list(way(lambda s: -(1 - s)))
    figure = Figure((8, 5.6), layout="constrained")
    panels = figure.subplots(2, 2)
    for axes, step in zip(panels.flat, (0, 10, 40), strict=False):
        theta = other[step]
        axes.fill_between(x, bell(x), color=BLUE, alpha=0.4, label=say("real, p"))
        axes.fill_between(x, bell(x - theta), color=RED, alpha=0.4, label=say("generated, q"))
        axes.plot(x, best(theta), color=GREEN, label=say("best s*"))
        axes.set(title=say("after {} steps").format(step), xlim=(-4, 7), ylim=(0, 1.02), xlabel="x")
    panels[0, 0].legend(loc="upper right", fontsize=10)
    axes = panels[1, 1]
    axes.plot(other, color="black", label=say("non-saturating"))
    axes.plot(saturating, "--", color=GREY, label=say("saturating"))
    axes.set(title=say("the generator's place"), xlabel=say("step"), ylabel="θ", ylim=(0, 4.2))
    axes.legend()
    return figure


FIGURES = {"two_gaussians": two_gaussians}
