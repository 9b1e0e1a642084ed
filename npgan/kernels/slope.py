"""What a penalty on a network's slope adds to its way back: two passes over rows."""

from npgan.kernels.jit import ONE, fma, jit
from npgan.kernels.matmul import share


@jit
def slope_part(g, g0, c, c0, step, t, t0, sums, s0, n, d, scratch, part, parts):  # type: ignore[no-untyped-def]
    """For a part of n rows, write t = c g, and the sum of t g / 2; half of a sum onto the other half.

    A row has one number of c (the step from it to the next is 0), or one for each of its numbers (1).
    """
    half = g.dtype.type(0.5)
    first, last = share(n, ONE, part, parts)
    for i in range(first, last):
        row, out, values = g[g0 + i * d :][:d], t[t0 + i * d :][:d], scratch[:d]
        if step:
            factors = c[c0 + i * d :][:d]
            for j in range(row.size):
                out[j] = factors[j] * row[j]
                values[j] = out[j] * row[j]
        else:
            factor = c[c0 + i]
            for j in range(row.size):
                out[j] = factor * row[j]
                values[j] = out[j] * row[j]
        count = d
        while count > 1:
            middle = (count + 1) // 2
            low, high = values[: count - middle], values[middle:count]
            for j in range(high.size):
                low[j] += high[j]
            count = middle
        sums[s0 + i] = half * values[0]


@jit
def mix_part(l, l0, x, x0, t, t0, z, z0, n, k, part, parts):  # type: ignore[no-untyped-def]  # noqa: E741
    """For a part of n rows, write z = l x + t: what a loss and a penalty multiply e with."""
    first, last = share(n, ONE, part, parts)
    for i in range(first, last):
        row, tangent, out = x[x0 + i * k :][:k], t[t0 + i * k :][:k], z[z0 + i * k :][:k]
        factor = l[l0 + i]
        for j in range(row.size):
            out[j] = fma(factor, row[j], tangent[j])
