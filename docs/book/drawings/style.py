"""What the figures share: colours, matplotlib's settings, and their words in the language of the pages."""

BLUE, RED, GREEN, GREY = "#1f5fa8", "#b3321b", "#2d7d3a", "#666666"
SETTINGS = {
    "font.size": 12,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "svg.hashsalt": "npgan",  # the same file every time
}
FONTS = {"zh_CN": ["DejaVu Sans", "Noto Sans CJK SC"]}
"""Language -> the fonts that have its characters; Debian has the second in fonts-noto-cjk."""
WORDS: dict[str, str] = {}
"""An English label -> its translation; empty in English."""


def say(label: str) -> str:
    """Return a label in the language of the pages."""
    return WORDS.get(label, label)
