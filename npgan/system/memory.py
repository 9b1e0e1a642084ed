"""The addresses of arrays, and arrays that are aligned to cache lines."""

import ctypes
from typing import Any

import numpy as np

from npgan.errors import InputError

LINE = 64  # bytes of a cache line
ORIGIN = LINE  # the address that kernels count from: to NumPy and to compilers 0 is no address


def address_of(array: np.ndarray) -> int:
    """Return the address of an array's first number, in bytes.

    >>> address_of(np.ones(3)[1:]) % 8
    0
    """
    memory: Any = array
    try:
        return ctypes.addressof(ctypes.c_char.from_buffer(memory))  # five times as fast
    except (TypeError, ValueError):  # it is read-only, empty or has gaps
        return array.__array_interface__["data"][0]


def index_of(array: np.ndarray) -> int:
    """Return where an array's first number lies, counted from :data:`ORIGIN` in numbers of its type.

    >>> x = np.ones(3)
    >>> index_of(x[1:]) - index_of(x)
    1
    """
    return (address_of(array) - ORIGIN) // array.itemsize


def aligned_zeros(size: int, dtype: np.typing.DTypeLike) -> np.ndarray:
    """Return zeros (size,) that begin at a cache line and share no line with anything else.

    So no machine vector of them crosses two lines, and a thread that writes to them does not slow down
    a thread that reads something else.

    >>> aligned_zeros(3, np.float32)
    array([0., 0., 0.], dtype=float32)

    Raises InputError if there is not enough memory.
    """
    count = size * np.dtype(dtype).itemsize
    try:
        memory = np.zeros(count + 2 * LINE, np.uint8)
    except (MemoryError, ValueError, OverflowError):
        raise InputError(f"{size} numbers do not fit into the memory of this machine") from None
    start = -memory.ctypes.data % LINE
    return memory[start : start + count].view(dtype)
