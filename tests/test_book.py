"""The book's examples run, and no number of its text is other than what they compute."""

import re
from pathlib import Path

import book
import pytest

BOOK = Path(__file__).parents[1] / "docs/book"
CHAPTERS = {path.stem: path.read_text() for path in sorted(BOOK.glob("[0-9]*.md"))}
PARTS = ["## Check it", "## Exercise", "## Read next", ":::{figure}", ":::{admonition} Solution"]


@pytest.fixture(scope="module", params=CHAPTERS)
def chapter(request):
    sections, reports = book.run(CHAPTERS[request.param], request.param)
    assert reports == []
    return sections


def test_every_number_of_the_text_is_computed(chapter):
    assert "\n".join(said for section in chapter for said in section.wrong()) == ""


def test_a_wrong_digit_or_sign_is_found_wherever_it_is_planted(chapter):
    missed = [
        f"{section.title}: {old} -> {new}, at {text[max(0, at - 30) : at + 10]!r}"
        for section in chapter
        for at, old, new, text in planted(section)
        if not section.wrong(text)
    ]
    assert "\n".join(missed) == ""


def planted(section):
    """Yield the section's text with one number changed, for each number that is no 0, 1 or 2 alone.

    No whole number becomes another one of the section's examples: that is not found.
    """
    for value in book.values(section.text):
        if (
            value.name not in section.names
            and len(value.numbers) == 1
            and abs(value.values[0]) in book.ALONE
        ):
            continue
        for match in re.finditer(r"-?\d+(?:\.\d+)?", section.text[value.start : value.end]):
            old, at = match[0], value.start + match.start()
            other_digit = old[:-1] + str((int(old[-1]) + 3) % 10)
            other_sign = old[1:] if old[0] == "-" else f"-{old}"
            signed = float(old) and not re.search(r"frac\d?$", section.text[:at])
            for new in (other_digit, other_sign) if signed else (other_digit,):
                if "." in new or float(new) not in section.known:
                    yield at, old, new, section.text[:at] + new + section.text[at + len(old) :]


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_has_all_its_parts(name):
    assert [part for part in PARTS if part not in CHAPTERS[name]] == []
