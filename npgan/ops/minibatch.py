r"""Features that compare a sample with its minibatch, which reveal a collapsed generator.

A discriminator that sees one sample at a time cannot know that all samples look alike. Both operations append
features to x (n, d) that say how much the samples differ. i and j are samples.
"""

import numpy as np

from npgan.errors import InputError, count
from npgan.ops.normalisation import _normalize, _project
from npgan.shapes import Array, operation

EPS = 1e-8


@operation("x (N, *S, D)")
def minibatch_stddev_forward(x: Array) -> tuple[Array, Array, Array]:
    r"""Append the mean of the features' standard deviations over the minibatch (Karras et al. 2018, sec. 3).

    .. math:: y = [x, s], \qquad s = \frac1d\sum_f \sqrt{\sigma_f^2 + \epsilon} - \sqrt\epsilon, \qquad
        \sigma_f^2 = \frac1n\sum_i (x_{if} - \mu_f)^2,

    where f is a feature. All samples get the same number s. It is 0 where all samples are equal, and thanks
    to :math:`\epsilon = 10^{-8}` it is differentiable there. The difference of the roots is computed as
    :math:`\sigma_f^2/(\sqrt{\sigma_f^2 + \epsilon} + \sqrt\epsilon)`, which keeps its digits near 0.

    x is (n, d), n at least 1. Images are (n, height, width, channels): all d numbers of an image are features, and s
    is one more channel of every pixel. It returns y (n, d + 1), :math:`\hat x_{if} = r_f (x_{if} - \mu_f)` (n, d) and
    :math:`r_f = (\sigma_f^2 + \epsilon)^{-1/2}` (1, d).

    >>> minibatch_stddev_forward(np.array([[0.0, 5.0], [4.0, 5.0]]))[0].round(3)
    array([[0., 5., 1.],
           [4., 5., 1.]])
    """
    normal, inverse, _, variance = _normalize(x, 0, EPS)
    deviation = (variance / (1 / inverse + np.sqrt(x.dtype.type(EPS)))).mean()
    return np.concatenate([x, np.full_like(x[..., :1], deviation)], axis=-1), normal, inverse


@operation("dy (N, *S, D+1), normal (N, *S, D)")
def minibatch_stddev_backward(dy: Array, normal: Array) -> Array:
    r"""Return :math:`dx_{if} = dy_{if} + \frac{ds}{nd}\,\hat x_{if}`, with :math:`ds = \sum_i dy_{i,d+1}`.

    s is in the last column of every sample (and of every pixel), so its upstream gradients add up to ds. And
    :math:`\partial\sqrt{\sigma_f^2 + \epsilon}/\partial x_{if} = r_f (x_{if} - \mu_f)/n = \hat x_{if}/n`.

    >>> _, normal, _ = minibatch_stddev_forward(np.array([[0.0], [4.0]]))
    >>> minibatch_stddev_backward(np.array([[7.0, 1.0], [7.0, 3.0]]), normal)
    array([[5.],
           [9.]])
    """
    return dy[..., :-1] + dy[..., -1].sum() / normal.size * normal


@operation("ddx (N, *S, D), dy (N, *S, D+1), normal (N, *S, D), inverse (1, *S, D)")
def minibatch_stddev_double_backward(
    ddx: Array, dy: Array, normal: Array, inverse: Array
) -> tuple[Array, Array]:
    r"""Differentiate :func:`minibatch_stddev_backward`: return ``ddy`` and :math:`\partial P/\partial x`.

    .. math:: ddy_{if} = ddx_{if}, \qquad ddy_{i,d+1} = \frac{1}{nd}\sum_{jf} ddx_{jf}\,\hat x_{jf}, \qquad
        \frac{\partial P}{\partial x_f} = \frac{ds}{nd}\,r_f\,\Pi(ddx_f)

    The last is the backward pass of a normalised feature :math:`\hat x_f`, with the projection :math:`\Pi` of
    :mod:`npgan.ops.normalisation`.

    >>> _, normal, inverse = minibatch_stddev_forward(np.array([[0.0], [4.0]]))
    >>> ddy, dx = minibatch_stddev_double_backward(np.array([[1.0], [5.0]]), np.ones((2, 2)), normal, inverse)
    >>> ddy
    array([[1., 2.],
           [5., 2.]])
    """
    change = np.full((*ddx.shape[:-1], 1), (ddx * normal).sum() / normal.size)
    scale = dy[..., -1].sum() / normal.size
    return np.concatenate([ddx, change], axis=-1), scale * inverse * _project(ddx, normal, 0)


def _compare(m: Array) -> tuple[Array, Array]:
    """Return the signs of all differences of m (n, kernels, dim), and how close each two samples are."""
    difference = m[:, None] - m[None]
    return np.sign(difference), np.exp(-np.abs(difference).sum(axis=3))


@operation("x (n, d), weight (d, e), kernels")
def minibatch_discrimination_forward(x: Array, weight: Array, kernels: int) -> tuple[Array, Array]:
    r"""Append how close each sample is to all of the minibatch (Salimans et al. 2016, sec. 3.2).

    Closeness is measured by several kernels. Kernel b projects a sample to a short vector :math:`M_{ib}` of
    numbers :math:`M_{ibl}`:

    .. math:: y_i = [x_i, o_i], \qquad o_{ib} = \sum_j c_{ijb}, \qquad
        c_{ijb} = \exp\Big(-\sum_l |M_{ibl} - M_{jbl}|\Big), \qquad M_i = x_i T

    The closeness c is 1 for a sample and itself, and o is n where all samples are equal.

    x: (n, d); weight: T, (d, kernels * dim). It returns y (n, d + kernels) and M (n, kernels, dim).

    >>> y, m = minibatch_discrimination_forward(np.log([[1.0], [2.0]]), np.ones((1, 1)), 1)
    >>> y.round(3)
    array([[0.   , 1.5  ],
           [0.693, 1.5  ]])
    """
    if weight.shape[1] % count("the number of kernels", kernels, 1):
        raise InputError(f"{kernels} kernels do not share a weight {weight.shape[1]} wide")
    m = (x @ weight).reshape(len(x), kernels, weight.shape[1] // kernels)
    _, closeness = _compare(m)
    return np.hstack([x, closeness.sum(axis=1)]), m


@operation("dy (n, d+k), x (n, d), m (n, k, c), weight (d, k*c), dweight (d, k*c) changed or None")
def minibatch_discrimination_backward(
    dy: Array, x: Array, m: Array, weight: Array, dweight: Array | None = None
) -> Array:
    r"""Return ``dx``; add to ``dweight``.

    The closeness :math:`c_{ijb}` is a term of :math:`o_{ib}` and, being symmetric, of :math:`o_{jb}` too, so

    .. math:: dM_{ib} = -\sum_j (do_{ib} + do_{jb})\,c_{ijb}\operatorname{sign}(M_{ib} - M_{jb}).

    :math:`M = xT` is a dense layer: :math:`dx \mathrel{+}= dM\,T^\top` and :math:`dT = x^\top dM`.

    ``dy`` is (n, d + kernels); ``x`` and ``weight`` are as given to :func:`minibatch_discrimination_forward`, and
    ``m`` as that returned it. ``dweight`` is None if it is not wanted.

    >>> x, weight, dweight = np.log([[1.0], [2.0]]), np.ones((1, 1)), np.zeros((1, 1))
    >>> _, m = minibatch_discrimination_forward(x, weight, 1)
    >>> minibatch_discrimination_backward(np.array([[0.0, 1.0], [0.0, 0.0]]), x, m, weight, dweight)
    array([[ 0.5],
           [-0.5]])
    >>> dweight.round(3)
    array([[-0.347]])
    """
    dm = _closeness_backward(dy[:, x.shape[1] :], m)
    if dweight is not None:
        dweight += x.T @ dm
    return dy[:, : x.shape[1]] + dm @ weight.T


def _closeness_backward(do: Array, m: Array) -> Array:
    """Return dM, (n, kernels * dim)."""
    sign, closeness = _compare(m)
    return -_over_pairs((do[:, None] + do[None]) * closeness, sign)


def _over_pairs(weights: Array, sign: Array) -> Array:
    """Return the weighted signs' sums over the others, (n, kernels * dim)."""
    n, _, kernels, dim = sign.shape
    return np.einsum("ikb,ikbc->ibc", weights, sign).reshape(n, kernels * dim)


@operation(
    "ddx (n, d), dy (n, d+k), x (n, d), m (n, k, c), weight (d, k*c), "
    "dweight (d, k*c) changed or None"
)
def minibatch_discrimination_double_backward(
    ddx: Array, dy: Array, x: Array, m: Array, weight: Array, dweight: Array | None = None
) -> tuple[Array, Array]:
    r"""Differentiate :func:`minibatch_discrimination_backward`: return ``ddy`` and :math:`\partial P/\partial x`.

    That pass ends with :math:`dx \mathrel{+}= dM\,T^\top`, which gives dM the gradient :math:`a = ddx\,T` and T the
    gradient :math:`ddx^\top dM`. What is left to differentiate is :math:`\sum_{ib} a_{ib} \cdot dM_{ib}`. Both orders
    of a pair of samples are in it, and their signs are opposite, so

    .. math:: \sum_{ib} a_{ib} \cdot dM_{ib} = -\sum_{ijb} do_{ib}\,c_{ijb}\,e_{ijb}, \qquad
        e_{ijb} = \sum_l \operatorname{sign}(M_{ibl} - M_{jbl})\,(a_{ibl} - a_{jbl}).

    With respect to do this gives :math:`ddo_{ib} = -\sum_j c_{ijb} e_{ijb}`. Of the rest only c depends on M,

    .. math:: \frac{\partial P}{\partial M_{ib}}
        = \sum_j (do_{ib} + do_{jb})\,c_{ijb}\,e_{ijb}\operatorname{sign}(M_{ib} - M_{jb}),

    which goes on to x and T as in the backward pass.

    ``ddx`` is (n, d), and the other parameters are as for :func:`minibatch_discrimination_backward`. The results
    are (n, d + kernels) and (n, d).

    >>> x, weight = np.log([[1.0], [2.0]]), np.ones((1, 1))
    >>> _, m = minibatch_discrimination_forward(x, weight, 1)
    >>> ddx, dy = np.array([[1.0], [0.0]]), np.array([[0.0, 1.0], [0.0, 0.0]])
    >>> ddy, dx = minibatch_discrimination_double_backward(ddx, dy, x, m, weight)
    >>> ddy, dx
    (array([[1. , 0.5],
           [0. , 0.5]]), array([[ 0.5],
           [-0.5]]))
    """
    do = dy[:, x.shape[1] :]
    a = (ddx @ weight).reshape(m.shape)
    sign, closeness = _compare(m)
    e = (sign * (a[:, None] - a[None])).sum(axis=3)
    weighed = closeness * e
    ddm = _over_pairs((do[:, None] + do[None]) * weighed, sign)
    if dweight is not None:
        dweight += ddx.T @ _closeness_backward(do, m) + x.T @ ddm
    return np.hstack([ddx, -weighed.sum(axis=1)]), ddm @ weight.T
