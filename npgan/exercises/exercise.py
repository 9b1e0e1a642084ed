"""An exercise as data: what is asked, hints, the file to begin with, and the solution."""

import ast
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

SOURCES = Path(__file__).parent / "sources"
WRITE = re.compile(r"^( *)# write\n.*?^ *# end\n", re.MULTILINE | re.DOTALL)
MARKS = re.compile(r"^ *# (write|end)\n|  # bug: .*$", re.MULTILINE)
BUG = re.compile(r"^( *).*  # bug: (.*)$", re.MULTILINE)
HINT = re.compile(r"^\d+\. (.*(?:\n   .*)*)", re.MULTILINE)
CHAPTER = re.compile(r" \(chapter (\d+)\)\.$")


@dataclass(frozen=True)
class Exercise:
    """What a source holds.

    Attributes
    ----------
    number : from 1
    name : of its file, without the number
    source : the solution, in which ``# write`` and ``# end`` surround what the reader writes, and
        ``# bug: ...`` says what stands there in place of a right line
    """

    number: int
    name: str
    source: str

    @cached_property
    def about(self) -> str:
        """The docstring: title, what is asked, hints."""
        return ast.get_docstring(ast.parse(self.source)) or ""

    @property
    def title(self) -> str:
        """What it is, in a line."""
        return CHAPTER.sub("", self.about.partition("\n")[0])

    @property
    def chapter(self) -> int:
        """The book's chapter that it belongs to."""
        found = CHAPTER.search(self.about.partition("\n")[0])
        return int(found[1]) if found else 0

    @property
    def hints(self) -> list[str]:
        """The first says little, the last almost all."""
        return [re.sub(r"\s+", " ", hint) for hint in HINT.findall(self.about)]

    @property
    def solution(self) -> str:
        """The right answer."""
        return self._without_hints(MARKS.sub("", self.source))

    @property
    def skeleton(self) -> str:
        """The file that the reader begins with."""
        cut = WRITE.sub(r'\1raise NotImplementedError("write this")\n', self.source)
        return self._without_hints(BUG.sub(r"\1\2", cut))

    @property
    def file(self) -> str:
        """What the reader's file is called."""
        return f"exercise_{self.number:02}_{self.name}.py"

    def _without_hints(self, text: str) -> str:
        return re.sub(r'\n\n1\. .*?"""', '\n"""', text, count=1, flags=re.DOTALL)


def _read() -> dict[int, Exercise]:
    found = {}
    for path in sorted(SOURCES.glob("e*.py")):
        number, _, name = path.stem.removeprefix("e").partition("_")
        found[int(number)] = Exercise(int(number), name, path.read_text(encoding="utf-8"))
    return found


EXERCISES = _read()
"""Number -> exercise."""
