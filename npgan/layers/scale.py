"""A fixed factor, a layer without parameters."""

from typing import Any

import numpy as np

from npgan.errors import positive
from npgan.layers.layer import Layer
from npgan.parameters import Parameters
from npgan.shapes import takes

__all__ = ["Scale"]


class Scale(Layer):
    """A fixed factor s > 0: ``y = s x``, ``dx = s dy``.

    At a generator's end and at a discriminator's beginning it lets them work on numbers of about 1,
    whatever the data's are.

    Examples
    --------
    >>> Scale(2.0)(np.ones((1, 3)))
    array([[2., 2., 2.]])
    """

    name = "scale"

    def __init__(self, factor: float) -> None:
        self.factor = positive("the factor of a scale", factor)

    @takes("x (n, d)")
    def forward(
        self, x: np.ndarray, rng: np.random.Generator | None = None
    ) -> tuple[np.ndarray, None]:
        """Multiply; there is nothing to remember."""
        return self.factor * x, None

    @takes("dy (n, d)")
    def backward(
        self,
        dy: np.ndarray,
        cache: None,
        grads: Parameters | None = None,
        input_grad: bool = True,
    ) -> Any:
        """Multiply ``dy``."""
        return self.factor * dy if input_grad else None

    @takes("ddx (n, d)")
    def double_backward(
        self,
        ddx: np.ndarray,
        record: np.ndarray,
        cache: None,
        grads: Parameters | None = None,
        input_grad: bool = True,
    ) -> tuple[np.ndarray, None]:
        """Multiply ``ddx``; the slope does not depend on x."""
        return self.factor * ddx, None

    def spec(self) -> str:
        """Return ``scale factor``."""
        return f"{self.name} {self.factor}"
