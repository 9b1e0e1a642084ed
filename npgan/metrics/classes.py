"""What a classifier says about samples: which classes they belong to, and how sure it is."""

import numpy as np

from npgan import errors
from npgan.errors import InputError, count
from npgan.metrics.checks import sets

__all__ = ["class_statistics", "confusion"]

SUM_TOLERANCE = 1e-3  # rows of float16 probabilities sum to 1 within it
MOST_CLASSES = 10_000  # whose confusion matrix fits into memory


def class_statistics(probabilities: np.ndarray, real: np.ndarray) -> dict[str, int | float]:
    r"""Return how samples are distributed over classes, from p(class | sample).

    A sample's class is its most probable one; :math:`h_c` is the share of samples in class c and
    :math:`h^r_c` that of real data, by the same classifier, whose mistakes affect both alike.

    Parameters
    ----------
    probabilities : (n, classes), rows that sum to 1
    real : (m, classes) the same for real data

    Returns
    -------
    classes : the number of those with :math:`h_c \ge 1\,\%`
    total_variation : :math:`\frac12\sum_c |h_c - h^r_c|`
    classifier_score : :math:`\exp \mathrm{E}_x\, \mathrm{KL}(p(y|x)\,\|\,p(y))`,
        :math:`p(y) = \mathrm{E}_x\, p(y|x)`: from 1 to the number of classes, which it reaches if each
        sample is certain and the classes are equally frequent (Salimans et al. 2016, sec. 4: the
        inception score, which uses another network)

    Examples
    --------
    >>> sure = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    >>> classes, uneven, score = class_statistics(sure, real=np.eye(2)).values()
    >>> classes, uneven, round(score, 4)  # exp(log 4 - 3/4 log 3)
    (2, 0.25, 1.7548)
    """
    probabilities, real = (
        p.astype(np.float64) for p in sets(probabilities=probabilities, real=real)
    )
    for p in (probabilities, real):
        if p.min() < 0 or np.abs(p.sum(axis=1) - 1).max() > SUM_TOLERANCE:
            raise InputError("every row must be probabilities: not negative, with the sum 1")
    shares, real_shares = _shares(probabilities), _shares(real)
    return {
        "classes": int((shares >= 0.01).sum()),
        "total_variation": float(np.abs(shares - real_shares).sum() / 2),
        "classifier_score": _score(probabilities),
    }


def _shares(probabilities: np.ndarray) -> np.ndarray:
    """Return the share of rows in which each class is the most probable."""
    classes = probabilities.argmax(axis=1)
    return np.bincount(classes, minlength=probabilities.shape[1]) / len(classes)


def _score(p: np.ndarray) -> float:
    """Return exp of the mean divergence of the rows from their mean, where 0 log 0 is 0."""
    ratio = np.divide(p, p.mean(axis=0), out=np.ones_like(p), where=p > 0)
    return float(np.exp((p * np.log(ratio)).sum(axis=1).mean()))


def confusion(predicted: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Return the confusion matrix (classes, classes): rows are true classes, columns are predicted ones.

    >>> confusion(np.array([0, 1, 1]), np.array([0, 0, 1]), classes=2)
    array([[1, 1],
           [0, 1]])

    Raises InputError unless there are as many labels as predictions, all of them among the classes.
    """
    classes = count("classes", classes, 1, MOST_CLASSES)
    predicted = errors.labels("predicted", predicted, "n", classes)
    labels = errors.labels("labels", labels, len(predicted), classes)
    return np.bincount(labels * classes + predicted, minlength=classes**2).reshape(classes, -1)
