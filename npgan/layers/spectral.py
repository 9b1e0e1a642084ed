"""Layers that divide their weight, as a matrix, by its spectral norm, as :mod:`npgan.ops.spectral` does."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from npgan.backend import run
from npgan.errors import InputError, generator
from npgan.layers.conv import Conv2D
from npgan.layers.dense import Dense
from npgan.layers.layer import Array, Grads, Layer, Rng, Seed, Shape, unpacked
from npgan.ops.spectral import power_iteration, unit
from npgan.shapes import takes

__all__ = ["SpectralConv2D", "SpectralDense"]

ITERATIONS = 15  # of new weights, as torch makes them


def matrix(weight: Array) -> Array:
    """Return a weight as a matrix (products that a number of y is a sum of, out); a dense layer's already is one."""
    return weight.reshape(-1, weight.shape[-1])


class Spectral(Layer):
    """What both share: the weight :func:`W / sigma <npgan.ops.spectral_norm_forward>` in place of W.

    The singular vectors are its buffers ``u`` and ``v``. A pass uses them as they are, so that its
    gradient is that of exactly what it computed. In training, one power iteration then updates them for
    the next pass (torch updates them before the pass). An average of several networks averages them,
    too, which makes them shorter; :func:`~npgan.ops.spectral.unit` gives them length 1 again.

    A subclass names its ``operation``, and what it takes besides arrays is its ``geometry``.
    """

    operation: str
    geometry: Any = ()
    _checked: Callable[[Array], Array]

    def _buffers(self, shapes: dict[str, Shape]) -> dict[str, Shape]:
        *rows, out = shapes["weight"]
        return {"u": (math.prod(rows),), "v": (out,)}

    def initialize(self, rng: Seed) -> None:
        """Draw the weight by the layer's initialiser, and u; some power iterations bring u and v near.

        The iterations are in float64, so that a run starts from the same vectors on every machine; products in
        float32 are rounded in different ways.
        """
        rng = generator(rng)
        super().initialize(rng)
        weight, (u, v) = matrix(self.parameters["weight"]), self.buffers.values()
        if not weight.any():
            raise InputError(f"{self!r} divides by its weight's size, which must not start at 0")
        u64, v64 = rng.standard_normal(u.shape), np.empty(v.shape)
        for _ in range(ITERATIONS):
            power_iteration(weight.astype(np.float64), u64, v64)
        u[...], v[...] = u64, v64

    def _run(self, way: str, *given: Any) -> Any:
        return getattr(run, f"{self.operation}_{way}")(*given, *self.geometry)

    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, Any]:
        """Multiply by W / sigma; the cache is the input, that weight, sigma, u and v."""
        weight, bias = self.parameters.values()
        u, v = (run.call(unit, buffer) for buffer in self.buffers.values())
        normal, sigma = run.spectral_norm_forward(matrix(weight), u, v)
        if rng is not None:
            run.power_iteration(matrix(weight), *self.buffers.values())
        normal = normal.reshape(weight.shape)
        return self._run("forward", self._checked(x), normal, bias), (x, normal, sigma, u, v)

    @takes("dy (n, *s, o)")
    def backward(self, dy: Array, cache: Any, grads: Grads = None, input_grad: bool = True) -> Any:
        """Go back through the product, then through W / sigma: ``spectral_norm_backward``."""
        x, normal, *rest = unpacked(cache, 5)
        grads = self._checked_grads(grads)
        if grads is not None:
            dnormal = np.zeros_like(normal)
            self._run("backward_parameters", dy, x, dnormal, grads["bias"])
            self._add(grads, dnormal, normal, *rest)
        size = [x.shape[1:3]] if x.ndim == 4 else []
        return self._run("backward_input", dy, normal, *size) if input_grad else None

    def double_backward(
        self, ddx: Array, record: Array, cache: Any, grads: Grads = None, input_grad: bool = True
    ) -> tuple[Array, None]:
        """Do as the layer without sigma does, then go back through W / sigma, which is a function of W alone."""
        _, normal, *rest = unpacked(cache, 5)
        grads = self._checked_grads(grads)
        dnormal = None if grads is None else np.zeros_like(normal)
        ddy = self._run("double_backward", ddx, record, normal, dnormal)
        if grads is not None:
            self._add(grads, dnormal, normal, *rest)
        return ddy, None

    def _add(self, grads: Any, dnormal: Any, normal: Array, *rest: Any) -> None:
        """Add the weight's gradient to the others."""
        dweight = run.spectral_norm_backward(matrix(dnormal), matrix(normal), *rest)
        grads["weight"] += dweight.reshape(normal.shape)


class SpectralDense(Spectral, Dense):
    """A dense layer with the weight :func:`W / sigma <npgan.ops.spectral_norm_forward>`, as :class:`Spectral` says.

    Raises InputError if the weight is to start at 0.

    Parameters
    ----------
    in_features, out_features, init, rng, dtype : see :class:`Dense`

    Examples
    --------
    >>> layer = SpectralDense(3, 2, rng=0)
    >>> for _ in range(100):
    ...     y = layer(np.eye(3, dtype=np.float32), np.random.default_rng(0))
    >>> float(np.linalg.svd(y)[1][0].round(4))  # the bias is 0: y is W / sigma
    1.0
    """

    name, operation = "spectral_dense", "dense"


class SpectralConv2D(Spectral, Conv2D):
    """A convolution with the weight :func:`W / sigma <npgan.ops.spectral_norm_forward>`, as :class:`Spectral` says.

    W counts as a matrix (rows * columns * channels / groups, out): each window is a row that it multiplies (Miyato
    et al. 2018, sec. 3). Windows overlap, so an image may become longer than it was.

    Raises InputError if the weight is to start at 0.

    Parameters
    ----------
    in_channels, out_channels, kernel, stride, padding, dilation, groups, init, rng, dtype : see :class:`Conv2D`

    Examples
    --------
    >>> layer = SpectralConv2D(1, 1, 2, stride=2, rng=0)
    >>> layer.parameters["weight"][...] *= 10  # which changes nothing
    >>> layer.buffers["u"].shape, layer.buffers["v"].shape
    ((4,), (1,))
    """

    name, operation = "spectral_conv2d", "conv2d"
