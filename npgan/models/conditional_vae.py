r"""The conditional variational autoencoder: encoder and decoder are conditioned on a class.

With a label c, one-hot, joined to x and to z, the bound is that of :math:`\log p(x|c)`:

.. math:: L = -\log p(x|z, c) + \beta\,\mathrm{KL}(q(z|x, c)\,\|\,N(0, I)), \quad z \sim q(z|x, c)

The code need not say which digit it is, and says how it is written. Source: Sohn et al. 2015, with a prior
that does not depend on the class.
"""

from typing import Any

from npgan.layers import Sequential
from npgan.layers.layer import Array
from npgan.models.checks import in_chunks, inputs
from npgan.models.labels import Labels, sample_of_class
from npgan.models.vae import Variational


class ConditionalVAE(Variational):
    """A variational autoencoder of data with labels, whose samples can be asked for by class.

    Parameters
    ----------
    encoder : [x, c] (n, d + classes) -> means and log-variances, side by side (n, 2k)
    decoder : [z, c] (n, k + classes) -> probabilities or means (n, d)
    classes : how many there are
    settings : as a :class:`~npgan.models.VAE` has them

    Examples
    --------
    >>> import numpy as np
    >>> from npgan import Dense
    >>> from npgan.data import Dataset
    >>> x, labels = np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32), np.arange(64) % 2
    >>> model = ConditionalVAE(Sequential(Dense(4 + 2, 2 * 3), rng=0), Sequential(Dense(3 + 2, 4), rng=1),
    ...                        classes=2, likelihood="gaussian")
    >>> data = Dataset("d", x, train_labels=labels)
    >>> history = model.fit(data, epochs=2, batch_size=32, callbacks=[], rng=0)
    >>> model.sample(5, rng=0, label=1).shape
    (5, 4)
    """

    name = "conditional-vae"
    recorded = True
    labels: Labels
    sample, _spread_latent = sample_of_class, Variational.latent

    def __init__(
        self, encoder: Sequential, decoder: Sequential, *, classes: int, **settings: Any
    ) -> None:
        self.labels = Labels(classes)
        self.classes = self.labels.classes
        super().__init__(encoder, decoder, **settings)

    def encode(self, x: Array, labels: Array) -> Array:  # type: ignore[override]
        """Return the mean code (n, k) of x (n, d) with labels (n,); bytes are scaled as in training."""
        return self.gaussian.mean(self.labels.join(self.scaled(x), labels, self.value_range))

    def decode(self, z: Array, labels: Array) -> Array:  # type: ignore[override]
        """Return what codes (n, k) of classes (n,) stand for, (n, d)."""
        z = inputs("z", z, self.decoder, self.latent_dim)
        return in_chunks(self.decoder, self.labels.join(z, labels, self.value_range))

    def reconstruct(self, x: Array, labels: Array) -> Array:  # type: ignore[override]
        """Return ``decode(encode(x, labels), labels)``, (n, d)."""
        return self.decode(self.encode(x, labels), labels)
