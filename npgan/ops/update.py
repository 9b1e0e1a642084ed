r"""Update rules of the optimisers, in order of increasing complexity.

The weights w, their gradient g and a rule's state are flat vectors, and all are changed in place. ``lr`` is the
learning rate :math:`\eta`. After the update g is 0, since the next backward pass adds to it.
"""

import math
from functools import cache

import numpy as np

from npgan.shapes import Array, operation


@operation("g (p,) changed, limit")
def clip_by_norm(g: Array, limit: float) -> None:
    r"""Shorten ``g`` to the Euclidean norm ``limit`` if it is longer, in place.

    :math:`g \leftarrow g\,\min(1, c/\|g\|)`, c the limit (Pascanu et al. 2013, algorithm 1).

    >>> g = np.array([3.0, 4.0]); clip_by_norm(g, 1.0); g
    array([0.6, 0.8])
    """
    with np.errstate(over="ignore"):
        norm = float(np.linalg.norm(g))
    if norm == math.inf:  # the sum of squares overflowed, though g is finite
        norm = float(np.linalg.norm(g.astype(np.float64)))
    if norm > limit:
        g *= limit / norm


@operation("w (p,) changed, limit")
def clip_by_value(w: Array, limit: float) -> None:
    r"""Clip every element to :math:`[-c, c]`, c the limit, in place: of gradients, or of a critic's weights.

    >>> g = np.array([3.0, -0.5]); clip_by_value(g, 1.0); g
    array([ 1. , -0.5])
    """
    np.clip(w, -limit, limit, out=w)


@operation("w (p,) changed, g (p,) changed, lr")
def sgd_update(w: Array, g: Array, lr: float) -> None:
    r"""Gradient descent: :math:`w \leftarrow w - \eta g`.

    >>> w = np.array([1.0]); sgd_update(w, np.array([2.0]), 0.25); w
    array([0.5])
    """
    w -= lr * g
    g.fill(0)


@operation("w (p,) changed, g (p,) changed, v (p,) changed, lr, momentum")
def momentum_update(w: Array, g: Array, v: Array, lr: float, momentum: float) -> None:
    r"""Heavy ball: :math:`v \leftarrow \mu v + g`, :math:`w \leftarrow w - \eta v` (Polyak 1964).

    >>> w, v = np.array([1.0]), np.array([2.0])
    >>> momentum_update(w, np.array([1.0]), v, 0.25, 0.5); w, v
    (array([0.5]), array([2.]))
    """
    v *= momentum
    v += g
    w -= lr * v
    g.fill(0)


@operation("w (p,) changed, g (p,) changed, v (p,) changed, lr, decay, eps")
def rmsprop_update(w: Array, g: Array, v: Array, lr: float, decay: float, eps: float) -> None:
    r"""RMSProp: :math:`v \leftarrow \rho v + (1 - \rho)g^2`, :math:`w \leftarrow w - \eta g/(\sqrt v + \epsilon)`.

    v starts at 0, and unlike Adam's it is not corrected for that. The first step therefore moves each weight
    by :math:`\eta/\sqrt{1 - \rho}`, for any gradient far above :math:`\epsilon`. Source: Tieleman and Hinton 2012,
    lecture 6.5.

    >>> w, v = np.array([1.0]), np.array([0.0])
    >>> rmsprop_update(w, np.array([2.0]), v, 0.5, 0.75, 0.0); w, v
    (array([0.]), array([1.]))
    """
    v *= decay
    v += (1 - decay) * np.square(g)
    w -= lr * g / (np.sqrt(v) + eps)
    g.fill(0)


@operation(
    "w (p,) changed, g (p,) changed, m (p,) changed, v (p,) changed, t, lr, beta1, beta2, eps"
)
def adam_update(
    w: Array,
    g: Array,
    m: Array,
    v: Array,
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

    m is a weighted sum of the gradients so far: unrolled from :math:`m_0 = 0`,
    :math:`m_t = (1 - \beta_1)\sum_{i=1}^t \beta_1^{t-i} g_i`. The weights add up to
    :math:`(1 - \beta_1)\sum_{j=0}^{t-1}\beta_1^j = 1 - \beta_1^t`, which is less than 1: the start at 0 makes m too
    small. Dividing by this sum makes :math:`\hat m` a weighted mean, whose weights add up to 1. The same
    holds for v (Kingma and Ba 2015, sec. 3).

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


@operation(
    "w (p,) changed, g (p,) changed, m (p,) changed, v (p,) changed, t, lr, beta1, beta2, "
    "eps, weight_decay"
)
def adamw_update(
    w: Array,
    g: Array,
    m: Array,
    v: Array,
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

    A constant decay of .999 averages over about a thousand updates, and the first, random weights keep a share
    of :math:`.999^t`. After 78 updates that is still 92 %. Dividing this share away, as Adam does, is not
    enough: in a short run all updates would have nearly the same share, also the early ones, which had learned
    nothing.

    With :math:`\gamma_t = 1 - 9/(t + 8)` the average begins as :math:`a_1 = w_1`, and in
    :math:`a_t = \gamma_t a_{t-1} + (1 - \gamma_t) w_t` the weights :math:`w_i` have the share

    .. math:: \frac{9}{i + 8}\prod_{j=i+1}^t \frac{j - 1}{j + 8} = \binom{i + 7}{8} \Big/ \binom{t + 8}{9},

    which grows as :math:`i^8/t^9`. Until :math:`\gamma_t` reaches :math:`\gamma`, the last tenth has about three
    fifths of the total share, and the mean age of the weights is :math:`(t - 1)/10` updates. Once
    :math:`(t - 1)/(t + 8)` reaches :math:`\gamma` (at t = 8992 for .999) this is the usual exponential average.
    Source: Shamir and Zhang 2013, polynomial-decay averaging with their parameter 8.

    >>> [ema_decay(t, 0.999) for t in (1, 2, 10, 10_000)]
    [0.0, 0.1, 0.5, 0.999]
    """
    return min(limit, (t - 1) / (t + 8))


@operation("average (p,) changed, w (p,), decay")
def ema_update(average: Array, w: Array, decay: float) -> None:
    r"""Exponential moving average of the weights: :math:`a \leftarrow \gamma a + (1 - \gamma) w`.

    :func:`ema_decay` returns the decay of each update.

    >>> a = np.array([1.0]); ema_update(a, np.array([3.0]), 0.75); a
    array([1.5])
    """
    average *= decay
    average += (1 - decay) * w


@operation("x (*s)")
def all_finite(x: Array) -> bool:
    """Return whether all numbers of ``x`` and their squares are finite. It is asked before each update.

    RMSProp and Adam keep a mean of the gradient's squares. If that became infinite, its weight would never
    move again.

    >>> all_finite(np.array([1.0, 2.0])), all_finite(np.array([1.0, np.nan])), all_finite(np.array([1e200]))
    (True, False, False)
    """
    return bool((np.abs(x) < too_large(x.dtype)).all())


@cache
def too_large(dtype: np.typing.DTypeLike) -> float:
    r"""Return the smallest power of two whose square overflows, :math:`2^{64}` for float32.

    >>> too_large(np.float32) == 2.0**64
    True
    """
    return 2.0 ** (np.finfo(dtype).maxexp // 2)
