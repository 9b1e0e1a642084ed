r"""The dense layer: every output is a weighted sum of every input, plus a bias.

Inputs x are (n, in), outputs y (n, out), weight (in, out) and bias (out,). A gradient has the shape of what it
belongs to. Those of weight and bias are added to.
"""

from npgan.shapes import Array, operation


@operation("x (n, i), weight (i, o), bias (o,)")
def dense_forward(x: Array, weight: Array, bias: Array) -> Array:
    r"""Apply the affine map :math:`y = xW + b`.

    .. math:: y_{no} = \sum_i x_{ni} W_{io} + b_o

    >>> import numpy as np
    >>> dense_forward(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]), np.array([0.5]))
    array([[11.5]])
    """
    return x @ weight + bias


@operation("dy (n, o), weight (i, o)")
def dense_backward_input(dy: Array, weight: Array) -> Array:
    r"""Return the gradient of ``y = x @ weight + bias`` with respect to its input.

    :math:`\partial y_{no}/\partial x_{ni} = W_{io}`, and each input feeds every output, so

    .. math:: dx_{ni} = \sum_o dy_{no} W_{io} \quad\Longleftrightarrow\quad dx = dy\,W^\top

    >>> import numpy as np
    >>> dense_backward_input(np.array([[1.0]]), np.array([[3.0], [4.0]]))
    array([[3., 4.]])
    """
    return dy @ weight.T


@operation("dy (n, o), x (n, i), dweight (i, o) changed, dbias (o,) changed")
def dense_backward_parameters(dy: Array, x: Array, dweight: Array, dbias: Array) -> None:
    r"""Add the gradients of ``y = x @ weight + bias`` with respect to weight and bias.

    :math:`\partial y_{no}/\partial W_{io} = x_{ni}` and :math:`\partial y_{no}/\partial b_o = 1`;
    every sample uses the same weight and bias, so the samples' contributions add up:

    .. math::
        dW = \sum_n x_n \otimes dy_n = x^\top dy, \qquad db = \sum_n dy_n

    >>> import numpy as np
    >>> dweight, dbias = np.zeros((2, 1)), np.zeros(1)
    >>> dense_backward_parameters(np.array([[10.0]]), np.array([[1.0, 2.0]]), dweight, dbias)
    >>> dweight, dbias
    (array([[10.],
           [20.]]), array([10.]))
    """
    dweight += x.T @ dy
    dbias += dy.sum(axis=0)


@operation("ddx (n, i), dy (n, o), weight (i, o), dweight (i, o) changed or None")
def dense_double_backward(ddx: Array, dy: Array, weight: Array, dweight: Array | None) -> Array:
    r"""Differentiate ``dx = dy @ weight.T``: add to ``dweight`` and return ``ddy``.

    :func:`dense_backward_input` is itself a product, :math:`dx_{ni} = \sum_o dy_{no} W_{io}`. If a penalty
    has the gradient ``ddx`` with respect to ``dx``, it has

    .. math::
        \begin{aligned}
        ddy_{no} &= \sum_i ddx_{ni} W_{io} &\Longleftrightarrow ddy &= ddx\,W, \\
        dW_{io} &= \sum_n ddx_{ni}\,dy_{no} &\Longleftrightarrow dW &= ddx^\top dy.
        \end{aligned}

    It does not depend on x, nor on the bias. ``dweight`` is None if it is not wanted.

    >>> import numpy as np
    >>> dweight, weight = np.zeros((2, 1)), np.array([[3.0], [4.0]])
    >>> dense_double_backward(np.array([[1.0, 2.0]]), np.array([[10.0]]), weight, dweight)
    array([[11.]])
    >>> dweight
    array([[10.],
           [20.]])
    """
    if dweight is not None:
        dweight += ddx.T @ dy
    return ddx @ weight
