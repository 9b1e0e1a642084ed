r"""The translator: a conditional GAN from images of one kind to images of another, learned from pairs.

A row of data is [s, t], what is given and what belongs to it. The generator makes :math:`G(s)`, the
discriminator tells pairs [s, t] from pairs [s, G(s)], and

.. math:: L_G = \alpha\,L_{\mathrm{adv}}(D([s, G(s)])) + \lambda\,\overline{|G(s) - t|}.

The absolute error draws the picture, blurred where s leaves it open; the discriminator sees that
nothing real is blurred. Penalties see a D of t alone, for the s that is given; see :mod:`npgan.objectives.penalties`.
Source: Isola et al. 2017 ("pix2pix"), without noise, which theirs ignored.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from npgan.backend import run
from npgan.errors import InputError, not_negative
from npgan.layers import Sequential
from npgan.layers.layer import Array
from npgan.models import adversary
from npgan.models.checks import check_networks, check_rows, in_chunks, inputs
from npgan.models.model import Model
from npgan.models.steps import Result, Step
from npgan.optim import Adam, Optimizer
from npgan.optim.schedules import Varying


class Translator(Model):
    """A generator from s to t, and a discriminator of pairs.

    Parameters
    ----------
    generator : s (n, a) -> t (n, b)
    discriminator : [s, t] (n, a + b) -> logits (n, 1)
    l1_weight : lambda, not negative
    adversarial_weight : alpha, not negative
    objective : a name of :data:`npgan.objectives.losses.OBJECTIVES`
    penalties : as a :class:`~npgan.models.GAN` has them
    optimizers : for each network; by default Adam(2e-4, beta1=0.5)

    Examples
    --------
    >>> from npgan import Dense
    >>> model = Translator(Sequential(Dense(2, 3), rng=0), Sequential(Dense(5, 1), rng=1))
    >>> pairs = np.random.default_rng(0).normal(size=(64, 5))
    >>> history = model.fit(pairs, steps=5, batch_size=16, callbacks=[], rng=0)
    >>> model.translate(pairs[:, :2]).shape
    (64, 3)
    """

    name = "translator"
    recorded = True
    held_out = "val_l1"

    default_rule = partial(Adam, 2e-4, beta1=0.5)

    def __init__(
        self,
        generator: Sequential,
        discriminator: Sequential,
        *,
        l1_weight: float = 100.0,
        adversarial_weight: float = 1.0,
        objective: str = "non-saturating",
        penalties: Mapping[str, Varying] | None = None,
        optimizers: Mapping[str, Optimizer] | None = None,
    ) -> None:
        check_networks(generator=generator, discriminator=discriminator)
        widths = discriminator.in_width, discriminator.out_width
        if widths != (generator.in_width + generator.out_width, 1):
            raise InputError(
                f"the discriminator must take {generator.in_width} + {generator.out_width} features "
                f"and return 1, not {widths[0]} and {widths[1]}"
            )
        rules = adversary.check_objective(objective, penalties, discriminator)
        self.objective, self.penalties = rules
        super().__init__({"generator": generator, "discriminator": discriminator}, optimizers)
        self.generator, self.discriminator = generator, discriminator
        self.l1_weight = not_negative("l1_weight", l1_weight)
        self.adversarial_weight = not_negative("adversarial_weight", adversarial_weight)

    @property
    def features(self) -> int:
        """The width of a pair."""
        return self.discriminator.in_width

    def steps(self) -> list[Step]:
        """Return the discriminator's step and the generator's."""
        return [
            Step("discriminator step", ["discriminator"], self.discriminator_step),
            Step("generator step", ["generator"], self.generator_step),
        ]

    def discriminator_step(
        self, pairs: Array, rng: np.random.Generator | None = None, grads: Any = None
    ) -> Result:
        """Return D's loss on pairs and translated ones; add its gradient to ``grads``."""
        check_rows("pairs", pairs, self.features)
        source = pairs[:, : self.generator.in_width]
        fake = np.concatenate([source, self.generator(source, rng)], axis=1)
        targets = np.arange(self.features) >= self.generator.in_width
        return adversary.discriminator_step(
            *(self, self.discriminator, pairs, fake, rng, grads and grads["discriminator"], targets)
        )

    def generator_step(
        self, pairs: Array, rng: np.random.Generator | None = None, grads: Any = None
    ) -> Result:
        r"""Return the generator's loss and its absolute error; add its gradient to ``grads``.

        Two paths meet in G(s): :math:`\alpha` times its columns of D's input gradient, and
        :math:`\lambda\,\mathrm{sign}(G(s) - t)/nb`.
        """
        check_rows("pairs", pairs, self.features)
        a = self.generator.in_width
        source, target = pairs[:, :a], pairs[:, a:]
        made, cache = self.generator.forward(source, rng)
        error, derror = run.l1(made, target)
        against = adversary.adversarial_loss(
            *(self, self.discriminator, np.concatenate([source, made], axis=1)),
            lambda: self.discriminator(pairs, rng),
            rng,
        )
        if grads is not None:
            dmade = adversary.weighted(self.l1_weight, derror)
            dmade = dmade + adversary.weighted(self.adversarial_weight, against.dfake[:, a:])
            self.generator.backward(dmade, cache, grads["generator"], input_grad=False)
        loss = self.adversarial_weight * against.value + self.l1_weight * error
        return Result(loss, {"g_loss": loss, "l1": error})

    def equilibrium(self) -> dict[str, float]:
        """Return it of all but the generator's loss, of which the absolute error is a part."""
        found = super().equilibrium()
        return {name: value for name, value in found.items() if name != "g_loss"}

    def validate(self, data: Array) -> dict[str, float]:
        """Return the absolute error on held-out pairs."""
        pairs, a = self.scaled(data), self.generator.in_width
        return {"val_l1": float(run.l1(self.translate(pairs[:, :a]), pairs[:, a:])[0])}

    def translate(self, source: Array) -> Array:
        """Return G(s), (n, b), of s (n, a) as the network sees it, in evaluation mode."""
        return in_chunks(self.generator, inputs("source", source, self.generator))
