"""Whether samples are copies of training rows."""

import numpy as np

from npgan.metrics.checks import sets
from npgan.metrics.neighbours import squared_distances

__all__ = ["copied_share", "copy_statistics"]


def copy_statistics(
    samples: np.ndarray, held_out: np.ndarray, train: np.ndarray
) -> dict[str, float]:
    r"""Return whether samples lie closer to training rows than held-out real data does.

    :math:`D(x)` is the distance of x from the nearest training row. Real data lies close to some of
    them too; a generator that copies lies closer.

    Parameters
    ----------
    samples : (n, d)
    held_out : (m, d)
    train : (t, d)

    Returns
    -------
    nearest_train_row : the median of D over the samples
    nearest_train_row_real : its median over the held-out rows
    closer : the share of pairs (sample, held-out row) in which the sample is the closer one,
        :math:`P(D(y) < D(x)) + \frac12 P(D(y) = D(x))`: 1/2 for new real data, 1 for copies, and
        near 0 for samples that are merely bad (Meehan et al. 2020: Mann and Whitney's U)

    Examples
    --------
    >>> train, held_out = np.array([[0.0], [4.0]]), np.array([[1.0], [2.0]])
    >>> copy_statistics(np.array([[0.0], [5.0]]), held_out, train)
    {'nearest_train_row': 0.5, 'nearest_train_row_real': 1.5, 'closer': 0.875}
    """
    samples, held_out, train = sets(samples=samples, held_out=held_out, train=train)
    ours, theirs = (np.sort(_nearest(x, train)[0]) for x in (samples, held_out))
    below, up_to = (np.searchsorted(theirs, ours, side) for side in ("left", "right"))
    return {
        "nearest_train_row": float(np.median(ours)),
        "nearest_train_row_real": float(np.median(theirs)),
        "closer": float(1 - (below + up_to).mean() / (2 * len(theirs))),
    }


def copied_share(samples: np.ndarray, held_out: np.ndarray, train: np.ndarray) -> dict[str, float]:
    r"""Estimate which share of samples copies training rows, unlike rows that the model has not seen.

    To a model that has learned no row by heart, t training rows and m held-out rows of one distribution are alike,
    however blurred, alike or bad its samples are: of n samples :math:`w_i` are nearest to row i, and all held-out rows
    together have :math:`W = \sum_{held\ out} w_i`, :math:`nm/(t + m)` of them on average. If the share f of the
    samples copies, only the others are ever nearest to a held-out row, and W is smaller by the factor 1 - f:

    .. math:: f = 1 - \frac{t + m}{nm} W, \qquad
        \operatorname{sd} f = \frac{t + m}{nm} \sqrt{\frac{tm}{N(N - 1)} \sum_i (w_i - \bar w)^2},\quad N = t + m,

    the standard deviation if any m of the N rows might have been held out, each choice as likely. It is large if all
    samples are nearest to few rows, of which these may have been training rows by chance.
    Sources: Platzer and Reutterer 2021 compare distances from training and from held-out rows; the variance is
    that of a sum drawn without replacement (Pitman 1937).

    Parameters
    ----------
    samples : (n, d)
    held_out : (m, d)
    train : (t, d)

    Returns
    -------
    copied : f, about 0 for new data and 1 for copies; below 0, if samples are nearer to held-out rows
    copied_error : its standard deviation for a model that does not copy

    Examples
    --------
    >>> train, held_out = np.array([[0.0], [2.0], [4.0]]), np.array([[1.0]])
    >>> copied_share(np.array([[0.1], [2.1], [4.1], [3.9]]), held_out, train)
    {'copied': 1.0, 'copied_error': 0.7071067811865476}
    """
    samples, held_out, train = sets(samples=samples, held_out=held_out, train=train)
    (seen, nearest), (unseen, others) = (_nearest(samples, x) for x in (train, held_out))
    held = np.where(seen == unseen, 0.5, unseen < seen)  # a row that is in both sets counts half
    t, m, n = len(train), len(held_out), len(samples)
    weights = np.concatenate(
        [np.bincount(nearest, 1 - held, minlength=t), np.bincount(others, held, minlength=m)]
    )
    scale, rows = (t + m) / (n * m), t + m
    squares = np.square(weights - weights.mean()).sum()
    return {
        "copied": float(1 - scale * held.sum()),
        "copied_error": float(scale * np.sqrt(t * m * squares / (rows * (rows - 1)))),
    }


def _nearest(x: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the distance of each row from the nearest of the others, of which there may be many, and its index."""
    squares, index = np.full(len(x), np.inf), np.zeros(len(x), np.int64)
    for rows, block in squared_distances(others, x):
        least = block.min(axis=0)
        nearer = least < squares
        index[nearer] = rows.start + block.argmin(axis=0)[nearer]
        squares[nearer] = least[nearer]
    return np.sqrt(squares), index
