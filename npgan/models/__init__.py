"""Models: networks that are trained together, and the presets."""

from npgan.models.autoencoder import Autoencoder
from npgan.models.classifier import Classifier
from npgan.models.conditional import ConditionalGAN
from npgan.models.gan import GAN
from npgan.models.iwae import IWAE
from npgan.models.model import Model
from npgan.models.multi import MultiGAN
from npgan.models.translator import Translator
from npgan.models.vae import VAE
from npgan.models.vaegan import VAEGAN

GENERATORS = GAN | VAE | VAEGAN
"""Models with ``sample`` and ``decode``."""
RECONSTRUCTORS = Autoencoder | VAE | VAEGAN
"""Models with ``encode``, ``decode`` and ``reconstruct``."""

__all__ = [
    "GAN",
    "GENERATORS",
    "IWAE",
    "RECONSTRUCTORS",
    "VAE",
    "VAEGAN",
    "Autoencoder",
    "Classifier",
    "ConditionalGAN",
    "Model",
    "MultiGAN",
    "Translator",
]
