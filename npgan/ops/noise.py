r"""Operations with randomness. Their noise is an argument, drawn beforehand, so that a pass can be repeated."""

import numpy as np

from npgan.shapes import Array, operation


@operation("x (*s), mask (*s)")
def dropout_forward(x: Array, mask: Array) -> Array:
    r"""Inverted dropout: :math:`y = x \odot m`; same shapes (Srivastava et al. 2014).

    >>> dropout_forward(np.array([1.0, 2.0]), np.array([0.0, 2.0]))
    array([0., 4.])
    """
    return x * mask


@operation("dy (*s), mask (*s)")
def dropout_backward(dy: Array, mask: Array) -> Array:
    r"""Return :math:`dx = dy \odot m`, with the mask of the forward pass.

    >>> dropout_backward(np.array([3.0, 3.0]), np.array([0.0, 2.0]))
    array([0., 6.])
    """
    return dy * mask


@operation("mean (*s), log_var (*s), eps (*s)")
def gaussian_sample_forward(mean: Array, log_var: Array, eps: Array) -> Array:
    r"""Sample :math:`N(\mu, \sigma^2)`, given :math:`\mu` and :math:`\log\sigma^2`: :math:`z = \mu + \sigma\epsilon`.

    :math:`\sigma = e^{\log\sigma^2/2}` and :math:`\epsilon \sim N(0, 1)`. This is the reparameterisation of
    Kingma and Welling 2014, sec. 2.4: the randomness is in :math:`\epsilon` alone, so z can be differentiated
    with respect to the mean and the log-variance. All arrays have one shape, ``(n, d)``.

    >>> gaussian_sample_forward(np.array([1.0]), np.log(np.array([4.0])), np.array([-1.0]))
    array([-1.])
    """
    return mean + np.exp(log_var / 2) * eps


@operation("dz (*s), log_var (*s), eps (*s)")
def gaussian_sample_backward(dz: Array, log_var: Array, eps: Array) -> tuple[Array, Array]:
    r"""Return the gradients with respect to mean and log-variance.

    :math:`\partial z/\partial\mu = 1` and
    :math:`\partial z/\partial\log\sigma^2 = \tfrac12 e^{\log\sigma^2/2}\epsilon`, elementwise.

    >>> gaussian_sample_backward(np.array([3.0]), np.log(np.array([4.0])), np.array([-1.0]))
    (array([3.]), array([-3.]))
    """
    return dz, dz * eps * np.exp(log_var / 2) / 2
