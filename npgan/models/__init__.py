"""Models: networks that are trained together, and the presets."""

from npgan.models.autoencoder import Autoencoder
from npgan.models.conditional import ConditionalGAN
from npgan.models.gan import GAN
from npgan.models.model import Model
from npgan.models.multi import MultiGAN
from npgan.models.vaegan import VAEGAN

__all__ = ["GAN", "VAEGAN", "Autoencoder", "ConditionalGAN", "Model", "MultiGAN"]
