"""Train the autoencoders that others have reported on, and say what error each reaches on MNIST.

Every finished training is added to results.json, and only what is not there is trained; delete the
folder where a row has changed. Time is that of training, without measuring and compiling.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from npgan import backend
from npgan.backend import run
from npgan.data import Dataset, load
from npgan.models.config import Config
from npgan.models.kinds import CODERS
from npgan.models.presets import mlp, preset
from npgan.system.disk import write_atomically
from npgan.training import Loop

EXAMPLES = """
examples:
  python benchmarks/autoencoders.py
  python benchmarks/autoencoders.py --seeds 3
  python benchmarks/autoencoders.py --only keras,vae
"""


def binary_cross_entropy(model: Any, data: Dataset) -> float:
    """Return the mean over pixels of test images."""
    x = model.scaled(data.test)
    return float(run.bce_with_logits(model.reader(model.encode(x)), x)[0])


def squared_error(model: Any, data: Dataset) -> float:
    """Return the mean over test images of the sum over pixels."""
    x = model.scaled(data.test)
    return float(np.square(model.reconstruct(x) - x).sum(axis=1).mean())


def share_of_pca(model: Any, data: Dataset) -> float:
    """Return the squared error divided by that of as many principal components of the training images."""
    train, test = model.scaled(data.train), model.scaled(data.test)
    mean = train.mean(axis=0)
    components = np.linalg.eigh(np.cov(train.T))[1][:, -model.encoder.out_width :]
    left = (test - mean) - (test - mean) @ components @ components.T
    return squared_error(model, data) / float(np.square(left).sum(axis=1).mean())


def negative_elbo(model: Any, data: Dataset) -> float:
    """Return the mean over test images, in nats."""
    return -float(model.bound(data.test, rng=0).mean())


class Row(NamedTuple):
    """A training and what is measured of it, with the number that others have and the limit here."""

    config: Config
    measure: Callable[[Any, Dataset], float]
    elsewhere: str
    limit: float


def coders(*widths: int, loss: str, epochs: int) -> Config:
    """Return a symmetric autoencoder from 784 pixels down to the last width and up again."""
    hidden, rule = "leaky_relu 0.1", {"name": "adam", "lr": 2e-3, "schedule": "cosine"}
    networks = {
        "encoder": mlp(784, *widths, hidden=hidden),
        "decoder": mlp(*reversed(widths), 784, hidden=hidden, output="sigmoid"),
    }
    optimizers = {name: dict(rule) for name in CODERS}
    config = replace(preset("autoencoder"), networks=networks, optimizers=optimizers)
    return replace(config, epochs=epochs, settings={"loss": loss})


ROWS = {
    "keras": Row(
        coders(32, loss="bce", epochs=50),
        binary_cross_entropy,
        "784-32-784, the Keras blog: .09",
        0.0935,
    ),
    "keras-deep": Row(
        coders(128, 64, 32, loss="bce", epochs=100),
        binary_cross_entropy,
        "784-128-64-32 and mirrored, the Keras blog: .08",
        0.0880,
    ),
    "code-32": Row(
        coders(512, 256, 32, loss="mse", epochs=50),
        share_of_pca,
        "784-512-256-32 and mirrored, squared error over that of PCA: 1",
        0.40,
    ),
    "hinton": Row(
        preset("autoencoder-deep"),
        squared_error,
        "784-1000-500-250-30 and mirrored, Hinton and Salakhutdinov 2006: 3.00",
        2.8,
    ),
    "vae": Row(preset("vae"), negative_elbo, "784-400-20, PyTorch's example: 105.6", 104.5),
    "vae-deep": Row(
        preset("vae-deep"), negative_elbo, "any dense network, within five minutes", 104.5
    ),
}


def train(row: Row, seed: int) -> dict[str, float]:
    """Train a row's configuration and measure it."""
    backend.use("numba")
    backend.prepare()
    config, data = row.config.override(seed=seed), load(row.config.data)
    model = config.build(len(data.train))
    loop = Loop(model, data.train, batch_size=config.batch_size, rng=seed)
    loop.run(epochs=config.epochs)
    return {"seconds": loop.seconds, "value": row.measure(model, data)}


def table(results: dict[str, dict[str, dict[str, float]]]) -> str:
    """Return a Markdown table: the median of the seeds and, in brackets, the worst."""
    lines = ["| | elsewhere | limit | here | training | seeds |", "|---|---|---|---|---|---|"]
    for name, seeds in results.items():
        row, values = ROWS[name], [result["value"] for result in seeds.values()]
        seconds = median(result["seconds"] for result in seeds.values())
        here = f"{median(values):.4g} ({max(values):.4g})"
        lines.append(
            f"| {name} | {row.elsewhere} | {row.limit:g} | {here} | {seconds:.0f} s | {len(seeds)} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default=",".join(ROWS), help="default: %(default)s")
    parser.add_argument("--seeds", type=int, default=1, help="default: 1")
    parser.add_argument("--out", type=Path, default=Path("autoencoders"), metavar="DIR")
    a = parser.parse_args()
    only = a.only.split(",")
    if set(only) - set(ROWS):
        parser.error(f"--only takes some of {','.join(ROWS)}, not {a.only}")
    if a.seeds < 1:
        parser.error("--seeds must be positive")
    a.out.mkdir(parents=True, exist_ok=True)
    path = a.out / "results.json"
    results = json.loads(path.read_text()) if path.exists() else {}
    for seed in range(a.seeds):
        for name in only:
            if str(seed) not in results.setdefault(name, {}):
                print(f"{name}, seed {seed}", file=sys.stderr, flush=True)
                results[name][str(seed)] = train(ROWS[name], seed)
                write_atomically(path, json.dumps(results, indent=1).encode())
    print(table(results))


if __name__ == "__main__":
    main()
