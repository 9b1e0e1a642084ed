"""Train the classifier of MNIST's digits that npgan measures images by (npgan/study/features.py).

784-512-128-10 with dropout, by Adam whose rate falls along half a cosine, on the 60,000 training
images; the accuracy is that of the 10,000 test images, which decide nothing. The weights are stored
in half precision, in npgan/study/classifier.safetensors; the SHA-256 that is printed belongs into
npgan/study/features.py.
"""

import argparse
import hashlib
import sys
from pathlib import Path

import numpy as np

from npgan import Adam, Sequential, backend, layers
from npgan.backend import run
from npgan.data import Dataset, load
from npgan.data.batches import Batches
from npgan.models.checks import in_chunks
from npgan.optim import cosine
from npgan.study.features import LAYERS, WEIGHTS
from npgan.training import checkpoint

BATCH_SIZE = 128
LR = 2e-3
SEED = 0

EXAMPLES = """
examples:
  python benchmarks/train_classifier.py --epochs 1 --out c.safetensors     a look
  python benchmarks/train_classifier.py         as npgan's was trained, about two minutes
"""


def accuracy(network: Sequential, data: Dataset) -> float:
    """Return the share of test images whose digit is recognised."""
    logits = in_chunks(network, data.test.astype(np.float32) / 255)
    return float((logits.argmax(axis=1) == data.test_labels).mean())


def train(network: Sequential, data: Dataset, epochs: int) -> None:
    """Train the network on the training images, from fixed seeds; print how it fares."""
    noise = np.random.default_rng([SEED, 1])
    labels = data.train_labels[:, None].astype(np.float32)
    # two generators of one seed draw one order
    x, y = (Batches(a, BATCH_SIZE, np.random.default_rng(SEED)) for a in (data.train, labels))
    grads, adam = network.parameters.like(), Adam(cosine(LR, epochs * x.per_epoch))
    for epoch in range(1, epochs + 1):
        total = 0.0
        for _ in range(x.per_epoch):
            logits, cache = network.forward(x.next(), noise)
            loss, dlogits = run.softmax_cross_entropy(logits, y.next()[:, 0].astype(int))
            network.backward(dlogits, cache, grads, input_grad=False)
            adam.step(network.parameters.flat, grads.flat)
            total += float(loss)
        seen = accuracy(network, data)
        print(f"epoch {epoch:3}  loss {total / x.per_epoch:.4f}  accuracy {seen:.2%}", flush=True)


def save(network: Sequential, path: Path) -> None:
    """Store the weights in half precision, and keep what is stored in the network."""
    halves = {name: array.astype(np.float16) for name, array in network.parameters.items()}
    checkpoint.save(path, halves, {})
    network.parameters.load(halves)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--epochs", type=int, default=40, help="default: 40")
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="default: npgan's own file")
    arguments = parser.parse_args()
    if arguments.epochs < 1:
        parser.error(f"--epochs must be at least 1, not {arguments.epochs}")
    backend.use(backend.choice())
    data = load("mnist")
    network = layers.build(LAYERS, rng=SEED)
    train(network, data, arguments.epochs)
    save(network, arguments.out)
    content = arguments.out.read_bytes()
    print(f"accuracy {accuracy(network, data):.2%}, {len(content):,} bytes")
    print(f"SHA-256 {hashlib.sha256(content).hexdigest()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
