"""The four IDX files in which MNIST and the data sets made after it are kept."""

from collections.abc import Mapping
from pathlib import Path

from npgan.data.arrays import from_arrays
from npgan.data.dataset import Dataset
from npgan.data.idx import read_idx

FILES = {
    "train": "train-images-idx3-ubyte",
    "train_labels": "train-labels-idx1-ubyte",
    "test": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}
"""Field of a `Dataset` -> name of its file, before any ".gz"."""


def find_files(folder: Path) -> dict[str, Path]:
    """Return those of the four files which lie in a folder, by field, compressed or not."""
    paths = {field: folder / name for field, name in FILES.items()}
    both = [(field, p) for field, path in paths.items() for p in (Path(f"{path}.gz"), path)]
    return {field: path for field, path in both if path.exists()}


def read_files(name: str, paths: Mapping[str, Path]) -> Dataset:
    """Read the given IDX files, by field, as one data set."""
    return from_arrays(name, {field: read_idx(path) for field, path in paths.items()})


def load_mnist() -> Dataset:
    """Load MNIST, which is part of this package.

    60,000 training and 10,000 test images of handwritten digits, 28 by 28 pixels, with labels
    0..9 (Y. LeCun and C. Cortes, CC BY-SA 3.0).

    >>> load_mnist().train.shape
    (60000, 784)
    """
    return read_files("mnist", find_files(Path(__file__).with_name("mnist")))
