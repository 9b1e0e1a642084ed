"""The book's chapters, read as a test reads them: sections, their examples, and the numbers of their text.

Text is what is left of a section without its code. Two rules hold for its numbers, also in formulas and tables:

- Every number, and every row or matrix of numbers as a whole, stands in the section's examples: in the code if it is
  given, in the output if it is a result. 0, 1 and 2 may stand alone, and a row of zeros.
- Where a formula says ``name = numbers`` and the examples have a variable of that name, these are its values, rounded.
"""

import doctest
import keyword
import re
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

SECTION = re.compile(r"^(?=## (?!Read next))", re.MULTILINE)  # an exercise ends with its solution
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NO_TEXT = re.compile(
    r"`[^`\n]*`"  # code in a line
    r"|\]\([^)\n]*\)|https?://\S+"  # where links lead
    r"|_\{[^{}]*\}"  # indices
    r"|^:::+(\{\w+\})?|^:\w+:|figures/\w+\.(svg|gif)|\\begin\{array\}\{\w+\}"  # directives
    r"|^#+ \d+\.|^\d+\. "  # the numbers of chapters and of lists
    r"|\b(19|20)\d\d\b"  # years
    r"|(?i:\b(chapters?|eqs?|secs?|section|theorem|proposition|algorithm|Nature|Review|JMLR)\.? ?)"
    r"\d[\d.]*((, | and )\d[\d.]*)*",  # places in books and papers
    re.MULTILINE,
)
NUMBER = (
    r"(?<=frac)\d|(?<=frac\d)\d"  # \frac12
    r"|(?:(?<![\w)}\]])-)?(?<![A-Za-z0-9_.])\d+(?:\.\d+)?(?:e[-+]?\d+)?"
)
SPACED = rf"\s*(?:{NUMBER})\s*"
ROW = re.compile(
    rf"[(\[]{SPACED}(?:,{SPACED})+[)\]]|\\begin\{{pmatrix\}}{SPACED}(?:(?:&|\\\\){SPACED})+\\end"
)
POWER = re.compile(
    r"(?:((?:(?<![\w)}\]])-)?\d+(?:\.\d+)?) *\\cdot *|((?<![\w)}\]])-)?)10\^(?:\{(-?\d+)\}|(\d))"
)
NAME = re.compile(
    r"(?:^|(?<!\\)[$,;:(&\n]|\\q?quad|\\\\)\s*"
    r"(?:\\frac\{(?:d|\\partial )(\w+)\}\{(?:d|\\partial )(\w+)\}"  # dL_dv
    r"|(d?)\\?([A-Za-z]+)(?:_(?:\{(\w+)\}|(\w)))?)\s*&?=\s*$"  # delta, dpsi, dW1
)
READINGS = {
    POWER: lambda m: [f"{m[1] or (m[2] or '') + '1'}e{m[3] or m[4]}"],
    ROW: lambda m: re.findall(NUMBER, m[0]),
    re.compile(NUMBER): lambda m: [m[0]],
}
END = re.compile(r"\s*(?:[$,.;:&)\n]|\\q?quad|\\\\|\\end|$)")  # what may follow it
ALONE = (0, 1, 2)


@dataclass(frozen=True)
class Value:
    r"""One number of a text, or those of a row or matrix; a formula calls them by the name, dW_1 is ``dW1``."""

    start: int
    end: int
    numbers: list[str]
    name: str = ""

    @property
    def values(self):
        return [float(number) for number in self.numbers]


@dataclass
class Section:
    """A section's text, its examples, and what they leave behind."""

    title: str
    text: str
    code: str
    examples: list[doctest.Example]
    names: dict = field(default_factory=dict)

    @cached_property
    def known(self):
        """The numbers of the examples, in order."""
        return [float(number) for number in re.findall(NUMBER, self.code)]

    def wrong(self, changed=None):
        """Return what is wrong with the numbers of the text, or of a changed one."""
        found = list(values(self.text if changed is None else changed))
        return [said for value in found if (said := self._remark(value))]

    def _remark(self, value):
        shown = (
            f"{self.title}: {value.name + ' = ' if value.name else ''}{', '.join(value.numbers)}"
        )
        if value.name in self.names and not agree(value.numbers, self.names[value.name]):
            return f"{shown}, but it is {self.names[value.name]}"
        n, known = len(value.numbers), self.known
        if not any(value.values) or (n == 1 and abs(value.values[0]) in ALONE):
            return None
        if any(known[i : i + n] == value.values for i in range(len(known))):
            return None
        return f"{shown} is not in the section's examples"


def sections(text):
    """Yield the sections of a chapter; what comes before the first is one of them."""
    for part in SECTION.split(text):
        code = "\n".join(body for kind, body in FENCE.findall(part) if kind == "python")
        examples = doctest.DocTestParser().get_examples(code)
        title, *_ = part.splitlines() or [""]
        yield Section(title.strip("#: "), blank(FENCE, part), code, examples)


def run(chapter, name):
    """Run a chapter's examples, one section after the other; return the sections, and what went wrong."""
    names, done, reports = {}, list(sections(chapter)), []
    for section in done:
        test = doctest.DocTest(section.examples, names, section.title, name, 0, section.code)
        doctest.DocTestRunner(verbose=False).run(test, out=reports.append, clear_globs=False)
        names = test.globs
        section.names = {key: np.copy(v) for key, v in names.items() if numeric(v)}
    return done, reports


def blank(pattern, text):
    """Return the text with spaces instead of what matches: everything else stays where it is."""
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def values(text):
    """Yield the numbers of a text, rows and matrices as one."""
    left = blank(NO_TEXT, text)
    for pattern, read in READINGS.items():
        for match in pattern.finditer(left):
            name = END.match(text, match.end()) and NAME.search(text[: match.start()])
            yield Value(*match.span(), read(match), python_name(name) if name else "")
        left = blank(pattern, left)


def python_name(match):
    above, below, *others = match.groups()
    name = f"d{above}_d{below}" if above else "".join(filter(None, others))
    return name + "_" * keyword.iskeyword(name)  # lambda


def numeric(value):
    return isinstance(value, int | float | np.ndarray | np.number) and np.isrealobj(value)


def agree(numbers, value):
    """Return whether numbers are an array's, each rounded to its number of decimals."""
    true = np.ravel(value)
    if len(true) != len(numbers):
        return False
    slack = [0.5000001 * 10.0 ** -decimals(number) if "." in number else 1e-9 for number in numbers]
    return all(abs(t - float(n)) <= s for t, n, s in zip(true, numbers, slack, strict=True))


def decimals(number):
    mantissa, _, exponent = number.partition("e")
    return len(mantissa.partition(".")[2]) - int(exponent or 0)
