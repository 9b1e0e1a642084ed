"""Layers: objects that own parameters and know how a gradient passes through them.

``y, cache = layer.forward(x, rng)`` and ``dx = layer.backward(dy, cache, grads)``. The cache is all
that the backward pass needs; it is returned, never kept on the layer, so that a discriminator can
look at real and at generated data before either is differentiated. Parameter gradients are added
to ``grads``, input gradients are returned.

``rng`` is the randomness of a training pass. Without it a layer is in evaluation mode: dropout does
nothing, a Gaussian sample is its mean, batch normalisation takes its running moments.
"""

from npgan.layers.activation import *
from npgan.layers.beside import *
from npgan.layers.categories import *
from npgan.layers.colours import *
from npgan.layers.conv import *
from npgan.layers.dense import *
from npgan.layers.fourier import *
from npgan.layers.images import *
from npgan.layers.images import Corruption
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
from npgan.layers.two_batches import TwoBatches, as_two_batches
from npgan.layers.words import *  # of all the above
