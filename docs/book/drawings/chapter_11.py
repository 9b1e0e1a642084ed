"""The figure of chapter 11."""

import numpy as np
from drawings.style import BLUE, GREEN, GREY, RED, say
from matplotlib.figure import Figure

from npgan.objectives.losses import OBJECTIVES

PULLS = {
    "minimax": ("minimax", GREY),
    "non-saturating": ("non-saturating", BLUE),
    "least-squares": ("least squares", RED),
    "wasserstein": ("Wasserstein, hinge", GREEN),
    "relativistic": ("relativistic, real logit 2", "black"),
}
"""Objective -> what it is called in the figure, and its colour."""


def objectives():
    """Draw the generators' pulls over the logit, and the area between two distribution functions."""
    figure = Figure((9.5, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    logits = np.linspace(-5, 5, 201)
    for name, (label, colour) in PULLS.items():
        objective = OBJECTIVES[name]
        other = [np.array([[2.0]])] * objective.relativistic
        pull = [-objective.generator(np.array([[logit]]), *other).dfake.item() for logit in logits]
        left.plot(logits, pull, color=colour, label=say(label))
    left.set(xlabel=say("logit of the generated sample"), ylabel=say("pull"), ylim=(-0.6, 3.4))
    left.legend(fontsize=10)

    t = np.array([-1, 0, 1, 2, 4, 5.0])
    f, g = np.array([0, 0.5, 0.5, 0.5, 1, 1]), np.array([0, 0, 0.5, 1, 1, 1])
    right.fill_between(t, f, g, step="post", color=GREY, alpha=0.3, label=say("area W = 1.5"))
    right.step(t, f, where="post", color=BLUE, label=say("real, F"))
    right.step(t, g, where="post", color=RED, linestyle="--", label=say("generated, G"))
    right.set(xlabel="t", ylabel=say("share up to t"), xlim=(-0.8, 4.8))
    right.legend(fontsize=10, loc="lower right")
    return figure


FIGURES = {"objectives": objectives}
