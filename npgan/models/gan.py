r"""The generative adversarial network: a generator and a discriminator that learn from each other.

:math:`z \sim N(0, I)` is noise, :math:`G(z)` a generated sample, :math:`D(x)` a logit: large where x
looks real. Each player's loss is in :mod:`npgan.objectives.losses`; here is how the gradients travel.
Source: Goodfellow et al. 2014, algorithm 1.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from npgan import errors
from npgan.backend import run
from npgan.errors import InputError, count, fraction, not_negative, positive
from npgan.layers import Layer, Sequential, halves
from npgan.models.judged import Judged
from npgan.models.model import check_networks, check_rows, in_chunks, inputs
from npgan.models.steps import Loss
from npgan.objectives.penalties import penalized_backward
from npgan.ops.update import ema_decay
from npgan.optim import Adam, Optimizer
from npgan.parameters import Parameters
from npgan.schedules import Varying


class DiscriminatorStep(NamedTuple):
    """The discriminator's loss and its logits on both halves, (n, 1)."""

    loss: np.floating
    real_logits: np.ndarray
    fake_logits: np.ndarray


class GeneratorStep(NamedTuple):
    """The generator's loss and the logits of what it made, (n, 1)."""

    loss: np.floating
    fake_logits: np.ndarray


class GAN(Judged):
    """A generator against a discriminator.

    Parameters
    ----------
    generator : z (n, latent_dim) -> x (n, d)
    discriminator : x (n, d) -> logits (n, 1): no sigmoid, tanh or softmax at its end
    objective : a name of :data:`npgan.objectives.losses.OBJECTIVES`
    optimizers : for each network; by default Adam(2e-4, beta1=0.5)
    n_critic : the discriminator's updates for each of the generator's
    label_smoothing : real data's label is 1 minus this, in [0, 1)
    fake_label_smoothing : generated data's label is this, in [0, 1)
    penalties : a name of :data:`npgan.objectives.penalties.PENALTIES` -> its coefficient: a number, or a
        function of the number of steps made, as :func:`npgan.objectives.penalties.geometric` returns
    instance_noise : standard deviation of the noise added to all that the discriminator sees
        (Sønderby et al. 2017); none is added where there is no ``rng``
    packing : m samples are shown to the discriminator side by side, (n/m, m d) -> (n/m, 1): many of
        a collapsed generator's look alike, which one alone cannot show (PacGAN, Lin et al. 2018)
    unrolled_steps : the generator is updated against a discriminator that is so many updates ahead
        and then put back; see :meth:`unrolled`
    ema : decay of the average of the generator's weights that :meth:`sample` then uses; 0: none.
        It is smaller at first, :func:`npgan.ops.update.ema_decay`, so that short runs have one too
    spread : standard deviation of the z that :meth:`sample` draws, where training's is 1: a smaller one
        gives likelier samples, a larger one more varied ones (Brock et al. 2019, sec. 3.1, truncate
        the normal distribution instead)
    networks : all of them by name, where they are others than these two (:class:`npgan.MultiGAN`)

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
        generator: Any,
        discriminator: Sequential,
        *,
        objective: str = "non-saturating",
        optimizers: Mapping[str, Optimizer] | None = None,
        n_critic: int = 1,
        label_smoothing: float = 0.0,
        fake_label_smoothing: float = 0.0,
        penalties: Mapping[str, Varying] | None = None,
        instance_noise: float = 0.0,
        packing: int = 1,
        unrolled_steps: int = 0,
        ema: float = 0.0,
        spread: float = 1.0,
        networks: Mapping[str, Sequential] | None = None,
    ) -> None:
        networks = networks or {"generator": generator, "discriminator": discriminator}
        check_networks(**networks)
        critics = {n: net for n, net in networks.items() if n.startswith("discriminator")}
        self.packing = count("packing", packing, 1)
        for critic in critics.values():
            self._check_widths(generator.out_width, critic)
        self.play_by(objective, penalties, *critics.values())
        if optimizers is None:
            optimizers = {name: Adam(2e-4, beta1=0.5) for name in networks}
        super().__init__(networks, optimizers)
        self.generator, self.discriminator, self.discriminators = generator, discriminator, critics
        self.generators = [name for name in networks if name not in critics]
        self.n_critic = count("n_critic", n_critic, 1)
        self.label_smoothing = fraction("label_smoothing", label_smoothing)
        self.fake_label_smoothing = fraction("fake_label_smoothing", fake_label_smoothing)
        if label_smoothing + fake_label_smoothing >= 1:
            raise InputError(
                "real data's label, 1 - label_smoothing, must be above fake_label_smoothing"
            )
        if (label_smoothing or fake_label_smoothing) and not self.objective.labels:
            raise InputError(
                f"the objective {objective!r} has no labels: there is nothing to smooth"
            )
        self.instance_noise = not_negative("instance_noise", instance_noise)
        self.unrolled_steps = count("unrolled_steps", unrolled_steps)
        self.ema, self.spread = fraction("ema", ema), positive("spread", spread)
        self.average = generator.astype(generator.parameters.flat.dtype) if ema else None

    @cached_property
    def generator_grads(self) -> Parameters:
        """The generator's gradients."""
        return self.grads["generator"]

    def _owners(self) -> Iterable[Layer]:
        """Return the generator, the discriminators and the average."""
        return [self.generator, *self.discriminators.values(), *filter(None, [self.average])]

    def _check_widths(self, width: int, discriminator: Sequential) -> None:
        taken, returned = discriminator.in_width, discriminator.out_width
        if taken != self.packing * width or returned != 1:
            packed = f", {self.packing} times" if self.packing > 1 else ""
            raise InputError(
                f"the generator makes {width} features{packed}, the discriminator takes {taken} "
                f"and returns {returned} (must be 1)"
            )

    def targets(self) -> tuple[float, float]:
        """Return the labels of real and of generated data."""
        return 1 - self.label_smoothing, self.fake_label_smoothing

    def check_batch(self, batch_size: int) -> None:
        """Refuse a batch that does not make whole packs."""
        self._check_packs(count("batch_size", batch_size))

    def _check_packs(self, batch_size: int) -> None:
        if batch_size % self.packing:
            raise InputError(
                f"a batch of {batch_size} does not make packs of {self.packing} samples: their "
                "number must divide it"
            )

    @property
    def latent_dim(self) -> int:
        """The width of z."""
        return self.generator.in_width

    def latent(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw z ~ N(0, I), (n, latent_dim), in the networks' float type."""
        return run.standard_normal(rng, (n, self.latent_dim), self.generator.parameters.flat.dtype)

    def latent_for(self, batch: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw what the generator makes as many samples of as there are in a batch."""
        return self.latent(len(batch), rng)

    def _noisy(self, x: np.ndarray, rng: np.random.Generator | None) -> np.ndarray:
        """Return x + noise; the gradient by x is that by the sum."""
        if rng is None or not self.instance_noise:
            return x
        return x + self.instance_noise * run.standard_normal(rng, x.shape, x.dtype)

    def shown(self, x: np.ndarray, rng: np.random.Generator | None = None) -> np.ndarray:
        """Return samples (n, d) as a discriminator sees them: noisy, and packed (n/m, m d)."""
        check_rows("x", x, self.generator.out_width)
        self._check_packs(len(x))
        return self._noisy(x, rng).reshape(-1, self.packing * x.shape[1])

    def discriminator_step(
        self,
        real: np.ndarray,
        z: np.ndarray,
        grads: Parameters | None = None,
        rng: np.random.Generator | None = None,
        name: str = "discriminator",
    ) -> DiscriminatorStep:
        r"""Return a discriminator's loss on real data and on G(z); add its gradient to ``grads``.

        .. math:: \partial L_D/\partial\theta_D
            = \sum_i dl^r_i\,\partial D(x_i)/\partial\theta_D
            + \sum_i dl^f_i\,\partial D(G(z_i))/\partial\theta_D

        The penalties, :mod:`npgan.objectives.penalties`, are part of the loss and add their own gradients.
        Real and generated samples go through D as one batch, so its weights are read once; apart, if
        D compares the samples of a batch. The gradient stops at G(z): the generator's cache is not kept.
        """
        discriminator = self.discriminators[name]
        fake, _ = self.generator.forward(z, rng)
        real, fake = self.shown(real, rng), self.shown(fake, rng)
        judge = halves(discriminator, len(real))
        logits, cache = judge.forward(np.concatenate([real, fake]), rng)
        real_logits, fake_logits = logits[: len(real)], logits[len(real) :]
        labels = self.targets() if self.objective.labels else ()
        loss = self.objective.discriminator(real_logits, fake_logits, *labels)
        dlogits = np.concatenate([loss.dreal, loss.dfake])
        paid = penalized_backward(
            *(discriminator, judge, self.coefficients, dlogits, cache, real, fake, grads, rng),
            self.data_columns,
        )
        return DiscriminatorStep(sum(paid, loss.value), real_logits, fake_logits)

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
        fake, cache = self.generator.forward(z, rng)
        value, dfake, fake_logits = self.opposed(fake, real, rng)
        if grads is not None:
            self.generator.backward(dfake, cache, grads, input_grad=False)
        return GeneratorStep(value, fake_logits)

    def opposed(
        self,
        fake: np.ndarray,
        real: np.ndarray | None,
        rng: np.random.Generator | None,
        name: str = "discriminator",
    ) -> tuple[np.floating, np.ndarray, np.ndarray]:
        """Return the generator's loss against a discriminator, its gradient by ``fake``, the logits."""
        discriminator = self.discriminators[name]
        logits, cache = discriminator.forward(self.shown(fake, rng), rng)
        rivals = self._rivals(discriminator, real, rng)
        loss = self.objective.generator(logits, *rivals)
        return loss.value, discriminator.backward(loss.dfake, cache).reshape(fake.shape), logits

    def _rivals(
        self, discriminator: Sequential, real: np.ndarray | None, rng: np.random.Generator | None
    ) -> tuple[np.ndarray, ...]:
        """Return real data's logits, if the generator's objective compares with them."""
        if not self.objective.relativistic:
            return ()
        if real is None:
            raise InputError("a relativistic objective's generator step needs real data")
        return (discriminator(self.shown(real, rng), rng),)

    def losses(self, batch: np.ndarray) -> Iterator[Loss]:
        """Yield the discriminator's loss and the generator's, on noise that stays the same."""
        z = self.latent_for(batch, np.random.default_rng(1))
        yield Loss(
            "discriminator step",
            ["discriminator"],
            lambda rng, grads: (
                self.discriminator_step(batch, z, grads and grads["discriminator"], rng).loss
            ),
        )
        yield Loss(
            "generator step",
            ["generator"],
            lambda rng, grads: (
                self.generator_step(z, grads and grads["generator"], rng, batch).loss
            ),
        )

    def pattern(self) -> bool | None:
        """Return whether the next step updates the generator too."""
        return (self.step + 1) % self.n_critic == 0 if self.plain else None

    def train_step(self, batch: np.ndarray, rng: np.random.Generator) -> dict[str, np.floating]:
        """Update D on a real batch; at every ``n_critic``-th step, then update G on new noise."""
        check_rows("batch", batch, self.generator.out_width)
        metrics = self._update_discriminators(batch, rng)
        if (self.step + 1) % self.n_critic == 0:
            metrics["g_loss"] = self._update_generators(batch, rng)
        run.after(self._count)
        return metrics

    def updates(self, steps: int) -> dict[str, int]:
        """Return how many updates each optimiser has made after so many steps."""
        return super().updates(steps) | dict.fromkeys(self.generators, steps // self.n_critic)

    def _update_discriminators(
        self, batch: np.ndarray, rng: np.random.Generator, name: str = "discriminator"
    ) -> dict[str, np.floating]:
        z = self.latent_for(batch, rng)
        d = self.discriminator_step(batch, z, self.grads[name], rng, name)
        self.update(d.loss, name)
        return {"d_loss": d.loss, **self.report(d.real_logits, d.fake_logits)}

    def _update_generators(self, batch: np.ndarray, rng: np.random.Generator) -> np.floating:
        with self.unrolled(batch, rng):
            z = self.latent_for(batch, rng)
            g = self.generator_step(z, self.generator_grads, rng, batch)
        self.update(g.loss, *self.generators)
        if self.average is not None:
            self._average(self.average)
        return g.loss

    @contextmanager
    def unrolled(self, batch: np.ndarray, rng: np.random.Generator) -> Iterator[None]:
        r"""Let the discriminator be ``unrolled_steps`` updates ahead; put it back at the end.

        The k updates, on the same real batch and new noise, lead from :math:`\theta_D` to
        :math:`\theta_D^k(\theta_G)`. The generator's loss against it is the surrogate of Metz et al. 2017,
        sec. 2, whose gradient has two terms,

        .. math:: \frac{dL_G(\theta_G, \theta_D^k)}{d\theta_G} = \frac{\partial L_G}{\partial\theta_G}
            + \frac{\partial L_G}{\partial\theta_D^k}\frac{d\theta_D^k}{d\theta_G}

        of which the generator's step takes the first alone: D *looks ahead*, but the generator does
        not see how D would answer another :math:`\theta_G`, which is what the second, of second order
        through all the updates, would add. Where D has come to its optimum the second vanishes if
        :math:`L_G = -L_D` with all its terms, and then only: :math:`\partial L_D/\partial\theta_D = 0`. No
        objective here is of that kind; minimax has minus the second term of :math:`L_D`.
        """
        if not self.unrolled_steps:
            yield
            return
        rules = [self.optimizers[name] for name in self.discriminators]
        nets = self.discriminators.values()
        live = [array for net in nets for array in (net.parameters.flat, net.buffers.flat)]
        live += [moment for rule in rules for moment in rule.state.values()]
        before, made = [array.copy() for array in live], [rule.t for rule in rules]
        try:
            for _ in range(self.unrolled_steps):
                self._update_discriminators(batch, rng)
            yield
        finally:
            for array, old in zip(live, before, strict=True):
                array[...] = old
            for rule, t in zip(rules, made, strict=True):
                rule.t = t

    def _average(self, average: Sequential) -> None:
        """Move the average on; its buffers, too, so that they are as old as its weights."""
        decay = run.each(lambda: ema_decay((self.step + 1) // self.n_critic, self.ema))
        run.ema_update(average.parameters.flat, self.generator.parameters.flat, decay)
        if average.buffers:
            run.ema_update(average.buffers.flat, self.generator.buffers.flat, decay)

    def sample(self, n: int, rng: np.random.Generator | int | None = None) -> np.ndarray:
        """Return n generated samples (n, d), by the averaged weights if there are any."""
        return self.decode(self._spread_latent(count("n", n), errors.generator(rng)))

    def _spread_latent(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw the z of samples; one that its spread makes infinite is refused where it is decoded."""
        with np.errstate(over="ignore"):
            return self.spread * self.latent(n, rng)

    def decode(self, z: np.ndarray) -> np.ndarray:
        """Return G(z), (n, d), in evaluation mode and by the averaged weights if there are any."""
        return in_chunks(self.average or self.generator, inputs("z", z, self.generator))

    def opinions(
        self, real: np.ndarray, rng: np.random.Generator
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return each discriminator's logits of rows and of as many generated ones, in evaluation mode.

        ``real`` is as :meth:`rows` returns it; what does not make a whole pack is left out.
        """
        real = errors.array("real", real, ("n", self.generator.out_width), rows=1)
        real = run.gather(real, np.arange(len(real) - len(real) % self.packing), *self.value_range)
        fake = self._made_beside(real, rng)
        shown = self.shown(real), self.shown(fake)
        return [(d(shown[0]), d(shown[1])) for d in self.discriminators.values()]

    def _made_beside(self, real: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return as many generated rows as real ones, in evaluation mode."""
        return in_chunks(self.average or self.generator, self.latent_for(real, rng))

    def weights(self) -> dict[str, np.ndarray]:
        """Return every parameter and buffer by name, the average's as ``average.layer.parameter``."""
        average = self.average.arrays() if self.average else {}
        return super().weights() | {f"average.{name}": w for name, w in average.items()}
