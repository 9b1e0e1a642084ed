"""NumPy's own files, read without trusting their headers and never unpickled."""

import io
import zipfile
from pathlib import Path

import numpy as np

from npgan.data.reading import check_size, read_at_most

KERAS = {
    "x_train": "train",
    "x_test": "test",
    "y_train": "train_labels",
    "y_test": "test_labels",
}
"""Key in Keras's mnist.npz -> field of a `Dataset`."""

HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
MAX_HEADER = 2**14  # NumPy refuses longer ones than 10,000 bytes


def read_npy(path: Path) -> dict[str, np.ndarray]:
    """Read an .npy file as the training data."""
    size = path.stat().st_size
    check_size(path, size)
    with path.open("rb") as file:
        return {"train": _parse(read_at_most(file, size))}


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Read an .npz file with our keys or Keras's, or with one array of any name."""
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        size = sum(member.file_size for member in members)
        check_size(path, size)
        arrays = {}
        for member in members:
            with archive.open(member) as file:
                key = member.filename.removesuffix(".npy")
                arrays[KERAS.get(key, key)] = _parse(read_at_most(file, size))
    if len(arrays) == 1:
        arrays = {"train": arrays.popitem()[1]}
    return arrays


def _parse(content: bytearray) -> np.ndarray:
    """Return an .npy file's array as a view of its content: a lying header allocates nothing."""
    header = io.BytesIO(content[:MAX_HEADER])
    version = np.lib.format.read_magic(header)
    if version not in HEADERS:
        raise ValueError(f"version {version} of the format is not for numbers")
    shape, is_fortran, dtype = HEADERS[version](header)
    if dtype.hasobject:
        raise ValueError("it holds Python objects, which are never unpickled; numbers are needed")
    flat = np.frombuffer(content, dtype, offset=header.tell())
    return flat.reshape(shape, order="F" if is_fortran else "C")
