"""Say how much work each preset's training is, and the rate at which this machine could do it.

The operations are those of the matrix products (npgan/training/work.py). The rate is that of one
large product by NumPy's BLAS; small networks reach less of it.
"""

import time

import numpy as np

from npgan.data import load
from npgan.models.presets import PRESETS
from npgan.training.work import operations

CUBE, ROUNDS = 2048, 5


def rate() -> float:
    """Return the best rate of a product of squares, in operations a second."""
    a, seconds = np.ones((CUBE, CUBE), np.float32), []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        a @ a
        seconds.append(time.perf_counter() - start)
    return 2 * CUBE**3 / min(seconds)


def main() -> None:
    print(f"{rate() / 1e9:.0f} GFLOP/s here, by all threads of NumPy\n")
    print("| preset | steps | GFLOP a step | GFLOP in all |\n|---|---|---|---|")
    for name, config in PRESETS.items():
        data = load(config.data)
        model, steps = config.build(len(data.train)), config.total_steps(len(data.train))
        rows, rng = model.rows(data.train, data.train_labels), np.random.default_rng(0)
        step = operations(model, model.batches(rows, config.batch_size, rng)) / 1e9
        print(f"| `{name}` | {steps:,} | {step:.3g} | {steps * step:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
