"""The Chinese book is compared with the English: a wrong translation is found, a right one is not."""

import importlib.util
from pathlib import Path

import pytest

pytest.importorskip("babel", reason="the pages' tools are not installed: make docs-tools")
DOCS = Path(__file__).parents[1] / "docs"
spec = importlib.util.spec_from_file_location("translated", DOCS / "translated.py")
translated = importlib.util.module_from_spec(spec)
spec.loader.exec_module(translated)

ENGLISH = (
    "With $h = 0.2$ the *gradient* of `loss` is 3 times as large, see [chapter 9](09_dynamics.md)."
)
RIGHT = "取 $h = 0.2$，`loss` 的*梯度*是 3 倍，见 [第 9 章](09_dynamics.md)。"
WRONG = {
    "is not translated": "",
    "has no Chinese": ENGLISH,
    "lacks $h = 0.2$": RIGHT.replace("0.2", "0.3"),
    "lacks 3": RIGHT.replace("3 倍", "4 倍"),
    "lacks `loss`": RIGHT.replace("`loss`", "损失"),
    "lacks ](09_dynamics.md)": RIGHT.replace("09_", "08_"),
    "lacks the emphasis": RIGHT.replace("*", ""),
    "says gradient otherwise": RIGHT.replace("梯度", "斜度"),
}


def test_a_right_translation_has_no_faults():
    assert list(translated.faults(ENGLISH, RIGHT)) == []


@pytest.mark.parametrize("fault", WRONG)
def test_a_wrong_translation_is_found(fault):
    assert any(said.startswith(fault) for said in translated.faults(ENGLISH, WRONG[fault]))


def test_docstrings_become_markdown():
    english = "The mean of :math:`x` is ``0``, see :func:`mean`."
    line, kept = translated.hidden(english)
    assert line == "The mean of {1} is {2}, see {3}."
    made = translated.shown("{1} 的平均是 {2} ，见 {3} 。", kept)
    assert made == "$x$ 的平均是 `0`，见 {py:func}`mean`。"
    assert list(translated.faults(english, made)) == []


def test_formulas_names_and_lists_of_items_are_not_translated():
    assert not any(
        map(translated.words, [r"dx = \frac{1}{2}", "Metz et al. 2017", "* *x* -- one * *y*"])
    )
    assert translated.words(r"x = 1 \text{ if it is small}")
