"""The figure of chapter 16."""

import numpy as np
from drawings.style import BLUE, GREY, RED, say
from matplotlib.figure import Figure

PEAK, BANDWIDTH = 200, 20  # GFLOP/s and GB/s of the chapter's machine
SIDE, BLOCK = 1024, 384 * 1024  # of square matrices, and bytes of A that stay in a cache
TILE = 14, 32


def intensities():
    """Return a label -> operations a byte, for ReLU and for three orders of a product's loops."""
    blocks = 4 * SIDE**2 // BLOCK
    return {
        "ReLU": 1 / 8,
        "three loops": 1 / 4,
        "tiles": 1 / (2 * sum(1 / side for side in TILE)),
        "tiles and blocks": 2 * SIDE**3 / (4 * SIDE**2 * (blocks + 2)),
    }


def roofline():
    """Draw the most that a computation can reach, over its intensity."""
    figure = Figure((8, 4), layout="constrained")
    axes = figure.subplots()
    across = np.geomspace(0.05, 300, 300)
    axes.loglog(across, np.minimum(PEAK, BANDWIDTH * across), color=BLUE)
    axes.axvline(PEAK / BANDWIDTH, color=GREY, linestyle=":")
    for label, intensity in intensities().items():
        reached = min(PEAK, BANDWIDTH * intensity)
        axes.plot(intensity, reached, "o", color=RED)
        axes.annotate(
            say(label), (intensity, reached), (8, -16), textcoords="offset points", color=RED
        )
    axes.text(0.6, 22, say("waits for memory"), color=BLUE, ha="right")
    axes.text(11.5, 260, say("waits for arithmetic"), color=BLUE)
    axes.set(
        xlabel=say("operations a byte"),
        ylabel=say("GFLOP/s at most"),
        xlim=(0.05, 300),
        ylim=(1, 500),
    )
    return figure


FIGURES = {"roofline": roofline}
