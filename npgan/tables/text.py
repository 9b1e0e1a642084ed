"""Tables as text: the header, and the rows below it, a block at a time."""

import codecs
import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa
import pyarrow.csv as pa_csv

from npgan.errors import InputError
from npgan.system.disk import opened

DELIMITERS = ";\t,"
"""What may separate two cells: the first of these that occurs in the header does; if none does, blanks may."""
BLOCK = 2**20  # bytes that are parsed at once, and the most that a row may take

PROBLEMS = {
    r"Row #(?P<row>\d+): Expected (?P<names>\d+) columns, got (?P<cells>\d+)": (
        "it has {cells} cells, and {top} {names} columns"
    ),
    r"Row #(?P<row>\d+): .*invalid UTF8": "it is no UTF-8 text: save the file as UTF-8",
}
"""What pyarrow says about a row -> what a user is told."""
LONG = f"a row takes more than {BLOCK:,} bytes: is a quote not closed?"


class Head(NamedTuple):
    """The names of the columns, what separates cells, and how many lines and bytes come before the rows.

    ``blanks``: any number of blanks separates two cells, and the rows are read with the delimiter in place of
    them. ``named``: the names are the file's own. ``counted``: a line that counts rows and columns was left out.
    ``notes`` say what was left out or made up.
    """

    names: list[str]
    delimiter: str
    lines: int
    size: int
    blanks: bool
    named: bool
    counted: bool
    notes: tuple[str, ...]


class Blanks:
    """A binary file with one delimiter in place of the blanks between the cells of a line."""

    def __init__(self, file: BinaryIO, delimiter: str) -> None:
        self.file, self.delimiter, self.ready = file, delimiter.encode(), b""

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes."""
        while not self.ready:
            content = self.file.read(size)
            if not content:
                break
            lines = (content + self.file.readline(BLOCK)).split(b"\n")
            self.ready = b"\n".join(self.delimiter.join(line.split()) for line in lines)
        found, self.ready = self.ready[:size], self.ready[size:]
        return found


class Tail:
    """A binary file that remembers the last byte that was read and is no white space; it ends where it is ``cut``."""

    def __init__(self, file: Any) -> None:
        self.file, self.last, self.closed, self.cut = file, b"", False, False

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes."""
        content = b"" if self.cut else self.file.read(size)
        self.last = content.rstrip()[-1:] or self.last
        return content


@contextmanager
def _binary(path: Path) -> Iterator[Any]:
    """Open a file, decompressed; whatever is wrong with it is an InputError of one line."""
    try:
        with opened(path) as (file, _):
            yield gzip.GzipFile(fileobj=file) if path.suffix == ".gz" else file
    except InputError:
        raise
    except (OSError, EOFError, ValueError, csv.Error, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot read {path}: {reason}") from error


def read_head(path: Path) -> Head:
    """Return what the top of a file says; lines that begin with # may come before it.

    If the first line is a row of numbers, the columns are called c1, c2, ... If it only counts the rows
    and the columns, as scikit-learn's files do, it is left out.
    """
    with _binary(path) as file:
        start, lines, comments, text = _first_line(file, path)
        size, below = file.tell(), ""
        while not below.strip() and (line := file.readline(BLOCK)):
            below = line.decode(errors="replace")
    plain = re.sub('"[^"]*"', "", text)
    found = [one for one in DELIMITERS if one in plain]
    delimiter = "\t" if ".tsv" in path.suffixes else [*found, ","][0]
    blanks = not found and ".tsv" not in path.suffixes and _are_numbers(below.split(), delimiter)
    blanks = blanks and len(text.split()) == len(below.split()) > 1
    try:
        cells, row = (one.split() if blanks else _cells(one, delimiter) for one in (text, below))
    except csv.Error as error:
        raise InputError(f"{path.name}, line {lines}: {error}") from None
    notes = [f"left out: lines that begin with # ({comments})"] if comments else []
    notes += ["cells between blanks"] if blanks else []
    counted = _count(cells, row, delimiter)
    if counted:
        notes.append(f"left out: line {lines}, which counts rows and columns")
    elif _are_data(cells, delimiter):
        size, lines, row = start, lines - 1, cells
    else:
        return Head(cells, delimiter, lines, size, blanks, True, False, tuple(notes))
    names = [f"c{i}" for i in range(1, len(row) + 1)]
    notes.append(
        f"no line names the columns: they are called {' to '.join({names[0]: 0, names[-1]: 0})}"
    )
    return Head(names, delimiter, lines, size, blanks, False, counted, tuple(notes))


def _first_line(file: Any, path: Path) -> tuple[int, int, int, str]:
    """Return where the first line that says something begins, how many lines and comments there are, and the line.

    It goes on behind its end if a quote is still open.
    """
    parts, start, lines, comments, letters, is_open = list[str](), 0, 0, 0, 0, False
    while not parts or is_open:
        start = start if parts else file.tell()
        line = file.readline(BLOCK)
        if not line or letters >= BLOCK:
            raise InputError(f"{path.name}: a quote in its header is not closed" if parts
                             else f"{path.name} is empty: it has no header")  # fmt: skip
        bom = codecs.BOM_UTF8 if line.startswith(codecs.BOM_UTF8) and not lines else b""
        start, lines = start + len(bom), lines + 1
        text = _decoded(line.removeprefix(bom), path, lines)
        if not parts and text.startswith("#"):
            comments += 1
        elif parts or text.strip():
            parts.append(text)
            letters += len(text)
            is_open ^= text.count('"') % 2 == 1
    return start, lines, comments, "".join(parts)


def _cells(line: str, delimiter: str) -> list[str]:
    """Return the cells of a line, without blanks around them."""
    cells = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    return [" ".join(cell.split()) for cell in cells]


def _are_numbers(cells: list[str], delimiter: str) -> bool:
    """Whether cells are numbers, with decimal commas where something else separates them."""
    try:
        for cell in cells:
            float(cell if delimiter == "," else cell.replace(",", "."))
    except ValueError:
        return False
    return bool(cells) and "_" not in "".join(cells)


def _are_data(cells: list[str], delimiter: str) -> bool:
    """Whether the cells of a first line are numbers, but not those that pandas numbers columns with."""
    return _are_numbers(cells, delimiter) and cells != [str(i) for i in range(len(cells))]


def _count(cells: list[str], row: list[str], delimiter: str) -> bool:
    """Whether a first line begins with how many rows and columns (the class may not count) there are below it."""
    if len(cells) < 2 or not all(cell.isascii() and cell.isdigit() for cell in cells[:2]):
        return False
    no_row = len(cells) < len(row) or not _are_numbers(cells, delimiter)
    return no_row and len(row) - int(cells[1]) in (0, 1) and _are_numbers(row, delimiter)


def _decoded(line: bytes, path: Path, number: int) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise InputError(
            f"{path.name}, line {number}: it is no UTF-8 text: save the file as UTF-8"
        ) from None


def text_batches(path: Path, head: Head) -> Iterator[pa.RecordBatch]:
    """Yield the rows below the header; all cells are strings, as they are in the file."""
    names = [str(i) for i in range(len(head.names))]
    with _binary(path) as raw:
        raw.seek(head.size)
        tail, batch = Tail(Blanks(raw, head.delimiter) if head.blanks else raw), None
        try:
            reader = pa_csv.open_csv(
                pa.PythonFile(tail, "r"),
                pa_csv.ReadOptions(use_threads=False, block_size=BLOCK, column_names=names),
                pa_csv.ParseOptions(delimiter=head.delimiter, newlines_in_values=True),
                pa_csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
                ),
            )
            try:
                for batch in reader:
                    yield batch
            finally:
                _finish(reader, tail)
        except pa.ArrowInvalid as error:
            if "Empty CSV file" in str(error):
                return
            raise _problem(path, head, str(error)) from None
    if batch and "\n" in batch.columns[-1][-1].as_py() and tail.last != b'"':
        raise InputError(f"{path.name}: a quote is not closed in its last row")


def _finish(reader: Any, tail: Tail) -> None:
    """Let pyarrow's thread, which reads ahead, come to an end: at Python's exit it would abort the process."""
    tail.cut = True
    with suppress(pa.ArrowInvalid):
        for _ in reader:
            pass
    reader.close()


def _problem(path: Path, head: Head, said: str) -> InputError:
    for pattern, sentence in PROBLEMS.items():
        if found := re.search(pattern, said, re.DOTALL):
            place = text_place(path, head, int(found["row"]) - 1)
            top = "the header names" if head.named else "the first row has"
            said_so = sentence.format(**found.groupdict(), top=top)
            return InputError(f"{path.name}, {place}: {said_so}")
    return InputError(f"{path.name}: {LONG if 'straddling' in said else said}")


def text_place(path: Path, head: Head, row: int) -> str:
    """Return where a row, counted from 0, ends: ``line 7``; quoted cells may take several lines."""
    with _binary(path) as raw:
        raw.seek(head.size)
        text = io.TextIOWrapper(raw, errors="replace", newline="")
        delimiter = " " if head.blanks else head.delimiter
        reader = csv.reader(text, delimiter=delimiter, skipinitialspace=head.blanks)
        rows = (cells for cells in reader if cells)
        next(islice(rows, row, None), None)
        text.detach()
        return f"line {head.lines + reader.line_num}"
