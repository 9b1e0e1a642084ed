"""How good generated samples are: pure functions of samples, or of their features.

Everything is computed in float64; rows are samples. No metric is enough by itself: the Fréchet distance and
precision do not notice copies, and counts of modes and classes do not notice how varied each of them is.

Sets that are empty, of different widths or not finite raise an :class:`~npgan.errors.InputError`, and so does an
argument outside the bounds that the docstring gives.
"""

from npgan.metrics.classes import *
from npgan.metrics.components import *
from npgan.metrics.copies import *
from npgan.metrics.coverage import *
from npgan.metrics.frechet import *
from npgan.metrics.images import *
from npgan.metrics.mixtures import *
from npgan.metrics.neighbours import *
from npgan.metrics.roc import *
from npgan.metrics.tables import *
