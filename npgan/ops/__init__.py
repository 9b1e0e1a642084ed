r"""The mathematics: pure NumPy functions, each forward directly above its backward.

Unless a file says otherwise these symbols mean the same (n is also a sample's index):

================== =============================================================================
x, y               a function's input and output; rows are samples, shape ``(n, features)``
L                  the loss of a minibatch, one number
dy                 :math:`\partial L/\partial y`, the upstream gradient: what a backward pass is given
dx                 :math:`\partial L/\partial x`, what it makes of that:
                   :math:`dx_i = \sum_j dy_j\,\partial y_j/\partial x_i`
dweight, dbias     the gradients with respect to weight and bias, :math:`dW` and :math:`db`; added to, not set
P                  a second loss, which depends on ``dx``: a penalty on a gradient
ddx                :math:`\partial P/\partial(dx)`, what a *double backward* pass is given
ddy                :math:`\partial P/\partial(dy)`, which it returns; beside it, :math:`\partial P/\partial x`
n, d               how many samples there are, and how many features a sample has
eps                a small positive number :math:`\epsilon`; in noise, a draw from :math:`N(0, 1)`
:math:`a \odot b`  the product element by element
:math:`[c]`        1 where the condition c holds, else 0
================== =============================================================================

Results have the dtype of the input. float32 trains and float64 checks gradients. complex128 passes through
every analytic function, so that the complex-step derivative can be taken. Where such a function looks at a sign,
it is that of the real part.
"""

from npgan.ops.activation import *
from npgan.ops.ascent import *
from npgan.ops.batch import *
from npgan.ops.categories import *
from npgan.ops.chain import *
from npgan.ops.channels import *
from npgan.ops.colours import *
from npgan.ops.conv import *
from npgan.ops.dense import *
from npgan.ops.fourier import *
from npgan.ops.gated import *
from npgan.ops.images import *
from npgan.ops.likelihood import *
from npgan.ops.loss import *
from npgan.ops.minibatch import *
from npgan.ops.noise import *
from npgan.ops.normalisation import *
from npgan.ops.pooling import *
from npgan.ops.random import *
from npgan.ops.resize import *
from npgan.ops.shuffle import *
from npgan.ops.spectral import *
from npgan.ops.update import *
