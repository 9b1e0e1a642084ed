"""The user's own data: IDX files, .npy, .npz, .csv, or a folder of pictures."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from npgan.data.arrays import from_arrays
from npgan.data.dataset import Dataset
from npgan.data.fit import DEFAULT, FITS, Size, as_size
from npgan.data.folder import left_out, open_folders, regular_files, within
from npgan.data.idx import is_idx
from npgan.data.images import read_images
from npgan.data.mnist_files import find_files, read_files, read_upright
from npgan.data.npy import read_npy, read_npz
from npgan.data.picture import FORMATS
from npgan.data.reading import reading
from npgan.data.rows import is_table
from npgan.data.table import read_csv
from npgan.errors import InputError, as_path, chosen

Read = tuple[dict[str, np.ndarray], list[str]]


def load_path(path: str | Path, size: Any = None, fit: str = DEFAULT) -> Dataset:
    r"""Load a file or a folder of the user's own, as a data set named after it.

    - a folder of IDX files under MNIST's or EMNIST's names, compressed or not, or torchvision's folder
      holding MNIST/raw or raw; the training images suffice;
    - .npy: an array, the training data;
    - .npz: arrays train, test, train_labels and test_labels, or x_train, x_test, y_train and
      y_test, or one array of any name;
    - .csv: a table of numbers, with or without names of columns and labels, see `npgan.data.table.read_csv`;
    - one IDX file of any name, the training data;
    - a folder of pictures in the order of their names (`npgan.data.picture.FORMATS`), in colour if any of
      them is; all have one size, or are brought to ``size``;
    - a folder of such folders, one for each class, which has the folder's name, and may hold folders of its own.

    Hidden files, folders beside pictures and links that lead out of a folder are left out; the data set's
    notes say so.

    Parameters
    ----------
    path : of the file or folder
    size : of pictures, a side or (height, width); None: they stay as they are
    fit : how they are brought to it, a name of `npgan.data.fit.FITS`

    See `npgan.data.arrays.from_arrays` for what is taken for images and for the dtypes.

    Raises InputError if there is nothing at `path`, its kind is not known, or it cannot be read.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "points.csv")
    ...     _ = path.write_text("x,y\n1,2\n3,4\n5,6\n")
    ...     load_path(path)
    Dataset('points.csv', train=(3, 2) float32)
    """
    path, size = as_path(path), None if size is None else as_size(size)
    chosen("fit", fit, FITS)
    with reading(path):
        name = path.resolve().name
        if path.is_dir():
            return _load_folder(name, path, size, fit)
        if not path.exists():
            raise InputError(f"there is nothing at {path}: {ACCEPTED}")
        ending = ".csv" if path.name.lower().endswith(".csv.gz") else path.suffix.lower()
        reader = READERS.get(ending) or (_read_idx if is_idx(path) else None)
        if reader is None:
            raise InputError(f"{path} is of no known kind: {ACCEPTED}")
        refuse_size(path, size)
        try:
            arrays, notes = reader(path)
        except ValueError as error:
            hint = "; it is for the preset table" if reader is read_csv and is_table(path) else ""
            raise ValueError(f"{error}{hint}") from error
        return from_arrays(name, arrays, notes)


def refuse_size(source: str | Path, size: Any) -> None:
    """Raise an InputError if a size is given for what is no folder of pictures."""
    if size is not None:
        raise InputError(f"a size is for folders of pictures: {source} is none")


def _load_folder(name: str, folder: Path, size: Size | None, fit: str) -> Dataset:
    if idx := _idx_files(folder):
        place, paths = idx
        refuse_size(folder, size)
        return read_files(name, paths, left_out(place, paths.values()))
    parts = _parts(folder)
    found = [picture for pictures in parts.values() for picture in pictures]
    classes = {} if folder in parts else parts
    notes = left_out(folder, classes or found)
    if not found:
        raise InputError(f"{folder} holds no data{'; '.join(['', *notes])}; {ACCEPTED}")
    inside = [place for one in classes for place in within(one)]
    deep = len(inside) - len(classes)
    notes += [f"with the pictures in folders within the classes' own ({deep})"] if deep else []
    notes += [f"from the classes {note}" for note in left_out(inside, found)]
    pixels, said = read_images(found, size, fit)
    arrays = {"train": pixels}
    if classes:
        arrays["train_labels"] = _labels(classes)
    return from_arrays(name, arrays, [*said, *notes])


def picture_names(path: str | Path) -> list[str]:
    """Return the names of the pictures in a folder, in the order of `load_path`; [] for all other data.

    >>> picture_names("mnist")
    []
    """
    folder = as_path(path)
    with reading(folder):
        if not folder.is_dir() or _idx_files(folder):
            return []
        return [str(one.relative_to(folder)) for some in _parts(folder).values() for one in some]


def _idx_files(folder: Path) -> tuple[Path, dict[str, Path]] | None:
    """Return where in a folder IDX files are, and these; None if there are none."""
    for place in (folder, folder / "raw", folder / "MNIST" / "raw"):
        if place.is_dir() and (paths := find_files(place)):
            return place, paths
    return None


def _parts(folder: Path) -> dict[Path, list[Path]]:
    """Return the pictures in a folder or, if there are none, in its folders and all within them, a class each."""
    found = _pictures(folder)
    places = {} if found else {one: within(one) for one in open_folders(folder)}
    parts = {folder: found} if found else {}
    for one, inside in places.items():
        parts[one] = [picture for place in inside for picture in _pictures(place)]
    return {one: pictures for one, pictures in parts.items() if pictures}


def _pictures(folder: Path) -> list[Path]:
    return [path for path in regular_files(folder) if path.suffix.lower() in FORMATS]


def _labels(classes: dict[Path, list[Path]]) -> np.ndarray:
    """Return the label of each picture: its folder's name, as a number if all names are whole numbers."""
    names = [one.name for one in classes]
    numbers = all(WHOLE.fullmatch(name) for name in names)
    labels = np.array(list(map(int, names)) if numbers else names)
    return labels.repeat(list(map(len, classes.values())))


def _read_idx(path: Path) -> Read:
    array, notes = read_upright(path)
    return {"train": array}, notes


READERS: dict[str, Callable[[Path], Read]] = {
    ".npy": read_npy,
    ".npz": read_npz,
    ".csv": read_csv,
}
"""End of a file's name -> what reads it: the arrays, and what is to be said of them."""
WHOLE = re.compile("0|[1-9][0-9]{0,17}")

ACCEPTED = (
    f"accepted are a file ({', '.join(READERS)} or IDX) or a folder of IDX files, pictures ({', '.join(FORMATS)}), "
    "or one for each class; for the preset table .tsv, .txt, .parquet"
)
