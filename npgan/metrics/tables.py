r"""How alike the columns of two tables are, one by one and in pairs: 1 if they are the same, 0 at worst.

The measures are those of the quality report of SDMetrics (DataCebo 2023, version 0.32), with the same treatment of
missing values: in a single column, and in a pair of numbers, they are left out; in a pair with a category, missing is
one more category. Two things differ. SDMetrics leaves out pairs in which a number is constant; here its correlation
with anything is 0, so that a generator that makes a column constant is not spared. And its report cuts the numbers of
each table into bins of their own; here the bins are always those of the real values, as in its
`ContingencySimilarity`.
"""

import numpy as np

from npgan.errors import TAME, array, count, labels

__all__ = [
    "BINS",
    "contingency_similarity",
    "correlation",
    "correlation_ratio",
    "correlation_similarity",
    "cramers_v",
    "cut",
    "ks_complement",
    "tv_complement",
]

BINS = 10
FLAT = 1e-12  # times the largest number: a smaller spread is rounding


def ks_complement(real: np.ndarray, made: np.ndarray) -> float:
    r"""Return :math:`1 - \sup_x |F(x) - G(x)|` of numbers (n,) and (m,).

    F(x) and G(x) are the shares of real and of made numbers that are at most x. Source: Kolmogorov 1933, Smirnov 1939.

    >>> ks_complement(np.array([1.0, 2, 3, 4]), np.array([3.0, 4]))
    0.5
    """
    real = np.sort(array("real", real, ("n",), rows=1))
    made = np.sort(array("made", made, ("m",), rows=1))
    x = np.concatenate([real, made])
    below = [np.searchsorted(one, x, "right") / len(one) for one in (real, made)]
    return float(1 - abs(below[0] - below[1]).max())


def tv_complement(real: np.ndarray, made: np.ndarray) -> float:
    r"""Return :math:`1 - \frac12 \sum_k |p_k - q_k|` of categories (n,) and (m,), whole numbers.

    p and q are the shares of each category k.
    Source: Levin and Peres 2017, "Markov chains and mixing times", prop. 4.2.

    >>> tv_complement(np.array([0, 0, 1, 2]), np.array([0, 1]))
    0.75
    """
    real = array("real", real, ("n",), "whole numbers", rows=1)
    made = array("made", made, ("m",), "whole numbers", rows=1)
    return _overlap(labels("real", real, "n"), labels("made", made, "m"))


def correlation_similarity(real: np.ndarray, made: np.ndarray) -> float:
    r"""Return :math:`1 - \frac12 |r - s|` of two columns of numbers, (n, 2) and (m, 2).

    r is the correlation of the real columns and s that of the made ones, :func:`correlation`.
    Source: SDMetrics, "CorrelationSimilarity".

    >>> round(correlation_similarity(np.array([[0.0, 0], [1, 1]]), np.array([[0.0, 2], [1, 2]])), 6)
    0.5
    """
    real = array("real", real, ("n", 2), rows=1, limits=TAME)
    made = array("made", made, ("m", 2), rows=1, limits=TAME)
    return 1 - abs(correlation(*real.T) - correlation(*made.T)) / 2


def contingency_similarity(real: np.ndarray, made: np.ndarray) -> float:
    r"""Return :math:`1 - \frac12 \sum_{kl} |p_{kl} - q_{kl}|` of two columns of categories, (n, 2) and (m, 2).

    p and q are the shares of each pair of categories, whole numbers. Source: SDMetrics, "ContingencySimilarity".

    >>> contingency_similarity(np.array([[0, 0], [1, 1]]), np.array([[0, 0], [0, 1]]))
    0.5
    """
    real = array("real", real, ("n", 2), "whole numbers", rows=1)
    made = array("made", made, ("m", 2), "whole numbers", rows=1)
    a, b = (_compact(np.concatenate([real[:, i], made[:, i]]).astype(np.int64)) for i in (0, 1))
    pairs = a * (b.max() + 1) + b
    return _overlap(pairs[: len(real)], pairs[len(real) :])


def cut(values: np.ndarray, real: np.ndarray, bins: int = BINS) -> np.ndarray:
    """Return in which bin, 0, 1, ..., each number (n,) is; bins of equal width cover the range of ``real`` (m,).

    Numbers beyond it are in the first or last bin. Source: SDMetrics, "ContingencySimilarity".

    >>> cut(np.array([-5.0, 0.6, 1, 99]), np.array([0.0, 1]), bins=2)
    array([0, 1, 1, 1])
    """
    values = array("values", values, ("n",), dtype=np.float64)
    real = array("real", real, ("m",), rows=1, dtype=np.float64, limits=TAME)
    edges = np.linspace(real.min(), real.max(), count("bins", bins, 1, 2**20) + 1)
    return np.searchsorted(edges[1:-1], values, "right")


def correlation(x: np.ndarray, y: np.ndarray) -> float:
    r"""Return Pearson's correlation of numbers (n,) with numbers (n,), 0 if one of them is constant.

    :math:`r = \sum_i (x_i - \bar x)(y_i - \bar y) / (|x - \bar x|\,|y - \bar y|)`. Source: Pearson 1895.

    >>> round(correlation(np.array([1.0, 2, 3]), np.array([1.0, 4, 4])), 3)
    0.866
    """
    x = array("x", x, ("n",), rows=1, dtype=np.float64, limits=TAME)
    y = array("y", y, x.shape, rows=1, dtype=np.float64, limits=TAME)
    return float(np.clip(_unit(x) @ _unit(y), -1, 1))


def correlation_ratio(categories: np.ndarray, values: np.ndarray) -> float:
    r"""Return how much of the spread of numbers (n,) lies between categories (n,), 0 if the numbers are constant.

    :math:`\eta = \sqrt{\sum_k n_k (\bar x_k - \bar x)^2 / \sum_i (x_i - \bar x)^2}`. Source: Pearson 1905.

    >>> correlation_ratio(np.array([0, 0, 1, 1]), np.array([1.0, 1, 2, 2]))
    1.0
    """
    values = array("values", values, ("n",), rows=1, dtype=np.float64, limits=TAME)
    found = _compact(labels("categories", categories, len(values)))
    unit = _unit(values)
    between = np.square(np.bincount(found, unit)) / np.bincount(found)
    return float(min(np.sqrt(between.sum()), 1))


def cramers_v(a: np.ndarray, b: np.ndarray) -> float:
    r"""Return how far categories (n,) determine others (n,), 0 if one of them is constant.

    :math:`V = \sqrt{\chi^2 / (n \min(K - 1, L - 1))}`, for a table of K by L categories. Source: Cramér 1946, ch. 21.

    >>> cramers_v(np.array([0, 0, 1, 1]), np.array([5, 5, 7, 7]))
    1.0
    """
    a = _compact(labels("a", array("a", a, ("n",), "whole numbers", rows=1), "n"))
    b = _compact(labels("b", b, len(a)))
    rows, columns = np.bincount(a), np.bincount(b)
    least = min(len(rows), len(columns)) - 1
    if not least:
        return 0.0
    pairs, times = np.unique(a * len(columns) + b, return_counts=True)
    i, j = np.divmod(pairs, len(columns))
    squares = (times**2 / (rows[i] * columns[j])).sum() - 1  # chi squared over n
    return float(np.sqrt(np.clip(squares / least, 0, 1)))


def _compact(categories: np.ndarray) -> np.ndarray:
    """Return the same categories as 0, 1, ..."""
    return np.unique(categories, return_inverse=True)[1]


def _overlap(real: np.ndarray, made: np.ndarray) -> float:
    found = _compact(np.concatenate([real, made]))
    n, k = len(real), found.max() + 1
    p, q = (np.bincount(one, minlength=k) / len(one) for one in (found[:n], found[n:]))
    return float(np.minimum(p, q).sum())  # 1 - half the sum of |p - q|: both add up to 1


def _unit(x: np.ndarray) -> np.ndarray:
    """Return numbers without their mean, of length 1, or 0 if they are constant."""
    centred = x - x.mean()
    length = np.sqrt(np.square(centred).sum())
    flat = length <= FLAT * max(abs(x).max(), 1e-100) * np.sqrt(len(x))
    return np.zeros(len(x)) if flat else centred / length
