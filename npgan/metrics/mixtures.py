r"""How well samples cover a mixture of k equal, round Gaussians in the plane.

A sample belongs to its nearest centre and is of high quality within :math:`3\sigma` of it, as a share
:math:`1 - e^{-9/2} \approx 98.89\,\%` of the mixture's own samples is.
"""

import numpy as np

from npgan import errors
from npgan.errors import TAME, array, positive
from npgan.metrics.coverage import kl_from_uniform

__all__ = ["mode_statistics"]

RADIUS = 3.0
"""Where high quality ends, in standard deviations."""


def mode_statistics(samples: np.ndarray, centres: np.ndarray, std: float) -> dict[str, int | float]:
    r"""Say which modes samples cover, how evenly, how sharply and with what spread.

    Of n samples :math:`n_i` lie nearest to centre i, :math:`g_i` of these are of high quality, and
    :math:`q_i = g_i / \sum_j g_j`.

    Parameters
    ----------
    samples : (n, 2)
    centres : (k, 2)
    std : :math:`\sigma`, the standard deviation of each mode

    Returns
    -------
    modes : the number of centres with :math:`g_i \ge 1` (Srivastava et al. 2017, sec. 4.1)
    modes_of_1_percent : those with :math:`g_i \ge n/100`; where k is 100 or more, see the next
    modes_of_half_a_share : those with :math:`g_i \ge n/2k`, half of what is expected of the mixture
    high_quality : :math:`\sum_i g_i / n`
    total_variation : :math:`\frac12\sum_i |n_i/n - 1/k|`: 0 if all have equally many,
        :math:`1 - 1/k` if one has all
    reverse_kl : :math:`\mathrm{KL}(q\,\|\,u) = \sum_i q_i \log k q_i` in nats, of the model from the
        uniform :math:`u_i = 1/k` and not the other way round, which is infinite if a mode is missing
        (Lin et al. 2018, sec. 4.1); :math:`\log k`, its largest value, if no sample is of high quality
    spread : the standard deviation within modes over :math:`\sigma`, see :func:`relative_spread`

    Examples
    --------
    >>> centres = np.array([[0.0, 0.0], [9.0, 0.0]])
    >>> samples = np.array([[0.1, 0.0], [0.0, 0.2], [8.0, 0.0], [0.0, 0.0]])
    >>> for name, value in mode_statistics(samples, centres, 0.1).items():
    ...     print(f"{name:22}{value:.3f}")
    modes                 1.000
    modes_of_1_percent    1.000
    modes_of_half_a_share 1.000
    high_quality          0.750
    total_variation       0.250
    reverse_kl            0.693
    spread                0.937
    """
    samples, centres = (
        array(name, x, ("n", 2), rows=1, dtype=np.float64, limits=TAME)
        for name, x in (("samples", samples), ("centres", centres))
    )
    std = positive("the standard deviation", std)
    distances = np.linalg.norm(samples[:, None] - centres, axis=2)
    nearest = distances.argmin(axis=1)
    good = distances.min(axis=1) <= RADIUS * std
    n, k = len(samples), len(centres)
    counts = np.bincount(nearest[good], minlength=k)
    shares = np.bincount(nearest, minlength=k) / n
    return {
        "modes": int((counts > 0).sum()),
        "modes_of_1_percent": int((counts >= n / 100).sum()),
        "modes_of_half_a_share": int((counts >= n / (2 * k)).sum()),
        "high_quality": float(good.mean()),
        "total_variation": float(np.abs(shares - 1 / k).sum() / 2),
        "reverse_kl": kl_from_uniform(counts),
        "spread": relative_spread(samples[good], nearest[good], std),
    }


def relative_spread(samples: np.ndarray, modes: np.ndarray, std: float) -> float:
    r"""Return the standard deviation within modes, relative to that of the mixture's own samples.

    A mode that has collapsed to one point is covered and of perfect quality: only this shows it. The
    deviation is from each mode's own mean :math:`m_i`, wherever that lies, pooled over the modes:

    .. math:: s^2 = \frac{\sum_i \sum_{x \in i} |x - m_i|^2}{2 \sum_i (g_i - 1)}

    The samples are those of high quality, within :math:`r = 3\sigma` of a centre. A round Gaussian
    that is cut off there has only the variance :math:`c\sigma^2` per axis: :math:`|x|^2/2\sigma^2` is
    exponential, and its mean below :math:`a = r^2/2\sigma^2 = 9/2` is

    .. math:: c = \frac{\int_0^a t e^{-t} dt}{\int_0^a e^{-t} dt}
        = 1 - \frac{a e^{-a}}{1 - e^{-a}} \approx 0.949

    The result is :math:`s/\sigma\sqrt c`: 1 for the mixture, 0 for points, or where no mode has two
    samples. Evenly filled discs have 1.54, circles at the edge 2.18.

    Parameters
    ----------
    samples : (g, 2) of high quality
    modes : (g,) the mode of each
    std : :math:`\sigma`

    Examples
    --------
    >>> x = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])  # s² = 4 / 6
    >>> round(relative_spread(x, np.zeros(4, int), 1.0), 4)
    0.838
    """
    samples = array("samples", samples, ("g", 2), dtype=np.float64, limits=TAME)
    modes = errors.labels("modes", modes, len(samples))
    std = positive("the standard deviation", std)
    a = RADIUS**2 / 2
    c = 1 - a * np.exp(-a) / (1 - np.exp(-a))
    squares, freedom = 0.0, 0
    for mode in np.unique(modes):
        x = samples[modes == mode]
        squares += np.square(x - x.mean(axis=0)).sum()
        freedom += 2 * (len(x) - 1)
    return float(np.sqrt(squares / freedom / c) / std) if freedom else 0.0
