"""Stacked MNIST: three digits as the channels of one image, so that 1000 modes can be counted."""

import zlib

import numpy as np

from npgan.data.dataset import Dataset
from npgan.data.mnist_files import load_mnist
from npgan.errors import array, count, generator, labels

NAME, CHANNELS = "stacked-mnist", 3
TRAIN, TEST = 128_000, 10_000


def stack(
    images: np.ndarray, digits: np.ndarray, n: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return n images of three channels (n, 3 d) uint8, each channel one of the images at random, and their labels.

    A label is the number that the three digits write: 100 a + 10 b + c.

    Parameters
    ----------
    images : (m, d) whole numbers from 0 to 255
    digits : (m,) from 0 to 9

    Examples
    --------
    >>> images, digits = np.array([[10, 11], [20, 21]], np.uint8), np.array([1, 2])
    >>> stack(images, digits, 1, np.random.default_rng(1))
    (array([[10, 20, 20, 11, 21, 21]], dtype=uint8), array([122]))
    """
    images = array("images", images, ("m", "d"), "whole numbers", rows=1, limits=(0, 255))
    digits = labels("digits", digits, len(images), 10)
    chosen = generator(rng).integers(len(images), size=(count("n", n, 1), CHANNELS))
    pixels = np.empty((n, images.shape[1], CHANNELS), np.uint8)
    for channel in range(CHANNELS):  # one after the other takes the least memory
        pixels[:, :, channel] = images[chosen[:, channel]]
    return pixels.reshape(n, -1), digits[chosen] @ [100, 10, 1]


def load_stacked() -> Dataset:
    """Load stacked MNIST: 128,000 training images of 28 x 28 pixels and 3 channels, and 10,000 of the test digits.

    They are drawn at random, but always the same ones. Each of the 1000 modes is met about 128 times. Source: Metz
    et al. 2017, "Unrolled generative adversarial networks"; there are as many as in the program of PacGAN (Lin et al.
    2018), which stacks digits of the test set, too.

    >>> load_stacked()
    Dataset('stacked-mnist', train=(128000, 2352) uint8, test=(10000, 2352) uint8, train_labels=(128000,) int64, \
test_labels=(10000,) int64, shape=(28, 28, 3))
    """
    mnist, rng = load_mnist(), np.random.default_rng(zlib.crc32(NAME.encode()))
    test, test_labels = mnist.held_out
    assert mnist.train_labels is not None
    assert test_labels is not None
    train, train_labels = stack(mnist.train, mnist.train_labels, TRAIN, rng)
    test, test_labels = stack(test, test_labels, TEST, rng)
    return Dataset(NAME, train, test, train_labels, test_labels, shape=(28, 28, CHANNELS))
