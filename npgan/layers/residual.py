"""A residual block: layers that say how their input is to change."""

from typing import Any

import numpy as np

from npgan.errors import InputError
from npgan.layers.layer import Layer
from npgan.layers.sequential import Sequential
from npgan.parameters import Parameters

__all__ = ["Residual"]


class Residual(Sequential):
    r"""Layers F with a way past them, :math:`y = x + F(x)`, so that F starts from the identity.

    Gradients take both ways: :math:`dx = dy + F'(x)^\top dy`. The derivative of that by ``dy`` has the
    same form, and by x it is F's alone. Source: He et al. 2016.

    Parameters
    ----------
    layers, rng : as for :class:`Sequential`; the last layer is as wide as the first one's input

    Examples
    --------
    >>> from npgan import Dense
    >>> block = Residual(Dense(2, 2))
    >>> block.parameters["0.weight"][...] = np.eye(2)
    >>> block(np.array([[1.0, 5.0]], np.float32))
    array([[ 2., 10.]], dtype=float32)
    """

    name = "residual"
    penalized_backward = Layer.penalized_backward

    def forward(
        self, x: np.ndarray, rng: np.random.Generator | None = None
    ) -> tuple[np.ndarray, list[Any]]:
        """Add what the layers say; the cache is theirs."""
        y, cache = Sequential.forward(self, x, rng)
        if y.shape != x.shape:
            raise InputError(
                f"a residual block keeps the shape {x.shape}: its layers make {y.shape}"
            )
        return x + y, cache

    def backward(
        self,
        dy: np.ndarray,
        cache: list[Any],
        grads: Parameters | None = None,
        input_grad: bool = True,
    ) -> Any:
        """Add the gradients of both ways."""
        dx = Sequential.backward(self, dy, cache, grads, input_grad)
        return dy + dx if input_grad else None

    def input_gradient(self, dy: np.ndarray, cache: list[Any]) -> tuple[np.ndarray, list[Any]]:
        """Do so for ``dx`` alone; the record is the layers'."""
        dx, record = Sequential.input_gradient(self, dy, cache)
        return dy + dx, record

    def double_backward(
        self,
        ddx: np.ndarray,
        record: list[Any],
        cache: list[Any],
        grads: Parameters | None = None,
        input_grad: bool = True,
    ) -> tuple[np.ndarray, Any]:
        """Add ``ddx`` to what the layers make of it."""
        ddy, dx = Sequential.double_backward(self, ddx, record, cache, grads, input_grad)
        return ddx + ddy, dx

    def out_features(self, in_features: int) -> int:
        """Return the width, which the layers must keep."""
        width = super().out_features(in_features)
        if width != in_features:
            raise InputError(
                f"a residual block keeps its width: its layers take {in_features} numbers and "
                f"return {width}"
            )
        return width

    def __repr__(self) -> str:
        return f"Residual({', '.join(map(repr, self.layers))})"
