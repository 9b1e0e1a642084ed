"""What is counted in one pass over a column: values, numbers and dates. Memory is bounded."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from npgan.tables import cells as text
from npgan.tables.dates import FORMATS, PATTERNS, dates

VALUES = 20_000
"""The most different values of a column that are counted; those that come later are not."""
LETTERS = 2**23  # the most that these values of a column have together


class Values:
    """How often each value occurs; ``share`` is the number of different values over the number of cells.

    Once the values are ``full``, new ones are not counted, and ``share`` stays.
    """

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.letters, self.full, self.share = 0, False, 0.0

    def add(self, cells: pa.Array, before: int) -> None:
        """Count cells without nulls, of which ``before`` came before."""
        was_full, more = self.full, 0
        if was_full:
            cells = cells.filter(pc.is_in(cells, pa.array(list(self.counts), pa.string())))
        values, counts = pc.value_counts(cells).flatten()
        for value, count in zip(values.to_pylist(), counts.to_pylist(), strict=True):
            if value in self.counts:
                self.counts[value] += count
            elif len(self.counts) < VALUES and self.letters + len(value) <= LETTERS:
                self.counts[value] = count
                self.letters += len(value)
            else:
                self.full, more = True, more + 1
        if not was_full:
            self.share = (len(self.counts) + more) / (before + len(cells))

    def ranked(self) -> list[str]:
        """Return the values, most frequent first; equally frequent ones in alphabetical order."""
        return sorted(self.counts, key=lambda value: (-self.counts[value], value))


class Numbers:
    """What the numbers of a column are, as written with one decimal mark.

    They are ``counting`` if each is the one before plus 1; ``other`` is the first cell that is not a number.
    """

    def __init__(self, decimal: str) -> None:
        self.decimal, self.count, self.other = decimal, 0, ""
        self.low, self.high, self.last = np.inf, -np.inf, np.nan
        self.decimals = (99_999, 0)  # least and most
        self.whole = self.counting = True

    def add(self, cells: pa.Array) -> None:
        """Look at cells without nulls."""
        values = text.numbers(cells, self.decimal)
        none = np.isnan(values)
        if none.any():
            self.other = self.other or cells[int(none.argmax())].as_py()
            values, cells = values[~none], cells.filter(pa.array(~none))
        if not len(values):
            return
        self.count += len(values)
        self.low, self.high = min(self.low, values.min()), max(self.high, values.max())
        self.whole = self.whole and bool(text.is_whole(values).all())
        steps = np.diff(values, prepend=values[0] - 1 if np.isnan(self.last) else self.last)
        self.counting = self.counting and self.whole and bool((steps == 1).all())
        self.last = values[-1]
        places = text.decimals(cells, self.decimal)
        least, most = self.decimals
        self.decimals = (min(least, int(places.min())), max(most, int(places.max())))


class Dates:
    """The formats that fit all cells so far, and the first cell."""

    def __init__(self) -> None:
        self.formats, self.first = list(FORMATS), ""

    def add(self, cells: pa.Array) -> None:
        """Look at cells without nulls."""
        one = cells[0].as_py()
        self.first = self.first or one
        likely = [form for form in self.formats if PATTERNS[form].match(one)]
        self.formats = [form for form in likely if not np.isnan(dates(cells, form)).any()]


class Tally:
    """All that is counted of a column; ``marks`` are the decimal marks that are tried."""

    def __init__(self, marks: str) -> None:
        self.rows = self.missing = 0
        self.values, self.dates = Values(), Dates()
        self.numbers = {mark: Numbers(mark) for mark in marks}

    @property
    def there(self) -> int:
        """How many cells hold a value."""
        return self.rows - self.missing

    def add(self, cells: pa.Array) -> None:
        """Count the cells of a batch."""
        before = self.there
        self.rows, self.missing = self.rows + len(cells), self.missing + cells.null_count
        cells = cells.drop_null()
        if not len(cells):
            return
        for numbers in self.numbers.values():
            numbers.add(cells)
        self.dates.add(cells)
        if not self.values.full or not (self.dates.formats or self.are_numbers()):
            self.values.add(cells, before)

    def are_numbers(self) -> str:
        """Return the decimal mark with which all values are numbers, or an empty text."""
        fit = [mark for mark, found in self.numbers.items() if found.count and not found.other]
        marked = [mark for mark in fit if self.numbers[mark].decimals[1]]
        return [*marked, *fit, ""][0]
