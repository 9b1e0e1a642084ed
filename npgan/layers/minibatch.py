"""Layers that compare the samples of a batch; what they compute is in :mod:`npgan.ops.minibatch`.

A gradient penalty takes the gradient of the sum of a batch's logits with respect to each sample. With
these layers it includes the effect that a sample has on the other samples' logits (as in Karras et al.
2018).
"""

from typing import Any

import numpy as np

from npgan import init
from npgan.backend import run
from npgan.errors import InputError, count, generator
from npgan.layers.layer import Array, DType, Grads, Layer, Pair, Rng, Seed, Shape, Sized, unpacked

__all__ = ["MinibatchDiscrimination", "MinibatchStddev"]


class MinibatchStddev(Layer):
    """The batch's mean standard deviation as one more feature, :func:`npgan.ops.minibatch_stddev_forward`.

    >>> MinibatchStddev()(np.array([[0.0, 5.0], [4.0, 5.0]])).round(3)
    array([[0., 5., 1.],
           [4., 5., 1.]])
    """

    name = "minibatch_stddev"
    couples_samples = True

    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, Pair]:
        """Append the feature; the cache is what the operation returns beside y."""
        y, *cache = run.minibatch_stddev_forward(x)
        return y, tuple(cache)

    def backward(self, dy: Array, cache: Pair, grads: Grads = None, input_grad: bool = True) -> Any:
        """See :func:`npgan.ops.minibatch_stddev_backward`."""
        return run.minibatch_stddev_backward(dy, unpacked(cache, 2)[0])

    def double_backward(
        self, ddx: Array, record: Array, cache: Any, grads: Grads = None, input_grad: bool = True
    ) -> Pair:
        """See :func:`npgan.ops.minibatch_stddev_double_backward`; the record is ``dy``."""
        return run.minibatch_stddev_double_backward(ddx, record, *unpacked(cache, 2))

    def out_shape(self, in_shape: Shape) -> Shape:
        """Return one feature more."""
        return (*in_shape[:-1], in_shape[-1] + 1)

    def in_shape(self, out_shape: Shape | None = None) -> Shape | None:
        """Return one feature less."""
        if out_shape is None:
            return None
        if out_shape[-1] == 1:
            raise InputError(f"{self!r} adds a feature: the layer after it is at least 2 wide")
        return (*out_shape[:-1], out_shape[-1] - 1)


class MinibatchDiscrimination(Sized):
    """Closeness to all of the batch's samples, as features, :func:`npgan.ops.minibatch_discrimination_forward`.

    Parameters
    ----------
    in_features : the width of x; y has ``kernels`` features more
    kernels : the number of ways in which samples are compared
    dim : how many numbers each of these ways computes of a sample and compares
    rng : generator or seed for the first weights
    dtype : float32 trains, float64 checks gradients

    Examples
    --------
    >>> x = np.ones((3, 2), np.float32)  # all alike
    >>> MinibatchDiscrimination(2, 1, 4)(x)
    array([[1., 1., 3.],
           [1., 1., 3.],
           [1., 1., 3.]], dtype=float32)
    """

    name = "minibatch_discrimination"
    example = "4 3 2"
    corners = couples_samples = True

    def __init__(
        self,
        in_features: int,
        kernels: int,
        dim: int,
        *,
        rng: Seed = None,
        dtype: DType = np.float32,
    ) -> None:
        shapes = self.shapes(in_features, kernels, dim)
        self.in_features, self.kernels, self.dim = map(int, (in_features, kernels, dim))
        self.out_features = self.in_features + self.kernels
        self._allocate(shapes, dtype, rng)

    @classmethod
    def shapes(cls, in_features: int, kernels: int, dim: int) -> dict[str, Shape]:
        """Return the shape of ``weight``."""
        given = {"in_features": in_features, "kernels": kernels, "dim": dim}
        i, k, d = (count(f"{name} of {cls.name}", given[name], 1) for name in given)
        return {"weight": (i, k * d)}

    def initialize(self, rng: Seed) -> None:
        """Draw the weight anew, :func:`npgan.init.glorot_uniform`."""
        weight = self.parameters["weight"]
        weight[...] = init.glorot_uniform(generator(rng), weight.shape)

    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, Pair]:
        """Append the features; the cache is ``x`` and what the operation returns beside y."""
        weight = self.parameters["weight"]
        y, m = run.minibatch_discrimination_forward(self._checked(x), weight, self.kernels)
        return y, (x, m)

    def backward(self, dy: Array, cache: Pair, grads: Grads = None, input_grad: bool = True) -> Any:
        """See :func:`npgan.ops.minibatch_discrimination_backward`."""
        return run.minibatch_discrimination_backward(dy, *unpacked(cache, 2), *self._weights(grads))

    def double_backward(
        self, ddx: Array, record: Array, cache: Any, grads: Grads = None, input_grad: bool = True
    ) -> Pair:
        """See :func:`npgan.ops.minibatch_discrimination_double_backward`; the record is ``dy``."""
        given = (ddx, record, *unpacked(cache, 2), *self._weights(grads))
        return run.minibatch_discrimination_double_backward(*given)

    def _weights(self, grads: Grads) -> tuple[Array, Array | None]:
        grads = self._checked_grads(grads)
        return self.parameters["weight"], None if grads is None else grads["weight"]
