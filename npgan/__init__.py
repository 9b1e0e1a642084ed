"""GANs and autoencoders from scratch in NumPy, every gradient derived and written by hand."""

from npgan.system import signals as signals  # first, for Ctrl-C while the rest is imported

# isort: split
from npgan import data, models, optim, training
from npgan.check.tracing.step import trace
from npgan.errors import InputError, NonFiniteError
from npgan.gradcheck import gradcheck
from npgan.layers.activation import *
from npgan.layers.beside import *
from npgan.layers.categories import *
from npgan.layers.colours import *
from npgan.layers.conv import *
from npgan.layers.dense import *
from npgan.layers.fourier import *
from npgan.layers.images import *
from npgan.layers.layer import *
from npgan.layers.minibatch import *
from npgan.layers.noise import *
from npgan.layers.normalisation import *
from npgan.layers.pooling import *
from npgan.layers.reshape import *
from npgan.layers.residual import *
from npgan.layers.resize import *
from npgan.layers.scale import *
from npgan.layers.sequential import *
from npgan.layers.spectral import *
from npgan.models import *
from npgan.optim import SGD, Adam, AdamW, Momentum, RMSProp
from npgan.parameters import Parameters

__version__ = "0.1.0"
