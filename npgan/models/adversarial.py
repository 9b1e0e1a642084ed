r"""The adversarial autoencoder: codes that a discriminator cannot tell from N(0, I).

An autoencoder's codes lie anywhere; here a discriminator learns to tell :math:`z \sim N(0, I)` from codes
:math:`E(x)`, and the encoder is also the generator that it plays against:

.. math:: L = L_{\mathrm{rec}}(R(E(x)), x) + \lambda\,L_G(D(E(x)))

So what is drawn from N(0, I) can be decoded, without the divergence that a variational autoencoder
needs in closed form. Source: Makhzani et al. 2016.
"""

from typing import Any

import numpy as np

from npgan.errors import InputError, chosen, not_negative
from npgan.layers import Sequential
from npgan.layers.layer import Array
from npgan.models import adversary
from npgan.models.checks import check_rows, in_chunks, reads_logits
from npgan.models.coder import AdversarialCoder
from npgan.models.steps import Result
from npgan.objectives.losses import RECONSTRUCTIONS


class AdversarialAutoencoder(AdversarialCoder):
    """An encoder, a decoder, and a discriminator of codes.

    Parameters
    ----------
    encoder : x (n, d) -> code (n, k)
    decoder : code (n, k) -> reconstruction (n, d)
    discriminator : code (n, k) -> logits (n, 1)
    loss : "mse", "bce" (the decoder must then end in a sigmoid) or "l1", here summed over a row
    adversarial_weight : lambda, not negative
    settings : objective, penalties and optimizers, as :class:`~npgan.models.coder.AdversarialCoder` has them
    """

    name = "adversarial-autoencoder"
    recorded = True
    held_out = "val_reconstruction"

    def __init__(
        self,
        encoder: Sequential,
        decoder: Sequential,
        discriminator: Sequential,
        *,
        loss: str = "mse",
        adversarial_weight: float = 1.0,
        **settings: Any,
    ) -> None:
        super().__init__(encoder, decoder, discriminator, **settings)
        self.loss = chosen("loss", loss, RECONSTRUCTIONS)
        self.by_logits = reads_logits("loss", loss, "bce", decoder)
        self.adversarial_weight = not_negative("adversarial_weight", adversarial_weight)

    def _check_widths(
        self, encoder: Sequential, decoder: Sequential, discriminator: Sequential
    ) -> None:
        k = encoder.out_width
        if (decoder.in_width, discriminator.in_width) != (k, k):
            raise InputError(
                f"the encoder's codes have {k} numbers: decoder and discriminator must take them"
            )
        if decoder.out_width != encoder.in_width:
            raise InputError(
                f"the decoder makes {decoder.out_width} features, the encoder takes {encoder.in_width}"
            )

    def discriminator_input(self, x: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """Return noise and codes, both (n, k)."""
        check_rows("x", x, self.features)
        code = self.encoder(x, rng)
        return self.latent(len(x), rng), code

    def generator_step(self, x: Array, rng: np.random.Generator, grads: Any = None) -> Result:
        r"""Return L and its parts; add its gradients with respect to both networks to ``grads``.

        Two paths meet in the code: through the decoder, and :math:`\lambda` times that through D.
        """
        check_rows("x", x, self.features)
        code, encoder_cache = self.encoder.forward(x, rng)
        output, decoder_cache = self.reader.forward(code, rng)
        against = adversary.adversarial_loss(
            *(self, self.discriminator, code),
            lambda: self.discriminator(self.latent(len(x), rng), rng),
            rng,
        )
        d = x.shape[1]
        mean, doutput = self.loss(output, x)
        if grads is not None:
            dcode = self.reader.backward(d * doutput, decoder_cache, grads["decoder"])
            dcode = dcode + adversary.weighted(self.adversarial_weight, against.dfake)
            self.encoder.backward(dcode, encoder_cache, grads["encoder"], input_grad=False)
        loss = d * mean + self.adversarial_weight * against.value
        return Result(loss, {"loss": loss, "reconstruction": d * mean, "g_loss": against.value})

    def validate(self, data: Array) -> dict[str, float]:
        """Return the reconstruction's loss on held-out data, in evaluation mode, summed over a row."""
        x = self.scaled(data)
        loss, _ = self.loss(in_chunks(self.reader, self.encode(x)), x)
        return {"val_reconstruction": x.shape[1] * float(loss)}
