"""The elementwise activation functions, and what the rest of npgan has to know of each."""

from inspect import signature
from typing import NamedTuple

import numpy as np

from npgan.ops import activation, gated

__all__: list[str] = []


class Kind(NamedTuple):
    """What is read from an activation function's signature and second derivative.

    Attributes
    ----------
    of_input : whether its derivatives are computed from x; otherwise from y
    curved : whether f'' differs from 0 anywhere but at corners
    argument : the default of its second argument; None: it has no second argument
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
    for name in module.__all__
    if name.endswith("_forward") and name != "softmax_forward"
}
"""Name -> kind. A stage of a chain refers to an activation by its place in this table."""
