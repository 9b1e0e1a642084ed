"""The figure of chapter 15."""

import numpy as np
from drawings.style import BLUE, GREEN, GREY, RED, say
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from npgan.metrics import frechet_distance


def chance(n, d, rng, trials):
    """Return the mean distance of two sets of n samples of one distribution in d dimensions."""
    pairs = rng.standard_normal((trials, 2, n, d))
    return np.mean([frechet_distance(*pair) for pair in pairs])


def judging():
    """Draw the distance that chance makes over the number of samples, and the balls of precision."""
    figure = Figure((9, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    rng, sizes = np.random.default_rng(0), np.array([50, 100, 200, 400, 800, 1600])
    for d, colour in ((1, BLUE), (5, GREEN), (25, RED)):
        distances = [chance(n, d, rng, 1 + 400 // d) for n in sizes]
        label = say("{} dimensions").format(d) if d > 1 else say("1 dimension")
        left.plot(sizes, distances, "o-", color=colour, label=label)
    left.set(xscale="log", yscale="log", xlabel=say("samples"), ylabel=say("Fréchet distance"))
    left.legend()

    real = np.array([[0.0, 0.0], [1.0, 0.4], [2.0, -0.3], [1.2, 1.5], [3.4, 0.9]])
    samples = np.array([[0.4, 0.6], [1.7, 0.6], [4.6, -0.9], [-0.4, 2.0], [2.7, 0.5]])
    apart = np.linalg.norm(real[:, None] - real, axis=2)
    reach = np.sort(apart, axis=1)[:, 1]
    for point, radius in zip(real, reach, strict=True):
        right.add_patch(Circle(point, radius, facecolor=BLUE, alpha=0.12, edgecolor=BLUE))
    inside = (np.linalg.norm(samples[:, None] - real, axis=2) <= reach).any(axis=1)
    right.plot(*real.T, "o", color=BLUE, label=say("real"))
    right.plot(*samples[inside].T, "D", color=RED, label=say("sample, looks real"))
    right.plot(
        *samples[~inside].T, "D", color=GREY, fillstyle="none", label=say("sample, does not")
    )
    right.set(aspect="equal", xlim=(-1.6, 5.4), ylim=(-2.1, 4.4), xticks=[], yticks=[])
    right.legend(fontsize=10, loc="upper right")
    return figure


FIGURES = {"judging": judging}
