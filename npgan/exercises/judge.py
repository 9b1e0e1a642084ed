"""Judging an answer: the reader's file is run by a Python of its own, for a limited time."""

import os
import subprocess
import sys
from pathlib import Path
from runpy import run_path

from npgan.exercises.answer import Answer, Wrong, said
from npgan.exercises.checks import check
from npgan.exercises.exercise import EXERCISES

SECONDS = 20.0
RIGHT = "right"


def verdict(number: int, path: str | Path) -> str:
    """Return "right", or in a line what is wrong with the answer in a file, whose code is run here."""
    try:
        check(EXERCISES[number].name, Answer(run_path(str(path), run_name="answer")))
    except Wrong as wrong:
        return str(wrong)
    except SyntaxError as error:
        return f"line {error.lineno or 1} is no Python: {error.msg}"
    except (Exception, SystemExit) as error:
        return f"the file {said(error, str(path))}"
    return RIGHT


def judged(number: int, path: Path, seconds: float = SECONDS) -> str:
    """Return the verdict on a file, by a process that may loop, print or end as it likes."""
    command = [sys.executable, "-m", __name__, str(number), str(path)]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            timeout=seconds,
            text=True,
        )
    except subprocess.TimeoutExpired:
        return f"it is not done after {seconds:g} seconds: is there a loop without an end?"
    return done.stdout if done.stdout else "it ends Python before it is judged"


def main() -> None:
    """Print the verdict; what the answer prints goes to stderr."""
    number, path = sys.argv[1:]
    ours = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    with ours:
        ours.write(verdict(int(number), path))


if __name__ == "__main__":
    main()
