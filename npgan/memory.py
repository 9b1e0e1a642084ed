"""Memory for numbers that are worked on as vectors."""

import numpy as np

LINE = 64  # bytes of a cache line


def aligned_zeros(size: int, dtype: np.typing.DTypeLike) -> np.ndarray:
    """Return zeros (size,) that begin where a cache line does: no vector of them lies in two.

    >>> aligned_zeros(3, np.float32)
    array([0., 0., 0.], dtype=float32)
    """
    memory = np.zeros(size * np.dtype(dtype).itemsize + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    return memory[start : memory.size - LINE + start].view(dtype)
