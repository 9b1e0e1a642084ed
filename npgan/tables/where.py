"""Conditions on the rows of a table, written as text: sex=female, age>=40."""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from npgan.errors import InputError, instance, shown
from npgan.tables.cells import rounded
from npgan.tables.encode import Encoding
from npgan.tables.schema import CODED, NUMBERED
from npgan.tables.values import values

__all__ = ["Condition", "condition"]

RELATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "=": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
}


@dataclass(frozen=True)
class Condition:
    """A column's relation to a value: the code of a category, a number, or the days or seconds of a date.

    ``text`` is the condition as it was written; ``block`` is the column's first block in the cells.
    """

    text: str
    column: str
    block: int
    relation: str
    value: float

    def holds(self, encoding: Encoding, rows: np.ndarray) -> np.ndarray:
        """Return for which rows (n, blocks) it holds; for a missing number it does not."""
        column, rows = encoding.schema.column(self.column), encoding.cells(rows)
        found = rows[:, self.block]
        if column.kind in NUMBERED:
            found = rounded(encoding.numbers[self.column].decode(found), column.decimals)
            there = rows[:, self.block + 1] == 0 if column.missing else True
            return RELATIONS[self.relation](found, self.value) & there
        return RELATIONS[self.relation](found, self.value)


def condition(text: str, encoding: Encoding) -> Condition:
    """Return the condition that a text says, ``column relation value``; a relation is one of `RELATIONS`.

    Categories have only = and !=; with an empty value they are compared with missing.

    >>> from npgan.tables import infer, open_source
    >>> source = open_source(pa.table({"age": [22, 38, 26, 35], "sex": ["m", "f", "f", "m"]}))
    >>> encoding = Encoding.fit(infer(source), source)
    >>> rows = encoding.rows(source)
    >>> condition("age>=35", encoding).holds(encoding, rows)
    array([False,  True, False,  True])
    >>> condition("sex=f", encoding).holds(encoding, rows)
    array([False,  True,  True, False])

    Raises InputError if it cannot be read, or there is no such column or value.
    """
    instance("a condition", text, str)
    names = sorted(encoding.blocks, key=len, reverse=True)  # a name may hold a relation
    pattern = f"({'|'.join(map(re.escape, names))})\\s*({'|'.join(RELATIONS)})(.*)"
    read = re.fullmatch(pattern, text.strip(), re.DOTALL)
    if not read:
        wanted = re.split("[!<>=]", text)[0].strip()
        kind = encoding.schema.column(wanted).kind  # the nearest name is suggested
        if wanted not in encoding.blocks:
            raise InputError(
                f"{wanted} is of the kind {kind}: nothing of it is learned, nor asked for"
            )
        raise InputError(f"a condition is sex=female or age>=40, say, not {shown(text)}")
    name, relation, value = read[1], read[2], read[3].strip()
    column, block = encoding.schema.column(name), encoding.blocks[name]
    if column.kind in CODED:
        if relation not in ("=", "!="):
            raise InputError(
                f"{name} is a {column.kind}: {shown(text)} can only be said with = or !="
            )
        return Condition(text, name, block, relation, encoding.code(name, value)[1])
    if not value:
        raise InputError(f"{shown(text)}: a {column.kind} is needed behind the {relation}")
    number = values(column, pa.array([value], pa.string()), encoding.schema.decimal)[0]
    return Condition(text, name, block, relation, float(number))
