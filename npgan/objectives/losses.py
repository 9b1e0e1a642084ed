r"""Objectives: what the two players of a GAN, and an autoencoder, minimise.

Each returns its value and the gradients of exactly that value, by name. Discriminators return
logits :math:`l`, :math:`l_r` of real data and :math:`l_f` of generated data. For a cross-entropy the
probability that a sample is real is :math:`\sigma(l)`, of which no logarithm is taken: :math:`-\log\sigma(l)`
and :math:`-\log(1 - \sigma(l))` are binary cross-entropies of l. With smoothed labels s and t the best
:math:`\sigma(l)` is sP + t(1 - P) at samples that are real with probability P. A line over a term is its mean
over the n samples of its batch, which gives each sample's gradient the factor 1/n.

If generated data is like real data, a constant discriminator is optimal (for the Wasserstein and hinge losses
not the only one). The value of a loss there, if all optimal constants give the same, is its *equilibrium*, drawn
beside its curve.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from npgan.backend import run
from npgan.errors import number, pairs, share
from npgan.objectives.reports import GAP, PAIRS, PROBABILITIES, SIDES, Reports, gap, measured
from npgan.shapes import Array, takes


class DiscriminatorLoss(NamedTuple):
    """The discriminator's loss and its gradients with respect to the logits of real and of generated data."""

    value: np.floating
    dreal: Array
    dfake: Array


class GeneratorLoss(NamedTuple):
    """The generator's loss and its gradient with respect to the logits of generated data."""

    value: np.floating
    dfake: Array


class Objective(NamedTuple):
    """What each player minimises, and what is reported of it.

    Attributes
    ----------
    discriminator : (real_logits, fake_logits) -> DiscriminatorLoss; where there are labels, it
        also takes real_label and fake_label
    generator : fake_logits -> GeneratorLoss; where it is relativistic, (fake_logits, real_logits)
    reports : column -> what is said of the discriminator; the same for D + c wherever its loss is
    level : (real_label, fake_label) -> the logit above which D takes a sample for real; None: its loss
        leaves that open
    labels : whether real and generated data have labels, which can be smoothed
    relativistic : whether the generator's loss compares generated with real data
    """

    discriminator: Callable[..., DiscriminatorLoss]
    generator: Callable[..., GeneratorLoss]
    reports: Reports
    level: Callable[[float, float], float] | None = None
    labels: bool = False
    relativistic: bool = False

    def equilibrium(self, real_label: float, fake_label: float) -> dict[str, float]:
        """Return what losses and reports are at the equilibrium, by their columns of the history.

        D answers everywhere the same then. An answer is a best one where its gradients with respect to the
        logits of real and of generated data cancel; a column that differs from one best answer to another
        has no value there, and is left out.

        >>> OBJECTIVES["least-squares"].equilibrium(1.0, 0.0)
        {'d_loss': 0.25, 'g_loss': 0.125, 'd_gap': 0.0}
        """
        labels = (real_label, fake_label) if self.labels else ()
        level, found = self.level(real_label, fake_label) if self.level else 0.0, []
        for answer in (level, level + 0.5):
            flat = np.full((1, 1), answer)
            loss = self.discriminator(flat, flat, *labels)
            if answer == level or loss.dreal + loss.dfake == 0:
                other = self.generator(flat, *[flat] * self.relativistic)
                both = {"d_loss": loss.value, "g_loss": other.value}
                found.append(both | measured(self.reports, flat, flat))
        return {name: float(value) for name, value in found[0].items() if value == found[-1][name]}


@takes("real_logits (N, 1), fake_logits (M, 1), real_label, fake_label")
def cross_entropy_discriminator(
    real_logits: Array, fake_logits: Array, real_label: float = 1.0, fake_label: float = 0.0
) -> DiscriminatorLoss:
    r"""Tell real from generated: :math:`L_D = \mathrm{BCE}(l_r, s) + \mathrm{BCE}(l_f, t)`.

    .. math:: L_D = -\overline{\log\sigma(l_r)} - \overline{\log(1 - \sigma(l_f))} \quad (s = 1, t = 0)

    A label s below 1 smooths the real side, a label t above 0 the other.
    Gradients: :math:`(\sigma(l_r) - s)/n` and :math:`(\sigma(l_f) - t)/n`.
    Source: Goodfellow et al. 2014, eq. 1; one-sided smoothing: Salimans et al. 2016, sec. 3.4.

    >>> cross_entropy_discriminator(np.zeros((2, 1)), np.zeros((2, 1))).dfake.ravel()
    array([0.25, 0.25])
    """
    s, t = share("real_label", real_label), share("fake_label", fake_label)
    real, dreal = run.bce_with_logits(real_logits, s)
    fake, dfake = run.bce_with_logits(fake_logits, t)
    return DiscriminatorLoss(real + fake, dreal, dfake)


@takes("fake_logits (N, 1)")
def minimax_generator(fake_logits: Array) -> GeneratorLoss:
    r"""Minimise the game's value: :math:`L_G = \overline{\log(1 - \sigma(l_f))}`.

    That is minus the discriminator's second term; gradient :math:`-\sigma(l_f)/n`, which vanishes
    when the discriminator is sure. Source: Goodfellow et al. 2014, eq. 1.

    >>> minimax_generator(np.zeros((2, 1))).dfake.ravel()
    array([-0.25, -0.25])
    """
    value, dfake = run.bce_with_logits(fake_logits, 0.0)
    return GeneratorLoss(-value, -dfake)


@takes("fake_logits (N, 1)")
def non_saturating_generator(fake_logits: Array) -> GeneratorLoss:
    r"""Make generated data count as real: :math:`L_G = -\overline{\log\sigma(l_f)}`.

    Gradient :math:`(\sigma(l_f) - 1)/n`: largest when the discriminator is sure.
    Source: Goodfellow et al. 2014, sec. 3.

    >>> non_saturating_generator(np.zeros((2, 1))).dfake.ravel()
    array([-0.25, -0.25])
    """
    return GeneratorLoss(*run.bce_with_logits(fake_logits, 1.0))


@takes("real_logits (N, 1), fake_logits (M, 1), real_label, fake_label")
def least_squares_discriminator(
    real_logits: Array, fake_logits: Array, real_label: float = 1.0, fake_label: float = 0.0
) -> DiscriminatorLoss:
    r"""Give each sample its label: :math:`L_D = \frac12\overline{(l_r - s)^2} + \frac12\overline{(l_f - t)^2}`.

    Gradients: :math:`(l_r - s)/n` and :math:`(l_f - t)/n`. Source: Mao et al. 2017, eq. 2 and 9.

    >>> least_squares_discriminator(np.zeros((2, 1)), np.zeros((2, 1))).dreal.ravel()
    array([-0.5, -0.5])
    """
    s, t = number("real_label", real_label), number("fake_label", fake_label)
    real, dreal = _half_squares(real_logits, s)
    fake, dfake = _half_squares(fake_logits, t)
    return DiscriminatorLoss(real + fake, dreal, dfake)


@takes("fake_logits (N, 1)")
def least_squares_generator(fake_logits: Array) -> GeneratorLoss:
    r"""Bring generated data's logits to 1: :math:`L_G = \frac12\overline{(l_f - 1)^2}`.

    Gradient :math:`(l_f - 1)/n`, which does not vanish however sure the discriminator is.
    Source: Mao et al. 2017, eq. 9.

    >>> least_squares_generator(np.zeros((2, 1))).dfake.ravel()
    array([-0.5, -0.5])
    """
    return GeneratorLoss(*_half_squares(fake_logits, 1.0))


def _half_squares(logits: Array, label: float) -> tuple[np.floating, Array]:
    value, dlogits = run.mse(logits, np.full_like(logits, label))
    return value / 2, dlogits / 2


@takes("real_logits (N, 1), fake_logits (M, 1)")
def wasserstein_discriminator(real_logits: Array, fake_logits: Array) -> DiscriminatorLoss:
    r"""Part the means: :math:`L_D = \overline{l_f} - \overline{l_r}`.

    Minus its minimum over all critics of slope at most 1 is the Wasserstein distance of the two
    distributions: bound the slope, by a gradient penalty or by clipping the weights
    (``clip_weights`` of the optimisers). Gradients: :math:`-1/n` and :math:`1/n`.
    Source: Arjovsky et al. 2017, eq. 2 and algorithm 1.

    >>> wasserstein_discriminator(np.zeros((2, 1)), np.zeros((2, 1))).dreal.ravel()
    array([-0.5, -0.5])
    """
    dreal, dfake = (np.full_like(side, 1 / side.size) for side in (real_logits, fake_logits))
    return DiscriminatorLoss(-gap(real_logits, fake_logits), -dreal, dfake)


@takes("fake_logits (N, 1)")
def wasserstein_generator(fake_logits: Array) -> GeneratorLoss:
    r"""Raise the mean: :math:`L_G = -\overline{l_f}`; gradient :math:`-1/n`.

    Source: Arjovsky et al. 2017, algorithm 1.

    >>> wasserstein_generator(np.zeros((2, 1))).dfake.ravel()
    array([-0.5, -0.5])
    """
    return GeneratorLoss(-fake_logits.mean(), np.full_like(fake_logits, -1 / fake_logits.size))


@takes("real_logits (N, 1), fake_logits (M, 1)")
def hinge_discriminator(real_logits: Array, fake_logits: Array) -> DiscriminatorLoss:
    r"""Keep a margin: :math:`L_D = \overline{\max(0, 1 - l_r)} + \overline{\max(0, 1 + l_f)}`.

    Gradients: :math:`-[l_r < 1]/n` and :math:`[l_f > -1]/n`: a sample beyond its margin has none.
    The generator's loss is Wasserstein's. Source: Lim and Ye 2017; Miyato et al. 2018, eq. 16.

    >>> hinge_discriminator(np.array([[0.0], [2.0]]), np.array([[0.0], [-2.0]])).dfake.ravel()
    array([0.5, 0. ])
    """
    real, fake = np.maximum(1 - real_logits, 0), np.maximum(1 + fake_logits, 0)
    dreal, dfake = (np.sign(m) / m.dtype.type(m.size) for m in (real, fake))
    return DiscriminatorLoss(real.mean() + fake.mean(), -dreal, dfake)


@takes("real_logits (N, 1), fake_logits (M, 1)")
def relativistic_discriminator(real_logits: Array, fake_logits: Array) -> DiscriminatorLoss:
    r"""Find the real one of each pair: :math:`L_D = -\overline{\log\sigma(l_r - l_f)}`.

    The i-th real sample is paired with the i-th generated one; only the difference of their logits
    counts. Gradients: :math:`\pm(\sigma(l_r - l_f) - 1)/n`.
    Source: Jolicoeur-Martineau 2018 ("RSGAN"); Huang et al. 2024 ("RpGAN").

    >>> relativistic_discriminator(np.zeros((2, 1)), np.zeros((2, 1))).dfake.ravel()
    array([0.25, 0.25])
    """
    pairs(real_logits, fake_logits)
    value, dreal = run.bce_with_logits(real_logits - fake_logits, 1.0)
    return DiscriminatorLoss(value, dreal, -dreal)


@takes("fake_logits (N, 1), real_logits (M, 1)")
def relativistic_generator(fake_logits: Array, real_logits: Array) -> GeneratorLoss:
    r"""Win each pair: :math:`L_G = -\overline{\log\sigma(l_f - l_r)}`.

    Gradient :math:`(\sigma(l_f - l_r) - 1)/n`; real data's logits are not the generator's to change.
    Source: Jolicoeur-Martineau 2018 ("RSGAN"); Huang et al. 2024 ("RpGAN").

    >>> relativistic_generator(np.zeros((2, 1)), np.zeros((2, 1))).dfake.ravel()
    array([-0.25, -0.25])
    """
    pairs(real_logits, fake_logits)
    return GeneratorLoss(*run.bce_with_logits(fake_logits - real_logits, 1.0))


@takes("real_logits (N, 1), fake_logits (M, 1), real_label, fake_label")
def relativistic_average_discriminator(
    real_logits: Array, fake_logits: Array, real_label: float = 1.0, fake_label: float = 0.0
) -> DiscriminatorLoss:
    r"""Tell real from generated by how far from the others' mean a logit lies.

    .. math:: L_D = \mathrm{BCE}(l_r - \overline{l_f}, s) + \mathrm{BCE}(l_f - \overline{l_r}, t)

    With a and b the two cross-entropies' gradients, each logit also has a share 1/n in the mean that
    the other side is measured from: :math:`dl_r = a - \frac1n\sum b`, :math:`dl_f = b - \frac1n\sum a`.
    Source: Jolicoeur-Martineau 2018 ("RaSGAN").

    >>> relativistic_average_discriminator(np.zeros((2, 1)), np.zeros((2, 1))).dfake.ravel()
    array([0.5, 0.5])
    """
    s, t = share("real_label", real_label), share("fake_label", fake_label)
    real, a = run.bce_with_logits(real_logits - fake_logits.mean(), s)
    fake, b = run.bce_with_logits(fake_logits - real_logits.mean(), t)
    number = real_logits.dtype.type
    dreal, dfake = a - b.sum() / number(a.size), b - a.sum() / number(b.size)
    return DiscriminatorLoss(real + fake, dreal, dfake)


@takes("fake_logits (N, 1), real_logits (M, 1)")
def relativistic_average_generator(fake_logits: Array, real_logits: Array) -> GeneratorLoss:
    r"""Let generated data lie above the real mean, and real data below the generated mean.

    The discriminator's loss with the two sides exchanged. Source: Jolicoeur-Martineau 2018 ("RaSGAN").

    >>> relativistic_average_generator(np.zeros((2, 1)), np.zeros((2, 1))).dfake.ravel()
    array([-0.5, -0.5])
    """
    value, dfake, _ = relativistic_average_discriminator(fake_logits, real_logits)
    return GeneratorLoss(value, dfake)


def _cross_entropy_level(s: float, t: float) -> float:
    r"""Return the logit that the labels s and t of the same samples ask for.

    Every sample is met as often with the label s as with t, :math:`L_D = -(s + t)\log\sigma(l) -
    (2 - s - t)\log(1 - \sigma(l))`, which is least at :math:`\sigma(l) = m = (s + t)/2`. It is :math:`2H(m)`
    there, with H the entropy of a coin.
    """
    return math.log((s + t) / (2 - s - t))


def _middle(s: float, t: float) -> float:
    return (s + t) / 2


def _zero(s: float, t: float) -> float:
    return 0.0


OBJECTIVES: dict[str, Objective] = {
    "minimax": Objective(
        cross_entropy_discriminator,
        minimax_generator,
        PROBABILITIES,
        level=_cross_entropy_level,
        labels=True,
    ),
    "non-saturating": Objective(
        cross_entropy_discriminator,
        non_saturating_generator,
        PROBABILITIES,
        level=_cross_entropy_level,
        labels=True,
    ),
    "least-squares": Objective(
        least_squares_discriminator,
        least_squares_generator,
        GAP,
        level=_middle,
        labels=True,
    ),
    "wasserstein": Objective(wasserstein_discriminator, wasserstein_generator, GAP),
    "hinge": Objective(hinge_discriminator, wasserstein_generator, GAP, level=_zero),
    "relativistic": Objective(
        relativistic_discriminator,
        relativistic_generator,
        PAIRS,
        relativistic=True,
    ),
    "relativistic-average": Objective(
        relativistic_average_discriminator,
        relativistic_average_generator,
        SIDES,
        labels=True,
        relativistic=True,
    ),
}
r"""Name -> objective.

The Wasserstein and hinge generators' loss, :math:`-\overline{l_f}`, moves with D's offset: it has no equilibrium,
and may change while the samples do not.
"""


Reconstruction = Callable[[Array, Array], tuple[np.floating, Array]]


def mse(x: Array, target: Array) -> tuple[np.floating, Array]:
    """See :func:`npgan.ops.mse`."""
    return run.mse(x, target)


def bce(logits: Array, target: Array) -> tuple[np.floating, Array]:
    """See :func:`npgan.ops.bce_with_logits`: of probabilities, by their logits."""
    return run.bce_with_logits(logits, target)


def l1(x: Array, target: Array) -> tuple[np.floating, Array]:
    """See :func:`npgan.ops.l1`."""
    return run.l1(x, target)


RECONSTRUCTIONS: dict[str, Reconstruction] = {f.__name__: f for f in (mse, bce, l1)}
"""What an autoencoder minimises; functions by name, so that a model that has one can be pickled."""
