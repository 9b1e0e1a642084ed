"""Activation functions as layers; their operations: :mod:`npgan.ops.activation`, :mod:`npgan.ops.gated`."""

from typing import Any

from npgan.backend import run
from npgan.errors import positive
from npgan.layers.layer import Array, Grads, Layer, Rng
from npgan.ops.kinds import KINDS
from npgan.shapes import takes

__all__ = [
    "ELU",
    "GELU",
    "Activation",
    "GELUTanh",
    "Identity",
    "LeakyReLU",
    "Mish",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Softsign",
    "Tanh",
]


class Activation(Layer):
    """An activation function; its cache is what its derivative is taken from, :mod:`npgan.ops.kinds`.

    Subclasses name the operation; ``arguments`` are its further arguments, all of them positive.
    """

    arguments: tuple[float, ...] = ()

    @takes("x (n, *s, d)")
    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, Array]:
        """Apply ``<name>_forward`` to every element (softmax: along the last axis)."""
        y = getattr(run, f"{self.name}_forward")(x, *self.arguments)
        return y, x if self.name in KINDS and KINDS[self.name].of_input else y

    def backward(self, dy: Array, cache: Any, grads: Grads = None, input_grad: bool = True) -> Any:
        """Apply ``<name>_backward`` to ``dy`` and the cache."""
        return getattr(run, f"{self.name}_backward")(dy, cache, *self.arguments)

    def double_backward(
        self, ddx: Array, record: Array, cache: Array, grads: Grads = None, input_grad: bool = True
    ) -> tuple[Array, Any]:
        """Apply ``<name>_double_backward`` to ``ddx``, the recorded ``dy`` and the cache."""
        return getattr(run, f"{self.name}_double_backward")(ddx, record, cache, *self.arguments)


class Identity(Activation):
    """The identity, :func:`npgan.ops.identity_forward`."""

    name = "identity"


class ReLU(Activation):
    """Rectified linear unit, :func:`npgan.ops.relu_forward`."""

    name = "relu"
    corners = True


class LeakyReLU(Activation):
    """Leaky ReLU, :func:`npgan.ops.leaky_relu_forward`: ``slope`` > 0 left of the corner."""

    name = "leaky_relu"
    corners = True

    def __init__(self, slope: float = 0.2) -> None:
        self.slope = positive("the slope of a leaky_relu", slope)
        self.arguments = (self.slope,)


class Sigmoid(Activation):
    """Logistic sigmoid, :func:`npgan.ops.sigmoid_forward`."""

    name = "sigmoid"


class Tanh(Activation):
    """Hyperbolic tangent, :func:`npgan.ops.tanh_forward`."""

    name = "tanh"


class Softplus(Activation):
    """Smooth ReLU, :func:`npgan.ops.softplus_forward`."""

    name = "softplus"


class ELU(Activation):
    """Exponential linear unit, :func:`npgan.ops.elu_forward`, with ``alpha`` > 0."""

    name = "elu"

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = positive("the alpha of an elu", alpha)
        self.arguments = (self.alpha,)


class Softsign(Activation):
    """Softsign, :func:`npgan.ops.softsign_forward`."""

    name = "softsign"


class SiLU(Activation):
    """Sigmoid linear unit, or swish, :func:`npgan.ops.silu_forward`."""

    name = "silu"


class GELU(Activation):
    """Gaussian error linear unit, :func:`npgan.ops.gelu_forward`."""

    name = "gelu"


class GELUTanh(Activation):
    """Gaussian error linear unit by a tanh, :func:`npgan.ops.gelu_tanh_forward`."""

    name = "gelu_tanh"


class Mish(Activation):
    """Mish, :func:`npgan.ops.mish_forward`."""

    name = "mish"


class Softmax(Activation):
    """Softmax over the last axis, :func:`npgan.ops.softmax_forward`."""

    name = "softmax"
