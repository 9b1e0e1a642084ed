"""Whether generated rows of a table give away rows that the model was trained on."""

from typing import Any

import numpy as np

from npgan.metrics import auroc, copy_statistics, neighbour_distance
from npgan.study.table_columns import Columns

CELLS = 2**26
"""The most cells of the training rows with which rows are compared to find copies."""
ROWS = 2**16


def auc_error(scores: np.ndarray, positive: np.ndarray) -> float | None:
    r"""Return the standard error of :func:`npgan.metrics.auroc`, None if a class has fewer than two rows.

    :math:`\sqrt{S_+ / n_+ + S_- / n_-}`, with :math:`S_\pm` the variance over the rows of one class of the share of
    the other class's rows that each row is above, or below. Source: DeLong et al. 1988.

    >>> auc_error(np.array([2.0, 1.0, 2.0, 3.0]), np.array([False, False, True, True]))
    0.1767766952966369
    """
    sides = np.sort(scores[positive]), np.sort(scores[~positive])
    if min(map(len, sides)) < 2:
        return None
    return float(np.sqrt(sum(_spread(a, b) / len(a) for a, b in (sides, sides[::-1]))))


def _spread(a: np.ndarray, b: np.ndarray) -> float:
    """Return the variance over numbers (n,) of the share of other, sorted numbers (m,) below each; ties count half."""
    below, up_to = (np.searchsorted(b, a, side) for side in ("left", "right"))
    return float(np.var((below + up_to) / (2 * len(b)), ddof=1))


def copied(
    columns: Columns, rows: np.ndarray, some: list[np.ndarray]
) -> tuple[list[np.ndarray], int]:
    """Return which rows of values (n, c) in each set equal a training row, and the number of training rows compared.

    If the training rows (t, blocks) have more than `CELLS` cells, some rows are chosen evenly.
    """
    rows = rows[:: -(-rows.size // CELLS)]
    sets = [_keys(values) for values in some]
    wanted, seen = {key for keys in sets for key in keys}, set()
    for start in range(0, len(rows), ROWS):
        seen |= wanted.intersection(_keys(columns.values(rows[start : start + ROWS])))
    return [np.array([key in seen for key in keys]) for keys in sets], len(rows)


def _keys(values: np.ndarray) -> list[bytes]:
    """Return each row as bytes, the same for equal rows, as values have only one zero and one NaN."""
    return [row.tobytes() for row in values]


def near(made: np.ndarray, held_out: np.ndarray, train: np.ndarray) -> dict[str, Any]:
    """Return how near samples (n, d) are to training rows, compared with held-out rows (m, d).

    ``membership`` is the AUC of an attack on training and held-out rows. It says of a row that it was trained on the
    more, the nearer a sample is: 0.5 if samples give nothing away. Source: Chen et al. 2020, "GAN-Leaks".
    """
    rows = np.concatenate([train, held_out])
    scores, members = -neighbour_distance(rows, made, 1), np.arange(len(rows)) < len(train)
    return copy_statistics(made, held_out, train) | {
        "membership": auroc(scores, members),
        "membership_error": auc_error(scores, members),
    }
