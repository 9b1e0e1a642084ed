"""Train the recommended GANs from several seeds, and say how good each became and what that took.

  ring, grid, grid100   the presets of that name on mixtures of 8, 25 and 100 Gaussians
  gan-mnist-long        on MNIST, for some minutes, and if asked for several times as long
  gan-small, gan-large  two articles' networks as written, for as many minutes

Time is that of training with batches and noise, without measuring and compiling. A mixture's
preset says how many steps; on MNIST they are as many as fit into the minutes, by the time of a few.
Every finished training is added to results.json, and only what is not there is trained: a run that
was stopped goes on; delete the folder where a preset has changed. The tables and the pictures are
drawn anew from all results.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial, reduce
from operator import getitem
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from npgan import backend
from npgan.data import Dataset, load
from npgan.metrics import frechet_distance, mode_statistics
from npgan.models.config import Config
from npgan.models.presets import preset
from npgan.study.evaluation import evaluate
from npgan.study.sample_metrics import SampleMetrics
from npgan.system.disk import write_atomically
from npgan.training import Loop

EXAMPLES = """
examples:
  python benchmarks/quality.py --only ring,grid,grid100
  python benchmarks/quality.py --only gan-mnist-long --minutes 5 --times-as-long 3
  python benchmarks/quality.py --only gan-small,gan-large --seeds 1 --minutes 0.2 --out quality-quick
"""
SAMPLES = {"ring": 2500, "grid": 2500, "grid100": 10_000}
DIGITS = ("gan-mnist-long", "gan-small", "gan-large")
POINTS = 10  # measurements along a training on MNIST
SPREADS = (1.0, 1.05, 1.1)  # of the noise that samples are made of
TRIAL = 100  # steps that are timed to say how many fit

Result = dict[str, Any]


class Column(NamedTuple):
    """A column of a table: its heading, the number in a result, its format, and which end is worst."""

    heading: str
    number: Callable[[Result], float]
    form: str
    worst: Callable


def measure(*path: str) -> Callable[[Result], float]:
    """Return what finds a number in a result."""
    return lambda result: reduce(getitem, path, result["measures"])


TIME = Column("training", lambda result: result["seconds"], "{:.0f} s", max)
MODES = (
    Column("modes", measure("modes"), "{:.0f}", min),
    Column("with half their share", measure("modes_of_half_a_share"), "{:.0f}", min),
    Column("high quality", measure("high_quality"), "{:.1%}", min),
    Column("reverse KL", measure("reverse_kl"), "{:.4f}", max),
    Column("total variation", measure("total_variation"), "{:.3f}", max),
    Column("spread, least", measure("spread"), "{:.2f}", min),
    Column("spread, greatest", measure("spread"), "{:.2f}", max),
    TIME,
)
CLASSES = (
    Column("Fréchet distance", measure("feature_frechet_distance"), "{:.1f}", max),
    Column("real data's", measure("feature_frechet_distance_real"), "{:.1f}", max),
    Column("60,000 samples", measure("frechet_distance_of_all"), "{:.1f}", max),
    Column("classes", measure("classes", "classes"), "{:.0f}", min),
    Column("total variation", measure("classes", "total_variation"), "{:.3f}", max),
    Column("precision", measure("feature_neighbours", "precision"), "{:.3f}", min),
    Column("recall", measure("feature_neighbours", "recall"), "{:.3f}", min),
    Column("real data's", measure("feature_neighbours_real", "recall"), "{:.3f}", min),
    TIME,
)


# Training.


def begin(config: Config, data: Dataset) -> tuple[Any, Loop]:
    """Return a model and its loop, on compiled kernels."""
    backend.use("numba")
    backend.prepare()
    model = config.build(len(data.train))
    return model, Loop(model, data.train, batch_size=config.batch_size, rng=config.seed)


def mixture(name: str, seed: int, out: Path) -> dict[str, Result]:
    """Train a mixture's preset and count what its samples cover."""
    config, data = preset(name).override(seed=seed), load(name)
    model, loop = begin(config, data)
    loop.run(steps=config.steps)
    samples = model.sample(SAMPLES[name], seed)
    np.save(out / f"{name}-{seed}.npy", samples)
    measures = mode_statistics(samples, data.modes, data.std)
    return {"": {"seconds": loop.seconds, "steps": loop.step, "measures": measures}}


def digits(name: str, seed: int, minutes: float, steps: int | None) -> dict[str, Result]:
    """Train a preset on MNIST for so long; measure a Fréchet distance on the way, and all at the end."""
    config, data = preset(name).override(seed=seed), load("mnist")
    steps = steps or max(POINTS, round(60 * minutes / seconds_a_step(config, data)))
    model, loop = begin(config.override(steps=steps), data)
    metrics = SampleMetrics(model, data, 10_000, np.random.default_rng(0))
    curve = []
    for point in range(1, POINTS + 1):
        loop.run(steps=steps * point // POINTS)
        seen = metrics.represent(model.sample(len(metrics.test.rows), seed))
        curve.append([loop.seconds, frechet_distance(seen.features, metrics.test.features)])
    results = {}
    for model.spread in SPREADS if name == DIGITS[0] else SPREADS[:1]:
        row = "" if model.spread == 1 else f", spread {model.spread:g}"
        measures = evaluate(model, data, np.random.default_rng(seed))
        measures["frechet_distance_of_all"] = distance_of_all(model, data, metrics, seed)
        results[row] = {"seconds": loop.seconds, "steps": loop.step, "measures": measures}
    results[""]["curve"] = curve
    return results


def distance_of_all(model: Any, data: Dataset, metrics: SampleMetrics, seed: int) -> float:
    """Return the Fréchet distance of as many samples as there are training images from all of these.

    Two random sets of 10,000 real images are 3 apart, which hides what is less; of 60,000 they would be
    about 0.5 apart (real_data.py).
    """
    samples = metrics.represent(model.sample(len(data.train), seed)).features
    return frechet_distance(samples, metrics.represent(model.scaled(data.train)).features)


def seconds_a_step(config: Config, data: Dataset) -> float:
    """Return the time of a step, those that compile and record left out."""
    _, loop = begin(config, data)
    loop.run(steps=TRIAL)
    before = loop.seconds
    loop.run(steps=3 * TRIAL)
    return (loop.seconds - before) / (2 * TRIAL)


class Task(NamedTuple):
    """A training: its row of the tables, its seed, and what does it: it returns ending of the row -> result."""

    row: str
    seed: int
    train: Callable[[], dict[str, Result]]


def tasks(only: Sequence[str], a: argparse.Namespace) -> Iterator[Task]:
    """Yield all trainings, seed after seed."""
    lengths = [(name, 1) for name in DIGITS if name in only]
    if a.times_as_long > 1 and DIGITS[0] in only:
        lengths.append((DIGITS[0], a.times_as_long))
    for seed in range(a.seeds):
        for name in filter(only.__contains__, SAMPLES):
            yield Task(name, seed, partial(mixture, name, seed, a.out))
        for name, n in lengths:
            minutes, steps = n * a.minutes, a.steps and n * a.steps
            length = f"{steps:,} steps" if steps else f"{minutes:g} min"
            yield Task(f"{name}, {length}", seed, partial(digits, name, seed, minutes, steps))


# Reports.


def table(results: dict[str, dict[str, Result]], columns: Sequence[Column]) -> list[str]:
    """Return a Markdown table: of each row the median of the seeds and, in brackets, the worst."""
    lines = [
        "| | seeds | " + " | ".join(column.heading for column in columns) + " |",
        "|---" * (len(columns) + 2) + "|",
    ]
    for row, seeds in results.items():
        cells = [row, str(len(seeds))]
        for _, number, form, worst in columns:
            numbers = [number(result) for result in seeds.values()]
            cells.append(f"{form.format(median(numbers))} ({form.format(worst(numbers))})")
        lines.append("| " + " | ".join(cells) + " |")
    return [*lines, ""]


def draw_mixtures(names: Sequence[str], out: Path) -> None:
    """Draw each mixture's samples from the first seed over the true modes."""
    figure = Figure(figsize=(4.6 * len(names), 5.4), layout="constrained")
    for name, axes in zip(names, figure.subplots(1, len(names), squeeze=False)[0], strict=True):
        modes, samples = load(name).modes, np.load(out / f"{name}-0.npy")
        axes.plot(*modes.T, "o", ms=11, mfc="none", mec="0.6", label="true modes")
        axes.plot(*samples.T, ".", ms=1.5, color="C3", alpha=0.5, label="samples")
        limit = 1.25 * abs(modes).max()
        axes.set(title=f"{name}: {len(samples):,} samples", aspect="equal")
        axes.set(xlim=(-limit, limit), ylim=(-limit, limit), xlabel="$x_1$", ylabel="$x_2$")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    figure.savefig(out / "mixtures.png", dpi=110)


def draw_curves(results: dict[str, dict[str, Result]], out: Path) -> None:
    """Draw the Fréchet distance against the time of training, a line a seed."""
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    drawn = {row: seeds for row, seeds in results.items() if "curve" in next(iter(seeds.values()))}
    for i, (row, seeds) in enumerate(drawn.items()):
        for j, result in enumerate(seeds.values()):
            label = None if j else row
            axes.plot(*np.transpose(result["curve"]), ".-", color=f"C{i}", lw=1, label=label)
    real = CLASSES[1].number(next(iter(seeds.values())))
    axes.axhline(real, color="0.5", ls="--", lw=1, label="real data")
    axes.set(xlabel="seconds of training", yscale="log")
    axes.set_ylabel("Fréchet distance in the classifier's features")
    axes.grid(alpha=0.3, which="both")
    axes.legend()
    figure.savefig(out / "mnist.png", dpi=110)


def report(results: dict[str, dict[str, Result]], out: Path) -> None:
    """Write the tables and the pictures of all results."""
    mixtures = {row: results[row] for row in results if row in SAMPLES}
    others = {row: results[row] for row in results if row not in SAMPLES}
    lines = []
    if mixtures:
        lines += table(mixtures, MODES)
        draw_mixtures([row for row in mixtures if (out / f"{row}-0.npy").exists()], out)
    if others:
        lines += table(others, CLASSES)
        draw_curves(others, out)
    write_atomically(out / "quality.md", "\n".join(lines).encode())
    print("\n".join(lines))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    known = [*SAMPLES, *DIGITS]
    option = parser.add_argument
    option("--only", default=",".join(known), help="default: %(default)s")
    option("--seeds", type=int, default=5, help="default: 5")
    option("--steps", type=int, help="on MNIST, in place of --minutes: the same on every machine")
    option("--minutes", type=float, default=5.0, help="on MNIST; default: 5")
    option(
        "--times-as-long",
        type=int,
        default=1,
        metavar="N",
        help="gan-mnist-long N times as long, too",
    )
    option("--out", type=Path, default=Path("quality"), metavar="DIR", help="default: quality")
    arguments = parser.parse_args()
    only = arguments.only.split(",")
    if set(only) - set(known):
        parser.error(f"--only takes some of {','.join(known)}, not {arguments.only}")
    if arguments.seeds < 1 or arguments.minutes <= 0:
        parser.error("--seeds and --minutes must be positive")

    out = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    path = out / "results.json"
    results = json.loads(path.read_text()) if path.exists() else {}
    for task in tasks(only, arguments):
        if str(task.seed) not in results.get(task.row, {}):
            print(f"{task.row}, seed {task.seed}", file=sys.stderr, flush=True)
            for end, result in task.train().items():
                results.setdefault(task.row + end, {})[str(task.seed)] = result
            write_atomically(path, json.dumps(results, indent=1).encode())
    report(results, out)


if __name__ == "__main__":
    main()
