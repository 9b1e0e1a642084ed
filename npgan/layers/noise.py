"""Layers with randomness: dropout, Gaussian noise and the Gaussian sample."""

from typing import Any

import numpy as np

from npgan.backend import run
from npgan.errors import InputError, fraction, not_negative
from npgan.layers.layer import Array, Grads, Layer, Pair, Rng, Shape, unpacked
from npgan.shapes import takes

__all__ = ["Dropout", "GaussianNoise", "GaussianSample"]


class RandomLinear(Layer):
    r"""An operation that is linear in x, given what it draws at random; without an ``rng``, y = x.

    With :math:`y = Mx` and M fixed by what was drawn, :math:`dx = M^\top dy`. That is linear in ``dy``, so
    the derivative of the backward pass is the forward pass: :math:`ddy = M\,ddx`.

    A subclass names its ``operation``; :meth:`draw` says what is drawn.
    """

    operation: str
    corrupts = True

    def draw(self, x: Array, rng: np.random.Generator) -> Any:
        """Draw what the operation needs."""
        raise NotImplementedError

    @takes("x (n, *s, d)")
    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, Any]:
        """Draw from ``rng`` and apply the operation; the cache is what was drawn, or None."""
        if rng is None:
            return x, None
        drawn = self.draw(x, rng)
        return getattr(run, f"{self.operation}_forward")(x, drawn), drawn

    @takes("dy (n, *s, d)")
    def backward(self, dy: Array, cache: Any, grads: Grads = None, input_grad: bool = True) -> Any:
        """Go back through the same operation."""
        return dy if cache is None else getattr(run, f"{self.operation}_backward")(dy, cache)

    @takes("ddx (n, *s, d)")
    def double_backward(
        self, ddx: Array, record: Array, cache: Any, grads: Grads = None, input_grad: bool = True
    ) -> tuple[Array, None]:
        """Do to ``ddx`` what was done to the input."""
        if cache is not None:
            ddx = getattr(run, f"{self.operation}_forward")(ddx, cache)
        return ddx, None


class Dropout(RandomLinear):
    """Inverted dropout, :func:`npgan.ops.dropout_forward`, with 0 <= ``rate`` < 1."""

    name = operation = "dropout"

    def __init__(self, rate: float = 0.5) -> None:
        self.rate = fraction("a dropout rate", rate)

    def draw(self, x: Array, rng: np.random.Generator) -> Array:
        """Return the mask, of x's shape."""
        return run.dropout_mask(rng, x.shape, self.rate)


class Added(Layer):
    """Noise added, ``y = x + e``, so ``dx = dy``, whatever e is; without an ``rng``, y = x.

    A subclass says what :meth:`draw` draws.
    """

    corrupts = True

    def draw(self, x: Array, rng: np.random.Generator) -> Array:
        """Draw what is added to x."""
        raise NotImplementedError

    @takes("x (n, *s, d)")
    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, None]:
        """Add what is drawn from ``rng``; the cache is empty."""
        return (x if rng is None else x + self.draw(x, rng)), None

    @takes("dy (n, *s, d)")
    def backward(self, dy: Array, cache: None, grads: Grads = None, input_grad: bool = True) -> Any:
        """Return ``dy``."""
        return dy

    @takes("ddx (n, *s, d)")
    def double_backward(
        self, ddx: Array, record: Array, cache: None, grads: Grads = None, input_grad: bool = True
    ) -> tuple[Array, None]:
        """Return ``ddx``."""
        return ddx, None


class GaussianNoise(Added):
    """Noise added to each number: ``y = x + std * eps`` with eps from N(0, 1).

    >>> GaussianNoise(0.3)(np.ones((1, 2)))
    array([[1., 1.]])
    """

    name = "gaussian_noise"
    example = "0.5"

    def __init__(self, std: float) -> None:
        self.std = not_negative("the standard deviation of noise", std)

    def draw(self, x: Array, rng: np.random.Generator) -> Array:
        """Return noise of x's shape."""
        return self.std * run.standard_normal(rng, x.shape, x.real.dtype)


class GaussianSample(Layer):
    """A sample of the Gaussian that its input describes, :func:`npgan.ops.gaussian_sample_forward`.

    x (n, 2d) holds d means, then d log-variances; y (n, d) is the sample, or the mean without ``rng``.

    >>> GaussianSample()(np.array([[1.0, -2.0, 0.0, 0.0]]))
    array([[ 1., -2.]])
    """

    name = "gaussian_sample"

    @takes("x (n, d)")
    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, Pair | None]:
        """Draw the noise and scale it; the cache is the log-variance and the noise, or None."""
        self.out_shape(x.shape[1:])
        mean, log_var = np.split(x, 2, axis=1)
        if rng is None:
            return mean.copy(), None
        eps = run.standard_normal(rng, mean.shape, mean.real.dtype)
        return run.gaussian_sample_forward(mean, log_var, eps), (log_var, eps)

    @takes("dy (n, d)")
    def backward(self, dy: Array, cache: Any, grads: Grads = None, input_grad: bool = True) -> Any:
        """Return the gradients with respect to means and log-variances, side by side."""
        if cache is None:
            return np.hstack([dy, np.zeros_like(dy)])
        return np.hstack(run.gaussian_sample_backward(dy, *unpacked(cache, 2)))

    def out_shape(self, in_shape: Shape) -> Shape:
        """Return half of the width, which must be even."""
        *before, width = in_shape
        if width % 2:
            raise InputError(f"{self!r} takes means and log-variances: an even width, not {width}")
        return (*before, width // 2)

    def in_shape(self, out_shape: Shape | None = None) -> Shape | None:
        """Return twice the width."""
        return out_shape and (*out_shape[:-1], 2 * out_shape[-1])
