"""Train a preset with npgan and a DCGAN with PyTorch on the same images for the same time, and compare samples.

Every second or so they take turns, on the same threads, until the preset's steps are over: PyTorch's share
of the time is the same. Its networks are the preset's, trained as the DCGAN is (dcgan_torch.py). Samples with
less spread are measured as well: they are more precise and less varied. What was trained is kept as a run.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from npgan import backend, plotting, runs
from npgan.data import Dataset
from npgan.metrics import copy_statistics
from npgan.models import GAN, Classifier
from npgan.models.config import Config
from npgan.models.presets import preset
from npgan.runs.folder import WEIGHTS, place_of, write_config
from npgan.study.sample_metrics import SampleMetrics
from npgan.training import Callback, Loop, checkpoint

EXAMPLES = """
examples:
  NPGAN_NUM_THREADS=2 python benchmarks/same_time.py --data icons/ --size 32 --preset dcgan --minutes 20
  python benchmarks/same_time.py --data fashion-mnist --preset gan-conv --classifier runs/classifier-conv
"""
TURN = 1.0  # seconds
SAMPLES, SHOWN, TRIAL = 10_000, 100, 60
LESS = 0.75  # times the spread of the preset


class Turns(Callback):
    """Gives PyTorch the time that npgan had."""

    def __init__(self, peer: Any) -> None:
        self.peer, self.seconds, self.begin = peer, 0.0, time.perf_counter()

    def on_step_end(self, loop: Loop) -> None:
        """After a turn, let PyTorch have one."""
        turn = time.perf_counter() - self.begin
        if turn >= TURN or loop.step == loop.total_steps:
            self.seconds += turn
            self.peer.train(self.seconds)
            print(f"step {loop.step} of {loop.total_steps}", end="\r", file=sys.stderr)
            self.begin = time.perf_counter()


def steps_in(config: Config, data: Dataset, minutes: float) -> int:
    """Return how many steps fit, by the time of a few."""
    loop = Loop(config.build(len(data.train)), data.train, batch_size=config.batch_size, rng=0)
    loop.run(steps=TRIAL // 3)
    start = time.perf_counter()
    loop.run(steps=TRIAL)
    return round(minutes * 60 / (time.perf_counter() - start) * (TRIAL - TRIAL // 3))


def is_plain_gan(config: Config) -> bool:
    """Return whether PyTorch's side can be built: a GAN without blocks within its networks."""
    specs = [spec for network in config.networks.values() for spec in network]
    return config.model == "gan" and all(isinstance(spec, str) for spec in specs)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True, help="a data set's name, or a folder of pictures")
    parser.add_argument("--size", type=int, help="side of the images of a folder, in pixels")
    parser.add_argument("--preset", default="dcgan", help="default: dcgan")
    parser.add_argument("--minutes", type=float, help="for each; default: the preset's steps")
    parser.add_argument("--classifier", type=Path, help="a run of a classifier of such data")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("same-time"), help="default: same-time")
    arguments = parser.parse_args()
    if arguments.minutes is not None and arguments.minutes <= 0:
        parser.error(f"--minutes must be positive, not {arguments.minutes}")
    if not is_plain_gan(preset(arguments.preset)):
        parser.error(f"--preset must be a GAN of layers in a row, not {arguments.preset}")
    from dcgan_torch import Dcgan  # needs torch

    arguments.out.mkdir(parents=True, exist_ok=True)
    backend.use("numba")
    backend.prepare()
    place, size = place_of(arguments.data), arguments.size and [arguments.size] * 2
    config, data = runs.read(
        replace(preset(arguments.preset), seed=arguments.seed, data=place, size=size)
    )
    config = config.for_data(data)
    if arguments.minutes:
        config = config.override(steps=steps_in(config, data, arguments.minutes))
    model, peer = config.build(len(data.train)), Dcgan(config, data.train)
    turns = Turns(peer)
    loop = Loop(model, data.train, batch_size=config.batch_size, rng=config.seed, callbacks=[turns])
    loop.run(steps=config.total_steps(len(data.train)))
    run = arguments.out / "npgan"
    run.mkdir(exist_ok=True)
    write_config(run, config)
    checkpoint.save(run / WEIGHTS, model.weights(), config.identity())
    report = compare(model, peer, data, arguments)
    report["npgan"] |= {"steps": loop.step, "seconds": turns.seconds}
    report["PyTorch"] |= {"steps": peer.steps, "seconds": peer.seconds}
    (arguments.out / "report.json").write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


def compare(
    model: GAN, peer: Any, data: Dataset, arguments: argparse.Namespace
) -> dict[str, dict[str, Any]]:
    """Return the metrics of both and of training images, and draw samples."""
    judge = (
        arguments.classifier and runs.load_for("--classifier", arguments.classifier, Classifier)[0]
    )
    metrics = SampleMetrics(model, data, SAMPLES, np.random.default_rng(0), judge)
    n = min(SAMPLES, len(data.train))
    real = data.train[np.random.default_rng(1).permutation(len(data.train))[:n]]
    low, high = model.value_range

    def sampled(spread: float) -> np.ndarray:
        model.spread = spread
        return model.sample(n, 0)

    who: dict[str, Callable[[], np.ndarray]] = {
        "npgan": partial(sampled, model.spread),
        "npgan with less spread": partial(sampled, LESS * model.spread),
        "PyTorch": lambda: peer.sample(n) * (high - low) + low,
        "training images": lambda: model.scaled(real),
    }
    report, train = {}, metrics.on_data_scale(model.scaled(data.train))
    for name, draw in who.items():
        rows = draw()
        images = metrics.on_data_scale(rows)
        grid = arguments.out / f"{name.replace(' ', '-')}.png"
        plotting.save_grid(grid, images[:SHOWN], data.shape, 10)
        report[name] = metrics.measure(rows) | {
            "copies": copy_statistics(images[:1000], metrics.test.rows[:1000], train)
        }
    return report


if __name__ == "__main__":
    main()
