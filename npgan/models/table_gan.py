r"""The GAN of tables: rows of numbers and categories, and samples that fulfil a condition.

A condition c is one category of one column, or none ("any row"). The generator makes a row that fulfils it,

.. math:: \tilde x = G([z, c]), \qquad l = D([x, 3c]),

and D, which sees the condition, asks whether x is a real row *with this category*. This is the conditional GAN of
:mod:`npgan.models.conditional`. There a row has one label; here it has one in each column of categories, and for each
row of a minibatch one of them is drawn (:mod:`npgan.data.conditions`). Categories are drawn by a softmax with Gumbel
noise, through which the gradient passes (:func:`npgan.ops.gumbel_softmax_forward`).
Source: Xu et al. 2019, "Modeling tabular data using conditional GAN". There the loss of G
also has the cross-entropy of its condition, and the objective is Wasserstein's, with a penalty on the gradient of D.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from npgan import errors
from npgan.backend import run
from npgan.data.batches import Batches
from npgan.data.conditions import ConditionedBatches, conditions, shares
from npgan.errors import InputError, count
from npgan.layers import Sequential
from npgan.layers.layer import Array
from npgan.models.conditional import Conditioned, labelled
from npgan.models.gan import GAN
from npgan.models.labels import Labels
from npgan.models.tabular import Tabular


class TableGAN(Tabular, Conditioned, GAN):  # type: ignore[misc]
    """A GAN of rows of tables, (n, b): b numbers, some of which are categories 0, 1, ...

    Parameters
    ----------
    generator : [z, c] -> numbers and probabilities (n, d), with a :class:`~npgan.layers.GumbelSoftmax` at its end
    discriminator : [x, 3 c] (n, d + classes) -> logits (n, 1)
    widths : of the b blocks: 1 for a number, the number of its values for a category; d is their sum
    settings : as a :class:`~npgan.models.GAN` has them

    Attributes
    ----------
    shares : the share of the training rows that fulfil each condition: first "any row", which all fulfil, then each
        category

    Examples
    --------
    >>> from npgan import Dense, GumbelSoftmax
    >>> gan = TableGAN(Sequential(Dense(4 + 3, 3), GumbelSoftmax("1,2"), rng=0),
    ...                Sequential(Dense(3 + 3, 8), Dense(8, 1), rng=1), widths=[1, 2])
    >>> rows = np.array([[0.5, 0], [0.1, 1]] * 16)
    >>> history = gan.fit(rows, steps=10, batch_size=8, callbacks=[], rng=0)
    >>> gan.sample(100, rng=0, label=2)[:, 1].shape
    (100,)
    """

    name = "table-gan"
    recorded = True
    label_scale = 3.0  # a condition is one 1 among tens of numbers, not hundreds

    def __init__(
        self,
        generator: Sequential,
        discriminator: Sequential,
        *,
        widths: Sequence[int],
        **settings: Any,
    ) -> None:
        self._take_widths(widths)
        self.classes = conditions(self.widths)
        self.labels = Labels(self.classes)
        super().__init__(**labelled(generator, discriminator, self.classes), **settings)
        if self.generator.network.out_width != sum(self.widths):
            raise InputError(
                f"the generator makes {self.generator.network.out_width} features, but the widths of the "
                f"blocks make {sum(self.widths)}"
            )
        self.shares = np.eye(1, self.classes)[0]

    @property
    def _row_width(self) -> int:
        return self.features

    def rows(self, data: Array, labels: Array | None = None) -> Array:
        """Return the rows, checked; labels are ignored, as the conditions of a row are its own categories."""
        return self.check_data(data)

    def batches(self, rows: Array, batch_size: int, rng: np.random.Generator) -> Batches:
        """Return minibatches of drawn rows, each with a condition that it fulfils."""
        self.shares[...] = shares(rows, self.widths)
        return ConditionedBatches(rows, batch_size, rng, self.widths)

    def _batch(self, rows: Array) -> Array:
        """Return rows as networks see them, one-hot, with the condition "any row"."""
        every = np.arange(len(rows)), np.zeros(len(rows), np.int64)
        return run.gather_table(rows, *every, self._blocks, self.classes)

    def sample(
        self,
        n: int,
        rng: np.random.Generator | int | None = None,
        label: int | Array | None = None,
    ) -> Array:
        """Return n generated rows (n, b); their categories are drawn from the generator's probabilities.

        ``label`` is the condition of all rows, or of each, (n,): 0 is any row, then come the categories. By default a
        column is drawn uniformly ("any row" is one, too), then one of its categories, by its share of the training
        rows.
        """
        rng = errors.generator(rng)
        z = self._spread_latent(count("n", n), rng)
        if label is None:
            label = rng.choice(self.classes, n, p=self.shares / self.shares.sum())
        return self._drawn(self.decode(z, self.labels.draw(n, label, rng)), rng)

    def weights(self) -> dict[str, Array]:
        """Return every parameter and buffer by name, and the share of each condition."""
        return super().weights() | {"shares": self.shares}
