r"""The conditional GAN: generator and discriminator are conditioned on a class.

A label is a row c of as many columns as there are classes, high at its class and low elsewhere
(one-hot). It is joined to z and to x,

.. math:: \tilde x = G([z, c]), \qquad l = D([x, 10c]),

so that D asks whether x is a real sample *of its class*. A network's first layer multiplies c with
some rows of its weight, one for each class: that is an embedding of the classes, and learned. D is
given ten times the label, which is one number among hundreds of pixels and is to count from the start.
Penalties see a D of x alone, for the label that is given; see :mod:`npgan.objectives.penalties`.
Source: Mirza and Osindero 2014, without the factor.
"""

from typing import Any

import numpy as np

from npgan.errors import InputError
from npgan.layers import Layer, Sequential
from npgan.layers.layer import Array
from npgan.models.checks import check_networks, in_chunks, inputs
from npgan.models.gan import GAN
from npgan.models.labels import Labels, sample_of_class
from npgan.parameters import Parameters


class Labelled(Layer):
    r"""A generator that hands its labels on: [z, c] (n, k + classes) -> [G([z, c]), c] (n, d + classes).

    Backward, :math:`[dy, dc] \to J_G^T dy + [0, dc]`: a label goes both ways.

    >>> from npgan import Dense
    >>> labelled = Labelled(Sequential(Dense(5, 1)), classes=2)
    >>> labelled.parameters["0.weight"][...] = 1
    >>> labelled(np.array([[3, 3, 3, 0, 1]], np.float32))  # G sums z and the label
    array([[10.,  0.,  1.]], dtype=float32)
    """

    name = "labelled"

    def __init__(self, network: Sequential, classes: int) -> None:
        self.network, self.classes = network, classes
        self.in_width, self.out_width = network.in_width, network.out_width + classes
        self.bind(network.parameters, network.buffers)

    def bind(self, parameters: Parameters, buffers: Parameters | None = None) -> None:
        """Let the network live in this memory."""
        super().bind(parameters, buffers)
        self.network.bind(parameters, self.buffers)

    def forward(self, x: Array, rng: np.random.Generator | None = None) -> tuple[Array, Any]:
        """Apply the network and join the labels to its output; the cache is the network's."""
        y, cache = self.network.forward(x, rng)
        return np.concatenate([y, x[:, -self.classes :]], axis=1), cache

    def backward(
        self, dy: Array, cache: Any, grads: Parameters | None = None, input_grad: bool = True
    ) -> Any:
        """Go back through the network; the labels' own gradient joins its."""
        d = self.out_width - self.classes
        dx = self.network.backward(dy[:, :d], cache, grads, input_grad)
        if input_grad:
            dx[:, -self.classes :] += dy[:, d:]
        return dx


def labelled(generator: Sequential, discriminator: Sequential, classes: int) -> dict[str, Any]:
    """Return a GAN's networks, checked, with a generator that hands its labels on to the discriminator."""
    networks = {"generator": generator, "discriminator": discriminator}
    check_networks(**networks)
    if generator.in_width <= classes:
        raise InputError(
            f"the generator takes {generator.in_width} features: it must take z and a label's {classes}"
        )
    return {
        "generator": Labelled(generator, classes),
        "discriminator": discriminator,
        "networks": networks,
    }


class Conditioned:
    """What conditional GANs share: a label beside z for the generator, and beside x for the discriminator."""

    label_scale = 10.0
    """What a label's columns are multiplied by for D."""
    average: Sequential | None
    classes: int
    generator: Any
    labels: Labels
    latent: Any
    packing: int
    value_range: tuple[float, float]

    @property
    def data_columns(self) -> Array:
        """Which columns are x, and not the label, of each sample of a pack."""
        width = self.generator.out_width
        return np.tile(np.arange(width) < width - self.classes, self.packing)

    @property
    def latent_dim(self) -> int:
        """The width of z, without the label."""
        return self.generator.in_width - self.classes

    def latent_for(self, batch: Array, rng: np.random.Generator) -> Array:
        """Draw z for the labels of a batch, joined to them."""
        _, labels = self.labels.split(batch)
        return np.concatenate([self.latent(len(batch), rng), labels], axis=1)

    def _noisy(self, x: Array, rng: np.random.Generator | None) -> Array:
        """Return [x + noise, ``label_scale`` c]: labels are certain."""
        data, labels = self.labels.split(x)
        noisy = super()._noisy(data, rng)  # type: ignore[misc]
        return np.concatenate([noisy, self.label_scale * labels], axis=1)

    def decode(self, z: Array, labels: Array) -> Array:
        """Return G([z, c]), (n, d), of z (n, latent_dim) and labels (n,), in evaluation mode."""
        generator = self.average or self.generator
        z = inputs("z", z, generator, self.latent_dim)
        z = self.labels.join(z, labels, self.value_range)
        return in_chunks(generator, z)[:, : -self.classes]


class ConditionalGAN(Conditioned, GAN):  # type: ignore[misc]
    """A GAN of data with labels, whose samples can be asked for by class.

    Parameters
    ----------
    generator : [z, c] (n, latent_dim + classes) -> x (n, d)
    discriminator : [x, 10 c] (n, d + classes) -> logits (n, 1)
    classes : how many there are; labels are 0, 1, ...
    settings : as a :class:`~npgan.models.GAN` has them

    Examples
    --------
    >>> from npgan import Dense, ReLU
    >>> from npgan.data import Dataset
    >>> gan = ConditionalGAN(Sequential(Dense(4 + 2, 8), ReLU(), Dense(8, 1), rng=0),
    ...                      Sequential(Dense(1 + 2, 8), ReLU(), Dense(8, 1), rng=1), classes=2)
    >>> labels = np.arange(64) % 2
    >>> data = Dataset("two", labels[:, None].astype(np.float32), train_labels=labels)
    >>> history = gan.fit(data, steps=10, batch_size=32, callbacks=[], rng=0)
    >>> gan.sample(3, rng=0, label=1).shape
    (3, 1)
    """

    name = "conditional-gan"
    recorded = True
    sample = sample_of_class

    def __init__(
        self, generator: Sequential, discriminator: Sequential, *, classes: int, **settings: Any
    ) -> None:
        self.labels = Labels(classes)
        self.classes = self.labels.classes
        super().__init__(**labelled(generator, discriminator, self.classes), **settings)
