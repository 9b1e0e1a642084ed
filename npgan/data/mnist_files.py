"""The four IDX files in which MNIST and the data sets made after it are kept."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from npgan.data.arrays import from_arrays
from npgan.data.dataset import Dataset
from npgan.data.folder import regular_files
from npgan.data.idx import read_idx
from npgan.errors import InputError

FILES = {
    "train": "train-images-idx3-ubyte",
    "train_labels": "train-labels-idx1-ubyte",
    "test": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}
"""Field of a `Dataset` -> name of its file, before any ".gz"."""


ENDINGS = {
    **{name: field for field, name in FILES.items()},
    "test-images-idx3-ubyte": "test",
    "test-labels-idx1-ubyte": "test_labels",
}
"""End of a file's name, as MNIST or EMNIST has it -> field of a `Dataset`."""


EMNIST = "emnist-"
"""How the names of EMNIST's files begin."""


def find_files(folder: Path) -> dict[str, Path]:
    """Return those of the four files which lie in a folder, by field, compressed or not.

    Names may have dots instead of hyphens, ``train-images.idx3-ubyte``, and a beginning that is the same
    for all, ``emnist-letters-``.

    Raises InputError if there are several beginnings.
    """
    found: dict[str, dict[str, Path]] = {}
    for path in regular_files(folder):  # in order: a file comes before the same one compressed
        name = path.name.lower().removesuffix(".gz").replace(".", "-")
        for ending, field in ENDINGS.items():
            if name == ending or name.endswith(f"-{ending}"):
                found.setdefault(name.removesuffix(ending), {}).setdefault(field, path)
    if len(found) > 1:
        raise InputError(
            f"{folder} holds several data sets, {', '.join(name.strip('-') or 'one of no name' for name in found)}: "
            "put the files of one into a folder of its own"
        )
    return next(iter(found.values()), {})


def read_files(name: str, paths: Mapping[str, Path], notes: Iterable[str] = ()) -> Dataset:
    """Read the given IDX files, by field, as one data set."""
    found = {field: read_upright(path) for field, path in paths.items()}
    said = dict.fromkeys(note for _, notes in found.values() for note in notes)
    return from_arrays(name, {field: array for field, (array, _) in found.items()}, [*said, *notes])


def read_upright(path: Path) -> tuple[np.ndarray, list[str]]:
    """Read an IDX file; images of EMNIST, in which rows and columns are exchanged, are turned upright."""
    array = read_idx(path)
    if array.ndim != 3 or not path.name.lower().startswith(EMNIST):
        return array, []
    return array.swapaxes(1, 2), ["EMNIST's images were turned upright: rows became columns"]


def load_mnist() -> Dataset:
    """Load MNIST, which is part of this package.

    60,000 training and 10,000 test images of handwritten digits, 28 by 28 pixels, with labels
    0..9 (Y. LeCun and C. Cortes, CC BY-SA 3.0).

    >>> load_mnist().train.shape
    (60000, 784)
    """
    folder = Path(__file__).with_name("mnist")
    return read_files("mnist", {field: folder / f"{name}.gz" for field, name in FILES.items()})
