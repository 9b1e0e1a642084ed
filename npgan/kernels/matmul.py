r"""Matrix products cut into register tiles: any shape, any strides of A, B or its transpose.

All matrices are flat arrays with an offset and strides, counted in elements: element (i, k) of A is
``a[ia + i * ars + k * acs]``. A's column stride makes :math:`x^\top` free. A tile reads rows of B;
where it is B's columns that lie together (``bcs`` is not 1), they are first copied, a tile's columns
at a time, into a ``panel``: a transpose that stays in the nearest cache while it is used.
"""

from npgan.kernels.dots import dots
from npgan.kernels.jit import ONE, ZERO, jit
from npgan.kernels.tile import MOST, ROWS, tile, width
from npgan.kernels.transpose import transpose
from npgan.kernels.vectors import BYTES

NARROW = 4  # columns: a tile would leave most of a vector's lanes empty
CACHED = 384 * 1024  # bytes of A that stay near while all of B goes by
SMALL = 100_000  # multiply-adds below which a second thread costs more than it saves


@jit
def panel_size(k, itemsize):  # type: ignore[no-untyped-def]
    """Return how many numbers a panel of k rows holds, or of sums of a narrow product."""
    return 2 * BYTES // itemsize * max(k, MOST)


@jit
def block(  # type: ignore[no-untyped-def]
    a, ia, ars, acs, b, ib, brs, bcs, c, ic, crs, d, id_, drs, add, i0, i1, j0, j1, k, panel
):
    """C = A B (add: D + A B) for rows i0..i1 and columns j0..j1.

    For each block of A's rows the loop goes through B, a tile's columns at a time.
    """
    if j1 - j0 <= NARROW:
        narrow(
            a, ia, ars, acs, b, ib, brs, bcs, c, ic, crs, d, id_, drs, add, i0, i1, j0, j1, k, panel
        )
        return
    step = width(i1 - i0 if bcs == 1 else ROWS, c.itemsize)
    blocks = max(1, min(i1 - i0, (i1 - i0) * k * c.itemsize // CACHED))
    for x in range(blocks):
        first, last = i0 + (i1 - i0) * x // blocks, i0 + (i1 - i0) * (x + 1) // blocks
        for j in range(j0, j1, step):
            columns = min(step, j1 - j)
            rows_of_b, bj, stride = b, ib + j * bcs, brs
            if bcs != 1:
                transpose(b, bj, bcs, columns, k, panel, step)
                rows_of_b, bj, stride = panel, 0, step
            tile(
                last - first, columns, a, ia + first * ars, ars, acs, rows_of_b, bj, stride,
                c, ic + first * crs + j, crs, d, id_ + first * drs + j, drs, add, k,
            )  # fmt: skip


@jit
def narrow(  # type: ignore[no-untyped-def]
    a, ia, ars, acs, b, ib, brs, bcs, c, ic, crs, d, id_, drs, add, i0, i1, j0, j1, k, panel
):
    """Do the same for a few columns: vectors run along A's rows, or along its columns."""
    columns = j1 - j0
    if acs == 1:  # a row of A times a column of B
        for i in range(i0, i1):
            for j in range(j0, j1):
                c[ic + i * crs + j] = d[id_ + i * drs + j] if add else 0
        for j in range(columns):
            for p in range(k):
                panel[j * k + p] = b[ib + p * brs + (j0 + j) * bcs]
        fours = i0 + (i1 - i0) // 4 * 4
        for j in range(0, columns, 2):
            cj = ic + j0 + j
            for i in range(i0, fours, 4):
                if columns - j > 1:
                    dots(4, 2, a, ia + i * ars, ars, panel, j * k, k, c, cj + i * crs, crs)
                else:
                    dots(4, 1, a, ia + i * ars, ars, panel, j * k, k, c, cj + i * crs, crs)
            for i in range(fours, i1):
                if columns - j > 1:
                    dots(1, 2, a, ia + i * ars, ars, panel, j * k, k, c, cj + i * crs, crs)
                else:
                    dots(1, 1, a, ia + i * ars, ars, panel, j * k, k, c, cj + i * crs, crs)
        return
    step = width(columns, c.itemsize)  # A's columns lie together: C.T = B.T A.T
    for i in range(i0, i1, step):
        rows = min(step, i1 - i)
        tile(
            columns, rows, b, ib + j0 * bcs, bcs, brs, a, ia + i, acs, panel, ZERO, step, panel,
            ZERO, step, ZERO, k,
        )  # fmt: skip
        for x in range(i, i + rows):
            for j in range(j0, j1):
                start = d[id_ + x * drs + j] if add else 0
                c[ic + x * crs + j] = start + panel[(j - j0) * step + x - i]


@jit
def share(n, unit, part, parts):  # type: ignore[no-untyped-def]
    """Return the range of n that a part gets: whole units, but for the last."""
    units = (n + unit - 1) // unit
    return min(n, units * part // parts * unit), min(n, units * (part + 1) // parts * unit)


@jit
def region(m, n, k, itemsize, part, parts):  # type: ignore[no-untyped-def]
    """Return the rows and columns of an (m, n) product that a part computes.

    Columns are only split where each part gets a whole step of them, so never into narrow ones.
    """
    step = 2 * BYTES // itemsize
    if parts == 1 or m * n * k < SMALL:
        return (0, m, 0, n) if part == 0 else (0, 0, 0, 0)
    if m < 2 * parts * ROWS and n >= parts * step:
        j0, j1 = share(n, step, part, parts)
        return 0, m, j0, j1
    i0, i1 = share(m, ONE, part, parts)
    return i0, i1, 0, n
