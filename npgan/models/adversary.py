r"""What all models with a discriminator D do: its step, and the loss of what generates against it."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from npgan.errors import InputError, chosen
from npgan.layers import Layer, Sequential, Sigmoid, Softmax, Tanh, as_two_batches
from npgan.layers.layer import Array
from npgan.models.steps import Result
from npgan.objectives.losses import OBJECTIVES, GeneratorLoss, Objective
from npgan.objectives.penalties import check_penalties, penalized_backward
from npgan.objectives.reports import measured
from npgan.optim.schedules import Varying
from npgan.parameters import Parameters

if TYPE_CHECKING:
    from npgan.models.model import Model


def check_objective(
    objective: str, penalties: Mapping[str, Varying] | None, *discriminators: Sequential
) -> tuple[Objective, dict[str, Varying]]:
    """Return an objective by its name, and penalties that these discriminators can be given."""
    found, checked = chosen("objective", objective, OBJECTIVES), {}
    for discriminator in discriminators:
        last = discriminator.layers[-1]
        if isinstance(last, Sigmoid | Tanh | Softmax):
            raise InputError(
                f"the discriminator ends in {last!r}: let it end in a logit, the sigmoid is part of "
                "the loss"
            )
        checked = check_penalties(penalties or {}, discriminator)
    return found, checked


def discriminator_step(
    model: "Model",
    discriminator: Sequential,
    real: Array,
    fake: Array,
    rng: np.random.Generator | None,
    grads: Parameters | None,
    data: Array | None = None,
) -> Result:
    r"""Return D's loss on real and on generated rows, as it sees them; add its gradient to ``grads``.

    .. math:: \partial L_D/\partial\theta_D
        = \sum_i dl^r_i\,\partial D(x_i)/\partial\theta_D
        + \sum_i dl^f_i\,\partial D(\tilde x_i)/\partial\theta_D

    with the loss's gradients :math:`dl^r` and :math:`dl^f` with respect to the logits of real :math:`x` and
    generated :math:`\tilde x`. The penalties, :mod:`npgan.objectives.penalties`, are part of the loss and add
    their own gradients; ``data`` says which columns they are of. Real and generated rows go through D as one
    batch, so that its weights are read once; as two, if D compares the samples of a batch. The gradient stops
    at the generated rows.
    """
    assert model.objective is not None
    n, network = len(real), as_two_batches(discriminator, len(real))
    logits, cache = network.forward(np.concatenate([real, fake]), rng)
    labels = model.targets() if model.objective.labels else ()
    loss = model.objective.discriminator(logits[:n], logits[n:], *labels)
    dlogits = np.concatenate([loss.dreal, loss.dfake])
    penalties = penalized_backward(
        *(discriminator, network, model.coefficients, dlogits, cache, real, fake, grads, rng, data)
    )
    value = sum(penalties, loss.value)
    reports = measured(model.reports, logits[:n], logits[n:])
    return Result(value, {"d_loss": value, **reports})


def adversarial_loss(
    model: "Model",
    discriminator: Layer,
    fake: Array,
    real_logits: Callable[[], Array],
    rng: np.random.Generator | None,
) -> GeneratorLoss:
    r"""Return the loss of what generated these rows, and its gradient with respect to them.

    .. math:: \partial L_G/\partial\tilde x_i = dl^f_i\,\partial D(\tilde x_i)/\partial\tilde x_i

    with :math:`dl^f` the loss's gradient with respect to D's logits. D only passes it on; its own parameters
    get none. A relativistic objective compares with ``real_logits()``, through which no gradient flows.
    """
    assert model.objective is not None
    logits, cache = discriminator.forward(fake, rng)
    others = (real_logits(),) if model.objective.relativistic else ()
    loss = model.objective.generator(logits, *others)
    return GeneratorLoss(loss.value, discriminator.backward(loss.dfake, cache))


def weighted(weight: float, gradient: Array) -> Array:
    r"""Return :math:`\lambda\,dx`, the gradient (n, d) of :math:`\lambda L`; a weight of 1 costs no pass over it.

    >>> [weighted(weight, np.array([[4.0, 6.0]])).tolist() for weight in (0.5, 1, 2)]
    [[[2.0, 3.0]], [[4.0, 6.0]], [[8.0, 12.0]]]
    """
    return gradient if weight == 1 else weight * gradient


def mean(parts: Sequence[Any]) -> Any:
    """Return the mean of losses, or of gradients.

    >>> mean([np.float64(1), np.float64(2)])
    np.float64(1.5)
    """
    total = sum(parts[1:], parts[0])
    return total if len(parts) == 1 else total.dtype.type(1 / len(parts)) * total


def of_the_mean(losses: Sequence[GeneratorLoss]) -> GeneratorLoss:
    r"""Return the mean loss and its gradient: :math:`\frac1M\sum_j L_j` and :math:`\frac1M\sum_j dx_j`."""
    return GeneratorLoss(
        mean([loss.value for loss in losses]), mean([loss.dfake for loss in losses])
    )


def of_the_hardest(losses: Sequence[GeneratorLoss]) -> GeneratorLoss:
    r"""Return the largest loss and its gradient: :math:`L_h` and :math:`dx_h`, :math:`h = \arg\max_j L_j`."""
    return max(losses, key=lambda loss: loss.value)


Against = Callable[[Sequence[GeneratorLoss]], GeneratorLoss]
AGAINST: dict[str, Against] = {
    "mean": of_the_mean,
    "hardest": of_the_hardest,
}
"""Which of the losses against several discriminators the generators minimise."""
