"""How many of a data set's modes samples cover, and how evenly, once it is known which mode each is of."""

import numpy as np

from npgan.errors import array, count

__all__ = ["coverage_statistics"]

MOST_MODES = 1_000_000


def coverage_statistics(modes: np.ndarray, k: int) -> dict[str, int | float]:
    r"""Say how many of k modes samples cover and how evenly, given the mode of each.

    :math:`q_i = n_i/n` is the share of the n samples that are of mode i.

    Parameters
    ----------
    modes : (n,) whole numbers below k
    k : how many modes there are

    Returns
    -------
    samples : n
    modes : the number of those with a sample, :math:`n_i \ge 1`
    reverse_kl : :math:`\mathrm{KL}(q\,\|\,u) = \sum_i q_i \log k q_i` in nats, of the samples' distribution from
        the uniform :math:`u_i = 1/k`. Of n samples from u itself it is about :math:`(k - 1)/2n`.

    Source: Lin et al. 2018, sec. 4.1, and their program, which counts the 1000 modes of stacked MNIST in 26,000
    samples (in 25,600, where it compares with Metz et al. 2017).

    >>> coverage_statistics(np.array([0, 0, 1, 1]), 4)
    {'samples': 4, 'modes': 2, 'reverse_kl': 0.6931471805599453}
    """
    k = count("k", k, 1, MOST_MODES)
    modes = array("modes", modes, ("n",), "whole numbers", rows=1, limits=(0, k - 1))
    counts = np.bincount(modes.astype(np.int64), minlength=k)
    return {
        "samples": int(counts.sum()),
        "modes": int((counts > 0).sum()),
        "reverse_kl": kl_from_uniform(counts),
    }


def kl_from_uniform(counts: np.ndarray) -> float:
    r"""Return :math:`\sum_i q_i \log k q_i` for q = counts (k,) / their sum; log k, the most, if there are none.

    >>> kl_from_uniform(np.array([3, 3]))
    0.0
    """
    if not counts.any():
        return float(np.log(len(counts)))
    q = counts[counts > 0] / counts.sum()
    return float((q * np.log(len(counts) * q)).sum())
