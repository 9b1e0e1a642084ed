r"""What keeps an autoencoder's code simple: penalties of the code h (n, k), and of its slope.

A sparse code is 0 almost everywhere (Olshausen and Field 1996; Ng 2011); a contractive one hardly changes
with x but along the data (Rifai et al. 2011).
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from npgan import errors
from npgan.backend import run
from npgan.errors import instance, not_negative
from npgan.layers import Sequential
from npgan.parameters import Parameters
from npgan.shapes import Array, takes

TARGET = 0.05
"""How active a unit of a sparse code should be, of 1."""


@takes("code (N, k)")
def l1(code: Array) -> tuple[np.floating, Array]:
    r"""Return :math:`P = \frac1n\sum_{rj}|h_{rj}|` and :math:`dh_{rj} = \mathrm{sign}(h_{rj})/n`; at 0 it is 0.

    >>> value, dcode = l1(np.array([[2.0, 0.0], [-4.0, 0.0]]))
    >>> float(value), dcode.tolist()
    (3.0, [[0.5, 0.0], [-0.5, 0.0]])
    """
    return abs(code).sum() / len(code), np.sign(code) / code.dtype.type(len(code))


@takes("logits (N, k)")
def kl(logits: Array) -> tuple[np.floating, Array]:
    r"""Return how far units are from being active 5 % of the time, for a code :math:`h = \sigma(a)`, by its logits a.

    With a unit's mean activity :math:`\hat\rho_j = \frac1n\sum_r h_{rj}` and the target :math:`\rho`

    .. math:: P = \sum_j \rho\log\frac\rho{\hat\rho_j} + (1 - \rho)\log\frac{1 - \rho}{1 - \hat\rho_j}.

    A unit that is off, or on, whatever x is has an activity of 0 or 1, as far as float32 can tell, and a
    sigmoid there no slope: it would stay so. Hence both logarithms are those of mean exponentials
    (:func:`npgan.ops.log_mean_exp_forward`), of :math:`\log h` and of :math:`\log(1 - h)`, whose gradients are the
    rows' shares u and v. As :math:`\log h` has the slope :math:`1 - h`, and :math:`\log(1 - h)` the slope :math:`-h`,

    .. math:: da_{rj} = (1 - \rho)\,v_{rj} h_{rj} - \rho\,u_{rj}(1 - h_{rj}), \qquad
        u_{rj} = \frac{h_{rj}}{n\hat\rho_j}, \quad v_{rj} = \frac{1 - h_{rj}}{n(1 - \hat\rho_j)}.

    Source: Ng 2011, "Sparse autoencoder", sec. 3.

    >>> value, dlogits = kl(np.full((4, 3), -np.log(19)))  # the logit of 0.05
    >>> float(abs(value)) < 1e-12, float(abs(dlogits).max()) < 1e-12
    (True, True)
    >>> kl(np.full((1, 1), -100.0))[1].item()  # off: the slope is minus the target
    -0.05
    """
    rho, log_off = TARGET, -run.softplus_forward(logits)
    on, u, h = _log_mean_exp(logits + log_off)
    off, v, rest = _log_mean_exp(log_off)
    value = rho * (math.log(rho) - on) + (1 - rho) * (math.log(1 - rho) - off)
    return value.sum(), (1 - rho) * v * h - rho * u * rest


def _log_mean_exp(a: Array) -> tuple[Array, Array, Array]:
    """Return the logarithm of the mean of exp(a) over the rows (k,), each one's share in it, and exp(a) (n, k)."""
    top = a.max(axis=0)
    scaled = np.exp(a - top)
    total = scaled.sum(axis=0)
    return np.log(total / len(a)) + top, scaled / total, scaled * np.exp(top)


class Sparsity(NamedTuple):
    """A penalty of the code (n, k), or of the logits that a sigmoid makes it of, and its gradient."""

    penalty: Callable[[Array], tuple[np.floating, Array]]
    of_logits: bool = False


SPARSITIES = {
    "l1": Sparsity(lambda code: l1(code)),
    "kl": Sparsity(lambda logits: kl(logits), of_logits=True),
}


def contraction(
    encoder: Sequential,
    cache: Any,
    shape: tuple[int, int],
    weight: float = 1.0,
    grads: Parameters | None = None,
) -> np.floating:
    r"""Return the mean squared Frobenius norm of the encoder's Jacobian; add its gradient to ``grads``.

    .. math:: P = \frac\lambda n\sum_r\Big\|\frac{\partial h_r}{\partial x_r}\Big\|_F^2
        = \sum_j \frac\lambda n\sum_r\|g_{rj}\|^2, \qquad g_{rj} = \frac{\partial h_{rj}}{\partial x_r}

    A backward pass for each of the code's k units gives :math:`g_j`, and the encoder's double backward pass of
    :math:`2\lambda g_j/n` gives the gradient. For one layer :math:`h = f(xW + b)` it is
    :math:`\frac\lambda n\sum_{rj} f'(a_{rj})^2\|W_{\cdot j}\|^2`. Source: Rifai et al. 2011, eq. 1.

    Raises InputError if the code is of another shape, or if grads are wanted and a layer has no second derivative.

    Parameters
    ----------
    encoder : x (n, d) -> h (n, k)
    cache : of the pass that made the code
    shape : the code's, (n, k)
    weight : lambda
    grads : the encoder's gradients; None: they are not wanted

    Examples
    --------
    >>> from npgan import Dense
    >>> net = Sequential(Dense(2, 1))
    >>> net.parameters["0.weight"][...] = [[3], [4]]
    >>> code, cache = net.forward(np.zeros((5, 2), np.float32))
    >>> float(contraction(net, cache, code.shape))
    25.0
    """
    instance("encoder", encoder, Sequential)
    weight = not_negative("weight", weight)
    n, k = errors.sizes("shape", shape, "(n, k)")
    dtype, total = encoder.parameters.flat.dtype, np.float64(0)
    for unit in range(k):
        one = np.zeros(shape, dtype)
        one[:, unit] = 1
        g, record = encoder.input_gradient(one, cache)
        total = total + np.square(g).sum(dtype=np.float64)
        if grads is not None:
            factor = dtype.type(2 * weight / n)
            encoder.double_backward(factor * g, record, cache, grads, input_grad=False)
    return weight * total / n
