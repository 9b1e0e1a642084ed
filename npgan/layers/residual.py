"""A residual block: layers that say how their input is to change."""

from typing import Any

from npgan.errors import InputError
from npgan.layers.layer import Array, Grads, Layer, Rng, Shape
from npgan.layers.sequential import Sequential

__all__ = ["Residual"]


class Residual(Sequential):
    r"""Layers F with a way past them, :math:`y = x + F(x)`, so that F starts from the identity.

    Gradients take both ways: :math:`dx = dy + F'(x)^\top dy`. The derivative of that with respect to
    ``dy`` has the same form; with respect to x it is F's alone. Source: He et al. 2016.

    Parameters
    ----------
    layers, rng : as for :class:`Sequential`; the last layer is as wide as the first one's input

    Examples
    --------
    >>> import numpy as np
    >>> from npgan import Dense
    >>> block = Residual(Dense(2, 2))
    >>> block.parameters["0.weight"][...] = np.eye(2)
    >>> block(np.array([[1.0, 5.0]], np.float32))
    array([[ 2., 10.]], dtype=float32)
    """

    name = "residual"
    penalized_backward = Layer.penalized_backward

    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, list[Any]]:
        """Add the layers' output to the input; the cache is theirs."""
        y, cache = Sequential.forward(self, x, rng)
        if y.shape != x.shape:
            raise InputError(
                f"a residual block keeps the shape {x.shape}: its layers make {y.shape}"
            )
        return x + y, cache

    def backward(self, dy: Array, cache: Any, grads: Grads = None, input_grad: bool = True) -> Any:
        """Add the gradients of both ways."""
        dx = Sequential.backward(self, dy, cache, grads, input_grad)
        return dy + dx if input_grad else None

    def input_gradient(self, dy: Array, cache: list[Any]) -> tuple[Array, list[Any]]:
        """Add the gradients of both ways, for ``dx`` alone; the record is the layers'."""
        dx, record = Sequential.input_gradient(self, dy, cache)
        return dy + dx, record

    def double_backward(
        self, ddx: Array, record: Any, cache: Any, grads: Grads = None, input_grad: bool = True
    ) -> tuple[Array, Any]:
        """Add ``ddx`` to what the layers make of it: ``dx`` is linear in ``dy``."""
        ddy, dx = Sequential.double_backward(self, ddx, record, cache, grads, input_grad)
        return ddx + ddy, dx

    def out_shape(self, in_shape: Shape) -> Shape:
        """Return the shape, which the layers must keep."""
        out_shape = super().out_shape(in_shape)
        if out_shape != in_shape:
            taken, made = (" x ".join(map(str, shape)) for shape in (in_shape, out_shape))
            raise InputError(
                f"a residual block keeps its width: its layers take {taken} numbers and return {made}"
            )
        return out_shape
