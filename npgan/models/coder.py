"""What models with an encoder and a decoder share."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import numpy as np

from npgan import errors
from npgan.backend import run
from npgan.errors import InputError, chosen, count
from npgan.layers import Sequential, halves
from npgan.models.judged import Judged
from npgan.models.model import Model, check_networks, in_chunks, inputs
from npgan.models.steps import Loss
from npgan.objectives.penalties import penalized_backward
from npgan.optim import Adam, Optimizer
from npgan.parameters import Parameters
from npgan.schedules import Varying

T = TypeVar("T")


class Decoding(Model):
    """Models whose decoder is compared with data; subclasses set ``decoder``.

    A loss of probabilities is computed from their logits. In float32 a sigmoid is 1 from a logit of 17
    on: the loss of a pixel that is 0 there would have no gradient, and the network could not learn it.
    """

    output = "decoder"
    decoder: Sequential
    by_logits = False

    def read_by(self, kind: str, name: str, table: Mapping[str, T], of_logits: str) -> T:
        """Return what a table has by this name; ``of_logits`` is the one that reads logits.

        Raises
        ------
        InputError
            For an unknown name, or one that reads logits where the decoder does not end in a sigmoid.
        """
        found = chosen(kind, name, table)
        self.by_logits = name == of_logits
        if self.by_logits and self.bounds != (0.0, 1.0):
            raise InputError(
                f"the {kind} {name} needs probabilities: let the decoder end in a Sigmoid"
            )
        return found

    @property
    def reader(self) -> Sequential:
        """The decoder, or what gives the logits of its probabilities: what the loss reads."""
        return self.decoder.body() if self.by_logits else self.decoder


class Coder(Decoding):
    """Codes of data, and what codes stand for; subclasses set ``encoder`` and ``decoder``."""

    encoder: Sequential

    def encode(self, x: np.ndarray) -> np.ndarray:
        """Return the code (n, k) of x (n, d); bytes are scaled as in training."""
        return in_chunks(self.encoder, self.scaled(x))

    def decode(self, z: np.ndarray) -> np.ndarray:
        """Return what codes (n, k) stand for, (n, d)."""
        return in_chunks(self.decoder, inputs("z", z, self.decoder))

    def read(self, x: np.ndarray) -> np.ndarray:
        """Return what the loss reads of x's codes, (n, d): reconstructions, or their logits."""
        return in_chunks(self.reader, self.encode(x))

    def reconstruct(self, x: np.ndarray) -> np.ndarray:
        """Return ``decode(encode(x))``, (n, d)."""
        return self.decode(self.encode(x))


class LatentModel(Coder):
    """A coder whose codes are like N(0, I): they can be drawn."""

    @property
    def latent_dim(self) -> int:
        """The width of z."""
        return self.decoder.in_width

    def latent(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw z ~ N(0, I), (n, latent_dim), in the networks' float type."""
        return run.standard_normal(rng, (n, self.latent_dim), self.decoder.parameters.flat.dtype)

    def sample(self, n: int, rng: np.random.Generator | int | None = None) -> np.ndarray:
        """Return n decoded samples of z ~ N(0, I), (n, d)."""
        return self.decode(self.latent(count("n", n), errors.generator(rng)))


class JudgedCoder(Judged, LatentModel):
    """An encoder and a decoder that play against a discriminator; subclasses say what it is shown.

    Parameters
    ----------
    encoder, decoder : as a :class:`Coder` has them
    discriminator : logits (n, 1) of what it is shown
    objective : a name of :data:`npgan.objectives.losses.OBJECTIVES`
    penalties : as a :class:`~npgan.models.GAN` has them, of what D is shown
    optimizers : for the three networks; by default Adam(1e-3) each
    """

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
        check_networks(encoder=encoder, decoder=decoder, discriminator=discriminator)
        if discriminator.out_width != 1:
            raise InputError(f"the discriminator must return 1, not {discriminator.out_width}")
        self.play_by(objective, penalties, discriminator)
        networks = {"encoder": encoder, "decoder": decoder, "discriminator": discriminator}
        if optimizers is None:
            optimizers = {name: Adam(1e-3) for name in networks}
        super().__init__(networks, optimizers)
        self.encoder, self.decoder, self.discriminator = encoder, decoder, discriminator

    def shown(self, x: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return what D is to take for real and what for made, as many rows of each."""
        raise NotImplementedError

    def discriminator_step(
        self, x: np.ndarray, rng: np.random.Generator, grads: Parameters | None = None
    ) -> tuple[np.floating, np.ndarray, np.ndarray]:
        """Return D's loss and the logits of real and made rows; add its gradient to ``grads``.

        The gradient stops at what was made.
        """
        real, fake = self.shown(x, rng)
        n, judge = len(real), halves(self.discriminator, len(real))
        logits, cache = judge.forward(np.concatenate([real, fake]), rng)
        loss = self.objective.discriminator(logits[:n], logits[n:])
        dlogits = np.concatenate([loss.dreal, loss.dfake])
        both = self.discriminator, judge
        paid = penalized_backward(*both, self.coefficients, dlogits, cache, real, fake, grads, rng)
        return sum(paid, loss.value), logits[:n], logits[n:]

    def generator_step(
        self,
        x: np.ndarray,
        rng: np.random.Generator,
        grads: Mapping[str, Parameters] | None = None,
    ) -> dict[str, Any]:
        """Return the loss of encoder and decoder and its parts; add its gradients to ``grads``."""
        raise NotImplementedError

    def losses(self, batch: np.ndarray) -> Iterator[Loss]:
        """Yield the discriminator's loss, and that of encoder and decoder together."""
        yield Loss(
            "discriminator step",
            ["discriminator"],
            lambda rng, grads: self.discriminator_step(
                batch, rng, grads and grads["discriminator"]
            )[0],
        )
        yield Loss(
            "coders' step",
            ["encoder", "decoder"],
            lambda rng, grads: self.generator_step(batch, rng, grads)["loss"],
        )

    def train_step(self, batch: np.ndarray, rng: np.random.Generator) -> dict[str, np.floating]:
        """Update the discriminator, then encoder and decoder with new noise."""
        d_loss, real, fake = self.discriminator_step(batch, rng, self.grads["discriminator"])
        self.update(d_loss, "discriminator")
        parts = self.generator_step(batch, rng, self.grads)
        self.update(parts["loss"], "encoder", "decoder")
        run.after(self._count)
        return {**parts, "d_loss": d_loss, **self.report(real, fake)}
