"""A fixed factor, a layer without parameters."""

from typing import Any

from npgan.errors import positive
from npgan.layers.layer import Array, Grads, Layer, Rng
from npgan.shapes import takes

__all__ = ["Scale"]


class Scale(Layer):
    """A fixed factor s > 0: ``y = s x``, ``dx = s dy``.

    At a generator's end and at a discriminator's beginning it lets the layers between work on numbers of
    about 1, whatever the scale of the data.

    >>> import numpy as np
    >>> Scale(2.0)(np.ones((1, 3)))
    array([[2., 2., 2.]])
    """

    name = "scale"
    example = "3.0"

    def __init__(self, factor: float) -> None:
        self.factor = positive("the factor of a scale", factor)

    @takes("x (n, *s, d)")
    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, None]:
        """Multiply; the cache is empty."""
        return self.factor * x, None

    @takes("dy (n, *s, d)")
    def backward(self, dy: Array, cache: None, grads: Grads = None, input_grad: bool = True) -> Any:
        """Multiply ``dy``."""
        return self.factor * dy if input_grad else None

    @takes("ddx (n, *s, d)")
    def double_backward(
        self, ddx: Array, record: Array, cache: None, grads: Grads = None, input_grad: bool = True
    ) -> tuple[Array, None]:
        """Multiply ``ddx``; the derivative does not depend on x."""
        return self.factor * ddx, None
