r"""The conditional variational autoencoder: encoder and decoder are told a class.

With a label c, one-hot, joined to x and to z, the bound is that of :math:`\log p(x|c)`:

.. math:: L = -\log p(x|z, c) + \beta\,\mathrm{KL}(q(z|x, c)\,\|\,N(0, I)), \quad z \sim q(z|x, c)

The code need not say which digit it is, and says how it is written. Source: Sohn et al. 2015, with a prior
that does not depend on the class.
"""

from typing import Any

import numpy as np

from npgan import errors
from npgan.backend import run
from npgan.errors import InputError, count
from npgan.layers import Sequential
from npgan.models.labels import Labels
from npgan.models.model import check_networks, in_chunks, inputs
from npgan.models.vae import Variational


class ConditionalVAE(Variational, Labels):
    """A variational autoencoder of data with labels, whose samples can be asked for by class.

    Parameters
    ----------
    encoder : [x, c] (n, d + classes) -> means and log-variances, side by side (n, 2k)
    decoder : [z, c] (n, k + classes) -> probabilities or means (n, d)
    classes : how many there are
    settings : as a :class:`~npgan.models.VAE` has them

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

    def __init__(
        self, encoder: Sequential, decoder: Sequential, *, classes: int, **settings: Any
    ) -> None:
        self.classes = count("classes", classes, 1)
        check_networks(encoder=encoder, decoder=decoder)
        k, d = decoder.in_width - classes, decoder.out_width
        if k < 1 or (encoder.in_width, encoder.out_width) != (d + classes, 2 * k):
            raise InputError(
                f"with {classes} classes the encoder must take {d + classes} features to twice what the "
                f"decoder takes beside them, {max(k, 1)}; it takes {encoder.in_width} to "
                f"{encoder.out_width}"
            )
        super().__init__(encoder, decoder, **settings)

    @property
    def latent_dim(self) -> int:
        """The width of z, without the label."""
        return self.decoder.in_width - self.classes

    def joined(self, z: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return what the decoder takes: codes (n, k) and the labels of these rows [x, c]."""
        return np.concatenate([z, rows[:, self.features :]], axis=1)

    def sample(
        self,
        n: int,
        rng: np.random.Generator | int | None = None,
        label: int | np.ndarray | None = None,
    ) -> np.ndarray:
        """Return n decoded samples of z ~ N(0, I), (n, d).

        ``label`` is the class of all of them, or of each (n,); by default each is as likely, and there
        are as many of each as n allows.
        """
        rng, dtype = errors.generator(rng), self.decoder.parameters.flat.dtype
        z = run.standard_normal(rng, (count("n", n), self.latent_dim), dtype)
        return self.decode(z, self.labels_for(n, label, rng))

    def decode(self, z: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Return what codes (n, k) of classes (n,) stand for, (n, d)."""
        z = inputs("z", z, self.decoder, self.latent_dim)
        told = np.concatenate([z, self.one_hot(labels, z.dtype, len(z))], axis=1)
        return in_chunks(self.decoder, told)
