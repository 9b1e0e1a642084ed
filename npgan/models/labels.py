"""Labels of data: the classes 0, 1, ..., as columns that are high at a row's class and low elsewhere."""

from typing import Any

import numpy as np

from npgan import errors
from npgan.errors import count
from npgan.layers.layer import Array


class Labels:
    """Classes 0, 1, ..., ``classes`` - 1, joined to rows (n, d) as columns: (n, d + classes)."""

    def __init__(self, classes: int) -> None:
        self.classes = count("classes", classes, 1)

    def columns(
        self,
        labels: Array,
        limits: tuple[float, float],
        dtype: np.typing.DTypeLike,
        n: int | str = "n",
    ) -> Array:
        """Return labels (n,) as columns (n, classes): high at the class, low elsewhere.

        >>> Labels(3).columns(np.array([2, 0]), (-1, 1), np.float32)
        array([[-1., -1.,  1.],
               [ 1., -1., -1.]], dtype=float32)

        Raises InputError if they are no integers, or one is no class.
        """
        labels = errors.labels("labels", labels, n, self.classes)
        low, high = (0, 255) if dtype == np.uint8 else limits
        return np.where(labels[:, None] == np.arange(self.classes), high, low).astype(dtype)

    def join(self, rows: Array, labels: Array, limits: tuple[float, float]) -> Array:
        """Return rows with the columns of their labels, in the range of the rows' values; bytes stay bytes."""
        columns = self.columns(labels, limits, rows.dtype, len(rows))
        return np.concatenate([rows, columns], axis=1)

    def split(self, rows: Array) -> tuple[Array, Array]:
        """Return the rows (n, d) without their labels, and the labels' columns (n, classes)."""
        return rows[:, : -self.classes], rows[:, -self.classes :]

    def draw(self, n: int, label: int | Array | None, rng: np.random.Generator) -> Array:
        """Return a label for each of n samples: the given one, those given, or as many of each."""
        if label is None:
            return drawn_evenly(n, self.classes, rng)
        if isinstance(label, int | np.integer):
            return np.full(n, count("label", label, 0, self.classes - 1))
        return errors.labels("label", label, n, self.classes)


def sample_of_class(
    self: Any,
    n: int,
    rng: np.random.Generator | int | None = None,
    label: int | Array | None = None,
) -> Array:
    """Return n generated samples (n, d), as the model's ``decode`` makes them of z.

    ``label`` is the class of all of them, or of each (n,); by default classes take
    random turns: counts differ by at most 1.
    """
    rng = errors.generator(rng)
    z = self._spread_latent(count("n", n), rng)
    return self.decode(z, self.labels.draw(n, label, rng))


def drawn_evenly(n: int, k: int, rng: np.random.Generator) -> Array:
    """Return n numbers of 0, 1, ..., k - 1: all of them in an order drawn anew, again and again.

    Each is equally likely at every place; counts differ by at most 1.

    >>> drawn_evenly(7, 3, np.random.default_rng(0))
    array([2, 0, 1, 2, 1, 0, 2])
    """
    rounds = np.tile(np.arange(k), (-(-n // k), 1))
    return rng.permuted(rounds, axis=1).reshape(-1)[:n]
