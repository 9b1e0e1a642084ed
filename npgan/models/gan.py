r"""The generative adversarial network: a generator and a discriminator that learn from each other.

:math:`z \sim N(0, I)` is noise, :math:`G(z)` a generated sample, :math:`D(x)` a logit: large where x
looks real. Each player's loss is in :mod:`npgan.losses`; here is how the gradients travel.
Source: Goodfellow et al. 2014, algorithm 1.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from npgan import errors
from npgan.backend import run
from npgan.errors import InputError, count, fraction, not_negative, unknown
from npgan.layers import Sequential
from npgan.losses import OBJECTIVES
from npgan.models.model import Model, check_critic, in_chunks
from npgan.optim import Adam, Optimizer
from npgan.parameters import Parameters
from npgan.penalties import Coefficient, check_penalties, penalized_backward


class DiscriminatorStep(NamedTuple):
    """The discriminator's loss and its logits on both halves, (n, 1)."""

    loss: np.floating
    real_logits: np.ndarray
    fake_logits: np.ndarray


class GeneratorStep(NamedTuple):
    """The generator's loss and the logits of what it made, (n, 1)."""

    loss: np.floating
    fake_logits: np.ndarray


class GAN(Model):
    """A generator against a discriminator.

    Parameters
    ----------
    generator : z (n, latent_dim) -> x (n, d)
    discriminator : x (n, d) -> logits (n, 1): no sigmoid, tanh or softmax at its end
    objective : a name of :data:`npgan.losses.OBJECTIVES`
    optimizers : for "generator" and "discriminator"; by default Adam(2e-4, beta1=0.5) each
    n_critic : the discriminator's updates for each of the generator's
    label_smoothing : real data's label is 1 minus this, in [0, 1)
    fake_label_smoothing : generated data's label is this, in [0, 1)
    penalties : a name of :data:`npgan.penalties.PENALTIES` -> its coefficient: a number, or a
        function of the number of steps made, as :func:`npgan.penalties.geometric` returns
    instance_noise : standard deviation of the noise added to all that the discriminator sees
        (Sønderby et al. 2017); none is added where there is no ``rng``
    ema : decay of the average of the generator's weights that :meth:`sample` then uses; 0: none

    Examples
    --------
    >>> from npgan import Dense, ReLU, Sequential
    >>> gan = GAN(Sequential(Dense(2, 8), ReLU(), Dense(8, 2), rng=0),
    ...           Sequential(Dense(2, 8), ReLU(), Dense(8, 1), rng=1))
    >>> x = np.random.default_rng(0).normal(size=(256, 2))
    >>> history = gan.fit(x, steps=10, batch_size=32, callbacks=[], rng=0)
    >>> gan.sample(5, rng=0).shape
    (5, 2)

    Raises
    ------
    InputError
        If the networks do not fit each other, or a setting is outside its range.
    """

    def __init__(
        self,
        generator: Sequential,
        discriminator: Sequential,
        *,
        objective: str = "non-saturating",
        optimizers: Mapping[str, Optimizer] | None = None,
        n_critic: int = 1,
        label_smoothing: float = 0.0,
        fake_label_smoothing: float = 0.0,
        penalties: Mapping[str, Coefficient] | None = None,
        instance_noise: float = 0.0,
        ema: float = 0.0,
    ) -> None:
        if generator.out_width != discriminator.in_width or discriminator.out_width != 1:
            raise InputError(
                f"the generator makes {generator.out_width} features, the discriminator takes "
                f"{discriminator.in_width} and returns {discriminator.out_width} (must be 1)"
            )
        check_critic(discriminator)
        if objective not in OBJECTIVES:
            raise unknown("objective", objective, OBJECTIVES)
        if optimizers is None:
            names = ("generator", "discriminator")
            optimizers = {name: Adam(2e-4, beta1=0.5) for name in names}
        super().__init__({"generator": generator, "discriminator": discriminator}, optimizers)
        self.generator, self.discriminator = generator, discriminator
        self.objective = OBJECTIVES[objective]
        self.n_critic = count("n_critic", n_critic, 1)
        self.label_smoothing = fraction("label_smoothing", label_smoothing)
        self.fake_label_smoothing = fraction("fake_label_smoothing", fake_label_smoothing)
        if (label_smoothing or fake_label_smoothing) and not self.objective.labels:
            raise InputError(
                f"the objective {objective!r} has no labels: there is nothing to smooth"
            )
        self.penalties = check_penalties(penalties or {}, discriminator)
        self.instance_noise = not_negative("instance_noise", instance_noise)
        self.ema = fraction("ema", ema)
        self.average = generator.astype(generator.parameters.flat.dtype) if ema else None

    @property
    def latent_dim(self) -> int:
        """The width of z."""
        return self.generator.in_width

    def latent(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw z ~ N(0, I), (n, latent_dim), in the networks' float type."""
        return run.standard_normal(rng, (n, self.latent_dim), self.generator.parameters.flat.dtype)

    def _noisy(self, x: np.ndarray, rng: np.random.Generator | None) -> np.ndarray:
        """Return x + noise; the gradient by x is that by the sum."""
        if rng is None or not self.instance_noise:
            return x
        return x + self.instance_noise * run.standard_normal(rng, x.shape, x.dtype)

    def discriminator_step(
        self,
        real: np.ndarray,
        z: np.ndarray,
        grads: Parameters | None = None,
        rng: np.random.Generator | None = None,
    ) -> DiscriminatorStep:
        r"""Return the discriminator's loss on real data and on G(z); add its gradient to ``grads``.

        .. math:: \partial L_D/\partial\theta_D
            = \sum_i dl^r_i\,\partial D(x_i)/\partial\theta_D
            + \sum_i dl^f_i\,\partial D(G(z_i))/\partial\theta_D

        The penalties, :mod:`npgan.penalties`, are part of the loss and add their own gradients.
        Real and generated samples go through D as one batch, so its weights are read once. The
        gradient stops at G(z): the generator's cache is not kept.
        """
        fake, _ = self.generator.forward(z, rng)
        real, fake = self._noisy(real, rng), self._noisy(fake, rng)
        logits, cache = self.discriminator.forward(np.concatenate([real, fake]), rng)
        real_logits, fake_logits = logits[: len(real)], logits[len(real) :]
        smoothed = (1 - self.label_smoothing, self.fake_label_smoothing)
        labels = smoothed if self.objective.labels else ()
        loss = self.objective.discriminator(real_logits, fake_logits, *labels)
        dlogits = np.concatenate([loss.dreal, loss.dfake])
        paid = penalized_backward(
            self.discriminator, self.coefficients, dlogits, cache, real, fake, grads, rng
        )
        return DiscriminatorStep(sum(paid, loss.value), real_logits, fake_logits)

    def coefficients(self) -> dict[str, float]:
        """Return the penalties' coefficients at the next step."""
        return {name: c(self.step) if callable(c) else c for name, c in self.penalties.items()}

    def generator_step(
        self,
        z: np.ndarray,
        grads: Parameters | None = None,
        rng: np.random.Generator | None = None,
        real: np.ndarray | None = None,
    ) -> GeneratorStep:
        r"""Return the generator's loss on G(z); add its gradient, through D, to ``grads``.

        .. math:: \partial L_G/\partial\theta_G = \sum_i dl^f_i\,
            \frac{\partial D(x)}{\partial x}\Big|_{G(z_i)} \frac{\partial G(z_i)}{\partial\theta_G}

        The discriminator only passes the gradient on; its own parameters get none. A relativistic
        objective compares with ``real`` data, through which no gradient flows.
        """
        fake, generator_cache = self.generator.forward(z, rng)
        fake_logits, discriminator_cache = self.discriminator.forward(self._noisy(fake, rng), rng)
        loss = self.objective.generator(fake_logits, *self._rivals(real, rng))
        if grads is not None:
            dfake = self.discriminator.backward(loss.dfake, discriminator_cache)
            self.generator.backward(dfake, generator_cache, grads, input_grad=False)
        return GeneratorStep(loss.value, fake_logits)

    def _rivals(
        self, real: np.ndarray | None, rng: np.random.Generator | None
    ) -> tuple[np.ndarray, ...]:
        """Return real data's logits, if the generator's objective compares with them."""
        if not self.objective.relativistic:
            return ()
        if real is None:
            raise InputError("a relativistic objective's generator step needs real data")
        return (self.discriminator(self._noisy(real, rng), rng),)

    def pattern(self) -> bool | None:
        """Return whether the next step updates the generator too."""
        return (self.step + 1) % self.n_critic == 0 if self.plain else None

    def train_step(self, batch: np.ndarray, rng: np.random.Generator) -> dict[str, np.floating]:
        """Update D on a real batch; at every ``n_critic``-th step, then update G on new noise."""
        d = self.discriminator_step(
            batch, self.latent(len(batch), rng), self.grads["discriminator"], rng
        )
        self.update(d.loss, "discriminator")
        metrics = {
            "d_loss": d.loss,
            "d_real": run.mean_sigmoid(d.real_logits),
            "d_fake": run.mean_sigmoid(d.fake_logits),
        }
        if (self.step + 1) % self.n_critic == 0:
            z = self.latent(len(batch), rng)
            g = self.generator_step(z, self.grads["generator"], rng, batch)
            self.update(g.loss, "generator")
            metrics["g_loss"] = g.loss
            if self.average is not None:
                run.ema_update(
                    self.average.parameters.flat, self.generator.parameters.flat, self.ema
                )
        run.after(self._count)
        return metrics

    def sample(self, n: int, rng: np.random.Generator | int | None = None) -> np.ndarray:
        """Return n generated samples (n, d), by the averaged weights if there are any."""
        return self.decode(self.latent(count("n", n), errors.generator(rng)))

    def decode(self, z: np.ndarray) -> np.ndarray:
        """Return G(z), (n, d), in evaluation mode and by the averaged weights if there are any."""
        return in_chunks(self.average or self.generator, z)

    def weights(self) -> dict[str, np.ndarray]:
        """Return every parameter by name, the average's as ``average.layer.parameter``."""
        average = self.average.parameters if self.average else {}
        return super().weights() | {f"average.{name}": w for name, w in average.items()}
