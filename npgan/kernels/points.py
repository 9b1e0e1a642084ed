"""Images at the four points of Winograd's minimal filtering, and back: additions of vectors of channels.

At each of the 16 points of a tile the pixels of x, of all planes, are a row of a matrix; so are the pixels of y. Rows
come in the order (row of tiles, image, column of tiles). A last tile that is smaller lacks some points, so the
matrices of these have fewer rows: :func:`held` says how many tiles of an axis have a point.
"""

from typing import NamedTuple

from npgan.kernels.combine import combinations
from npgan.kernels.jit import ONE, ZERO, jit
from npgan.ops.winograd import minimal

POINTS, LAST = 4, 3
ALL = POINTS * POINTS
SKEW = 16
"""Numbers between the matrices of two points, or cache lines of all points would compete for the same places."""

PIXELS = [minimal(n - 1, 2).pixels for n in (2, 3, 4)]
RESULTS = [minimal(n + 1 - r, r).results for r, n in ((2, 2), (2, 3), (2, 4), (3, 3), (3, 4))]
TAPS = [minimal(n + 1 - r, r).taps for r, n in ((2, 3), (2, 4), (3, 4))]

from_pixels = combinations("from_pixels", PIXELS, add=False)
from_results = combinations("from_results", RESULTS, add=False)
from_taps = combinations("from_taps", TAPS, add=False)
to_pixels = combinations("to_pixels", [matrix.T for matrix in PIXELS], add=True)
to_results = combinations("to_results", [matrix.T for matrix in RESULTS], add=True)
to_taps = combinations("to_taps", [matrix.T for matrix in TAPS], add=True)


class Way(NamedTuple):
    """A convolution from images (height, wide, channels) to (down, across, out), a block of which is in hand.

    Along each axis ``stride`` planes have ``r`` taps each; ``top`` and ``left`` are the padding. So many
    ``images`` begin at ``x`` and ``y``; so many channels of x are in hand, its ``part``. There are ``rows`` and
    ``columns`` of tiles, of ``most`` points along each axis, the last ones with so many. In memory are a
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
    bands = strips + POINTS * row.stride * (row.across + row.r - 1) * part
    pixels = bands + ALL * columns * row.out
    pixels_apart = lines * row.stride * row.stride * part + SKEW
    results = pixels + ALL * pixels_apart
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
    """Return how many of an axis's tiles have a point, if tiles have so many points at most, and the last one."""
    if point == 2 and most < POINTS:
        return ZERO
    lacks = (point == 1 and last < 3) or (point == 2 and last < 4)
    return tiles - ONE if lacks else tiles


@jit
def of(k, tiles, most, last):  # type: ignore[no-untyped-def]
    """Return how many points a tile has."""
    return last if k == tiles - 1 else most


@jit
def four(start, step):  # type: ignore[no-untyped-def]
    """Return four places at equal steps."""
    return start, start + step, start + 2 * step, start + 3 * step


@jit
def chosen(points, places):  # type: ignore[no-untyped-def]
    """Return the places of so many points, of the places of all four: the last one is always used."""
    a, b, c, d = places
    return a, (b if points > 2 else d), (c if points > 3 else d), d


@jit
def along_row(way, start, k, points, before):  # type: ignore[no-untyped-def]
    """Return the places of a tile at the points of its columns, where lines have k numbers.

    So many rows of tiles, of all images, lie ``before`` it, each with as many lines as it has tiles with the point.
    """
    step, before, last = way.pixels_apart, before * k, way.last_column
    places = (
        start + before * way.columns,
        start + step + before * (way.columns - (last < 3)),
        start + 2 * step + before * (way.columns - (last < 4)),
        start + 3 * step + before * way.columns,
    )
    return chosen(points, places)


@jit
def image_rows(way, start, first):  # type: ignore[no-untyped-def]
    """Return the places of four rows of an image of x, every stride-th; the spare one for those outside."""
    step = way.wide * way.channels
    a, b, c, d = four(first, way.stride)
    return (
        start + a * step if 0 <= a < way.height else way.spare,
        start + b * step if 0 <= b < way.height else way.spare,
        start + c * step if 0 <= c < way.height else way.spare,
        start + d * step if 0 <= d < way.height else way.spare,
    )


@jit
def moved(places, by):  # type: ignore[no-untyped-def]
    """Return places further on."""
    a, b, c, d = places
    return a + by, b + by, c + by, d + by


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
                strips = four(way.strips + way.left * part, wide * part)
                for piece in range(pieces):
                    from_pixels(
                        points - 2, length, memory,
                        moved(image, piece * way.channels), moved(strips, piece * part),
                    )  # fmt: skip
                for i in range(points):
                    g = POINTS * (i if i < points - 1 else LAST)
                    for b in range(way.columns):
                        across = of(b, way.columns, way.most, way.last_column)
                        strip = way.strips + (i * wide + stride * m * b) * part
                        start = way.pixels + g * way.pixels_apart + b * k + p * stride * part
                        from_pixels(
                            across - 2, stride * part, memory, four(strip, stride * part),
                            along_row(way, start, k, across, a * way.images + n),
                        )  # fmt: skip


@jit
def points_to_pixels(memory, way):  # type: ignore[no-untyped-def]
    """Do the transpose, and add it to x."""
    stride, part, m = way.stride, way.part, way.most + 1 - way.r
    k, size = stride * stride * part, way.height * way.wide * way.channels
    wide = stride * (way.across + way.r - 1)
    seen = min(way.wide, wide - way.left)
    for a in range(way.rows):
        points = of(a, way.rows, way.most, way.last_row)
        for n in range(way.images):
            for p in range(stride):
                clear(memory, way.strips, points * wide * part)
                for i in range(points):
                    g = POINTS * (i if i < points - 1 else LAST)
                    for b in range(way.columns):
                        across = of(b, way.columns, way.most, way.last_column)
                        strip = way.strips + (i * wide + stride * m * b) * part
                        start = way.pixels + g * way.pixels_apart + b * k + p * stride * part
                        to_pixels(
                            across - 2, stride * part, memory,
                            along_row(way, start, k, across, a * way.images + n),
                            four(strip, stride * part),
                        )  # fmt: skip
                image = image_rows(way, way.x + n * size, stride * m * a + p - way.top)
                strips = four(way.strips + way.left * part, wide * part)
                to_pixels(points - 2, seen * part, memory, strips, image)


@jit
def which(way, points):  # type: ignore[no-untyped-def]
    """Return the number in RESULTS of the matrix for so many points."""
    return points - 2 + 2 * (way.r - 2)


@jit
def of_taps(row):  # type: ignore[no-untyped-def]
    """Return the number in TAPS of a weight's matrix."""
    return row.most - 3 + (row.r - 2)


@jit
def results_to_points(memory, way):  # type: ignore[no-untyped-def]
    """Transform y: the tiles of each row first, then a row of tiles as a whole."""
    out, m, band = way.out, way.most + 1 - way.r, way.columns * way.out
    for a in range(way.rows):
        points = of(a, way.rows, way.most, way.last_row)
        for n in range(way.images):
            for i in range(points + 1 - way.r):
                line = way.y + ((n * way.down + m * a + i) * way.across) * out
                bands = four(way.bands + i * POINTS * band, band)
                for b in range(way.columns):
                    across = of(b, way.columns, way.most, way.last_column)
                    from_results(
                        which(way, across), out, memory, four(line + m * b * out, out),
                        chosen(across, moved(bands, b * out)),
                    )  # fmt: skip
            for j in range(POINTS):
                length = held(way.columns, way.most, way.last_column, j) * out
                start = way.results + j * way.results_apart + (a * way.images + n) * length
                from_results(
                    which(way, points), length, memory, four(way.bands + j * band, POINTS * band),
                    chosen(points, four(start, POINTS * way.results_apart)),
                )  # fmt: skip


@jit
def points_to_results(memory, way):  # type: ignore[no-untyped-def]
    """Do the transpose, and add it to y."""
    out, m, band = way.out, way.most + 1 - way.r, way.columns * way.out
    for a in range(way.rows):
        points = of(a, way.rows, way.most, way.last_row)
        for n in range(way.images):
            clear(memory, way.bands, (points + 1 - way.r) * POINTS * band)
            for j in range(POINTS):
                length = held(way.columns, way.most, way.last_column, j) * out
                start = way.results + j * way.results_apart + (a * way.images + n) * length
                to_results(
                    which(way, points), length, memory,
                    chosen(points, four(start, POINTS * way.results_apart)),
                    four(way.bands + j * band, POINTS * band),
                )  # fmt: skip
            for i in range(points + 1 - way.r):
                line = way.y + ((n * way.down + m * a + i) * way.across) * out
                bands = four(way.bands + i * POINTS * band, band)
                for b in range(way.columns):
                    across = of(b, way.columns, way.most, way.last_column)
                    to_results(
                        which(way, across), out, memory, chosen(across, moved(bands, b * out)),
                        four(line + m * b * out, out),
                    )  # fmt: skip
