"""Images at the points of Winograd's minimal filtering, and back: additions of vectors of channels.

Each of the points of a tile, 25 at most, has two matrices, with a row for each tile: what the tile of x, in all planes,
has at the point, and what that of y has. Rows come in the order (row of tiles, image, column of tiles). A last tile
that is smaller lacks some points, so the matrices of these have fewer rows: :func:`held` says how many tiles of an axis
have a point.
"""

from typing import NamedTuple

from npgan.kernels.combine import combinations
from npgan.kernels.jit import ONE, ZERO, jit
from npgan.ops.winograd import minimal

SKEW = 16
"""Numbers between the matrices of two points, or cache lines of all points would compete for the same places."""

KINDS = (2, 4), (3, 4), (4, 4), (2, 5), (3, 5), (4, 5), (5, 5)
"""How many points a tile has, and how many the largest has: where that is 3, matrices are those for 4."""
PIXELS = [minimal(n - 1, 2, most).pixels for n, most in KINDS]
RESULTS = [minimal(n + 1 - r, r, most).results for r in (2, 3) for n, most in KINDS if n >= r]
TAPS = [minimal(most + 1 - r, r).taps for r in (2, 3) for most in (3, 4, 5)[r - 2 :]]

from_pixels = combinations("from_pixels", PIXELS, add=False)
from_results = combinations("from_results", RESULTS, add=False)
from_taps = combinations("from_taps", TAPS, add=False)
to_pixels = combinations("to_pixels", [matrix.T for matrix in PIXELS], add=True)
to_results = combinations("to_results", [matrix.T for matrix in RESULTS], add=True)
to_taps = combinations("to_taps", [matrix.T for matrix in TAPS], add=True)


class Way(NamedTuple):
    """A convolution from images (height, wide, channels) to (down, across, out), a block of which is in hand.

    Along each axis ``stride`` planes have ``r`` taps each; ``top`` and ``left`` are the padding. So many
    ``images`` begin at ``x`` and ``y``; so many channels of x are in hand, its ``part``. There are ``rows`` x
    ``columns`` tiles of ``most`` points along an axis, the last of ``last_row`` and ``last_column``. In memory are a
    ``spare`` row that stands for those outside of x; ``strips`` and ``bands``, rows of x and of y that are
    transformed along one axis; and, at ``pixels`` and ``results``, the matrices at all points, so far
    ``apart``.
    """

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
    images: int
    part: int
    x: int
    y: int
    rows: int
    last_row: int
    columns: int
    last_column: int
    spare: int
    strips: int
    bands: int
    pixels: int
    pixels_apart: int
    results: int
    results_apart: int


@jit
def placed(row, part, x, y, images, at):  # type: ignore[no-untyped-def]
    """Return where everything is, if scratch memory begins at ``at``."""
    m = row.most + 1 - row.r
    rows, columns = (row.down + m - 1) // m, (row.across + m - 1) // m
    lines = rows * columns * row.block
    strips = at + row.wide * row.channels
    bands = strips + row.most * row.stride * (row.across + row.r - 1) * part
    pixels = bands + row.most * row.most * columns * row.out
    pixels_apart = lines * row.stride * row.stride * part + SKEW
    results = pixels + row.most * row.most * pixels_apart
    return Way(
        row.height, row.wide, row.channels, row.down, row.across, row.out,
        row.stride, row.r, row.most, row.top, row.left, images, part, x, y,
        rows, row.down - (rows - 1) * m + row.r - 1,
        columns, row.across - (columns - 1) * m + row.r - 1,
        at, strips, bands, pixels, pixels_apart, results, lines * row.out + SKEW,
    )  # fmt: skip


@jit
def clear(memory, start, count):  # type: ignore[no-untyped-def]
    """Write zeros."""
    part = memory[start : start + count]
    for i in range(part.size):
        part[i] = 0


@jit
def held(tiles, most, last, point):  # type: ignore[no-untyped-def]
    """Return how many of an axis's tiles have a point; the last tile has ``last`` points: the first, and infinity."""
    return tiles - ONE if last - 1 <= point < most - 1 else tiles


@jit
def of(k, tiles, most, last):  # type: ignore[no-untyped-def]
    """Return how many points a tile has."""
    return last if k == tiles - 1 else most


@jit
def five(start, step):  # type: ignore[no-untyped-def]
    """Return five places at equal steps."""
    return start, start + step, start + 2 * step, start + 3 * step, start + 4 * step


@jit
def point(i, points, most):  # type: ignore[no-untyped-def]
    """Return which of ``most`` points a tile's i-th is: its last one is infinity, the last of all."""
    return i if i < points - 1 else most - 1


@jit
def at_points(points, most, start, step):  # type: ignore[no-untyped-def]
    """Return the places of a tile's points, where those of all are at equal steps."""
    return (
        start,
        start + point(1, points, most) * step,
        start + point(2, points, most) * step,
        start + point(3, points, most) * step,
        start + (most - 1) * step,
    )


@jit
def line_at(way, start, k, before, j):  # type: ignore[no-untyped-def]
    """Return where a line of k numbers lies at the j-th point of its columns, after so many rows of tiles."""
    lines = before * held(way.columns, way.most, way.last_column, j)
    return start + j * way.pixels_apart + lines * k


@jit
def along_row(way, start, k, points, before):  # type: ignore[no-untyped-def]
    """Return the places of a tile at the points of its columns, where lines have k numbers.

    So many rows of tiles, of all images, lie ``before`` it, each with as many lines as it has tiles with the point.
    """
    return (
        line_at(way, start, k, before, ZERO),
        line_at(way, start, k, before, point(1, points, way.most)),
        line_at(way, start, k, before, point(2, points, way.most)),
        line_at(way, start, k, before, point(3, points, way.most)),
        line_at(way, start, k, before, way.most - 1),
    )


@jit
def image_rows(way, start, first):  # type: ignore[no-untyped-def]
    """Return the places of five rows of an image of x, every stride-th; the spare one for those outside."""
    step = way.wide * way.channels
    a, b, c, d, e = five(first, way.stride)
    return (
        start + a * step if 0 <= a < way.height else way.spare,
        start + b * step if 0 <= b < way.height else way.spare,
        start + c * step if 0 <= c < way.height else way.spare,
        start + d * step if 0 <= d < way.height else way.spare,
        start + e * step if 0 <= e < way.height else way.spare,
    )


@jit
def moved(places, by):  # type: ignore[no-untyped-def]
    """Return places further on."""
    a, b, c, d, e = places
    return a + by, b + by, c + by, d + by, e + by


@jit
def pixels_to_points(memory, way):  # type: ignore[no-untyped-def]
    """Transform x: rows of images first, as a whole, then each row's tiles."""
    stride, part, m = way.stride, way.part, way.most + 1 - way.r
    k, size = stride * stride * part, way.height * way.wide * way.channels
    wide = stride * (way.across + way.r - 1)
    seen = min(way.wide, wide - way.left)
    pieces, length = (ONE, seen * part) if part == way.channels else (seen, part)
    for a in range(way.rows):
        points = of(a, way.rows, way.most, way.last_row)
        for n in range(way.images):
            for p in range(stride):
                image = image_rows(way, way.x + n * size, stride * m * a + p - way.top)
                strips = five(way.strips + way.left * part, wide * part)
                for piece in range(pieces):
                    from_pixels(
                        of_pixels(way, points), length, memory,
                        moved(image, piece * way.channels), moved(strips, piece * part),
                    )  # fmt: skip
                for i in range(points):
                    g = way.most * point(i, points, way.most)
                    for b in range(way.columns):
                        across = of(b, way.columns, way.most, way.last_column)
                        strip = way.strips + (i * wide + stride * m * b) * part
                        start = way.pixels + g * way.pixels_apart + b * k + p * stride * part
                        from_pixels(
                            of_pixels(way, across), stride * part, memory, five(strip, stride * part),
                            along_row(way, start, k, across, a * way.images + n),
                        )  # fmt: skip


@jit
def points_to_pixels(memory, way, n):  # type: ignore[no-untyped-def]
    """Do the transpose, and add it to the n-th image of x."""
    stride, part, m = way.stride, way.part, way.most + 1 - way.r
    k, size = stride * stride * part, way.height * way.wide * way.channels
    wide = stride * (way.across + way.r - 1)
    seen = min(way.wide, wide - way.left)
    for a in range(way.rows):
        points = of(a, way.rows, way.most, way.last_row)
        for p in range(stride):
            clear(memory, way.strips, points * wide * part)
            for i in range(points):
                g = way.most * point(i, points, way.most)
                for b in range(way.columns):
                    across = of(b, way.columns, way.most, way.last_column)
                    strip = way.strips + (i * wide + stride * m * b) * part
                    start = way.pixels + g * way.pixels_apart + b * k + p * stride * part
                    to_pixels(
                        of_pixels(way, across), stride * part, memory,
                        along_row(way, start, k, across, a * way.images + n),
                        five(strip, stride * part),
                    )  # fmt: skip
            image = image_rows(way, way.x + n * size, stride * m * a + p - way.top)
            strips = five(way.strips + way.left * part, wide * part)
            to_pixels(of_pixels(way, points), seen * part, memory, strips, image)


@jit
def of_pixels(way, points):  # type: ignore[no-untyped-def]
    """Return the number in PIXELS, and KINDS, of the matrix for so many points."""
    return points - 2 + 3 * (way.most == 5)


@jit
def of_results(way, points):  # type: ignore[no-untyped-def]
    """Return the number in RESULTS of the matrix for so many points."""
    return points - way.r + (5 - way.r) * (way.most == 5) + len(KINDS) * (way.r - 2)


@jit
def of_taps(row):  # type: ignore[no-untyped-def]
    """Return the number in TAPS of a weight's matrix."""
    return row.most - 1 - row.r + 3 * (row.r - 2)


@jit
def results_to_points(memory, way):  # type: ignore[no-untyped-def]
    """Transform y: the tiles of each row first, then a row of tiles as a whole."""
    out, most, band = way.out, way.most, way.columns * way.out
    m = most + 1 - way.r
    for a in range(way.rows):
        points = of(a, way.rows, most, way.last_row)
        for n in range(way.images):
            for i in range(points + 1 - way.r):
                line = way.y + ((n * way.down + m * a + i) * way.across) * out
                for b in range(way.columns):
                    across = of(b, way.columns, most, way.last_column)
                    from_results(
                        of_results(way, across), out, memory, five(line + m * b * out, out),
                        at_points(across, most, way.bands + i * most * band + b * out, band),
                    )  # fmt: skip
            for j in range(most):
                length = held(way.columns, most, way.last_column, j) * out
                start = way.results + j * way.results_apart + (a * way.images + n) * length
                from_results(
                    of_results(way, points), length, memory, five(way.bands + j * band, most * band),
                    at_points(points, most, start, most * way.results_apart),
                )  # fmt: skip


@jit
def points_to_results(memory, way, n):  # type: ignore[no-untyped-def]
    """Do the transpose, and add it to the n-th image of y."""
    out, most, band = way.out, way.most, way.columns * way.out
    m = most + 1 - way.r
    for a in range(way.rows):
        points = of(a, way.rows, most, way.last_row)
        clear(memory, way.bands, (points + 1 - way.r) * most * band)
        for j in range(most):
            length = held(way.columns, most, way.last_column, j) * out
            start = way.results + j * way.results_apart + (a * way.images + n) * length
            to_results(
                of_results(way, points), length, memory,
                at_points(points, most, start, most * way.results_apart),
                five(way.bands + j * band, most * band),
            )  # fmt: skip
        for i in range(points + 1 - way.r):
            line = way.y + ((n * way.down + m * a + i) * way.across) * out
            for b in range(way.columns):
                across = of(b, way.columns, most, way.last_column)
                to_results(
                    of_results(way, across), out, memory,
                    at_points(across, most, way.bands + i * most * band + b * out, band),
                    five(line + m * b * out, out),
                )  # fmt: skip
