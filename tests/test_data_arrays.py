"""Arrays as people keep them: which labels are some, and which data are images."""

import datetime

import numpy as np
import pytest

from npgan.data import images as images_
from npgan.data.arrays import from_arrays
from npgan.data.download import SOURCES
from npgan.data.outlines import outlines
from npgan.errors import InputError

ROWS = np.zeros((3, 2), np.float32)


@pytest.mark.parametrize(
    ("labels", "numbers", "classes"),
    [
        ([0, 1, 2], [0, 1, 2], None),
        ([[0], [1], [0]], [0, 1, 0], None),
        ([7, 5, 7], [1, 0, 1], (5, 7)),
        ([-1, 1, 0], [0, 2, 1], (-1, 0, 1)),
        ([1.0, 2.0, 1.0], [0, 1, 0], (1, 2)),
        ([True, False, True], [1, 0, 1], None),
        (np.array([3, 3, 4], np.uint8), [0, 0, 1], (3, 4)),
        (np.array(["b", "a", "b"]), [1, 0, 1], ("a", "b")),
        (np.array([["b"], ["a"], ["b"]]), [1, 0, 1], ("a", "b")),
        (np.array(["b", "a", "b"], object), [1, 0, 1], ("a", "b")),
    ],
)
def test_labels_are_numbered_in_their_order(labels, numbers, classes):
    data = from_arrays("d", {"train": ROWS, "train_labels": labels})
    assert (data.train_labels.tolist(), data.train_labels.dtype) == (numbers, np.int64)
    assert data.classes == classes


@pytest.mark.parametrize(
    "labels",
    [
        np.array([1j, 0, 1]), np.array([b"a", b"b", b"a"]), np.array(["a", 1, "b"], object),
        np.array([4, 3, 4], object),
        np.array([datetime.date(2024, 1, day) for day in (1, 2, 3)], "datetime64[D]"),
        [0.5, 0, 1], [np.nan, 0, 1], [np.inf, 0, 1], [[0, 1], [1, 0], [0, 1]], [0, 1], 5, None, {0: 1},
    ],
    ids=str,
)  # fmt: skip
def test_what_are_no_labels_is_refused(labels):
    with pytest.raises(InputError, match="d: train_labels"):
        from_arrays("d", {"train": ROWS, "train_labels": labels})


def test_classes_are_those_of_all_labels_together():
    arrays = {"train": ROWS, "test": ROWS, "train_labels": [2, 4, 2], "test_labels": [4, 9, 9]}
    data = from_arrays("d", arrays)
    assert data.classes == (2, 4, 9)
    assert (data.train_labels.tolist(), data.test_labels.tolist()) == ([0, 1, 0], [1, 2, 2])
    with pytest.raises(InputError, match="labels are all whole numbers or all text"):
        from_arrays("d", {**arrays, "test_labels": np.array(["x", "y", "z"])})


# --- images --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("pixel", "bright"), [(0, False), (127, False), (128, True), (255, True)])
def test_an_outline_is_around_what_is_above_127(pixel, bright):
    image = np.zeros((1, 9), np.uint8)
    image[0, 4] = pixel
    around = np.array([[0, 255, 0, 255, 0, 255, 0, 255, 0]], np.uint8)
    np.testing.assert_array_equal(outlines(image, (3, 3)), around * bright)


@pytest.mark.parametrize(
    ("most", "depth", "byte"),
    [(255, 8, 255), (256, 10, 64), (1023, 10, 255), (1024, 12, 64), (4095, 12, 255), (4096, 14, 64),
     (16383, 14, 255), (16384, 16, 64), (65535, 16, 255)],
)  # fmt: skip
def test_deep_pixels_have_the_fewest_bits_that_hold_the_largest(most, depth, byte):
    images = np.zeros((2, 1, 2), np.uint8)
    notes = images_._in_bytes({1: np.array([[0, most]], np.uint16)}, images)
    assert notes == [f"16-bit pixels up to {most} were read as {depth}-bit (1)"]
    assert images.tolist() == [[[0, 0]], [[0, byte]]]
    assert images_._in_bytes({}, images) == []


def test_where_a_download_comes_from_cannot_be_changed():
    with pytest.raises(AttributeError):
        SOURCES["kmnist"].url = "x"
