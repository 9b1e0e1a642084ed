"""The book's figures, each drawn anew whenever the pages are built: `python docs/book/figures.py`."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from npgan import ops

FOLDER = Path(__file__).parent / "figures"
BLUE, RED, GREEN, GREY = "#1f5fa8", "#b3321b", "#2d7d3a", "#666666"
STYLE = {
    "font.size": 12,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "svg.hashsalt": "npgan",  # the same file every time
}


def error_over_step():
    """Chapter 1: the error of four numeric derivatives of exp(t) sin(t) at 1, over the step."""
    f, t = lambda t: np.exp(t) * np.sin(t), 1.0
    true = np.exp(t) * (np.sin(t) + np.cos(t))
    h = np.logspace(-16, 0, 321)
    central = lambda h: (f(t + h) - f(t - h)) / (2 * h)  # noqa: E731
    ways = {
        "forward difference": ((f(t + h) - f(t)) / h, GREY),
        "central difference d(h)": (central(h), BLUE),
        "Richardson's extrapolation": ((4 * central(h / 2) - central(h)) / 3, GREEN),
        "complex step": (f(t + 1j * h).imag / h, RED),
    }
    figure = Figure((7, 4.6), layout="constrained")
    axes = figure.add_subplot(xscale="log", yscale="log", xlabel="step h", ylabel="error")
    for name, (slopes, colour) in ways.items():
        axes.plot(h, np.maximum(abs(slopes - true), 1e-16), color=colour, label=name, linewidth=1.3)
    axes.set(ylim=(5e-17, 10))
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)
    return figure


def network_by_hand():
    """Chapter 2: the small network, values above the arrows and gradients below."""
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
    axes.text(5.5, 2.0, "values, from left to right", color=BLUE, ha="center")
    axes.text(5.5, -0.85, "derivatives of L, from right to left", color=RED, ha="center")
    return figure


def dirac():
    """Chapter 9: paths of the Dirac-GAN, at once, in turns, and with R1."""
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
            title=title, xlabel="generator θ", xlim=(-2.3, 2.3), ylim=(-2.3, 2.3), aspect="equal"
        )
    panels[0].set_ylabel("discriminator ψ")
    return figure


def two_gaussians():
    """Chapter 8: frames of a generator that moves to the real data, and its way with two losses."""
    x = np.linspace(-12, 12, 4801)
    bell = lambda x: np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)  # noqa: E731
    best = lambda theta: 1 / (1 + np.exp(theta * x - theta**2 / 2))  # noqa: E731

    def way(slope, theta=4.0, h=0.1, steps=120):
        for _ in range(steps):
            yield theta
            density = bell(x - theta) * (x[1] - x[0])
            theta -= h * (slope(best(theta)) * -theta * density).sum()

    saturating = list(way(lambda s: -s))
    other = list(way(lambda s: -(1 - s)))
    figure = Figure((8, 5.6), layout="constrained")
    panels = figure.subplots(2, 2)
    for axes, step in zip(panels.flat, (0, 10, 40), strict=False):
        theta = other[step]
        axes.fill_between(x, bell(x), color=BLUE, alpha=0.4, label="real, p")
        axes.fill_between(x, bell(x - theta), color=RED, alpha=0.4, label="generated, q")
        axes.plot(x, best(theta), color=GREEN, label="best s*")
        axes.set(title=f"after {step} steps", xlim=(-4, 7), ylim=(0, 1.02), xlabel="x")
    panels[0, 0].legend(loc="upper right", fontsize=10)
    axes = panels[1, 1]
    axes.plot(other, color="black", label="non-saturating")
    axes.plot(saturating, "--", color=GREY, label="saturating")
    axes.set(title="the generator's place", xlabel="step", ylabel="θ", ylim=(0, 4.2))
    axes.legend()
    return figure


def penalty():
    """Chapter 10: R1 of 2 tanh(w x) at x = 1 over w, and its derivative at w = 1 with and without f''."""
    w = np.linspace(0, 2.5, 251)
    slope = lambda w: 2 * w * (1 - np.tanh(w) ** 2)  # noqa: E731
    y = np.tanh(1.0)
    g, direct = slope(1.0), slope(1.0) ** 2
    whole = direct + g * 2 * (-2 * y * (1 - y**2))
    figure = Figure((7, 4), layout="constrained")
    axes = figure.add_subplot(xlabel="w₁", ylabel="penalty P", ylim=(0, 0.7))
    axes.plot(w, slope(w) ** 2 / 2, color=BLUE, label="R1")
    near = np.array([0.5, 1.5])
    for gain, label, colour in ((whole, "its derivative", GREEN), (direct, "without f''", RED)):
        axes.plot(near, g**2 / 2 + gain * (near - 1), "--", color=colour, label=label)
    axes.plot(1, g**2 / 2, "o", color=BLUE)
    axes.legend()
    return figure


FIGURES = {
    "error_over_step": error_over_step,
    "network_by_hand": network_by_hand,
    "two_gaussians": two_gaussians,
    "dirac": dirac,
    "penalty": penalty,
}
"""A figure's name in the chapters -> the function that draws it."""


def draw(folder=FOLDER):
    """Draw every figure as an SVG file."""
    folder.mkdir(exist_ok=True)
    with mpl.rc_context(STYLE):
        for name, function in FIGURES.items():
            function().savefig(folder / f"{name}.svg", metadata={"Date": None})


if __name__ == "__main__":
    draw()
