r"""The variational autoencoder of tables: rows of numbers and categories.

The decoder turns a code z into a distribution of each value of a row: a number is normal, with a mean and a variance
that depend on z, and a category has probabilities (:func:`npgan.ops.log_table_forward`). A generated row is drawn from
these distributions. Log-variances are softly bounded: otherwise a z far from all others may make one so small that
the likelihood of a number that is not at the mean is beyond all floats.
Source: Xu et al. 2019, "Modeling tabular data using conditional GAN", sec. 4.5 ("TVAE"). There the variances do not
depend on z, and in the authors' program the reconstruction counts twice.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from npgan import errors
from npgan.backend import run
from npgan.errors import InputError, count
from npgan.layers import Sequential
from npgan.layers.layer import Array
from npgan.models.checks import in_chunks, inputs
from npgan.models.tabular import Tabular
from npgan.models.vae import Likelihood, Variational

BOUND = 10.0
"""Log-variances lie between minus this and this."""


def bounded(output: Array, d: int) -> Array:
    r"""Return a decoder's output (n, d + numbers) with :math:`\lambda = B\tanh(l/B)` for its last columns l.

    >>> bounded(np.array([[3.0, 1e4]]), 1)
    array([[ 3., 10.]])
    """
    log_var = BOUND * np.tanh(output[:, d:] * (1 / BOUND))
    return np.concatenate([output[:, :d], log_var], axis=1)


def bounded_backward(dwithin: Array, within: Array, d: int) -> Array:
    r"""Return the gradient with respect to the output, (n, d + numbers), from that of :func:`bounded`'s result.

    :math:`d\lambda/dl = 1 - \tanh^2(l/B) = 1 - (\lambda/B)^2`; the first d columns stay as they are.

    >>> bounded_backward(np.array([[2.0, 2.0]]), np.array([[3.0, 5.0]]), 1)
    array([[2. , 1.5]])
    """
    slope = 1 - np.square(within[:, d:] * (1 / BOUND))
    return np.concatenate([dwithin[:, :d], dwithin[:, d:] * slope], axis=1)


class TableLikelihood(Likelihood):
    """The likelihood of rows (n, d), whose log-variances are bounded."""

    def forward(self, output: Array, x: Array, *arguments: Array) -> Array:
        """Return log p(x|z), (n,)."""
        return super().forward(bounded(output, x.shape[1]), x, *arguments)

    def backward(self, dy: Array, output: Array, x: Array, *arguments: Array) -> Array:
        """Return its gradient with respect to the output, (n, d + numbers)."""
        within = bounded(output, x.shape[1])
        dwithin = super().backward(dy, within, x, *arguments)
        return bounded_backward(dwithin, within, x.shape[1])


class TableVAE(Tabular, Variational):
    """A VAE of rows of tables, (n, b): b numbers, some of which are categories 0, 1, ...

    Parameters
    ----------
    encoder : x (n, d) -> means and log-variances, side by side (n, 2k)
    decoder : z (n, k) -> means and logits, then the log-variances of the numbers, (n, d + numbers)
    widths : of the b blocks: 1 for a number, the number of its values for a category; d is their sum
    settings : as :class:`Variational` has them

    Examples
    --------
    >>> from npgan import Dense
    >>> vae = TableVAE(Sequential(Dense(3, 2 * 2), rng=0), Sequential(Dense(2, 3 + 1), rng=1), widths=[1, 2])
    >>> rows = np.array([[0.5, 0], [0.1, 1]] * 16)
    >>> history = vae.fit(rows, steps=10, batch_size=8, callbacks=[], rng=0)
    >>> vae.sample(100, rng=0).shape
    (100, 2)
    """

    name = "table-vae"
    recorded = True
    tables = Variational.tables | {"likelihood": {"table": TableLikelihood("table")}}

    def __init__(
        self,
        encoder: Sequential,
        decoder: Sequential,
        *,
        widths: Sequence[int],
        likelihood: str = "table",
        **settings: Any,
    ) -> None:
        self._take_widths(widths)
        super().__init__(encoder, decoder, likelihood=likelihood, **settings)
        self.likelihood_arguments = (self._blocks,)

    @property
    def _width(self) -> int:
        return sum(self.widths)

    def _check_widths(self, encoder: Sequential, decoder: Sequential) -> None:
        d, numbers, k = self._width, self.widths.count(1), decoder.in_width
        if (encoder.in_width, encoder.out_width, decoder.out_width) != (d, 2 * k, d + numbers):
            raise InputError(
                f"for blocks of {d} features, {numbers} of them numbers, the encoder must take {d} features and the "
                f"decoder make {d + numbers}, of codes of which the encoder makes means and log-variances; they take "
                f"{encoder.in_width} to {encoder.out_width} and {k} to {decoder.out_width}"
            )

    def validate(self, rows: Array) -> dict[str, float]:
        """Return the loss on held-out rows, with beta 1."""
        bound = self._bound(self.check_data(rows), np.random.default_rng(0), self.samples)
        return {"val_loss": -float(bound.mean())}

    def decode(self, z: Array) -> Array:
        """Return what is expected of rows with codes z (n, k): means and probabilities, side by side (n, d)."""
        output = in_chunks(self.decoder, inputs("z", z, self.decoder))[:, : self._width]
        return run.gumbel_softmax_forward(output, None, self._blocks, 1.0)

    def sample(self, n: int, rng: np.random.Generator | int | None = None) -> Array:
        """Return n generated rows (n, b), drawn from the decoder's distributions given z ~ N(0, I)."""
        rng = errors.generator(rng)
        return self._draw(self.latent(count("n", n), rng), rng)

    def redraw(
        self,
        rows: Array,
        rng: np.random.Generator | int | None = None,
        possible: Array | float = 1.0,
    ) -> Array:
        """Return rows (n, b), drawn from the decoder's distributions given a code of each of these rows, z ~ q(z|x).

        ``possible`` (d,) is 0 for categories that may not be drawn, and 1 elsewhere.
        """
        rng = errors.generator(rng)
        seen = self._batch(self.check_data(rows))
        return self._draw(self.gaussian.forward(seen, rng, training=False)[0], rng, possible)

    def _draw(self, z: Array, rng: np.random.Generator, possible: Array | float = 1.0) -> Array:
        output = bounded(in_chunks(self.decoder, z), self._width)
        rows, log_var = np.split(output, [self._width], axis=1)
        rows = run.gumbel_softmax_forward(rows, None, self._blocks, 1.0) * possible
        numbers = (np.cumsum(self.widths) - 1)[self._blocks == 1]
        noise = run.standard_normal(rng, log_var.shape, log_var.dtype)
        rows[:, numbers] += np.exp(log_var / 2) * noise
        return self._drawn(rows, rng)
