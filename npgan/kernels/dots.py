"""Dot products of rows: for products with few columns, where a tile would leave lanes empty."""

from itertools import product
from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from npgan.kernels.jit import interpreted
from npgan.kernels.vectors import INDEX, Vectors


@intrinsic(prefer_literal=True)
def _dots(context, rows, columns, a, b, ib, k, c):  # type: ignore[no-untyped-def]
    index, mr, nc, number = types.intp, rows.literal_value, columns.literal_value, b.dtype
    signature = types.void(rows, columns, a, b, index, index, c)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        *_, a, b, ib, k, c = arguments
        (a, ia, ars, _), (c, ic, crs, _) = (cgutils.unpack_tuple(builder, m) for m in (a, c))
        ap, bp, cp = (
            builder.gep(
                context.make_array(signature.args[3])(context, builder, array).data, [offset]
            )
            for array, offset in ((a, ia), (b, ib), (c, ic))
        )
        before = builder.block
        loop, body, end = (builder.append_basic_block(name) for name in ("loop", "body", "end"))
        vector = Vectors(context, builder, number, 1, k)
        builder.branch(loop)

        builder.position_at_end(loop)
        step = builder.phi(INDEX)
        step.add_incoming(INDEX(0), before)
        sums = [[vector.phi([(vector.zero, before)]) for _ in range(nc)] for _ in range(mr)]
        builder.cbranch(builder.icmp_signed("<", step, k), body, end)

        builder.position_at_end(body)
        left = Vectors(context, builder, number, 1, builder.sub(k, step))
        right = [
            left.load_row(builder.gep(bp, [builder.add(vector.times(j, k), step)]))[0]
            for j in range(nc)
        ]
        for i in range(mr):
            (row,) = left.load_row(builder.gep(ap, [builder.add(vector.times(i, ars), step)]))
            for phi, column in zip(sums[i], right, strict=True):
                phi.add_incoming(builder.call(left.fma, [row, column, phi]), body)
        step.add_incoming(builder.add(step, INDEX(vector.lanes)), body)
        builder.branch(loop)

        builder.position_at_end(end)
        totals = iter(vector.sums([phi for row in sums for phi in row]))
        for i, j in product(range(mr), range(nc)):
            place = builder.gep(cp, [builder.add(vector.times(i, crs), INDEX(j))])
            builder.store(builder.fadd(builder.load(place), next(totals)), place)
        return context.get_dummy_value()

    return signature, codegen


def _plain_dots(rows, columns, a, b, ib, k, c):  # type: ignore[no-untyped-def]
    """Do the same in plain loops."""
    for i in range(rows):
        for j in range(columns):
            for p in range(k):
                product = a.data[a.start + i * a.rows + p] * b[ib + j * k + p]
                c.data[c.start + i * c.rows + j] += product


dots = _plain_dots if interpreted else _dots
