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
from npgan.errors import InputError, chosen, count, instance, not_negative
from npgan.layers import Sequential
from npgan.layers.layer import Array
from npgan.models.checks import CHUNK, check_networks, check_rows, in_chunks, reads_logits
from npgan.models.coder import Coder
from npgan.models.gaussian import GaussianEncoder
from npgan.models.model import Model
from npgan.models.steps import Loss, Result, Step
from npgan.optim import Optimizer


class Likelihood(NamedTuple):
    """A distribution of x whose parameters are the decoder's output (n, d)."""

    name: str

    def forward(self, output: Array, x: Array, *arguments: Array) -> Array:
        """Return log p(x|z), (n,)."""
        return getattr(run, f"log_{self.name}_forward")(output, x, *arguments)

    def backward(self, dy: Array, output: Array, x: Array, *arguments: Array) -> Array:
        """Return its gradient with respect to the output."""
        return getattr(run, f"log_{self.name}_backward")(dy, output, x, *arguments)


LIKELIHOODS = {
    "bernoulli": Likelihood("bernoulli_with_logits"),
    "gaussian": Likelihood("gaussian"),
}


class Variational(Coder, Model):
    """What models share that maximise the evidence lower bound.

    Parameters
    ----------
    encoder : a row (n, r) -> means and log-variances, side by side (n, 2k)
    decoder : z (n, k), and a label's columns if there are labels -> probabilities or means (n, d)
    likelihood : "bernoulli" (the decoder must end in a sigmoid) or "gaussian", of variance 1/2
    beta : the divergence's weight, not negative
    warm_up : steps in which beta rises to that, from 0
    binarize : draw each training pixel anew at every step, 1 with its value as the probability
    optimizers : for "encoder" and "decoder"; by default Adam(1e-3) each
    """

    samples = 1
    likelihood_arguments: tuple[Array, ...] = ()  # which it takes after its output and x
    tables = Model.tables | {"likelihood": LIKELIHOODS}

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
        check_networks(encoder=encoder, decoder=decoder)
        self._check_widths(encoder, decoder)
        super().__init__({"encoder": encoder, "decoder": decoder}, optimizers)
        self.likelihood = chosen("likelihood", likelihood, self.tables["likelihood"])
        self.by_logits = reads_logits("likelihood", likelihood, "bernoulli", decoder)
        instance("binarize", binarize, bool | np.bool_)
        if binarize and likelihood != "bernoulli":
            raise InputError("only the pixels of the likelihood bernoulli can be binarised")
        self.beta, self.warm_up = not_negative("beta", beta), count("warm_up", warm_up)
        self.binarize = bool(binarize)
        self.gaussian = GaussianEncoder(encoder)

    @property
    def _width(self) -> int:
        """How many of a row's columns are data, not its label's."""
        return self.features

    @property
    def _label_width(self) -> int:
        return self.labels.classes if self.labels else 0

    def _check_widths(self, encoder: Sequential, decoder: Sequential) -> None:
        classes, d = self._label_width, decoder.out_width
        k = decoder.in_width - classes
        if k < 1 or (encoder.in_width, encoder.out_width) != (d + classes, 2 * k):
            beside = f"with {classes} classes " if classes else ""
            raise InputError(
                f"{beside}the encoder must take {d + classes} features to means and log-variances of the "
                f"codes that the decoder takes, {2 * max(k, 1)}; it takes {encoder.in_width} to "
                f"{encoder.out_width}, the decoder {decoder.in_width} to {d}"
            )

    def beta_now(self) -> float:
        """Return what the divergence counts at this step."""
        if not self.warm_up:
            return self.beta
        return run.each(lambda: self.beta * min(1.0, self.step / self.warm_up))

    def bound_step(
        self, rows: Array, rng: np.random.Generator, grads: Any = None, beta: float | None = None
    ) -> Result:
        r"""Return L and its two terms, means over the rows; add L's gradients to ``grads``.

        :math:`-\log p(x|z)` flows through the decoder and the sample into the means and log-variances,
        where the divergence's own gradient joins it. By default beta is as it is at this step.
        """
        check_rows("rows", rows, self.encoder.in_width)
        beta = self.beta_now() if beta is None else beta
        n, x = len(rows), rows[:, : self._width]
        z, drawn = self.gaussian.forward(rows, rng)
        output, decoder_cache = self.reader.forward(self._beside_labels(z, rows), rng)
        error = -self.likelihood.forward(output, x, *self.likelihood_arguments).mean()
        kl = self.gaussian.kl(drawn)
        if grads is not None:
            each = np.full(n, -1 / n, x.dtype)
            doutput = self.likelihood.backward(each, output, x, *self.likelihood_arguments)
            dz = self.reader.backward(doutput, decoder_cache, grads["decoder"])
            self.gaussian.backward(dz[:, : z.shape[1]], drawn, grads["encoder"], beta)
        loss = error + beta * kl
        return Result(loss, {"loss": loss, "reconstruction": error, "kl": kl})

    def _beside_labels(self, z: Array, rows: Array) -> Array:
        """Return what the decoder takes: the codes z (n, k) of rows, and the rows' labels if there are some."""
        return np.concatenate([z, rows[:, self.features :]], axis=1) if self.labels else z

    def steps(self) -> list[Step]:
        """Return the step of encoder and decoder."""
        return [Step("step", ["encoder", "decoder"], self.bound_step)]

    def losses(self, batch: Array) -> Iterator[Loss]:
        """Yield the loss of encoder and decoder; beta is 0.7: 1 would hide its absence."""
        yield Loss(
            "step",
            ["encoder", "decoder"],
            lambda rng, grads: self.bound_step(batch, rng, grads, beta=0.7).loss,
        )

    def _training_batch(self, batch: Array, rng: np.random.Generator) -> Array:
        """Return the rows, drawn as black or white pixels if they are to be binarised."""
        return binarized(batch, rng) if self.binarize else batch

    def validate(self, rows: Array) -> dict[str, float]:
        """Return the loss on held-out rows, from as many codes a row as in training, with beta 1."""
        rows = errors.array("rows", rows, ("n", self.encoder.in_width), rows=1)
        self.check_data(rows[:, : self.features])
        bound = self._bound(rows, np.random.default_rng(0), self.samples)
        return {"val_loss": -float(bound.mean())}

    def bound(
        self,
        data: Array,
        rng: np.random.Generator | int | None = None,
        samples: int = 1,
        labels: Array | None = None,
    ) -> Array:
        r"""Return estimates, (n,), of lower bounds of each row's :math:`\log p(x)`, in nats, from so many codes.

        They are importance-weighted (:func:`npgan.ops.log_mean_exp_forward`), of one code the evidence lower
        bound. One draw may lie above :math:`\log p(x)`; their mean does not. Rows are binarised where those
        of training are; where greys are not, a bernoulli decoder's evidence lower bound is that of the black
        and white images that they stand for, on average.
        """
        rows = self.rows(data, labels)
        return self._bound(rows, errors.generator(rng), count("samples", samples, 1))

    def _bound(self, rows: Array, rng: np.random.Generator, k: int) -> Array:
        rows, size = self._batch(rows), max(1, CHUNK // k)
        rows = binarized(rows, rng) if self.binarize else rows
        parts = (rows[i : i + size] for i in range(0, len(rows), size))
        return np.concatenate([run.log_mean_exp_forward(self._weigh(p, k, rng)) for p in parts])

    def _weigh(self, rows: Array, k: int, rng: np.random.Generator) -> Array:
        """Return the (n, samples) log-weights of the codes drawn for each row."""
        z, drawn = self.gaussian.forward(rows, rng, k, training=False)
        many = np.repeat(rows, k, axis=0)
        output = in_chunks(self.reader, self._beside_labels(z, many))
        x = np.ascontiguousarray(many[:, : self._width])
        log_p = self.likelihood.forward(output, x, *self.likelihood_arguments)
        log_ratio = run.log_prior_ratio_forward(z, drawn.log_var, drawn.eps)
        return (log_p + log_ratio).reshape(len(rows), k)

    @property
    def latent_dim(self) -> int:
        """The width of z, without a label."""
        return self.decoder.in_width - self._label_width

    def latent(self, n: int, rng: np.random.Generator) -> Array:
        """Draw z ~ N(0, I), (n, latent_dim), in the networks' float type."""
        return run.standard_normal(rng, (n, self.latent_dim), self.decoder.parameters.flat.dtype)

    def sample(self, n: int, rng: np.random.Generator | int | None = None) -> Array:
        """Return n decoded samples of z ~ N(0, I), (n, d)."""
        return self.decode(self.latent(count("n", n), errors.generator(rng)))

    def encode(self, x: Array) -> Array:
        """Return the mean code (n, k) of x (n, d); bytes are scaled as in training."""
        return self.gaussian.mean(self.scaled(x))


class VAE(Variational):
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
    """

    name = "vae"
    recorded = True


def binarized(x: Array, rng: np.random.Generator) -> Array:
    """Return pixels that are 1 with the probability x, else 0: drawn anew each time.

    Source: Salakhutdinov and Murray 2008.

    >>> binarized(np.array([[0.0, 1.0]]), np.random.default_rng(0))
    array([[0., 1.]])
    """
    return (rng.random(x.shape, x.dtype) < x).astype(x.dtype)
