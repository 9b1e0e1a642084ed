"""Every chapter as a notebook: written from its Markdown, run, and compared with what the chapter says.

python docs/notebooks.py          into docs/_build/html/notebooks and zh/notebooks, where the chapters link to them
"""

import doctest
import re
import sys
from pathlib import Path

import nbformat
import translated
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

HERE = Path(__file__).parent
TARGETS = {"en": HERE / "_build/html/notebooks", "zh": HERE / "_build/html/zh/notebooks"}
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PULLED = re.compile(r"^```\{(?:eval-rst|literalinclude)\}(.*?)^```$\n?", re.MULTILINE | re.DOTALL)
NAMES = re.compile(r"autofunction:: ([\w.]+)")
FIGURE = re.compile(r"^:::\{figure\} (\S+)\n:alt: (.*?)\n\n(.*?)^:::$", re.MULTILINE | re.DOTALL)
FOLDED = re.compile(r"^:::\{admonition\} (.*)\n:collapsible: closed\n|^:::$", re.MULTILINE)
PAGE = re.compile(r"\]\((?!https?:)([^)#]+?)\.md(#[^)]*)?\)")


def text(part):
    """Return a chapter's Markdown as a notebook shows it."""
    part = PULLED.sub(lambda m: "".join(f"- `{name}`\n" for name in NAMES.findall(m[1])), part)
    part = FIGURE.sub(r"![\2](\1)\n\n\3", part)
    part = FOLDED.sub(lambda m: f"**{m[1]}**" if m[1] else "", part)
    part = re.sub(r"\{py:\w+\}`", "`", part)
    return PAGE.sub(r"](../book/\1.html\2)", part).strip()


def chinese(part, catalogue):
    """Return a chapter's Markdown with the translations of its strings, of the longest first."""
    strings = sorted(catalogue, key=len, reverse=True)
    for i, english in enumerate(strings):
        words = r"\s+".join(map(re.escape, english.split()))
        part = re.sub(rf"(?<![\w$\\]){words}(?![\w$])", f"\0{i}\0", part)
    return re.sub("\0(\\d+)\0", lambda found: catalogue[strings[int(found[1])]], part)


def untranslated(part):
    """Return the lines of a Chinese text in which there are only English words."""
    known = translated.HAN, translated.REFERENCE, re.compile(r"^[-|!]")
    lines = [line for line in part.splitlines() if translated.words(line)]
    return [line for line in lines if not any(pattern.search(line) for pattern in known)]


def notebook(chapter, catalogue):
    """Return a chapter's notebook; a cell's metadata have what it must print, a text's its Chinese."""
    cells = []
    for i, part in enumerate(BLOCK.split(chapter)):
        if i % 2 == 0:
            other = {"zh": text(chinese(part, catalogue))}
            cells += [new_markdown_cell(text(part), metadata=other)] if text(part) else []
            continue
        for example in doctest.DocTestParser().get_examples(part):
            if cells[-1].cell_type == "code" and not cells[-1].metadata["said"]:
                cells[-1].source += "\n" + example.source.rstrip()
                cells[-1].metadata["said"] = example.want
            else:
                cell = new_code_cell(example.source.rstrip(), metadata={"said": example.want})
                cells.append(cell)
    return new_notebook(
        cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    )


def printed(cell):
    """Return what a cell printed, and then its value."""
    said = ""
    for output in cell.outputs:
        said += output.get("text", "") or output.get("data", {}).get("text/plain", "") + "\n"
    return said


def run(path):
    """Write and run a chapter's notebook, in both languages; yield where it differs from the chapter."""
    made = notebook(path.read_text(encoding="utf-8"), translated.catalogue(f"book/{path.stem}"))
    there = {"metadata": {"path": str(TARGETS["en"])}}
    quiet = ["--IPKernelApp.log_level=40"]  # it warns of its way to talk to this process
    NotebookClient(made, timeout=120, resources=there, extra_arguments=quiet).execute()
    check = doctest.OutputChecker()
    texts = [cell.metadata.pop("zh") for cell in made.cells if cell.cell_type == "markdown"]
    for cell in made.cells:
        if cell.cell_type == "code" and not check.check_output(
            cell.metadata.pop("said"), printed(cell), 0
        ):
            yield f"{path.stem}: {cell.source}\nprints\n{printed(cell)}"
    nbformat.write(made, TARGETS["en"] / f"{path.stem}.ipynb")
    for cell in made.cells:
        if cell.cell_type == "markdown":
            cell.source = texts.pop(0)
            yield from (
                f"{path.stem}: not in Chinese: {line}" for line in untranslated(cell.source)
            )
    nbformat.write(made, TARGETS["zh"] / f"{path.stem}.ipynb")


def main():
    """Do it for all chapters."""
    for language, target in TARGETS.items():
        (target / "figures").mkdir(parents=True, exist_ok=True)
        for figure in sorted(
            (HERE / "book/figures").glob("*")
        ):  # of x.svg and x.zh_CN.svg the last
            if language == "zh" or ".zh_CN." not in figure.name:
                (target / "figures" / figure.name.replace(".zh_CN", "")).write_bytes(
                    figure.read_bytes()
                )
    wrong = [said for path in sorted((HERE / "book").glob("[0-9]*.md")) for said in run(path)]
    number = len(list(TARGETS["en"].glob("*.ipynb")))
    print("\n".join(wrong) or f"{number} notebooks print what their chapters say")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
