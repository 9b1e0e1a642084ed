r"""How likely data is: the decoders of autoencoders as distributions, and the importance-weighted bound.

A likelihood has a value a row, in nats, since the bound weighs rows against each other.
"""

import math

import numpy as np

from npgan.ops.loss import cross_entropies, cross_entropy_slopes
from npgan.shapes import takes

__all__ = [
    "log_bernoulli_with_logits_backward",
    "log_bernoulli_with_logits_forward",
    "log_gaussian_backward",
    "log_gaussian_forward",
    "log_mean_exp_backward",
    "log_mean_exp_forward",
    "log_prior_ratio_backward",
    "log_prior_ratio_forward",
]


@takes("logits (n, D), x (n, D) cast")
def log_bernoulli_with_logits_forward(logits: np.ndarray, x: np.ndarray) -> np.ndarray:
    r"""Log-likelihood of pixels that are 1 with probability :math:`p = \sigma(l)`, summed over each row.

    From :math:`\log\sigma(l) = l - \log(1 + e^l)` and :math:`\log(1 - \sigma(l)) = -\log(1 + e^l)`,

    .. math:: y_r = \sum_i x_{ri}\log p_{ri} + (1 - x_{ri})\log(1 - p_{ri})
        = \sum_i x_{ri} l_{ri} - \log(1 + e^{l_{ri}}).

    A probability cannot say how sure it is: in float32 it is 1 from a logit of 17 on, and a pixel that
    is 0 there would have no gradient. The logit can.

    logits, x: (n, d), x in [0, 1]; y: (n,). Kingma and Welling 2014, appendix C.1.

    >>> log_bernoulli_with_logits_forward(np.array([[0.0, 1e4]]), np.array([[1.0, 0.0]])).round(4)
    array([-10000.6931])
    """
    return -cross_entropies(logits, x).sum(axis=1)


@takes("dy (n,) cast, logits (n, D), x (n, D) cast")
def log_bernoulli_with_logits_backward(
    dy: np.ndarray, logits: np.ndarray, x: np.ndarray
) -> np.ndarray:
    r"""Return :math:`dl_{ri} = dy_r\,(x_{ri} - \sigma(l_{ri}))`.

    >>> log_bernoulli_with_logits_backward(np.array([3.0]), np.array([[0.0]]), np.array([[1.0]]))
    array([[1.5]])
    """
    return -dy[:, None] * cross_entropy_slopes(logits, x)


@takes("mean (n, d), x (n, d)")
def log_gaussian_forward(mean: np.ndarray, x: np.ndarray) -> np.ndarray:
    r"""Log-density of :math:`N(\mu, \frac12)`: :math:`y_r = -\sum_i (x_{ri} - \mu_{ri})^2 - \frac d2\log\pi`.

    mean, x: (n, d); y: (n,). Kingma and Welling 2014, appendix C.2, with a variance that is not learned.

    >>> log_gaussian_forward(np.array([[1.0, 2.0]]), np.array([[0.0, 4.0]])).round(4)  # -5 - log pi
    array([-6.1447])
    """
    return -np.square(x - mean).sum(axis=1) - math.log(math.pi) / 2 * x.shape[1]


@takes("dy (n,), mean (n, d), x (n, d)")
def log_gaussian_backward(dy: np.ndarray, mean: np.ndarray, x: np.ndarray) -> np.ndarray:
    r"""Return :math:`d\mu_{ri} = 2\,dy_r\,(x_{ri} - \mu_{ri})`.

    >>> log_gaussian_backward(np.array([1.0]), np.array([[1.0, 2.0]]), np.array([[0.0, 4.0]]))
    array([[-2.,  4.]])
    """
    return 2 * dy[:, None] * (x - mean)


@takes("z (n, d), log_var (n, d), eps (n, d)")
def log_prior_ratio_forward(z: np.ndarray, log_var: np.ndarray, eps: np.ndarray) -> np.ndarray:
    r"""How much likelier z is by the prior than by what it was drawn from: :math:`\log p(z)/q(z|x)`.

    With :math:`z = \mu + \sigma\epsilon`, :math:`p = N(0, I)` and :math:`q = N(\mu, \sigma^2)` the
    constants cancel: :math:`y_r = \frac12\sum_i \epsilon_{ri}^2 + \log\sigma_{ri}^2 - z_{ri}^2`. Its mean
    over :math:`\epsilon` is minus the divergence of q from p. All arrays (n, d); y: (n,).

    >>> log_prior_ratio_forward(np.array([[2.0]]), np.array([[0.0]]), np.array([[1.0]]))
    array([-1.5])
    """
    return (np.square(eps) + log_var - np.square(z)).sum(axis=1) / 2


@takes("dy (n,), z (n, d)")
def log_prior_ratio_backward(dy: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r"""Return :math:`dz_{ri} = -dy_r z_{ri}` and :math:`d\log\sigma^2_{ri} = \frac12 dy_r`; the noise is fixed.

    That z itself depends on the log-variance is the sample's own gradient.

    >>> log_prior_ratio_backward(np.array([3.0]), np.array([[2.0]]))
    (array([[-6.]]), array([[1.5]]))
    """
    return -dy[:, None] * z, np.repeat(dy[:, None] / 2, z.shape[1], axis=1)


@takes("a (n, K)")
def log_mean_exp_forward(a: np.ndarray) -> np.ndarray:
    r"""The logarithm of a mean of exponentials: :math:`y_r = \log\frac1k\sum_j e^{a_{rj}}`.

    Of log-weights :math:`a = \log w`, :math:`w = p(x|z)\,p(z)/q(z|x)`, it is the importance-weighted bound
    of :math:`\log p(x)`: its mean rises with k, and is the evidence lower bound for k = 1. The largest a is
    taken out of the sum, so that nothing overflows. a: (n, k); y: (n,). Burda et al. 2016, eq. 8.

    >>> log_mean_exp_forward(np.log([[1.0, 3.0]])).round(4)
    array([0.6931])
    """
    top = a.max(axis=1, keepdims=True)
    return np.log(np.exp(a - top).mean(axis=1)) + top[:, 0]


@takes("dy (n,), a (n, K)")
def log_mean_exp_backward(dy: np.ndarray, a: np.ndarray) -> np.ndarray:
    r"""Return :math:`da_{rj} = dy_r\,\tilde w_{rj}`, :math:`\tilde w_{rj} = e^{a_{rj}}/\sum_l e^{a_{rl}}`.

    A sample counts by its share of the weight. Source: Burda et al. 2016, eq. 14.

    >>> log_mean_exp_backward(np.array([2.0]), np.log([[1.0, 3.0]]))
    array([[0.5, 1.5]])
    """
    w = np.exp(a - a.max(axis=1, keepdims=True))
    return dy[:, None] * w / w.sum(axis=1, keepdims=True)
