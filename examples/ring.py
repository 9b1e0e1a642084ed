"""A GAN learns a ring of eight Gaussians: its samples, and D's opinion of the plane, as they go."""

import sys

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from npgan import GAN, Adam, Dense, ReLU, Sequential, data
from npgan.metrics import mode_statistics
from npgan.ops import sigmoid_forward

SHOWN = (0, 1 / 8, 1 / 4, 3 / 8, 1 / 2, 1)  # of all steps


def mlp(out_features: int, rng: int) -> Sequential:
    hidden = [Dense(2, 128, "he_normal"), ReLU(), Dense(128, 128, "he_normal"), ReLU()]
    return Sequential(*hidden, Dense(128, out_features, "he_normal"), rng=rng)


def main(path: str = "ring.png", steps: str = "4000") -> None:
    ring = data.load("ring")
    # D learns more slowly than G here. At equal rates, 1e-3, samples come nearer to the modes, but the
    # modes are less evenly full: try it.
    optimizers = {"generator": Adam(1e-3, beta1=0.5), "discriminator": Adam(3e-4, beta1=0.5)}
    gan = GAN(mlp(2, rng=0), mlp(1, rng=1), optimizers=optimizers, ema=0.99)

    figure = Figure(figsize=(13, 3.3), layout="constrained")
    panels = figure.subplots(1, len(SHOWN), sharex=True, sharey=True)
    print(" step  modes hit  within 3 sigma of one  unevenness (total variation)")
    for part, axes in zip(SHOWN, panels, strict=True):
        step = round(part * int(steps))
        if step > gan.step:
            gan.fit(ring, steps=step - gan.step, batch_size=256, callbacks=[], rng=step)
        samples = gan.sample(2000, rng=0)
        seen = mode_statistics(samples, ring.modes, ring.std)
        modes, share = seen["modes"], seen["high_quality"]
        uneven = seen["total_variation"]
        print(f"{step:5}  {modes} of {len(ring.modes)}     {share:21.0%}  {uneven:.2f}")
        surface = draw(axes, gan, ring, samples[:400])
        axes.set(title=f"step {step:,}\n{modes} modes hit, by {share:.0%}", xlabel="$x_1$")
    panels[0].set_ylabel("$x_2$")
    figure.colorbar(
        surface,
        ax=panels,
        label="probability of real, $\\sigma(D(x))$",
        shrink=0.9,
        pad=0.01,
        aspect=15,
    )
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    figure.savefig(path, dpi=110)
    print(f"saved {path}")


def draw(axes: Axes, gan: GAN, ring: data.Dataset, samples: np.ndarray) -> AxesImage:
    line = np.linspace(-1.6, 1.6, 121, dtype=np.float32)
    plane = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    real = sigmoid_forward(gan.discriminator(plane)).reshape(len(line), len(line))
    box = (-1.6, 1.6, -1.6, 1.6)
    surface = axes.imshow(real, cmap="RdBu", vmin=0, vmax=1, extent=box, origin="lower")
    axes.plot(*ring.modes.T, "o", ms=9, mec="black", mfc="none", label="modes")
    axes.plot(*samples.T, ".", ms=3, color="black", alpha=0.5, label="samples")
    axes.set(xlim=box[:2], ylim=box[2:], xticks=(-1, 0, 1), yticks=(-1, 0, 1))
    return surface


if __name__ == "__main__":
    main(*sys.argv[1:])
