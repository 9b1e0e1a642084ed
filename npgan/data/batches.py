"""Minibatches in a shuffled order, which a run can save and take up again."""

from typing import Any

import numpy as np

from npgan import errors
from npgan.backend import run
from npgan.errors import count


class Batches:
    """Endless minibatches: every epoch goes once through the data in a new order.

    The rows left over at the end of an epoch, fewer than a minibatch, are dropped, at random anew each epoch.

    Parameters
    ----------
    data : (n, d) uint8 (scaled to ``value_range`` batch by batch) or float
    batch_size : at least 1, at most n
    rng : draws the orders
    value_range : what bytes 0 and 255 become

    Examples
    --------
    >>> batches = Batches(np.arange(5.0)[:, None], 2, np.random.default_rng(0))
    >>> [batches.next().ravel().tolist() for _ in range(2)]
    [[2.0, 4.0], [3.0, 0.0]]
    """

    def __init__(
        self,
        data: np.ndarray,
        batch_size: int,
        rng: np.random.Generator,
        value_range: tuple[float, float] = (0.0, 1.0),
    ) -> None:
        errors.shaped("data", data, ("n", "d"), "numbers", rows=1)
        self.batch_size = count("batch_size, a number of training rows,", batch_size, 1, len(data))
        self.data, self.rng = data, errors.generator(rng)
        low, high = errors.array("value_range", value_range, (2,)).tolist()
        self.value_range = low, high
        self.per_epoch = self.in_epoch(len(data), self.batch_size)
        self.position = 0
        self._shuffle()

    @classmethod
    def in_epoch(cls, rows: int, batch_size: int) -> int:
        """Return how many batches an epoch has, which may go through few rows several times."""
        return rows // batch_size

    def _shuffle(self) -> None:
        self._before = self.rng.bit_generator.state
        n = len(self.data)
        rounds = -(-self.per_epoch * self.batch_size // n)
        orders = [self.rng.permutation(n) for _ in range(rounds)]
        self._order = np.concatenate(orders, dtype=np.int64)

    def next(self) -> np.ndarray:
        """Return the next batch, (batch_size, d)."""
        rows = run.each(self._next_rows, self.batch_size)
        return run.gather(self.data, rows, *self.value_range)

    def first(self) -> np.ndarray:
        """Return the data's first rows as a batch."""
        return run.gather(self.data, np.arange(self.batch_size), *self.value_range)

    def _next_rows(self) -> np.ndarray:
        if self.position == self.per_epoch:
            self.position = 0
            self._shuffle()
        start = self.position * self.batch_size
        self.position += 1
        return self._order[start : start + self.batch_size]

    def state(self) -> dict[str, Any]:
        """Return the position and the generator's state before this epoch's shuffling."""
        return {"position": self.position, "rng": self._before}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take up the order where :meth:`state` was called."""
        self.rng.bit_generator.state = state["rng"]
        self._shuffle()
        self.position = count("position", state["position"], 0, self.per_epoch)
