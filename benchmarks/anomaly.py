"""Learn one digit, and tell it from the others: the area under the ROC curve, for each of the ten.

The preset ``detector`` is trained on the training images of one digit and scores all 10,000 test images. Beside it
stand scores without a model. The score is chosen without the test images: ``--choose`` scores the last 10,000
training images instead, none of which is trained on. Compiling is not timed.
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from statistics import mean

import numpy as np

from npgan import backend
from npgan.data import Dataset, load
from npgan.metrics import auroc
from npgan.models.presets import preset
from npgan.study.anomaly import scores_for
from npgan.system.disk import write_atomically
from npgan.training import Loop

EXAMPLES = """
examples:
  python benchmarks/anomaly.py
  python benchmarks/anomaly.py --choose
  python benchmarks/anomaly.py --digits 2,8 --seed 1
"""
ELSEWHERE = "kernel density .869, AnoGAN .913, Deep SVDD .948 (Ruff et al. 2018)"


def kept_back(data: Dataset) -> Dataset:
    """Return the training images, the last 10,000 in the place of the test's."""
    n, x, labels = len(data.test), data.train, data.train_labels
    parts = {"train": x[:-n], "train_labels": labels[:-n]}
    return replace(data, **parts, test=x[-n:], test_labels=labels[-n:])


def detect(data: Dataset, digit: int, seed: int) -> dict[str, float]:
    """Return the area under the curve of each score, and the seconds of training and of scoring."""
    backend.use("numba")
    backend.prepare()
    config = preset("detector").override(seed=seed)
    train, strange = data.only(digit).train, data.test_labels != digit
    model = config.build(len(train))
    loop = Loop(model, train, batch_size=config.batch_size, rng=seed)
    loop.run(steps=config.steps)
    x, known, result = model.scaled(data.test), model.scaled(train), {"training": loop.seconds}
    for name, score in scores_for(model, data.shape).items():
        begin = time.perf_counter()
        result[name] = auroc(
            score(model, x, known, np.random.default_rng(seed), data.shape), strange
        )
        result[f"{name}, seconds"] = time.perf_counter() - begin
    return result


def table(results: dict[str, dict[str, float]]) -> str:
    """Return a Markdown table, a row a score."""
    names = [n for n in next(iter(results.values())) if n != "training" and "seconds" not in n]
    lines = ["| | mean | " + " | ".join(results) + " |", "|---" * (len(results) + 2) + "|"]
    for name in names:
        areas = [result[name] for result in results.values()]
        lines.append(
            f"| {name} | {mean(areas):.4f} | " + " | ".join(f"{a:.3f}" for a in areas) + " |"
        )
    training = sum(result["training"] for result in results.values())
    scoring = sum(result[f"{names[0]}, seconds"] for result in results.values())
    lines += ["", f"Training all: {training:.0f} s; scoring all by {names[0]}: {scoring:.0f} s."]
    return "\n".join([*lines, f"Elsewhere: {ELSEWHERE}."])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--digits", default="0,1,2,3,4,5,6,7,8,9", help="default: %(default)s")
    parser.add_argument("--choose", action="store_true", help="score training images, kept back")
    parser.add_argument("--seed", type=int, default=0, help="default: 0")
    parser.add_argument(
        "--out", type=Path, default=Path("anomaly.json"), help="default: anomaly.json"
    )
    a = parser.parse_args()
    digits = a.digits.split(",")
    if not set(digits) <= set("0123456789"):
        parser.error(f"--digits takes some of 0 to 9, not {a.digits}")
    data = kept_back(load("mnist")) if a.choose else load("mnist")
    results = {digit: detect(data, int(digit), a.seed) for digit in digits}
    write_atomically(a.out, json.dumps(results, indent=1).encode())
    print(table(results))


if __name__ == "__main__":
    main()
