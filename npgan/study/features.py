"""Features of images or rows, from a classifier of them, for metrics of generated ones.

For 28-by-28 images there is one of MNIST's digits. It is npgan's own and small, so that anyone can train it
again (``python benchmarks/train_classifier.py``). It was trained on MNIST's training images, whose features
are therefore a little more regular than those of new digits: compare each metric with that of real images.
Values cannot be compared with those of another network, such as Inception.
"""

import hashlib
from functools import cache
from pathlib import Path

import numpy as np

from npgan.errors import InputError, array, instance
from npgan.layers import Sequential, build
from npgan.models.checks import in_chunks
from npgan.ops import softmax_forward
from npgan.training import checkpoint

WEIGHTS = Path(__file__).with_name("classifier.safetensors")
SHA256 = "d5d9f90ec1f5f6274afca55ff74866635603a8f3d1a2836aa2d0cc41ecf57702"
LAYERS = [
    "dropout 0.2",
    "dense 784 512 he_normal",
    "leaky_relu 0.1",
    "dropout 0.3",
    "dense 512 128 he_normal",
    "leaky_relu 0.1",
    "dropout 0.2",
    "dense 128 10",
]
PIXELS = 784


def features(images: np.ndarray) -> np.ndarray:
    """Return the activations of the classifier's last hidden layer, (n, 128) float32.

    Raises InputError for images of another size or range, or damaged weights.

    Parameters
    ----------
    images : (n, 784) in [0, 1], 0 is the background

    Examples
    --------
    >>> features(np.zeros((3, 784))).shape
    (3, 128)
    """
    return digit_reader().features(_checked(images))


def probabilities(images: np.ndarray) -> np.ndarray:
    """Return the classifier's probability of each digit, (n, 10) float32.

    Parameters and errors are those of :func:`features`.

    >>> from npgan import data
    >>> mnist = data.load("mnist")
    >>> p = probabilities(mnist.test[:5] / 255)
    >>> p.argmax(axis=1), mnist.test_labels[:5]
    (array([7, 2, 1, 0, 4]), array([7, 2, 1, 0, 4]))
    """
    return digit_reader().probabilities(_checked(images))


def digits(images: np.ndarray) -> np.ndarray:
    """Return the most probable digit of images (n, 784) in [0, 1], as :func:`probabilities` has them, (n,).

    >>> digits(np.zeros((2, 784))).shape
    (2,)
    """
    return probabilities(images).argmax(axis=1)


def _checked(images: np.ndarray) -> np.ndarray:
    return array("images", images, ("n", PIXELS), rows=1, dtype=np.float32, limits=(0, 1))


@cache
def digit_reader() -> "Reader":
    """Return the reader of digits, with the weights in the package."""
    if hashlib.sha256(WEIGHTS.read_bytes()).hexdigest() != SHA256:
        raise InputError(f"{WEIGHTS} is damaged or of another version: install npgan again")
    arrays, _ = checkpoint.load(WEIGHTS)
    network = build(LAYERS)
    network.parameters.load(arrays)
    return Reader(network)


class Reader:
    """What a classifier sees in rows: the activations of its last hidden layer, and how probable each class is.

    Raises InputError for a network of one layer, which has none that is hidden.

    Parameters
    ----------
    network : from rows (n, d) to logits

    Examples
    --------
    >>> reader = Reader(build(["dense 3 5", "relu", "dense 5 2"]))
    >>> reader.features(np.ones((4, 3))).shape, reader.probabilities(np.ones((4, 3))).shape
    ((4, 5), (4, 2))
    """

    def __init__(self, network: Sequential) -> None:
        instance("network", network, Sequential)
        if len(network.layers) < 2:
            raise InputError("a classifier of one layer has no hidden layer to take features from")
        self.width = network.in_width
        self._hidden, self._last = Sequential(*network.layers[:-1]), Sequential(network.layers[-1])

    def features(self, rows: np.ndarray) -> np.ndarray:
        """Return the activations of the last hidden layer, (n, width of that layer) float32."""
        rows = array("rows", rows, ("n", self.width), rows=1, dtype=np.float32)
        return in_chunks(self._hidden, np.ascontiguousarray(rows))

    def probabilities(self, rows: np.ndarray) -> np.ndarray:
        """Return how probable each class is, (n, classes) float32."""
        return softmax_forward(in_chunks(self._last, self.features(rows)))
