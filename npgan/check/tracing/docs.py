r"""What an operation's docstring says of it: its formula and its source."""

import inspect
import re
from typing import Any

from npgan import ops

INLINE = re.compile(r":math:`(.+?)`", re.DOTALL)
BLOCK = re.compile(r"\.\. math::\s*(.+?)(?:\n\s*\n|\Z)", re.DOTALL)
SOURCE = re.compile(r"\bSources?: (.+?)(?:\n\s*\n|\Z)", re.DOTALL)
JOINTS = "", "for", "where", "else", "if", "and"
"""Words between the parts of one formula."""
END = re.compile(r"\s*($|[.;(]|, (since|as|with|which)\b)")
"""What may follow a sentence's last formula."""
NUMPY = {
    "add": "a + b",
    "subtract": "a - b",
    "negative": "-a",
    "multiply": r"a \odot b",
    "divide": "a / b",
    "true_divide": "a / b",
    "product": "ab",
    "square": "a^2",
    "absolute": "|a|",
    "sqrt": r"\sqrt{a}",
    "exp": "e^a",
    "log": r"\log a",
    "sum": r"\sum_i a_i",
    "mean": r"\frac{1}{N}\sum_i a_i",
    "maximum": r"\max(a, b)",
    "minimum": r"\min(a, b)",
    "sign": r"\mathrm{sign}(a)",
}
"""The formulas of a few of NumPy's functions."""


def formula(thing: Any) -> str:
    r"""Return the formula of a docstring as LaTeX: that at the end of its first sentence, else the first displayed one.

    >>> formula(ops.dense_forward), formula(ops.dense_backward_parameters)
    ('y = xW + b', 'dW = \\sum_n x_n \\otimes dy_n = x^\\top dy, \\qquad db = \\sum_n dy_n')
    """
    text = inspect.getdoc(thing) or ""
    found = [_last_equation(text.partition("\n\n")[0]), *BLOCK.findall(text), *INLINE.findall(text)]
    return " ".join(next(filter(None, found), "").split()).rstrip(".,")


def _last_equation(sentence: str) -> str:
    """Return the equation that a sentence ends with, and its conditions: y = x for x > 0, else 0."""
    words = INLINE.split(sentence)
    equation = ""
    for before, part, after in zip(words[::2], words[1::2], words[2::2], strict=False):
        joint = before.strip(" ,")
        if equation and joint in JOINTS:
            comma = "," if "," in before else ""
            equation += rf"{comma}\ \mathrm{{{joint}}}\ {part}" if joint else rf",\ {part}"
        elif "=" in part:
            equation = part
        if END.match(after):
            return equation
    return ""


def source(thing: Any) -> str:
    """Return the source that a docstring names, or ""."""
    found = SOURCE.search(inspect.getdoc(thing) or "")
    return " ".join(found[1].split()).rstrip(".") if found else ""


def of_operation(name: str) -> tuple[str, str]:
    """Return the formula and the source of an operation; one that is two at once has those of the first."""
    both = [getattr(ops, name), getattr(ops, f"{name}_forward", None)]
    formulas, sources = map(formula, both), map(source, both)
    return next(filter(None, formulas), ""), next(filter(None, sources), "")
