"""Whose training steps can be recorded, and why others are not."""

from typing import TYPE_CHECKING

from npgan.layers import LAYERS, Beside, Layer, Residual, Sequential
from npgan.layers.residual import Shortcut
from npgan.optim import OPTIMIZERS

if TYPE_CHECKING:
    from npgan.models.model import Model


def why_not(model: "Model") -> str | None:
    """Return why a model's steps are not recorded; None: they can be, as far as the model says."""
    if not vars(type(model)).get("recorded"):
        return f"npgan does not know the steps of {type(model).__name__}"
    for name, network in model.networks.items():
        for layer in _layers(network):
            if type(layer) not in LAYERS.values():
                return f"the {name}'s {layer!r} is not npgan's"
    for name, rule in model.optimizers.items():
        if type(rule) not in OPTIMIZERS.values():
            return f"the {name}'s {type(rule).__name__} is not npgan's"
    return None


def _layers(network: Layer) -> list[Layer]:
    """Return the layers of a network, and of the networks in it."""
    if type(network) in (Sequential, Residual, Shortcut, Beside):
        return [layer for part in network.named().values() for layer in _layers(part)]  # type: ignore[attr-defined]
    return [network]
