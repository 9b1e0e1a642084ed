"""Print a preset as TOML, from which a configuration of one's own is made."""

import argparse

from npgan.commands.common import option, text

SUMMARY = "print a preset as TOML, to be changed and trained"
EXAMPLES = """
  npgan new gan-small > mine.toml           change its networks, rates, penalties, ...
  npgan train mine.toml                     and train it
"""
OPTIONS = (
    option(
        "preset", type=text, nargs="?", metavar="PRESET", help="see npgan presets; default gan-conv"
    ),
)


def run(a: argparse.Namespace) -> None:
    """Print it."""
    import tomli_w

    from npgan.models.presets import DEFAULT, preset

    print(tomli_w.dumps(preset(a.preset or DEFAULT).to_dict()), end="")
