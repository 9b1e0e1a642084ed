r"""Update rules of the optimisers: w, its gradient g and the rule's state are flat vectors.

In order of increasing complexity. Everything is changed in place; ``lr`` is the learning rate. The
gradient is used up: it is 0 afterwards, for the next backward pass to add to.
"""

import numpy as np


def clip_by_norm(g: np.ndarray, limit: float) -> None:
    r"""Shorten ``g`` to the Euclidean norm ``limit`` if it is longer, in place.

    :math:`g \leftarrow g\,\min(1, c/\|g\|)` (Pascanu et al. 2013, algorithm 1).

    >>> g = np.array([3.0, 4.0]); clip_by_norm(g, 1.0); g
    array([0.6, 0.8])
    """
    norm = float(np.linalg.norm(g))
    if norm > limit:
        g *= limit / norm


def clip_by_value(w: np.ndarray, limit: float) -> None:
    r"""Move every element into :math:`[-c, c]`, in place: gradients, or a critic's weights.

    >>> g = np.array([3.0, -0.5]); clip_by_value(g, 1.0); g
    array([ 1. , -0.5])
    """
    np.clip(w, -limit, limit, out=w)


def sgd_update(w: np.ndarray, g: np.ndarray, lr: float) -> None:
    r"""Gradient descent: :math:`w \leftarrow w - \eta g`.

    >>> w = np.array([1.0]); sgd_update(w, np.array([2.0]), 0.25); w
    array([0.5])
    """
    w -= lr * g
    g.fill(0)


def momentum_update(
    w: np.ndarray, g: np.ndarray, v: np.ndarray, lr: float, momentum: float
) -> None:
    r"""Heavy ball: :math:`v \leftarrow \mu v + g`, :math:`w \leftarrow w - \eta v` (Polyak 1964).

    >>> w, v = np.array([1.0]), np.array([2.0])
    >>> momentum_update(w, np.array([1.0]), v, 0.25, 0.5); w, v
    (array([0.5]), array([2.]))
    """
    v *= momentum
    v += g
    w -= lr * v
    g.fill(0)


def rmsprop_update(
    w: np.ndarray, g: np.ndarray, v: np.ndarray, lr: float, decay: float, eps: float
) -> None:
    r"""RMSProp: :math:`v \leftarrow \rho v + (1 - \rho)g^2`, :math:`w \leftarrow w - \eta g/(\sqrt v + \epsilon)`.

    Source: Tieleman and Hinton 2012, lecture 6.5.

    >>> w, v = np.array([1.0]), np.array([0.0])
    >>> rmsprop_update(w, np.array([2.0]), v, 0.5, 0.75, 0.0); w, v
    (array([0.]), array([1.]))
    """
    v *= decay
    v += (1 - decay) * np.square(g)
    w -= lr * g / (np.sqrt(v) + eps)
    g.fill(0)


def adam_update(
    w: np.ndarray,
    g: np.ndarray,
    m: np.ndarray,
    v: np.ndarray,
    t: int,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
) -> None:
    r"""Adam, at its step t = 1, 2, ... (Kingma and Ba 2015, algorithm 1).

    .. math::
        m &\leftarrow \beta_1 m + (1 - \beta_1) g, & \hat m &= m/(1 - \beta_1^t) \\
        v &\leftarrow \beta_2 v + (1 - \beta_2) g^2, & \hat v &= v/(1 - \beta_2^t) \\
        w &\leftarrow w - \eta\,\hat m/(\sqrt{\hat v} + \epsilon)

    m and v start at 0; the divisions undo that start's pull.

    >>> w, m, v = np.array([1.0]), np.zeros(1), np.zeros(1)
    >>> adam_update(w, np.array([7.0]), m, v, 1, 0.1, 0.9, 0.999, 1e-8); w.round(6)
    array([0.9])
    """
    m *= beta1
    m += (1 - beta1) * g
    v *= beta2
    v += (1 - beta2) * np.square(g)
    root = np.sqrt(v / (1 - beta2**t)) + eps
    w -= (lr / (1 - beta1**t)) * m / root
    g.fill(0)


def adamw_update(
    w: np.ndarray,
    g: np.ndarray,
    m: np.ndarray,
    v: np.ndarray,
    t: int,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
) -> None:
    r"""Adam with decoupled weight decay: first :math:`w \leftarrow (1 - \eta\lambda) w`, then Adam.

    Source: Loshchilov and Hutter 2019, algorithm 2 (the decay scaled by the learning rate).

    >>> w, m, v = np.array([1.0]), np.zeros(1), np.zeros(1)
    >>> adamw_update(w, np.array([7.0]), m, v, 1, 0.1, 0.9, 0.999, 1e-8, 0.5); w.round(6)
    array([0.85])
    """
    w *= 1 - lr * weight_decay
    adam_update(w, g, m, v, t, lr, beta1, beta2, eps)


def ema_update(average: np.ndarray, w: np.ndarray, decay: float) -> None:
    r"""Exponential moving average of the weights: :math:`a \leftarrow \gamma a + (1 - \gamma) w`.

    >>> a = np.array([1.0]); ema_update(a, np.array([3.0]), 0.75); a
    array([1.5])
    """
    average *= decay
    average += (1 - decay) * w


def all_finite(x: np.ndarray) -> bool:
    """Return whether no number of ``x`` is NaN or infinite: asked before an update is applied.

    >>> all_finite(np.array([1.0, 2.0])), all_finite(np.array([1.0, np.nan]))
    (True, False)
    """
    return bool(np.isfinite(x).all())
