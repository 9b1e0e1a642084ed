r"""The bidirectional GAN: an encoder learns to invert the generator, by pairs that look alike.

The discriminator takes pairs: [x, E(x)] of data and its code, and [G(z), z] of noise and the sample that is
generated from it. If it could never distinguish them, E and G would be each other's inverse (Donahue et al. 2017,
theorem 2; Dumoulin et al. 2017). Both play against it by its own loss with the sides exchanged,

.. math:: L_D = L(D([x, E(x)]), D([G(z), z])), \qquad L_{EG} = L(D([G(z), z]), D([x, E(x)])),

and each gets its own columns of D's input gradient; no pixel error is measured.
"""

from typing import Any

import numpy as np

from npgan.errors import InputError
from npgan.layers import Sequential, as_two_batches
from npgan.layers.layer import Array
from npgan.models.checks import check_rows
from npgan.models.coder import AdversarialCoder
from npgan.models.steps import Result


class BiGAN(AdversarialCoder):
    """An encoder, a decoder that generates, and a discriminator of pairs.

    Parameters
    ----------
    encoder : x (n, d) -> code (n, k)
    decoder : z (n, k) -> x (n, d)
    discriminator : [x, z] (n, d + k) -> logits (n, 1)
    settings : objective, whose discriminator's loss is L, penalties and optimizers, as
        :class:`~npgan.models.coder.AdversarialCoder` has them
    """

    name = "bigan"
    recorded = True

    def _check_widths(
        self, encoder: Sequential, decoder: Sequential, discriminator: Sequential
    ) -> None:
        d, k = encoder.in_width, encoder.out_width
        widths = decoder.in_width, decoder.out_width, discriminator.in_width
        if widths != (k, d, d + k):
            raise InputError(
                f"the encoder takes {d} features to {k}: the decoder must do the reverse, and the "
                f"discriminator take {d + k}"
            )

    def discriminator_input(self, x: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """Return the pairs [x, E(x)] and [G(z), z], both (n, d + k)."""
        check_rows("x", x, self.features)
        z = self.latent(len(x), rng)
        coded = np.concatenate([x, self.encoder(x, rng)], axis=1)
        return coded, np.concatenate([self.decoder(z, rng), z], axis=1)

    def generator_step(self, x: Array, rng: np.random.Generator, grads: Any = None) -> Result:
        """Return L with the sides exchanged; add its gradients to ``grads``."""
        check_rows("x", x, self.features)
        (n, d), z = x.shape, self.latent(len(x), rng)
        code, encoder_cache = self.encoder.forward(x, rng)
        made, decoder_cache = self.decoder.forward(z, rng)
        pairs = np.concatenate([np.concatenate([x, made]), np.concatenate([code, z])], axis=1)
        network = as_two_batches(self.discriminator, n)
        logits, cache = network.forward(pairs, rng)
        loss = self.objective.discriminator(logits[n:], logits[:n])
        if grads is not None:
            dlogits = np.concatenate([loss.dfake, loss.dreal])
            dpairs = network.backward(dlogits, cache)
            dcode, dmade = dpairs[:n, d:], dpairs[n:, :d]
            self.encoder.backward(dcode, encoder_cache, grads["encoder"], input_grad=False)
            self.decoder.backward(dmade, decoder_cache, grads["decoder"], input_grad=False)
        return Result(loss.value, {"loss": loss.value})

    def equilibrium(self) -> dict[str, float]:
        """Return it for both sides: the coders' loss is D's with the sides exchanged."""
        found = super().equilibrium()
        return found | {"loss": found["d_loss"]} if "d_loss" in found else found
