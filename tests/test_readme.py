"""The two commands at the top of README.md, and that CI runs them from there."""

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COMMANDS = re.search("```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[1].splitlines()


def test_the_two_commands():
    anew = "python3 -m venv .venv && .venv/bin/pip install -q"
    train, tests = COMMANDS
    assert train == f"{anew} . && .venv/bin/npgan train"
    assert tests == f"{anew} -e '.[test]' && .venv/bin/pytest -q -n 2"


def test_ci_takes_them_from_there():
    ci, readme = (ROOT / ".ci" / "run").read_text(), (ROOT / "README.md").read_text()
    taken = [
        re.findall(pattern, readme, re.MULTILINE)
        for pattern in re.findall(r"\$\(grep '(.*)' README.md\)", ci)
    ]
    assert taken == [[command] for command in COMMANDS]
    assert "pip install" not in ci


CHINESE = (ROOT / "docs/zh/README.md").read_text(encoding="utf-8")
KEPT = {
    "code": re.compile(r"```.*?```", re.DOTALL),
    "code in a line": re.compile(r"(?<!`)`[^`\n]+`(?!`)"),
    "numbers": re.compile(r"\d[\d,.]*\d|\d"),
    "headings": re.compile(r"^#+", re.MULTILINE),
    "links": re.compile(r"(?<=\]\()[^)]+"),
}


@pytest.mark.parametrize("kind", KEPT)
def test_the_chinese_one_says_the_same(kind):
    def parts(path, text):
        found = [part.replace("\n", " ") for part in KEPT[kind].findall(text)]
        is_path = kind == "links"
        return (
            Counter(str((path / part).resolve()) for part in found) if is_path else Counter(found)
        )

    english = (ROOT / "README.md").read_text()
    own = {
        "docs/zh/README.md",
        "make docs-zh",
        "book/01_derivatives",
    }  # what only one of them names
    missing = parts(ROOT, english) - parts(ROOT / "docs/zh", CHINESE)
    added = parts(ROOT / "docs/zh", CHINESE) - parts(ROOT, english)
    assert [part for part in [*missing, *added] if not any(word in part for word in own)] == []
