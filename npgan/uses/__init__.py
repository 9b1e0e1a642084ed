"""What people use trained models for: each module is a command, ``npgan NAME RUN ...``.

A module has SUMMARY and EXAMPLES for its help, ``arguments(parser)`` that adds its options to a parser
which has RUN, and ``run(arguments)``, which saves a picture and returns its numbers.
"""

from types import ModuleType

from npgan.uses import (
    complete,
    defend,
    detect,
    enhance,
    explore,
    interpolate,
    reduce,
    translate,
)

USES: dict[str, ModuleType] = {
    "complete": complete,
    "defend": defend,
    "detect": detect,
    "enhance": enhance,
    "explore": explore,
    "interpolate": interpolate,
    "reduce": reduce,
    "translate": translate,
}
