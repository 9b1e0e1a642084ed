"""The IDX format, in which MNIST is published: a header of big-endian sizes, then the numbers."""

import gzip
import struct
from pathlib import Path

import numpy as np

from npgan.data.reading import Readable, read_array, reading
from npgan.errors import InputError, as_path
from npgan.system.disk import opened

DTYPES: dict[int, np.dtype] = {
    0x08: np.dtype("u1"),
    0x09: np.dtype("i1"),
    0x0B: np.dtype(">i2"),
    0x0C: np.dtype(">i4"),
    0x0D: np.dtype(">f4"),
    0x0E: np.dtype(">f8"),
}
"""The type byte of the magic number -> dtype of the numbers as stored."""

GZIP_MAGIC = b"\x1f\x8b"


def read_idx(path: str | Path) -> np.ndarray:
    r"""Read an IDX file, gzip-compressed or not (its first bytes tell, not its name).

    Memory grows with what the file really holds, never with what its header promises: at most
    one byte more than announced is kept, and no data are read where so much would be out of all proportion
    to the file, see `npgan.data.reading.check_size`. The array has the shape and the type of the header, in
    native byte order.

    Raises InputError if the file is missing, not IDX, damaged, shorter or longer than its header says, or
    announces more than `npgan.data.reading.MAX_BYTES`.

    Notes
    -----
    The format is that of http://yann.lecun.com/exdb/mnist/: two zero bytes, the type, the number
    of dimensions, each dimension as a big-endian uint32, then the numbers in C order.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "labels")
    ...     _ = path.write_bytes(bytes([0, 0, 0x08, 1, 0, 0, 0, 3, 7, 2, 1]))
    ...     read_idx(path)
    array([7, 2, 1], dtype=uint8)
    """
    path = as_path(path)
    with reading(path), opened(path) as (raw, packed):
        compressed = raw.read(2) == GZIP_MAGIC
        raw.seek(0)
        if not compressed:
            return _read_array(raw, path, packed)
        with gzip.open(raw) as file:
            return _read_array(file, path, packed)


def is_idx(path: Path) -> bool:
    """Whether a file begins as an IDX file does, or a compressed one."""
    with opened(path) as (file, _):
        head = file.read(3)
    return head[:2] == GZIP_MAGIC or (head[:2] == b"\0\0" and len(head) == 3 and head[2] in DTYPES)


def _read_array(file: Readable, path: Path, packed: int) -> np.ndarray:
    dtype, shape = _read_header(file, path)
    array = read_array(file, path, shape, dtype, packed).reshape(shape)
    return array.astype(dtype.newbyteorder("="), copy=False)


def _read_header(file: Readable, path: Path) -> tuple[np.dtype, tuple[int, ...]]:
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in DTYPES:
        raise InputError(f"{path} is not an IDX file: its magic number is {magic.hex() or 'empty'}")
    ndim = magic[3]
    sizes = file.read(4 * ndim)
    if len(sizes) < 4 * ndim:
        raise InputError(f"{path}: the header of {ndim} dimensions is cut short")
    return DTYPES[magic[2]], struct.unpack(f">{ndim}I", sizes)
