"""NumPy's own files, read without trusting their headers and never unpickled."""

import re
import struct
import zipfile
from pathlib import Path

import numpy as np

from npgan.data.arrays import FIELDS
from npgan.data.reading import Readable, footprint, read_array
from npgan.system.disk import opened

KERAS = {
    "x_train": "train",
    "x_test": "test",
    "y_train": "train_labels",
    "y_test": "test_labels",
}
"""Key in Keras's mnist.npz -> field of a `Dataset`."""
METHODS = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
"""The ways in which NumPy stores the arrays of an .npz file."""

MAGIC = b"\x93NUMPY"
LENGTHS: dict[tuple[int, ...], str] = {(1, 0): "<H", (2, 0): "<I", (3, 0): "<I"}
"""Version of the format -> how the header's length is written."""
MAX_HEADER = 1024  # bytes; an array of 32 axes has a shorter one
SIZE = "(?:0|[1-9][0-9]{0,17})"
HEADER = re.compile(
    "\\{'descr': '([<>|=]?[biufcmMOSUV][0-9]{0,4})', 'fortran_order': (True|False), "
    f"'shape': \\((|{SIZE},|{SIZE}(?:, ?{SIZE})+,?)\\),? ?}} *\n?"
)
"""An array's header, a Python dictionary, as NumPy and others write it: type, order, sizes."""


def read_npy(path: Path) -> tuple[dict[str, np.ndarray], list[str]]:
    """Read an .npy file as the training data."""
    with opened(path) as (file, packed):
        return {"train": _read_array(file, path, packed)[0]}, []


def read_npz(path: Path) -> tuple[dict[str, np.ndarray], list[str]]:
    """Read an .npz file with our keys or Keras's, or with one array of any other name."""
    arrays: dict[str, np.ndarray] = {}
    total = 0
    with opened(path) as (raw, packed), zipfile.ZipFile(raw) as archive:
        for member in archive.infolist():
            if member.compress_type not in METHODS:
                raise ValueError(f"{member.filename} is compressed as no .npz file is")
            key = member.filename.removesuffix(".npy")
            key = KERAS.get(key, key)
            if key in arrays:
                raise ValueError(f"it holds {key} twice")
            with archive.open(member) as file:
                arrays[key], size = _read_array(file, path, packed, total)
            total += size
    if len(arrays) == 1 and not arrays.keys() & set(FIELDS):
        arrays = {"train": arrays.popitem()[1]}
    return arrays, []


def _read_array(file: Readable, path: Path, packed: int, before: int = 0) -> tuple[np.ndarray, int]:
    """Return an .npy file's array, and what it takes; ``before`` is taken already."""
    shape, is_fortran, dtype = _read_header(file)
    array = read_array(file, path, shape, dtype, packed, before)
    return array.reshape(shape, order="F" if is_fortran else "C"), footprint(shape, dtype)


def _read_header(file: Readable) -> tuple[tuple[int, ...], bool, np.dtype]:
    magic = file.read(8)
    if magic[:6] != MAGIC:
        raise ValueError("it does not begin as an .npy file does")
    form = LENGTHS.get(tuple(magic[6:]))
    if form is None:
        raise ValueError("this version of .npy is not known")
    (length,) = struct.unpack(form, file.read(struct.calcsize(form)))
    if length > MAX_HEADER:
        raise ValueError(f"its header has {length} bytes; an array's has at most {MAX_HEADER}")
    header = HEADER.fullmatch(file.read(length).decode("latin-1"))
    if header is None:
        raise ValueError("its header is not that of an array of numbers")
    try:
        dtype = np.dtype(header[1])
    except TypeError:
        raise ValueError(f"its type is {header[1]!r}, which NumPy does not know") from None
    if dtype.hasobject:
        raise ValueError("it holds Python objects, which are never unpickled; numbers are needed")
    return tuple(map(int, re.findall(r"\d+", header[3]))), header[2] == "True", dtype
