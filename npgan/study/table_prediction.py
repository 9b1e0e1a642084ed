r"""How well the columns of a table are predicted from one another, by predictors fitted to generated rows.

The predictor is kernel ridge regression, on one-hot codes for a category. It finds smooth relations of any form, and
columns that do not matter disturb it less than they disturb nearest neighbours. It has one setting,
:math:`\lambda`, which the rows that it is fitted to decide. With D the squared distances of rows in all columns but the
predicted one, and :math:`\bar D` their mean,

.. math:: K = \exp(-D / 2\bar D), \qquad f(x) = \bar y + k(x)^T (K + \lambda I)^{-1} (y - \bar y),

where k(x) holds the kernel between x and the rows, and :math:`\lambda` is that of `RIDGES` with the least squared
leave-one-out error. With :math:`\alpha = (K + \lambda I)^{-1} (y - \bar y)`, and :math:`\bar y` kept, the errors are
:math:`e_i = \alpha_i / [(K + \lambda I)^{-1}]_{ii}`, in closed form.
Sources: Rasmussen and Williams 2006, "Gaussian processes for machine learning", secs. 2.2 and 5.4.2. Comparing models
that were fitted to generated and to real rows: Esteban et al. 2017, "train on synthetic, test on real".
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

RIDGES = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
RESAMPLES = 1000
"""The number of bootstrap samples of the test rows from which an interval is found."""
MIDDLE = (0.025, 0.975)


class Target(NamedTuple):
    """A column of the test rows: where it is there (m,), the truth (m, w), and whether it is a category."""

    there: np.ndarray
    truth: np.ndarray
    coded: bool


def squares(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the squared distances (n, m) of rows (n, d) from rows (m, d).

    >>> squares(np.array([[0.0, 0], [3, 4]]), np.array([[0.0, 0]]))
    array([[ 0.],
           [25.]])
    """
    found = np.square(a).sum(axis=1)[:, None] + np.square(b).sum(axis=1) - 2 * a @ b.T
    return np.maximum(found, 0)


def fitted(near: np.ndarray, far: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return predictions (m, w) from y (n, w), squared distances (n, n) of these rows, and (m, n) of others from them.

    >>> x = np.linspace(-2, 2, 50)[:, None]
    >>> fitted(squares(x, x), squares(x[:1] / 2, x), x**2).round(1)
    array([[1.]])
    """
    if not len(y):
        return np.zeros((len(far), y.shape[1]))
    width, mean = 2 * near.mean() or 1.0, y.mean(axis=0)
    values, vectors = np.linalg.eigh(np.exp(-near / width))
    seen = vectors.T @ (y - mean)

    def solve(ridge: float) -> tuple[np.ndarray, np.ndarray]:
        scale = 1 / (np.maximum(values, 0) + ridge)[:, None]
        weights = vectors @ (scale * seen)
        return weights, weights / (np.square(vectors) @ scale)

    solutions = map(solve, RIDGES)
    weights, _ = min(solutions, key=lambda both: float(np.square(both[1]).sum()))
    return mean + np.exp(-far / width) @ weights


def predictions(
    blocks: Sequence[np.ndarray],
    test: Sequence[np.ndarray],
    chosen: Sequence[int],
    there: np.ndarray,
) -> list[np.ndarray]:
    """Return the predicted blocks (m, w) of the chosen columns of the test rows.

    ``blocks`` are those of the rows to fit to; ``there`` (n, c) says where these have a value to learn from.
    """
    near, far = (squares(np.hstack(one), np.hstack(blocks)) for one in (blocks, test))
    found = []
    for j in chosen:
        known, mine = there[:, j], blocks[j]
        inside = np.maximum(near - squares(mine, mine), 0)[np.ix_(known, known)]
        outside = np.maximum(far - squares(test[j], mine), 0)[:, known]
        found.append(fitted(inside, outside, mine[known]))
    return found


def scores(target: Target, predicted: np.ndarray, times: np.ndarray) -> np.ndarray:
    r"""Return the accuracy of a category, or the R² of a number, for each way (b, m) to count the test rows.

    :math:`R^2 = 1 - \sum_i (y_i - f_i)^2 / \sum_i (y_i - \bar y)^2`; NaN if all rows are alike.
    """
    times = times * target.there
    with np.errstate(invalid="ignore", divide="ignore"):
        if target.coded:
            right = predicted.argmax(axis=1) == target.truth.argmax(axis=1)
            return times @ right / times.sum(axis=1)
        y = target.truth[:, 0]
        spread = times @ y**2 - (times @ y) ** 2 / times.sum(axis=1)
        errors = times @ np.square(y - predicted[:, 0])
        return np.where(spread > 1e-9, 1 - errors / spread, np.nan)


def compared(
    names: Sequence[str],
    targets: Sequence[Target],
    by: Mapping[str, Sequence[np.ndarray]],
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Return the scores of predictions by two models, their means over columns, and the intervals of all of these.

    ``by``: suffix of the names of the scores -> the predictions of all columns.
    """
    m = len(targets[0].there)
    times = np.vstack([np.ones(m), rng.multinomial(m, np.full(m, 1 / m), RESAMPLES)])
    found = {
        suffix: np.array([scores(*pair, times) for pair in zip(targets, some, strict=True)])
        for suffix, some in by.items()
    }
    defined = [
        j for j in range(len(names)) if not any(np.isnan(one[j, 0]) for one in found.values())
    ]
    columns = {
        names[j]: {"measure": "accuracy" if targets[j].coded else "R2"}
        | _said("score", {suffix: one[j] for suffix, one in found.items()})
        for j in defined
    }
    if not defined:
        return {"columns": columns}
    means = {suffix: _mean(one[defined]) for suffix, one in found.items()}
    return _said("mean", means) | {"resamples": RESAMPLES, "columns": columns}


def _mean(found: np.ndarray) -> np.ndarray:
    """Return means over columns (c, b); a resample in which a column is undefined leaves it out."""
    there = ~np.isnan(found)
    return np.where(there, found, 0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)


def _said(name: str, found: dict[str, np.ndarray]) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for suffix, (first, *rest) in found.items():
        low, high = np.nanquantile(rest, MIDDLE)
        said |= {name + suffix: float(first), f"{name}{suffix}_interval": [float(low), float(high)]}
    return said
