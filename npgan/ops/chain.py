r"""A chain of dense layers, each with an activation: what a backend may compute in one go.

Stage s has a row in the plan, (in, out, weight, bias, code, before): its widths, where its weight
and bias start in the network's flat vector, its activation's place in :data:`ACTIVATIONS`, and how
many outputs a sample has in the stages before it. The outputs of n samples lie in one flat array,
stage after stage: those of stage s start at ``n * before``.
"""

import numpy as np

from npgan.ops import activation
from npgan.ops.dense import dense_backward_input, dense_backward_parameters, dense_forward

ACTIVATIONS = ("identity", "relu", "leaky_relu", "sigmoid", "tanh", "softplus", "elu")
WITH_ARGUMENT = ("leaky_relu", "elu")


def _activation(code: int, argument: float, direction: str, *arrays: np.ndarray) -> np.ndarray:
    name = ACTIVATIONS[code]
    arguments = (float(argument),) if name in WITH_ARGUMENT else ()
    return getattr(activation, f"{name}_{direction}")(*arrays, *arguments)


def chain_forward(
    x: np.ndarray, w: np.ndarray, plan: np.ndarray, arguments: np.ndarray
) -> np.ndarray:
    r"""Apply every stage, :math:`x_{s+1} = f_s(x_s W_s + b_s)`, and return all their outputs.

    Parameters
    ----------
    x : (n, in)
    w : (size,) all parameters
    plan : (stages, 6) integers, see the top of this file
    arguments : (stages,) the activations' arguments, 0 where there is none

    Returns
    -------
    y : (n * sum of all widths,)

    Examples
    --------
    >>> plan = np.array([[1, 1, 0, 1, 1, 0], [1, 2, 2, 4, 0, 1]])  # 1 -> 1 relu -> 2
    >>> w = np.array([2.0, 0.0, 1.0, -1.0, 0.5, 0.5])
    >>> chain_forward(np.array([[3.0]]), w, plan, np.zeros(2))
    array([ 6. ,  6.5, -5.5])
    """
    outputs = []
    for (k, m, weight, bias, code, _), argument in zip(plan, arguments, strict=True):
        x = dense_forward(x, w[weight : weight + k * m].reshape(k, m), w[bias : bias + m])
        x = _activation(code, argument, "forward", x)
        outputs.append(x.reshape(-1))
    return np.concatenate(outputs)


def chain_backward(
    dy: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    w: np.ndarray,
    plan: np.ndarray,
    arguments: np.ndarray,
    grads: np.ndarray | None,
    input_grad: bool,
) -> np.ndarray | None:
    r"""Go back through the stages: the chain rule.

    For each stage, from the last: :math:`d = dx_{s+1} \odot f_s'`, then :math:`dW_s \mathrel{+}= x_s^\top d`,
    :math:`db_s \mathrel{+}= \sum_n d_n` and :math:`dx_s = d W_s^\top`.

    Parameters
    ----------
    dy : (n, out) the gradient by the last stage's output
    x, w, plan, arguments : as given to :func:`chain_forward`
    y : what that returned
    grads : (size,), added to; None: they are not wanted
    input_grad : whether ``dx`` is wanted; None is returned otherwise

    Returns
    -------
    dx : (n, in) or None

    Examples
    --------
    >>> plan = np.array([[1, 1, 0, 1, 1, 0], [1, 2, 2, 4, 0, 1]])
    >>> w, grads = np.array([2.0, 0.0, 1.0, -1.0, 0.5, 0.5]), np.zeros(6)
    >>> x = np.array([[3.0]])
    >>> y = chain_forward(x, w, plan, np.zeros(2))
    >>> chain_backward(np.array([[1.0, 0.0]]), x, y, w, plan, np.zeros(2), grads, True)
    array([[2.]])
    >>> grads
    array([3., 1., 6., 0., 1., 0.])
    """
    n = len(dy)
    for s in reversed(range(len(plan))):
        k, m, weight, bias, code, before = plan[s]
        output = y[n * before : n * (before + m)].reshape(n, m)
        source = y[n * (before - k) : n * before].reshape(n, k) if s else x
        dy = _activation(code, arguments[s], "backward", dy, output)
        if grads is not None:
            dweight = grads[weight : weight + k * m].reshape(k, m)
            dense_backward_parameters(dy, source, dweight, grads[bias : bias + m])
        if s or input_grad:
            dy = dense_backward_input(dy, w[weight : weight + k * m].reshape(k, m))
    return dy if input_grad else None
