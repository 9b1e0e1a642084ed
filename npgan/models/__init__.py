"""Models: networks that are trained together, and the presets."""

from npgan.models.autoencoder import Autoencoder
from npgan.models.gan import GAN
from npgan.models.model import Model
from npgan.models.vaegan import VAEGAN

__all__ = ["GAN", "VAEGAN", "Autoencoder", "Model"]
