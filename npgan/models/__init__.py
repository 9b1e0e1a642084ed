"""Models: networks that are trained together, and the presets.

There are two levels at the most below :class:`Model`::

    Model
    ├── GAN
    │   ├── ConditionalGAN
    │   ├── TableGAN
    │   └── MultiGAN
    ├── Translator
    ├── Autoencoder
    ├── AdversarialCoder: an encoder, a decoder and a discriminator
    │   ├── AdversarialAutoencoder
    │   ├── BiGAN
    │   └── VAEGAN
    ├── Variational: an encoder to Gaussians, and a decoder
    │   ├── VAE
    │   ├── IWAE
    │   ├── TableVAE
    │   └── ConditionalVAE
    └── Classifier

Models of different branches share :class:`~npgan.models.labels.Labels`,
:class:`~npgan.models.gaussian.GaussianEncoder`, :class:`~npgan.models.tabular.Tabular`, the functions of
:mod:`npgan.models.adversary`, and what a :class:`~npgan.models.coder.Coder` can do.
"""

from npgan.models.adversarial import AdversarialAutoencoder
from npgan.models.autoencoder import Autoencoder
from npgan.models.bigan import BiGAN
from npgan.models.classifier import Classifier
from npgan.models.coder import AdversarialCoder
from npgan.models.conditional import ConditionalGAN
from npgan.models.conditional_vae import ConditionalVAE
from npgan.models.gan import GAN
from npgan.models.iwae import IWAE
from npgan.models.kinds import MODELS
from npgan.models.model import Model
from npgan.models.multi import MultiGAN
from npgan.models.saved import load
from npgan.models.table_gan import TableGAN
from npgan.models.table_vae import TableVAE
from npgan.models.translator import Translator
from npgan.models.vae import VAE, Variational
from npgan.models.vaegan import VAEGAN

MODELS |= {
    kind.name: kind
    for kind in (
        *(GAN, ConditionalGAN, TableGAN, MultiGAN, Autoencoder, VAE, IWAE, TableVAE),
        *(ConditionalVAE, VAEGAN),
        *(AdversarialAutoencoder, BiGAN, Translator, Classifier),
    )
}
CONDITIONAL = ConditionalGAN | ConditionalVAE
"""Models whose samples can be asked for by class."""

GENERATORS = GAN | AdversarialCoder | Variational
"""Models with ``sample`` and ``decode``."""
LATENT = AdversarialCoder | VAE | IWAE
"""Autoencoders whose codes can be drawn."""
RECONSTRUCTORS = Autoencoder | LATENT
"""Models with ``encode``, ``decode`` and ``reconstruct`` of data without labels."""
NOT_OF_ONE_CODE = (ConditionalGAN, TableGAN, MultiGAN)
"""GANs whose z alone does not say what is made: a label does too, or which generator it is of."""

__all__ = [
    "GAN",
    "IWAE",
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
    "TableGAN",
    "TableVAE",
    "Translator",
    "load",
]
