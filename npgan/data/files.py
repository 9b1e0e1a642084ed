"""The user's own data: IDX files, .npy, .npz, .csv, or a folder of images."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from npgan.data.arrays import from_arrays
from npgan.data.dataset import Dataset
from npgan.data.folder import left_out, regular_files
from npgan.data.idx import is_idx
from npgan.data.images import SUFFIXES, read_images
from npgan.data.mnist_files import find_files, read_files, read_upright
from npgan.data.npy import read_npy, read_npz
from npgan.data.reading import reading
from npgan.data.table import read_csv
from npgan.errors import InputError, as_path

Read = tuple[dict[str, np.ndarray], list[str]]


def load_path(path: str | Path) -> Dataset:
    r"""Load a file or a folder of the user's own, as a data set named after it.

    - a folder of IDX files under MNIST's or EMNIST's names, compressed or not, or torchvision's folder
      holding MNIST/raw or raw; the training images suffice;
    - .npy: an array, the training data;
    - .npz: arrays train, test, train_labels and test_labels, or x_train, x_test, y_train and
      y_test, or one array of any name;
    - .csv: a table of numbers, with or without names of columns and labels, see `npgan.data.table.read_csv`;
    - one IDX file of any name, the training data;
    - a folder of PNG and JPEG images of one size, read as 8-bit greyscale in the order of their names,
      see `npgan.data.images.read_images`.

    Hidden files, folders beside images and links that lead out of a folder are left out; the data set's
    notes say so.

    See `npgan.data.arrays.from_arrays` for what is taken for images and for the dtypes.

    Raises InputError if there is nothing at `path`, its kind is not known, or it cannot be read.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "points.csv")
    ...     _ = path.write_text("x,y\n1,2\n3,4\n5,6\n")
    ...     load_path(path)
    Dataset('points.csv', train=(3, 2) float32)
    """
    path = as_path(path)
    with reading(path):
        name = path.resolve().name
        if path.is_dir():
            return _load_folder(name, path)
        if not path.exists():
            raise InputError(f"there is nothing at {path}: {ACCEPTED}")
        reader = READERS.get(path.suffix.lower()) or (_read_idx if is_idx(path) else None)
        if reader is None:
            raise InputError(f"{path} is of no known kind: {ACCEPTED}")
        return from_arrays(name, *reader(path))


def _load_folder(name: str, folder: Path) -> Dataset:
    for place in (folder, folder / "raw", folder / "MNIST" / "raw"):
        if place.is_dir() and (paths := find_files(place)):
            return read_files(name, paths, left_out(place, paths.values()))
    images = [path for path in regular_files(folder) if path.suffix.lower() in SUFFIXES]
    notes = left_out(folder, images)
    if not images:
        raise InputError(f"{folder} holds no data{'; '.join(['', *notes])}; {ACCEPTED}")
    pixels, said = read_images(images)
    return from_arrays(name, {"train": pixels}, [*said, *notes])


def _read_idx(path: Path) -> Read:
    array, notes = read_upright(path)
    return {"train": array}, notes


READERS: dict[str, Callable[[Path], Read]] = {
    ".npy": read_npy,
    ".npz": read_npz,
    ".csv": read_csv,
}
"""End of a file's name -> what reads it: the arrays, and what is to be said of them."""

ACCEPTED = f"accepted are a file ({', '.join(READERS)} or IDX) or a folder of IDX files or of PNG or JPEG images"
