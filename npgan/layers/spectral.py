"""The dense layer of spectral norm 1; what it computes is in :mod:`npgan.ops.spectral`."""

from typing import Any

import numpy as np

from npgan.backend import run
from npgan.errors import InputError, generator
from npgan.layers.dense import Dense
from npgan.layers.layer import Array, Grads, Rng, Seed, Shape, unpacked
from npgan.ops.spectral import power_iteration, unit
from npgan.shapes import takes

__all__ = ["SpectralDense"]

ITERATIONS = 15  # of new weights, as torch makes them


class SpectralDense(Dense):
    """A dense layer with the weight :func:`W / sigma <npgan.ops.spectral_norm_forward>`.

    The singular vectors are its buffers ``u`` and ``v``. A pass uses them as they are, so that its
    gradient is that of exactly what it computed. In training, one power iteration then updates them for
    the next pass (torch updates them before the pass). An average of several networks averages them,
    too, which makes them shorter; :func:`~npgan.ops.spectral.unit` gives them length 1 again.

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

    name = "spectral_dense"

    def _buffers(self) -> dict[str, Shape]:
        return {"u": (self.in_features,), "v": (self.out_features,)}

    def initialize(self, rng: Seed) -> None:
        """Draw the weight by the layer's initialiser, and u; some power iterations bring u and v near."""
        rng = generator(rng)
        super().initialize(rng)
        weight, (u, v) = self.parameters["weight"], self.buffers.values()
        if not weight.any():
            raise InputError(f"{self!r} divides by its weight's size, which must not start at 0")
        u[...] = rng.standard_normal(u.shape)
        for _ in range(ITERATIONS):
            power_iteration(weight, u, v)

    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, Any]:
        """Multiply by W / sigma; the cache is the input, that weight, sigma, u and v."""
        weight, bias = self.parameters.values()
        u, v = (run.call(unit, buffer) for buffer in self.buffers.values())
        normal, sigma = run.spectral_norm_forward(weight, u, v)
        if rng is not None:
            run.power_iteration(weight, *self.buffers.values())
        return run.dense_forward(self._checked(x), normal, bias), (x, normal, sigma, u, v)

    @takes("dy (n, o)")
    def backward(self, dy: Array, cache: Any, grads: Grads = None, input_grad: bool = True) -> Any:
        """Go back through the product, then through W / sigma: ``spectral_norm_backward``."""
        x, normal, *rest = unpacked(cache, 5)
        grads = self._checked_grads(grads)
        if grads is not None:
            dnormal = np.zeros_like(normal)
            run.dense_backward_parameters(dy, x, dnormal, grads["bias"])
            grads["weight"] += run.spectral_norm_backward(dnormal, normal, *rest)
        return run.dense_backward_input(dy, normal) if input_grad else None

    def double_backward(
        self, ddx: Array, record: Array, cache: Any, grads: Grads = None, input_grad: bool = True
    ) -> tuple[Array, None]:
        """Do as a dense layer does, then go back through W / sigma, which is a function of W alone."""
        _, normal, *rest = unpacked(cache, 5)
        grads = self._checked_grads(grads)
        dnormal = None if grads is None else np.zeros_like(normal)
        ddy = run.dense_double_backward(ddx, record, normal, dnormal)
        if grads is not None:
            grads["weight"] += run.spectral_norm_backward(dnormal, normal, *rest)
        return ddy, None
