"""What the columns of a table are, in a form that people can read and change."""

import tomllib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

import tomli_w

from npgan.errors import MOST, InputError, listed, one_line, shown, unknown
from npgan.tables.dates import FORMATS

__all__ = ["KINDS", "Column", "Schema"]

DATED = ("date", "date and time", "time")
NUMBERED = ("number", "whole number", *DATED)
"""Kinds whose values lie on a line."""
CODED = ("category", "yes/no")
"""Kinds whose values are some of a fixed set."""
KINDS = (*NUMBERED, *CODED, "identifier", "constant")
LETTERS = 2**24  # the most of a schema

WORDS = {"yes": "no", "true": "false", "y": "n", "t": "f"}
"""Word for yes -> word for no, in lower case."""


@dataclass(frozen=True)
class Column:
    """What a column is.

    ``kind`` is one of `KINDS`; an "identifier" is left out, and a "constant" repeats its one value.
    ``missing``: whether cells may be empty. ``decimals``: the most of its numbers; ``padded`` if all have as many.
    ``categories``: the values, most frequent first; ``others`` if there are more, which share a code.
    ``format``: how a date or time is written. ``note`` is a remark for people, ignored when columns are compared.
    """

    name: str
    kind: str
    missing: bool = False
    decimals: int = 0
    padded: bool = False
    categories: tuple[str, ...] = ()
    others: bool = False
    format: str = ""
    note: str = field(default="", compare=False)


def _texts(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(one, str) and one for one in value)


CHECKS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "name": ("a text", lambda v: isinstance(v, str) and bool(v.strip())),
    "kind": (f"one of {', '.join(KINDS)}", lambda v: isinstance(v, str) and v in KINDS),
    "missing": ("true or false", lambda v: isinstance(v, bool)),
    "decimals": ("a whole number from 0", lambda v: type(v) is int and 0 <= v < 10_000),
    "padded": ("true or false", lambda v: isinstance(v, bool)),
    "categories": (
        "texts in quotes, each once",
        lambda v: _texts(v) and len(set(v)) == len(v),
    ),
    "others": ("true or false", lambda v: isinstance(v, bool)),
    "format": (
        "a format such as %Y-%m-%d or %d.%m.%Y %H:%M",
        lambda v: v == "" or (isinstance(v, str) and v in FORMATS),
    ),
}
"""What a file may say of a column -> what that must be in words, and a test of it."""

TOP: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "rows": ("a whole number from 0", lambda v: type(v) is int and 0 <= v < MOST),
    "delimiter": ("a comma, a semicolon or a tab", lambda v: isinstance(v, str) and v in {*",;\t"}),
    "decimal": ("a point or a comma", lambda v: isinstance(v, str) and v in {*".,"}),
    "columns": ("a list of tables, [[columns]]", lambda v: isinstance(v, list) and bool(v)),
}


@dataclass(frozen=True)
class Schema:
    """The columns of a table, how many rows it has, and its delimiter and decimal mark.

    >>> text = Schema((Column("age", "whole number", missing=True, note="0 to 80"),), 891).to_toml()
    >>> print(text)
    rows = 891
    delimiter = ","
    decimal = "."
    <BLANKLINE>
    [[columns]]
    name = "age"
    kind = "whole number"
    missing = true
    # 0 to 80
    <BLANKLINE>
    >>> Schema.from_toml(text).columns[0].kind
    'whole number'
    """

    columns: tuple[Column, ...]
    rows: int = 0
    delimiter: str = ","
    decimal: str = "."

    def column(self, name: str) -> Column:
        """Return the column with a name; an unknown name is an InputError that suggests the nearest."""
        for column in self.columns:
            if column.name == name:
                return column
        raise unknown("column", name, [column.name for column in self.columns])

    def to_toml(self) -> str:
        """Return the schema as TOML; notes are comments."""
        top = {name: getattr(self, name) for name in TOP if name != "columns"}
        return "".join([tomli_w.dumps(top), *map(_column_toml, self.columns)])

    @classmethod
    def from_toml(cls, text: str) -> "Schema":
        """Return the schema that a text describes; name and kind suffice for a column.

        An InputError says what is wrong.
        """
        if not isinstance(text, str) or len(text) > LETTERS:
            raise InputError(f"a schema is a text of at most {LETTERS:,} letters")
        try:
            said = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            raise InputError(f"the schema is no TOML: {error}") from None
        _check("the schema", said, TOP, ("columns",))
        columns = tuple(_column(i, one) for i, one in enumerate(said.pop("columns"), 1))
        twice = [name for name, n in Counter(column.name for column in columns).items() if n > 1]
        if twice:
            raise InputError(f"the schema has several columns of the name {listed(twice)}")
        return cls(columns, **said)

    def lines(self) -> list[str]:
        """Return a line about each column.

        >>> Schema((Column("id", "identifier"), Column("sex", "category", note="male 3, female 2"))).lines()
        ['id: identifier, left out', 'sex: category, male 3, female 2']
        """
        return [
            one_line(
                f"{c.name}: {c.kind}"
                + ", left out" * (c.kind == "identifier")
                + (f", {c.note}" if c.note else "")
            )
            for c in self.columns
        ]


def _column_toml(column: Column) -> str:
    said = {
        f.name: getattr(column, f.name)
        for f in fields(Column)
        if f.name in CHECKS and getattr(column, f.name) != f.default
    }
    note = f"# {one_line(column.note)}\n" if column.note else ""
    return f"\n[[columns]]\n{tomli_w.dumps(said)}{note}"


def _column(number: int, said: Any) -> Column:
    if not isinstance(said, dict):
        raise InputError(f"column {number} of the schema must be a table, not {shown(said)}")
    whose = f"column {said.get('name', number)} of the schema"
    if isinstance(said.get("categories"), list):
        said = {**said, "categories": tuple(said["categories"])}
    _check(whose, said, CHECKS, ("name", "kind"))
    column = Column(**said)
    words = {word.lower() for word in column.categories}
    if column.kind == "yes/no" and words and words not in [{*pair} for pair in WORDS.items()]:
        pairs = ", ".join(map("/".join, WORDS.items()))
        raise InputError(f"{whose}: the categories of yes/no are {pairs}; else it is a category")
    if column.format and FORMATS[column.format] != column.kind:
        raise InputError(f"{whose}: {column.format} is the format of a {FORMATS[column.format]}")
    return column


def _check(whose: str, said: dict, checks: dict, needed: tuple[str, ...]) -> None:
    for name, value in said.items():
        if name not in checks:
            raise unknown(f"word in {whose}", name, checks)
        must_be, is_right = checks[name]
        if not is_right(value):
            raise InputError(f"{whose}: {name} must be {must_be}, not {shown(value)}")
    for name in needed:
        if name not in said:
            raise InputError(f"{whose} must say its {name}")
