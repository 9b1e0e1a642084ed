"""Two rows fused into one: a gradient goes through an activation while it is in the cache."""

from collections.abc import Sequence

from npgan.kernels.activation import ActivationId
from npgan.kernels.dense import Input
from npgan.kernels.elementwise import FROM_INPUT, ActivationBackward
from npgan.program.schedule import Row, meet
from npgan.program.traced import Place


def fused(rows: Sequence[Row], results: Sequence[Place] = ()) -> list[Row]:
    """Return the rows, but let a product that computes dy also multiply it by the activation's derivative.

    That is done where a row :class:`Input` computes all of dy, only the activation's row reads it, and
    y already has its value when the product is computed. ``results`` are read after the last row.
    """
    made: list[Row | None] = list(rows)
    touched = [row.ranges() for row in rows]
    for i, (fields, *_) in enumerate(rows):
        backward = isinstance(fields, ActivationBackward) and fields.activation < FROM_INPUT
        if not backward or fields.size == 0:
            continue
        dy, y = [(*fields.dy.at(), True)], [(*fields.seen.at(), False)]
        first, *others = [j for j, ranges in enumerate(touched) if meet(dy, ranges)]
        product = rows[first].fields
        if (
            isinstance(product, Input)
            and product.activation == ActivationId.IDENTITY
            and product.dx.at() == fields.dy.at()
            and others == [i]
            and not meet(dy, [(*place.at(), False) for place in results])
            and not any(meet(y, ranges) for ranges in touched[first:i])
        ):
            one = product._replace(
                dx=fields.dx, x=fields.seen, activation=fields.activation, argument=fields.argument
            )
            made[first], made[i] = rows[first]._replace(fields=one), None
    return [row for row in made if row is not None]
