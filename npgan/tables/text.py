"""Tables as text: the header, and the rows below it, a block at a time."""

import codecs
import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa
import pyarrow.csv as pa_csv

from npgan.errors import InputError
from npgan.system.disk import opened

DELIMITERS = ";\t,"
"""What may separate two cells: the first of these that occurs in the header does."""
BLOCK = 2**20  # bytes that are parsed at once, and the most that a row may take

PROBLEMS = {
    r"Row #(?P<row>\d+): Expected (?P<names>\d+) columns, got (?P<cells>\d+)": (
        "it has {cells} cells, and the header names {names} columns"
    ),
    r"Row #(?P<row>\d+): .*invalid UTF8": "it is no UTF-8 text: save the file as UTF-8",
}
"""What pyarrow says about a row -> what a user is told."""
LONG = f"a row takes more than {BLOCK:,} bytes: is a quote not closed?"


class Head(NamedTuple):
    """The names of the columns, what separates cells, and how many lines and bytes come before the rows.

    ``comments`` is how many of these lines begin with #.
    """

    names: list[str]
    delimiter: str
    lines: int
    size: int
    comments: int


class Tail:
    """A binary file that remembers the last byte that was read and is no white space."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.last, self.closed = file, b"", False

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes."""
        content = self.file.read(size)
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
    """Return what the top of a file says; lines that begin with # may come before it."""
    with _binary(path) as file:
        lines, comments, text = 0, 0, ""
        while not text.strip() or text.startswith("#") or text.count('"') % 2:
            again = text.strip() and not text.startswith("#")
            line = file.readline(BLOCK)
            if not line or len(text) >= BLOCK:
                raise InputError(f"{path.name}: a quote in its header is not closed" if again
                                 else f"{path.name} is empty: it has no header")  # fmt: skip
            line = line.removeprefix(codecs.BOM_UTF8 if not lines else b"")
            text, lines = (text if again else "") + _decoded(line, path, lines + 1), lines + 1
            comments += text.startswith("#")
        size = file.tell()
    plain = re.sub('"[^"]*"', "", text)
    found = [one for one in DELIMITERS if one in plain]
    delimiter = "\t" if ".tsv" in path.suffixes else [*found, ","][0]
    try:
        cells = next(csv.reader([text], delimiter=delimiter, skipinitialspace=True))
    except csv.Error as error:
        raise InputError(f"{path.name}, line {lines}: {error}") from None
    return Head([" ".join(cell.split()) for cell in cells], delimiter, lines, size, comments)


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
        tail, batch = Tail(raw), None
        try:
            reader = pa_csv.open_csv(
                pa.PythonFile(tail, "r"),
                pa_csv.ReadOptions(use_threads=False, block_size=BLOCK, column_names=names),
                pa_csv.ParseOptions(delimiter=head.delimiter, newlines_in_values=True),
                pa_csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
                ),
            )
            for batch in reader:
                yield batch
        except pa.ArrowInvalid as error:
            if "Empty CSV file" in str(error):
                return
            raise _problem(path, head, str(error)) from None
    if batch and "\n" in batch.columns[-1][-1].as_py() and tail.last != b'"':
        raise InputError(f"{path.name}: a quote is not closed in its last row")


def _problem(path: Path, head: Head, said: str) -> InputError:
    for pattern, sentence in PROBLEMS.items():
        if found := re.search(pattern, said, re.DOTALL):
            place = text_place(path, head, int(found["row"]) - 1)
            return InputError(f"{path.name}, {place}: {sentence.format(**found.groupdict())}")
    return InputError(f"{path.name}: {LONG if 'straddling' in said else said}")


def text_place(path: Path, head: Head, row: int) -> str:
    """Return where a row, counted from 0, ends: ``line 7``; quoted cells may take several lines."""
    with _binary(path) as raw:
        raw.seek(head.size)
        text = io.TextIOWrapper(raw, errors="replace", newline="")
        reader = csv.reader(text, delimiter=head.delimiter)
        rows = (cells for cells in reader if cells)
        next(islice(rows, row, None), None)
        text.detach()
        return f"line {head.lines + reader.line_num}"
