"""Dates and times: a list of formats, which are tried one after the other.

Formats are those of `strftime`. Values are whole numbers: days since 1970 for a date, seconds for a date with the
time of day, and seconds since midnight for a time.
"""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

DATES = (
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y"),
    *("%d-%m-%Y", "%m-%d-%Y"),
)
TIMES = ("%H:%M:%S", "%H:%M")
MIDNIGHT = (" 00:00:00", "T00:00:00", " 00:00", "T00:00")

FORMATS: dict[str, str] = {
    **dict.fromkeys(DATES, "date"),
    **{day + night: "date" for day in DATES for night in MIDNIGHT},
    **{f"{day}{gap}{time}": "date and time" for day in DATES for gap in " T" for time in TIMES},
    **dict.fromkeys(TIMES, "time"),
}
"""Format -> kind; the first format that fits all cells is taken."""

UNITS = {"date": 86400, "date and time": 1, "time": 1}
"""Kind -> seconds in one of its units."""
LARGEST = {"date": 2_932_896, "date and time": 253_402_300_799, "time": 86_399}
"""Kind -> its last value: dates end with the year 9999."""
FRACTION = r"(?:[.][0-9]+)?Z?$"
"""What may follow the seconds; it is left out."""


def _pattern(form: str) -> str:
    digits = re.sub("%[mdHMS]", "[0-9]{1,2}", re.escape(form).replace("%Y", "[0-9]{4}"))
    return f"^{digits}{FRACTION if form.endswith(':%S') else '$'}"


PATTERNS = {form: re.compile(_pattern(form)) for form in FORMATS}
"""Format -> what every cell of it looks like."""


def seconds(cells: pa.Array, form: str) -> pa.Array:
    """Return cells (n,), strings, as timestamps in seconds; null for what is missing or does not fit the format.

    >>> seconds(pa.array(["2024-02-29", "2023-02-29", "soon"]), "%Y-%m-%d").is_null().to_pylist()
    [False, True, True]
    """
    fits = pc.match_substring_regex(cells, PATTERNS[form].pattern)
    if not pc.any(fits).as_py():
        return pa.nulls(len(cells), pa.timestamp("s"))
    plain = pc.if_else(fits, cells, pa.scalar(None, pa.string()))
    if form.endswith(":%S"):
        plain = pc.replace_substring_regex(plain, FRACTION, "")
    plain = pc.replace_substring_regex(plain, r"\b([0-9])\b", r"0\1")
    found = pc.strptime(plain, format=form, unit="s", error_is_null=True)
    same = pc.equal(pc.strftime(found, format=form), plain)  # there is no 30th of February
    return pc.if_else(same, found, pa.scalar(None, pa.timestamp("s")))


def dates(cells: pa.Array, form: str) -> np.ndarray:
    """Return cells (n,), strings, as float64 (n,); NaN for what is missing or does not fit the format.

    >>> dates(pa.array(["1970-01-02", None]), "%Y-%m-%d"), dates(pa.array(["00:01"]), "%H:%M")
    (array([ 1., nan]), array([60.]))
    """
    found = seconds(cells, form)
    whole = pc.fill_null(found.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
    kind = FORMATS[form]
    whole = whole % 86400 if kind == "time" else whole // UNITS[kind]
    return np.where(found.is_null().to_numpy(zero_copy_only=False), np.nan, whole)


def as_cells(values: pa.Array, form: str) -> pa.Array:
    """Return dates or times (n,) as strings of a format.

    >>> as_cells(pa.array([1], pa.date32()), "%d.%m.%Y").to_pylist()
    ['02.01.1970']
    """
    if pa.types.is_time(values.type):
        values = values.cast(pa.time32("s")).cast(pa.int32()).cast(pa.int64())
    return pc.strftime(values.cast(pa.timestamp("s")), format=form)


def ambiguous(forms: list[str]) -> bool:
    """Return whether both day first and month first are among the formats that fit.

    >>> ambiguous(["%d/%m/%Y", "%m/%d/%Y"]), ambiguous(["%d/%m/%Y"])
    (True, False)
    """
    return any(f.startswith("%d") and "%m" + f[2] + "%d" + f[5:] in forms for f in forms)
