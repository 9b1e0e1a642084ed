"""Weights are prepared for their products once, and again only after they have changed."""

from collections.abc import Sequence
from typing import Any

from npgan.kernels.conv import Turned
from npgan.kernels.winograd import WeightPoints
from npgan.program.schedule import Call, Row, meet
from npgan.program.traced import Place

PREPARES = {Turned: "turned", WeightPoints: "points"}
"""Kind of row that only prepares a weight -> the field that it writes."""


def once(rows: Sequence[Row]) -> list[Row]:
    """Return the rows without those that would prepare a weight again; their readers use the first result."""
    made, there = list[Row](), dict[Any, Place]()
    for row in rows:
        fields: Any = row.fields
        touched, unknown = row.ranges(), isinstance(fields, Call)  # which may change any array
        written = PREPARES.get(type(fields))
        if written:
            place = getattr(fields, written)
            key = type(fields), fields._replace(**{written: None, "weight": fields.weight.at()})
            if first := there.get(key):
                place.buffer.whole, place.buffer.offset = first.buffer, first.start - place.start
                continue
        there = {
            (kind, way): first
            for (kind, way), first in there.items()
            if not (unknown or meet([(*way.weight, False), (*first.at(), False)], touched))
        }
        if written:
            there[key] = place
        made.append(row)
    return made
