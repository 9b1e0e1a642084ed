r"""An encoder to Gaussians, :math:`q(z|x) = N(\mu, \sigma^2)`, of which codes are drawn.

The network returns :math:`\mu` and :math:`\log\sigma^2` side by side, and a code is
:math:`z = \mu + \sigma\epsilon` with :math:`\epsilon \sim N(0, I)`, so that a gradient with respect to z flows on
into both (Kingma and Welling 2014, sec. 2.4).
"""

from typing import Any, NamedTuple

import numpy as np

from npgan.backend import run
from npgan.errors import InputError
from npgan.layers import GaussianSample, Sequential
from npgan.layers.layer import Array
from npgan.models.checks import in_chunks
from npgan.parameters import Parameters


class Drawn(NamedTuple):
    """What was drawn for n rows, so many codes for each, and what the way back needs.

    Attributes
    ----------
    described : means and log-variances, side by side (n, 2k)
    log_var, eps : those of each code, and the noise that it is made of (n * codes, k)
    cache : the encoder's
    """

    described: Array
    log_var: Array
    eps: Array
    cache: Any


class GaussianEncoder:
    """A network that returns means and log-variances, as an encoder of rows to codes."""

    def __init__(self, network: Sequential) -> None:
        self.network, self._sample = network, GaussianSample()

    def mean(self, x: Array) -> Array:
        """Return the mean code (n, k) of many rows, in evaluation mode."""
        return self._sample(in_chunks(self.network, x))

    def forward(
        self, x: Array, rng: np.random.Generator, codes: int = 1, training: bool = True
    ) -> tuple[Array, Drawn]:
        """Return so many codes for each row, (n * codes, k), drawn by ``rng``."""
        if rng is None:
            raise InputError("codes are drawn from the encoder's Gaussians: give an rng")
        described, cache = self.network.forward(x, rng if training else None)
        each = described if codes == 1 else np.repeat(described, codes, axis=0)
        z, (log_var, eps) = self._sample.forward(each, rng)  # type: ignore[misc]
        return z, Drawn(described, log_var, eps, cache)

    def kl(self, drawn: Drawn) -> np.floating:
        r"""Return the mean of :math:`\mathrm{KL}(q(z|x)\,\|\,N(0, I))` over the rows."""
        return run.kl_standard_normal_forward(*np.split(drawn.described, 2, axis=1))

    def backward(
        self,
        dz: Array,
        drawn: Drawn,
        grads: Parameters,
        kl_weight: float = 0.0,
        dlog_var: Array | None = None,
    ) -> None:
        """Add the gradient of the loss to ``grads``: through z, through the log-variances, and of the divergence.

        The gradients of a row's codes add up.
        """
        deach = self._sample.backward(dz, (drawn.log_var, drawn.eps))
        if dlog_var is not None:
            dmean, through_z = np.split(deach, 2, axis=1)
            deach = np.hstack([dmean, through_z + dlog_var])
        n, codes = len(drawn.described), len(dz) // len(drawn.described)
        ddescribed = deach if codes == 1 else deach.reshape(n, codes, -1).sum(axis=1)
        if kl_weight:
            halves = np.split(drawn.described, 2, axis=1)
            dkl = np.hstack(run.kl_standard_normal_backward(*halves))
            ddescribed = ddescribed + kl_weight * dkl
        self.network.backward(ddescribed, drawn.cache, grads, input_grad=False)
