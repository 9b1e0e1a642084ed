"""What models with an encoder and a decoder share."""

import numpy as np

from npgan import errors
from npgan.backend import run
from npgan.errors import count
from npgan.layers import Sequential
from npgan.models.model import Model, in_chunks


class Coder(Model):
    """Codes of data, and what codes stand for; subclasses set ``encoder`` and ``decoder``."""

    output = "decoder"
    encoder: Sequential
    decoder: Sequential

    def encode(self, x: np.ndarray) -> np.ndarray:
        """Return the code (n, k) of x (n, d); bytes are scaled as in training."""
        return in_chunks(self.encoder, self.scaled(x))

    def decode(self, z: np.ndarray) -> np.ndarray:
        """Return what codes (n, k) stand for, (n, d)."""
        return in_chunks(self.decoder, z)

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
