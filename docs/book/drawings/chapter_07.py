"""The figure of chapter 7."""

from itertools import combinations_with_replacement
from math import factorial

import numpy as np
from drawings.style import BLUE, GREEN, GREY, RED, say
from matplotlib.figure import Figure

WEIGHTS = np.array([0.2, 0.6])


def bound(k):
    """Return the mean, over all ways to draw k weights, of the logarithm of their mean."""
    total = 0.0
    for draws in combinations_with_replacement(WEIGHTS, k):
        first = draws.count(WEIGHTS[0])
        ways = factorial(k) / (factorial(first) * factorial(k - first))
        total += ways / 2**k * np.log(np.mean(draws))
    return total


def bounds():
    """Draw the divergence from the prior, and the bound over the number of draws."""
    figure = Figure((9, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2)
    mean = np.linspace(-3, 3, 121)
    for variance, colour in ((0.25, RED), (1.0, GREEN), (4.0, BLUE)):
        divergence = (mean**2 + variance - 1 - np.log(variance)) / 2
        left.plot(mean, divergence, color=colour, label=f"σ² = {variance:g}")
    left.plot(1, (4 - np.log(4)) / 2, "o", color=BLUE)
    left.set(xlabel="μ", ylabel="KL", ylim=(0, 6))
    left.legend()
    draws = np.arange(1, 17)
    right.plot(draws, [bound(int(k)) for k in draws], "o-", color=BLUE, label=say("bound"))
    right.axhline(np.log(WEIGHTS.mean()), color=GREY, linestyle="--", label="ln p(x)")
    right.set(xlabel=say("draws k"), ylabel=say("nats"), xticks=draws[::3])
    right.legend()
    return figure


FIGURES = {"bounds": bounds}
