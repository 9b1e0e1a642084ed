"""The user's own data: IDX files, .npy, .npz, .csv, or a folder of PNG images."""

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from npgan.data.arrays import from_arrays
from npgan.data.dataset import Dataset
from npgan.data.mnist_files import find_files, read_files
from npgan.data.npy import read_npy, read_npz
from npgan.data.reading import check_size, reading
from npgan.errors import InputError, as_path


def load_path(path: str | Path) -> Dataset:
    r"""Load a file or a folder of the user's own.

    - a folder of IDX files under MNIST's names, compressed or not, or torchvision's folder
      holding MNIST/raw or raw; the training images suffice;
    - .npy: an array, the training data;
    - .npz: arrays train, test, train_labels and test_labels, or x_train, x_test, y_train and
      y_test, or one array of any name;
    - .csv: numbers separated by commas, with or without a line of column names;
    - a folder of PNG images of one size, read as 8-bit greyscale in the order of their names.

    See `npgan.data.arrays.from_arrays` for what is taken for images and for the dtypes.

    Parameters
    ----------
    path : str or Path
        The file or folder.

    Returns
    -------
    Dataset
        Named after the file or folder.

    Raises
    ------
    InputError
        If there is nothing at `path`, its kind is not known, or it cannot be read.

    Examples
    --------
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
        if path.suffix.lower() not in READERS:
            raise InputError(f"{path} is of no known kind: {ACCEPTED}")
        return from_arrays(name, READERS[path.suffix.lower()](path))


def _load_folder(name: str, folder: Path) -> Dataset:
    for place in (folder, folder / "raw", folder / "MNIST" / "raw"):
        if paths := find_files(place):
            return read_files(name, paths)
    images = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".png")
    if not images:
        raise InputError(f"{folder} holds no data: {ACCEPTED}")
    return from_arrays(name, {"train": _read_images(images)})


def _read_images(paths: Sequence[Path]) -> np.ndarray:
    """Read PNG images of one size as uint8 (n, h, w)."""
    first = read_image(paths[0])
    check_size(paths[0].parent, first.size * len(paths))
    images = np.empty((len(paths), *first.shape), np.uint8)
    for i, path in enumerate(paths):
        image = read_image(path)
        if image.shape != first.shape:
            raise InputError(
                f"{path} has (height, width) {image.shape} but {paths[0].name} has {first.shape}: "
                "all images must have one size"
            )
        images[i] = image
    return images


def read_image(path: Path) -> np.ndarray:
    """Return a PNG's grey values as bytes (h, w), whatever its transparency."""
    from PIL import Image

    with reading(path), warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(path, formats=["PNG"]) as image:
            if image.mode.startswith("I"):  # Pillow would clip 16 bits at 255, not scale them
                return np.asarray(image) >> 8
            return np.asarray(image.convert("L"))


def _read_csv(path: Path) -> dict[str, np.ndarray]:
    check_size(path, path.stat().st_size)
    with path.open(encoding="utf-8-sig") as file, warnings.catch_warnings():
        warnings.simplefilter("error")  # loadtxt only warns of a file without data
        has_header = not any(map(_is_number, file.readline().split(",")))
        file.seek(0)
        rows = np.loadtxt(file, np.float32, delimiter=",", skiprows=int(has_header), ndmin=2)
    return {"train": rows}


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


READERS: dict[str, Callable[[Path], dict[str, np.ndarray]]] = {
    ".npy": read_npy,
    ".npz": read_npz,
    ".csv": _read_csv,
}

ACCEPTED = f"accepted are a file ({', '.join(READERS)}) or a folder of IDX files or of PNG images"
