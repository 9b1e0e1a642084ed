"""Two rows fused into one: an activation, or its derivative, is applied while the numbers are in the cache."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from npgan.kernels.activation import ActivationId
from npgan.kernels.conv import Windows
from npgan.kernels.dense import Input
from npgan.kernels.elementwise import FROM_INPUT, Activation, ActivationBackward
from npgan.kernels.normalisation import Normal
from npgan.kernels.winograd import Filtered
from npgan.program.schedule import Row, meet
from npgan.program.traced import Place

Fields = Callable[[Any], dict[str, Any]]


class Fusion(NamedTuple):
    """How a row of an activation goes into an earlier row, here called the product, which most are.

    Attributes
    ----------
    source : the field of the activation's row that must be all that the product writes
    beside, writes : another field of the activation's row, which nothing may have written between both rows
        (nor read, if it is written there)
    products : kind of row -> the field that it writes, and what becomes of its fields, given the
        activation's row
    """

    source: str
    beside: str
    writes: bool
    products: dict[type[Any], tuple[str, Fields]]


CONVOLUTIONS = Windows, Filtered
FUSIONS = {
    ActivationBackward: Fusion(
        "dy",
        "seen",
        False,
        {
            Input: ("dx", lambda row: {"dx": row.dx, "x": row.seen}),
            **dict.fromkeys(
                CONVOLUTIONS, ("c", lambda row: {"c": row.dx, "seen": row.seen, "backward": 1})
            ),
        },
    ),
    Activation: Fusion(
        "x",
        "y",
        True,
        {
            Normal: ("y", lambda row: {"y": row.y}),
            **dict.fromkeys(CONVOLUTIONS, ("c", lambda row: {"c": row.y, "seen": row.y})),
        },
    ),
}


def fused(rows: Sequence[Row], results: Sequence[Place] = ()) -> list[Row]:
    """Return the rows, but let a product apply the activation, or derivative, that alone reads what it writes.

    ``results`` are read after the last row.
    """
    made: list[Row | None] = list(rows)
    touched = [row.ranges() for row in rows]
    for i, (fields, *_) in enumerate(rows):
        way = FUSIONS.get(type(fields))
        if way is None or fields.activation >= FROM_INPUT or fields.size == 0:
            continue
        source = getattr(fields, way.source).at()
        beside = [(*getattr(fields, way.beside).at(), way.writes)]
        passed = [(*source, True)]
        first, *others = [j for j, ranges in enumerate(touched) if meet(passed, ranges)]
        product: Any = rows[first].fields
        written, become = way.products.get(type(product), ("", dict))
        if (
            written
            and product.activation == ActivationId.IDENTITY
            and getattr(product, written).at() == source
            and others == [i]
            and not meet(passed, [(*place.at(), False) for place in results])
            and not any(meet(beside, ranges) for ranges in touched[first:i])
        ):
            one = product._replace(
                **become(fields), activation=fields.activation, argument=fields.argument
            )
            made[first], made[i] = rows[first]._replace(fields=one), None
    return [row for row in made if row is not None]
