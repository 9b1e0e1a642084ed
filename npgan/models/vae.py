r"""The variational autoencoder: an autoencoder whose codes can be drawn.

The encoder gives a Gaussian for each x, :math:`q(z|x) = N(\mu, \sigma^2)`; the decoder says how
likely x is for a z, :math:`p(x|z)`. Both minimise the negative evidence lower bound, in nats a row,

.. math:: L = \underbrace{-\log p(x|z)}_{z \sim q(z|x)} + \beta\,\mathrm{KL}(q(z|x)\,\|\,N(0, I)),

which for :math:`\beta = 1` is on average at least :math:`-\log p(x)` (Kingma and Welling 2014, eq. 10). A larger
:math:`\beta` makes the codes simpler (Higgins et al. 2017), and one that rises from 0 lets the decoder
find a use for all of them first (Bowman et al. 2016).
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from npgan import errors
from npgan.backend import run
from npgan.errors import InputError, count, instance, not_negative
from npgan.layers import GaussianSample, Sequential
from npgan.models.coder import Decoding, LatentModel
from npgan.models.model import CHUNK, check_networks, check_rows, in_chunks
from npgan.models.steps import Loss
from npgan.optim import Adam, Optimizer
from npgan.parameters import Parameters


class Likelihood(NamedTuple):
    """How what a decoder says (n, d) is read: as the parameters of a distribution, by an operation."""

    name: str

    def forward(self, output: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Return log p(x|z), (n,)."""
        return getattr(run, f"log_{self.name}_forward")(output, x)

    def backward(self, dy: np.ndarray, output: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Return its gradient by the output."""
        return getattr(run, f"log_{self.name}_backward")(dy, output, x)


LIKELIHOODS = {
    "bernoulli": Likelihood("bernoulli_with_logits"),
    "gaussian": Likelihood("gaussian"),
}


class Variational(Decoding):
    """What models share that maximise the evidence lower bound.

    Parameters
    ----------
    encoder : a row (n, r) -> means and log-variances, side by side (n, 2k)
    decoder : z (n, k), and what else :meth:`joined` gives it -> probabilities or means (n, d)
    likelihood : "bernoulli" (the decoder must end in a sigmoid) or "gaussian", of variance 1/2
    beta : what the divergence counts, not negative
    warm_up : steps in which beta rises to that, from 0
    binarize : draw each training pixel anew at every step, 1 with its value as the probability
    optimizers : for "encoder" and "decoder"; by default Adam(1e-3) each
    """

    samples = 1

    def __init__(
        self,
        encoder: Sequential,
        decoder: Sequential,
        *,
        likelihood: str = "bernoulli",
        beta: float = 1.0,
        warm_up: int = 0,
        binarize: bool = False,
        optimizers: Mapping[str, Optimizer] | None = None,
    ) -> None:
        networks = {"encoder": encoder, "decoder": decoder}
        if optimizers is None:
            optimizers = {name: Adam(1e-3) for name in networks}
        super().__init__(networks, optimizers)
        self.likelihood = self.read_by("likelihood", likelihood, LIKELIHOODS, "bernoulli")
        instance("binarize", binarize, bool | np.bool_)
        if binarize and likelihood != "bernoulli":
            raise InputError("only the pixels of the likelihood bernoulli can be binarised")
        self.encoder, self.decoder = encoder, decoder
        self.beta, self.warm_up = not_negative("beta", beta), count("warm_up", warm_up)
        self.binarize = bool(binarize)
        self._sample = GaussianSample()

    def joined(self, z: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return what the decoder takes: the codes z (n, k) of these rows."""
        return z

    def beta_now(self) -> float:
        """Return what the divergence counts at this step."""
        return self.beta * min(1.0, self.step / self.warm_up) if self.warm_up else self.beta

    def bound_step(
        self,
        rows: np.ndarray,
        rng: np.random.Generator,
        grads: Mapping[str, Parameters] | None = None,
        beta: float = 1.0,
    ) -> dict[str, Any]:
        r"""Return L and its two terms, means over the rows; add L's gradients to ``grads``.

        :math:`-\log p(x|z)` flows through the decoder and the sample into the means and log-variances,
        where the divergence's own gradient joins it.
        """
        check_rows("rows", rows, self.encoder.in_width)
        n, x = len(rows), np.ascontiguousarray(rows[:, : self.features])
        described, encoder_cache = self.encoder.forward(rows, rng)
        z, sample_cache = self._sample.forward(described, rng)
        output, decoder_cache = self.reader.forward(self.joined(z, rows), rng)
        mean, log_var = np.split(described, 2, axis=1)
        error = -self.likelihood.forward(output, x).mean()
        kl = run.kl_standard_normal_forward(mean, log_var)
        if grads is not None:
            each = np.full(n, -1 / n, x.dtype)
            doutput = self.likelihood.backward(each, output, x)
            dz = self.reader.backward(doutput, decoder_cache, grads["decoder"])
            ddescribed = self._sample.backward(dz[:, : z.shape[1]], sample_cache)
            ddescribed += beta * np.hstack(run.kl_standard_normal_backward(mean, log_var))
            self.encoder.backward(ddescribed, encoder_cache, grads["encoder"], input_grad=False)
        return {"loss": error + beta * kl, "reconstruction": error, "kl": kl}

    def losses(self, batch: np.ndarray) -> Iterator[Loss]:
        """Yield the loss of encoder and decoder; a divergence that counts 1 would hide its weight."""
        yield Loss(
            "step",
            ["encoder", "decoder"],
            lambda rng, grads: self.bound_step(batch, rng, grads, beta=0.7)["loss"],
        )

    def train_step(self, batch: np.ndarray, rng: np.random.Generator) -> dict[str, np.floating]:
        """Update both networks on one batch."""
        if self.binarize:
            batch = binarized(batch, rng)
        parts = self.bound_step(batch, rng, self.grads, self.beta_now())
        self.update(parts["loss"], *self.networks)
        run.after(self._count)
        return parts

    def validate(self, rows: np.ndarray) -> dict[str, float]:
        """Return the loss on held-out rows, from as many codes a row as in training, with beta 1."""
        rows = errors.array("rows", rows, ("n", self.encoder.in_width), rows=1)
        self.check_data(rows[:, : self.features])
        bound = self._bound(rows, np.random.default_rng(0), self.samples)
        return {"val_loss": -float(bound.mean())}

    def bound(
        self,
        data: np.ndarray,
        rng: np.random.Generator | int | None = None,
        samples: int = 1,
        labels: np.ndarray | None = None,
    ) -> np.ndarray:
        r"""Return estimates, (n,), of lower bounds of each row's :math:`\log p(x)`, in nats, from so many codes.

        They are importance-weighted (:func:`npgan.ops.log_mean_exp_forward`), of one code the evidence lower
        bound. One draw may lie above :math:`\log p(x)`; their mean does not. Rows are binarised where those
        of training are; where greys are not, a bernoulli decoder's evidence lower bound is that of the black
        and white images that they stand for, on average.
        """
        rows = self.rows(data, labels)
        return self._bound(rows, errors.generator(rng), count("samples", samples, 1))

    def _bound(self, rows: np.ndarray, rng: np.random.Generator, k: int) -> np.ndarray:
        rows, size = run.gather(rows, np.arange(len(rows)), *self.value_range), max(1, CHUNK // k)
        rows = binarized(rows, rng) if self.binarize else rows
        parts = (rows[i : i + size] for i in range(0, len(rows), size))
        return np.concatenate([run.log_mean_exp_forward(self._weigh(p, k, rng)) for p in parts])

    def _weigh(self, rows: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
        """Return the log-weights (n, k) of k codes drawn for each row."""
        described, many = (np.repeat(a, k, axis=0) for a in (self.encoder(rows), rows))
        z, (log_var, eps) = self._draw(described, rng)
        output = in_chunks(self.reader, self.joined(z, many))
        log_p = self.likelihood.forward(output, np.ascontiguousarray(many[:, : self.features]))
        return (log_p + run.log_prior_ratio_forward(z, log_var, eps)).reshape(len(rows), k)

    def _draw(self, described: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, Any]:
        """Return a code for each row, and the log-variances and noise that it is made of."""
        return self._sample.forward(described, rng)


class VAE(Variational, LatentModel):
    """An encoder to Gaussians and a decoder.

    Parameters
    ----------
    encoder : x (n, d) -> means and log-variances, side by side (n, 2k)
    decoder : z (n, k) -> probabilities or means (n, d)
    settings : as :class:`Variational` has them

    Examples
    --------
    >>> from npgan import Dense, Sequential
    >>> vae = VAE(Sequential(Dense(4, 2 * 2), rng=0), Sequential(Dense(2, 4), rng=1),
    ...           likelihood="gaussian")
    >>> x = np.random.default_rng(0).normal(size=(256, 4))
    >>> history = vae.fit(x, epochs=2, batch_size=32, callbacks=[], rng=0)
    >>> vae.encode(x).shape, vae.sample(3, rng=0).shape
    ((256, 2), (3, 4))

    Raises
    ------
    InputError
        If the networks' widths do not fit each other, or a setting is outside its range.
    """

    def __init__(self, encoder: Sequential, decoder: Sequential, **settings: Any) -> None:
        check_networks(encoder=encoder, decoder=decoder)
        if encoder.out_width != 2 * decoder.in_width or decoder.out_width != encoder.in_width:
            raise InputError(
                f"the encoder takes {encoder.in_width} features to {encoder.out_width}, the decoder "
                f"{decoder.in_width} to {decoder.out_width}: the first must return twice what the "
                "second takes, means and log-variances"
            )
        super().__init__(encoder, decoder, **settings)

    def encode(self, x: np.ndarray) -> np.ndarray:
        """Return the mean code (n, k) of x (n, d); bytes are scaled as in training."""
        return self._sample(in_chunks(self.encoder, self.scaled(x)))


def binarized(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return pixels that are 1 with the probability x, else 0: drawn anew each time.

    Source: Salakhutdinov and Murray 2008.

    >>> binarized(np.array([[0.0, 1.0]]), np.random.default_rng(0))
    array([[0., 1.]])
    """
    return (rng.random(x.shape, x.dtype) < x).astype(x.dtype)
