r"""The mathematics: pure NumPy functions, each forward directly above its backward.

Conventions, the same in every file:

- ``x, y`` are a function's input and output, rows are samples: shape ``(n, features)``.
- ``dx, dy`` are the derivatives of the (scalar) training loss by ``x`` and ``y``; ``dy`` comes from
  above, a backward function turns it into ``dx``: :math:`dx_i = \sum_j dy_j\,\partial y_j/\partial x_i`.
- The result has the dtype of the input: float32 trains, float64 checks gradients, and complex128
  goes through every analytic function (``where`` looks at the real part only), so that the
  complex-step derivative can be taken.
"""

from npgan.ops.activation import *
from npgan.ops.batch import *
from npgan.ops.chain import *
from npgan.ops.dense import *
from npgan.ops.fourier import *
from npgan.ops.gated import *
from npgan.ops.images import *
from npgan.ops.likelihood import *
from npgan.ops.loss import *
from npgan.ops.minibatch import *
from npgan.ops.noise import *
from npgan.ops.normalisation import *
from npgan.ops.random import *
from npgan.ops.spectral import *
from npgan.ops.update import *
