"""Convolutions without copies: windows are read where they lie, and zeros outside of images are not multiplied."""

from typing import Any, NamedTuple

import numpy as np

from npgan.kernels import winograd
from npgan.kernels.activation import ActivationId, activate, activate_backward
from npgan.kernels.choice import filters
from npgan.kernels.dense import Weight, write_product
from npgan.kernels.fold import FEW, write_folded
from npgan.kernels.jit import ONE, ZERO
from npgan.kernels.matmul import SMALL, share
from npgan.kernels.memory import seen_as
from npgan.kernels.plan import INPUT, OUTPUT, TAP, Plan, Shapes
from npgan.kernels.row import Reads, Writes, kernel, performs
from npgan.kernels.transpose import transpose
from npgan.kernels.window import Sums, width, windows
from npgan.ops.windows import Geometry, Pair, pair

CLASS = 4  # numbers that say what a class is


class Windows(NamedTuple):
    """C = D + the sums over windows of A times B, for n images; then f(C), or C times f' of what ``seen`` is.

    D is one row, the same for all of C. ``classes`` and ``places`` are where a plan for ``block`` images lies,
    counted in 64-bit integers; it has ``kinds`` classes, of ``rows`` rows in all. The steps are from term to term in A
    and B, along channels, columns and rows. ``terms`` channels are summed over, and there are ``columns`` of B and C,
    in each of the groups; ``a_group`` and the others are the steps from one group to the next, ``a_image`` and
    ``c_image`` from one image to the next.
    """

    a: Reads
    b: Reads
    c: Writes
    d: Reads
    seen: Reads
    classes: int
    places: int
    kinds: int
    rows: int
    block: int
    n: int
    terms: int
    columns: int
    b1: int
    a2: int
    b2: int
    a3: int
    b3: int
    groups: int
    a_group: int
    b_group: int
    c_group: int
    a_image: int
    c_image: int
    activation: int
    backward: int
    argument: float


class Taps(NamedTuple):
    """dW += the sums over pixels of x times dy, ``block`` images at a time; the fields are as in :class:`Windows`."""

    x: Reads
    dy: Reads
    dweight: Writes
    classes: int
    places: int
    kinds: int
    rows: int
    block: int
    n: int
    columns: int
    a1: int
    b1: int
    a2: int
    b2: int
    groups: int
    a_group: int
    x_image: int
    dy_image: int


class Turned(NamedTuple):
    """The transpose of each of the (i, o) matrices of a weight, group by group."""

    weight: Reads
    turned: Writes
    taps: int
    groups: int
    i: int
    o: int


@performs(Windows)
def _windows_part(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    """Sum over channels and columns at once where they lie side by side in A and in B."""
    integers, step = seen_as(ZERO, memory, ZERO), width(memory.itemsize)
    begin, end = share(row.n, ONE, part, parts)
    wide = row.columns * row.groups
    side_by_side = row.a2 == row.terms and row.b2 == row.terms * row.b1
    for n in range(begin, end, row.block):
        m = min(row.block, end - n)
        for g in range(row.groups):
            a, c = row.a + n * row.a_image + g * row.a_group, g * row.c_group
            for j in range(0, row.columns, step):
                place, columns = row.places, min(step, row.columns - j)
                for k in range(row.kinds):
                    line = integers[row.classes + CLASS * k :][:CLASS]
                    size, begins, across, down = line[0], line[1], line[2], line[3]
                    sums = Sums(
                        row.terms, ONE, row.b1, across, row.a2, row.b2, down, row.a3, row.b3
                    )
                    if side_by_side:
                        once = min(down, ONE)
                        sums = Sums(
                            row.terms * across, ONE, row.b1, down, row.a3, row.b3, once, ZERO, ZERO
                        )
                    b = row.b + begins + g * row.b_group + j
                    target, start = row.c + n * row.c_image + c + j, row.d + c + j
                    windows(
                        size // row.block * m, columns, memory, integers, a, place, b,
                        target, place + row.rows, start, ZERO, sums,
                    )  # fmt: skip
                    place += size
        pixels = row.c_image // wide
        first, last = n * pixels, (n + m) * pixels
        if row.backward:
            activate_backward(
                memory, row.c, memory, row.seen, wide, first, last, ZERO, wide,
                row.activation, row.argument,
            )  # fmt: skip
        else:
            activate(memory, row.c, wide, first, last, ZERO, wide, row.activation, row.argument)


@performs(Taps)
def _taps_part(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    """Cut dW into columns if each part gets a whole tile of them, else each class into rows."""
    integers, step = seen_as(ZERO, memory, ZERO), width(memory.itemsize)
    by_columns = row.columns >= parts * step
    j0, j1 = share(row.columns, step, part, parts) if by_columns else (ZERO, row.columns)
    for n in range(0, row.n, row.block):
        m = min(row.block, row.n - n)
        for g in range(row.groups):
            for j in range(j0, j1, step):
                place, columns = row.places, min(step, j1 - j)
                for k in range(row.kinds):
                    line = integers[row.classes + CLASS * k :][:CLASS]
                    size, begins, across, down = line[0], line[1], line[2], line[3]
                    i0, i1 = (ZERO, size) if by_columns else share(size, ONE, part, parts)
                    x = row.x + n * row.x_image + g * row.a_group
                    dy = row.dy + n * row.dy_image + begins + g * row.columns + j
                    target = row.dweight + g * row.columns + j
                    images = m if down > 0 else ZERO
                    sums = Sums(
                        across, row.a1, row.b1, down, row.a2, row.b2,
                        images, row.x_image, row.dy_image,
                    )  # fmt: skip
                    windows(
                        i1 - i0, columns, memory, integers, x, place + i0, dy,
                        target, place + row.rows + i0, target, ONE, sums,
                    )  # fmt: skip
                    place += size


@performs(Turned)
def _turned_part(row, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    first, last = share(row.taps, ONE, part, parts)
    i, o = row.i, row.o
    for tap in range(first, last):
        for g in range(row.groups):
            start = row.weight + (tap * i * row.groups + g) * o
            target = memory[row.turned + (tap * row.groups + g) * i * o :]
            transpose(memory, start, o * row.groups, i, o, target, i)


def write_outputs(rows: Any, x: Any, weight: Any, bias: Any, shapes: Shapes) -> Any:
    """Write y = the sums over windows of x, plus a bias (o,)."""
    if filters("y", len(x), shapes, weight.dtype):
        return winograd.write_outputs(rows, x, weight, bias, shapes)
    n, (_, _, i, o), g = len(x), shapes.weight, shapes.geometry.groups
    y = rows.new(weight.dtype, n, *shapes.y, o)
    block = min(n, shapes.block(y.dtype.itemsize)) or 1
    plan = shapes.plan(OUTPUT, block)
    images = shapes.image(i * g, shapes.x), shapes.image(o, shapes.y)
    row = Windows(
        x, weight, y, bias, y, *_given(rows, plan), block, n, i, o // g, o, *plan.steps,
        g, i, o // g, o // g, *images, ActivationId.IDENTITY, 0, 0.0,
    )  # fmt: skip
    rows.write(row, shapes.work(n) // (SMALL // 2))
    return y


def write_inputs(rows: Any, dy: Any, weight: Any, start: Any, shapes: Shapes) -> Any:
    """Write dx = what windows that have seen a pixel send back to it, plus a start (i groups,)."""
    n, (k, columns, i, o), g = len(dy), shapes.weight, shapes.geometry.groups
    folds, turned = g == 1 and i <= FEW, rows.new(weight.dtype, k * columns * i * o)
    taps, wide = (1, k * columns * i) if folds else (k * columns, i)
    rows.write(Turned(weight, turned, taps, g, wide, o // g), turned.size // SMALL)
    if folds:
        return write_folded(rows, dy, turned, start, shapes)
    if filters("dx", n, shapes, weight.dtype):
        return winograd.write_inputs(rows, dy, turned, start, shapes)
    dx = rows.new(weight.dtype, n, *shapes.x, i * g)
    block = min(n, shapes.block(dx.dtype.itemsize)) or 1
    plan = shapes.plan(INPUT, block)
    images = shapes.image(o, shapes.y), shapes.image(i * g, shapes.x)
    row = Windows(
        dy, turned, dx, start, dx, *_given(rows, plan), block, n, o // g, i, i, *plan.steps,
        g, o // g, o // g * i, i, *images, ActivationId.IDENTITY, 0, 0.0,
    )  # fmt: skip
    rows.write(row, shapes.work(n) // (SMALL // 2))
    return dx


def write_taps(rows: Any, dy: Any, x: Any, dweight: Any, shapes: Shapes) -> None:
    """Write dW += the sums over pixels of x times dy."""
    if filters("dW", len(x), shapes, dweight.dtype):
        winograd.write_taps(rows, dy, x, dweight, shapes)
        return
    n, (_, _, i, o), g = len(x), shapes.weight, shapes.geometry.groups
    block, plan = shapes.block(dweight.dtype.itemsize), shapes.plan(TAP)
    images = shapes.image(i * g, shapes.x), shapes.image(o, shapes.y)
    row = Taps(x, dy, dweight, *_given(rows, plan), block, n, o // g, *plan.steps, g, i, *images)
    rows.write(row, shapes.work(n) // (SMALL // 2))


def _given(rows: Any, plan: Plan) -> tuple[Any, Any, int, int]:
    return (*map(rows.data, plan[:2]), len(plan.classes), plan.places.shape[1])


def write_bias(rows: Any, dy: Any, dbias: Any) -> None:
    """Write db += the sum of dy over all pixels."""
    o = dbias.size
    row = Weight(dy, dy, dbias, dbias, 1, 1, -1, dy.size // o, 0, o)
    write_product(rows, dy.dtype, row)


def zeros(like: Any, size: int) -> np.ndarray:
    """Return what a sum without a bias starts at."""
    return np.zeros(size, like.dtype)


def between(x: Any, y: Any, weight: Any, way: Any) -> Shapes:
    """Return the shapes of a convolution from x, an array or its images' size, to y, which it may have to compute."""
    geometry = Geometry.of(*way)
    size = x if isinstance(x, tuple) else tuple(x.shape[1:3])
    made = geometry.smaller(size, weight.shape[:2]) if y is None else tuple(y.shape[1:3])
    return Shapes(size, made, tuple(weight.shape), geometry)


@kernel
def conv2d_forward(rows: Any, x: Any, weight: Any, bias: Any, *way: Any) -> Any:
    """The sums start at the bias."""
    return write_outputs(rows, x, weight, bias, between(x, None, weight, way))


@kernel
def conv2d_backward_input(rows: Any, dy: Any, weight: Any, size: Pair, *way: Any) -> Any:
    """See :class:`Windows`."""
    shapes = between(pair("an image's size", size, 1), dy, weight, way)
    return write_inputs(rows, dy, weight, zeros(dy, shapes.channels), shapes)


@kernel
def conv2d_backward_parameters(
    rows: Any, dy: Any, x: Any, dweight: Any, dbias: Any, *way: Any
) -> None:
    """See :class:`Taps`."""
    write_taps(rows, dy, x, dweight, between(x, dy, dweight, way))
    write_bias(rows, dy, dbias)


@kernel
def conv2d_double_backward(
    rows: Any, ddx: Any, dy: Any, weight: Any, dweight: Any, *way: Any
) -> Any:
    """The same products, with ddx for x."""
    shapes = between(ddx, dy, weight, way)
    if dweight is not None:
        write_taps(rows, dy, ddx, dweight, shapes)
    return write_outputs(rows, ddx, weight, zeros(dy, weight.shape[3]), shapes)


@kernel
def conv_transpose2d_forward(
    rows: Any,
    x: Any,
    weight: Any,
    bias: Any,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    output_padding: Any = 0,
) -> Any:
    """The sums start at the bias."""
    way, more = (stride, padding, dilation, groups), pair("an output padding", output_padding)
    size = Geometry.of(*way).larger(x.shape[1:3], weight.shape[:2], more)
    return write_inputs(rows, x, weight, bias, between(size, x, weight, way))


@kernel
def conv_transpose2d_backward_input(rows: Any, dy: Any, weight: Any, *way: Any) -> Any:
    """A convolution."""
    shapes = between(dy, None, weight, way)
    return write_outputs(rows, dy, weight, zeros(dy, weight.shape[3]), shapes)


@kernel
def conv_transpose2d_backward_parameters(
    rows: Any, dy: Any, x: Any, dweight: Any, dbias: Any, *way: Any
) -> None:
    """The gradient of a convolution's weight, with x and dy in each other's place."""
    write_taps(rows, x, dy, dweight, between(dy, x, dweight, way))
    write_bias(rows, dy, dbias)


@kernel
def conv_transpose2d_double_backward(
    rows: Any, ddx: Any, dy: Any, weight: Any, dweight: Any, *way: Any
) -> Any:
    """The same products, with ddx for x."""
    shapes = between(dy, ddx, weight, way)
    if dweight is not None:
        write_taps(rows, ddx, dy, dweight, shapes)
    return write_inputs(rows, ddx, weight, zeros(dy, shapes.channels), shapes)
