r"""Update rules of the optimisers: w, its gradient g and the rule's state are flat vectors.

In order of increasing complexity. Everything is changed in place; ``lr`` is the learning rate. The
gradient is used up: it is 0 afterwards, for the next backward pass to add to.
"""

import math
from functools import cache

import numpy as np

from npgan.shapes import takes

__all__ = [
    "adam_update",
    "adamw_update",
    "all_finite",
    "clip_by_norm",
    "clip_by_value",
    "ema_update",
    "momentum_update",
    "rmsprop_update",
    "sgd_update",
]


@takes("g (p,) changed, limit")
def clip_by_norm(g: np.ndarray, limit: float) -> None:
    r"""Shorten ``g`` to the Euclidean norm ``limit`` if it is longer, in place.

    :math:`g \leftarrow g\,\min(1, c/\|g\|)` (Pascanu et al. 2013, algorithm 1).

    >>> g = np.array([3.0, 4.0]); clip_by_norm(g, 1.0); g
    array([0.6, 0.8])
    """
    with np.errstate(over="ignore"):
        norm = float(np.linalg.norm(g))
    if norm == math.inf:  # g is not, but the sum of its squares
        norm = float(np.linalg.norm(g.astype(np.float64)))
    if norm > limit:
        g *= limit / norm


@takes("w (p,) changed, limit")
def clip_by_value(w: np.ndarray, limit: float) -> None:
    r"""Move every element into :math:`[-c, c]`, in place: gradients, or a critic's weights.

    >>> g = np.array([3.0, -0.5]); clip_by_value(g, 1.0); g
    array([ 1. , -0.5])
    """
    np.clip(w, -limit, limit, out=w)


@takes("w (p,) changed, g (p,) changed, lr")
def sgd_update(w: np.ndarray, g: np.ndarray, lr: float) -> None:
    r"""Gradient descent: :math:`w \leftarrow w - \eta g`.

    >>> w = np.array([1.0]); sgd_update(w, np.array([2.0]), 0.25); w
    array([0.5])
    """
    w -= lr * g
    g.fill(0)


@takes("w (p,) changed, g (p,) changed, v (p,) changed, lr, momentum")
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


@takes("w (p,) changed, g (p,) changed, v (p,) changed, lr, decay, eps")
def rmsprop_update(
    w: np.ndarray, g: np.ndarray, v: np.ndarray, lr: float, decay: float, eps: float
) -> None:
    r"""RMSProp: :math:`v \leftarrow \rho v + (1 - \rho)g^2`, :math:`w \leftarrow w - \eta g/(\sqrt v + \epsilon)`.

    v starts at 0 and is not divided by what that leaves of it, as Adam's is: the first step is
    :math:`\eta/\sqrt{1 - \rho}` long, whatever a gradient far above :math:`\epsilon` is. Source: Tieleman
    and Hinton 2012, lecture 6.5.

    >>> w, v = np.array([1.0]), np.array([0.0])
    >>> rmsprop_update(w, np.array([2.0]), v, 0.5, 0.75, 0.0); w, v
    (array([0.]), array([1.]))
    """
    v *= decay
    v += (1 - decay) * np.square(g)
    w -= lr * g / (np.sqrt(v) + eps)
    g.fill(0)


@takes("w (p,) changed, g (p,) changed, m (p,) changed, v (p,) changed, t, lr, beta1, beta2, eps")
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


@takes(
    "w (p,) changed, g (p,) changed, m (p,) changed, v (p,) changed, t, lr, beta1, beta2, "
    "eps, weight_decay"
)
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


def ema_decay(t: int, limit: float) -> float:
    r"""Return the decay :math:`\gamma_t = \min(\gamma, \frac{t - 1}{t + 8})` of an average's update t = 1, 2, ...

    A decay of .999 remembers a thousand updates. From the first weights, which are random, it would
    keep :math:`.999^t`: 92 % after 78 updates, and what it is to average goes under. Nor is it enough to
    divide their share away, as Adam does: all updates of a short run would count alike, those that
    had learned nothing as well.

    With :math:`\gamma_t = 1 - 9/(t + 8)` the average begins as :math:`a_1 = w_1`, and in
    :math:`a_t = \gamma_t a_{t-1} + (1 - \gamma_t) w_t` the weights :math:`w_i` have the share

    .. math:: \frac{9}{i + 8}\prod_{j=i+1}^t \frac{j - 1}{j + 8} = \binom{i + 7}{8} \Big/ \binom{t + 8}{9},

    of order :math:`i^8/t^9`: however long the run, its last tenth has three fifths of the weight, and the
    mean age is :math:`(t - 1)/10`. Once :math:`(t - 1)/(t + 8)` has reached :math:`\gamma` (for .999 at
    t = 8992) this is the usual average. Source: Shamir and Zhang 2013, polynomial-decay averaging with
    :math:`\eta = 8`.

    >>> [ema_decay(t, 0.999) for t in (1, 2, 10, 10_000)]
    [0.0, 0.1, 0.5, 0.999]
    """
    return min(limit, (t - 1) / (t + 8))


@takes("average (p,) changed, w (p,), decay")
def ema_update(average: np.ndarray, w: np.ndarray, decay: float) -> None:
    r"""Exponential moving average of the weights: :math:`a \leftarrow \gamma a + (1 - \gamma) w`.

    What the decay of a run's t-th update should be is said by :func:`ema_decay`.

    >>> a = np.array([1.0]); ema_update(a, np.array([3.0]), 0.75); a
    array([1.5])
    """
    average *= decay
    average += (1 - decay) * w


@takes("x (*s)")
def all_finite(x: np.ndarray) -> bool:
    """Return whether all numbers of ``x`` and their squares are finite: asked before an update is applied.

    Rules that divide by the gradient's size keep its square. Were that infinite once, its weight would
    not move any more.

    >>> all_finite(np.array([1.0, 2.0])), all_finite(np.array([1.0, np.nan])), all_finite(np.array([1e200]))
    (True, False, False)
    """
    return bool((np.abs(x) < too_large(x.dtype)).all())


@cache
def too_large(dtype: np.typing.DTypeLike) -> float:
    r"""Return the least number whose square is infinite: half of infinity's exponent, :math:`2^{64}` for float32.

    >>> too_large(np.float32) == 2.0**64
    True
    """
    return 2.0 ** (np.finfo(dtype).maxexp // 2)
