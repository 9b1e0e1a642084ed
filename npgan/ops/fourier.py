r"""Fourier features: sines and cosines of a coordinate, which let a network see fine detail.

With F frequencies :math:`f_k`, in turns for each unit of x, a row x of d numbers becomes

.. math:: y = (x,\; s,\; c), \qquad s_{ik} = \sin 2\pi f_k x_i, \qquad c_{ik} = \cos 2\pi f_k x_i

of width d(1 + 2F). A dense network learns functions that vary slowly with its input long before those that
vary quickly. A function that varies quickly with x varies slowly with the right wave of x. Source: Tancik et
al. 2020.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from npgan.errors import InputError
from npgan.shapes import Array, operation

TURN = 2 * np.pi


@operation("x (n, d), frequencies (F,) cast real")
def fourier_forward(x: Array, frequencies: Array) -> Array:
    r"""Return x and its waves, (n, d(1 + 2F)). The cosine is computed as a sine a quarter turn ahead.

    Whole turns are subtracted, exactly, before the multiplication by :math:`2\pi`. But the number of
    turns, :math:`t = fx` with f in the dtype of x, is rounded, and so is t + 1/4. With the machine's
    :math:`\varepsilon` (:math:`2^{-23}` for float32), the error of a sine is at most
    :math:`\pi\varepsilon(|t| + 1)` and that of a cosine at most :math:`\pi\varepsilon(2|t| + 1)`. Above
    :math:`|t| = 1/2\varepsilon`, which is :math:`2^{22}` turns, every float is a whole or half number of turns, and
    both waves are 0 up to rounding.

    >>> fourier_forward(np.array([[1.0]]), np.array([0.25])).round(3)
    array([[1., 1., 0.]])
    """
    turns = _flat(x[:, :, None] * frequencies.astype(x.real.dtype))
    turns = np.concatenate([turns, turns + turns.dtype.type(0.25)], axis=1)
    return np.concatenate([x, np.sin(TURN * (turns - np.round(turns.real)))], axis=1)


def whole_waves(given: Mapping[str, Any]) -> None:
    """Refuse rows whose width is not a multiple of 1 + 2F, a coordinate and its waves."""
    (_, width), each = given["y"].shape, 1 + 2 * len(given["frequencies"])
    if width % each:
        raise InputError(
            f"the width of numbers with all their waves is a multiple of {each}, not {width}"
        )


@operation("dy (n, w), y (n, w), frequencies (F,) cast real", also=whole_waves)
def fourier_backward(dy: Array, y: Array, frequencies: Array) -> Array:
    r"""Return dx (n, d).

    With :math:`\omega_k = 2\pi f_k` the derivative of each wave is a multiple of the other,
    :math:`s' = \omega c` and :math:`c' = -\omega s`, so y is all that is needed from the forward pass:

    .. math:: dx_i = dy_i + \sum_k \omega_k\,(ds_{ik}\,c_{ik} - dc_{ik}\,s_{ik})

    >>> y = np.array([[0.0, 0.0, 1.0]])
    >>> fourier_backward(np.array([[3.0, 0.5, 7.0]]), y, np.array([1 / np.pi]))
    array([[4.]])
    """
    dx, ds, dc = _split(dy, frequencies)
    _, s, c = _split(y, frequencies)
    omega = TURN * frequencies.astype(y.dtype)
    return dx[:, :, 0] + (omega * (ds * c - dc * s)).sum(axis=2)


@operation("ddx (n, d), dy (n, d+2*d*F), y (n, d+2*d*F), frequencies (F,) cast real")
def fourier_double_backward(
    ddx: Array, dy: Array, y: Array, frequencies: Array, input_grad: bool = True
) -> tuple[Array, Array | None]:
    r"""Differentiate :func:`fourier_backward`, given a penalty P's gradient ``ddx`` with respect to its ``dx``.

    ``dx`` is linear in ``dy``, so :math:`ddy = (ddx_i,\; ddx_i\,\omega_k c_{ik},\; -ddx_i\,\omega_k s_{ik})`. It
    depends on x through the waves, so

    .. math:: \frac{\partial P}{\partial x_i}
        = -ddx_i \sum_k \omega_k^2\,(ds_{ik}\,s_{ik} + dc_{ik}\,c_{ik}).

    If ``input_grad`` is False, None is returned in place of :math:`\partial P/\partial x`.

    >>> y, dy = np.array([[0.0, 0.0, 1.0]]), np.array([[3.0, 0.5, 7.0]])
    >>> fourier_double_backward(np.array([[1.0]]), dy, y, np.array([1 / np.pi]))
    (array([[ 1.,  2., -0.]]), array([[-28.]]))
    """
    _, ds, dc = _split(dy, frequencies)
    _, s, c = _split(y, frequencies)
    omega = TURN * frequencies.astype(y.dtype)
    t = ddx[:, :, None] * omega
    ddy = np.concatenate([ddx, _flat(t * c), _flat(-t * s)], axis=1)
    if not input_grad:
        return ddy, None
    return ddy, -ddx * (omega * omega * (ds * s + dc * c)).sum(axis=2)


def _flat(waves: Array) -> Array:
    """Return waves (n, d, F) as rows (n, dF)."""
    n, d, f = waves.shape
    return waves.reshape(n, d * f)


def _split(y: Array, frequencies: Array) -> list[Array]:
    """Return the parts of rows that belong to x, s and c, as (n, d, 1), (n, d, F), (n, d, F)."""
    n, f = len(y), len(frequencies)
    d = y.shape[1] // (1 + 2 * f)
    parts = np.split(y, [d, d + d * f], axis=1)
    return [part.reshape(n, d, k) for part, k in zip(parts, (1, f, f), strict=True)]
