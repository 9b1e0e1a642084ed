"""How good generated samples are: pure functions of samples, or of their features.

All is computed in float64, rows are samples. No number says it all: the Fréchet distance and
precision do not see copies, modes and classes do not see how varied each of them is.

Sets that are empty, of different widths or not finite are an :class:`~npgan.errors.InputError`, and so is an
argument outside the bounds that the docstring gives.
"""

from npgan.metrics.classes import *
from npgan.metrics.components import *
from npgan.metrics.frechet import *
from npgan.metrics.images import *
from npgan.metrics.mixtures import *
from npgan.metrics.neighbours import *
from npgan.metrics.roc import *
