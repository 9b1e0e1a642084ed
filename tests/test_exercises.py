"""Exercises: solutions are right, what readers are given is not, and bad answers are judged in one line."""

import pytest
from commands import run

from npgan.exercises import EXERCISES, judge
from npgan.exercises.judge import RIGHT, judged

ALL = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda e: f"{e.number}-{e.name}")


@pytest.fixture
def verdict(tmp_path):
    def verdict(number, source):
        file = tmp_path / "answer.py"
        file.write_text(source)
        return judge.verdict(number, file)

    return verdict


def test_they_are_numbered_from_one_and_have_a_chapter_a_title_and_three_hints():
    assert list(EXERCISES) == list(range(1, len(EXERCISES) + 1))
    for exercise in EXERCISES.values():
        assert exercise.title
        assert 1 <= exercise.chapter <= 17
        assert len(exercise.hints) == 3


@ALL
def test_the_solution_is_right(exercise, verdict):
    assert verdict(exercise.number, exercise.solution) == RIGHT


@ALL
def test_what_a_reader_begins_with_is_wrong_and_gives_nothing_away(exercise, verdict):
    found = verdict(exercise.number, exercise.skeleton)
    assert ("find the bug" in exercise.title.lower()) != ("is still to be written" in found)
    assert "\n" not in found
    for mark in ("# bug", "# write", "# end", exercise.hints[-1][:30]):
        assert mark not in exercise.skeleton + exercise.solution


BUGS = {
    15: "dbias is wrong. bias: 1/n times the derivative",
    16: "the derivative is taken at y, not at x",
    17: "a second path is missing, through a mean",
    18: "dlog_var is wrong. log_var: 2 times the derivative",
    19: "gradient(): dW is wrong",
    20: "in step 1, w[0] is 1.12573, and should be 0.22573",
    21: "gradient(): dlogits is wrong",
}


@pytest.mark.parametrize("number", [n for n, e in EXERCISES.items() if e.name.startswith("bug")])
def test_a_planted_bug_is_named(number, verdict):
    assert BUGS[number] in verdict(number, EXERCISES[number].skeleton)


DENSE = EXERCISES[3].solution
Y, DX, DW = "x @ weight + bias", "dy @ weight.T", "x.T @ dy"
ANSWERS = {
    "a syntax error": (DENSE + "\nif", "is no Python: invalid syntax"),
    "no function": ("", "there is no function forward()"),
    "no function of that name": ("forward = 3", "there is no function forward()"),
    "raises": (
        DENSE.replace(Y, "1 / 0"),
        "forward() raises ZeroDivisionError in line 13: division",
    ),
    "raises at once": ("1 / 0", "the file raises ZeroDivisionError in line 1: division by zero"),
    "ends": ("import sys; sys.exit(0)", "the file raises SystemExit in line 1: 0"),
    "ends later": (DENSE.replace(Y, "exit(3)"), "forward() raises SystemExit in line 13: 3"),
    "recurses": (DENSE.replace(Y, "forward(x, weight, bias)"), "forward() raises RecursionError"),
    "wrong arguments": ("def forward(x): pass", "forward() raises TypeError"),
    "nothing": (DENSE.replace("return " + Y, "pass"), "forward() returns nothing"),
    "another shape": (
        DENSE.replace(Y, f"({Y}).T"),
        "returns y of shape (2, 5): it must be of shape",
    ),
    "one for three": (
        DENSE.replace(", dy.sum(axis=0)", ""),
        "must return 3 arrays: dx, dweight, dbias",
    ),
    "text": (DENSE.replace(Y, "'y'"), "returns str for y, not an array of numbers"),
    "objects": (
        DENSE.replace(Y, f"({Y}).astype(object)"),
        "returns an array of object for y, not an array of numbers",
    ),
    "complex numbers": (DENSE.replace(Y, f"({Y}) * 1j"), "returns an array of complex128 for y"),
    "truths": (DENSE.replace(Y, f"({Y}) > 0"), "returns an array of bool for y"),
    "single precision": (
        DENSE.replace(Y, f"({Y}).astype(np.float32)"),
        "forward(): y[0, 0] is 1.98382925987, and should be 1.98382929824",
    ),
    "a null byte": (DENSE + "\0", "line 1 is no Python: source code string cannot contain null"),
    "NaN": (DENSE.replace(Y, f"({Y}) * np.nan"), "returns y with NaN or infinite numbers"),
    "a value": (DENSE.replace(Y, "x @ weight - bias"), "forward(): y[0, 0] is"),
    "in place": (DENSE.replace(DX, "dy.__imul__(2) @ weight.T"), "changes what it is given"),
    "a sign": (DENSE.replace(DX, "-dy @ weight.T"), "dx is wrong. x: the sign is wrong"),
    "1/n": (DENSE.replace(DW, "x.T @ dy / len(x)"), "dweight is wrong. weight: 1/n times"),
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_a_bad_answer_is_judged_in_a_line(kind, verdict):
    source, words = ANSWERS[kind]
    found = verdict(3, source)
    assert words in found
    assert "\n" not in found


@pytest.mark.parametrize("number", [5, 6, 10])
def test_large_numbers_must_not_overflow(number, verdict):
    naive = {
        5: ("logits.max(axis=1, keepdims=True)", "0"),
        6: ("np.log1p(np.exp(-abs(logits)))", "np.log(1 + np.exp(logits)) - np.maximum(logits, 0)"),
        10: ("a.max(axis=1, keepdims=True)", "np.zeros((len(a), 1))"),
    }
    found = verdict(number, EXERCISES[number].solution.replace(*naive[number]))
    assert found.endswith("with NaN or infinite numbers, if it is given numbers of 1000 or -1000")


PROCESSES = {
    "loops": (
        "while True: pass",
        "it is not done after 3 seconds: is there a loop without an end?",
    ),
    "ends Python": ("import os; os._exit(0)", "it ends Python before it is judged"),
    "asks": ("input()", "the file raises EOFError in line 1: EOF when reading a line"),
    "prints": (
        "print('right')\n" + DENSE.replace(DX, "0 * dy @ weight.T"),
        "backward(): dx is wrong",
    ),
}


@pytest.mark.parametrize("kind", PROCESSES)
def test_an_answer_has_a_process_of_its_own(kind, tmp_path):
    source, words = PROCESSES[kind]
    (tmp_path / "answer.py").write_text(source)
    assert judged(3, tmp_path / "answer.py", 3 if kind == "loops" else 60).startswith(words)


def test_from_the_list_to_the_solution(in_an_empty_folder, tmp_path, capsys):
    def said(*words, code=0):
        found, out, err = run(capsys, "exercise", *words)
        assert (found, err) == (code, "")
        return out

    assert "5       4  The cross-entropy of a softmax" in said()
    assert said(15).startswith("exercise_15_bug_dense.py: Find the bug")
    assert "dbias is wrong" in said(15, "--check", code=1)
    assert "Do layers?" in said(15, "--hint", 2)
    file = tmp_path / "exercise_15_bug_dense.py"
    file.write_text(file.read_text().replace("mean", "sum"))
    assert said(15, "--watch") == "exercise_15_bug_dense.py: right\n"
    assert "dbias = dy.sum(axis=0)\n" in said(15, "--solution")


REFUSED = {
    "99": "there is no exercise 99: they are 1 to 21",
    "1 --check": "exercise_01_differences.py is not there: npgan exercise 1 writes it",
    "1 --hint 4": "--hint must be 1 to 3",
    "2": "there already: --check judges it",
    "2 --solution": "try it first",
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_cannot_be_done_is_refused(in_an_empty_folder, words, capsys):
    run(capsys, "exercise", 2)
    code, _, said = run(capsys, "exercise", *words.split())
    assert code == 2
    assert REFUSED[words] in said
