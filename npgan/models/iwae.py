r"""The importance-weighted autoencoder: a tighter bound of the likelihood, from k codes for each row.

.. math:: L = -\frac1n\sum_r\log\frac1k\sum_j w_{rj}, \qquad
          w_{rj} = \frac{p(x_r|z_{rj})\,p(z_{rj})}{q(z_{rj}|x_r)}, \quad z_{rj} \sim q(z|x_r)

Its gradient weighs each code's by its share of the weight, :math:`\tilde w_{rj} = w_{rj}/\sum_l w_{rl}`:

.. math:: dL = -\frac1n\sum_{r,j}\tilde w_{rj}\,d\log w_{rj}.

With :math:`z = \mu + \sigma\epsilon` a weight depends on the encoder through z, and through
:math:`\log q = -\frac12\epsilon^2 - \frac12\log 2\pi\sigma^2` directly. Source: Burda et al. 2016.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from npgan.backend import run
from npgan.errors import InputError, count
from npgan.layers import Sequential
from npgan.models.model import check_rows
from npgan.models.vae import VAE
from npgan.parameters import Parameters


class IWAE(VAE):
    """A variational autoencoder trained on the importance-weighted bound.

    Parameters
    ----------
    encoder, decoder, settings : as a :class:`~npgan.models.VAE` has them; beta stays 1
    samples : k, the codes for each row

    Raises
    ------
    InputError
        As for a VAE, for less than one code, and for another beta: the bound has no divergence.
    """

    def __init__(
        self, encoder: Sequential, decoder: Sequential, *, samples: int = 50, **settings: Any
    ) -> None:
        super().__init__(encoder, decoder, **settings)
        if self.beta != 1 or self.warm_up:
            raise InputError("the importance-weighted bound has no divergence for beta to weigh")
        self.samples = count("samples", samples, 1)

    def bound_step(
        self,
        rows: np.ndarray,
        rng: np.random.Generator,
        grads: Mapping[str, Parameters] | None = None,
        beta: float = 1.0,
    ) -> dict[str, Any]:
        """Return L; add its gradients to ``grads``: those of the k copies of a row add up."""
        check_rows("rows", rows, self.encoder.in_width)
        if rng is None:
            raise InputError("codes are drawn from the encoder's Gaussians: give an rng")
        n, k = len(rows), self.samples
        described, encoder_cache = self.encoder.forward(rows, rng)
        many, x = np.repeat(described, k, axis=0), np.repeat(rows, k, axis=0)
        z, (log_var, eps) = self._draw(many, rng)
        output, decoder_cache = self.reader.forward(z, rng)
        log_p = self.likelihood.forward(output, x)
        log_w = (log_p + run.log_prior_ratio_forward(z, log_var, eps)).reshape(n, k)
        if grads is not None:
            each = np.full(n, -1 / n, x.dtype)
            dlog_w = run.log_mean_exp_backward(each, log_w).reshape(-1)
            doutput = self.likelihood.backward(dlog_w, output, x)
            dz, dlog_var = run.log_prior_ratio_backward(dlog_w, z)
            dz += self.reader.backward(doutput, decoder_cache, grads["decoder"])
            dmany = self._sample.backward(dz, (log_var, eps))
            dmany[:, self.latent_dim :] += dlog_var
            ddescribed = dmany.reshape(n, k, -1).sum(axis=1)
            self.encoder.backward(ddescribed, encoder_cache, grads["encoder"], input_grad=False)
        return {"loss": -run.log_mean_exp_forward(log_w).mean()}
