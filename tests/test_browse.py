"""The browser that opens all pages in CI notes what is wrong with them."""

import importlib.util
import shutil
from pathlib import Path

import pytest

pytest.importorskip("playwright", reason="the pages' tools are not installed: make docs-tools")
DOCS = Path(__file__).parents[1] / "docs"
spec = importlib.util.spec_from_file_location("browse", DOCS / "browse.py")
browse = importlib.util.module_from_spec(spec)
spec.loader.exec_module(browse)

PAGE = """<!doctype html><html lang="en"><head><title>A page</title><link rel="icon" href="data:,"></head>
<body><main><h1>A page</h1><p id="here">{}</p></main></body></html>"""
FAULTS = {
    "a formula as text": ("the slope $f'(x)$", "has a formula as text: $f'(x)$"),
    "LaTeX as text": (r"\frac12", r"has a formula as text: \frac"),
    "a formula that KaTeX refused": ('<span class="katex-error">x</span>', "not rendered"),
    "too wide": ('<b style="display: block; width: 900px">x</b>', "pixels wider than the window"),
    "no page": ('<a href="other.html">other</a>', "leads to other.html, which is not there"),
    "no place": ('<a href="#there">there</a>', "leads to #there, which has no such place"),
    "no image": ('<img src="none.png" alt="none">', "lacks the image"),
    "another host": (
        '<img src="http://198.51.100.1/a.png" alt="a">',
        "asks http://198.51.100.1/a.png",
    ),
    "a script's error": ("<script>missing()</script>", "missing is not defined"),
    "no alternative text": ('<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">', "image-alt"),
    "too little contrast": ('<span style="color: #ccc">pale words</span>', "color-contrast"),
}


def faults(tmp_path, body):
    (tmp_path / "index.html").write_text(PAGE.format(body))
    return browse.faults(tmp_path)


@pytest.mark.skipif(
    not (shutil.which("chromium") and browse.AXE.exists()), reason="no Chromium or axe-core"
)
class TestPages:
    def test_a_page_in_order_has_no_faults(self, tmp_path):
        assert faults(tmp_path, 'a <a href="#here">link</a> and <code>$code$</code>') == []

    @pytest.mark.parametrize("kind", FAULTS)
    def test_a_fault_is_noted(self, tmp_path, kind):
        body, words = FAULTS[kind]
        assert any(words in fault for fault in faults(tmp_path, body))
