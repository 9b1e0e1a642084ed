r"""Spectral normalisation: a weight divided by its largest singular value (Miyato et al. 2018).

Multiplying by the result makes no vector longer. The singular value is :math:`\sigma = u^\top W v`, where u and
v are the singular vectors. They are kept from step to step, and one power iteration in each step lets them
follow the weight. As long as they lag behind, :math:`u^\top W v` is a little too small.
"""

import numpy as np

from npgan.ops.normalisation import polar
from npgan.shapes import Array, operation


def unit(x: Array) -> Array:
    r"""Return :math:`x/\|x\|`.

    >>> unit(np.array([3.0, 4.0]))
    array([0.6, 0.8])
    """
    return polar(x[None])[1][0]


@operation("weight (I, O), u (I,) changed, v (O,) changed")
def power_iteration(weight: Array, u: Array, v: Array) -> None:
    r"""Bring u and v closer to the singular vectors of the largest singular value, in place.

    .. math:: v \leftarrow W^\top u/\|W^\top u\|, \qquad u \leftarrow W v/\|W v\|

    Each iteration multiplies the part of u along the i-th singular vector by :math:`(\sigma_i/\sigma_1)^2`,
    relative to the first.
    Source: Miyato et al. 2018, algorithm 1.

    weight: (in, out); u: (in,); v: (out,).

    >>> u, v = np.array([0.6, 0.8]), np.zeros(2)
    >>> for _ in range(20):
    ...     power_iteration(np.diag([2.0, 1.0]), u, v)
    >>> u.round(6), v.round(6)
    (array([1., 0.]), array([1., 0.]))
    """
    v[...] = unit(u @ weight)
    u[...] = unit(weight @ v)


@operation("weight (I, O), u (I,), v (O,)")
def spectral_norm_forward(weight: Array, u: Array, v: Array) -> tuple[Array, np.floating]:
    r"""Return :math:`\bar W = W/\sigma`, and :math:`\sigma = u^\top W v`.

    The weight is not 0, and u and v have length 1.

    >>> normal, sigma = spectral_norm_forward(np.diag([2.0, 1.0]), np.eye(2)[0], np.eye(2)[0])
    >>> normal
    array([[1. , 0. ],
           [0. , 0.5]])
    """
    sigma = u @ weight @ v
    return weight / sigma, sigma


@operation("dnormal (I, O), normal (I, O), sigma, u (I,), v (O,)")
def spectral_norm_backward(
    dnormal: Array, normal: Array, sigma: np.floating, u: Array, v: Array
) -> Array:
    r"""Return the gradient with respect to W, with u and v held constant (Miyato et al. 2018, eq. 12).

    Since :math:`\partial\sigma/\partial W = u v^\top`, and with :math:`\langle A, B \rangle = \sum_{ij} A_{ij}B_{ij}`,

    .. math:: dW = \frac{d\bar W}{\sigma} - \frac{\langle d\bar W, W \rangle}{\sigma^2}\,u v^\top
        = \frac{1}{\sigma}\left(d\bar W - \langle d\bar W, \bar W \rangle\,u v^\top\right).

    At the singular vectors this is exact: among unit vectors they make :math:`u^\top W v` stationary, so it
    changes with u and v only to second order. During training they lag a little behind W, and the gradient
    is approximate. PyTorch differentiates the same way.

    ``dnormal`` (in, out) is the upstream gradient, with respect to :math:`\bar W`. ``normal`` and ``sigma`` are what
    :func:`spectral_norm_forward` returned, u and v what it was given.

    There is no gradient in the direction of W itself, whose length does not matter.

    >>> weight, one = np.diag([2.0, 1.0]), np.eye(2)[0]
    >>> normal, sigma = spectral_norm_forward(weight, one, one)
    >>> dweight = spectral_norm_backward(np.ones((2, 2)), normal, sigma, one, one)
    >>> dweight, float((dweight * weight).sum())
    (array([[-0.25,  0.5 ],
           [ 0.5 ,  0.5 ]]), 0.0)
    """
    return (dnormal - (dnormal * normal).sum() * np.outer(u, v)) / sigma
