"""The two commands at the top of README.md, and that CI runs them from there."""

import re
from pathlib import Path

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
