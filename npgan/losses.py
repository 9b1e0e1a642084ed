r"""Objectives: what the two players of a GAN, and an autoencoder, minimise.

Each returns its value and the gradients of exactly that value, by name. Discriminators return
logits :math:`l`; the probability that a sample is real is :math:`\sigma(l)`, but it is never formed:
:math:`-\log\sigma(l)` and :math:`-\log(1 - \sigma(l))` are binary cross-entropies of l.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from npgan.backend import run


class DiscriminatorLoss(NamedTuple):
    """The discriminator's loss and its gradients by the logits of real and of generated data."""

    value: np.floating
    dreal: np.ndarray
    dfake: np.ndarray


class GeneratorLoss(NamedTuple):
    """The generator's loss and its gradient by the logits of generated data."""

    value: np.floating
    dfake: np.ndarray


class Objective(NamedTuple):
    """What each player minimises.

    Attributes
    ----------
    discriminator : (real_logits, fake_logits, real_label) -> DiscriminatorLoss
    generator : fake_logits -> GeneratorLoss
    """

    discriminator: Callable[[np.ndarray, np.ndarray, float], DiscriminatorLoss]
    generator: Callable[[np.ndarray], GeneratorLoss]


def cross_entropy_discriminator(
    real_logits: np.ndarray, fake_logits: np.ndarray, real_label: float = 1.0
) -> DiscriminatorLoss:
    r"""Tell real from generated: :math:`L_D = \mathrm{BCE}(l_r, s) + \mathrm{BCE}(l_f, 0)`.

    .. math:: L_D = -\overline{\log\sigma(l_r)} - \overline{\log(1 - \sigma(l_f))} \quad (s = 1)

    Each term is a mean over its own batch; a label s below 1 smooths the real side only.
    Gradients: :math:`(\sigma(l_r) - s)/n` and :math:`\sigma(l_f)/n`.
    Source: Goodfellow et al. 2014, eq. 1; one-sided smoothing: Salimans et al. 2016, sec. 3.4.

    >>> cross_entropy_discriminator(np.zeros((2, 1)), np.zeros((2, 1))).dfake.ravel()
    array([0.25, 0.25])
    """
    real, dreal = run.bce_with_logits(real_logits, real_label)
    fake, dfake = run.bce_with_logits(fake_logits, 0.0)
    return DiscriminatorLoss(real + fake, dreal, dfake)


def minimax_generator(fake_logits: np.ndarray) -> GeneratorLoss:
    r"""Minimise the game's value: :math:`L_G = \overline{\log(1 - \sigma(l_f))}`.

    That is minus the discriminator's second term; gradient :math:`-\sigma(l_f)/n`, which vanishes
    when the discriminator is sure. Source: Goodfellow et al. 2014, eq. 1.

    >>> minimax_generator(np.zeros((2, 1))).dfake.ravel()
    array([-0.25, -0.25])
    """
    value, dfake = run.bce_with_logits(fake_logits, 0.0)
    return GeneratorLoss(-value, -dfake)


def non_saturating_generator(fake_logits: np.ndarray) -> GeneratorLoss:
    r"""Make generated data count as real: :math:`L_G = -\overline{\log\sigma(l_f)}`.

    Gradient :math:`(\sigma(l_f) - 1)/n`: largest when the discriminator is sure.
    Source: Goodfellow et al. 2014, sec. 3.

    >>> non_saturating_generator(np.zeros((2, 1))).dfake.ravel()
    array([-0.25, -0.25])
    """
    return GeneratorLoss(*run.bce_with_logits(fake_logits, 1.0))


OBJECTIVES: dict[str, Objective] = {
    "minimax": Objective(cross_entropy_discriminator, minimax_generator),
    "non-saturating": Objective(cross_entropy_discriminator, non_saturating_generator),
}


Reconstruction = Callable[[np.ndarray, np.ndarray], tuple[np.floating, np.ndarray]]

RECONSTRUCTIONS: dict[str, Reconstruction] = {
    "mse": lambda x, target: run.mse(x, target),
    "bce": lambda p, target: run.bce(p, target),
    "l1": lambda x, target: run.l1(x, target),
}
