"""Arrays as people keep them -> the rows of a `Dataset`."""

import math
from collections.abc import Mapping

import numpy as np

from npgan.data.dataset import Dataset
from npgan.errors import InputError, as_array, instance, unknown

LABELS = ("train_labels", "test_labels")
FIELDS = ("train", "test", *LABELS)

Shape = tuple[int, int] | None


def from_arrays(name: str, arrays: Mapping[str, np.ndarray]) -> Dataset:
    """Make a data set of arrays of any real dtype.

    Images are arrays (n, h, w), and uint8 arrays (n, s * s), taken for s-by-s pixels. Images of
    integers within 0..255 become uint8; everything else becomes float32 with its values kept.

    Parameters
    ----------
    name : str
        Name of the data set.
    arrays : mapping of str to ndarray
        "train", and any of "test", "train_labels" and "test_labels".

    Returns
    -------
    Dataset
        Images are flattened to (n, h * w), with `image_shape` (h, w).

    Raises
    ------
    InputError
        If an array is of another kind, or the arrays do not fit one another.

    Examples
    --------
    >>> from_arrays("squares", {"train": np.zeros((10, 3, 3), int)})
    Dataset('squares', train=(10, 9) uint8, image_shape=(3, 3))
    >>> from_arrays("table", {"train": np.zeros((10, 9))})
    Dataset('table', train=(10, 9) float32)
    """
    instance("the arrays", arrays, Mapping)
    for key in arrays:
        if key not in FIELDS:
            raise unknown(f"array of {name}", key, FIELDS)
    if "train" not in arrays:
        raise InputError(f"{name} has no training data, only {', '.join(arrays) or 'nothing'}")
    train, image_shape = _as_rows(f"{name}: train", arrays["train"])
    test = None
    if "test" in arrays:
        test, test_shape = _as_rows(f"{name}: test", arrays["test"])
        if test_shape != image_shape:
            raise InputError(f"{name}: train images are {image_shape}, test images {test_shape}")
    labels = [_as_labels(f"{name}: {key}", arrays.get(key)) for key in LABELS]
    return Dataset(name, train, test, labels[0], labels[1], image_shape)


def _as_rows(what: str, array: np.ndarray) -> tuple[np.ndarray, Shape]:
    array = as_array(what, array)
    if array.ndim not in (2, 3) or not array.size:
        raise InputError(
            f"{what} has shape {array.shape}: it must be (n, d) or (n, h, w), with n at least 1"
        )
    shape = _image_shape(array)
    is_pixels = shape and array.dtype.kind in "ui" and array.min() >= 0 and array.max() <= 255
    with np.errstate(over="ignore"):  # a float64 beyond float32 becomes inf, which Dataset names
        rows = array.astype(np.uint8 if is_pixels else np.float32, order="C", copy=False)
    return rows.reshape(len(array), -1), shape


def _image_shape(array: np.ndarray) -> Shape:
    if array.ndim == 3:
        return array.shape[1], array.shape[2]
    side = math.isqrt(array.shape[1])
    return (side, side) if array.dtype == np.uint8 and side**2 == array.shape[1] else None


def _as_labels(what: str, array: np.ndarray | None) -> np.ndarray | None:
    if array is None:
        return None
    array = as_array(what, array)
    if array.dtype.kind not in "ui":
        raise InputError(f"{what} has dtype {array.dtype}: integers are needed")
    return array.astype(np.int64)
