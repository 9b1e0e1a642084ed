r"""A sample beside the others of its batch: features that tell a collapsed generator from real data.

A discriminator that sees one sample at a time cannot know that all samples are alike. Both
operations append to x (n, d) features that say how much the samples differ.
"""

import numpy as np

from npgan.errors import InputError, count
from npgan.ops.normalisation import _normalize, _project
from npgan.shapes import takes

__all__ = [
    "minibatch_discrimination_backward",
    "minibatch_discrimination_double_backward",
    "minibatch_discrimination_forward",
    "minibatch_stddev_backward",
    "minibatch_stddev_double_backward",
    "minibatch_stddev_forward",
]

EPS = 1e-8


@takes("x (N, D)")
def minibatch_stddev_forward(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""Append the mean of the features' standard deviations over the batch (Karras et al. 2018, sec. 3).

    .. math:: y = [x, s], \qquad s = \frac1d\sum_j \sqrt{\sigma_j^2 + \epsilon} - \sqrt\epsilon, \qquad
        \sigma_j^2 = \frac1n\sum_i (x_{ij} - \mu_j)^2,

    one number s for all samples; it is 0 where all samples are the same, and has a gradient there
    thanks to :math:`\epsilon = 10^{-8}`. The difference of the roots is computed as
    :math:`\sigma_j^2/(\sqrt{\sigma_j^2 + \epsilon} + \sqrt\epsilon)`, which loses nothing near 0.

    Parameters
    ----------
    x : (n, d), n at least 1

    Returns
    -------
    y : (n, d + 1)
    normal, inverse : (n, d) and (1, d), :math:`\hat x_{ij} = r_j (x_{ij} - \mu_j)` and
        :math:`r_j = (\sigma_j^2 + \epsilon)^{-1/2}`

    Examples
    --------
    >>> minibatch_stddev_forward(np.array([[0.0, 5.0], [4.0, 5.0]]))[0].round(3)
    array([[0., 5., 1.],
           [4., 5., 1.]])
    """
    normal, inverse, _, variance = _normalize(x, 0, EPS)
    deviation = (variance / (1 / inverse + np.sqrt(x.dtype.type(EPS)))).mean()
    return np.hstack([x, np.full_like(x[:, :1], deviation)]), normal, inverse


@takes("dy (N, D+1), normal (N, D)")
def minibatch_stddev_backward(dy: np.ndarray, normal: np.ndarray) -> np.ndarray:
    r"""Return :math:`dx_{ij} = dy_{ij} + \frac{c}{nd}\,\hat x_{ij}`, c the sum of the gradients by s.

    :math:`\partial\sqrt{\sigma_j^2 + \epsilon}/\partial x_{ij} = r_j (x_{ij} - \mu_j)/n = \hat x_{ij}/n`, and every
    sample has s: its gradients :math:`dy_{i,d+1}` add up to c.

    >>> _, normal, _ = minibatch_stddev_forward(np.array([[0.0], [4.0]]))
    >>> minibatch_stddev_backward(np.array([[7.0, 1.0], [7.0, 3.0]]), normal)
    array([[5.],
           [9.]])
    """
    return dy[:, :-1] + dy[:, -1].sum() / normal.size * normal


@takes("ddx (N, D), dy (N, D+1), normal (N, D), inverse (1, D)")
def minibatch_stddev_double_backward(
    ddx: np.ndarray, dy: np.ndarray, normal: np.ndarray, inverse: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    r"""Differentiate :func:`minibatch_stddev_backward`: return the gradients by ``dy`` and by ``x``.

    With t = ddx, a loss's gradient by dx,

    .. math:: ddy_{ij} = t_{ij}, \qquad ddy_{i,d+1} = \frac{1}{nd}\sum_{kj} t_{kj}\hat x_{kj}, \qquad
        dx_j = \frac{c}{nd}\,r_j\,Pt_j,

    the last because :math:`\hat x` is a normalised feature: P is that of :mod:`npgan.ops.normalisation`.

    >>> _, normal, inverse = minibatch_stddev_forward(np.array([[0.0], [4.0]]))
    >>> ddy, dx = minibatch_stddev_double_backward(np.array([[1.0], [5.0]]), np.ones((2, 2)), normal, inverse)
    >>> ddy
    array([[1., 2.],
           [5., 2.]])
    """
    change = np.full((len(ddx), 1), (ddx * normal).sum() / normal.size)
    scale = dy[:, -1].sum() / normal.size
    return np.hstack([ddx, change]), scale * inverse * _project(ddx, normal, 0)


def _compare(m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which of two samples is larger in m (n, b, c), and how close they are, by kernel."""
    difference = m[:, None] - m[None]
    return np.sign(difference), np.exp(-np.abs(difference).sum(axis=3))


@takes("x (n, d), weight (d, e), kernels")
def minibatch_discrimination_forward(
    x: np.ndarray, weight: np.ndarray, kernels: int
) -> tuple[np.ndarray, np.ndarray]:
    r"""Append how close each sample is to all of the batch, by kernels (Salimans et al. 2016, sec. 3.2).

    Each kernel b sees a sample as the vector :math:`M_{ib}` of some numbers:

    .. math:: y_i = [x_i, o_i], \qquad o_{ib} = \sum_k c_{ikb}, \qquad
        c_{ikb} = \exp\Big(-\sum_c |M_{ibc} - M_{kbc}|\Big), \qquad M_i = x_i T

    A sample is as close as 1 to itself; o is n where all samples are the same.

    Parameters
    ----------
    x : (n, d)
    weight : (d, kernels * dim), T
    kernels : how many there are

    Returns
    -------
    y : (n, d + kernels)
    m : (n, kernels, dim)

    Examples
    --------
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


@takes("dy (n, d+k), x (n, d), m (n, k, c), weight (d, k*c), dweight (d, k*c) changed or None")
def minibatch_discrimination_backward(
    dy: np.ndarray,
    x: np.ndarray,
    m: np.ndarray,
    weight: np.ndarray,
    dweight: np.ndarray | None = None,
) -> np.ndarray:
    r"""Return ``dx``; add to ``dweight``.

    :math:`M_{ib}` is in :math:`o_{ib}`, and in that of every other sample k, which is as close to i as i to k:

    .. math:: dM_{ib} = -\sum_k (do_{ib} + do_{kb})\,c_{ikb}\operatorname{sign}(M_{ib} - M_{kb})

    and :math:`M = xT` as in a dense layer: :math:`dx \mathrel{+}= dM\,T^\top`, :math:`dT = x^\top dM`.

    Parameters
    ----------
    dy : (n, d + kernels)
    x, weight : as given to :func:`minibatch_discrimination_forward`
    m : as that returned it
    dweight : added to; None: it is not wanted

    Examples
    --------
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


def _closeness_backward(do: np.ndarray, m: np.ndarray) -> np.ndarray:
    """Return dM, (n, kernels * dim)."""
    sign, closeness = _compare(m)
    return -_over_pairs((do[:, None] + do[None]) * closeness, sign)


def _over_pairs(weights: np.ndarray, sign: np.ndarray) -> np.ndarray:
    """Return the weighted signs' sums over the others, (n, kernels * dim)."""
    n, _, kernels, dim = sign.shape
    return np.einsum("ikb,ikbc->ibc", weights, sign).reshape(n, kernels * dim)


@takes(
    "ddx (n, d), dy (n, d+k), x (n, d), m (n, k, c), weight (d, k*c), "
    "dweight (d, k*c) changed or None"
)
def minibatch_discrimination_double_backward(
    ddx: np.ndarray,
    dy: np.ndarray,
    x: np.ndarray,
    m: np.ndarray,
    weight: np.ndarray,
    dweight: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    r"""Differentiate :func:`minibatch_discrimination_backward`: return the gradients by ``dy`` and ``x``.

    Let t = ddx. The product :math:`dM\,T^\top` gives dM the gradient :math:`a = tT`, and T
    :math:`t^\top dM`. What remains is a loss :math:`\sum_{ib} a_{ib} \cdot dM_{ib}`. Each pair is in it twice:

    .. math:: \sum_{ib} a_{ib} \cdot dM_{ib} = -\sum_{ikb} do_{ib}\,c_{ikb}\,e_{ikb}, \qquad
        e_{ikb} = \sum_c \operatorname{sign}(M_{ibc} - M_{kbc})\,(a_{ibc} - a_{kbc}),

    so that :math:`ddo_{ib} = -\sum_k c_{ikb} e_{ikb}`. By M only c changes, and e weighs it:

    .. math:: ddM_{ib} = \sum_k (do_{ib} + do_{kb})\,c_{ikb}\,e_{ikb}\operatorname{sign}(M_{ib} - M_{kb}),

    which goes to x and T as before.

    Parameters
    ----------
    ddx : (n, d)
    dy, x, m, weight : as :func:`minibatch_discrimination_backward` was given them
    dweight : added to; None: it is not wanted

    Returns
    -------
    ddy, dx : (n, d + kernels) and (n, d)

    Examples
    --------
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
