"""The figures of chapter 8."""

import numpy as np
from drawings.style import BLUE, GREEN, GREY, RED, say
from matplotlib.animation import FuncAnimation
from matplotlib.figure import Figure

X = np.linspace(-12, 12, 4801)
STEPS, STRIDE, REST = 120, 2, 20  # of the way, between two frames, and frames at its end
LOSSES = {"saturating": lambda s: -s, "non-saturating": lambda s: s - 1}
"""The generator's loss -> its derivative with respect to the logit, where the best D says s."""


def bell(x):
    """Return the density of N(0, 1)."""
    return np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)


def best(x, theta):
    """Return the best discriminator's answers if generated data is N(theta, 1)."""
    return 1 / (1 + np.exp(theta * x - theta**2 / 2))


def way(slope, theta=4.0, h=0.1):
    """Return the generator's places, against the best discriminator at each step."""
    places = []
    for _ in range(STEPS):
        places.append(theta)
        density = bell(X - theta) * (X[1] - X[0])
        theta -= h * (slope(best(X, theta)) * -theta * density).sum()
    return places


def show(axes, theta, title):
    """Draw both densities, and the best discriminator between them."""
    x = X[::16]
    axes.fill_between(x, bell(x), color=BLUE, alpha=0.4, label=say("real, p"))
    axes.fill_between(x, bell(x - theta), color=RED, alpha=0.4, label=say("generated, q"))
    axes.plot(x, best(x, theta), color=GREEN, label=say("best s*"))
    axes.set(title=title, xlim=(-4, 7), ylim=(0, 1.02), xlabel="x")


def two_gaussians():
    """Draw frames of a generator that moves to the real data, and its way with two losses."""
    saturating, other = map(way, LOSSES.values())
    figure = Figure((8, 5.6), layout="constrained")
    panels = figure.subplots(2, 2)
    for axes, step in zip(panels.flat, (0, 10, 40), strict=False):
        show(axes, other[step], say("after {} steps").format(step))
    panels[0, 0].legend(loc="upper right", fontsize=10)
    axes = panels[1, 1]
    axes.plot(other, color="black", label=say("non-saturating"))
    axes.plot(saturating, "--", color=GREY, label=say("saturating"))
    axes.set(title=say("the generator's place"), xlabel=say("step"), ylabel="θ", ylim=(0, 4.2))
    axes.legend()
    return figure


def two_gaussians_moving():
    """Animate the generator's way with both losses side by side."""
    ways = {name: way(slope) for name, slope in LOSSES.items()}
    figure = Figure((8, 3.4), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)

    def frame(i):
        step = min(i * STRIDE, STEPS - 1)
        for axes, (name, places) in zip(panels, ways.items(), strict=True):
            axes.clear()
            show(axes, places[step], f"{say(name)}, " + say("after {} steps").format(step))
        panels[0].legend(loc="upper right", fontsize=10)

    return FuncAnimation(figure, frame, frames=STEPS // STRIDE + REST)


FIGURES = {"two_gaussians": two_gaussians, "two_gaussians_moving": two_gaussians_moving}
