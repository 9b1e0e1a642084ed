"""Train gan-small with npgan and with PyTorch and compare the quality of what they generate.

Quality is the Fréchet distance of 10,000 samples to the 10,000 test images of MNIST, in the 128
features of a classifier that npgan trains first; beside it that of 10,000 random training images to
the test images. Its size depends on the classifier: compare only values of one table.

Networks, Adam's settings, batches and number of epochs are the preset's on all sides:

  npgan                from first weights and biases uniform on ±1/sqrt(fan in), its own draw
  npgan, torch's init  from the very weights and biases that torch starts from
  torch                from its default, another draw of the same distribution

The last two also share the batches' order and the noise: what is left between them is rounding,
which a GAN amplifies. Without PyTorch only the first is trained.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from parity import TorchGAN, torch

from npgan import Adam, Dense, ReLU, Sequential
from npgan.data import Dataset, load
from npgan.data.batches import Batches
from npgan.metrics import frechet_distance
from npgan.models.checks import in_chunks
from npgan.models.presets import preset
from npgan.ops import softmax_cross_entropy_backward
from npgan.training import Loop

PRESET = "gan-small"
EPOCHS = (5, 10)
SAMPLES = 10_000

EXAMPLES = """
examples (one thread, so that the seconds can be compared):
  OMP_NUM_THREADS=1 python benchmarks/same_quality.py
  OMP_NUM_THREADS=1 python benchmarks/same_quality.py --seeds 3 --json quality.json
"""

Run = Iterator[tuple[int, np.ndarray, float]]


def train_classifier(data: Dataset, epochs: int = 5, batch_size: int = 128) -> Sequential:
    """Train 784-256-128-10 on the training images, from a fixed seed."""
    layers = Dense(784, 256), ReLU(), Dense(256, 128), ReLU(), Dense(128, 10)
    rng = np.random.default_rng(0)
    network = Sequential(*layers, rng=rng)
    grads, adam = network.parameters.like(), Adam(1e-3)
    x = data.train.astype(np.float32) / 255
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for start in range(0, len(x), batch_size):
            rows = order[start : start + batch_size]
            logits, cache = network.forward(x[rows], rng)
            dlogits = softmax_cross_entropy_backward(logits, data.train_labels[rows])
            network.backward(dlogits, cache, grads, input_grad=False)
            adam.step(network.parameters.flat, grads.flat)
    return network


# Each run yields (epoch, samples, seconds spent in training) at every epoch of EPOCHS.


def torch_model(seed: int) -> TorchGAN:
    """Return the preset with torch's initial weights."""
    torch.manual_seed(seed)
    return TorchGAN(preset(PRESET).in_numbers())


def npgan_run(data: Dataset, seed: int, weights: dict[str, np.ndarray] | None = None) -> Run:
    """Train with npgan, from the given weights or its own."""
    config = preset(PRESET).override(seed=seed)
    model = config.build(len(data.train))
    if weights is not None:
        model.load_weights(weights)
    loop = Loop(model, data.train, batch_size=config.batch_size, rng=seed)
    for epoch in EPOCHS:
        loop.run(epochs=epoch)
        yield epoch, model.sample(SAMPLES, seed), loop.seconds


def npgan_run_from_torch(data: Dataset, seed: int) -> Run:
    """Train with npgan from torch's initial weights."""
    tensors = torch_model(seed).parameters()
    return npgan_run(data, seed, {name: t.detach().numpy().T for name, t in tensors.items()})


def torch_run(data: Dataset, seed: int) -> Run:
    """Train with PyTorch, on the batches and the noise that npgan's loop draws from this seed."""
    model = torch_model(seed)
    order, noise = np.random.default_rng(seed).spawn(2)
    batches = Batches(data.train, model.config.batch_size, order)
    seconds = 0.0
    for before, epoch in zip((0, *EPOCHS), EPOCHS, strict=False):
        start = time.perf_counter()
        for _ in range((epoch - before) * batches.per_epoch):
            batch = torch.from_numpy(batches.next())
            model.train_step(batch, noise)
        seconds += time.perf_counter() - start
        with torch.no_grad():
            samples = model.sample(SAMPLES, np.random.default_rng(seed), batch)
        yield epoch, samples.numpy(), seconds


RUNS: dict[str, Callable[[Dataset, int], Run]] = {
    "npgan": npgan_run,
    "npgan, torch's init": npgan_run_from_torch,
    "torch": torch_run,
}


def measure(data: Dataset, seeds: int) -> dict[str, Any]:
    """Train the classifier, then every generator with every seed; print rows on the way."""
    chosen = data.train[np.random.default_rng(0).permutation(len(data.train))[:SAMPLES]]
    train, test = (x.astype(np.float32) / 255 for x in (chosen, data.test))
    classifier = train_classifier(data)
    accuracy = float((in_chunks(classifier, test).argmax(axis=1) == data.test_labels).mean())
    features = Sequential(*classifier.layers[:-1])
    print(f"test accuracy of the classifier: {accuracy:.2%}")

    def distance(images: np.ndarray) -> float:
        return frechet_distance(in_chunks(features, images), in_chunks(features, test))

    real = distance(train)
    print(f"real against real: {real:.2f}\n\n{'who':20} seed  epoch  Fréchet distance  seconds")
    results = []
    for seed in range(seeds):
        for who, run in RUNS.items() if torch else [("npgan", npgan_run)]:
            for epoch, samples, seconds in run(data, seed):
                value = distance(samples)
                print(f"{who:20} {seed:4}  {epoch:5}  {value:16.2f}  {seconds:7.1f}", flush=True)
                row = {"who": who, "seed": seed, "epoch": epoch}
                results.append(row | {"frechet": value, "seconds": seconds})
    return {"accuracy": accuracy, "real": real, "samples": SAMPLES, "results": results}


def print_summary(report: dict[str, Any]) -> None:
    """Print mean and range over the seeds, relative to real images and to torch."""
    print(f"\n{'who':20} epoch     mean    range over seeds  / real  / torch  seconds")
    rows = report["results"]
    groups = {(row["epoch"], row["who"]): [] for row in rows}
    for row in rows:
        groups[row["epoch"], row["who"]].append(row)
    for (epoch, who), group in sorted(groups.items()):
        values = [row["frechet"] for row in group]
        theirs = [row["frechet"] for row in groups.get((epoch, "torch"), [])]
        ratio = f"{mean(values) / mean(theirs):7.3f}" if theirs else "      -"
        print(
            f"{who:20} {epoch:5}  {mean(values):7.2f}  {min(values):7.2f} .. {max(values):7.2f}"
            f"  {mean(values) / report['real']:6.1f}  {ratio}"
            f"  {mean(row['seconds'] for row in group):7.1f}"
        )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, default=1, help="how many, from 0; default: 1")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every value there")
    arguments = parser.parse_args()
    if arguments.seeds < 1:
        parser.error(f"--seeds must be at least 1, not {arguments.seeds}")
    if torch is None:
        print("PyTorch is not installed: only npgan is measured")
    else:
        torch.set_num_threads(1)
    report = measure(load("mnist"), arguments.seeds)
    print_summary(report)
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
