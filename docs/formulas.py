"""Formulas as HTML, rendered by KaTeX in Node.js while the pages are built: one that cannot be ends the build."""

import json
import re
from functools import cache
from pathlib import Path
from subprocess import PIPE, Popen

from docutils import nodes
from sphinx.errors import ExtensionError

KATEX = Path(__file__).parent / "node_modules/katex/dist"
SCRIPT = """
const katex = require(process.argv[1]);
require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const [formula, displayMode] = JSON.parse(line);
  let answer;
  try { answer = { html: katex.renderToString(formula, { displayMode, strict: "error" }) }; }
  catch (error) { answer = { error: error.message }; }
  console.log(JSON.stringify(answer));
});
"""


@cache
def server():
    """Start Node.js, which ends when this process does: its input is closed then."""
    command = ["node", "-e", SCRIPT, str(KATEX / "katex.min.js")]
    return Popen(command, stdin=PIPE, stdout=PIPE, text=True, encoding="utf-8")


def html(formula, display):
    """Return a formula's HTML."""
    node = server()
    node.stdin.write(json.dumps([formula, display]) + "\n")
    node.stdin.flush()
    answer = json.loads(node.stdout.readline())
    if "error" in answer:
        raise ExtensionError(f"KaTeX cannot render {formula!r}: {answer['error']}")
    return answer["html"]


def inline(writer, node):
    """Write a formula in a line of text."""
    writer.body.append(f'<span class="math">{html(node.astext(), False)}</span>')
    raise nodes.SkipNode


def block(writer, node):
    """Write a formula on lines of its own, which can be scrolled if it is too wide."""
    formula = node.astext()
    if re.search(r"&|\\\\", formula) and r"\begin" not in formula:
        formula = rf"\begin{{aligned}}{formula}\end{{aligned}}"
    writer.body.append(f'<div class="math" tabindex="0">{html(formula, True)}</div>')
    raise nodes.SkipNode


def setup(app):
    """Let Sphinx write all formulas so."""
    app.add_html_math_renderer("katex", (inline, None), (block, None))
    app.add_css_file("katex.min.css")
    return {"parallel_read_safe": True, "parallel_write_safe": False}
