r"""Gated activations: :math:`y = x\,g(x)` with a gate :math:`0 < g < 1` that opens as x grows.

They are not monotonic, so y does not determine x, and ``<name>_backward(dy, x) -> dx`` and
``<name>_double_backward(ddx, dy, x)`` take the input. What they return is explained in
:mod:`npgan.ops.activation`. The product rule gives

.. math:: f' = g + x g', \qquad f'' = 2g' + x g''

Below, :math:`s = \sigma(u)` is the sigmoid of some u, and :math:`r = 1 - s`, computed as :math:`\sigma(-u)`, which
keeps its digits where s is rounded to 1. The derivatives with respect to u are :math:`s' = sr` and
:math:`(sr)' = sr(r - s)`.
"""

from inspect import unwrap
from math import erfc, pi, sqrt

import numpy as np

from npgan.ops.activation import sigmoid_forward
from npgan.shapes import Array, operation

sigmoid = unwrap(sigmoid_forward)  # unchecked: NumPy turns results without axes into scalars


@operation("x (*s)")
def silu_forward(x: Array) -> Array:
    r"""Sigmoid linear unit, also called swish: :math:`y = x\,\sigma(x)` (Elfwing et al. 2018).

    >>> silu_forward(np.array([-1.0, 0.0, 1.0])).round(3)
    array([-0.269,  0.   ,  0.731])
    """
    return x * sigmoid(x)


@operation("dy (*s), x (*s)")
def silu_backward(dy: Array, x: Array) -> Array:
    r"""Return :math:`dx = dy\,(s + x\,sr)`, with :math:`s = \sigma(x)`.

    >>> silu_backward(np.array([4.0]), np.array([0.0]))
    array([2.])
    """
    s, r = sigmoid(x), sigmoid(-x)
    return dy * (s + x * s * r)


@operation("ddx (*s), dy (*s), x (*s)")
def silu_double_backward(ddx: Array, dy: Array, x: Array) -> tuple[Array, Array]:
    r"""Return :math:`ddy = ddx\,f'` and :math:`\partial P/\partial x = ddx\,dy\,f''`.

    :math:`f'' = 2sr + x\,sr(r - s) = sr\,(2 + x(r - s))`.

    >>> silu_double_backward(np.array([4.0]), np.array([3.0]), np.array([0.0]))
    (array([2.]), array([6.]))
    """
    s, r = sigmoid(x), sigmoid(-x)
    return silu_backward(ddx, x), ddx * dy * (s * r * (2 + x * (r - s)))


def _density(x: Array) -> Array:
    r"""Return the standard normal density :math:`\varphi(x) = e^{-x^2/2}/\sqrt{2\pi}`."""
    return np.exp(x * x * x.dtype.type(-0.5)) * x.dtype.type(1 / sqrt(2 * pi))


def _probability(x: Array) -> Array:
    r"""Return :math:`\Phi(x) = \tfrac12\operatorname{erfc}(-x/\sqrt2)`.

    A complex step is multiplied by :math:`\Phi' = \varphi`.
    """
    value = np.vectorize(erfc, otypes=[np.float64])(x.real * -np.float64(sqrt(0.5))) / 2
    if np.iscomplexobj(x):
        return value + 1j * (x.imag * _density(x.real))
    return value.astype(x.dtype)


@operation("x (*s)")
def gelu_forward(x: Array) -> Array:
    r"""Gaussian error linear unit: :math:`y = x\,\Phi(x)` (Hendrycks and Gimpel 2016).

    :math:`\Phi` is the distribution function of :math:`N(0, 1)`. NumPy has no error function, so the reference
    calls Python's once for each number.

    >>> gelu_forward(np.array([-1.0, 0.0, 1.0])).round(3)
    array([-0.159,  0.   ,  0.841])
    """
    return x * _probability(x)


@operation("dy (*s), x (*s)")
def gelu_backward(dy: Array, x: Array) -> Array:
    r"""Return :math:`dx = dy\,(\Phi(x) + x\,\varphi(x))`, since :math:`\Phi' = \varphi`.

    >>> gelu_backward(np.array([4.0]), np.array([0.0]))
    array([2.])
    """
    return dy * (_probability(x) + x * _density(x))


@operation("ddx (*s), dy (*s), x (*s)")
def gelu_double_backward(ddx: Array, dy: Array, x: Array) -> tuple[Array, Array]:
    r"""Return :math:`ddy = ddx\,f'` and :math:`\partial P/\partial x = ddx\,dy\,f''`.

    :math:`\varphi' = -x\varphi`, so :math:`f'' = 2\varphi + x\varphi' = \varphi(x)(2 - x^2)`.

    >>> gelu_double_backward(np.array([1.0]), np.array([1.0]), np.sqrt(np.array([2.0])))[1].round(12)
    array([-0.])
    """
    return gelu_backward(ddx, x), ddx * dy * (_density(x) * (2 - x * x))


CUBIC, FAR = 0.044715, 30.0


def _bent(x: Array) -> tuple[Array, Array, Array]:
    r"""Return :math:`v = \sqrt{8/\pi}\,(x + 0.044715\,x^3)`, v' and v''.

    Beyond :math:`|x| = 30`, where the gate is 0 or 1, the values at -30 or 30 are returned.
    """
    c, x = sqrt(8 / pi), np.where(abs(x.real) < FAR, x, np.sign(x.real) * x.dtype.type(FAR))
    number, square = x.dtype.type, x * x * x.dtype.type(CUBIC)
    return number(c) * x * (1 + square), number(c) * (1 + 3 * square), number(6 * c * CUBIC) * x


@operation("x (*s)")
def gelu_tanh_forward(x: Array) -> Array:
    r"""GELU approximated with a tanh: :math:`y = \tfrac x2\bigl(1 + \tanh\tfrac v2\bigr) = x\,\sigma(v)`.

    :math:`v = \sqrt{8/\pi}\,(x + 0.044715\,x^3)`. It is within 5e-4 of :func:`gelu_forward` and needs no
    error function (Hendrycks and Gimpel 2016, sec. 2).

    >>> gelu_tanh_forward(np.array([-1.0, 0.0, 1.0])).round(3)
    array([-0.159,  0.   ,  0.841])
    """
    return x * sigmoid(_bent(x)[0])


@operation("dy (*s), x (*s)")
def gelu_tanh_backward(dy: Array, x: Array) -> Array:
    r"""Return :math:`dx = dy\,(s + x\,sr\,v')`, with :math:`s = \sigma(v)`.

    >>> gelu_tanh_backward(np.array([4.0]), np.array([0.0]))
    array([2.])
    """
    v, dv, _ = _bent(x)
    s, r = sigmoid(v), sigmoid(-v)
    return dy * (s + x * (s * r * dv))


@operation("ddx (*s), dy (*s), x (*s)")
def gelu_tanh_double_backward(ddx: Array, dy: Array, x: Array) -> tuple[Array, Array]:
    r"""Return :math:`ddy = ddx\,f'` and :math:`\partial P/\partial x = ddx\,dy\,f''`.

    :math:`g' = sr\,v'` and :math:`g'' = sr\,(v'' + (r - s)v'^2)`; :math:`f'' = 2g' + xg''`.

    >>> gelu_tanh_double_backward(np.array([4.0]), np.array([3.0]), np.array([0.0]))[1].round(4)
    array([9.5746])
    """
    v, dv, ddv = _bent(x)
    s, r = sigmoid(v), sigmoid(-v)
    return gelu_tanh_backward(ddx, x), ddx * dy * (
        s * r * (2 * dv) + x * (s * r * (ddv + (r - s) * dv * dv))
    )


def _mish_gate(x: Array) -> tuple[Array, Array]:
    r"""Return :math:`t = \tanh(\log(1 + e^x))` and :math:`1 - t^2`.

    With :math:`w = 1 + e^x` we have :math:`t = (w^2 - 1)/(w^2 + 1)` and :math:`1 - t = 2/(w^2 + 1)`. For x > 0
    numerator and denominator are divided by :math:`e^{2x}`, so that nothing overflows.
    """
    positive = x.real > 0
    e = np.exp(np.where(positive, -x, x))
    above, rest = np.where(positive, 1 + 2 * e, e * (2 + e)), np.where(positive, 2 * e * e, 2)
    t, missing = above / (above + rest), rest / (above + rest)
    return t, missing * (1 + t)


@operation("x (*s)")
def mish_forward(x: Array) -> Array:
    r"""Mish: :math:`y = x\tanh(\log(1 + e^x))`, gated by the tanh of the softplus (Misra 2019).

    >>> mish_forward(np.array([-1.0, 0.0, 1.0])).round(3)
    array([-0.303,  0.   ,  0.865])
    """
    return x * _mish_gate(x)[0]


@operation("dy (*s), x (*s)")
def mish_backward(dy: Array, x: Array) -> Array:
    r"""Return :math:`dx = dy\,\bigl(t + x(1 - t^2)s\bigr)`, with :math:`s = \sigma(x)`, the derivative of softplus.

    >>> mish_backward(np.array([5.0]), np.array([0.0]))
    array([3.])
    """
    t, dt = _mish_gate(x)
    return dy * (t + x * dt * sigmoid(x))


@operation("ddx (*s), dy (*s), x (*s)")
def mish_double_backward(ddx: Array, dy: Array, x: Array) -> tuple[Array, Array]:
    r"""Return :math:`ddy = ddx\,f'` and :math:`\partial P/\partial x = ddx\,dy\,f''`.

    :math:`g' = t' = (1 - t^2)s` and :math:`g'' = (1 - t^2)sr - 2t\,t's = t'(r - 2ts)`, so
    :math:`f'' = (1 - t^2)s\bigl(2 + x(r - 2ts)\bigr)`.

    >>> mish_double_backward(np.array([25.0]), np.array([1.0]), np.array([0.0]))
    (array([15.]), array([16.]))
    """
    (t, dt), s, r = _mish_gate(x), sigmoid(x), sigmoid(-x)
    return mish_backward(ddx, x), ddx * dy * (dt * s * (2 + x * (r - 2 * t * s)))
