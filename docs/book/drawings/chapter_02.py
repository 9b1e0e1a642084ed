"""The figure of chapter 2."""

import numpy as np
from drawings.style import BLUE, GREY, RED, say
from matplotlib.figure import Figure

from npgan import ops


def network_by_hand():
    """Draw the small network, values above the arrows and gradients below."""
    figure = Figure((8, 3.4))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(-0.6, 8.5), ylim=(-1.15, 2.25))
    axes.axis("off")
    x, w1, w2 = (
        np.array([[1.0, 2.0]]),
        np.array([[1.0, -1.0], [0.0, 1.0]]),
        np.array([[2.0], [-1.0]]),
    )
    z = x @ w1
    h = ops.relu_forward(z)
    logit = h @ w2
    loss, delta = ops.bce_with_logits(logit, 1.0)
    dh = ops.dense_backward_input(delta, w2)
    dx = ops.dense_backward_input(ops.relu_backward(dh, h), w1)
    places = {
        "x₁": (0, 1.5),
        "x₂": (0, 0),
        "h₁": (3, 1.5),
        "h₂": (3, 0),
        "l": (5.5, 0.75),
        "L": (8, 0.75),
    }
    values = np.hstack([x[0], h[0], logit[0], loss])
    gradients = np.hstack([dx[0], dh[0], delta[0], 1.0])
    edges = {
        ("x₁", "h₁"): ("1", 0.5),
        ("x₁", "h₂"): ("−1", 0.25),
        ("x₂", "h₁"): ("0", 0.25),
        ("x₂", "h₂"): ("1", 0.5),
        ("h₁", "l"): ("2", 0.5),
        ("h₂", "l"): ("−1", 0.5),
        ("l", "L"): ("−ln σ(l)", 0.5),
    }
    for (a, b), (weight, share) in edges.items():
        start, end = np.array(places[a]), np.array(places[b])
        way = (end - start) / np.hypot(*(end - start))
        start, end = start + 0.36 * way, end - 0.36 * way
        axes.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": GREY})
        axes.text(
            *(start + share * (end - start)),
            weight,
            ha="center",
            va="center",
            color=GREY,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
        )
    for (name, (x, y)), value, gradient in zip(places.items(), values, gradients, strict=True):
        axes.text(
            x,
            y,
            name,
            ha="center",
            va="center",
            size=14,
            bbox={"boxstyle": "circle", "fc": "white"},
        )
        axes.text(x, y + 0.42, f"{value:.4g}", ha="center", color=BLUE)
        axes.text(x, y - 0.58, f"{gradient:.4g}".replace("-", "−"), ha="center", color=RED)
    axes.text(5.5, 2.0, say("values, from left to right"), color=BLUE, ha="center")
    axes.text(5.5, -0.85, say("derivatives of L, from right to left"), color=RED, ha="center")
    return figure


FIGURES = {"network_by_hand": network_by_hand}
