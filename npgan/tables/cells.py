"""Cells as numbers, and numbers as cells."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from npgan.errors import TAME

EXACT = 2**53
"""Whole numbers below it are exact in float64."""
DIGITS = 15
"""Decimals that float64 can hold; numbers of a column with more of them are not rounded."""


def numbers(cells: pa.Array, decimal: str = ".") -> np.ndarray:
    """Return cells (n,), strings, as float64 (n,); NaN for what is missing or not a number.

    What begins with 0 or + and more digits is not a number but a code, such as a postal code or a telephone number.
    Neither is anything beyond 1e100.

    >>> numbers(pa.array(["1.50", "-2e3", "007", "+1", None]))
    array([ 1.5e+00, -2.0e+03,      nan,      nan,      nan])
    """
    point = "[.]" if decimal == "." else decimal
    pattern = (
        rf"^-?(?:(?:0|[1-9][0-9]*)(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]{{1,4}})?$"
    )
    fits = pc.match_substring_regex(cells, pattern)
    plain = pc.if_else(fits, cells, pa.scalar(None, pa.string()))
    if decimal != ".":
        plain = pc.replace_substring(plain, decimal, ".")
    found = pc.fill_null(plain.cast(pa.float64()), np.nan).to_numpy(zero_copy_only=False)
    return np.where(abs(found) <= TAME[1], found, np.nan)


def decimals(cells: pa.Array, decimal: str = ".") -> np.ndarray:
    """Return how many digits numbers (n,), as strings, have after the decimal mark.

    >>> decimals(pa.array(["1.50", "2", "2e-3", "1.5e1"]))
    array([2, 0, 3, 0])
    """
    parts = pc.extract_regex(cells, rf"^[^eE]*?(?:[{decimal}](?P<f>[0-9]*))?(?:[eE](?P<e>.*))?$")
    fraction = pc.utf8_length(pc.struct_field(parts, "f")).to_numpy(zero_copy_only=False)
    power = pc.utf8_ltrim(pc.struct_field(parts, "e"), "+")
    power = pc.if_else(pc.equal(power, ""), "0", power).cast(pa.int64())
    return np.maximum(fraction - power.to_numpy(zero_copy_only=False), 0)


def is_whole(values: np.ndarray) -> np.ndarray:
    """Return which values (n,) are whole numbers that float64 holds exactly."""
    return (np.floor(values) == values) & (abs(values) < EXACT)


def rounded(values: np.ndarray, places: int) -> np.ndarray:
    """Return values (n,), rounded to so many decimals, where float64 has them.

    >>> rounded(np.array([0.1 + 0.2]), 1)
    array([0.3])
    """
    if places > DIGITS:
        return values
    scaled = values * 10.0**places
    return np.where(abs(scaled) < EXACT, np.rint(scaled) / 10.0**places, values)


def as_cells(values: pa.Array, places: int, padded: bool, decimal: str) -> pa.Array:
    """Return numbers (n,) as strings; if ``padded``, all have ``places`` decimals.

    >>> as_cells(pa.array([3.5, None]), 2, True, ",").to_pylist()
    ['3,50', None]
    """
    largest = pc.max(pc.abs(values)).as_py() or 0
    if padded and 0 < places <= DIGITS and largest < 1e15:
        cells = values.cast(pa.float64()).cast(pa.decimal128(38, places), safe=False)
        cells = cells.cast(pa.string())
    else:
        cells = values.cast(pa.string())
    return pc.replace_substring(cells, ".", decimal) if decimal != "." else cells
