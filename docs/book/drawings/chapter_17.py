"""The figure of chapter 17."""

import numpy as np
from drawings.style import BLUE, RED, say
from matplotlib.figure import Figure


def clipping():
    """Draw what clipping and pruning make of a weight."""
    limit, w = 0.1, np.linspace(-0.3, 0.3, 601)
    curves = {
        "clipping": (np.clip(w, -limit, limit), BLUE),
        "pruning": (np.where(abs(w) > limit, w, 0), RED),
    }
    figure = Figure((8, 3.6), layout="constrained")
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    for axes, (title, (after, colour)) in zip(panels, curves.items(), strict=True):
        axes.plot(w, w, color="#bbbbbb", linestyle="--")
        axes.plot(w, after, color=colour, linewidth=2)
        axes.set(title=say(title), xlabel=say("weight before"), aspect="equal")
    panels[0].set_ylabel(say("weight after"))
    return figure


FIGURES = {"clipping": clipping}
