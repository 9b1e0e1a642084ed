"""Arrays as people keep them: which labels are some, and which data are images."""

import datetime

import numpy as np
import pytest

from npgan.data.arrays import from_arrays
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
