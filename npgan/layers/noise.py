"""Layers with randomness: dropout, Gaussian noise and the Gaussian sample."""

from typing import Any

import numpy as np

from npgan.backend import run
from npgan.errors import InputError, fraction, not_negative
from npgan.layers.layer import Array, Grads, Layer, Pair, Rng, Shape, unpacked
from npgan.shapes import takes

__all__ = ["Dropout", "GaussianNoise", "GaussianSample"]


class Dropout(Layer):
    """Inverted dropout, :func:`npgan.ops.dropout_forward`, with 0 <= ``rate`` < 1.

    Without an ``rng`` it passes its input on; the cache is the mask, or None.
    """

    name = "dropout"
    corrupts = True

    def __init__(self, rate: float = 0.5) -> None:
        self.rate = fraction("a dropout rate", rate)

    @takes("x (n, d)")
    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, Array | None]:
        """Draw a mask from ``rng`` and apply it."""
        if rng is None:
            return x, None
        mask = run.dropout_mask(rng, x.shape, self.rate)
        return run.dropout_forward(x, mask), mask

    @takes("dy (n, d)")
    def backward(
        self, dy: Array, cache: Array | None, grads: Grads = None, input_grad: bool = True
    ) -> Any:
        """Apply the same mask to ``dy``."""
        return dy if cache is None else run.dropout_backward(dy, cache)

    @takes("ddx (n, d)")
    def double_backward(
        self,
        ddx: Array,
        record: Array,
        cache: Array | None,
        grads: Grads = None,
        input_grad: bool = True,
    ) -> tuple[Array, None]:
        """Apply the same mask to ``ddx``."""
        return ddx if cache is None else run.dropout_double_backward(ddx, cache), None


class GaussianNoise(Layer):
    """Noise added: ``y = x + s eps`` with eps from N(0, 1), ``dx = dy``; without an ``rng``, y = x.

    Examples
    --------
    >>> GaussianNoise(0.3)(np.ones((1, 2)))
    array([[1., 1.]])
    """

    name = "gaussian_noise"
    example = "0.5"
    corrupts = True

    def __init__(self, std: float) -> None:
        self.std = not_negative("the standard deviation of noise", std)

    @takes("x (n, d)")
    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, None]:
        """Add noise drawn from ``rng``; the gradient does not depend on it."""
        return (
            x if rng is None else x + self.std * run.standard_normal(rng, x.shape, x.real.dtype)
        ), None

    @takes("dy (n, d)")
    def backward(self, dy: Array, cache: None, grads: Grads = None, input_grad: bool = True) -> Any:
        """Return ``dy``."""
        return dy

    @takes("ddx (n, d)")
    def double_backward(
        self, ddx: Array, record: Array, cache: None, grads: Grads = None, input_grad: bool = True
    ) -> tuple[Array, None]:
        """Return ``ddx``."""
        return ddx, None


class GaussianSample(Layer):
    """A sample of the Gaussian that its input describes, :func:`npgan.ops.gaussian_sample_forward`.

    x (n, 2d) holds d means, then d log-variances; y (n, d) is the sample, or the mean without ``rng``.

    Examples
    --------
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
    def backward(
        self,
        dy: Array,
        cache: Pair | None,
        grads: Grads = None,
        input_grad: bool = True,
    ) -> Any:
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
