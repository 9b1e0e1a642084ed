"""Gradients with respect to images of few channels, which would leave most of a register tile's lanes empty.

Each pixel of dy sends a number to each channel of each pixel in its window. For one image all these are one
matrix product, as wide as a window has taps times channels. Then they are added up where they land, while they
are in the nearest cache.
"""

import math
from typing import Any, NamedTuple

from npgan.kernels.jit import ONE, ZERO, jit
from npgan.kernels.matmul import NARROW, SMALL, share
from npgan.kernels.row import Reads, Writes, performs
from npgan.kernels.tile import ROWS, Matrix, at, tile, width

FEW = NARROW  # channels


class Folded(NamedTuple):
    """dx = what the pixels of dy send to their windows, plus one row, ``start``, for n images.

    x has ``height`` x ``width`` pixels of ``i`` channels, dy ``rows`` x ``columns`` pixels of ``o``. The weight has
    ``k`` rows of ``taps`` taps; ``turned`` is its transpose, (o, k taps i). Stride, padding and dilation are
    ``across``, ``left`` and ``apart`` along a row of pixels.
    """

    dy: Reads
    turned: Reads
    start: Reads
    dx: Writes
    n: int
    height: int
    width: int
    i: int
    rows: int
    columns: int
    o: int
    k: int
    taps: int
    stride: int
    across: int
    padding: int
    left: int
    dilation: int
    apart: int


@performs(Folded)
def _folded_part(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    pixels, wide = row.rows * row.columns, row.k * row.taps * row.i
    image, step = row.height * row.width * row.i, width(ROWS, memory.itemsize)
    weight, sent = Matrix(memory, row.turned, wide, ONE), Matrix(panel, ZERO, wide, ONE)
    first, last = share(row.n, ONE, part, parts)
    for n in range(first, last):
        dy = Matrix(memory, row.dy + n * pixels * row.o, row.o, ONE)
        for j in range(0, wide, step):
            here = at(sent, ZERO, j)
            tile(pixels, min(step, wide - j), dy, at(weight, ZERO, j), here, here, ZERO, row.o)
        dx = memory[row.dx + n * image :][:image]
        for channel in range(row.i):
            for j in range(channel, image, row.i):
                dx[j] = memory[row.start + channel]
        fold(row, panel, dx)


@jit
def fold(row, sent, dx):  # type: ignore[no-untyped-def]
    """Add what is sent to one image: tap by tap, along rows of pixels."""
    wide, stride, line = row.k * row.taps * row.i, row.across * row.i, row.width * row.i
    for q in range(row.taps):
        y = q * row.apart - row.left  # the tap's column in the first window
        first = max(ZERO, (row.across - 1 - y) // row.across)
        last = min(row.columns, (row.width - 1 - y) // row.across + 1)
        for r in range(row.rows):
            for p in range(row.k):
                x = r * row.stride - row.padding + p * row.dilation
                if x < 0 or x >= row.height:
                    continue
                source = (r * row.columns + first) * wide + (p * row.taps + q) * row.i
                target = x * line + y * row.i + first * stride
                for channel in range(row.i):
                    numbers, pixels = sent[source + channel :], dx[target + channel :]
                    for c in range(last - first):
                        pixels[c * stride] += numbers[c * wide]


def write_folded(rows: Any, dy: Any, turned: Any, start: Any, shapes: Any) -> Any:
    """Write dx of a convolution of one group."""
    n, (k, taps, i, o) = len(dy), shapes.weight
    dx = rows.new(dy.dtype, n, *shapes.x, i)
    strides, paddings, dilations, _ = shapes.geometry
    sizes = n, *shapes.x, i, *shapes.y, o, k, taps
    row = Folded(dy, turned, start, dx, *sizes, *strides, *paddings, *dilations)
    rows.write(row, shapes.work(n) // (SMALL // 2), math.prod((*shapes.y, k, taps, i)))
    return dx
