r"""The generative adversarial network: a generator and a discriminator that learn from each other.

:math:`z \sim N(0, I)` is noise, :math:`G(z)` a generated sample, :math:`D(x)` a logit: large where x
looks real. Each player's loss is in :mod:`npgan.objectives.losses`; here is how the gradients travel.
Source: Goodfellow et al. 2014, algorithm 1.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from npgan import errors
from npgan.backend import run
from npgan.errors import InputError, count, fraction, not_negative, positive
from npgan.layers import Layer, Sequential
from npgan.layers.layer import Array
from npgan.models import adversary
from npgan.models.checks import check_networks, check_rows, in_chunks, inputs
from npgan.models.model import Model
from npgan.models.steps import Result, Step
from npgan.objectives.losses import GeneratorLoss, Objective
from npgan.ops.update import ema_decay
from npgan.optim import Adam, Optimizer
from npgan.optim.schedules import Varying


class GAN(Model):
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
    packing : the discriminator takes m samples side by side, (n/m, m d) -> (n/m, 1): many of
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
    """

    name = "gan"
    recorded = True

    default_rule = partial(Adam, 2e-4, beta1=0.5)
    objective: Objective
    against: adversary.Against = staticmethod(adversary.of_the_mean)
    generator_grads = "generator"  # the entry of ``grads`` that is the generator's

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
        rules = adversary.check_objective(objective, penalties, *critics.values())
        self.objective, self.penalties = rules
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

    def train_step(self, batch: Array, rng: np.random.Generator) -> dict[str, np.floating]:
        """Update D on a real batch; at every ``n_critic``-th step, then update G on new noise."""
        report = self._update_discriminators(batch, rng)
        if (self.step + 1) % self.n_critic == 0:
            with self.unrolled(batch, rng):
                result = self.generator_step(batch, rng, self.grads)
            self.update(result.loss, *self.generators)
            self._update_average()
            report |= result.report
        run.after(self._count)
        return report

    def _update_discriminators(
        self, batch: Array, rng: np.random.Generator
    ) -> dict[str, np.floating]:
        """Update each D, on noise of its own; return the means of what there is to report."""
        reports = []
        for name in self.discriminators:
            result = self.discriminator_step(batch, rng, self.grads, name)
            self.update(result.loss, name)
            reports.append(result.report)
        return {key: adversary.mean([report[key] for report in reports]) for key in reports[0]}

    def discriminator_step(
        self, batch: Array, rng: np.random.Generator, grads: Any = None, name: str = "discriminator"
    ) -> Result:
        """Return D's loss on real data and on G(z); add its gradient to ``grads``."""
        check_rows("batch", batch, self.generator.out_width)
        z = self.latent_for(batch, rng)
        fake = self.generator(z, rng)
        seen = self.discriminator_input(batch, rng), self.discriminator_input(fake, rng)
        return adversary.discriminator_step(
            self, self.discriminators[name], *seen, rng, grads and grads[name], self.data_columns
        )

    def generator_step(self, batch: Array, rng: np.random.Generator, grads: Any = None) -> Result:
        r"""Return the generator's loss on G(z); add its gradient, through D, to ``grads``.

        .. math:: \partial L_G/\partial\theta_G = \sum_i dl^f_i\,
            \frac{\partial D(x)}{\partial x}\Big|_{G(z_i)} \frac{\partial G(z_i)}{\partial\theta_G}

        with :math:`dl^f` the loss's gradient with respect to D's logits.
        """
        check_rows("batch", batch, self.generator.out_width)
        z = self.latent_for(batch, rng)
        fake, cache = self.generator.forward(z, rng)
        loss = self.adversarial_loss(fake, batch, rng)
        if grads is not None:
            self.generator.backward(
                loss.dfake, cache, grads[self.generator_grads], input_grad=False
            )
        return Result(loss.value, {"g_loss": loss.value})

    def adversarial_loss(
        self, fake: Array, real: Array, rng: np.random.Generator | None
    ) -> GeneratorLoss:
        """Return the generator's loss on its samples against all discriminators, and their gradient."""
        losses = []
        for discriminator in self.discriminators.values():
            loss = adversary.adversarial_loss(
                *(self, discriminator, self.discriminator_input(fake, rng)),
                lambda d=discriminator: d(self.discriminator_input(real, rng), rng),  # type: ignore[misc]
                rng,
            )
            losses.append(GeneratorLoss(loss.value, loss.dfake.reshape(fake.shape)))
        return self.against(losses)

    def steps(self) -> list[Step]:
        """Return each discriminator's step, and the generator's."""
        critics = [
            Step(f"{name} step", [name], partial(self.discriminator_step, name=name))
            for name in self.discriminators
        ]
        return [
            *critics,
            Step(f"{self.generator_grads} step", self.generators, self.generator_step),
        ]

    def pattern(self) -> bool:
        """Return whether the next step updates the generator too."""
        return (self.step + 1) % self.n_critic == 0

    def updates(self, steps: int) -> dict[str, int]:
        """Return how many updates each optimiser has made after so many steps."""
        return super().updates(steps) | dict.fromkeys(self.generators, steps // self.n_critic)

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

    def latent(self, n: int, rng: np.random.Generator) -> Array:
        """Draw z ~ N(0, I), (n, latent_dim), in the networks' float type."""
        return run.standard_normal(rng, (n, self.latent_dim), self.generator.parameters.flat.dtype)

    @property
    def data_columns(self) -> Array | None:
        """The columns of D's input with respect to which penalties differentiate; None: all."""
        return None

    def latent_for(self, batch: Array, rng: np.random.Generator) -> Array:
        """Draw the generator's input for as many samples as a batch has."""
        return self.latent(len(batch), rng)

    def _noisy(self, x: Array, rng: np.random.Generator | None) -> Array:
        """Return x + noise; the gradient passes to x unchanged."""
        if rng is None or not self.instance_noise:
            return x
        return x + self.instance_noise * run.standard_normal(rng, x.shape, x.dtype)

    def discriminator_input(self, x: Array, rng: np.random.Generator | None = None) -> Array:
        """Return samples (n, d) as a discriminator takes them: noisy, and packed (n/m, m d)."""
        check_rows("x", x, self.generator.out_width)
        self._check_packs(len(x))
        return self._noisy(x, rng).reshape(-1, self.packing * x.shape[1])

    @contextmanager
    def unrolled(self, batch: Array, rng: np.random.Generator) -> Iterator[None]:
        r"""Let the discriminator be ``unrolled_steps`` updates ahead; put it back at the end.

        The k updates, on the same real batch and new noise, lead from :math:`\theta_D` to
        :math:`\theta_D^k(\theta_G)`. The generator's loss against it is the surrogate of Metz et al. 2017,
        sec. 2, whose gradient has two terms,

        .. math:: \frac{dL_G(\theta_G, \theta_D^k)}{d\theta_G} = \frac{\partial L_G}{\partial\theta_G}
            + \frac{\partial L_G}{\partial\theta_D^k}\frac{d\theta_D^k}{d\theta_G}

        of which the generator's step takes the first alone: D *looks ahead*, but the generator does
        not see how D would answer another :math:`\theta_G`, which is what the second, of second order
        through all the updates, would add. At D's optimum, where :math:`\partial L_D/\partial\theta_D = 0`, the
        second vanishes if :math:`L_G = -L_D` in full. No objective here is so: minimax's :math:`L_G` is minus
        the generated half of :math:`L_D`.
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

    def _update_average(self) -> None:
        """Move the average on; its buffers, too, so that they are as old as its weights."""
        if self.average is None:
            return
        decay = run.each(lambda: ema_decay((self.step + 1) // self.n_critic, self.ema))
        run.ema_update(self.average.parameters.flat, self.generator.parameters.flat, decay)
        if self.average.buffers:
            run.ema_update(self.average.buffers.flat, self.generator.buffers.flat, decay)

    def sample(self, n: int, rng: np.random.Generator | int | None = None) -> Array:
        """Return n generated samples (n, d), by the averaged weights if there are any."""
        return self.decode(self._spread_latent(count("n", n), errors.generator(rng)))

    def _spread_latent(self, n: int, rng: np.random.Generator) -> Array:
        """Draw the z of samples; one that its spread makes infinite is refused where it is decoded."""
        with np.errstate(over="ignore"):
            return self.spread * self.latent(n, rng)

    def decode(self, z: Array) -> Array:
        """Return G(z), (n, d), in evaluation mode and by the averaged weights if there are any."""
        return in_chunks(self.average or self.generator, inputs("z", z, self.generator))

    @property
    def _row_width(self) -> int:
        """The width of rows as :meth:`rows` returns them."""
        return self.generator.out_width

    def logits(self, real: Array, rng: np.random.Generator) -> list[tuple[Array, Array]]:
        """Return each discriminator's logits of rows and of as many generated ones, in evaluation mode.

        ``real`` is as :meth:`rows` returns it; what does not make a whole pack is left out.
        """
        real = errors.array("real", real, ("n", self._row_width), rows=1)
        real = self._batch(real[: len(real) - len(real) % self.packing])
        fake = self._generated_beside(real, rng)
        seen = self.discriminator_input(real), self.discriminator_input(fake)
        return [(d(seen[0]), d(seen[1])) for d in self.discriminators.values()]

    def _generated_beside(self, real: Array, rng: np.random.Generator) -> Array:
        """Return as many generated rows as real ones, in evaluation mode."""
        return in_chunks(self.average or self.generator, self.latent_for(real, rng))

    def weights(self) -> dict[str, Array]:
        """Return every parameter and buffer by name, the average's as ``average.layer.parameter``."""
        average = self.average.arrays() if self.average else {}
        return super().weights() | {f"average.{name}": w for name, w in average.items()}
