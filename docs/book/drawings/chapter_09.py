"""The figure of chapter 9."""

import numpy as np
from drawings.style import BLUE, RED, say
from matplotlib.figure import Figure


def dirac():
    """Draw paths of the Dirac-GAN, at once, in turns, and with R1."""
    slope = lambda theta, psi: 1 / (1 + np.exp(-theta * psi))  # noqa: E731
    h, steps = 0.2, 150
    ways = {
        "both at once": (False, 0.0),
        "in turns": (True, 0.0),
        "at once, with R1, γ = 0.5": (False, 0.5),
    }
    figure = Figure((9, 3.5), layout="constrained")
    panels = figure.subplots(1, 3, sharex=True, sharey=True)
    grid = np.linspace(-2, 2, 9)
    across, upwards = np.meshgrid(grid, grid)
    for axes, (title, (turns, gamma)) in zip(panels, ways.items(), strict=True):
        f = slope(across, upwards)
        axes.quiver(across, upwards, f * upwards, -f * across - gamma * upwards, color="#aaaaaa")
        theta, psi = 1.0, -1.0
        path = [(theta, psi)]
        for _ in range(steps):
            ahead = psi - h * (theta * slope(theta, psi) + gamma * psi)
            seen = ahead if turns else psi
            theta, psi = theta + h * seen * slope(theta, seen), ahead
            path.append((theta, psi))
        axes.plot(*np.array(path).T, color=BLUE, linewidth=1.2)
        axes.plot(1, -1, "o", color=BLUE)
        axes.plot(0, 0, "*", color=RED, markersize=11)
        axes.set(
            title=say(title),
            xlabel=say("generator θ"),
            xlim=(-2.3, 2.3),
            ylim=(-2.3, 2.3),
            aspect="equal",
        )
    panels[0].set_ylabel(say("discriminator ψ"))
    return figure


FIGURES = {"dirac": dirac}
