"""From arrays as people keep them to the rows of a `Dataset`."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from npgan.data.dataset import Dataset
from npgan.errors import InputError, as_array, instance, unknown

PARTS = ("train", "test")
LABELS = ("train_labels", "test_labels")
FIELDS = (*PARTS, *LABELS)

CHANNELS = 1, 3
LARGEST_LABEL = 2**63 - 1
DARK = 128
"""Images of which no pixel is so bright do not use the range 0..255: masks of 0 and 1, digits of 0 to 16."""
ROWS = 256  # of which pixels are replaced at once

Shape = tuple[int, ...]
Classes = tuple[int, ...] | tuple[str, ...] | None


def from_arrays(name: str, arrays: Mapping[str, np.ndarray], notes: Iterable[str] = ()) -> Dataset:
    """Make a data set of arrays of any real dtype.

    Images are arrays (n, h, w) or (n, h, w, c) of c = 1 or 3 channels (grey, or red, green and blue),
    and uint8 arrays (n, s * s), taken for s-by-s pixels. Images of integers within 0..255 become uint8;
    if none of them reaches half of that (masks of 0 and 1, digits of 0 to 16), the brightest becomes 255.
    Everything else becomes float32 with its values kept.

    Images are flattened to rows, (n, h * w * c), a pixel's channels side by side, and have the
    `shape` (h, w, c). Labels (n,) or (n, 1) are whole numbers, of any type, or text; classes are numbered in the
    order of their labels.

    Raises InputError if an array is of another kind, or the arrays do not fit one another.

    Parameters
    ----------
    name : of the data set
    arrays : "train", and any of "test", "train_labels" and "test_labels"
    notes : what a user should know of how they were read

    Examples
    --------
    >>> from_arrays("squares", {"train": np.zeros((10, 3, 3), int)})
    Dataset('squares', train=(10, 9) uint8, shape=(3, 3, 1))
    >>> from_arrays("colours", {"train": np.zeros((10, 3, 3, 3), int)})
    Dataset('colours', train=(10, 27) uint8, shape=(3, 3, 3))
    >>> from_arrays("table", {"train": np.zeros((10, 9))})
    Dataset('table', train=(10, 9) float32)
    """
    instance("the arrays", arrays, Mapping)
    for key in arrays:
        if key not in FIELDS:
            raise unknown(f"array of {name}", key, FIELDS)
    if "train" not in arrays:
        raise InputError(f"{name} has no training data, only {', '.join(arrays) or 'nothing'}")
    parts = {key: _checked(f"{name}: {key}", arrays[key]) for key in PARTS if key in arrays}
    shapes = [_shape(array) for array in parts.values()]
    if shapes[0] != shapes[-1]:
        raise InputError(f"{name}: training samples are {shapes[0]}, test samples {shapes[-1]}")
    rows, said = _as_rows(list(parts.values()), shapes[0])
    labels, classes = _numbered(
        {key: _as_labels(f"{name}: {key}", arrays[key]) for key in LABELS if key in arrays}
    )
    fields: dict[str, Any] = dict(zip(parts, rows, strict=True)) | labels
    return Dataset(name, **fields, shape=shapes[0], classes=classes, notes=(*notes, *said))


def _checked(what: str, array: np.ndarray) -> np.ndarray:
    array = as_array(what, array)
    channels_last = array.ndim != 4 or array.shape[3] in CHANNELS
    if array.ndim in (2, 3, 4) and array.size and channels_last:
        return array
    first = array.ndim == 4 and array.shape[1] in CHANNELS and not channels_last
    raise InputError(
        f"{what} has shape {array.shape}: it must be (n, d) or (n, h, w) or, of 1 or 3 channels, (n, h, w, channels), "
        f"with n at least 1{'; np.moveaxis(x, 1, -1) puts channels last' if first else ''}"
    )


def _as_rows(arrays: list[np.ndarray], shape: Shape) -> tuple[list[np.ndarray], list[str]]:
    """Return arrays as rows of pixels or of float32, and notes on what became of them."""
    said = []
    if len(shape) == 3 and all(map(_are_pixels, arrays)):
        white, arrays = brightest(arrays), brightened(arrays)
        if brightest(arrays) != white:
            said = [f"pixels of 0 to {white} became 0 to 255"]
    else:
        with np.errstate(all="ignore"):  # Dataset names what is not finite
            arrays = [array.astype(np.float32, order="C", copy=False) for array in arrays]
    return [array.reshape(len(array), -1) for array in arrays], said


def brightest(images: Sequence[np.ndarray]) -> int:
    """Return the largest of all pixels."""
    return max(int(array.max()) for array in images)


def brightened(images: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return whole numbers within 0..255 as bytes; dark ones so that the brightest of all is 255.

    >>> brightened([np.array([0, 1]), np.array([1])])
    [array([  0, 255], dtype=uint8), array([255], dtype=uint8)]
    """
    white = brightest(images)
    if not 0 < white < DARK:
        return [array.astype(np.uint8, order="C", copy=False) for array in images]
    becomes = ((510 * np.arange(white + 1) + white) // (2 * white)).astype(np.uint8)
    return [_replaced(array, becomes) for array in images]


def _replaced(array: np.ndarray, becomes: np.ndarray) -> np.ndarray:
    """Return what each pixel becomes, a part at a time: an index takes eight bytes."""
    result = np.empty(array.shape, np.uint8)
    for i in range(0, len(array), ROWS):
        result[i : i + ROWS] = becomes[array[i : i + ROWS]]
    return result


def _are_pixels(array: np.ndarray) -> bool:
    return array.dtype.kind in "ui" and array.min() >= 0 and array.max() <= 255


def _shape(array: np.ndarray) -> Shape:
    """Return the shape of a sample, an image's as (height, width, channels)."""
    if array.ndim > 2:
        return (*array.shape[1:], 1)[:3]
    side = math.isqrt(array.shape[1])
    square = array.dtype == np.uint8 and side**2 == array.shape[1]
    return (side, side, 1) if square else array.shape[1:]


def _as_labels(what: str, array: Any) -> np.ndarray:
    """Return labels as int64 or text: a column (n, 1) is flattened, whole numbers may be floats or truth values."""
    if isinstance(array, np.ndarray) and array.dtype == object and _are_texts(array):
        array = array.astype(str)  # as pandas has them
    if not (isinstance(array, np.ndarray) and array.dtype.kind == "U"):
        array = as_array(what, array)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.dtype.kind == "U":
        return array
    if array.dtype.kind == "f" and (np.floor(array) != array).any():  # also where one is NaN
        raise InputError(
            f"{what} are numbers of which some are not whole: labels are whole numbers, or text"
        )
    if array.size and array.max() > LARGEST_LABEL:
        raise InputError(f"{what} has {array.max()}: labels up to {LARGEST_LABEL} are read")
    return array.astype(np.int64)


def _are_texts(array: np.ndarray) -> bool:
    return all(isinstance(one, str) for one in array.ravel())


def _numbered(labels: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], Classes]:
    """Return labels as classes 0, 1, ..., and the label of each class, if that is another number."""
    if not labels:
        return labels, None
    if len({one.dtype.kind for one in labels.values()}) > 1:
        raise InputError("labels are all whole numbers or all text, for training as for test rows")
    known = np.unique(np.concatenate([one.ravel() for one in labels.values()]))
    if known.dtype.kind == "i" and np.array_equal(known, np.arange(len(known))):
        return labels, None
    found = {key: np.searchsorted(known, one) for key, one in labels.items()}
    return found, tuple(known.tolist())
