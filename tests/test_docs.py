"""The pages lead where they say, and the first of them is short."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = (
    sorted(ROOT.glob("*.md"))
    + sorted([*ROOT.glob("docs/*.md"), *ROOT.glob("docs/book/*.md")])
    + [ROOT / "examples/README.md"]
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_finds_it(page):
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text())
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_line_of_a_paragraph_looks_like_the_beginning_of_a_list(page):
    text = re.sub(
        r"^ *```.*?^ *```|^ *\$\$.*?^ *\$\$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL
    )
    paragraphs = [part for part in text.split("\n\n") if not re.match(r"\s*([-+*]|\d+\.) ", part)]
    assert [
        found for part in paragraphs for found in re.findall(r"\n *(?:[-+*]|1\.) .*", part)
    ] == []


def test_the_readme_is_a_page_for_newcomers():
    assert len((ROOT / "README.md").read_text().split()) <= 900


def test_the_example_of_convolutions_runs():
    (code,) = re.findall(
        r"```python\n(.*?)```", (ROOT / "docs/convolutions.md").read_text(), re.DOTALL
    )
    names = {}
    exec(code, names)
    assert names["gan"].sample(2, rng=0).shape == (2, 784)
