"""Train autoencoders on bounds of 1 and of 50 codes a row, and say how likely test images become.

The networks of Burda et al. 2016, 784-200-200-50, with pixels drawn anew at every step (dynamic
binarisation). Both learn for the same epochs, with a rate that falls along a cosine. The likelihood is the
bound of 5000 codes, of test images binarised once; during training, that of 50 codes and fewer images. What the
paper has after 3280 epochs is drawn beside it. A finished training is kept in results.json.
"""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from npgan import backend
from npgan.data import load
from npgan.models.presets import preset
from npgan.models.vae import binarized
from npgan.system.disk import write_atomically
from npgan.training import Loop

EXAMPLES = """
examples:
  python benchmarks/iwae.py
  python benchmarks/iwae.py --epochs 2 --rows 200 --out iwae-quick
"""
PAPER = {1: 86.76, 50: 84.78}  # table 1, one stochastic layer, nats
CODES, CODES_ON_THE_WAY, ROWS_ON_THE_WAY = 5000, 50, 1000


def train(samples: int, epochs: int, rows: int, seed: int) -> dict[str, Any]:
    """Train on a bound of so many codes; return its curve and the likelihoods of test rows."""
    backend.use("numba")
    backend.prepare()
    data, config = load("mnist"), preset("iwae").override(epochs=epochs, seed=seed)
    model = replace(config, settings={**config.settings, "samples": samples}).build(len(data.train))
    loop = Loop(model, data.train, batch_size=config.batch_size, rng=seed)
    test = binarized(model.scaled(data.test), np.random.default_rng(0))
    curve = []
    for epoch in range(1, epochs + 1):
        loop.run(epochs=epoch)
        bound = model.bound(test[:ROWS_ON_THE_WAY], 0, CODES_ON_THE_WAY).mean()
        curve.append([loop.seconds, -float(bound)])
        print(f"k = {samples}, epoch {epoch}: {curve[-1][1]:.2f}", file=sys.stderr, flush=True)
    bounds = model.bound(test[:rows], 0, CODES)
    return {"seconds": loop.seconds, "curve": curve, "rows": [-float(b) for b in bounds]}


def report(results: dict[str, dict[str, Any]], out: Path) -> None:
    """Print a table, and draw the curves beside the paper's numbers."""
    lines = [
        "| k | nats a test image | the paper, 3280 epochs | training | images |",
        "|---" * 5 + "|",
    ]
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    for i, (name, result) in enumerate(results.items()):
        k, rows = int(name), np.array(result["rows"])
        mean, error = rows.mean(), rows.std() / np.sqrt(len(rows))
        lines.append(
            f"| {k} | {mean:.2f} (standard error {error:.2f}) | {PAPER[k]} | "
            f"{result['seconds']:.0f} s, {len(result['curve'])} epochs | {len(rows)} |"
        )
        epochs = np.arange(1, len(result["curve"]) + 1)
        way = [value for _, value in result["curve"]]
        axes.plot(
            epochs, way, ".-", color=f"C{i}", label=f"k = {k}, bound of {CODES_ON_THE_WAY} codes"
        )
        axes.plot(
            epochs[-1], mean, "*", ms=12, color=f"C{i}", label=f"k = {k}, bound of {CODES} codes"
        )
        axes.axhline(PAPER[k], color=f"C{i}", ls="--", lw=1, label=f"k = {k}, Burda et al. 2016")
    if len(results) == 2:
        apart = np.subtract(*(np.array(r["rows"]) for r in results.values()))
        lines += ["", f"50 codes are better than 1 by {apart.mean():.2f} nats, standard error "
                  f"{apart.std() / np.sqrt(len(apart)):.2f}."]  # fmt: skip
    axes.set(xlabel="epoch", ylabel="- log p(x), nats a test image")
    axes.locator_params(axis="x", integer=True)
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(out / "iwae.png", dpi=110)
    print("\n".join(lines))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=20, help="default: 20")
    parser.add_argument("--rows", type=int, default=10_000, help="test images; default: all 10000")
    parser.add_argument("--seed", type=int, default=0, help="default: 0")
    parser.add_argument(
        "--out", type=Path, default=Path("iwae"), metavar="DIR", help="default: iwae"
    )
    a = parser.parse_args()
    if a.epochs < 1 or not 1 <= a.rows <= 10_000:
        parser.error("--epochs must be positive, and --rows 1 to 10000")
    a.out.mkdir(parents=True, exist_ok=True)
    path = a.out / "results.json"
    results = json.loads(path.read_text()) if path.exists() else {}
    for k in PAPER:
        if str(k) not in results:
            results[str(k)] = train(k, a.epochs, a.rows, a.seed)
            write_atomically(path, json.dumps(results).encode())
    report(results, a.out)


if __name__ == "__main__":
    main()
