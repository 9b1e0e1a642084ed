"""Exercises: write a piece of npgan by hand, or find the mistake in one."""

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from npgan.commands.common import MOST, either, number, option, path
from npgan.errors import InputError, count

if TYPE_CHECKING:
    from npgan.exercises import Exercise

SUMMARY = "write a piece of npgan by hand, and have it judged"
EXAMPLES = """
  npgan exercise                            list them
  npgan exercise 5                          write exercise_05_softmax_cross_entropy.py, to be filled in
  npgan exercise 5 --check                  judge it
  npgan exercise 5 --watch                  judge it whenever it is saved, until it is right
  npgan exercise 5 --hint 2                 the second hint
  npgan exercise 5 --solution               after a try
"""
OPTIONS = (
    option(
        "number", type=number(int, count, 1, MOST), nargs="?", metavar="NUMBER", help="of the list"
    ),
    either(
        option("--check", action="store_true", help="judge the file; exit code 1 if it is wrong"),
        option(
            "--watch", action="store_true", help="judge it whenever it is saved, until it is right"
        ),
        option(
            "--hint",
            type=number(int, count, 1, MOST),
            nargs="?",
            const=1,
            metavar="K",
            help="print a hint; default: the first",
        ),
        option("--solution", action="store_true", help="print a solution, after a try"),
    ),
    option(
        "--out", type=path, metavar="FILE", help="the file; default: exercise_NUMBER_NAME.py here"
    ),
)
LOOKS = 0.3  # seconds between two looks at the file


def run(a: argparse.Namespace) -> int:
    """List the exercises, or do what is asked with one."""
    from npgan.exercises import EXERCISES

    if a.number is None:
        print(f"{'':4}{'chapter':>7}  what to do")
        for number, exercise in EXERCISES.items():
            print(f"{number:3} {exercise.chapter:7}  {exercise.title}")
        print("\nnpgan exercise NUMBER writes the file to begin with")
        return 0
    if a.number not in EXERCISES:
        raise InputError(f"there is no exercise {a.number}: they are 1 to {max(EXERCISES)}")
    exercise = EXERCISES[a.number]
    file = a.out or Path(exercise.file)
    if a.check or a.watch:
        return _judge(exercise, file, a.watch)
    if a.hint is not None:
        _hint(exercise, a.hint)
    elif a.solution:
        _solution(exercise, file)
    else:
        _begin(exercise, file)
    return 0


def _begin(exercise: "Exercise", file: Path) -> None:
    if file.exists():
        raise InputError(f"{file} is there already: --check judges it; move it away to begin anew")
    file.write_text(exercise.skeleton, encoding="utf-8")
    print(f"{file}: {exercise.title}. Edit it, then: npgan exercise {exercise.number} --check")


def _hint(exercise: "Exercise", number: int) -> None:
    if not 1 <= number <= len(exercise.hints):
        raise InputError(f"--hint must be 1 to {len(exercise.hints)}")
    print(exercise.hints[number - 1])


def _answer(exercise: "Exercise", file: Path) -> str:
    if not file.is_file():
        raise InputError(f"{file} is not there: npgan exercise {exercise.number} writes it")
    return file.read_text(encoding="utf-8", errors="replace")


def _solution(exercise: "Exercise", file: Path) -> None:
    if _answer(exercise, file) == exercise.skeleton:
        raise InputError(f"try it first: {file} is as it was written (--hint helps)")
    print(exercise.solution, end="")


def _judge(exercise: "Exercise", file: Path, watch: bool) -> int:
    from npgan.exercises.judge import RIGHT, judged

    while True:
        before = _answer(exercise, file)
        found = judged(exercise.number, file)
        print(f"{file}: {found}")
        sys.stdout.flush()
        if not watch or found == RIGHT:
            return int(found != RIGHT)
        while _answer(exercise, file) == before:
            time.sleep(LOOKS)
