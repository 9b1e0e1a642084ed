r"""The autoencoder: squeeze the data through a narrow code and build it up again.

An encoder :math:`c = E(x)` and a decoder :math:`\hat x = R(c)` minimise the reconstruction loss
:math:`L(\hat x, x)` (:data:`npgan.losses.RECONSTRUCTIONS`). With linear layers and squared error the
code spans the same space as the first principal components (Baldi and Hornik 1989).
"""

from collections.abc import Mapping

import numpy as np

from npgan.backend import run
from npgan.errors import InputError, unknown
from npgan.layers import Sequential
from npgan.losses import RECONSTRUCTIONS
from npgan.models.model import Model, in_chunks
from npgan.optim import Adam, Optimizer
from npgan.parameters import Parameters


class Autoencoder(Model):
    """An encoder and a decoder.

    Parameters
    ----------
    encoder : x (n, d) -> code (n, k)
    decoder : code (n, k) -> reconstruction (n, d)
    loss : "mse", "bce" (the decoder must then end in a sigmoid) or "l1"
    optimizers : for "encoder" and "decoder"; by default Adam(1e-3) each

    Examples
    --------
    >>> from npgan import Dense, Sequential
    >>> model = Autoencoder(Sequential(Dense(4, 2), rng=0), Sequential(Dense(2, 4), rng=1))
    >>> x = np.random.default_rng(0).normal(size=(256, 4))
    >>> history = model.fit(x, epochs=2, batch_size=32, callbacks=[], rng=0, validation=x)
    >>> model.encode(x).shape, model.reconstruct(x).shape
    ((256, 2), (256, 4))

    Raises
    ------
    InputError
        If the networks' widths do not fit each other, or the loss is unknown or does not fit.
    """

    output = "decoder"

    def __init__(
        self,
        encoder: Sequential,
        decoder: Sequential,
        *,
        loss: str = "mse",
        optimizers: Mapping[str, Optimizer] | None = None,
    ) -> None:
        if encoder.out_width != decoder.in_width or decoder.out_width != encoder.in_width:
            raise InputError(
                f"the encoder takes {encoder.in_width} features to {encoder.out_width}, "
                f"the decoder {decoder.in_width} to {decoder.out_width}"
            )
        if loss not in RECONSTRUCTIONS:
            raise unknown("loss", loss, RECONSTRUCTIONS)
        if optimizers is None:
            optimizers = {name: Adam(1e-3) for name in ("encoder", "decoder")}
        super().__init__({"encoder": encoder, "decoder": decoder}, optimizers)
        if loss == "bce" and self.bounds != (0.0, 1.0):
            raise InputError("the loss bce needs probabilities: let the decoder end in a Sigmoid")
        self.encoder, self.decoder = encoder, decoder
        self.loss = RECONSTRUCTIONS[loss]

    def reconstruction_step(
        self,
        x: np.ndarray,
        grads: Mapping[str, Parameters] | None = None,
        rng: np.random.Generator | None = None,
    ) -> np.floating:
        r"""Return :math:`L(R(E(x)), x)`; add its gradients to ``grads["encoder"]``, ``["decoder"]``.

        The chain rule through the code: :math:`dc = (\partial R/\partial c)^\top d\hat x`, then
        :math:`d\theta_E = (\partial E/\partial\theta_E)^\top dc`.
        """
        code, encoder_cache = self.encoder.forward(x, rng)
        output, decoder_cache = self.decoder.forward(code, rng)
        value, doutput = self.loss(output, x)
        if grads is not None:
            dcode = self.decoder.backward(doutput, decoder_cache, grads["decoder"])
            self.encoder.backward(dcode, encoder_cache, grads["encoder"], input_grad=False)
        return value

    def pattern(self) -> bool | None:
        """Return that all steps are of one kind."""
        return True if self.plain else None

    def train_step(self, batch: np.ndarray, rng: np.random.Generator) -> dict[str, np.floating]:
        """Update both networks on one batch."""
        loss = self.reconstruction_step(batch, self.grads, rng)
        self.update(loss, *self.networks)
        run.after(self._count)
        return {"loss": loss}

    def validate(self, data: np.ndarray) -> dict[str, float]:
        """Return the loss on held-out data, in evaluation mode."""
        x = self.scaled(data)
        return {"val_loss": float(self.loss(self.reconstruct(x), x)[0])}

    def encode(self, x: np.ndarray) -> np.ndarray:
        """Return the code (n, k) of x (n, d); bytes are scaled as in training."""
        return in_chunks(self.encoder, self.scaled(x))

    def decode(self, code: np.ndarray) -> np.ndarray:
        """Return what a code (n, k) stands for, (n, d)."""
        return in_chunks(self.decoder, code)

    def reconstruct(self, x: np.ndarray) -> np.ndarray:
        """Return ``decode(encode(x))``, (n, d)."""
        return self.decode(self.encode(x))
