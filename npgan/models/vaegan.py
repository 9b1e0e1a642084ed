r"""A variational autoencoder whose decoder is also a GAN's generator.

The encoder gives a Gaussian for each x, :math:`N(\mu, \sigma^2)`; a sample z of it is decoded to
:math:`\hat x`, and a discriminator learns to tell x from :math:`\hat x`. Encoder and decoder minimise

.. math:: L = \underbrace{\textstyle\frac1n\sum_r \|\hat x_r - x_r\|^2}_{\text{reconstruction}}
          + \underbrace{\mathrm{KL}(N(\mu, \sigma^2)\,\|\,N(0, I))}_{\text{makes codes samplable}}
          + \underbrace{\lambda L_G(D(\hat x))}_{\text{makes } \hat x \text{ look real}}

The squared error of an image is, up to a constant, the negative log-likelihood of a Gaussian decoder
of variance 1/2, so that the first two terms are the bound of Kingma and Welling 2014, in nats. Joining them with an
adversarial term is Larsen et al. 2016, who measure the error where it is seen: in a hidden layer of the
discriminator, :math:`\frac12\|D_l(\hat x) - D_l(x)\|^2`, whose weights only the discriminator's own loss
changes.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from npgan.backend import run
from npgan.errors import InputError, count, not_negative
from npgan.layers import GaussianSample, Sequential
from npgan.models.coder import JudgedCoder
from npgan.models.model import in_chunks
from npgan.parameters import Parameters


class VAEGAN(JudgedCoder):
    """An encoder, a decoder and a discriminator.

    Parameters
    ----------
    encoder : x (n, d) -> means and log-variances, side by side (n, 2k)
    decoder : z (n, k) -> reconstruction (n, d)
    discriminator : x (n, d) -> logits (n, 1)
    adversarial_weight : lambda, not negative
    hidden_layers : l, the discriminator's first layers, after which the error is measured; 0: in pixels
    settings : objective and optimizers, as :class:`~npgan.models.coder.JudgedCoder` has them

    Raises
    ------
    InputError
        If the networks' widths do not fit each other, or a setting is outside its range.
    """

    def __init__(
        self,
        encoder: Sequential,
        decoder: Sequential,
        discriminator: Sequential,
        *,
        adversarial_weight: float = 1.0,
        hidden_layers: int = 0,
        **settings: Any,
    ) -> None:
        widths = encoder.out_width, decoder.out_width, discriminator.in_width
        if widths != (2 * decoder.in_width, encoder.in_width, encoder.in_width):
            raise InputError(
                f"the encoder must return {2 * decoder.in_width} features (twice the decoder's "
                f"input), the decoder return and the discriminator take {encoder.in_width}; they are "
                f"{widths}"
            )
        super().__init__(encoder, decoder, discriminator, **settings)
        self.adversarial_weight = not_negative("adversarial_weight", adversarial_weight)
        self.hidden_layers = count("hidden_layers", hidden_layers, 0, len(discriminator.layers) - 1)
        self._sample = GaussianSample()

    def discriminator_step(
        self, x: np.ndarray, rng: np.random.Generator, grads: Parameters | None = None
    ) -> tuple[np.floating, np.ndarray, np.ndarray]:
        """Return the discriminator's loss on x and its reconstruction, and the logits of both.

        Its gradient is added to ``grads``; it stops at the reconstruction.
        """
        fake = self.decoder(self._sample(self.encoder(x, rng), rng), rng)
        real_logits, real_cache = self.discriminator.forward(x, rng)
        fake_logits, fake_cache = self.discriminator.forward(fake, rng)
        loss = self.objective.discriminator(real_logits, fake_logits)
        if grads is not None:
            self.discriminator.backward(loss.dreal, real_cache, grads, input_grad=False)
            self.discriminator.backward(loss.dfake, fake_cache, grads, input_grad=False)
        return loss.value, real_logits, fake_logits

    def error(
        self, output: np.ndarray, x: np.ndarray, rng: np.random.Generator | None = None
    ) -> tuple[np.floating, np.ndarray]:
        r"""Return the mean over rows of the squared error, and its gradient by ``output``.

        In a hidden layer it is :math:`\frac12\|D_l(\hat x) - D_l(x)\|^2`, and its gradient goes back through
        those layers: :math:`J_{D_l}^\top(D_l(\hat x) - D_l(x))/n`.
        """
        if not self.hidden_layers:
            value, dvalue = run.mse(output, x)
            return x.shape[1] * value, x.shape[1] * dvalue
        layers, caches, target = self.discriminator.layers[: self.hidden_layers], [], x
        for layer in layers:
            target = layer(target, rng)
            output, cache = layer.forward(output, rng)
            caches.append(cache)
        apart = output - target
        dvalue = apart / apart.dtype.type(len(x))
        for layer, cache in zip(reversed(layers), reversed(caches), strict=True):
            dvalue = layer.backward(dvalue, cache)
        return np.square(apart).sum() / (2 * len(x)), dvalue

    def generator_step(
        self,
        x: np.ndarray,
        rng: np.random.Generator,
        grads: Mapping[str, Parameters] | None = None,
    ) -> dict[str, np.floating]:
        r"""Return the loss L and its parts; add its gradients by encoder and decoder to ``grads``.

        Three paths meet: :math:`d\hat x` is the reconstruction's gradient plus lambda times the
        discriminator's input gradient; it flows through the decoder and the sample into the means
        and log-variances, where the divergence's gradient joins it.
        """
        described, encoder_cache = self.encoder.forward(x, rng)
        z, sample_cache = self._sample.forward(described, rng)
        output, decoder_cache = self.decoder.forward(z, rng)
        logits, discriminator_cache = self.discriminator.forward(output, rng)
        mean, log_var = np.split(described, 2, axis=1)
        squared, dsquared = self.error(output, x, rng)
        kl = run.kl_standard_normal_forward(mean, log_var)
        rivals = (self.discriminator(x, rng),) if self.objective.relativistic else ()
        adversarial = self.objective.generator(logits, *rivals)
        if grads is not None:
            doutput = dsquared + self.adversarial_weight * self.discriminator.backward(
                adversarial.dfake, discriminator_cache
            )
            dz = self.decoder.backward(doutput, decoder_cache, grads["decoder"])
            ddescribed = self._sample.backward(dz, sample_cache)
            ddescribed += np.hstack(run.kl_standard_normal_backward(mean, log_var))
            self.encoder.backward(ddescribed, encoder_cache, grads["encoder"], input_grad=False)
        loss = squared + kl + self.adversarial_weight * adversarial.value
        return {"loss": loss, "squared": squared, "kl": kl, "g_loss": adversarial.value}

    def validate(self, data: np.ndarray) -> dict[str, float]:
        """Return the mean squared error of held-out data, decoded from its mean codes."""
        x = self.scaled(data)
        return {"val_loss": float(run.mse(self.reconstruct(x), x)[0])}

    def encode(self, x: np.ndarray) -> np.ndarray:
        """Return the mean code (n, k) of x (n, d); bytes are scaled as in training."""
        return self._sample(in_chunks(self.encoder, self.scaled(x)))
