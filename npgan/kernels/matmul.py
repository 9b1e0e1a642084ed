r"""Matrix products cut into register tiles: of any shape, with any strides of A, and with B or its transpose.

A matrix's strides make :math:`x^\top` free. A tile reads rows of B; where B's columns are contiguous instead,
they are first copied, a tile's columns at a time, into a ``panel``: a transpose that stays in the
nearest cache while it is used.
"""

from npgan.kernels.dots import dots
from npgan.kernels.jit import ONE, ZERO, jit
from npgan.kernels.tile import MOST, ROWS, Matrix, at, tile, width
from npgan.kernels.transpose import transpose
from npgan.kernels.vectors import BYTES

NARROW = 4  # columns: a tile would leave most of a vector's lanes empty
CACHED = 384 * 1024  # bytes of A that stay in a near cache while all of B is read
SMALL = 100_000  # multiply-adds below which a second thread costs more than it saves
MOVED = 5  # multiply-adds that take as long as it takes to read a number, or to write it


@jit
def panel_size(k, itemsize):  # type: ignore[no-untyped-def]
    """Return how many numbers a panel holds, for k rows or for the sums of a narrow product."""
    return 2 * BYTES // itemsize * max(k, MOST)


@jit
def block(a, b, c, d, add, i0, i1, j0, j1, k, panel):  # type: ignore[no-untyped-def]
    """C = A B (add: D + A B) for rows i0..i1 and columns j0..j1.

    For each block of A's rows the loop goes through B, a tile's columns at a time.
    """
    if j1 - j0 <= NARROW:
        narrow(a, b, c, d, add, i0, i1, j0, j1, k, panel)
        return
    size = c.data.itemsize
    step = width(i1 - i0 if b.columns == 1 else ROWS, size)
    blocks = max(1, min(i1 - i0, (i1 - i0) * k * size // CACHED))
    for x in range(blocks):
        first, last = i0 + (i1 - i0) * x // blocks, i0 + (i1 - i0) * (x + 1) // blocks
        for j in range(j0, j1, step):
            columns, rows_of_b = min(step, j1 - j), at(b, ZERO, j)
            if b.columns != 1:
                transpose(b.data, rows_of_b.start, b.columns, columns, k, panel, step)
                rows_of_b = Matrix(panel, ZERO, step, ONE)
            mine = at(c, first, j), at(d, first, j)
            tile(last - first, columns, at(a, first, ZERO), rows_of_b, *mine, add, k)


@jit
def narrow(a, b, c, d, add, i0, i1, j0, j1, k, panel):  # type: ignore[no-untyped-def]
    """Do the same for a few columns: vectors run along A's rows, or along its columns."""
    columns = j1 - j0
    if a.columns == 1:  # a row of A times a column of B
        for i in range(i0, i1):
            for j in range(j0, j1):
                c.data[c.start + i * c.rows + j] = d.data[d.start + i * d.rows + j] if add else 0
        for j in range(columns):
            for p in range(k):
                panel[j * k + p] = b.data[b.start + p * b.rows + (j0 + j) * b.columns]
        fours = i0 + (i1 - i0) // 4 * 4
        for j in range(0, columns, 2):
            for i in range(i0, fours, 4):
                if columns - j > 1:
                    dots(4, 2, at(a, i, ZERO), panel, j * k, k, at(c, i, j0 + j))
                else:
                    dots(4, 1, at(a, i, ZERO), panel, j * k, k, at(c, i, j0 + j))
            for i in range(fours, i1):
                if columns - j > 1:
                    dots(1, 2, at(a, i, ZERO), panel, j * k, k, at(c, i, j0 + j))
                else:
                    dots(1, 1, at(a, i, ZERO), panel, j * k, k, at(c, i, j0 + j))
        return
    step = width(columns, c.data.itemsize)  # A's columns are contiguous: C.T = B.T A.T
    sums = Matrix(panel, ZERO, step, ONE)
    for i in range(i0, i1, step):
        rows = min(step, i1 - i)
        turned = Matrix(b.data, b.start + j0 * b.columns, b.columns, b.rows)
        right = Matrix(a.data, a.start + i, a.columns, ONE)
        tile(columns, rows, turned, right, sums, sums, ZERO, k)
        for x in range(i, i + rows):
            for j in range(j0, j1):
                start = d.data[d.start + x * d.rows + j] if add else 0
                c.data[c.start + x * c.rows + j] = start + panel[(j - j0) * step + x - i]


@jit
def share(n, unit, part, parts):  # type: ignore[no-untyped-def]
    """Return the range of n that a part gets, in whole units but for the last one."""
    units = (n + unit - 1) // unit
    return min(n, units * part // parts * unit), min(n, units * (part + 1) // parts * unit)


@jit
def region(m, n, itemsize, part, parts):  # type: ignore[no-untyped-def]
    """Return the rows and columns of an (m, n) product that a part computes.

    Columns are only split where each part gets a whole step of them, so never into narrow ones.
    """
    step = 2 * BYTES // itemsize
    if m < 2 * parts * ROWS and n >= parts * step:
        j0, j1 = share(n, step, part, parts)
        return 0, m, j0, j1
    i0, i1 = share(m, ONE, part, parts)
    return i0, i1, 0, n


def worth_parts(m: int, n: int, k: int) -> int:
    """Return the most parts that are worth their cost, for an (m, n) product of k terms each.

    Of a product of few terms, memory takes most of the time.

    >>> worth_parts(100, 100, 100), worth_parts(100, 100, 1), worth_parts(1000, 100, 0)
    (23, 1, 0)
    """
    multiplied, moved = m * n * k, m * n + m * k + n * k
    return (multiplied + MOVED * moved) // (SMALL // 2) if multiplied else 0
