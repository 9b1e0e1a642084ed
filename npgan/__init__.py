"""GANs and autoencoders from scratch in NumPy, every gradient derived and written by hand."""

from npgan import data, models, optim, training
from npgan.errors import InputError, NonFiniteError
from npgan.gradcheck import gradcheck
from npgan.layers import (
    ELU,
    Dense,
    Dropout,
    FourierFeatures,
    GaussianSample,
    Identity,
    Layer,
    LeakyReLU,
    ReLU,
    Residual,
    Scale,
    Sequential,
    Sigmoid,
    Softmax,
    Softplus,
    Tanh,
)
from npgan.models import GAN, VAEGAN, Autoencoder
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
    "Dense",
    "Dropout",
    "FourierFeatures",
    "GaussianSample",
    "Identity",
    "InputError",
    "Layer",
    "LeakyReLU",
    "Momentum",
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
    "Tanh",
    "data",
    "gradcheck",
    "models",
    "optim",
    "training",
]
__version__ = "0.1.0"
