"""How well a score separates two classes, over all thresholds."""

import numpy as np

from npgan.errors import InputError, array

__all__ = ["auroc", "roc_curve"]


def roc_curve(scores: np.ndarray, positive: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r"""Return the false and true positive rates for every threshold, from no row above it to all.

    A row raises an alarm if its score is at least the threshold; rows of equal score do so together.

    Parameters
    ----------
    scores : (n,)
    positive : (n,) whether a row should raise an alarm, True or 1; some must and some must not

    Returns
    -------
    false, true : both (m,), from 0 to 1, a point for every distinct score, and one for no alarms

    Examples
    --------
    >>> roc_curve(np.array([3.0, 1.0, 2.0]), np.array([True, False, False]))
    (array([0. , 0. , 0.5, 1. ]), array([0., 1., 1., 1.]))
    """
    positive = array("positive", positive, ("n",), "truth values", limits=(0, 1)).astype(bool)
    scores = array("scores", scores, positive.shape, dtype=np.float64)
    if positive.all() or not positive.any():
        raise InputError("a ROC curve needs positive and negative rows")
    order = np.argsort(-scores)
    last = np.append(np.diff(scores[order]) != 0, True)
    true, false = np.cumsum(positive[order])[last], np.cumsum(~positive[order])[last]
    return np.append(0, false / false[-1]), np.append(0, true / true[-1])


def auroc(scores: np.ndarray, positive: np.ndarray) -> float:
    r"""Return the area under :func:`roc_curve`: how often a positive row's score is the higher one.

    :math:`P(s_+ > s_-) + \frac12 P(s_+ = s_-)` over all pairs of a positive and a negative row.
    Source: Hanley and McNeil 1982.

    >>> auroc(np.array([2.0, 1.0, 2.0, 3.0]), np.array([False, False, True, True]))
    0.875
    """
    false, true = roc_curve(scores, positive)
    return float(np.sum(np.diff(false) * (true[1:] + true[:-1])) / 2)
