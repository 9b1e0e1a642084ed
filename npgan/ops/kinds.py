"""What the activation functions that act on each number by itself say of themselves: nobody repeats it."""

from inspect import signature
from typing import NamedTuple

import numpy as np

from npgan.ops import activation, gated

__all__: list[str] = []


class Kind(NamedTuple):
    """An activation function, beside its formulas.

    Attributes
    ----------
    of_input : whether its derivatives are taken from x, and not from y
    curved : whether f'' is anything but 0 between corners
    argument : what its further argument is by default; None: it has none
    """

    of_input: bool
    curved: bool
    argument: float | None


def _kind(name: str) -> Kind:
    module = activation if hasattr(activation, f"{name}_forward") else gated
    forward, backward, double_backward = (
        getattr(module, f"{name}_{way}") for way in ("forward", "backward", "double_backward")
    )
    one = np.ones(1)
    _, *further = signature(forward).parameters.values()
    return Kind(
        "x" in signature(backward).parameters,
        double_backward(one, one, one)[1] is not None,
        further[0].default if further else None,
    )


KINDS: dict[str, Kind] = {
    name.removesuffix("_forward"): _kind(name.removesuffix("_forward"))
    for module in (activation, gated)
    for name in vars(module)
    if name.endswith("_forward") and name != "softmax_forward" and name in module.__all__
}
"""Activation -> what it is of; a chain's stage names them by their places here."""
