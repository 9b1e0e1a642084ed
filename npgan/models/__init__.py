"""Models: networks that are trained together, and the presets."""

from npgan.models.adversarial import AdversarialAutoencoder
from npgan.models.autoencoder import Autoencoder
from npgan.models.bigan import BiGAN
from npgan.models.classifier import Classifier
from npgan.models.coder import Coder, LatentModel
from npgan.models.conditional import ConditionalGAN
from npgan.models.conditional_vae import ConditionalVAE
from npgan.models.gan import GAN
from npgan.models.iwae import IWAE
from npgan.models.model import Model
from npgan.models.multi import MultiGAN
from npgan.models.saved import load
from npgan.models.translator import Translator
from npgan.models.vae import VAE
from npgan.models.vaegan import VAEGAN

CONDITIONAL = ConditionalGAN | ConditionalVAE
"""Models whose samples can be asked for by class."""

GENERATORS = GAN | LatentModel | ConditionalVAE
"""Models with ``sample`` and ``decode``."""
NOT_OF_ONE_CODE = (ConditionalGAN, MultiGAN)
"""GANs whose z alone does not say what is made: a label does too, or which generator's turn it is."""
RECONSTRUCTORS = Coder
"""Models with ``encode``, ``decode`` and ``reconstruct``."""

__all__ = [
    "CONDITIONAL",
    "GAN",
    "GENERATORS",
    "IWAE",
    "NOT_OF_ONE_CODE",
    "RECONSTRUCTORS",
    "VAE",
    "VAEGAN",
    "AdversarialAutoencoder",
    "Autoencoder",
    "BiGAN",
    "Classifier",
    "ConditionalGAN",
    "ConditionalVAE",
    "Model",
    "MultiGAN",
    "Translator",
    "load",
]
