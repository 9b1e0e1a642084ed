"""How Sphinx builds these pages: `make docs`."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE), str(HERE / "book")]

import figures  # noqa: E402
import formulas  # noqa: E402
import reference  # noqa: E402

project = "npgan"
author = copyright = "the authors of npgan"
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "formulas",
]
exclude_patterns = ["_build", "node_modules", "zh"]
locale_dirs, gettext_compact = ["zh"], False
figure_language_filename = "{root}.{language}{ext}"
html_theme = "furo"
html_title, html_favicon = "npgan", "_static/icon.svg"
html_theme_options = {"top_of_page_buttons": []}
html_static_path = ["_static", str(formulas.KATEX)]
html_css_files, html_js_files = ["book.css"], ["book.js", "plays.js", "play.js"]
html_search_language = "en"  # it finds parts of Chinese sentences too
templates_path = ["_templates"]
html_sidebars = {
    "**": [
        *(
            "sidebar/brand.html",
            "language.html",
            "sidebar/search.html",
            "sidebar/scroll-start.html",
        ),
        *("sidebar/navigation.html", "sidebar/scroll-end.html"),
    ]
}

myst_enable_extensions = ["colon_fence", "dollarmath", "amsmath"]
myst_heading_anchors = 4

napoleon_use_ivar = True
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
# A parameter that is called like an attribute somewhere is no reference to it.
suppress_warnings = ["ref.python"]


def setup(app):
    """Draw the figures and list the modules before anything is read."""
    app.connect("builder-inited", lambda app: figures.draw(language=app.config.language))
    app.connect("builder-inited", lambda app: reference.write(HERE.parent / "npgan"))
    app.connect("autodoc-process-docstring", reference.described, priority=400)  # before napoleon
