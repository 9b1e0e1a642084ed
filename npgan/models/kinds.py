"""The table of models by name, and the names of their networks; it is filled by :mod:`npgan.models`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from npgan.models.model import Model

MODELS: dict[str, type["Model"]] = {}
"""Name -> class."""
PLAYERS, CODERS = ("generator", "discriminator"), ("encoder", "decoder")


def role(name: str) -> str:
    """Return what a network is: its name without a number.

    >>> role("generator2")
    'generator'
    """
    return name.rstrip("0123456789")
