r"""Losses: a mean over elements or rows, and its gradient.

``<name>_forward(prediction, target) -> value`` and ``<name>_backward(prediction, target) -> grad``. A loss is
the last operation of a forward pass: its backward pass starts the chain, and takes no upstream gradient.
``<name>``, if there is one, returns both. N is the number of elements.
"""

import numpy as np

from npgan.ops.activation import sigmoid_forward, softmax_forward, softplus_forward
from npgan.shapes import Array, operation


@operation("x (*S), target (*S) cast")
def mse_forward(x: Array, target: Array) -> np.floating:
    r"""Mean squared error: :math:`L = \frac1N\sum_i (x_i - t_i)^2`.

    >>> float(mse_forward(np.array([1.0, 3.0]), np.array([0.0, 0.0])))
    5.0
    """
    return np.square(x - target).mean()


@operation("x (*S), target (*S) cast")
def mse_backward(x: Array, target: Array) -> Array:
    r"""Return :math:`dx_i = 2(x_i - t_i)/N`.

    >>> mse_backward(np.array([1.0, 3.0]), np.array([0.0, 0.0]))
    array([1., 3.])
    """
    return (x - target) * (2 / x.size)


@operation("x (*S), target (*S) cast")
def mse(x: Array, target: Array) -> tuple[np.floating, Array]:
    """Return :func:`mse_forward` and :func:`mse_backward`: one pass, where a backend can.

    >>> value, dx = mse(np.array([1.0, 3.0]), np.array([0.0, 0.0]))
    >>> round(float(value), 4), dx.tolist()
    (5.0, [1.0, 3.0])
    """
    return mse_forward(x, target), mse_backward(x, target)


@operation("x (*S), target (*S) cast")
def l1_forward(x: Array, target: Array) -> np.floating:
    r"""Mean absolute error: :math:`L = \frac1N\sum_i |x_i - t_i|`.

    >>> float(l1_forward(np.array([1.0, -3.0]), np.array([0.0, 0.0])))
    2.0
    """
    return np.abs(x - target).mean()


@operation("x (*S), target (*S) cast")
def l1_backward(x: Array, target: Array) -> Array:
    r"""Return :math:`dx_i = \operatorname{sign}(x_i - t_i)/N`, which is 0 at the corner.

    >>> l1_backward(np.array([1.0, -3.0]), np.array([0.0, 0.0]))
    array([ 0.5, -0.5])
    """
    return np.sign(x - target) / x.dtype.type(x.size)


@operation("x (*S), target (*S) cast")
def l1(x: Array, target: Array) -> tuple[np.floating, Array]:
    """Return :func:`l1_forward` and :func:`l1_backward`: one pass, where a backend can.

    >>> value, dx = l1(np.array([1.0, -3.0]), np.array([0.0, 0.0]))
    >>> round(float(value), 4), dx.tolist()
    (2.0, [0.5, -0.5])
    """
    return l1_forward(x, target), l1_backward(x, target)


def cross_entropies(logits: Array, target: Array | float) -> Array:
    r"""Return the binary cross-entropy of each logit, :math:`\log(1 + e^l) - tl`, in their shape.

    It is computed as :math:`\max(l, 0) - tl + \log(1 + e^{-|l|})`, which keeps its digits where it is small.

    >>> cross_entropies(np.array([1e3, -50.0]), np.array([1.0, 0.0])).tolist() == [0, np.exp(-50.0)]
    True
    """
    positive = logits.real > 0
    linear = np.where(positive, logits, 0) - target * logits
    return linear + softplus_forward(np.where(positive, -logits, logits))


def cross_entropy_slopes(logits: Array, target: Array | float) -> Array:
    r"""Return the derivatives of :func:`cross_entropies` with respect to the logits, :math:`\sigma(l) - t`.

    The derivative of :math:`\log(1 + e^l)` is the sigmoid. The difference is computed as
    :math:`(1 - t)\sigma(l) - t\sigma(-l)`, which is equal because :math:`1 - \sigma(l) = \sigma(-l)`. Where t is 0
    or 1 only one term is left, and a derivative near 0 keeps its digits.

    >>> cross_entropy_slopes(np.array([50.0]), 1.0) == -np.exp(-50.0)
    array([ True])
    """
    return (1 - target) * sigmoid_forward(logits) - target * sigmoid_forward(-logits)


@operation("logits (*S), target (*S) cast or number")
def bce_with_logits_forward(logits: Array, target: Array | float) -> np.floating:
    r"""Binary cross-entropy of :math:`p = \sigma(l)`: :math:`L = \frac1N\sum_i\log(1 + e^{l_i}) - t_i l_i`.

    This is :math:`-t\log p - (1 - t)\log(1 - p)`, with :math:`-\log\sigma(l) = \log(1 + e^l) - l` and
    :math:`-\log(1 - \sigma(l)) = \log(1 + e^l)`. There is no version that takes probabilities: float32 rounds
    :math:`\sigma(l)` to 1 for logits above 17, and its derivative to 0.

    >>> float(bce_with_logits_forward(np.array([1e4, -1e4]), np.array([1.0, 1.0])))
    5000.0
    """
    return cross_entropies(logits, target).mean()


@operation("logits (*S), target (*S) cast or number")
def bce_with_logits_backward(logits: Array, target: Array | float) -> Array:
    r"""Return :math:`dl_i = (\sigma(l_i) - t_i)/N`.

    >>> bce_with_logits_backward(np.array([0.0, 1e4]), np.array([1.0, 1.0]))
    array([-0.25,  0.  ])
    """
    return cross_entropy_slopes(logits, target) / logits.dtype.type(logits.size)


@operation("logits (*S), target (*S) cast or number")
def bce_with_logits(logits: Array, target: Array | float) -> tuple[np.floating, Array]:
    """Return :func:`bce_with_logits_forward` and :func:`bce_with_logits_backward`: one pass, where a backend can.

    >>> value, dlogits = bce_with_logits(np.array([0.0]), 1.0)
    >>> round(float(value), 4), dlogits.tolist()
    (0.6931, [-0.5])
    """
    return bce_with_logits_forward(logits, target), bce_with_logits_backward(logits, target)


@operation("logits (N, C), labels (N,) below C")
def softmax_cross_entropy_forward(logits: Array, labels: Array) -> np.floating:
    r"""Cross-entropy of a softmax, mean over the n rows: :math:`L = \frac1n\sum_r \log\sum_j e^{l_{rj}} - l_{r,c_r}`.

    logits: (n, classes); labels: (n,), integers c below ``classes``.

    >>> float(softmax_cross_entropy_forward(np.array([[0.0, 1e4]]), np.array([0])))
    10000.0
    """
    shifted = logits - logits.real.max(axis=1, keepdims=True)
    rows = np.arange(len(labels))
    return (np.log(np.exp(shifted).sum(axis=1)) - shifted[rows, labels]).mean()


@operation("logits (N, C), labels (N,) below C")
def softmax_cross_entropy_backward(logits: Array, labels: Array) -> Array:
    r"""Return :math:`dl_{rj} = (\mathrm{softmax}(l_r)_j - [j = c_r])/n`.

    The derivative of :math:`\log\sum_j e^{l_j}` with respect to :math:`l_j` is the softmax. The entries of a row add
    up to 0, and the one of the right class is computed as minus the sum of the others. Subtracting 1 from a
    probability near 1 would leave few digits, in float32 none where its logit is 17 above the rest, and an
    attack that follows the gradient's sign (:mod:`npgan.study.attacks`) would be lost there.

    >>> softmax_cross_entropy_backward(np.array([[0.0, 0.0]]), np.array([0]))
    array([[-0.5,  0.5]])
    """
    dlogits, right = softmax_forward(logits), (np.arange(len(labels)), labels)
    dlogits[right] = 0
    dlogits[right] = -dlogits.sum(axis=1)
    return dlogits / dlogits.dtype.type(len(labels))


@operation("logits (N, C), labels (N,) below C")
def softmax_cross_entropy(logits: Array, labels: Array) -> tuple[np.floating, Array]:
    """Return the loss and its gradient: one pass, where a backend can.

    >>> value, dlogits = softmax_cross_entropy(np.array([[0.0, 0.0]]), np.array([0]))
    >>> round(float(value), 4), dlogits.tolist()
    (0.6931, [[-0.5, 0.5]])
    """
    return (
        softmax_cross_entropy_forward(logits, labels),
        softmax_cross_entropy_backward(logits, labels),
    )


@operation("mean (N, d), log_var (N, d)")
def kl_standard_normal_forward(mean: Array, log_var: Array) -> np.floating:
    r"""KL divergence of :math:`N(\mu, \sigma^2)` from :math:`N(0, 1)`, summed over d and averaged over n rows.

    .. math:: L = \frac1n\sum_{r,i} \tfrac12\bigl(\mu_{ri}^2 + \sigma_{ri}^2 - 1 - \log\sigma_{ri}^2\bigr)

    The divergence of q from p is the mean of :math:`\log q(z) - \log p(z)` over :math:`z \sim q`. Here

    .. math:: \log q(z) = -\tfrac12\Bigl(\log 2\pi + \log\sigma^2 + \frac{(z - \mu)^2}{\sigma^2}\Bigr), \qquad
        \log p(z) = -\tfrac12\bigl(\log 2\pi + z^2\bigr).

    Under q the mean of :math:`(z - \mu)^2` is :math:`\sigma^2` and that of :math:`z^2` is
    :math:`\mu^2 + \sigma^2`. The difference is :math:`\frac12(-\log\sigma^2 - 1 + \mu^2 + \sigma^2)`, and
    independent coordinates add up. Source: Kingma and Welling 2014, appendix B. ``mean``, ``log_var``: (n, d).

    >>> float(kl_standard_normal_forward(np.array([[1.0, 0.0]]), np.zeros((1, 2))))
    0.5
    """
    return (np.square(mean) + np.expm1(log_var) - log_var).sum() / (2 * len(mean))


@operation("mean (N, d), log_var (N, d)")
def kl_standard_normal_backward(mean: Array, log_var: Array) -> tuple[Array, Array]:
    r"""Return :math:`d\mu = \mu/n` and :math:`d\log\sigma^2 = (\sigma^2 - 1)/2n`.

    The second holds because :math:`\sigma^2 = e^{\log\sigma^2}` is its own derivative with respect to
    :math:`\log\sigma^2`.

    >>> kl_standard_normal_backward(np.array([[1.0]]), np.log(np.array([[3.0]])))
    (array([[1.]]), array([[1.]]))
    """
    n = mean.dtype.type(len(mean))
    return mean / n, np.expm1(log_var) / (2 * n)
