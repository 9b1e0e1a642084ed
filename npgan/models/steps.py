"""Steps of training: what each minimises, and how the gradient checker sees it."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from npgan.errors import InputError
from npgan.layers.layer import Array
from npgan.parameters import Parameters

if TYPE_CHECKING:
    from npgan.models.model import Model

SAME = 1e-12  # of a loss without and with its gradient, which may be summed up another way


class Result(NamedTuple):
    """What a step found on a batch.

    Attributes
    ----------
    loss : the value whose gradient it added up
    report : column of the history -> number
    """

    loss: np.floating
    report: dict[str, np.floating]


class Step(NamedTuple):
    """A part of a training step.

    Attributes
    ----------
    name : what the gradient checker calls it
    networks : the names of those that it trains
    minimise : ``minimise(batch, rng, grads)`` returns the :class:`Result` and adds the loss's gradient to
        ``grads``, by network; None: no gradient is wanted
    """

    name: str
    networks: Sequence[str]
    minimise: Callable[[Array, np.random.Generator, Any], Result]


class Loss(NamedTuple):
    """What a step minimises on one batch: ``of(rng, grads)`` is its loss, as :class:`Step` has it."""

    name: str
    networks: Sequence[str]
    of: Callable[[np.random.Generator, Any], Any]


class GradientStep(NamedTuple):
    """A loss as a function of ``parameters``, which are the model's own; its randomness is replayed.

    ``function()`` returns the loss, and a function of one number that returns its gradients.
    """

    name: str
    networks: Sequence[str]
    parameters: dict[str, Array]
    function: Callable[[], tuple[Any, Callable[[Any], dict[str, Array]]]]


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

        def vjp(dy: Any) -> dict[str, Array]:
            grads = model.zero_grads()
            differentiated = value(grads)
            if not abs(differentiated - reported) <= SAME * max(1, abs(reported)):
                raise InputError(
                    f"{loss.name}: the loss is {reported} where no gradient is wanted, and "
                    f"{differentiated} where one is"
                )
            return {f"{n}.{p}": dy * g for n in networks for p, g in grads[n].items()}

        return reported, vjp

    parameters = {f"{n}.{p}": w for n, net in networks.items() for p, w in net.parameters.items()}
    return GradientStep(loss.name, loss.networks, parameters, function)
