"""What a weight becomes before its products is made once for all of them, until the weight changes."""

from collections.abc import Sequence
from typing import Any

from npgan.kernels.conv import Turned
from npgan.kernels.winograd import WeightPoints
from npgan.program.schedule import Call, Row, meet
from npgan.program.traced import Place

PREPARES = {Turned: "turned", WeightPoints: "points"}
"""Kind of row that only prepares a weight -> the field that it writes."""


def once(rows: Sequence[Row]) -> list[Row]:
    """Return the rows without those that would make again what is there; who reads it reads what the first made."""
    made, there = list[Row](), dict[Any, Place]()
    for row in rows:
        fields: Any = row.fields
        written = PREPARES.get(type(fields))
        if written:
            place = getattr(fields, written)
            first = there.setdefault(
                fields._replace(**{written: None, "weight": fields.weight.at()}), place
            )
            if first is not place:
                place.buffer.whole = first.buffer
                continue
        made.append(row)
        touched, unknown = row.ranges(), isinstance(fields, Call)  # which may change any array
        there = {
            key: place
            for key, place in there.items()
            if not (unknown or meet([(*key.weight, False)], touched))
        }
    return made
