r"""Normalisation: numbers brought to mean 0 and variance 1, then scaled and shifted by what is learnt.

Of the numbers :math:`x_1, \dots, x_m` that belong together, with the mean :math:`\mu` and the variance
:math:`\sigma^2 = \frac1m\sum_i(x_i - \mu)^2`,

.. math:: \hat x_i = r\,(x_i - \mu), \qquad r = (\sigma^2 + \epsilon)^{-1/2}, \qquad y_i = w\hat x_i + b.

Layer normalisation takes the features of a sample together, batch normalisation the samples of a
feature. Both have one derivative. A loss's gradients g by :math:`\hat x` come back through
:math:`x_i - \mu` and through r. Since :math:`\partial r/\partial x_i = -r^3 (x_i - \mu)/m = -r^2\hat x_i/m`, and
:math:`\langle a \rangle` is the mean of a,

.. math:: dx_i = r\,(g_i - \langle g \rangle) - \frac{r^2\hat x_i}{m}\sum_j g_j (x_j - \mu)
          = r\,(Pg)_i, \qquad Pg = g - \langle g \rangle - \hat x\,\langle g\hat x \rangle.

P takes away what no change of x can do: a mean, and (but for :math:`\epsilon`) a size. It is symmetric,
:math:`\sum_i h_i (Pg)_i = \sum_i g_i (Ph)_i`, which makes the second derivative short.
"""

import numpy as np

from npgan.errors import InputError
from npgan.shapes import takes

__all__ = [
    "batch_norm_backward",
    "batch_norm_forward",
    "frozen_batch_norm_backward",
    "frozen_batch_norm_forward",
    "layer_norm_backward",
    "layer_norm_double_backward",
    "layer_norm_forward",
]


def centre(x: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Return x of mean 0 along an axis, and the mean.

    Far from 0 the mean is rounded, and to numbers that are alike the same is left of each: it is taken away,
    too, before anyone takes it for their spread.

    >>> float(abs(centre(np.full((3, 1), 1000.1, np.float32), 0)[0]).max())
    0.0
    """
    mean = x.mean(axis=axis, keepdims=True)
    centred = x - mean
    rest = centred.mean(axis=axis, keepdims=True)
    centred -= rest
    return centred, mean + rest


def polar(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows' lengths (n, 1) and directions (n, d); the direction of 0 is 0.

    Rows are divided by their largest number first: a square of it may be 0, or infinite.

    >>> polar(np.array([[3e-200, 4e-200], [0.0, 0.0]]))
    (array([[5.e-200],
           [0.e+000]]), array([[0.6, 0.8],
           [0. , 0. ]]))
    """
    largest = abs(x).max(axis=1, keepdims=True, initial=0)
    scaled = x / np.where(largest > 0, largest, 1)
    length = np.sqrt(np.square(scaled).sum(axis=1, keepdims=True))
    return largest * length, scaled / np.where(length > 0, length, 1)


def _normalize(x: np.ndarray, axis: int, eps: float) -> tuple[np.ndarray, ...]:
    """Return x of mean 0 and variance 1 along an axis, the inverse of what it was divided by, both moments."""
    centred, mean = centre(x, axis)
    variance = np.square(centred).mean(axis=axis, keepdims=True)
    inverse = 1 / np.sqrt(variance + eps)
    return centred * inverse, inverse, mean, variance


def _project(g: np.ndarray, normal: np.ndarray, axis: int) -> np.ndarray:
    """Return Pg."""
    along = (g * normal).mean(axis=axis, keepdims=True)
    return g - g.mean(axis=axis, keepdims=True) - normal * along


def _unscale(
    dy: np.ndarray,
    normal: np.ndarray,
    weight: np.ndarray,
    dweight: np.ndarray | None,
    dbias: np.ndarray | None,
) -> np.ndarray:
    """Go back through ``normal * weight + bias``, which serve every sample: their gradients add up."""
    if dweight is not None and dbias is not None:
        dweight += (dy * normal).sum(axis=0)
        dbias += dy.sum(axis=0)
    return dy * weight


@takes("x (n, D), weight (D,), bias (D,), eps")
def layer_norm_forward(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray, eps: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""Normalise each sample over its features: :math:`y_n = w \odot \hat x_n + b` (Ba et al. 2016).

    Parameters
    ----------
    x : (n, d)
    weight, bias : (d,)
    eps : added to the variance

    Returns
    -------
    y : (n, d)
    normal, inverse : (n, d) and (n, 1), :math:`\hat x` and r: what the way back needs

    Examples
    --------
    >>> y, normal, inverse = layer_norm_forward(
    ...     np.array([[1.0, 3.0], [10.0, 50.0]]), np.ones(2), np.zeros(2), 0.0)
    >>> y
    array([[-1.,  1.],
           [-1.,  1.]])
    >>> inverse.ravel()
    array([1.  , 0.05])
    """
    normal, inverse, *_ = _normalize(x, 1, eps)
    return normal * weight + bias, normal, inverse


@takes(
    "dy (n, D), normal (n, D), inverse (n, 1), weight (D,), dweight (D,) changed or None, "
    "dbias (D,) changed or None"
)
def layer_norm_backward(
    dy: np.ndarray,
    normal: np.ndarray,
    inverse: np.ndarray,
    weight: np.ndarray,
    dweight: np.ndarray | None = None,
    dbias: np.ndarray | None = None,
) -> np.ndarray:
    r"""Return :math:`dx = r\,P(dy \odot w)`, P along the features: see the top of this file.

    .. math:: dw = \sum_n dy_n \odot \hat x_n, \qquad db = \sum_n dy_n

    Parameters
    ----------
    dy : (n, d)
    normal, inverse : as :func:`layer_norm_forward` returned them
    weight : (d,)
    dweight, dbias : (d,), added to; None: they are not wanted

    Examples
    --------
    Two numbers can only be -1 and 1: nothing moves them.

    >>> _, normal, inverse = layer_norm_forward(np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2), 0.0)
    >>> layer_norm_backward(np.array([[5.0, 7.0]]), normal, inverse, np.ones(2))
    array([[0., 0.]])
    """
    return inverse * _project(_unscale(dy, normal, weight, dweight, dbias), normal, 1)


@takes(
    "ddx (n, D), dy (n, D), normal (n, D), inverse (n, 1), weight (D,), "
    "dweight (D,) changed or None"
)
def layer_norm_double_backward(
    ddx: np.ndarray,
    dy: np.ndarray,
    normal: np.ndarray,
    inverse: np.ndarray,
    weight: np.ndarray,
    dweight: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    r"""Differentiate :func:`layer_norm_backward`: return the gradients by ``dy`` and by ``x``.

    Let t = ddx, a loss's gradient by :math:`dx = r\,Pg`, where :math:`g = dy \odot w`. P is symmetric, so the
    loss changes with g by :math:`q = r\,Pt`, and

    .. math:: ddy = q \odot w, \qquad dw = \sum_n q_n \odot dy_n.

    x is in r and in :math:`\hat x`. By r, the sum :math:`\sum_i t_i\,dx_i` has the derivative
    :math:`\frac1r\sum_i t_i\,dx_i`, and :math:`\partial r/\partial x_i = -r^2\hat x_i/d`. By :math:`\hat x` it has

    .. math:: -h, \qquad h = r\,(t\,\langle g\hat x \rangle + g\,\langle t\hat x \rangle),

    which goes back like any gradient. Together,

    .. math:: dx = -r\,Ph - r\,\hat x\,\langle t \odot dx^{\text{first}} \rangle

    with :math:`dx^{\text{first}} = r\,Pg`. The bias is not in it.

    Parameters
    ----------
    ddx, dy : (n, d), the latter as :func:`layer_norm_backward` was given it
    normal, inverse, weight : as that was given them
    dweight : (d,), added to; None: it is not wanted

    Returns
    -------
    ddy, dx : (n, d)

    Examples
    --------
    Where the first derivative is 0 whatever x is, so is the second.

    >>> _, normal, inverse = layer_norm_forward(np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2), 0.0)
    >>> dy, ddx = np.array([[5.0, 7.0]]), np.array([[1.0, 2.0]])
    >>> ddy, dx = layer_norm_double_backward(ddx, dy, normal, inverse, np.ones(2))
    >>> float(abs(ddy).max()), float(abs(dx).max())
    (0.0, 0.0)
    """
    g, q = dy * weight, inverse * _project(ddx, normal, 1)
    if dweight is not None:
        dweight += (q * dy).sum(axis=0)
    gain, change = (g * normal).mean(axis=1)[:, None], (ddx * normal).mean(axis=1)[:, None]
    h = inverse * (ddx * gain + g * change)
    first = inverse * _project(g, normal, 1)
    by_size = normal * (ddx * first).mean(axis=1)[:, None]
    return q * weight, -inverse * (_project(h, normal, 1) + by_size)


@takes(
    "x (N, d), weight (d,), bias (d,), running_mean (d,) changed, running_var (d,) changed, "
    "batches (1,) changed, momentum, eps"
)
def batch_norm_forward(
    x: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray,
    running_mean: np.ndarray,
    running_var: np.ndarray,
    batches: np.ndarray,
    momentum: float,
    eps: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""Normalise each feature over the samples of the batch (Ioffe and Szegedy 2015, algorithm 1).

    The running moments, by which a trained network normalises, move on in place. At the t-th batch

    .. math:: \bar\mu \leftarrow \bar\mu + \rho_t(\mu - \bar\mu), \qquad
        \bar v \leftarrow \bar v + \rho_t\Big(\frac{n}{n - 1}\sigma^2 - \bar v\Big), \qquad
        \rho_t = \frac{\rho}{1 - (1 - \rho)^t}.

    With :math:`\rho_t = \rho`, the momentum as torch has it, :math:`(1 - \rho)^t` of them would be what they
    were before the first batch, which is of no data. With :math:`s_t = 1 - (1 - \rho)^t = (1 - \rho)s_{t-1} +
    \rho` the rule above is :math:`s_t\bar\mu_t = (1 - \rho)s_{t-1}\bar\mu_{t-1} + \rho\mu_t`: a sum that
    starts at 0 and is divided by that of its shares, as Adam's moments are (Kingma and Ba 2015, sec. 3).
    Their variance is the unbiased one, an estimate of all data's; the batch is divided by its own. No
    gradient flows through them.

    Parameters
    ----------
    x : (n, d), n at least 2
    weight, bias, running_mean, running_var : (d,)
    batches : (1,) how many were seen before this one
    momentum : :math:`\rho`, in (0, 1]
    eps : added to the variance

    Returns
    -------
    y : (n, d)
    normal, inverse : (n, d) and (1, d), :math:`\hat x` and r

    Examples
    --------
    >>> moments = mean, var, batches = np.zeros(1), np.ones(1), np.ones(1)
    >>> y, _, _ = batch_norm_forward(
    ...     np.array([[2.0], [4.0]]), np.ones(1), np.zeros(1), *moments, 0.5, 0.0)
    >>> y.ravel(), mean, var, batches  # the second batch has two thirds of the weight
    (array([-1.,  1.]), array([2.]), array([1.66666667]), array([2.]))
    """
    if len(x) < 2:
        raise InputError("batch normalisation needs at least 2 samples in training, not 1")
    normal, inverse, mean, variance = _normalize(x, 0, eps)
    batches += 1
    share = momentum / (1 - (1 - momentum) ** float(batches[0].real))
    running_mean += share * (mean[0] - running_mean)
    running_var += share * (variance[0] * (len(x) / (len(x) - 1)) - running_var)
    return normal * weight + bias, normal, inverse


@takes(
    "dy (N, D), normal (N, D), inverse (1, D), weight (D,), dweight (D,) changed or None, "
    "dbias (D,) changed or None"
)
def batch_norm_backward(
    dy: np.ndarray,
    normal: np.ndarray,
    inverse: np.ndarray,
    weight: np.ndarray,
    dweight: np.ndarray | None = None,
    dbias: np.ndarray | None = None,
) -> np.ndarray:
    r"""Return :math:`dx = r\,P(dy \odot w)`, P along the samples: see the top of this file.

    Each sample's gradient is one of the whole batch. Parameters and ``dw``, ``db`` are those of
    :func:`layer_norm_backward`, but for inverse (1, d).

    Examples
    --------
    >>> moments = np.zeros(1), np.ones(1), np.zeros(1)
    >>> _, normal, inverse = batch_norm_forward(
    ...     np.array([[0.0], [0.0], [3.0]]), np.ones(1), np.zeros(1), *moments, 0.1, 0.0)
    >>> dweight, dbias = np.zeros(1), np.zeros(1)
    >>> dx = batch_norm_backward(np.array([[1.0], [0], [0]]), normal, inverse, np.ones(1), dweight, dbias)
    >>> dx.ravel()[:2].round(3), dbias
    (array([ 0.354, -0.354]), array([1.]))
    """
    return inverse * _project(_unscale(dy, normal, weight, dweight, dbias), normal, 0)


@takes("x (n, d), weight (d,), bias (d,), mean (d,), var (d,), eps")
def frozen_batch_norm_forward(
    x: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray,
    mean: np.ndarray,
    var: np.ndarray,
    eps: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""Normalise by given moments, :math:`\hat x = (x - \bar\mu)\,r`, :math:`r = (\bar v + \epsilon)^{-1/2}`.

    Parameters and results are those of :func:`batch_norm_forward`, but for inverse (d,).

    >>> frozen_batch_norm_forward(
    ...     np.array([[5.0]]), np.array([10.0]), np.zeros(1), np.ones(1), np.array([4.0]), 0.0)[0]
    array([[20.]])
    """
    inverse = 1 / np.sqrt(var + eps)
    normal = (x - mean) * inverse
    return normal * weight + bias, normal, inverse


@takes(
    "dy (n, D), normal (n, D), inverse (D,), weight (D,), dweight (D,) changed or None, "
    "dbias (D,) changed or None"
)
def frozen_batch_norm_backward(
    dy: np.ndarray,
    normal: np.ndarray,
    inverse: np.ndarray,
    weight: np.ndarray,
    dweight: np.ndarray | None = None,
    dbias: np.ndarray | None = None,
) -> np.ndarray:
    r"""Return :math:`dx = r\,w \odot dy`: the moments do not depend on x.

    >>> frozen_batch_norm_backward(np.ones((1, 1)), np.ones((1, 1)), np.array([0.5]), np.array([10.0]))
    array([[5.]])
    """
    return inverse * _unscale(dy, normal, weight, dweight, dbias)
