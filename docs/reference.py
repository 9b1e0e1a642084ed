"""The reference's pages, one for each public module of npgan, written anew whenever the pages are built."""

import re
from pathlib import Path

PAGES = Path(__file__).parent / "api"
PRIVATE = {"kernels", "program", "commands", "system", "__main__", "tracing.arrays", "exercises"}
"""Rooms and modules that nobody outside of npgan imports from."""


def write(package):
    """Write a page for the module in this folder, and pages for all below it; return the module's name."""
    parts = package.with_suffix("").relative_to(PAGES.parents[1]).parts
    name = ".".join(parts)
    below = [
        write(path)
        for path in sorted(package.glob("*"))
        if PRIVATE.isdisjoint({path.stem, f"{package.name}.{path.stem}"}) and is_module(path)
    ]
    lines = [f"``{name}``", "=" * (len(name) + 4), "", f".. automodule:: {name}", "   :members:"]
    lines += ["   :show-inheritance:", "   :ignore-module-all:", ""]
    if below:
        lines += [".. toctree::", "   :maxdepth: 1", "", *(f"   {other}" for other in below), ""]
    page, text = PAGES / f"{name}.rst", "\n".join(lines)
    PAGES.mkdir(exist_ok=True)
    if not page.exists() or page.read_text() != text:
        page.write_text(text)
    return name


def is_module(path):
    """Return whether a file or folder is a module."""
    is_file = path.suffix == ".py" and path.name != "__init__.py"
    return is_file or (path / "__init__.py").exists()


def described(app, what, name, obj, options, lines):
    """Put what a docstring says of a parameter, ``name : what it is``, where napoleon looks for a description."""
    found = [re.fullmatch(r"(\w+(?:, \w+)*) : (.+)", line) for line in lines]
    lines[:] = [
        part
        for line, match in zip(lines, found, strict=True)
        for part in ([match[1], f"    {match[2]}"] if match else [line])
    ]
