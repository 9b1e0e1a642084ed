"""The figure of chapter 6."""

import numpy as np
from drawings.style import BLUE, GREY, RED, say
from matplotlib.figure import Figure


def autoencoders():
    """Draw a cloud with its first principal component, and what an L1 penalty makes of a code."""
    figure = Figure((9, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    rng = np.random.default_rng(2)
    x = rng.standard_normal((30, 2)) * [2, 0.6] @ np.array([[0.8, 0.6], [-0.6, 0.8]])
    x -= x.mean(axis=0)
    v = np.linalg.eigh(x.T @ x)[1][:, -1]
    made = np.outer(x @ v, v)
    left.plot(*np.stack([x, made]).transpose(2, 0, 1), color=GREY, linewidth=0.8)
    left.plot(*np.outer([-6, 6], v).T, color=RED, linewidth=1)
    left.plot(*x.T, "o", color=BLUE, markersize=5, label="x")
    left.plot(*made.T, "o", color=RED, markersize=4, label=say("made of its code"))
    left.set(aspect="equal", xlim=(-5, 5), ylim=(-4, 4))
    left.legend(loc="upper left")
    a = np.linspace(-4, 4, 201)
    right.plot(a, a, "--", color=GREY, label=say("without a penalty"))
    right.plot(a, np.sign(a) * np.maximum(abs(a) - 1, 0), color=BLUE, label="L1, λ = 1")
    right.set(xlabel=say("code without a penalty a"), ylabel=say("code h"), aspect="equal")
    right.legend(loc="upper left")
    return figure


FIGURES = {"autoencoders": autoencoders}
