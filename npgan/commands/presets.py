"""List the presets."""

import argparse
from typing import Any

SUMMARY = "list the presets"
EXAMPLES = """
  npgan presets                             the presets, their networks and settings
"""
OPTIONS = ()


def run(a: argparse.Namespace) -> None:
    """Print each with its networks and settings."""
    from npgan.models.presets import DEFAULT, PRESETS

    for name, words in PRESETS.items():
        config = words.in_numbers()
        length = f"{config.epochs} epochs" if config.epochs else f"{config.steps} steps"
        default = " (the default)" if name == DEFAULT else ""
        print(
            f"{name}{default}: {config.model} on {config.data}, {length}, batch {config.batch_size}"
        )
        for network, layers in config.networks.items():
            settings = ", ".join(f"{k} {v}" for k, v in config.optimizers[network].items())
            print(f"  {network}: {_in_words(layers)}\n    {settings}")
        if config.settings:
            print(f"  {', '.join(f'{k} {v}' for k, v in config.settings.items())}")


def _in_words(layers: list) -> str:
    """Return a network as it is read; x is what a residual block without a shortcut is given."""
    return " -> ".join(layer if isinstance(layer, str) else _inner(layer) for layer in layers)


def _inner(layers: Any) -> str:
    if isinstance(layers, list):
        return f"x + ({_in_words(layers)})"
    if "beside" in layers:
        return f"[{_in_words(layers['sequential'])}, {layers['beside']}]"
    return " + ".join(f"({_in_words(way)})" for way in layers.values())
