"""Two batches through one network, each by itself, as if they were one."""

from typing import Any

import numpy as np

from npgan.errors import InputError, count, instance, shown
from npgan.layers.layer import Array, Grads, Layer, Rng
from npgan.parameters import Parameters
from npgan.shapes import takes


class TwoBatches(Layer):
    """A network that sees a batch's first rows and its others in passes of their own.

    A discriminator whose layers compare the samples of a batch shall compare real data with real
    data, generated with generated (Salimans et al. 2016, sec. 3.2).

    Parameters
    ----------
    network : what sees them
    first : the number of first rows

    Examples
    --------
    >>> from npgan import MinibatchStddev
    >>> TwoBatches(MinibatchStddev(), 2)(np.array([[0.0], [4.0], [7.0], [7.0]])).round(3)
    array([[0., 2.],
           [4., 2.],
           [7., 0.],
           [7., 0.]])
    """

    def __init__(self, network: Layer, first: int) -> None:
        instance("network", network, Layer)
        self.network, self.first = network, count("the number of first rows", first)
        self.bind(network.parameters, network.buffers)

    def bind(self, parameters: Parameters, buffers: Grads = None) -> None:
        """Let the network live in this memory."""
        super().bind(parameters, buffers)
        self.network.bind(parameters, self.buffers)

    def _parts(self, rows: Array) -> tuple[Array, Array]:
        return rows[: self.first], rows[self.first :]

    @takes("x (n, d)")
    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, list[Any]]:
        """Make both passes; the cache is the list of theirs."""
        passes = [self.network.forward(part, rng) for part in self._parts(x)]
        return np.concatenate([y for y, _ in passes]), [cache for _, cache in passes]

    @takes("dy (n, d)")
    def backward(self, dy: Array, cache: Any, grads: Grads = None, input_grad: bool = True) -> Any:
        """Go back through both."""
        both = zip(self._parts(dy), _passes(cache), strict=True)
        dx = [self.network.backward(part, inner, grads, input_grad) for part, inner in both]
        return np.concatenate(dx) if input_grad else None

    @takes("dy (n, 1), c (n, e)")
    def penalized_backward(self, dy: Array, c: Array, cache: Any, grads: Grads = None) -> Any:
        """Go back through both, and return the sum of their penalties."""
        both = zip(self._parts(dy), self._parts(c), _passes(cache), strict=True)
        return sum(self.network.penalized_backward(*part, grads) for part in both)


def _passes(cache: Any) -> list[Any]:
    if not isinstance(cache, list) or len(cache) != 2:
        raise InputError(f"the cache is of another layer: it needs two passes', not {shown(cache)}")
    return cache


def as_two_batches(network: Layer, first: int) -> Layer:
    """Return a network that takes a batch's first rows and its others as two batches, if it compares samples.

    >>> from npgan import Dense
    >>> as_two_batches(Dense(2, 1), 3)
    Dense(2, 1)
    """
    return TwoBatches(network, first) if network.couples_samples else network
