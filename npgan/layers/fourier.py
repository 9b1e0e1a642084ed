"""Fourier features, a layer without parameters."""

from typing import Any

import numpy as np

from npgan.backend import run
from npgan.errors import InputError, count, positive
from npgan.layers.layer import Array, Grads, Rng, Sized
from npgan.shapes import takes

__all__ = ["FourierFeatures"]

MOST = 1000


class FourierFeatures(Sized):
    """Fourier features, :func:`npgan.ops.fourier_forward`: x, and waves of each of its numbers.

    Parameters
    ----------
    in_features : the width d of x
    number : F, the number of frequencies, at most 1000
    low, high : the least and the greatest frequency, in periods for each unit of x; those between them
        form a geometric series. A single one is the least

    Examples
    --------
    >>> layer = FourierFeatures(2, 3, 0.5, 2.0)
    >>> layer.frequencies.round(3).tolist(), layer(np.zeros((5, 2))).shape
    ([0.5, 1.0, 2.0], (5, 14))
    """

    name = "fourier"
    example = "4 3 0.1 0.4"

    def __init__(self, in_features: int, number: int, low: float, high: float) -> None:
        self.in_features = count("the width of Fourier features", in_features, 1)
        self.number = count("the number of frequencies", number, 1, MOST)
        self.low, self.high = positive("the least frequency", low), positive("the greatest", high)
        if low > high:
            raise InputError(f"the least frequency, {low}, is above the greatest, {high}")
        self.frequencies = np.geomspace(self.low, self.high, self.number)
        self.out_features = self.in_features * (1 + 2 * self.number)

    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, Array]:
        """See :func:`npgan.ops.fourier_forward`; the cache is the output."""
        y = run.fourier_forward(self._checked(x), self.frequencies)
        return y, y

    @takes("dy (n, w), cache (n, w)")
    def backward(self, dy: Array, cache: Any, grads: Grads = None, input_grad: bool = True) -> Any:
        """See :func:`npgan.ops.fourier_backward`."""
        return run.fourier_backward(dy, cache, self.frequencies) if input_grad else None

    def double_backward(
        self, ddx: Array, record: Array, cache: Array, grads: Grads = None, input_grad: bool = True
    ) -> tuple[Array, Any]:
        """See :func:`npgan.ops.fourier_double_backward`; the record is ``dy``."""
        return run.fourier_double_backward(ddx, record, cache, self.frequencies, input_grad)
