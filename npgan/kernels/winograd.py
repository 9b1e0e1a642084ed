"""Convolutions by Winograd's minimal filtering, with up to five points along an axis (:mod:`npgan.ops.winograd`).

A part takes some images at a time, so that their numbers at all points stay in a near cache. The weight is
transformed once for all of them.
"""

from typing import Any, NamedTuple, Self

from npgan.kernels.activation import ActivationId, activate, activate_backward
from npgan.kernels.choice import UNIT, points_of_a_tile
from npgan.kernels.jit import ONE, ZERO, jit
from npgan.kernels.matmul import SMALL, share
from npgan.kernels.memory import copy
from npgan.kernels.plan import Shapes
from npgan.kernels.points import (
    SKEW,
    clear,
    five,
    from_taps,
    held,
    of_taps,
    pixels_to_points,
    placed,
    points_to_pixels,
    points_to_results,
    results_to_points,
    to_taps,
)
from npgan.kernels.row import Reads, Writes, performs
from npgan.kernels.tile import ROWS, Matrix, tile, width

NEAR = 1 << 16  # numbers at the points of a block of images


class Filtered(NamedTuple):
    """C = D + the convolution of A or, if ``back``, its transpose, for n images; then f(C), or C times f'.

    ``points`` is the weight at all points, see :class:`WeightPoints`. D is one row, the same for all pixels. A part
    takes ``block`` images at a time; the other fields are as in :class:`~npgan.kernels.points.Way`.
    """

    a: Reads
    points: Reads
    c: Writes
    d: Reads
    seen: Reads
    back: int
    n: int
    block: int
    height: int
    wide: int
    channels: int
    down: int
    across: int
    out: int
    stride: int
    r: int
    most: int
    top: int
    left: int
    activation: int
    backward: int
    argument: float


class Summed(NamedTuple):
    """At each point the sum of x times dy, (planes, channels, out); the fields are as in :class:`Filtered`."""

    x: Reads
    dy: Reads
    sums: Writes
    n: int
    block: int
    height: int
    wide: int
    channels: int
    down: int
    across: int
    out: int
    stride: int
    r: int
    most: int
    top: int
    left: int


class WeightPoints(NamedTuple):
    """A weight (taps, rows, columns) at all points, in panels as wide as a tile.

    The matrices of planes lie so many rows ``below``, or columns ``beside``, one another.
    """

    weight: Reads
    points: Writes
    stride: int
    r: int
    most: int
    rows: int
    columns: int
    below: int
    beside: int


class WeightSums(NamedTuple):
    """dW += what the sums at all points, (planes, rows, columns), make of the taps."""

    sums: Reads
    dweight: Writes
    stride: int
    r: int
    most: int
    rows: int
    columns: int


@jit
def begins(memory, panel):  # type: ignore[no-untyped-def]
    """Return where a thread's scratch memory begins, as a place in memory."""
    return (panel.ctypes.data - memory.ctypes.data) // memory.itemsize


@jit
def tiles_with(way, point):  # type: ignore[no-untyped-def]
    """Return how many tiles of the images in hand have a point."""
    rows = held(way.rows, way.most, way.last_row, point // way.most)
    return rows * held(way.columns, way.most, way.last_column, point % way.most) * way.images


@jit
def multiply(memory, way, a, a_apart, k, b, c, c_apart, columns):  # type: ignore[no-untyped-def]
    """C = A B at each point; B lies in panels."""
    step = width(ROWS, memory.itemsize)
    panels = (columns + step - 1) // step
    for point in range(way.most * way.most):
        lines = tiles_with(way, point)
        if lines == 0:
            continue
        left = Matrix(memory, a + point * a_apart, k, ONE)
        for p in range(panels):
            start = b + point * (panels * k * step + SKEW) + p * k * step
            right = Matrix(memory, start, step, ONE)
            made = Matrix(memory, c + point * c_apart + p * step, columns, ONE)
            tile(lines, min(step, columns - p * step), left, right, made, made, ZERO, k)


@jit
def fill(memory, start, source, times, count):  # type: ignore[no-untyped-def]
    """Write the same row again and again."""
    for i in range(times):
        copy(memory, source, memory, start + i * count, count)


@performs(Filtered)
def _filtered_part(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    """Finish images one by one, while they are in a near cache."""
    first, last = share(row.n, ONE, part, parts)
    at, k = begins(memory, panel), row.stride * row.stride * row.channels
    of_x, of_y = row.height * row.wide * row.channels, row.down * row.across * row.out
    made, channels = (of_x, row.channels) if row.back else (of_y, row.out)
    for n in range(first, last, row.block):
        images = min(row.block, last - n)
        x, y = (row.c, row.a) if row.back else (row.a, row.c)
        way = placed(row, row.channels, x + n * of_x, y + n * of_y, images, at)
        if row.back:
            results_to_points(memory, way)
            multiply(
                memory, way, way.results, way.results_apart, row.out, row.points,
                way.pixels, way.pixels_apart, k,
            )  # fmt: skip
        else:
            clear(memory, at, way.bands - at)
            pixels_to_points(memory, way)
            multiply(
                memory, way, way.pixels, way.pixels_apart, k, row.points,
                way.results, way.results_apart, row.out,
            )  # fmt: skip
        for i in range(images):
            begin = row.c + (n + i) * made
            fill(memory, begin, row.d, made // channels, channels)
            if row.back:
                points_to_pixels(memory, way, i)
            else:
                points_to_results(memory, way, i)
            if row.backward:
                activate_backward(
                    memory, begin, memory, row.seen + begin - row.c, made, ZERO, ONE, ZERO, made,
                    row.activation, row.argument,
                )  # fmt: skip
            else:
                activate(memory, begin, made, ZERO, ONE, ZERO, made, row.activation, row.argument)


@performs(Summed)
def _summed_part(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    """Cut x into channels: each part transforms its own, and all of dy."""
    first, last = share(row.channels, UNIT, part, parts)
    at, planes, some, out = begins(memory, panel), row.stride * row.stride, last - first, row.out
    step = width(ROWS, memory.itemsize)
    for n in range(0, row.n if some > 0 else 0, row.block):
        images = min(row.block, row.n - n)
        x = row.x + n * row.height * row.wide * row.channels + first
        y = row.dy + n * row.down * row.across * out
        way = placed(row, some, x, y, images, at)
        clear(memory, at, way.bands - at)
        pixels_to_points(memory, way)
        results_to_points(memory, way)
        for point in range(row.most * row.most):
            lines = tiles_with(way, point)
            for p in range(planes):
                start = way.pixels + point * way.pixels_apart + p * some
                target = row.sums + point * (planes * row.channels * out + SKEW)
                target += (p * row.channels + first) * out
                for j in range(0, out, step):
                    a = Matrix(memory, start, ONE, planes * some)
                    b = Matrix(memory, way.results + point * way.results_apart + j, out, ONE)
                    c = Matrix(memory, target + j, out, ONE)
                    tile(some, min(step, out - j), a, b, c, c, min(n, ONE), lines)


@performs(WeightPoints)
def _weight_points_part(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    """Go down the rows of a panel, so that each point's numbers are written one after the other."""
    first, last = share(row.rows, ONE, part, parts)
    at, s, r, columns = begins(memory, panel), row.stride, row.r, row.columns
    planes, step, tap = s * s, width(ROWS, memory.itemsize), row.rows * columns
    lines = row.rows + (planes - 1) * row.below
    panels = (columns + (planes - 1) * row.beside + step - 1) // step
    apart, which = panels * lines * step + SKEW, of_taps(row)
    for p in range(planes):
        j = ZERO
        while j < columns:
            column = p * row.beside + j
            length = min(step - column % step, columns - j)
            for i in range(first, last):
                start = row.weight + (p // s * s * r + p % s) * tap + i * columns + j
                for v in range(r):
                    sources = five(start + v * s * tap, s * s * r * tap)
                    from_taps(which, length, memory, sources, five(at + v * length, r * length))
                line = column // step * lines + p * row.below + i
                place = row.points + line * step + column % step
                for u in range(row.most):
                    sources = five(at + u * r * length, length)
                    targets = five(place + u * row.most * apart, apart)
                    from_taps(which, length, memory, sources, targets)
            j += length


@performs(WeightSums)
def _weight_sums_part(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    first, last = share(row.rows, ONE, part, parts)
    at, s, r, columns = begins(memory, panel), row.stride, row.r, row.columns
    tap, which, most = row.rows * columns, of_taps(row), row.most
    apart = s * s * tap + SKEW
    for p in range(s * s):
        for i in range(first, last):
            clear(memory, at, r * most * columns)
            start = row.sums + (p * row.rows + i) * columns
            for j in range(most):
                sources = five(start + j * apart, most * apart)
                to_taps(which, columns, memory, sources, five(at + j * columns, most * columns))
            target = row.dweight + (p // s * s * r + p % s) * tap + i * columns
            for u in range(r):
                sources = five(at + u * most * columns, columns)
                targets = five(target + u * s * s * r * tap, s * tap)
                to_taps(which, columns, memory, sources, targets)


class Sizes(NamedTuple):
    """What rows have from ``height`` to ``left``."""

    height: int
    wide: int
    channels: int
    down: int
    across: int
    out: int
    stride: int
    r: int
    most: int
    top: int
    left: int

    @classmethod
    def of(cls, shapes: Shapes) -> Self:
        """Return those of a convolution that can be filtered."""
        (k, _, i, o), ((stride, _), padding, *_) = shapes.weight, shapes.geometry
        most = points_of_a_tile(k // stride, shapes.y)
        return cls(*shapes.x, i, *shapes.y, o, stride, k // stride, most, *padding)

    @property
    def planes(self) -> int:
        """How many planes an image has."""
        return self.stride * self.stride

    @property
    def weight(self) -> int:
        """How many numbers a weight has at all points."""
        return self.most**2 * self.planes * self.channels * self.out

    @property
    def image(self) -> int:
        """How many numbers an image has at all points, at most."""
        m = self.most + 1 - self.r
        tiles = -(-self.down // m) * -(-self.across // m)
        return self.most**2 * tiles * (self.planes * self.channels + self.out)

    def block(self, n: int, times: int = 1) -> int:
        """Return how many of n images to take at a time, at least one.

        At all points they have at most ``times`` NEAR numbers, or ``times`` a third of the weight's if that is more.
        """
        return max(1, min(n, times * max(NEAR, self.weight // 3) // self.image))

    def scratch(self, block: int) -> int:
        """Return how much scratch memory a thread has for a block, see :func:`~npgan.kernels.points.placed`."""
        strips = self.wide + self.most * self.stride * (self.across + self.r - 1)
        bands = self.most**2 * -(-self.across // (self.most + 1 - self.r))
        skews = 2 * self.most**2 * SKEW
        return strips * self.channels + bands * self.out + block * self.image + skews


def write_weight(rows: Any, weight: Any, i: int, o: int, sizes: Sizes, beside: bool) -> Any:
    """Write a weight (taps, i, o) at all points, with the planes beside or below one another."""
    planes, step = sizes.planes, int(width(ROWS, weight.dtype.itemsize))
    columns, lines = (o * planes, i) if beside else (o, i * planes)
    points = rows.new(weight.dtype, sizes.most**2 * (lines * -(-columns // step) * step + SKEW))
    places = (0, o) if beside else (i, 0)
    row = WeightPoints(weight, points, sizes.stride, sizes.r, sizes.most, i, o, *places)
    rows.write(row, points.size // (SMALL // 2), sizes.most * sizes.r * o)
    return points


def write_outputs(rows: Any, x: Any, weight: Any, bias: Any, shapes: Shapes) -> Any:
    """Write y = the sums over windows of x, plus a bias (o,)."""
    return _write_filtered(rows, x, weight, bias, shapes, back=False)


def write_inputs(rows: Any, dy: Any, turned: Any, start: Any, shapes: Shapes) -> Any:
    """Write dx = what windows send back, plus a start (i,), of a weight whose matrices are turned."""
    return _write_filtered(rows, dy, turned, start, shapes, back=True)


def _write_filtered(rows: Any, a: Any, weight: Any, d: Any, shapes: Shapes, back: bool) -> Any:
    n, (*_, i, o), sizes = len(a), shapes.weight, Sizes.of(shapes)
    ends = (o, i) if back else (i, o)
    points, block = write_weight(rows, weight, *ends, sizes, beside=back), sizes.block(n)
    c = rows.new(weight.dtype, n, *(shapes.x if back else shapes.y), ends[1])
    row = Filtered(
        a, points, c, d, c, int(back), n, block, *sizes, ActivationId.IDENTITY, 0, 0.0
    )  # fmt: skip
    rows.write(row, shapes.work(n) // (SMALL // 2), sizes.scratch(block))
    return c


def write_taps(rows: Any, dy: Any, x: Any, dweight: Any, shapes: Shapes) -> None:
    """Write dW += the sums over pixels of x times dy. Blocks are twice as large, since each reads all sums again."""
    n, (*_, i, o), sizes = len(x), shapes.weight, Sizes.of(shapes)
    sums, block = rows.new(dweight.dtype, sizes.weight + sizes.most**2 * SKEW), sizes.block(n, 2)
    row = Summed(x, dy, sums, n, block, *sizes)
    rows.write(row, min(i // UNIT, shapes.work(n) // (SMALL // 2)), sizes.scratch(block))
    back = WeightSums(sums, dweight, sizes.stride, sizes.r, sizes.most, i, o)
    rows.write(back, sizes.weight // (SMALL // 2), sizes.most * sizes.r * o)
