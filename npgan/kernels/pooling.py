"""Max pooling: window by window, all channels of a pixel at once."""

from typing import Any, NamedTuple

import numpy as np

from npgan.kernels.elementwise import worth
from npgan.kernels.jit import ONE, jit
from npgan.kernels.matmul import share
from npgan.kernels.row import Reads, Writes, kernel, performs
from npgan.ops.pooling import check_pooled, pool
from npgan.ops.windows import Geometry, Pair


class Largest(NamedTuple):
    """y = the largest number of each window of n images of ``height`` x ``width`` pixels, ``c`` channels.

    y has ``rows`` x ``columns`` pixels. A window has ``k`` rows of ``taps`` pixels; stride and padding are ``across``
    and ``left`` along a row of pixels.
    """

    x: Reads
    y: Writes
    n: int
    height: int
    width: int
    c: int
    rows: int
    columns: int
    k: int
    taps: int
    stride: int
    across: int
    padding: int
    left: int


class LargestBackward(NamedTuple):
    """dx = what dy sends to the first pixel of each window whose number is y."""

    dy: Reads
    x: Reads
    y: Reads
    dx: Writes
    n: int
    height: int
    width: int
    c: int
    rows: int
    columns: int
    k: int
    taps: int
    stride: int
    across: int
    padding: int
    left: int


class LargestDoubleBackward(NamedTuple):
    """ddy = what ddx holds at the first pixel of each window whose number is y."""

    ddx: Reads
    x: Reads
    y: Reads
    ddy: Writes
    n: int
    height: int
    width: int
    c: int
    rows: int
    columns: int
    k: int
    taps: int
    stride: int
    across: int
    padding: int
    left: int


@jit
def window(i, stride, padding, size, pixels):  # type: ignore[no-untyped-def]
    """Return the first pixel of a window along an axis, and the one after the last."""
    first = i * stride - padding
    return max(0, first), min(pixels, first + size)


@performs(Largest)
def _largest(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    first, last = share(row.n * row.rows, ONE, part, parts)
    for line in range(first, last):
        image = row.x + line // row.rows * row.height * row.width * row.c
        top, bottom = window(line % row.rows, row.stride, row.padding, row.k, row.height)
        for j in range(row.columns):
            start, end = window(j, row.across, row.left, row.taps, row.width)
            y = memory[row.y + (line * row.columns + j) * row.c :][: row.c]
            y[:] = -np.inf
            for p in range(top, bottom):
                for q in range(start, end):
                    x = memory[image + (p * row.width + q) * row.c :]
                    for c in range(y.size):
                        y[c] = x[c] if (x[c] > y[c]) | (x[c] != x[c]) else y[c]


@performs(LargestBackward)
def _largest_backward(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    """What is left of dy waits in the panel until its pixel is found."""
    zero, size, left = memory.dtype.type(0), row.height * row.width * row.c, panel[: row.c]
    first, last = share(row.n, ONE, part, parts)
    memory[row.dx + first * size : row.dx + last * size] = zero
    for line in range(first * row.rows, last * row.rows):
        image = line // row.rows * size
        top, bottom = window(line % row.rows, row.stride, row.padding, row.k, row.height)
        for j in range(row.columns):
            start, end = window(j, row.across, row.left, row.taps, row.width)
            at = (line * row.columns + j) * row.c
            y, dy = memory[row.y + at :], memory[row.dy + at :]
            for c in range(left.size):
                left[c] = dy[c]
            for p in range(top, bottom):
                for q in range(start, end):
                    at = image + (p * row.width + q) * row.c
                    x, dx = memory[row.x + at :], memory[row.dx + at :]
                    for c in range(left.size):
                        taken = (x[c] == y[c]) | (x[c] != x[c])
                        dx[c] += left[c] if taken else zero
                        left[c] = zero if taken else left[c]


@performs(LargestDoubleBackward)
def _largest_double_backward(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    """Go through each window from its end: the first pixel that is taken is met last, and stays."""
    size = row.height * row.width * row.c
    first, last = share(row.n * row.rows, ONE, part, parts)
    for line in range(first, last):
        image = line // row.rows * size
        top, bottom = window(line % row.rows, row.stride, row.padding, row.k, row.height)
        for j in range(row.columns):
            start, end = window(j, row.across, row.left, row.taps, row.width)
            at = (line * row.columns + j) * row.c
            ddy, y = memory[row.ddy + at :][: row.c], memory[row.y + at :]
            ddy[:] = 0
            for p in range(bottom - 1, top - 1, -1):
                for q in range(end - 1, start - 1, -1):
                    at = image + (p * row.width + q) * row.c
                    x, ddx = memory[row.x + at :], memory[row.ddx + at :]
                    for c in range(ddy.size):
                        ddy[c] = ddx[c] if (x[c] == y[c]) | (x[c] != x[c]) else ddy[c]


def _sizes(x: Any, y: Any, window: Pair, geometry: Geometry) -> tuple[int, ...]:
    """Return the whole numbers of a row for images of these shapes."""
    check_pooled(x, y, window, geometry)
    return *x, *y[1:3], *window, *geometry.stride, *geometry.padding


@kernel
def max_pool2d_forward(rows: Any, x: Any, kernel: Any, stride: Any = None, padding: Any = 0) -> Any:
    """A part takes whole rows of windows."""
    window, geometry = pool(kernel, stride, padding)
    n, height, width, c = x.shape
    y = rows.new(x.dtype, n, *geometry.smaller((height, width), window), c)
    rows.write(Largest(x, y, *_sizes(x.shape, y.shape, window, geometry)), worth(x.size))
    return y


@kernel
def max_pool2d_backward(
    rows: Any, dy: Any, x: Any, y: Any, kernel: Any, stride: Any = None, padding: Any = 0
) -> Any:
    """A part takes whole images: windows of one image may share pixels."""
    sizes = _sizes(x.shape, y.shape, *pool(kernel, stride, padding))
    dx = rows.new(x.dtype, *x.shape)
    rows.write(LargestBackward(dy, x, y, dx, *sizes), worth(x.size), x.shape[3])
    return dx


@kernel
def max_pool2d_double_backward(
    rows: Any, ddx: Any, x: Any, y: Any, kernel: Any, stride: Any = None, padding: Any = 0
) -> Any:
    """A part takes whole rows of windows."""
    sizes = _sizes(x.shape, y.shape, *pool(kernel, stride, padding))
    ddy = rows.new(x.dtype, *y.shape)
    rows.write(LargestDoubleBackward(ddx, x, y, ddy, *sizes), worth(x.size))
    return ddy
