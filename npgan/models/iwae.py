r"""The importance-weighted autoencoder: a tighter bound of the likelihood, from k codes for each row.

.. math:: L = -\frac1n\sum_r\log\frac1k\sum_j w_{rj}, \qquad
          w_{rj} = \frac{p(x_r|z_{rj})\,p(z_{rj})}{q(z_{rj}|x_r)}, \quad z_{rj} \sim q(z|x_r)

Its gradient weighs each code's by its share of the weight, :math:`\tilde w_{rj} = w_{rj}/\sum_l w_{rl}`:

.. math:: dL = -\frac1n\sum_{r,j}\tilde w_{rj}\,d\log w_{rj}.

With :math:`z = \mu + \sigma\epsilon` a weight depends on the encoder through z, and through
:math:`\log q = -\frac12\epsilon^2 - \frac12\log 2\pi\sigma^2` directly. Source: Burda et al. 2016.
"""

from typing import Any

import numpy as np

from npgan.backend import run
from npgan.errors import InputError, count
from npgan.layers import Sequential
from npgan.layers.layer import Array
from npgan.models.checks import check_rows
from npgan.models.steps import Result
from npgan.models.vae import Variational


class IWAE(Variational):
    """A variational autoencoder trained on the importance-weighted bound.

    Raises InputError as for a VAE, for less than one code, and for another beta: the bound has no divergence.

    Parameters
    ----------
    encoder, decoder, settings : as a :class:`~npgan.models.VAE` has them; beta stays 1
    samples : k, the codes for each row
    """

    name = "iwae"
    recorded = True

    def __init__(
        self, encoder: Sequential, decoder: Sequential, *, samples: int = 50, **settings: Any
    ) -> None:
        super().__init__(encoder, decoder, **settings)
        if self.beta != 1 or self.warm_up:
            raise InputError("the importance-weighted bound has no divergence for beta to weigh")
        self.samples = count("samples", samples, 1)

    def bound_step(
        self, rows: Array, rng: np.random.Generator, grads: Any = None, beta: float | None = None
    ) -> Result:
        """Return L; add its gradients to ``grads``: those of the k copies of a row add up."""
        check_rows("rows", rows, self.encoder.in_width)
        n, k = len(rows), self.samples
        z, drawn = self.gaussian.forward(rows, rng, k)
        x = np.repeat(rows, k, axis=0)
        output, decoder_cache = self.reader.forward(z, rng)
        log_p = self.likelihood.forward(output, x)
        log_ratio = run.log_prior_ratio_forward(z, drawn.log_var, drawn.eps)
        log_w = (log_p + log_ratio).reshape(n, k)
        if grads is not None:
            each = np.full(n, -1 / n, x.dtype)
            dlog_w = run.log_mean_exp_backward(each, log_w).reshape(-1)
            doutput = self.likelihood.backward(dlog_w, output, x)
            dz, dlog_var = run.log_prior_ratio_backward(dlog_w, z)
            through_x = self.reader.backward(doutput, decoder_cache, grads["decoder"])
            self.gaussian.backward(dz + through_x, drawn, grads["encoder"], dlog_var=dlog_var)
        loss = -run.log_mean_exp_forward(log_w).mean()
        return Result(loss, {"loss": loss})
