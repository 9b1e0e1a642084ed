"""Say how far real digits are from other real digits, which generated ones are measured beside.

The Fréchet distance is taken in the features of npgan's classifier, as `npgan evaluate` does, of random
sets without a common image, over some seeds. Sampling alone parts two sets of n images each by c/n,
and a set of n from one of m by c(1/n + 1/m)/2; the classifier has learned from the training images,
and others wrote the test images: that parts these two kinds at any n.
"""

import argparse
from collections.abc import Callable

import numpy as np

from npgan.data import load
from npgan.metrics import frechet_distance
from npgan.study.features import features

SIZES = (1000, 3000, 10_000, 30_000)
TEST = 10_000


def halves(train: np.ndarray, n: int) -> Callable[[np.random.Generator], float]:
    """Return what draws two sets of n training images, and says how far apart they are."""

    def distance(rng: np.random.Generator) -> float:
        chosen = rng.permutation(len(train))
        return frechet_distance(train[chosen[:n]], train[chosen[n : 2 * n]])

    return distance


def row(name: str, distance: Callable[[np.random.Generator], float], seeds: int, n: int = 0) -> str:
    """Return a line of the table: the median over the seeds, the range, the median times n."""
    found = [distance(np.random.default_rng(seed)) for seed in range(seeds)]
    middle = np.median(found)
    times = f"{n * middle:,.0f}" if n else ""
    return f"| {name} | {middle:.2f} | {min(found):.2f} to {max(found):.2f} | {times} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=12, help="default: 12")
    seeds = parser.parse_args().seeds
    if seeds < 1:
        parser.error(f"--seeds must be at least 1, not {seeds}")
    data = load("mnist")
    train, test = (features(rows.astype(np.float32) / 255) for rows in (data.train, data.test))
    print(
        "| sets | distance | range over seeds | distance times images a side |\n|---|---|---|---|"
    )
    for n in SIZES:
        print(row(f"{n:,} training images each", halves(train, n), seeds, n))
    print(row("5,000 test images each", halves(test, TEST // 2), seeds, TEST // 2))

    def against_test(rng: np.random.Generator) -> float:
        return frechet_distance(train[rng.permutation(len(train))[:TEST]], test)

    print(row("10,000 training images, all test images", against_test, seeds))
    print(row("all training images, all test images", lambda _: frechet_distance(train, test), 1))


if __name__ == "__main__":
    main()
