"""Data sets: MNIST and its successors, two-dimensional toys, and the user's own files."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from npgan.data.arrays import from_arrays
from npgan.data.dataset import Dataset
from npgan.data.download import SOURCES, load_download
from npgan.data.files import load_path, refuse_size
from npgan.data.fit import DEFAULT
from npgan.data.idx import read_idx
from npgan.data.mnist_files import load_mnist
from npgan.data.outlines import load_outlines
from npgan.data.reading import reading as _reading
from npgan.data.rows import TABLES, is_table, load_table
from npgan.data.stacked import load_stacked
from npgan.data.toys import SAMPLERS, load_toy
from npgan.errors import InputError, as_path, fraction, unknown

__all__ = [
    "DATASETS",
    "Dataset",
    "from_arrays",
    "is_table",
    "load",
    "load_path",
    "load_split",
    "load_table",
    "read_idx",
    "split_class",
]

WITH_CLASS = re.compile(r"(.+):(?:(-?[0-9]{1,18})|([^/\\:]*[^/\\:0-9][^/\\:]*))", re.DOTALL)
"""What has a label behind its last colon: a whole number, or text that is no path."""

DATASETS: dict[str, Callable[[], Dataset]] = {
    "mnist": load_mnist,
    "mnist-outlines": load_outlines,
    "stacked-mnist": load_stacked,
    **{name: partial(load_download, name) for name in SOURCES},
    **{name: partial(load_toy, name) for name in SAMPLERS},
    **{name: partial(load_table, name) for name in TABLES},
}
"""Name of a data set -> its loader."""


def split_class(name_or_path: str | Path) -> tuple[str, int | str | None]:
    """Return a data set's name without the class at its end, and that class, if there is one.

    >>> split_class("mnist:3"), split_class("photos:cat"), split_class("mnist")
    (('mnist', 3), ('photos', 'cat'), ('mnist', None))
    """
    given = str(name_or_path if isinstance(name_or_path, str) else as_path(name_or_path))
    parts = WITH_CLASS.fullmatch(given)
    return (parts[1], parts[3] or int(parts[2])) if parts else (given, None)


def load(name_or_path: str | Path, size: Any = None, fit: str = DEFAULT) -> Dataset:
    """Load a data set by name, or the user's own by path; what cannot be loaded is an InputError.

    Parameters
    ----------
    name_or_path : a name of `DATASETS`, or a path for `load_path` (where a file has such a name, ./name).
        A colon and a label at its end, as in ``mnist:3``, mean the rows of that class only
    size : for a folder of pictures: what they are brought to, a side or (height, width)
    fit : how: "crop" scales the shorter side and cuts out the middle, "pad" scales the longer one and puts
        black around it, "stretch" scales both

    Examples
    --------
    >>> load("gaussian")
    Dataset('gaussian', train=(50000, 2) float32, test=(10000, 2) float32)
    """
    return load_split(name_or_path, 0.0, size, fit)


def load_split(
    name_or_path: str | Path, share: float, size: Any = None, fit: str = DEFAULT
) -> Dataset:
    """Load a data set as :func:`load` does; without test rows of its own it keeps back a share of the others.

    See :meth:`Dataset.keep_back`. A class's test rows are its own among those of the whole.

    >>> load_split("gaussian", 0.1).test.shape
    (10000, 2)
    """
    if not isinstance(name_or_path, str | Path) or not str(name_or_path):
        raise InputError(f"a data set is a name or a path, not {name_or_path!r}")
    share, path = fraction("the share that is kept back", share), Path(name_or_path)
    if name_or_path in DATASETS:
        refuse_size(name_or_path, size)
        return DATASETS[str(name_or_path)]().keep_back(share)
    with _reading(path):
        exists = path.exists()
    whole, label = split_class(name_or_path)
    if label is not None and not exists:
        return load_split(whole, share, size, fit).only(label)
    if isinstance(name_or_path, str) and not exists and not path.suffix and len(path.parts) == 1:
        raise unknown("data set", name_or_path, DATASETS)
    return load_path(path, size, fit).keep_back(share)
