"""Open the built pages in Debian's Chromium, as a reader would, and say what is wrong with them: `make browse`.

On telephones and on desks, light and dark: formulas that are not rendered, pages wider than the window, links that lead
nowhere, requests to other hosts, errors of scripts, what axe-core finds hard to read or to reach, and whether the
search finds what the book is about.
"""

import functools
import http.server
import re
import shutil
import sys
import threading
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin

from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
PAGES = HERE / "_build/html"
AXE = HERE / "node_modules/axe-core/axe.min.js"
WINDOWS = [(w, scheme) for w in (375, 1280) for scheme in ("light", "dark")]
SEARCHES = {
    "Kullback": "book/08_the_game.html",
    "spectral norm": "book/13_normalisation.html",
    "Winograd": "book/14_convolutions.html",
}
"""What is searched -> a page that must be found."""
LOOK = r"""
() => {
  const faults = [];
  const wide = document.documentElement.scrollWidth - window.innerWidth;
  if (wide > 0) faults.push(`is ${wide} pixels wider than the window`);
  if (document.querySelector(".katex-error")) faults.push("has a formula that is not rendered");
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); ) {
    if (node.parentElement.closest("pre, code, .sig, .katex, script, style, option")) continue;
    const raw = node.data.match(/\$[^\s$][^$]*\$|\\(begin|frac|sum|mathrm)(?![a-z])|:math:/);
    if (raw) faults.push(`has a formula as text: ${raw[0]}`);
  }
  for (const image of document.images) if (!image.naturalWidth) faults.push(`lacks the image ${image.src}`);
  return faults;
}
"""


class Links(HTMLParser):
    """A page's links, and the places in it that links can lead to."""

    def __init__(self, text):
        super().__init__()
        self.links, self.places = [], {""}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        """Remember both."""
        found = dict(attributes)
        self.places.update(filter(None, (found.get("id"), found.get("name"))))
        for name in ("href", "src"):
            if tag != "base" and found.get(name) is not None:
                self.links.append(found[name])


def broken(folder):
    """Yield the links of all pages that lead nowhere."""
    read = functools.cache(lambda path: Links(path.read_text(encoding="utf-8")))
    for page in sorted(folder.rglob("*.html")):
        for link in read(page).links:
            if re.match(r"[a-z]+:|//", link):
                continue
            url, place = urldefrag(
                urljoin(page.as_uri(), link.partition("?")[0] if "?v=" in link else link)
            )
            target = Path(unquote(url.removeprefix("file://")))
            if not target.exists():
                yield f"{page.relative_to(folder)}: leads to {link}, which is not there"
            elif target.suffix == ".html" and unquote(place) not in read(target).places:
                yield f"{page.relative_to(folder)}: leads to {link}, which has no such place"


def served(folder):
    """Serve a folder in the background; return its address."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    handler.func.log_message = lambda *_: None
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/"


def visits(folder):
    """Yield what to open: page, width, scheme, and whether axe looks at it."""
    names = [str(page.relative_to(folder)) for page in sorted(folder.rglob("*.html"))]
    for name in names:
        book = "book/" in name or name.endswith(("index.html", "api/npgan.ops.dense.html"))
        if book and "genindex" not in name and "modindex" not in name:
            for width, scheme in WINDOWS:
                yield name, width, scheme, (width == 375) == (scheme == "light")
        elif not name.startswith(("zh/api", "_")) and "_static" not in name:
            yield name, 375, "light", False


class Reader:
    """A browser that notes what is wrong with the pages that it opens."""

    def __init__(self, browser, base):
        self.base, self.faults = base, []
        self.windows = {
            (width, scheme): self._window(browser, width, scheme) for width, scheme in WINDOWS
        }

    def _window(self, browser, width, scheme):
        page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        page.on("request", self._asked)
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: script: {error}"))
        page.on(
            "console",
            lambda said: said.type == "error" and self.faults.append(f"{page.url}: {said.text}"),
        )
        return page

    def _asked(self, request):
        if not request.url.startswith((self.base, "data:")):
            self.faults.append(f"{request.frame.url}: asks {request.url}")

    def look(self, name, width, scheme, with_axe):
        """Open a page and note its faults."""
        page = self.windows[width, scheme]
        page.goto(self.base + name)
        found = page.evaluate(LOOK)
        if with_axe:
            page.add_script_tag(path=AXE)
            for violation in page.evaluate("async () => (await axe.run()).violations"):
                where = violation["nodes"][0]["target"]
                found.append(
                    f"{violation['id']}: {violation['help']}, {len(violation['nodes'])} times, first {where}"
                )
        self.faults += [f"{name}, {width} pixels, {scheme}: {fault}" for fault in found]

    def search(self, words, wanted):
        """Search, and note if a page is not found."""
        page = self.windows[1280, "light"]
        page.goto(f"{self.base}search.html?q={words}")
        try:
            page.wait_for_selector(f"#search-results a[href*='{wanted}']", timeout=10_000)
        except Exception:
            self.faults.append(f"search for {words}: does not find {wanted}")


def faults(folder):
    """Return all that is wrong with the pages in a folder."""
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        reader = Reader(browser, served(folder))
        for visit in visits(folder):
            reader.look(*visit)
        if (folder / "search.html").exists():
            for words, wanted in SEARCHES.items():
                reader.search(words, wanted)
        browser.close()
    return [*broken(folder), *reader.faults]


if __name__ == "__main__":
    found = faults(Path(sys.argv[1]) if sys.argv[1:] else PAGES)
    print("\n".join(dict.fromkeys(found)) or "nothing is wrong with the pages")
    sys.exit(bool(found))
