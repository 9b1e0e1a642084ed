"""The figure of chapter 4."""

import numpy as np
from drawings.style import BLUE, GREEN, GREY, RED, say
from matplotlib.figure import Figure

from npgan import ops

ACTIVATIONS = {
    "ReLU": (ops.relu_forward, ops.relu_backward, GREY, "-"),
    "leaky ReLU": (ops.leaky_relu_forward, ops.leaky_relu_backward, GREEN, "--"),
    "tanh": (ops.tanh_forward, ops.tanh_backward, BLUE, "-"),
    "sigmoid": (ops.sigmoid_forward, ops.sigmoid_backward, RED, "-"),
}
DEPTH = 10


def vanishing():
    """Draw the slopes of activations, and their product along a chain of layers."""
    figure = Figure((9, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2)
    points = np.linspace(-5, 5, 501)
    for name, (forward, backward, colour, line) in ACTIVATIONS.items():
        left.plot(points, backward(np.ones(501), forward(points)), line, color=colour, label=name)
        x, rest = np.full(1, 2.0), [1.0]
        for _ in range(DEPTH):
            x = forward(x)
            rest.append(rest[-1] * backward(np.ones(1), x).item())
        right.plot(range(DEPTH + 1), rest, line, marker="o", markersize=4, color=colour)
    left.set(xlabel="x", ylabel=say("slope dy/dx"), ylim=(-0.05, 1.3))
    left.legend(fontsize=10, ncols=2, loc="upper left")
    right.set(yscale="log", xlabel=say("layers"), ylabel=say("product of the slopes"))
    return figure


FIGURES = {"vanishing": vanishing}
