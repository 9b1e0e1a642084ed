"""A training step as the gradient checker sees it: a loss of the weights that the step trains."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from npgan.errors import InputError
from npgan.parameters import Parameters

if TYPE_CHECKING:
    from npgan.models.model import Model

SAME = 1e-12  # of a loss without and with its gradient, which may be summed up another way


class Loss(NamedTuple):
    """What a step of a model's training minimises.

    Attributes
    ----------
    name : of the step
    networks : the names of those that it trains
    of : ``of(rng, grads)`` returns the loss and adds its gradient to ``grads``, by network; None: no
        gradient is wanted
    """

    name: str
    networks: Sequence[str]
    of: Callable[[np.random.Generator, Any], Any]


class GradientStep(NamedTuple):
    """A loss as a function of ``parameters``, which are the model's own; its randomness is replayed.

    ``function()`` returns the loss, and a function of one number that returns its gradients.
    """

    name: str
    networks: Sequence[str]
    parameters: dict[str, np.ndarray]
    function: Callable[[], tuple[Any, Callable[[Any], dict[str, np.ndarray]]]]


def gradient_step(model: "Model", loss: Loss) -> GradientStep:
    """Return a model's loss as a function of the parameters of the networks that it trains."""
    networks = {name: model.networks[name] for name in loss.networks}
    buffers = [(net.buffers.flat, net.buffers.flat.copy()) for net in model.networks.values()]

    def value(grads: Mapping[str, Parameters] | None) -> Any:
        for mine, start in buffers:
            mine[...] = start
        return loss.of(np.random.default_rng(0), grads)

    def function() -> tuple[Any, Callable]:
        reported = value(None)

        def vjp(dy: Any) -> dict[str, np.ndarray]:
            grads = {name: network.parameters.like() for name, network in networks.items()}
            differentiated = value(grads)
            if not abs(differentiated - reported) <= SAME * max(1, abs(reported)):
                raise InputError(
                    f"{loss.name}: the loss is {reported} where no gradient is wanted, and "
                    f"{differentiated} where one is"
                )
            return {f"{n}.{p}": dy * g for n, arrays in grads.items() for p, g in arrays.items()}

        return reported, vjp

    parameters = {f"{n}.{p}": w for n, net in networks.items() for p, w in net.parameters.items()}
    return GradientStep(loss.name, loss.networks, parameters, function)
