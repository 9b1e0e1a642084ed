"""Data sets: MNIST and its successors, two-dimensional toys, and the user's own files."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from npgan.data.arrays import from_arrays
from npgan.data.dataset import Dataset
from npgan.data.download import SOURCES, load_download
from npgan.data.files import load_path
from npgan.data.idx import read_idx
from npgan.data.mnist_files import load_mnist
from npgan.data.outlines import load_outlines
from npgan.data.toys import SAMPLERS, load_toy
from npgan.errors import InputError, as_path, unknown

__all__ = ["DATASETS", "Dataset", "from_arrays", "load", "load_path", "read_idx", "split_class"]

DATASETS: dict[str, Callable[[], Dataset]] = {
    "mnist": load_mnist,
    "mnist-outlines": load_outlines,
    **{name: partial(load_download, name) for name in SOURCES},
    **{name: partial(load_toy, name) for name in SAMPLERS},
}
"""Name of a data set -> its loader."""


def split_class(name_or_path: str | Path) -> tuple[str, int | None]:
    """Return a data set's name without the class at its end, and that class, if there is one.

    >>> split_class("mnist:3"), split_class("mnist")
    (('mnist', 3), ('mnist', None))
    """
    given = str(name_or_path if isinstance(name_or_path, str) else as_path(name_or_path))
    whole, _, label = given.rpartition(":")
    return (whole, int(label)) if whole and label.isdecimal() else (given, None)


def load(name_or_path: str | Path) -> Dataset:
    """Load a data set by name, or the user's own by path.

    Parameters
    ----------
    name_or_path : str or Path
        A name of `DATASETS`, or a path for `load_path` (where a file has such a name, ./name).
        A colon and a label at its end, as in ``mnist:3``, mean the rows of that class only.

    Returns
    -------
    Dataset
        The data set.

    Raises
    ------
    InputError
        If it is neither, or cannot be loaded.

    Examples
    --------
    >>> load("gaussian")
    Dataset('gaussian', train=(50000, 2) float32, test=(10000, 2) float32)
    """
    if not isinstance(name_or_path, str | Path) or not str(name_or_path):
        raise InputError(f"a data set is a name or a path, not {name_or_path!r}")
    if name_or_path in DATASETS:
        return DATASETS[str(name_or_path)]()
    path = Path(name_or_path)
    whole, label = split_class(name_or_path)
    if label is not None and not path.exists():
        return load(whole).only(label)
    is_name = isinstance(name_or_path, str) and not path.suffix and len(path.parts) == 1
    if not is_name or path.exists():
        return load_path(path)
    raise unknown("data set", str(name_or_path), DATASETS)
