"""Columns in their natural types, made of numbers and codes."""

import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from npgan.tables.cells import numbers, rounded
from npgan.tables.schema import WORDS, Column

WHOLE = re.compile("-?(0|[1-9][0-9]{0,17})")


def numbered(column: Column, x: np.ndarray, missing: np.ndarray | None) -> pa.Array:
    """Return numbers or dates (n,), with their decimals, as an array; null where they are missing.

    >>> numbered(Column("age", "whole number"), np.array([21.6, 3]), np.array([False, True])).to_pylist()
    [22, None]
    """
    if column.kind == "number":
        return pa.array(rounded(x, column.decimals), pa.float64(), mask=missing)
    whole = np.rint(x).astype(np.int64)
    return AS_TYPE[column.kind](pa.array(whole, mask=missing))


AS_TYPE = {
    "whole number": lambda whole: whole,
    "date": lambda days: days.cast(pa.int32()).cast(pa.date32()),
    "date and time": lambda seconds: seconds.cast(pa.timestamp("s")),
    "time": lambda seconds: pc.multiply(seconds, 1_000_000).cast(pa.time64("us")),
}
"""Kind -> what turns whole numbers into an array of its type."""


def coded(column: Column, texts: Sequence[str], found: np.ndarray) -> pa.Array:
    """Return the values at places (n,) of texts, null for -1: truth values, whole numbers or strings.

    >>> coded(Column("class", "category"), ["3", "1"], np.array([1, 0, -1])).to_pylist()
    [1, 3, None]
    """
    known: pa.Array = pa.array(texts, pa.string())
    if column.kind == "yes/no":
        known = pa.array([text.lower() in WORDS for text in texts])
    elif all(map(WHOLE.fullmatch, texts)):
        known = known.cast(pa.int64())
    return known.take(pa.array(found, mask=found < 0))


def constant(column: Column, n: int, decimal: str) -> pa.Array:
    """Return the one value of a column n times; null if it has none.

    >>> constant(Column("a", "constant", categories=("1,50",), decimals=2), 2, ",").to_pylist()
    [1.5, 1.5]
    """
    if not column.categories:
        return pa.nulls(n, pa.string())
    value = numbers(pa.array(column.categories), decimal)
    if column.decimals and not np.isnan(value[0]):
        return pa.array(np.repeat(value, n))
    return coded(column, column.categories, np.zeros(n, np.int64))
