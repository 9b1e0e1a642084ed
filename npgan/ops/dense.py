r"""The dense layer: every output is a weighted sum of every input, plus a bias."""

import numpy as np


def dense_forward(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    r"""Apply the affine map :math:`y = xW + b`.

    .. math:: y_{no} = \sum_i x_{ni} W_{io} + b_o

    Parameters
    ----------
    x : (n, in_features)
    weight : (in_features, out_features)
    bias : (out_features,)

    Returns
    -------
    y : (n, out_features)

    Examples
    --------
    >>> dense_forward(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]), np.array([0.5]))
    array([[11.5]])
    """
    return x @ weight + bias


def dense_backward_input(dy: np.ndarray, weight: np.ndarray) -> np.ndarray:
    r"""Return the gradient by the input of ``y = x @ weight + bias``.

    :math:`\partial y_{no}/\partial x_{ni} = W_{io}`, and each input feeds every output, so

    .. math:: dx_{ni} = \sum_o dy_{no} W_{io} \quad\Longleftrightarrow\quad dx = dy\,W^\top

    Parameters
    ----------
    dy : (n, out_features)
    weight : (in_features, out_features)

    Returns
    -------
    dx : (n, in_features)

    Examples
    --------
    >>> dense_backward_input(np.array([[1.0]]), np.array([[3.0], [4.0]]))
    array([[3., 4.]])
    """
    return dy @ weight.T


def dense_backward_parameters(
    dy: np.ndarray, x: np.ndarray, dweight: np.ndarray, dbias: np.ndarray
) -> None:
    r"""Add the gradients by weight and bias of ``y = x @ weight + bias`` to ``dweight``, ``dbias``.

    :math:`\partial y_{no}/\partial W_{io} = x_{ni}` and :math:`\partial y_{no}/\partial b_o = 1`;
    weight and bias serve every sample, so the samples' contributions add up:

    .. math::
        dW = \sum_n x_n \otimes dy_n = x^\top dy, \qquad db = \sum_n dy_n

    Parameters
    ----------
    dy : (n, out_features)
    x : (n, in_features)
    dweight : (in_features, out_features), changed in place
    dbias : (out_features,), changed in place

    Examples
    --------
    >>> dweight, dbias = np.zeros((2, 1)), np.zeros(1)
    >>> dense_backward_parameters(np.array([[10.0]]), np.array([[1.0, 2.0]]), dweight, dbias)
    >>> dweight, dbias
    (array([[10.],
           [20.]]), array([10.]))
    """
    dweight += x.T @ dy
    dbias += dy.sum(axis=0)
