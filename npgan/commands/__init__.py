"""The command line, one file a command.

A command's module has SUMMARY and EXAMPLES for its help, ``arguments(parser)``, which adds its options, and
``run(arguments)``, which returns numbers to print as JSON, an exit code, or nothing.
"""

from types import ModuleType

from npgan.commands import (
    complete,
    data,
    defend,
    detect,
    enhance,
    evaluate,
    explore,
    gradcheck,
    interpolate,
    presets,
    reconstruct,
    reduce,
    sample,
    train,
    translate,
)

COMMANDS: dict[str, ModuleType] = {
    module.__name__.rpartition(".")[2]: module
    for module in (
        train,
        sample,
        reconstruct,
        evaluate,
        complete,
        defend,
        detect,
        enhance,
        explore,
        interpolate,
        reduce,
        translate,
        gradcheck,
        presets,
        data,
    )
}
"""Name -> module, in the order of the help."""
