"""Whether two arrays are the same up to the error of numeric derivatives, and what an array is made of."""

from collections.abc import Sequence
from itertools import product

import numpy as np

ALIKE = 1e-5  # of the largest number: two gradients that differ by less are the same


def size(*arrays: np.ndarray) -> float:
    """Return the largest number, whatever its sign."""
    return max(float(abs(array).max(initial=0)) for array in arrays)


def alike(a: np.ndarray, b: np.ndarray) -> bool:
    """Return whether two arrays are the same up to the error of numeric derivatives."""
    return a.shape == b.shape and bool((abs(a - b) <= ALIKE * size(a, b)).all())


def lines(array: np.ndarray, axis: int) -> np.ndarray:
    """Return an array as (lines, numbers in a line), a line for each place along an axis."""
    return np.moveaxis(array, axis, 0).reshape(array.shape[axis], -1)


def fitted(mine: np.ndarray, *basis: np.ndarray) -> np.ndarray | None:
    """Return what times the lines of a basis each of these lines is, (lines, k); None if it is not in their span."""
    parts = np.stack(basis, axis=2)
    found = np.array(
        [np.linalg.lstsq(part, line)[0] for part, line in zip(parts, mine, strict=True)]
    )
    return found if alike((parts * found[:, None]).sum(axis=2), mine) else None


def spanned(rest: np.ndarray, basis: Sequence[np.ndarray]) -> bool:
    """Return whether lines of an array, along or across one of its axes, are in the span of a basis's."""
    for axis, across in product(range(rest.ndim), (False, True)):
        mine, *parts = (
            lines(a, axis) if across else np.moveaxis(a, axis, -1).reshape(-1, a.shape[axis])
            for a in (rest, *basis)
        )
        if mine.shape[1] > 1 + len(basis) and fitted(mine, *parts) is not None:
            return True
    return False


def another_axis(rest: np.ndarray, factors: Sequence[np.ndarray]) -> bool:
    """Return whether an array is a factor times what has a part for each row, and another for each column."""
    for factor in factors:
        if rest.ndim != 2 or min(rest.shape) < 3 or factor.shape != rest.shape or not factor.all():
            continue
        parts = rest / factor
        rows, columns = (parts - parts.mean(axis=axis, keepdims=True) for axis in (1, 0))
        both = rows - rows.mean(axis=0, keepdims=True)
        if size(both) <= ALIKE * min(size(rows), size(columns)):
            return True
    return False


def rank(array: np.ndarray) -> int:
    """Return the rank of a matrix, 0 of other arrays."""
    return np.linalg.matrix_rank(array, tol=ALIKE * size(array)) if array.ndim == 2 else 0
