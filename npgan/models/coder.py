"""What models share that have an encoder and a decoder, and what those share that also have a discriminator."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from npgan import errors
from npgan.backend import run
from npgan.errors import InputError, count
from npgan.layers import Sequential
from npgan.layers.layer import Array
from npgan.models import adversary
from npgan.models.checks import check_networks, in_chunks, inputs
from npgan.models.kinds import CODERS
from npgan.models.model import Model
from npgan.models.steps import Result, Step
from npgan.objectives.losses import Objective
from npgan.optim import Optimizer
from npgan.optim.schedules import Varying


class Coder:
    """What models can do that have an encoder to codes and a decoder."""

    networks: dict[str, Sequential]
    scaled: Any
    made_of: Sequence[str] = CODERS
    output = "decoder"
    held_out: str | None = "val_loss"
    by_logits = False

    encoder = property(lambda self: self.networks["encoder"])
    decoder = property(lambda self: self.networks["decoder"])

    @property
    def reader(self) -> Sequential:
        """What the loss or the likelihood reads: the decoder, or what gives the logits of its probabilities."""
        return self.decoder.body() if self.by_logits else self.decoder

    def encode(self, x: Array) -> Array:
        """Return the code (n, k) of x (n, d); bytes are scaled as in training."""
        return in_chunks(self.encoder, self.scaled(x))

    def decode(self, z: Array) -> Array:
        """Return what codes (n, k) stand for, (n, d)."""
        return in_chunks(self.decoder, inputs("z", z, self.decoder))

    def reconstruct(self, x: Array) -> Array:
        """Return ``decode(encode(x))``, (n, d)."""
        return self.decode(self.encode(x))


class AdversarialCoder(Coder, Model):
    """An encoder and a decoder that learn against a discriminator; codes are like N(0, I), and can be drawn.

    Subclasses say what D compares and what encoder and decoder minimise.

    Parameters
    ----------
    encoder : x (n, d) -> a code, or what it is drawn by
    decoder : z (n, k) -> x (n, d)
    discriminator : logits (n, 1)
    objective : a name of :data:`npgan.objectives.losses.OBJECTIVES`
    penalties : as a :class:`~npgan.models.GAN` has them, of D's input
    optimizers : for the three networks; by default Adam(1e-3) each
    """

    made_of = (*CODERS, "discriminator")
    held_out = "val_mse"
    objective: Objective

    def __init__(
        self,
        encoder: Sequential,
        decoder: Sequential,
        discriminator: Sequential,
        *,
        objective: str = "non-saturating",
        penalties: Mapping[str, Varying] | None = None,
        optimizers: Mapping[str, Optimizer] | None = None,
    ) -> None:
        networks = {"encoder": encoder, "decoder": decoder, "discriminator": discriminator}
        check_networks(**networks)
        self._check_widths(**networks)
        if discriminator.out_width != 1:
            raise InputError(
                f"the discriminator must return 1 logit, not {discriminator.out_width}"
            )
        rules = adversary.check_objective(objective, penalties, discriminator)
        self.objective, self.penalties = rules
        super().__init__(networks, optimizers)
        self.discriminator = discriminator

    def _check_widths(
        self, encoder: Sequential, decoder: Sequential, discriminator: Sequential
    ) -> None:
        """Refuse networks whose widths do not fit each other: which do, subclasses know."""

    def steps(self) -> list[Step]:
        """Return the discriminator's step, and that of encoder and decoder with new noise."""
        return [
            Step("discriminator step", ["discriminator"], self.discriminator_step),
            Step("coders' step", ["encoder", "decoder"], self.generator_step),
        ]

    def discriminator_input(self, x: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """Return what D takes as real and as generated, as many rows of each."""
        raise NotImplementedError

    def discriminator_step(self, x: Array, rng: np.random.Generator, grads: Any = None) -> Result:
        """Return D's loss on real and generated rows; add its gradient to ``grads``."""
        seen = self.discriminator_input(x, rng)
        mine = grads and grads["discriminator"]
        return adversary.discriminator_step(self, self.discriminator, *seen, rng, mine)

    def generator_step(self, x: Array, rng: np.random.Generator, grads: Any = None) -> Result:
        """Return the loss of encoder and decoder; add its gradients to ``grads``."""
        raise NotImplementedError

    @property
    def latent_dim(self) -> int:
        """The width of z."""
        return self.decoder.in_width

    def latent(self, n: int, rng: np.random.Generator) -> Array:
        """Draw z ~ N(0, I), (n, latent_dim), in the networks' float type."""
        return run.standard_normal(rng, (n, self.latent_dim), self.decoder.parameters.flat.dtype)

    def sample(self, n: int, rng: np.random.Generator | int | None = None) -> Array:
        """Return n decoded samples of z ~ N(0, I), (n, d)."""
        return self.decode(self.latent(count("n", n), errors.generator(rng)))

    def validate(self, data: Array) -> dict[str, float]:
        """Return the mean squared error of held-out data, decoded from its mean codes."""
        x = self.scaled(data)
        return {"val_mse": float(run.mse(self.reconstruct(x), x)[0])}
