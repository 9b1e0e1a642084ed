"""Tables of numbers as text, .csv, as pandas, spreadsheets and NumPy write them."""

import csv
import gzip
import math
import re
from collections.abc import Iterator
from io import TextIOWrapper
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from npgan.data.reading import MAX_BYTES, RATIO, SMALL, check_size
from npgan.errors import LARGEST, shown
from npgan.system.disk import opened

DELIMITERS = {";": "semicolons", "\t": "tabs", ",": "commas"}
"""What may separate two cells: the first of these that the first line has."""
NAMELESS = ("", "Unnamed: 0")
"""Names that pandas gives to the column of a row's own number."""
LABELS = {"label", "labels", "class", "target"}
"""Names, in small letters, of the column that holds labels."""
EXACT = 2**53
"""Whole numbers below it are exact in float64."""
MISSING = {"", "na", "n/a", "#n/a", "nan", "null", "none", "-", "?"}
"""Cells, in small letters, that say that there is no number."""
LONGEST = 2**22
"""The most letters in a row: while it is read, a cell takes thirty times the memory of its letters."""
CELLS = 2**16  # that are read at once
SIDE = 8
"""The smallest side of images whose pixels are the cells of a row."""
SHADES = 16
"""So many different values or more, 0 among them, have pixels; fewer may be answers to so many questions."""
CLASSES = 100
"""The most classes of images whose class is a row's first or last cell."""


class Lines:
    """The lines of a text; ``letters`` are those since a row ended, of which with all before there may be ``most``."""

    def __init__(self, text: TextIOWrapper, most: int = MAX_BYTES) -> None:
        self.text, self.letters, self.all, self.most = text, 0, 0, most

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        line = self.text.readline(LONGEST + 1)
        self.letters += len(line)
        self.all += len(line)
        if self.letters > LONGEST:
            raise ValueError(f"a row has more than {LONGEST:,} letters")
        if self.all > self.most:
            raise ValueError(
                f"it holds more than {self.most:,} letters, out of proportion to its size"
            )
        if not line:
            raise StopIteration
        return line


class Row(NamedTuple):
    """A row's cells, and the number of its line in the file."""

    line: int
    cells: list[str]


def read_csv(path: Path) -> tuple[dict[str, np.ndarray], list[str]]:
    """Read a table as the training data and their labels, and say what of it was not taken for data.

    Cells stand between commas, semicolons or tabs, in quotes or not. With semicolons or tabs, numbers may
    have a decimal comma. Lines before the table may begin with #. The first row may name the columns,
    also by the numbers from 0 on. A first column without a name whose whole numbers are all different
    numbers the rows and is left out. The one column with a name of `LABELS` has the labels if its numbers
    are whole. Rows of pixels become images, see :func:`pixels`. A file that ends with .gz is unpacked.

    Raises ValueError if a row has more or fewer cells than the first, or a cell holds no number; with its line.
    """
    with opened(path) as (raw, packed):
        check_size(path, 2 * packed, packed)  # "1," takes four bytes as float32
        zipped = path.suffix.lower() == ".gz"
        file = gzip.GzipFile(fileobj=raw) if zipped else raw
        most = min(MAX_BYTES, max(SMALL, RATIO * packed)) // 2 if zipped else MAX_BYTES
        with TextIOWrapper(file, "utf-8-sig", "surrogateescape", newline="") as text:
            return _read(Lines(text, most))


def _read(lines: Lines) -> tuple[dict[str, np.ndarray], list[str]]:
    before, first = 0, ""
    for first in lines:
        if not first.startswith("#"):
            break
        before, first, lines.letters = before + 1, "", 0
    unquoted = re.sub('"[^"]*"', "", first)
    delimiter = next((character for character in DELIMITERS if character in unquoted), ",")
    rows = _rows(first, lines, delimiter, before)
    top = list(islice(rows, 2))
    if not top:
        raise ValueError("it holds no data")
    names = (
        [cell.strip() for cell in top[0].cells]
        if _are_names(*(_pointed(row, delimiter) for row in top))
        else []
    )
    labels = [i for i, name in enumerate(names) if name.lower() in LABELS]
    apart = [0] * (len(names) > 1 and names[0] in NAMELESS) + labels * (len(labels) == 1)
    table, exact = _numbers(chain(top[bool(names) :], rows), delimiter, top[0], apart)
    notes = [f"left out: lines that begin with # ({before})"] if before else []
    if delimiter != ",":
        notes.append(f"cells between {DELIMITERS[delimiter]}")
    if names and _number(names[-1]) is not None:
        notes.append(f"the numbers in line {top[0].line} name the columns")
    if len(labels) > 1:
        notes.append(f"{len(labels)} columns with names of labels were taken for data")
    out, arrays, said = _set_apart(names, dict(zip(apart, exact.T, strict=True)))
    notes += said
    if out:
        table = np.delete(table, out, axis=1)
    kept = [name for i, name in enumerate(names) if i not in out]
    found = pixels(table, kept, labelled="train_labels" in arrays)
    if found is None:
        return {"train": table, **arrays}, notes
    images, beside = found
    if beside is not None:
        where = "first" if np.array_equal(beside, table[:, 0]) else "last"
        notes.append(f"the {where} column has the labels")
        arrays["train_labels"] = beside
    side = math.isqrt(images.shape[1])
    return {"train": images, **arrays}, [
        *notes,
        f"rows of {side} x {side} pixels were taken for images",
    ]


def pixels(
    table: np.ndarray, names: list[str], labelled: bool = False
) -> tuple[np.ndarray, np.ndarray | None] | None:
    """Return the pixels of the images whose rows a table holds, and the labels among them; None if it holds none.

    Rows are images if their cells are whole numbers from 0 to 255 of at least `SHADES` values, if so many are the
    pixels of a square of at least `SIDE` x `SIDE`, and if the names of the columns, if there are any, differ only by
    numbers. One cell more, the first or the last, is the label if only one of the two can be: it is not the same in
    all rows, has at most `CLASSES` values, and the cell at the other end is the same in nearly all rows, as an
    image's corner is.
    """
    whole = (
        len(table) and 0 <= table.min() <= table.max() <= 255 and (table == np.floor(table)).all()
    )
    if not whole or len(np.unique(table)) < SHADES:
        return None
    width = table.shape[1]
    ends = [slice(0, width)]
    if not labelled and math.isqrt(width) ** 2 != width:
        ends = [slice(1, width)] * _is_label(table[:, 0], table[:, -1])
        ends += [slice(0, width - 1)] * _is_label(table[:, -1], table[:, 0])
    if len(ends) != 1:
        return None
    images = table[:, ends[0]]
    side = math.isqrt(images.shape[1])
    stems = {re.sub("[0-9]+", "", name) for name in names[ends[0]]}
    if side < SIDE or side**2 != images.shape[1] or len(stems) > 1:
        return None
    labels = None if images.shape[1] == width else table[:, 0 if ends[0].start else -1]
    return images.astype(np.uint8), None if labels is None else labels.astype(np.int64)


def _is_label(column: np.ndarray, other: np.ndarray) -> bool:
    """Whether a column can be the label beside pixels, of which the ``other`` column is a corner."""
    corner = np.unique(other, return_counts=True)[1].max()
    return bool(2 <= len(np.unique(column)) <= CLASSES and corner >= 0.9 * len(other))


def _set_apart(
    names: list[str], columns: dict[int, np.ndarray]
) -> tuple[list[int], dict[str, np.ndarray], list[str]]:
    """Return which columns are no data, the labels if one of them has them, and what to say of them."""
    out, arrays, notes = list[int](), dict[str, np.ndarray](), list[str]()
    for i, column in columns.items():
        if names[i] in NAMELESS:
            if _are_whole(column) and len(np.unique(column)) == len(column):
                out.append(i)
                notes.append("left out: the first column, without a name, which numbers the rows")
            else:
                notes.append("the first column has no name")
        elif _are_whole(column) and len(names) > len(out) + 1:
            out.append(i)
            arrays["train_labels"] = column.astype(np.int64)
            notes.append(f"the column {names[i]} has the labels")
        else:
            why = "labels are whole numbers, beside data"
            notes.append(f"the column {names[i]} was taken for data: {why}")
    return out, arrays, notes


def _rows(first: str, lines: Lines, delimiter: str, before: int) -> Iterator[Row]:
    """Yield the rows that are not empty; ``before`` is how many lines came before the first."""
    reader = csv.reader(
        chain([first], lines), delimiter=delimiter, skipinitialspace=True, strict=True
    )
    empty, width = 0, 0
    try:
        for cells in reader:
            line, lines.letters = before + reader.line_num, 0
            if not cells:
                empty = line
                continue
            if empty and width == 1:  # with more columns an empty line is no row
                raise ValueError(f"line {empty} is empty")
            empty, width = 0, width or len(cells)
            yield Row(line, cells)
    except csv.Error as error:
        raise ValueError(f"line {before + reader.line_num}: {error}") from None


def _are_names(first: Row, second: Row | None = None) -> bool:
    """Whether the first row names the columns: no numbers, or those from 0 on as pandas has them."""
    cells = [cell.strip() for cell in first.cells]
    if not any(_number(cell) is not None for cell in cells):
        return not all(cell.lower() in MISSING for cell in cells)
    numbered = cells[1:] if cells[0] in NAMELESS else cells
    if second is None or numbered != [str(i) for i in range(len(numbered))]:
        return False
    floats = all("." in cell for cell in second.cells)
    return numbered != cells or len(cells) > 2 or floats  # 0, 1 may well be data


def _pointed(row: Row, delimiter: str) -> Row:
    """Return a row with decimal points in place of commas, where commas stand between no cells."""
    return row if delimiter == "," else Row(row.line, [c.replace(",", ".") for c in row.cells])


def _number(cell: str) -> float | None:
    """Return a cell's number; ``float`` alone takes underscores and other scripts' digits, too."""
    try:
        return float(cell) if cell.isascii() and "_" not in cell else None
    except ValueError:
        return None


def _numbers(
    rows: Iterator[Row], delimiter: str, top: Row, apart: list[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Return rows as float32 (n, d), and those of their columns in ``apart`` as float64.

    All have as many cells as the one at the top of the table.
    """
    blocks, exact, marks = [], [], set[str]()
    while block := list(islice(rows, max(1, CELLS // len(top.cells)))):
        for line, cells in block:
            if len(cells) != len(top.cells):
                columns = f"line {top.line} has {len(top.cells)} columns"
                raise ValueError(f"line {line} has {len(cells)} cells, {columns}")
        if delimiter != ",":
            marks |= {mark for mark in ",." for row in block for cell in row.cells if mark in cell}
        numbers = _block([_pointed(row, delimiter) for row in block]).reshape(len(block), -1)
        if len(marks) > 1:
            raise ValueError("it has decimal commas and decimal points: one of them is no decimal")
        blocks.append(numbers.astype(np.float32))
        exact.append(numbers[:, apart])
    if not blocks:
        raise ValueError("it holds no data")
    return np.concatenate(blocks), np.concatenate(exact)


def _block(rows: list[Row]) -> np.ndarray:
    """Return the numbers in rows, or raise ValueError for the first cell that holds none."""
    cells = list(chain.from_iterable(row.cells for row in rows))
    text = "".join(cells)
    try:
        found = np.array(list(map(float, cells)))
        sound = "_" not in text and text.isascii() and (abs(found) <= LARGEST).all()
    except ValueError:
        sound = False
    if not sound:
        for row in rows:
            _refuse(row)
    return found


def _refuse(row: Row) -> None:
    """Raise ValueError if a cell holds no number."""
    for column, cell in enumerate(row.cells, 1):
        number = _number(cell)
        if cell.strip().lower() in MISSING:
            what = f"has a gap, {shown(cell)}: every cell must hold a number"
        elif number is None:
            what = f"has {shown(cell)}, which is no number"
        elif not abs(number) <= LARGEST:
            what = f"has {shown(cell)}, which is not within the range of float32"
        else:
            continue
        raise ValueError(f"line {row.line}, column {column} {what}")


def _are_whole(column: np.ndarray) -> bool:
    """Whether numbers are whole, and small enough to be exact."""
    return bool((column == np.floor(column)).all() and (abs(column) < EXACT).all())
