"""The Chinese catalogues: what is missing, and what does not say what the English says.

    python docs/translated.py            check all; what is wrong is printed, exit code 1
    python docs/translated.py list NAME  a document's strings, numbered, formulas and code as {1}, {2}, ...
    python docs/translated.py fill NAME FILE  take the translations of that list: lines "12 ...", as many as there are

A document is index or book/NAME. Its strings are extracted by `make docs-strings`.
"""

import re
import sys
import tomllib
import warnings
from collections import Counter
from pathlib import Path

from babel.messages.pofile import read_po, write_po

HERE = Path(__file__).parent
STRINGS = HERE / "_build/gettext"
CATALOGUES = HERE / "zh/zh_CN/LC_MESSAGES"
GLOSSARY = tomllib.loads((HERE / "zh/glossary.toml").read_text(encoding="utf-8"))
LABELS = tomllib.loads((HERE / "zh/labels.toml").read_text(encoding="utf-8"))
KEPT = re.compile(
    r"\$[^$]+\$"  # a formula
    r"|:?\{?[a-z:]*\}?:?`+[^`]+`+_?_?"  # code, roles
    r"|\]\([^)\s]+\)"  # where a link leads
)
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
HAN = re.compile(r"[\u4e00-\u9fff]")
REFERENCE = re.compile(r"\*[^*]+\*.*\b(19|20)\d\d\b")
NAMES = re.compile(r"(?:[A-Z][\w-]+(?: and [A-Z][\w-]+| et al\.)? \d{4}(?:; )?)+")
FORMULA = re.compile(r"\\[A-Za-z]+|[{}^_&]|\\\\")
MARKED = re.compile(r"(?<!\*)\*{1,2}(?![*\s])")


def documents():
    """Return the names of the documents that are translated."""
    return [
        "index",
        "exercises",
        *(f"book/{path.stem}" for path in sorted((HERE / "book").glob("[0-9]*.md"))),
    ]


def markdown(text):
    """Return a docstring's formulas, roles and code as Markdown: pages that are Markdown are translated so."""
    text = re.sub(r":math:`([^`]+)`", r"$\1$", text)
    text = re.sub(r":(\w+):`", r"{py:\1}`", text)
    return re.sub(r"``([^`]+)``", r"`\1`", text)


def parts(text):
    """Return what a translation must keep: formulas, code and links, and the numbers between them."""
    kept = Counter(re.sub(r"\s+", " ", markdown(part)) for part in KEPT.findall(text))
    return kept + Counter(NUMBER.findall(KEPT.sub(" ", text)))


def words(text):
    """Return whether there is something to translate: a formula in a line of its own has no words."""
    if text.startswith("* *") or NAMES.fullmatch(text):  # the items of a list follow, one by one
        return False
    if re.search(r"\\text\{", text):
        return True
    plain = KEPT.sub(" ", text)
    if FORMULA.search(plain):
        return bool(re.search(r"[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}", plain))
    return bool(re.search(r"[A-Za-z]{3}" if "=" in plain else r"[A-Za-z]{2}", plain))


def faults(english, chinese):
    """Yield what is wrong with a translation."""
    if not chinese:
        yield "is not translated"
        return
    if not HAN.search(chinese) and not REFERENCE.search(english):
        yield "has no Chinese"
    missing, added = parts(english) - parts(chinese), parts(chinese) - parts(english)
    for what, found in (("lacks", missing), ("has", added)):
        if found:
            yield f"{what} {', '.join(found)}"
    if len(MARKED.findall(KEPT.sub("x", english))) > 0 and not MARKED.search(
        KEPT.sub("x", chinese)
    ):
        yield "lacks the emphasis"
    plain = re.sub(r"\*.*\*", " ", english) if REFERENCE.search(english) else english
    plain = KEPT.sub(" ", plain).lower()
    for term, said in GLOSSARY.items():
        if re.search(rf"\b{term}(?:s|es)?\b", plain) and not any(s in chinese for s in said):
            yield f"says {term} otherwise than {' or '.join(said)}"


def strings(name):
    """Return a document's English strings, in order."""
    with (STRINGS / f"{name}.pot").open("rb") as file:
        return [message.id for message in read_po(file) if message.id and words(message.id)]


def catalogue(name):
    """Return a document's translations."""
    path = CATALOGUES / f"{name}.po"
    if not path.exists():
        return {}
    with path.open("rb") as file:
        return {m.id: m.string for m in read_po(file) if m.id and not m.fuzzy}


def check():
    """Yield what is wrong, in all documents and in the figures' labels."""
    for name in documents():
        translated, wanted = catalogue(name), strings(name)
        for english in wanted:
            for fault in faults(english, translated.get(english, "")):
                yield f"{name}: {fault}: {english[:100]!r}"
        for english in set(translated) - set(wanted):
            yield f"{name}: is no longer in the English text: {english[:100]!r}"
    for label in labels() - set(LABELS):
        yield f"label of a figure: is not translated: {label!r}"


def labels():
    """Return the labels of all figures: what is said while they are drawn."""
    sys.path[:0] = [str(HERE / "book"), str(HERE.parent)]
    import figures
    from drawings import style

    heard = set()
    style.WORDS = type("Heard", (dict,), {"get": lambda _, word, other: heard.add(word) or other})()
    with warnings.catch_warnings(action="ignore"):  # of one that moves, which is not saved
        for function in figures.FIGURES.values():
            function()
    return {label for label in heard if re.search(r"[A-Za-z]{3}", label)}


def hidden(text):
    """Return a string with {1}, {2}, ... in place of what must be kept, and that."""
    kept = []

    def number(match):
        kept.append(match[0])
        return f"{{{len(kept)}}}"

    return KEPT.sub(number, text), kept


def shown(line, kept):
    """Return a translation with what must be kept in its places; no space stands between stars and Chinese."""
    line = re.sub(r"^(\d+)\. ", r"\1\\. ", tight(line))  # no list begins here
    return re.sub(r"\{(\d+)\}", lambda m: markdown(kept[int(m[1]) - 1]), line) if kept else line


def tight(line):
    """Return a line without spaces between Chinese and the stars of emphasised Chinese, or beside punctuation."""
    line = re.sub(r" (?=[，。：；）、])|(?<=[（，。：；、]) ", "", line)
    line = re.sub(rf"(?<={HAN.pattern}) (\*+)(?={HAN.pattern})", r"\1", line)
    return re.sub(rf"(?<={HAN.pattern})(\*+) (?={HAN.pattern}|（)", r"\1", line)


def listed(name):
    """Print a document's strings that are not translated."""
    translated = catalogue(name)
    for i, english in enumerate(strings(name), 1):
        if not translated.get(english):
            print(i, hidden(english)[0].replace("\n", " "))


def fill(name, file):
    """Put translations into a document's catalogue."""
    said = dict(re.findall(r"^(\d+) (.*)$", Path(file).read_text(encoding="utf-8"), re.MULTILINE))
    translated = catalogue(name)
    with (STRINGS / f"{name}.pot").open("rb") as source:
        pot = read_po(source, locale="zh_CN")
    for message in [m for m in pot if m.id and not words(m.id)]:
        pot.delete(message.id)
    for i, message in enumerate([m for m in pot if m.id], 1):
        message.string = translated.get(message.id, "")
        if line := said.get(str(i)):
            message.string = shown(line, hidden(message.id)[1])
        message.locations, message.flags = [], set()
    path = CATALOGUES / f"{name}.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as target:
        write_po(target, pot, omit_header=True, width=0, no_location=True)
    for english, chinese in catalogue(name).items():
        for fault in faults(english, chinese):
            print(f"{fault}: {english[:100]!r}: {chinese[:100]}")


def main():
    match sys.argv[1:]:
        case []:
            found = list(check())
            print("\n".join(found) or "all is translated")
            return bool(found)
        case ["list", name]:
            listed(name)
        case ["fill", name, file]:
            fill(name, file)
        case _:
            print(__doc__)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
