"""The figure of chapter 13."""

import numpy as np
from drawings.style import BLUE, GREEN, GREY, RED, say
from matplotlib.figure import Figure

from npgan import ops

W = np.array([[3.0, 0.0], [4.0, 5.0]])


def spectral_norm():
    """Draw what a weight makes of the unit circle, and how power iteration finds the most it stretches."""
    sigma = np.linalg.svd(W)[1][0]
    angle = np.linspace(0, 2 * np.pi, 181)
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    figure = Figure((9, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for points, label, colour in (
        (circle, say("x, of length 1"), GREY),
        (circle @ W, "xW", RED),
        (circle @ W / sigma, "xW/σ", BLUE),
    ):
        left.plot(*points.T, color=colour, label=label)
    left.set(aspect="equal", xlim=(-9, 9), ylim=(-7, 7))
    left.legend(loc="upper left")

    u, v, errors = np.zeros(2), np.zeros(2), []
    u[:] = ops.spectral.unit(W @ np.array([1.0, 0.0]))
    for _ in range(8):
        v[:] = ops.spectral.unit(u @ W)
        errors.append(sigma - u @ W @ v)
        ops.power_iteration(W, u, v)
    right.plot(range(1, 9), np.maximum(errors, 1e-16), "o-", color=GREEN)
    right.set(yscale="log", xlabel=say("round"), ylabel=say("error of σ"))
    return figure


FIGURES = {"spectral_norm": spectral_norm}
