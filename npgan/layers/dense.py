"""The dense layer."""

from typing import Any

import numpy as np

from npgan import init
from npgan.backend import run
from npgan.errors import count, generator, unknown
from npgan.layers.layer import Array, DType, Grads, Rng, Seed, Shape, Sized
from npgan.shapes import takes

__all__ = ["Dense"]


class Dense(Sized):
    """A dense layer, :func:`npgan.ops.dense_forward`: ``y = x @ weight + bias``.

    Parameters
    ----------
    in_features, out_features : the widths of x and y, at least 1
    init : a name of :data:`npgan.init.INITIALIZERS`
    rng : generator or seed for the first weights
    dtype : float32 trains, float64 checks gradients

    Examples
    --------
    >>> layer = Dense(3, 2, rng=0)
    >>> y, cache = layer.forward(np.ones((5, 3), np.float32))
    >>> grads = layer.parameters.like()
    >>> dx = layer.backward(np.ones_like(y), cache, grads)
    >>> dx.shape, grads["weight"].shape, grads["bias"]
    ((5, 3), (3, 2), array([5., 5.], dtype=float32))
    """

    name = "dense"
    example = "4 3"

    def __init__(
        self,
        in_features: int,
        out_features: int,
        init: str = "glorot_uniform",
        *,
        rng: Seed = None,
        dtype: DType = np.float32,
    ) -> None:
        shapes = self.shapes(in_features, out_features)
        self.in_features, self.out_features = shapes["weight"]
        self.init = init
        self._allocate(shapes, dtype, rng)

    @classmethod
    def shapes(cls, in_features: int, out_features: int, init: str = "") -> dict[str, Shape]:
        """Return the shapes of ``weight`` and ``bias``."""
        what = f"the width of a {cls.name} layer"
        i, o = (count(what, width, 1) for width in (in_features, out_features))
        return {"weight": (i, o), "bias": (o,)}

    def initialize(self, rng: Seed) -> None:
        """Draw weight and bias anew by the layer's initialiser."""
        if self.init not in init.INITIALIZERS:
            raise unknown("initialiser", self.init, init.INITIALIZERS)
        rules, rng = init.INITIALIZERS[self.init], generator(rng)
        weight, bias = self.parameters.values()
        weight[...] = rules.weight(rng, weight.shape)
        bias[...] = rules.bias(rng, weight.shape)

    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, Array]:
        """See :func:`npgan.ops.dense_forward`; the cache is ``x``."""
        return run.dense_forward(self._checked(x), *self.parameters.values()), x

    @takes("dy (n, o), cache (n, i)")
    def backward(self, dy: Array, cache: Any, grads: Grads = None, input_grad: bool = True) -> Any:
        """See :func:`npgan.ops.dense_backward_input` and ``dense_backward_parameters``."""
        x, grads = self._checked(cache), self._checked_grads(grads)
        if grads is not None:
            run.dense_backward_parameters(dy, x, grads["weight"], grads["bias"])
        return run.dense_backward_input(dy, self.parameters["weight"]) if input_grad else None

    def double_backward(
        self, ddx: Array, record: Array, cache: Array, grads: Grads = None, input_grad: bool = True
    ) -> tuple[Array, None]:
        """See :func:`npgan.ops.dense_double_backward`; the record is ``dy``."""
        grads = self._checked_grads(grads)
        dweight = None if grads is None else grads["weight"]
        return run.dense_double_backward(ddx, record, self.parameters["weight"], dweight), None
