r"""Reports: what a discriminator's logits say, and nothing that its loss does not see.

Where a loss counts differences of logits alone, D and D + c are the same discriminator. Then the means of
:math:`\sigma(l)` are no probabilities: they follow c, which training lets drift. What is reported of an
objective is in its row of :data:`npgan.objectives.losses.OBJECTIVES`, by these columns of a history:

============= =================================================== ============ ===================
column        what it is                                          equilibrium  where
============= =================================================== ============ ===================
d_real        mean of :math:`\sigma(l_r)`: D's probability that   1/2          cross-entropies
              real data is real
d_fake        mean of :math:`\sigma(l_f)`: D's probability that   1/2          cross-entropies
              generated data is real
d_gap         :math:`\overline{l_r} - \overline{l_f}`             0            Wasserstein, hinge,
                                                                               least squares
d_pairs_won   share of pairs whose :math:`l_r` is above their     1/2          relativistic
              :math:`l_f`
d_accuracy    share of samples on their side of the other         1/2          relativistic
              side's mean                                                      average
============= =================================================== ============ ===================

At the equilibrium generated data is like real data and D cannot tell the two apart. The same numbers are
found where D fails though they differ. With smoothed labels s and t, d_real and d_fake are (s + t)/2 there.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from npgan.backend import run
from npgan.shapes import Array


class Report(NamedTuple):
    """A number about the logits of real and of generated data.

    Attributes
    ----------
    measure : (real_logits, fake_logits) -> the number
    label : what it is, in a few words
    unit : what it is measured in
    """

    measure: Callable[[Array, Array], np.floating]
    label: str
    unit: str


def probability_of_real(real_logits: Array, fake_logits: Array) -> np.floating:
    r"""Return the mean of :math:`\sigma(l_r)`.

    >>> probability_of_real(np.array([[0.0]]), np.array([[5.0]]))
    np.float64(0.5)
    """
    return run.mean_sigmoid(real_logits)


def probability_of_fake(real_logits: Array, fake_logits: Array) -> np.floating:
    r"""Return the mean of :math:`\sigma(l_f)`.

    >>> probability_of_fake(np.array([[5.0]]), np.array([[0.0]]))
    np.float64(0.5)
    """
    return run.mean_sigmoid(fake_logits)


def gap(real_logits: Array, fake_logits: Array) -> np.floating:
    r"""Return :math:`\overline{l_r} - \overline{l_f}`: how far apart a critic holds the two.

    >>> gap(np.array([[3.0], [5.0]]), np.array([[1.0]]))
    np.float64(3.0)
    """
    dtype = np.result_type(real_logits.dtype, fake_logits.dtype)
    return (mean(real_logits) - mean(fake_logits)).astype(dtype)


def mean(logits: Array) -> np.floating:
    """Return the mean in float64: of equal float32 numbers it is exactly that number, and large ones keep their digits.

    >>> mean(np.full((100, 1), np.float32(1000.1))) == np.float32(1000.1)
    np.True_
    """
    return logits.mean(dtype=np.result_type(logits.dtype, np.float64))


def pairs_won(real_logits: Array, fake_logits: Array) -> np.floating:
    """Return the share of pairs that the real sample wins; a tie is won by half.

    >>> pairs_won(np.array([[3.0], [5.0]]), np.array([[1.0], [5.0]]))
    np.float64(0.75)
    """
    return run.mean_heaviside(real_logits - fake_logits)


def balanced_accuracy(
    real_logits: Array, fake_logits: Array, above: float | np.floating, below: float | np.floating
) -> np.floating:
    """Return the accuracy of two equally likely kinds: real data ``above`` a logit, generated ``below`` one.

    What lies on the border is right by half.

    >>> balanced_accuracy(np.array([[3.0], [-5.0]]), np.array([[0.0]]), 0.0, 0.0)
    np.float64(0.5)
    """
    right = run.mean_heaviside(real_logits - above) + run.mean_heaviside(below - fake_logits)
    return right / right.dtype.type(2)


def beyond_the_others(real_logits: Array, fake_logits: Array) -> np.floating:
    """Return the share of samples on their side of the other side's mean.

    >>> beyond_the_others(np.array([[3.0], [5.0]]), np.array([[1.0], [9.0]]))
    np.float64(0.375)
    """
    return balanced_accuracy(real_logits, fake_logits, mean(fake_logits), mean(real_logits))


Reports = Mapping[str, Report]
PROBABILITIES: Reports = {
    "d_real": Report(probability_of_real, "P(real) of real", "probability of real"),
    "d_fake": Report(probability_of_fake, "P(real) of made", "probability of real"),
}
GAP: Reports = {"d_gap": Report(gap, "gap", "mean D of real - mean D of made")}
PAIRS: Reports = {"d_pairs_won": Report(pairs_won, "pairs won", "share of pairs")}
SIDES: Reports = {"d_accuracy": Report(beyond_the_others, "told apart", "share of samples")}
REPORTS: Reports = {**PROBABILITIES, **GAP, **PAIRS, **SIDES}
"""All of them: column -> report."""


def measured(reports: Reports, real_logits: Array, fake_logits: Array) -> dict[str, np.floating]:
    """Return each report of a discriminator's logits, by its column."""
    return {name: report.measure(real_logits, fake_logits) for name, report in reports.items()}
