r"""Activation functions, their derivatives written from the output where possible.

``<name>_forward(x) -> y`` and ``<name>_backward(dy, y) -> dx``. All but softmax act on each element
separately, so :math:`dx = dy\,f'(x)`. Nearly every :math:`f'` here can be computed from :math:`y = f(x)`,
and y is then all that the backward pass has to keep. The others take x, as their argument's name says.

``<name>_double_backward(ddx, dy, y)`` is the derivative of ``<name>_backward``, which a gradient penalty
needs. A penalty P that depends on :math:`dx = dy\,f'(x)` has the derivatives

.. math:: ddy = ddx\,f'(x), \qquad \frac{\partial P}{\partial x} = ddx\,dy\,f''(x)

with respect to ``dy`` and to x. The first is ``<name>_backward(ddx, y)``; this also holds for softmax, whose
Jacobian is symmetric. Where :math:`f'' = 0` except at corners, None is returned for the second: nothing flows
back into x. Elsewhere :math:`f''` is written as a multiple of :math:`f'`.

The exponential is only taken of numbers that are not positive, so it never overflows.
"""

import numpy as np

from npgan.shapes import Array, operation


@operation("x (*s)")
def identity_forward(x: Array) -> Array:
    """Return ``x`` itself, for a regression or a logit.

    >>> identity_forward(np.array([-1.0, 2.0]))
    array([-1.,  2.])
    """
    return x


@operation("dy (*s), y (*s)")
def identity_backward(dy: Array, y: Array) -> Array:
    r"""Return :math:`dx = dy`, since :math:`f' = 1`; shapes as ``y``.

    >>> identity_backward(np.array([3.0]), np.array([-1.0]))
    array([3.])
    """
    return dy


@operation("ddx (*s), dy (*s), y (*s)")
def identity_double_backward(ddx: Array, dy: Array, y: Array) -> tuple[Array, None]:
    r"""Return :math:`ddy = ddx`; :math:`f'' = 0`.

    >>> identity_double_backward(np.array([2.0]), np.array([3.0]), np.array([-1.0]))
    (array([2.]), None)
    """
    return identity_backward(ddx, y), None


@operation("x (*s)")
def relu_forward(x: Array) -> Array:
    r"""Rectified linear unit: :math:`y = \max(x, 0)`; any shape (Nair and Hinton 2010).

    >>> relu_forward(np.array([-1.0, 2.0]))
    array([0., 2.])
    """
    return np.maximum(x, 0)


@operation("dy (*s), y (*s)")
def relu_backward(dy: Array, y: Array) -> Array:
    r"""Return :math:`dx = dy\,[x > 0]`.

    :math:`f'` is 1 to the right of the corner and 0 to its left. At 0 there is no derivative, and 0 is used.
    :math:`y > 0` exactly where :math:`x > 0`.

    >>> relu_backward(np.array([3.0, 3.0]), np.array([0.0, 2.0]))
    array([0., 3.])
    """
    return dy * (y.real > 0)


@operation("ddx (*s), dy (*s), y (*s)")
def relu_double_backward(ddx: Array, dy: Array, y: Array) -> tuple[Array, None]:
    r"""Return :math:`ddy = ddx\,[x > 0]`; :math:`f'' = 0` on both sides of the corner.

    >>> relu_double_backward(np.array([2.0, 2.0]), np.array([3.0, 3.0]), np.array([0.0, 2.0]))
    (array([0., 2.]), None)
    """
    return relu_backward(ddx, y), None


@operation("x (*s), slope")
def leaky_relu_forward(x: Array, slope: float = 0.2) -> Array:
    r"""Leaky ReLU: :math:`y = x` for :math:`x > 0`, else :math:`sx`, :math:`0 < s` (Maas 2013).

    >>> leaky_relu_forward(np.array([-1.0, 2.0]), 0.2)
    array([-0.2,  2. ])
    """
    return np.where(x.real > 0, x, x * x.dtype.type(slope))


@operation("dy (*s), y (*s), slope")
def leaky_relu_backward(dy: Array, y: Array, slope: float = 0.2) -> Array:
    r"""Return :math:`dx = dy` where :math:`x > 0`, else :math:`s\,dy`.

    As :math:`s > 0`, y has the sign of x. At 0 the slope of the left side, s, is used.

    >>> leaky_relu_backward(np.array([3.0, 3.0]), np.array([-0.2, 2.0]), 0.5)
    array([1.5, 3. ])
    """
    return np.where(y.real > 0, dy, dy * dy.dtype.type(slope))


@operation("ddx (*s), dy (*s), y (*s), slope")
def leaky_relu_double_backward(
    ddx: Array, dy: Array, y: Array, slope: float = 0.2
) -> tuple[Array, None]:
    r"""Return :math:`ddy = ddx` where :math:`x > 0`, else :math:`s\,ddx`; :math:`f'' = 0`.

    >>> leaky_relu_double_backward(np.array([2.0]), np.array([3.0]), np.array([-0.2]), 0.5)
    (array([1.]), None)
    """
    return leaky_relu_backward(ddx, y, slope), None


@operation("x (*s)")
def sigmoid_forward(x: Array) -> Array:
    r"""Logistic sigmoid: :math:`y = 1/(1 + e^{-x})`, computed as :math:`e^x/(1 + e^x)` for x < 0.

    >>> sigmoid_forward(np.array([-1e4, 0.0, 1e4]))
    array([0. , 0.5, 1. ])
    """
    positive = x.real >= 0
    e = np.exp(np.where(positive, -x, x))
    return np.where(positive, 1, e) / (1 + e)


@operation("dy (*s), y (*s)")
def sigmoid_backward(dy: Array, y: Array) -> Array:
    r"""Return :math:`dx = dy\,y(1 - y)`.

    .. math:: f' = \frac{e^{-x}}{(1 + e^{-x})^2}
              = \frac{1}{1 + e^{-x}}\Bigl(1 - \frac{1}{1 + e^{-x}}\Bigr) = y(1 - y)

    Where y is near 1, few digits of :math:`1 - y` are left. In float32 the slope becomes 0 at about x = 17, in
    float64 at 37. This is why losses of a probability are computed from logits, as ``bce_with_logits`` is.

    >>> sigmoid_backward(np.array([4.0]), np.array([0.5]))
    array([1.])
    """
    return dy * (y * (1 - y))


@operation("ddx (*s), dy (*s), y (*s)")
def sigmoid_double_backward(ddx: Array, dy: Array, y: Array) -> tuple[Array, Array]:
    r"""Return :math:`ddy = ddx\,f'` and :math:`\partial P/\partial x = ddx\,dy\,f'(1 - 2y)`.

    :math:`f' = y - y^2`, so :math:`f'' = y' - 2yy' = f'(1 - 2y)`.

    >>> sigmoid_double_backward(np.array([16.0]), np.array([3.0]), np.array([0.25]))
    (array([3.]), array([4.5]))
    """
    ddy = sigmoid_backward(ddx, y)
    return ddy, ddy * dy * (1 - 2 * y)


@operation("x (*s)")
def tanh_forward(x: Array) -> Array:
    r"""Hyperbolic tangent: :math:`y = (e^x - e^{-x})/(e^x + e^{-x})`.

    >>> tanh_forward(np.array([-1e4, 0.0, 1e4]))
    array([-1.,  0.,  1.])
    """
    return np.tanh(x)


@operation("dy (*s), y (*s)")
def tanh_backward(dy: Array, y: Array) -> Array:
    r"""Return :math:`dx = dy\,(1 - y^2)`.

    With :math:`s = e^x - e^{-x}` and :math:`c = e^x + e^{-x}`, :math:`s' = c` and :math:`c' = s`:
    :math:`(s/c)' = (c^2 - s^2)/c^2 = 1 - y^2`. Where y is rounded to 1 or -1, the slope is rounded to 0:
    in float32 for :math:`|x|` above 9 or 10, in float64 above 19.

    >>> tanh_backward(np.array([4.0]), np.array([0.5]))
    array([3.])
    """
    return dy * (1 - y * y)


@operation("ddx (*s), dy (*s), y (*s)")
def tanh_double_backward(ddx: Array, dy: Array, y: Array) -> tuple[Array, Array]:
    r"""Return :math:`ddy = ddx\,f'` and :math:`\partial P/\partial x = -2\,ddx\,dy\,f'y`.

    :math:`f' = 1 - y^2`, so :math:`f'' = -2yy' = -2yf'`.

    >>> tanh_double_backward(np.array([4.0]), np.array([2.0]), np.array([0.5]))
    (array([3.]), array([-6.]))
    """
    ddy = tanh_backward(ddx, y)
    return ddy, ddy * dy * (-2 * y)


@operation("x (*s)")
def softplus_forward(x: Array) -> Array:
    r"""Softplus, the smooth ReLU: :math:`y = \log(1 + e^x) = \max(x, 0) + \log(1 + e^{-|x|})`.

    >>> softplus_forward(np.array([-1e4, 0.0, 1e4])).round(4)
    array([0.000e+00, 6.931e-01, 1.000e+04])
    """
    positive = x.real >= 0
    return np.where(positive, x, 0) + np.log1p(np.exp(np.where(positive, -x, x)))


@operation("dy (*s), y (*s)")
def softplus_backward(dy: Array, y: Array) -> Array:
    r"""Return :math:`dx = dy\,(1 - e^{-y})`.

    :math:`f' = e^x/(1 + e^x) = 1 - 1/(1 + e^x)`, and :math:`1 + e^x = e^y`.

    >>> softplus_backward(np.array([4.0]), np.log(np.array([2.0])))
    array([2.])
    """
    return dy * -np.expm1(-y)


@operation("ddx (*s), dy (*s), y (*s)")
def softplus_double_backward(ddx: Array, dy: Array, y: Array) -> tuple[Array, Array]:
    r"""Return :math:`ddy = ddx\,f'` and :math:`\partial P/\partial x = ddx\,dy\,f'e^{-y}`.

    :math:`f' = 1 - e^{-y}`, so :math:`f'' = e^{-y}y' = e^{-y}f'`.

    >>> softplus_double_backward(np.array([4.0]), np.array([3.0]), np.log(np.array([2.0])))
    (array([2.]), array([3.]))
    """
    ddy = softplus_backward(ddx, y)
    return ddy, ddy * dy * np.exp(-y)


@operation("x (*s), alpha")
def elu_forward(x: Array, alpha: float = 1.0) -> Array:
    r"""Exponential linear unit: :math:`y = x` for :math:`x > 0`, else :math:`\alpha(e^x - 1)`.

    :math:`\alpha > 0`. Source: Clevert et al. 2016, eq. 15.

    >>> elu_forward(np.array([-1e4, 0.0, 2.0]))
    array([-1.,  0.,  2.])
    """
    positive = x.real > 0
    return np.where(positive, x, x.dtype.type(alpha) * np.expm1(np.where(positive, 0, x)))


@operation("dy (*s), y (*s), alpha")
def elu_backward(dy: Array, y: Array, alpha: float = 1.0) -> Array:
    r"""Return :math:`dx = dy` where :math:`x > 0`, else :math:`dy\,(y + \alpha)`.

    To the left of 0, :math:`f' = \alpha e^x = \alpha(e^x - 1) + \alpha = y + \alpha`. Where y is rounded to
    :math:`-\alpha`, the slope is 0: for :math:`\alpha = 1` below about x = -17 in float32 and -37 in float64.

    >>> elu_backward(np.array([4.0, 4.0]), np.array([-0.5, 2.0]))
    array([2., 4.])
    """
    return dy * np.where(y.real > 0, y.dtype.type(1), y + y.dtype.type(alpha))


@operation("ddx (*s), dy (*s), y (*s), alpha")
def elu_double_backward(ddx: Array, dy: Array, y: Array, alpha: float = 1.0) -> tuple[Array, Array]:
    r"""Return :math:`ddy = ddx\,f'` and :math:`\partial P/\partial x = ddx\,dy\,f'` to the left of 0, else 0.

    There, :math:`f' = \alpha e^x` is its own derivative: :math:`f'' = f'`.

    >>> elu_double_backward(np.array([4.0, 4.0]), np.array([3.0, 3.0]), np.array([-0.5, 2.0]))
    (array([2., 4.]), array([6., 0.]))
    """
    ddy = elu_backward(ddx, y, alpha)
    return ddy, ddy * dy * (y.real <= 0)


@operation("x (*s)")
def softsign_forward(x: Array) -> Array:
    r"""Softsign: :math:`y = x/(1 + |x|)`, which approaches its limits more slowly than tanh (Bergstra et al. 2009).

    >>> softsign_forward(np.array([-3.0, 0.0, 1.0]))
    array([-0.75,  0.  ,  0.5 ])
    """
    return x / (1 + _size(x))


def _size(x: Array) -> Array:
    """Return |x|: -x where the real part is negative, so that a complex step passes through."""
    return np.where(x.real < 0, -x, x)


@operation("dy (*s), x (*s)")
def softsign_backward(dy: Array, x: Array) -> Array:
    r"""Return :math:`dx = dy/(1 + |x|)^2`. The square root of f' is also :math:`1 - |y|`, which has fewer digits.

    >>> softsign_backward(np.array([4.0]), np.array([-1.0]))
    array([1.])
    """
    share = 1 / (1 + _size(x))
    return dy * (share * share)


@operation("ddx (*s), dy (*s), x (*s)")
def softsign_double_backward(ddx: Array, dy: Array, x: Array) -> tuple[Array, Array]:
    r"""Return :math:`ddy = ddx\,f'` and :math:`\partial P/\partial x = ddx\,dy\,f''`.

    :math:`f'' = -2f'\operatorname{sign}(x)/(1 + |x|)`. At 0 it jumps from 2 to -2, and 0 is used.

    >>> softsign_double_backward(np.array([8.0]), np.array([3.0]), np.array([-1.0]))
    (array([2.]), array([6.]))
    """
    ddy = softsign_backward(ddx, x)
    return ddy, ddy * dy * (-2 * np.sign(x.real) / (1 + _size(x)))


@operation("x (*s, C)")
def softmax_forward(x: Array) -> Array:
    r"""Softmax over the last axis: :math:`y_i = e^{x_i}/\sum_j e^{x_j}`.

    The row's maximum is subtracted from x first. That divides numerator and denominator by the same number,
    and nothing overflows.

    >>> softmax_forward(np.array([[0.0, 0.0, -1e4]]))
    array([[0.5, 0.5, 0. ]])
    """
    e = np.exp(x - x.real.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@operation("dy (*s, C), y (*s, C)")
def softmax_backward(dy: Array, y: Array) -> Array:
    r"""Return :math:`dx_i = y_i\bigl(dy_i - \sum_j dy_j y_j\bigr)`, over the last axis.

    The quotient rule gives :math:`\partial y_j/\partial x_i = y_j([i = j] - y_i)`. Multiplied by :math:`dy_j`
    and summed over j, this is the line above.

    >>> softmax_backward(np.array([[1.0, 0.0]]), np.array([[0.5, 0.5]]))
    array([[ 0.25, -0.25]])
    """
    return y * (dy - (dy * y).sum(axis=-1, keepdims=True))


@operation("ddx (*s, C), dy (*s, C), y (*s, C)")
def softmax_double_backward(ddx: Array, dy: Array, y: Array) -> tuple[Array, Array]:
    r"""Return ``ddy = softmax_backward(ddx, y)`` and :math:`\partial P/\partial x`.

    P depends on y through :math:`dx_i = y_i(dy_i - s)`, where :math:`s = \sum_j dy_j y_j`. Therefore

    .. math:: \frac{\partial P}{\partial y_k} = ddx_k(dy_k - s) - dy_k\sum_i ddx_i y_i,

    and ``softmax_backward`` takes this gradient from y to x.

    >>> y = np.array([[0.25, 0.75]])
    >>> softmax_double_backward(np.array([[16.0, 0.0]]), np.array([[2.0, 0.0]]), y)
    (array([[ 3., -3.]]), array([[ 3., -3.]]))
    """
    s, t = ((d * y).sum(axis=-1, keepdims=True) for d in (dy, ddx))
    return softmax_backward(ddx, y), softmax_backward(ddx * (dy - s) - dy * t, y)


@operation("x (*S)")
def mean_sigmoid(x: Array) -> np.floating:
    r"""Return the mean of :math:`\sigma(x_i)`: the mean of the probabilities whose logits are given.

    >>> mean_sigmoid(np.zeros((2, 1)))
    np.float64(0.5)
    """
    return sigmoid_forward(x).mean()


@operation("x (*S)")
def mean_heaviside(x: Array) -> np.floating:
    r"""Return the share of numbers above 0, where a 0 counts as one half: the mean of the Heaviside step.

    >>> mean_heaviside(np.array([3.0, 0.0, -1.0, -2.0]))
    np.float64(0.375)
    """
    return np.heaviside(x.real, x.real.dtype.type(0.5)).mean()
