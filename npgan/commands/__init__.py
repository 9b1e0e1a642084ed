"""The command line, one file a command.

A command's module has SUMMARY and EXAMPLES for its help, its OPTIONS, and ``run(arguments)``, which returns
numbers to print as JSON, an exit code, or nothing.
"""

from importlib import import_module
from types import ModuleType

NAMES = (
    *("train", "sample", "reconstruct", "evaluate", "complete", "defend", "detect", "enhance"),
    *("explore", "interpolate", "reduce", "score", "trace", "translate", "gradcheck"),
    "exercise",
    *("presets", "new", "data"),
)
COMMANDS: dict[str, ModuleType] = {name: import_module(f"{__name__}.{name}") for name in NAMES}
"""Name -> module, in the order of the help."""
