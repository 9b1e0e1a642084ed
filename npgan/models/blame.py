"""What to say where an update is NaN or too large: which layer to look at, and what can help."""

from typing import TYPE_CHECKING

import numpy as np

from npgan.backend import run
from npgan.models.checks import WILD

if TYPE_CHECKING:
    from npgan.models.model import Model


def explain(model: "Model", name: str, loss: float) -> str:
    """Name the layer to blame: a bad weight, a bad gradient, or else the largest weight."""
    weights = [(n, p, w) for n, net in model.networks.items() for p, w in net.parameters.items()]
    bad = [(n, p, "weight") for n, p, w in weights if not np.isfinite(w).all()]
    # the backward pass meets the last layer first
    grads = reversed(list(model.grads[name].items()))
    bad += [(name, p, "gradient") for p, g in grads if not run.all_finite(g)]
    largest = max(weights, key=lambda entry: float(abs(entry[2]).max(initial=0)))
    bad.append((*largest[:2], "largest weight"))
    network, parameter, kind = bad[0]
    layer = model.networks[network].named()[parameter.split(".")[0]]
    return (
        f"step {model.step + 1}: the {name}'s update is NaN or too large (its loss is {loss:.4g}; "
        f"look at the {kind} {parameter!r} of the {network}, {layer!r}); it was not applied: "
        f"{_advice(model)}"
    )


def _advice(model: "Model") -> str:
    """Say what can help: where no update, or none that was large, was made, no learning rate can."""
    flat = [network.parameters.flat for network in model.networks.values()]
    small = all(abs(w).max(initial=0) < WILD for w in flat)
    updated = any(rule.t for rule in model.optimizers.values())
    if updated and not (small and model.step == 0):
        return "try a lower learning rate, clip_norm, or data of a smaller scale"
    if small:
        return (
            "no learning rate can help at the first step: scale the data, to a standard deviation "
            "of 1, or start from smaller weights"
        )
    return "start from weights that are finite and smaller"
