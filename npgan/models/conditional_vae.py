r"""The conditional variational autoencoder: encoder and decoder are told a class.

With a label c, one-hot, joined to x and to z, the bound is that of :math:`\log p(x|c)`:

.. math:: L = -\log p(x|z, c) + \beta\,\mathrm{KL}(q(z|x, c)\,\|\,N(0, I)), \quad z \sim q(z|x, c)

The code need not say which digit it is, and says how it is written. Source: Sohn et al. 2015, with a prior
that does not depend on the class.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from npgan import errors
from npgan.backend import run
from npgan.errors import InputError, count, not_negative, unknown
from npgan.layers import GaussianSample, Sequential
from npgan.models.labels import Labels
from npgan.models.model import in_chunks
from npgan.models.vae import LIKELIHOODS
from npgan.optim import Adam, Optimizer
from npgan.parameters import Parameters


class ConditionalVAE(Labels):
    """A variational autoencoder of data with labels, whose samples can be asked for by class.

    Parameters
    ----------
    encoder : [x, c] (n, d + classes) -> means and log-variances, side by side (n, 2k)
    decoder : [z, c] (n, k + classes) -> probabilities or means (n, d)
    classes : how many there are
    likelihood, beta : as a :class:`~npgan.models.VAE` has them
    optimizers : for "encoder" and "decoder"; by default Adam(1e-3) each

    Examples
    --------
    >>> from npgan import Dense
    >>> from npgan.data import Dataset
    >>> x, labels = np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32), np.arange(64) % 2
    >>> model = ConditionalVAE(Sequential(Dense(4 + 2, 2 * 3), rng=0), Sequential(Dense(3 + 2, 4), rng=1),
    ...                        classes=2, likelihood="gaussian")
    >>> data = Dataset("d", x, train_labels=labels)
    >>> history = model.fit(data, epochs=2, batch_size=32, callbacks=[], rng=0)
    >>> model.sample(5, rng=0, label=1).shape
    (5, 4)

    Raises
    ------
    InputError
        If the networks do not fit each other and the labels, or a setting is outside its range.
    """

    output = "decoder"

    def __init__(
        self,
        encoder: Sequential,
        decoder: Sequential,
        *,
        classes: int,
        likelihood: str = "bernoulli",
        beta: float = 1.0,
        optimizers: Mapping[str, Optimizer] | None = None,
    ) -> None:
        self.classes = count("classes", classes, 1)
        k, d = decoder.in_width - classes, decoder.out_width
        if k < 1 or (encoder.in_width, encoder.out_width) != (d + classes, 2 * k):
            raise InputError(
                f"with {classes} classes the encoder must take {d + classes} features to twice what the "
                f"decoder takes beside them, {max(k, 1)}; it takes {encoder.in_width} to "
                f"{encoder.out_width}"
            )
        if likelihood not in LIKELIHOODS:
            raise unknown("likelihood", likelihood, LIKELIHOODS)
        networks = {"encoder": encoder, "decoder": decoder}
        super().__init__(networks, optimizers or {name: Adam(1e-3) for name in networks})
        if likelihood == "bernoulli" and self.bounds != (0.0, 1.0):
            raise InputError("the likelihood bernoulli needs probabilities: end in a Sigmoid")
        self.encoder, self.decoder = encoder, decoder
        self.likelihood = LIKELIHOODS[likelihood]
        self.beta = not_negative("beta", beta)
        self._sample = GaussianSample()

    @property
    def latent_dim(self) -> int:
        """The width of z, without the label."""
        return self.decoder.in_width - self.classes

    def bound_step(
        self,
        rows: np.ndarray,
        rng: np.random.Generator,
        grads: Mapping[str, Parameters] | None = None,
        beta: float = 1.0,
    ) -> dict[str, Any]:
        """Return L and its two terms for rows [x, c]; add L's gradients to ``grads``.

        As a VAE's; the columns of the decoder's input gradient that are the label's go nowhere.
        """
        d, k = self.features, self.latent_dim
        x, label = np.ascontiguousarray(rows[:, :d]), rows[:, d:]
        described, encoder_cache = self.encoder.forward(rows, rng)
        z, sample_cache = self._sample.forward(described, rng)
        output, decoder_cache = self.decoder.forward(np.concatenate([z, label], axis=1), rng)
        mean, log_var = np.split(described, 2, axis=1)
        error = -self.likelihood.forward(output, x).mean()
        kl = run.kl_standard_normal_forward(mean, log_var)
        if grads is not None:
            each = np.full(len(x), -1 / len(x), x.dtype)
            doutput = self.likelihood.backward(each, output, x)
            dz = self.decoder.backward(doutput, decoder_cache, grads["decoder"])[:, :k]
            ddescribed = self._sample.backward(dz, sample_cache)
            ddescribed += beta * np.hstack(run.kl_standard_normal_backward(mean, log_var))
            self.encoder.backward(ddescribed, encoder_cache, grads["encoder"], input_grad=False)
        return {"loss": error + beta * kl, "reconstruction": error, "kl": kl}

    def train_step(self, batch: np.ndarray, rng: np.random.Generator) -> dict[str, np.floating]:
        """Update both networks on one batch of rows with their labels."""
        parts = self.bound_step(batch, rng, self.grads, self.beta)
        self.update(parts["loss"], *self.networks)
        run.after(self._count)
        return parts

    def sample(
        self,
        n: int,
        rng: np.random.Generator | int | None = None,
        label: int | np.ndarray | None = None,
    ) -> np.ndarray:
        """Return n decoded samples of z ~ N(0, I), (n, d), of these classes; by default they take turns."""
        labels = self.labels_for(count("n", n), label)
        dtype = self.decoder.parameters.flat.dtype
        z = run.standard_normal(errors.generator(rng), (n, self.latent_dim), dtype)
        return self.decode(z, labels)

    def decode(self, z: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Return what codes (n, k) of classes (n,) stand for, (n, d)."""
        return in_chunks(self.decoder, np.concatenate([z, self.one_hot(labels, z.dtype)], axis=1))
