r"""Matrix products cut into register tiles: no packing, any shape, any strides of A.

All matrices are flat arrays with an offset and strides, counted in elements: element (i, k) of A is
``a[ia + i * ars + k * acs]``. A's column stride makes :math:`x^\top` free; rows of B, C and D are
contiguous.
"""

from npgan.kernels.jit import jit
from npgan.kernels.tile import BYTES, ROWS, tile, transpose_tile

HALF = ROWS // 2
SMALL = 60_000  # multiply-adds below which a second thread costs more than it saves


@jit
def block(a, ia, ars, acs, b, ib, brs, c, ic, crs, d, id_, drs, add, i0, i1, j0, j1, k):  # type: ignore[no-untyped-def]
    """C = A B (add: D + A B) for rows i0..i1 and columns j0..j1: two vectors of columns at a time."""
    lanes = BYTES // c.itemsize
    for j in range(j0, j1, 2 * lanes):
        width = min(2 * lanes, j1 - j)
        bj, cj, dj = ib + j, ic + j, id_ + j
        i = i0
        while i < i1:
            left = i1 - i
            ai, ci, di = ia + i * ars, cj + i * crs, dj + i * drs
            if width > lanes:
                last = width - lanes
                if left >= ROWS:
                    tile(ROWS, 2, a, ai, ars, acs, b, bj, brs, c, ci, crs, d, di, drs, add, k, last)
                    i += ROWS
                elif left >= HALF:
                    tile(HALF, 2, a, ai, ars, acs, b, bj, brs, c, ci, crs, d, di, drs, add, k, last)
                    i += HALF
                elif left >= 3:
                    tile(3, 2, a, ai, ars, acs, b, bj, brs, c, ci, crs, d, di, drs, add, k, last)
                    i += 3
                else:
                    tile(1, 2, a, ai, ars, acs, b, bj, brs, c, ci, crs, d, di, drs, add, k, last)
                    i += 1
            elif left >= ROWS:
                tile(ROWS, 1, a, ai, ars, acs, b, bj, brs, c, ci, crs, d, di, drs, add, k, width)
                i += ROWS
            elif left >= 3:
                tile(3, 1, a, ai, ars, acs, b, bj, brs, c, ci, crs, d, di, drs, add, k, width)
                i += 3
            else:
                tile(1, 1, a, ai, ars, acs, b, bj, brs, c, ci, crs, d, di, drs, add, k, width)
                i += 1


@jit
def share(n, unit, part, parts):  # type: ignore[no-untyped-def]
    """Return the range of n that a part gets: whole units, but for the last."""
    units = (n + unit - 1) // unit
    return min(n, units * part // parts * unit), min(n, units * (part + 1) // parts * unit)


@jit
def region(m, n, k, itemsize, part, parts):  # type: ignore[no-untyped-def]
    """Return the rows and columns of an (m, n) product that a part computes."""
    lanes = 2 * BYTES // itemsize
    if parts == 1 or m * n * k < SMALL:
        return 0, m if part == 0 else 0, 0, n
    if n >= parts * lanes:
        j0, j1 = share(n, lanes, part, parts)
        return 0, m, j0, j1
    i0, i1 = share(m, ROWS, part, parts)
    return i0, i1, 0, n


@jit
def transpose(a, ia, rows, columns, c, first, last):  # type: ignore[no-untyped-def]
    """Write rows first..last of a (rows, columns) matrix into c, its (columns, rows) transpose."""
    lanes = BYTES // a.itemsize
    whole = columns // lanes * lanes
    for i in range(first, last, lanes):
        if i + lanes <= last:
            for j in range(0, whole, lanes):
                transpose_tile(a, ia + i * columns + j, columns, c, j * rows + i, rows)
        for x in range(i, min(i + lanes, last)):
            for j in range(whole if i + lanes <= last else 0, columns):
                c[j * rows + x] = a[ia + x * columns + j]
