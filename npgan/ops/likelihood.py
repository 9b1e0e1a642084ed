r"""Log-likelihoods of data under an autoencoder's decoder, and the importance-weighted bound.

A variational autoencoder has a prior :math:`p(z) = N(0, I)`, a decoder :math:`p(x|z)` and an encoder
:math:`q(z|x)`. For any z, Bayes' rule gives :math:`p(x) = p(x|z)\,p(z)/p(z|x)`. The encoder stands in for
:math:`p(z|x)`, which nobody can compute, and the ratio

.. math:: w = \frac{p(x|z)\,p(z)}{q(z|x)}, \qquad z \sim q(z|x),

is an unbiased estimate of p(x): its mean over q is :math:`\int p(x|z)\,p(z)\,dz = p(x)`. The logarithm is
concave, so by Jensen's inequality the mean of :math:`\log w` is at most :math:`\log p(x)`. That is the evidence
lower bound. A mean of k such weights varies less than a single weight, and its logarithm is a tighter bound.

The functions below return the two parts of :math:`\log w`, one number in nats for each row, and the logarithm
of the mean.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from npgan.errors import InputError
from npgan.ops.activation import softmax_forward
from npgan.ops.categories import categories, check_widths
from npgan.ops.loss import cross_entropies, cross_entropy_slopes
from npgan.shapes import Array, operation


def described_rows(given: Mapping[str, Any]) -> None:
    """Raise an InputError unless the blocks make up a row, and the output has a variance for each number."""
    widths, d, wide = given["widths"], given["x"].shape[1], given["output"].shape[1]
    check_widths(widths, d)
    if d + (widths == 1).sum() != wide:
        raise InputError(
            f"the output describes rows of {d} numbers, {(widths == 1).sum()} of which have a variance, by {wide}"
        )


def _numbers(widths: Array) -> Array:
    """Return which columns of a row are numbers."""
    return (np.cumsum(widths) - 1)[widths == 1]


@operation("logits (n, D), x (n, D) cast")
def log_bernoulli_with_logits_forward(logits: Array, x: Array) -> Array:
    r"""Log-likelihood of pixels that are 1 with probability :math:`p = \sigma(l)`, summed over each row.

    From :math:`\log\sigma(l) = l - \log(1 + e^l)` and :math:`\log(1 - \sigma(l)) = -\log(1 + e^l)`,

    .. math:: y_r = \sum_i x_{ri}\log p_{ri} + (1 - x_{ri})\log(1 - p_{ri})
        = \sum_i x_{ri} l_{ri} - \log(1 + e^{l_{ri}}).

    It takes logits because float32 rounds :math:`\sigma(l)` to 1 for logits above 17. A pixel whose value
    is 0 would have no gradient there.

    logits, x: (n, d), x in [0, 1]; y: (n,). Kingma and Welling 2014, appendix C.1.

    >>> log_bernoulli_with_logits_forward(np.array([[0.0, 1e4]]), np.array([[1.0, 0.0]])).round(4)
    array([-10000.6931])
    """
    return -cross_entropies(logits, x).sum(axis=1)


@operation("dy (n,) cast, logits (n, D), x (n, D) cast")
def log_bernoulli_with_logits_backward(dy: Array, logits: Array, x: Array) -> Array:
    r"""Return :math:`dl_{ri} = dy_r\,(x_{ri} - \sigma(l_{ri}))`.

    The derivative of :math:`\log(1 + e^l)` is :math:`e^l/(1 + e^l) = \sigma(l)`.

    >>> log_bernoulli_with_logits_backward(np.array([3.0]), np.array([[0.0]]), np.array([[1.0]]))
    array([[1.5]])
    """
    return -dy[:, None] * cross_entropy_slopes(logits, x)


@operation("mean (n, d), x (n, d)")
def log_gaussian_forward(mean: Array, x: Array) -> Array:
    r"""Log-density of :math:`N(\mu, \frac12)`: :math:`y_r = -\sum_i (x_{ri} - \mu_{ri})^2 - \frac d2\log\pi`.

    One coordinate has the density :math:`(2\pi\sigma^2)^{-1/2} e^{-(x - \mu)^2/2\sigma^2}`. With
    :math:`\sigma^2 = \frac12` its logarithm is :math:`-(x - \mu)^2 - \frac12\log\pi`, and the coordinates are
    independent, so the logarithms add up.

    mean, x: (n, d); y: (n,). Kingma and Welling 2014, appendix C.2, with a variance that is not learned.

    >>> log_gaussian_forward(np.array([[1.0, 2.0]]), np.array([[0.0, 4.0]])).round(4)  # -5 - log pi
    array([-6.1447])
    """
    return -np.square(x - mean).sum(axis=1) - math.log(math.pi) / 2 * x.shape[1]


@operation("dy (n,), mean (n, d), x (n, d)")
def log_gaussian_backward(dy: Array, mean: Array, x: Array) -> Array:
    r"""Return :math:`d\mu_{ri} = 2\,dy_r\,(x_{ri} - \mu_{ri})`.

    >>> log_gaussian_backward(np.array([1.0]), np.array([[1.0, 2.0]]), np.array([[0.0, 4.0]]))
    array([[-2.,  4.]])
    """
    return 2 * dy[:, None] * (x - mean)


@operation("output (n, D), x (n, d), widths (b,) integers", also=described_rows)
def log_table_forward(output: Array, x: Array, widths: Array) -> Array:
    r"""Log-likelihood of rows of tables: Gaussian numbers and categories (:mod:`npgan.ops.categories`).

    ``output`` describes a row's blocks in their order, a number by its mean :math:`\mu` and a category by its logits
    l. After them come the log-variances :math:`\lambda = \log\sigma^2` of the numbers. Given the output, the blocks are
    independent, so their log-likelihoods add up:

    .. math:: y_r = -\tfrac12\sum_{\mathrm{numbers}} \Bigl(\log 2\pi + \lambda + (x - \mu)^2 e^{-\lambda}\Bigr)
        + \sum_{\mathrm{categories}} \sum_i x_i \log\mathrm{softmax}(l)_i.

    output: (n, d + numbers); x: (n, d), one-hot; y: (n,). Xu et al. 2019 ("TVAE"), with variances that depend on z.

    >>> output = np.array([[1.0, 0.0, 0.0, 0.0]])  # a mean, two logits, a log-variance
    >>> log_table_forward(output, np.array([[3.0, 0.0, 1.0]]), np.array([1, 2])).round(4)  # -2 - log(2 pi)/2 - log 2
    array([-3.6121])
    """
    numbers, d = _numbers(widths), x.shape[1]
    log_var = output[:, d:]
    error = np.square(x[:, numbers] - output[:, numbers]) * np.exp(-log_var)
    y = -(math.log(2 * math.pi) + log_var + error).sum(axis=1) / 2
    for block in categories(widths):
        logits = output[:, block] - output[:, block].real.max(axis=1, keepdims=True)
        y += (x[:, block] * logits).sum(axis=1)
        y -= x[:, block].sum(axis=1) * np.log(np.exp(logits).sum(axis=1))
    return y


@operation("dy (n,), output (n, D), x (n, d), widths (b,) integers", also=described_rows)
def log_table_backward(dy: Array, output: Array, x: Array, widths: Array) -> Array:
    r"""Return :math:`d\mu = dy\,(x - \mu)e^{-\lambda}`, :math:`d\lambda` and :math:`dl`.

    The term of a number has the derivative :math:`-\frac12\bigl(1 - (x - \mu)^2 e^{-\lambda}\bigr)` with respect to
    :math:`\lambda`. That of a category has the derivative :math:`x_i - \mathrm{softmax}(l)_i` with respect to
    :math:`l_i`, as its x adds up to 1.

    >>> output = np.array([[1.0, 0.0, 0.0, 0.0]])
    >>> log_table_backward(np.array([2.0]), output, np.array([[3.0, 0.0, 1.0]]), np.array([1, 2]))
    array([[ 4., -1.,  1.,  3.]])
    """
    numbers, d = _numbers(widths), x.shape[1]
    doutput, dy = np.empty(output.shape, np.result_type(dy, output, x)), dy[:, None]
    away, precision = x[:, numbers] - output[:, numbers], np.exp(-output[:, d:])
    doutput[:, numbers] = dy * away * precision
    doutput[:, d:] = dy * (np.square(away) * precision - 1) / 2
    for block in categories(widths):
        doutput[:, block] = dy * (x[:, block] - softmax_forward(output[:, block]))
    return doutput


@operation("z (n, d), log_var (n, d), eps (n, d)")
def log_prior_ratio_forward(z: Array, log_var: Array, eps: Array) -> Array:
    r"""The logarithm of the prior's density over the encoder's: :math:`y_r = \log p(z_r) - \log q(z_r|x_r)`.

    :math:`p = N(0, I)`, :math:`q = N(\mu, \sigma^2)` and :math:`z = \mu + \sigma\epsilon`, so that
    :math:`(z - \mu)^2/\sigma^2 = \epsilon^2`. For one coordinate

    .. math:: \log p(z) = -\tfrac12\bigl(\log 2\pi + z^2\bigr), \qquad
        \log q(z|x) = -\tfrac12\bigl(\log 2\pi + \log\sigma^2 + \epsilon^2\bigr).

    In the difference :math:`\log 2\pi` cancels:
    :math:`y_r = \frac12\sum_i\bigl(\epsilon_{ri}^2 + \log\sigma_{ri}^2 - z_{ri}^2\bigr)`. Its mean over
    :math:`\epsilon` is :math:`-\mathrm{KL}(q\,\|\,p)`. All arrays are (n, d), and y is (n,).

    >>> log_prior_ratio_forward(np.array([[2.0]]), np.array([[0.0]]), np.array([[1.0]]))
    array([-1.5])
    """
    return (np.square(eps) + log_var - np.square(z)).sum(axis=1) / 2


@operation("dy (n,), z (n, d)")
def log_prior_ratio_backward(dy: Array, z: Array) -> tuple[Array, Array]:
    r"""Return :math:`dz_{ri} = -dy_r z_{ri}` and :math:`d\log\sigma^2_{ri} = \frac12 dy_r`.

    The noise :math:`\epsilon` is a constant. The second is the derivative with z held fixed. That z
    depends on the log-variance too is left to :func:`npgan.ops.gaussian_sample_backward`, which is given ``dz``.

    >>> log_prior_ratio_backward(np.array([3.0]), np.array([[2.0]]))
    (array([[-6.]]), array([[1.5]]))
    """
    return -dy[:, None] * z, np.repeat(dy[:, None] / 2, z.shape[1], axis=1)


@operation("a (n, K)")
def log_mean_exp_forward(a: Array) -> Array:
    r"""The logarithm of a mean of exponentials: :math:`y_r = \log\frac1k\sum_j e^{a_{rj}}`.

    For log-weights :math:`a = \log w` it is the importance-weighted bound on :math:`\log p(x)`. The bound rises
    with k, and for k = 1 it is the evidence lower bound. With a row's largest number m, the logarithm is computed as
    :math:`m + \log\frac1k\sum_j e^{a_{rj} - m}`, so that nothing overflows. a: (n, k); y: (n,). Burda et al.
    2016, eq. 8.

    >>> log_mean_exp_forward(np.log([[1.0, 3.0]])).round(4)
    array([0.6931])
    """
    top = a.max(axis=1, keepdims=True)
    return np.log(np.exp(a - top).mean(axis=1)) + top[:, 0]


@operation("dy (n,), a (n, K)")
def log_mean_exp_backward(dy: Array, a: Array) -> Array:
    r"""Return :math:`da_{rj} = dy_r\,\tilde w_{rj}`, :math:`\tilde w_{rj} = e^{a_{rj}}/\sum_i e^{a_{ri}}`.

    The derivative of :math:`\log\sum_i e^{a_i}` with respect to :math:`a_j` is :math:`e^{a_j}/\sum_i e^{a_i}`: the
    gradient of each sample is weighted by its share of the total weight. Source: Burda et al. 2016, eq. 14.

    >>> log_mean_exp_backward(np.array([2.0]), np.log([[1.0, 3.0]]))
    array([[0.5, 1.5]])
    """
    w = np.exp(a - a.max(axis=1, keepdims=True))
    return dy[:, None] * w / w.sum(axis=1, keepdims=True)
