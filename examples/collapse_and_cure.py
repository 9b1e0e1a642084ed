"""The same networks as an article wrote them, and with a penalty on D's slope: collapse, and its cure.

The second training also has a higher learning rate and a moving average of the generator's weights.
"""

import sys

from matplotlib.figure import Figure

from npgan import data
from npgan.metrics import class_statistics, frechet_distance
from npgan.models.presets import preset
from npgan.plotting import tile
from npgan.study.features import features, probabilities

BATCH, SAMPLES = 32, 5000
CURE = {"penalties": {"r1": 1.0, "r2": 1.0}, "ema": 0.999}


def main(path: str = "collapse_and_cure.png", steps: str = "1500") -> None:
    mnist = data.load("mnist")
    written = preset("gan-large")
    cured = written.override(lr=1e-3, settings=CURE)
    test = mnist.test / 255
    real, labels = features(test), probabilities(test)

    figure = Figure(figsize=(9, 5.2), layout="constrained")
    print(f"{'':10} classes  unevenness (total variation)  Fréchet distance")
    for name, config, axes in zip(
        ("as written", "R1 and R2"), (written, cured), figure.subplots(1, 2), strict=True
    ):
        gan = config.build(len(mnist.train))
        gan.fit(mnist, steps=int(steps), batch_size=BATCH, callbacks=[], rng=0)
        samples = gan.sample(SAMPLES, rng=0)
        seen = class_statistics(probabilities(samples), labels)
        distance = frechet_distance(features(samples), real)
        row = f"{name:10} {seen['classes']:7}  {seen['total_variation']:28.2f}  {distance:16.0f}"
        print(row, flush=True)
        axes.imshow(tile(samples[:100], (28, 28), columns=10), cmap="gray")
        axes.set(title=f"{name}: {seen['classes']} of 10 classes, Fréchet distance {distance:.0f}")
        axes.set_axis_off()
    figure.suptitle(f"gan-large after {int(steps):,} steps")
    figure.savefig(path, dpi=110)
    print(f"saved {path}")


if __name__ == "__main__":
    main(*sys.argv[1:])
