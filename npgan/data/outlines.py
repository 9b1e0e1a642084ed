"""Pairs of images: the outlines of MNIST's digits, and the digits."""

from dataclasses import replace

import numpy as np

from npgan.data.dataset import Dataset
from npgan.data.mnist_files import load_mnist
from npgan.errors import array, image_shape


def outlines(images: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return a line of one pixel around what is bright in images (n, d), uint8 0 or 255.

    A dark pixel is on it if one of its four neighbours is bright, above 127.

    >>> outlines(np.array([[0, 0, 0, 0, 255, 0, 0, 0, 0]], np.uint8), (3, 3)).reshape(3, 3)
    array([[  0, 255,   0],
           [255,   0, 255],
           [  0, 255,   0]], dtype=uint8)
    """
    images = array("images", images, ("n", "d"), "whole numbers", limits=(0, 255))
    bright = images.reshape(-1, *image_shape("shape", shape, images.shape[1])) > 127
    near = np.zeros_like(bright)
    near[:, 1:] |= bright[:, :-1]
    near[:, :-1] |= bright[:, 1:]
    near[:, :, 1:] |= bright[:, :, :-1]
    near[:, :, :-1] |= bright[:, :, 1:]
    return ((near & ~bright) * np.uint8(255)).reshape(images.shape)


def load_outlines() -> Dataset:
    """Load MNIST as pairs [outline, digit], one above the other: rows of 56 x 28 pixels."""
    mnist = load_mnist()

    train, test = (
        np.concatenate([outlines(digits, (28, 28)), digits], axis=1)
        for digits in (mnist.train, mnist.held_out[0])
    )
    return replace(mnist, name="mnist-outlines", train=train, test=test, shape=(56, 28, 1))
