"""The figure of chapter 12."""

from drawings.style import BLUE, RED, say
from matplotlib.figure import Figure

from npgan import GAN, Adam, Dense, LeakyReLU, ReLU, Sequential, data
from npgan.data.toys import ring_centres

TRAININGS = {
    "β₁ = 0.9": (0.9, {}),
    "β₁ = 0.5": (0.5, {}),
    "β₁ = 0.9, R1": (0.9, {"penalties": {"r1": 1.0}}),
}
"""Title -> Adam's β₁ and the model's settings."""


def network(activation, outputs, rng):
    """Return a network of two hidden layers."""
    inner = Dense(2, 64), activation(), Dense(64, 64), activation(), Dense(64, outputs)
    return Sequential(*inner, rng=rng)


def collapse():
    """Draw samples of three trainings on the ring, which differ in momentum and R1."""
    ring = data.load("ring").train
    figure = Figure((9, 3.3), layout="constrained")
    panels = figure.subplots(1, 3, sharex=True, sharey=True)
    for axes, (title, (beta1, settings)) in zip(panels, TRAININGS.items(), strict=True):
        gan = GAN(
            network(ReLU, 2, rng=0),
            network(LeakyReLU, 1, rng=100),
            optimizers={
                name: Adam(lr=0.001, beta1=beta1) for name in ("generator", "discriminator")
            },
            **settings,
        )
        gan.fit(ring, steps=800, batch_size=128, callbacks=[], rng=0)
        axes.plot(*gan.sample(500, rng=0).T, "o", color=BLUE, markersize=3, label=say("generated"))
        axes.plot(*ring_centres().T, "x", color=RED, markersize=8, label=say("modes"))
        axes.set(title=title, xlim=(-1.6, 1.6), ylim=(-1.6, 1.6), aspect="equal")
    return figure


FIGURES = {"collapse": collapse}
