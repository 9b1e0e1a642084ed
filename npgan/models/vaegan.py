r"""A variational autoencoder whose decoder is also a GAN's generator.

The encoder gives a Gaussian for each x, :math:`N(\mu, \sigma^2)`; a sample z of it is decoded to
:math:`\hat x = R(z)`, and one of the prior, :math:`z_p \sim N(0, I)`, to :math:`x_p = R(z_p)`. A discriminator
learns to tell x from both. Encoder and decoder minimise

.. math:: L_E = \underbrace{\tfrac1n\sum_r \|\hat x_r - x_r\|^2}_{\text{reconstruction}}
          + \underbrace{\mathrm{KL}(N(\mu, \sigma^2)\,\|\,N(0, I))}_{\text{makes codes samplable}}, \qquad
    L_R = \tfrac1n\sum_r \|\hat x_r - x_r\|^2
          + \underbrace{\lambda L_G(D([\hat x, x_p]))}_{\text{makes both look real}}:

what D says does not reach the encoder, which would hide in the codes what D cannot see.

The squared error of an image is the negative log-likelihood of a Gaussian decoder of variance 1/2, less
:math:`\frac d2\log\pi`: by that much :math:`L_E` is below the negative bound of Kingma and Welling 2014. Larsen
et al. 2016 measure the error where it is seen: in a hidden layer of the discriminator,
:math:`\frac12\|D_l(\hat x) - D_l(x)\|^2`, whose weights only the discriminator's own loss changes. This is their
algorithm 1, whose decoder follows :math:`\gamma L_{\mathrm{llike}} - L_{\mathrm{GAN}}`, but for the objective,
which can be chosen. :math:`L_{\mathrm{GAN}}` adds up both kinds of fakes; here :math:`L_G` is the mean over both, so
that :math:`\lambda = 2/\gamma`, and the discriminator's loss counts each kind by half.
"""

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np

from npgan.backend import run
from npgan.errors import InputError, count, not_negative, shaped
from npgan.layers import Sequential
from npgan.layers.layer import Array
from npgan.models import adversary
from npgan.models.checks import check_rows
from npgan.models.coder import AdversarialCoder
from npgan.models.gaussian import GaussianEncoder
from npgan.models.steps import Loss, Result


class VAEGAN(AdversarialCoder):
    """An encoder, a decoder and a discriminator.

    Parameters
    ----------
    encoder : x (n, d) -> means and log-variances, side by side (n, 2k)
    decoder : z (n, k) -> reconstruction (n, d)
    discriminator : x (n, d) -> logits (n, 1)
    adversarial_weight : lambda, not negative
    hidden_layers : l, after how many of D's layers, activations included, the error is measured; 0: in pixels
    settings : objective, penalties and optimizers, as :class:`~npgan.models.coder.AdversarialCoder` has them
    """

    name = "vae-gan"
    recorded = True

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
        super().__init__(encoder, decoder, discriminator, **settings)
        self.adversarial_weight = not_negative("adversarial_weight", adversarial_weight)
        self.hidden_layers = count("hidden_layers", hidden_layers, 0, len(discriminator.layers) - 1)
        self.gaussian = GaussianEncoder(encoder)

    def _check_widths(
        self, encoder: Sequential, decoder: Sequential, discriminator: Sequential
    ) -> None:
        widths = encoder.out_width, decoder.out_width, discriminator.in_width
        if widths != (2 * decoder.in_width, encoder.in_width, encoder.in_width):
            raise InputError(
                f"the encoder must return {2 * decoder.in_width} features (twice the decoder's "
                f"input), the decoder return and the discriminator take {encoder.in_width}; they are "
                f"{widths}"
            )

    def discriminator_input(self, x: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """Return x, once for each kind of fake, and reconstructions and samples, both (2n, d)."""
        check_rows("x", x, self.features)
        z, _ = self.gaussian.forward(x, rng)
        fake = self.decoder(np.concatenate([z, self.latent(len(x), rng)]), rng)
        return np.concatenate([x, x]), fake

    def error(
        self, output: Array, x: Array, rng: np.random.Generator | None = None
    ) -> tuple[np.floating, Array]:
        r"""Return the mean over rows of the squared error, and its gradient with respect to ``output``.

        In a hidden layer it is :math:`\frac12\|D_l(\hat x) - D_l(x)\|^2`, and its gradient goes back through
        those layers: :math:`J_{D_l}^\top(D_l(\hat x) - D_l(x))/n`. Both meet the same noise there, if any. Where
        samples of a batch depend on each other, each of the two is a batch of its own, as in D's step,
        and batch normalisation hides any difference in their moments.
        """
        check_rows("output", output, self.features)
        shaped("x", x, output.shape)
        if not self.hidden_layers:
            value, dvalue = run.mse(output, x)
            return x.shape[1] * value, x.shape[1] * dvalue
        layers, caches, target = self.discriminator.layers[: self.hidden_layers], [], x
        same = copy.deepcopy(rng)
        for layer in layers:
            target = layer(target, same)
            output, cache = layer.forward(output, rng)
            caches.append(cache)
        difference = output - target
        dvalue = difference / difference.dtype.type(len(x))
        for layer, cache in zip(reversed(layers), reversed(caches), strict=True):
            dvalue = layer.backward(dvalue, cache)
        return np.square(difference).sum() / (2 * len(x)), dvalue

    def generator_step(self, x: Array, rng: np.random.Generator, grads: Any = None) -> Result:
        r"""Return both losses and their parts; add the encoder's and the decoder's gradient to ``grads``.

        The way back goes through the decoder twice: the error's gradient goes on through the sample into the means
        and log-variances, where the divergence's joins it; :math:`\lambda` times D's input gradient ends in
        the decoder.
        """
        check_rows("x", x, self.features)
        n = len(x)
        z, drawn = self.gaussian.forward(x, rng)
        both = np.concatenate([z, self.latent(n, rng)])
        output, decoder_cache = self.decoder.forward(both, rng)
        against = adversary.adversarial_loss(
            *(self, self.discriminator, output),
            lambda: np.concatenate([self.discriminator(x, rng)] * 2),
            rng,
        )
        error, derror = self.error(output[:n], x, rng)
        kl = self.gaussian.kl(drawn)
        if grads is not None:
            dseen = adversary.weighted(self.adversarial_weight, against.dfake)
            self.decoder.backward(dseen, decoder_cache, grads["decoder"], input_grad=False)
            derror = np.concatenate([derror, np.zeros_like(derror)])
            dz = self.decoder.backward(derror, decoder_cache, grads["decoder"])[:n]
            self.gaussian.backward(dz, drawn, grads["encoder"], kl_weight=1.0)
        parts = {
            "loss": error + kl,
            "decoder_loss": error + self.adversarial_weight * against.value,
            "error": error,
            "kl": kl,
            "g_loss": against.value,
        }
        return Result(parts["loss"], parts)

    def losses(self, batch: Array) -> Iterator[Loss]:
        """Yield the losses of the discriminator, the encoder and the decoder, each by its network."""
        yield next(super().losses(batch))
        for name, loss in (("encoder", "loss"), ("decoder", "decoder_loss")):
            yield Loss(
                f"{name} step",
                [name],
                lambda rng, grads, loss=loss: (  # type: ignore[misc]
                    self.generator_step(batch, rng, grads).report[loss]
                ),
            )

    def encode(self, x: Array) -> Array:
        """Return the mean code (n, k) of x (n, d); bytes are scaled as in training."""
        return self.gaussian.mean(self.scaled(x))
