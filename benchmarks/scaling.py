"""Measure what a GAN's training step costs as batch, width, depth and data grow, one at a time.

The rest stays as it is: noise of 64, hidden layers of 256, two of them in each network, batches of
128, 60,000 rows of 784 bytes. npgan's backends take turns on each size; a time is the median over
the rounds.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from npgan import backend
from npgan.data.batches import Batches
from npgan.models.config import Config
from npgan.models.kinds import PLAYERS
from npgan.models.presets import mlp
from npgan.training.steps import Steps

FEATURES, LATENT = 784, 64
COLORS = ("tab:blue", "tab:orange", "tab:green")

EXAMPLES = """
examples (one thread, so that the numbers can be compared):
  OMP_NUM_THREADS=1 NPGAN_NUM_THREADS=1 python benchmarks/scaling.py
  OMP_NUM_THREADS=1 NPGAN_NUM_THREADS=1 python benchmarks/scaling.py --seconds 2 --out cost.png
"""


class Size(NamedTuple):
    """What a step's cost may depend on."""

    batch: int = 128
    width: int = 256
    depth: int = 2
    rows: int = 60_000


AXES: dict[str, tuple[str, Sequence[int]]] = {
    "batch": ("rows in a batch", (8, 16, 32, 64, 128, 256, 512, 1024)),
    "width": ("units in a hidden layer", (16, 32, 64, 128, 256, 512, 1024)),
    "depth": ("hidden layers in each network", (1, 2, 4, 8)),
    "rows": ("rows of data", (1_000, 4_000, 15_000, 60_000, 240_000)),
}


def config(size: Size) -> Config:
    """Return a GAN of this size."""
    hidden = [size.width] * size.depth
    return Config(
        model="gan",
        data="",
        batch_size=size.batch,
        steps=1,
        networks={
            "generator": mlp(LATENT, *hidden, FEATURES, hidden="relu", output="sigmoid"),
            "discriminator": mlp(FEATURES, *hidden, 1, hidden="relu"),
        },
        optimizers={name: {"name": "adam", "lr": 2e-4} for name in PLAYERS},
    )


def stepper(size: Size, data: np.ndarray) -> Callable[[], None]:
    """Return a function that makes one training step, data feeding included."""
    order, noise = np.random.default_rng(0).spawn(2)
    model = config(size).build(size.rows)
    batches = Batches(data[: size.rows], size.batch, order, model.value_range)

    steps = Steps(model, batches, noise)

    def step() -> None:
        with np.errstate(all="ignore"):
            steps()

    return step


def cost(size: Size, data: np.ndarray, seconds: float, rounds: int = 7) -> dict[str, float]:
    """Return the milliseconds of a step, by backend."""
    times: dict[str, list[float]] = {name: [] for name in backend.BACKENDS}
    steppers, counts = {}, {}
    for name in times:
        backend.use(name)
        steppers[name] = stepper(size, data)
        timed(steppers[name], 2)
        counts[name] = max(1, round(seconds / rounds / timed(steppers[name], 2)))
    for _ in range(rounds):
        for name, step in steppers.items():
            backend.use(name)
            timed(step, 1)
            times[name].append(timed(step, counts[name]))
    return {name: 1e3 * median(found) for name, found in times.items()}


def timed(step: Callable[[], None], count: int) -> float:
    """Return the seconds of a step."""
    start = time.perf_counter()
    for _ in range(count):
        step()
    return (time.perf_counter() - start) / count


def measure(seconds: float) -> dict[str, dict[int, dict[str, float]]]:
    """Return axis -> value -> backend -> milliseconds; print rows on the way."""
    most = max(AXES["rows"][1])
    data = np.random.default_rng(0).integers(256, size=(most, FEATURES), dtype=np.uint8)
    print(f"{'':30} {'':>8}" + "".join(f"  {name + ', ms':>10}" for name in backend.BACKENDS))
    costs: dict[str, dict[int, dict[str, float]]] = {}
    for axis, (label, values) in AXES.items():
        costs[axis] = {}
        for value in values:
            found = cost(Size()._replace(**{axis: value}), data, seconds)
            costs[axis][value] = found
            shown = "".join(f"  {ms:10.3f}" for ms in found.values())
            print(f"{label:30} {value:8,}{shown}", flush=True)
    return costs


def draw(costs: dict[str, dict[int, dict[str, float]]], path: Path) -> None:
    """Save a panel for each axis."""
    figure = Figure(figsize=(10, 7), layout="constrained")
    panels = figure.subplots(2, 2, sharey=True)
    for panel, (axis, rows) in zip(panels.flat, costs.items(), strict=True):
        for name, color in zip(backend.BACKENDS, COLORS, strict=False):
            times = [found[name] for found in rows.values()]
            panel.plot(list(rows), times, "o-", color=color, label=name)
        here = getattr(Size(), axis)
        panel.axvline(here, color="gray", lw=1, ls=":", zorder=0)
        panel.set(xscale="log", yscale="log", xlabel=AXES[axis][0], xticks=list(rows))
        panel.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
        panel.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
        panel.xaxis.set_minor_locator(NullLocator())
        panel.grid(alpha=0.3)
    for panel in panels[:, 0]:
        panel.set_ylabel("ms a step")
    panels[0, 0].legend(title="backend", frameon=False)
    figure.suptitle("Cost of a GAN's training step (dotted: where the other panels stand)")
    figure.savefig(path, dpi=120)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--seconds", type=float, default=1.0, help="for each backend and size; default: 1"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("scaling.png"), help="default: scaling.png"
    )
    arguments = parser.parse_args()
    draw(measure(arguments.seconds), arguments.out)
    print(f"wrote {arguments.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
