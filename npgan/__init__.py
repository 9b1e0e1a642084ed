"""GANs and autoencoders from scratch in NumPy, every gradient derived and written by hand."""

from npgan import data, models, optim, training
from npgan.errors import InputError, NonFiniteError
from npgan.gradcheck import gradcheck
from npgan.layers import (
    ELU,
    BatchNorm,
    Dense,
    Dropout,
    FourierFeatures,
    GaussianSample,
    Identity,
    Layer,
    LayerNorm,
    LeakyReLU,
    MinibatchDiscrimination,
    MinibatchStddev,
    ReLU,
    Residual,
    Scale,
    Sequential,
    Sigmoid,
    Softmax,
    Softplus,
    SpectralDense,
    Tanh,
)
from npgan.models import GAN, VAEGAN, Autoencoder, ConditionalGAN, MultiGAN
from npgan.optim import SGD, Adam, AdamW, Momentum, RMSProp
from npgan.parameters import Parameters

__all__ = [
    "ELU",
    "GAN",
    "SGD",
    "VAEGAN",
    "Adam",
    "AdamW",
    "Autoencoder",
    "BatchNorm",
    "ConditionalGAN",
    "Dense",
    "Dropout",
    "FourierFeatures",
    "GaussianSample",
    "Identity",
    "InputError",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "MinibatchDiscrimination",
    "MinibatchStddev",
    "Momentum",
    "MultiGAN",
    "NonFiniteError",
    "Parameters",
    "RMSProp",
    "ReLU",
    "Residual",
    "Scale",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "SpectralDense",
    "Tanh",
    "data",
    "gradcheck",
    "models",
    "optim",
    "training",
]
__version__ = "0.1.0"
