r"""What nearest neighbours show: fidelity and diversity.

A set's manifold is the union of balls, one about each of its points, that reach to the point's k-th
nearest neighbour in the set. Distances are Euclidean, computed a block at a time. They are
accurate also for rows that lie close together and far from 0; equal rows have the distance 0.
"""

from collections.abc import Iterator

import numpy as np

from npgan import errors
from npgan.errors import count
from npgan.metrics.checks import sets

__all__ = [
    "NEIGHBOURS",
    "nearest_rows",
    "neighbour_accuracy",
    "neighbour_distance",
    "neighbour_statistics",
]

NEIGHBOURS = 5
BLOCK = 2**22  # distances held at a time, 32 MiB
WIDE = 2**25  # numbers of each set held in float64 at a time, 256 MiB
CLOSE = 1e-6  # squared distance over squared norm of the row: six of sixteen digits are lost


def neighbour_statistics(
    samples: np.ndarray, real: np.ndarray, k: int = NEIGHBOURS
) -> dict[str, float]:
    r"""Return precision and recall, density and coverage of samples.

    With :math:`r(x)` the distance of x from its k-th nearest neighbour in its own set, itself
    excluded; for n samples y and m real x:

    precision
        the share of samples on the real manifold, :math:`\exists x: |y - x| \le r(x)`
    recall
        the share of real points on the samples' manifold, :math:`\exists y: |x - y| \le r(y)`
    density
        :math:`\frac{1}{kn}\sum_y \#\{x: |y - x| \le r(x)\}`: how many balls a sample lies in, over k;
        unlike precision, it is not fooled by one outlier's large ball; it may exceed 1
    coverage
        the share of real points whose ball holds a sample, :math:`\exists y: |x - y| \le r(x)`

    For two sets of one distribution, each of n points, the expected density is 1 and the expected
    coverage :math:`1 - \prod_{i<k} (n - 1 - i)/(2n - 1 - i) \approx 1 - 2^{-k}`.
    Sources: Kynkäänniemi et al. 2019, eq. 1-2; Naeem et al. 2020, eq. 3-4 and lemma 2.

    samples: (n, d); real: (m, d); k is below n and m.

    >>> real, samples = np.array([[0.0], [1.0], [3.0]]), np.array([[0.5], [2.9], [9.0]])
    >>> neighbour_statistics(samples, real, k=1)  # radii: 1, 1, 2 and 2.4, 2.4, 6.1
    {'precision': 0.6666666666666666, 'recall': 1.0, 'density': 1.0, 'coverage': 1.0}
    """
    k = count("the number of neighbours", k, 1)
    samples, real = sets(rows=k + 1, samples=samples, real=real)
    sample_radii, real_radii = _squared_radii(samples, k), _squared_radii(real, k)
    precise = inside = 0
    recalled, covered = np.zeros((2, len(real)), bool)
    for rows, squares in squared_distances(samples, real):
        in_real_balls = squares <= real_radii
        precise += int(in_real_balls.any(axis=1).sum())
        inside += int(in_real_balls.sum())
        covered |= in_real_balls.any(axis=0)
        recalled |= (squares <= sample_radii[rows, None]).any(axis=0)
    return {
        "precision": precise / len(samples),
        "recall": float(recalled.mean()),
        "density": inside / (k * len(samples)),
        "coverage": float(covered.mean()),
    }


def neighbours_of_parts(
    samples: np.ndarray, real: np.ndarray, parts: np.ndarray, k: int = NEIGHBOURS
) -> dict[str, np.ndarray]:
    """Return precision and density, (r,) each, of samples (n, d) with parts of the real rows (m, d), for few of these.

    ``parts`` (r, p) are the rows of each, p above k; distances are computed once. See :func:`neighbour_statistics`.
    """
    squares, between = (
        np.vstack([block for _, block in squared_distances(real, x)]) for x in (samples, real)
    )
    np.fill_diagonal(between, np.inf)
    precise, inside = np.empty((2, len(parts)))
    for i, part in enumerate(parts):
        radii = np.partition(between[np.ix_(part, part)], k - 1)[:, k - 1]
        in_balls = squares[part] <= radii[:, None]
        precise[i], inside[i] = in_balls.any(axis=0).mean(), np.count_nonzero(in_balls)
    return {"precision": precise, "density": inside / (k * len(samples))}


def neighbour_accuracy(
    x: np.ndarray,
    labels: np.ndarray,
    known: np.ndarray,
    known_labels: np.ndarray,
    k: int = NEIGHBOURS,
) -> float:
    """Return the accuracy of labelling rows by a majority vote of their k nearest known rows.

    Of labels with equally many votes the smallest wins (Cover and Hart 1967).

    x: (n, d); known: (m, d). The labels of both are integers, and k is at most m.

    >>> known, classes = np.array([[0.0], [1.0], [9.0]]), np.array([0, 0, 1])
    >>> neighbour_accuracy(np.array([[0.4], [8.0]]), np.array([0, 1]), known, classes, k=1)
    1.0
    """
    x, known = sets(x=x, known=known)
    labels = errors.labels("labels", labels, len(x))
    known_labels = errors.labels("known_labels", known_labels, len(known))
    k = count("the number of neighbours", k, 1, len(known))
    right, (classes, known_labels) = 0, np.unique(known_labels, return_inverse=True)
    for rows, squares in squared_distances(x, known):
        nearest = known_labels[np.argpartition(squares, k - 1)[:, :k]]
        votes = (nearest[:, :, None] == np.arange(len(classes))).sum(axis=1)
        right += int((classes[votes.argmax(axis=1)] == labels[rows]).sum())
    return right / len(x)


def neighbour_distance(x: np.ndarray, known: np.ndarray, k: int = NEIGHBOURS) -> np.ndarray:
    """Return the mean distance of each row of x (n, d) from its k <= m nearest rows of ``known`` (m, d).

    >>> neighbour_distance(np.array([[0.0]]), np.array([[1.0], [-3.0], [9.0]]), k=2)
    array([2.])
    """
    x, known = sets(x=x, known=known)
    k = count("the number of neighbours", k, 1, len(known))
    parts = (np.partition(squares, k - 1)[:, :k] for _, squares in squared_distances(x, known))
    return np.concatenate([np.sqrt(part).mean(axis=1) for part in parts])


def nearest_rows(x: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the index of the row of ``known`` (m, d) that is nearest to each row of x (n, d), as (n,).

    >>> nearest_rows(np.array([[2.2], [0.0]]), np.array([[0.0], [1.0], [2.0]]))
    array([2, 0])
    """
    x, known = sets(x=x, known=known)
    return np.concatenate([squares.argmin(axis=1) for _, squares in squared_distances(x, known)])


def squared_distances(a: np.ndarray, b: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield slices of a's rows, and the squared distances of these rows from all rows of b."""
    wide = max(1, WIDE // a.shape[1])
    height = max(1, min(BLOCK // len(b), wide))
    for start in range(0, len(a), height):
        rows = slice(start, start + height)
        mine = np.asarray(a[rows], np.float64)
        parts = (np.asarray(b[i : i + wide], np.float64) for i in range(0, len(b), wide))
        yield rows, np.hstack([_squares(mine, part) for part in parts])


def _squares(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    r"""Return :math:`|a_i - b_j|^2 = |a_i|^2 + |b_j|^2 - 2 a_i b_j`.

    Where rows are so close together that this loses digits, it is computed again with one of them as the
    origin, for all rows that are close to that one at once.
    """
    a_squares = np.square(a).sum(axis=1)[:, None]
    squares = a @ (-2 * b.T)
    squares += a_squares
    squares += np.square(b).sum(axis=1)
    close = squares < CLOSE * a_squares
    for i in np.flatnonzero(close.any(axis=1)):
        columns = np.flatnonzero(close[i])
        if columns.size:
            cluster = np.ix_(np.flatnonzero(close[:, columns[0]]), columns)
            close[cluster] = False
            squares[cluster] = _squares(a[cluster[0][:, 0]] - a[i], b[columns] - a[i])
    return squares


def _squared_radii(x: np.ndarray, k: int) -> np.ndarray:
    """Return the squared distance of each row from its k-th nearest neighbour among the others."""
    radii = np.empty(len(x))
    for rows, squares in squared_distances(x, x):
        i = np.arange(len(squares))
        squares[i, rows.start + i] = np.inf
        radii[rows] = np.partition(squares, k - 1)[:, k - 1]
    return radii
