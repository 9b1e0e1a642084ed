r"""Normalisation: numbers are brought to mean 0 and variance 1, then multiplied by a weight and added to a bias.

A group of numbers :math:`x_1, \dots, x_m` has the mean :math:`\mu` and the variance
:math:`\sigma^2 = \frac1m\sum_i(x_i - \mu)^2`. Then

.. math:: \hat x_i = r\,(x_i - \mu), \qquad r = (\sigma^2 + \epsilon)^{-1/2}, \qquad y_i = w\hat x_i + b.

In layer normalisation a group is the features of one sample, in batch normalisation one feature of all
samples. Both have the same derivative. Let g be the gradient with respect to :math:`\hat x`, and
:math:`\langle a \rangle` the mean of a over the group. The gradient flows back to :math:`x_i` through
:math:`x_i - \mu` and through r, where :math:`\partial r/\partial x_i = -r^3 (x_i - \mu)/m = -r^2\hat x_i/m`:

.. math:: dx_i = r\,(g_i - \langle g \rangle) - \frac{r^2\hat x_i}{m}\sum_j g_j (x_j - \mu)
          = r\,(\Pi g)_i, \qquad \Pi g = g - \langle g \rangle - \hat x\,\langle g\hat x \rangle.

:math:`\Pi` removes from g what no change of x can bring about in :math:`\hat x`: a change of its mean and,
except for :math:`\epsilon`, of its size. It is symmetric, :math:`\sum_i h_i (\Pi g)_i = \sum_i g_i (\Pi h)_i`,
which makes the second derivative short.

**The second derivative.** A penalty P gives dx the gradient :math:`t = ddx`. The derivative of P with respect to
anything that dx depends on is that of :math:`\sum_i t_i\,dx_i`, with t held fixed. :math:`\Pi` is symmetric, so with
respect to g it is :math:`q = r\,\Pi t`. x enters through r and through :math:`\hat x`. With respect to r the sum has
the derivative :math:`\frac1r\sum_i t_i\,dx_i`, and :math:`\partial r/\partial x_i = -r^2\hat x_i/m`. With respect to
:math:`\hat x`, which is in :math:`\Pi`, it has the derivative

.. math:: -h, \qquad h = r\,(t\,\langle g\hat x \rangle + g\,\langle t\hat x \rangle),

and this goes back to x as any gradient of :math:`\hat x` does. Together,

.. math:: \frac{\partial P}{\partial x} = -r\,\Pi h - r\,\hat x\,\langle t \odot dx \rangle.
"""

from collections.abc import Callable

import numpy as np

from npgan.errors import InputError
from npgan.shapes import Array, operation

Axis = int | tuple[int, ...]


def centre(x: Array, axis: Axis) -> tuple[Array, Array]:
    """Return x minus its mean along an axis, and the mean.

    Far from 0 the mean is rounded, and every difference has the same small error. Equal numbers would then
    seem to have a variance, so the mean of the differences is subtracted as well.

    >>> float(abs(centre(np.full((3, 1), 1000.1, np.float32), 0)[0]).max())
    0.0
    """
    mean = x.mean(axis=axis, keepdims=True)
    centred = x - mean
    rest = centred.mean(axis=axis, keepdims=True)
    centred -= rest
    return centred, mean + rest


def polar(x: Array) -> tuple[Array, Array]:
    """Return the rows' lengths (n, 1) and directions (n, d). The direction of a row of zeros is 0.

    Rows are first divided by their largest number, whose square may be rounded to 0 or overflow.

    >>> polar(np.array([[3e-200, 4e-200], [0.0, 0.0]]))
    (array([[5.e-200],
           [0.e+000]]), array([[0.6, 0.8],
           [0. , 0. ]]))
    """
    largest = abs(x).max(axis=1, keepdims=True, initial=0)
    scaled = x / np.where(largest > 0, largest, 1)
    length = np.sqrt(np.square(scaled).sum(axis=1, keepdims=True))
    return largest * length, scaled / np.where(length > 0, length, 1)


def _normalize(x: Array, axis: Axis, eps: float) -> tuple[Array, ...]:
    r"""Return :math:`\hat x` along an axis, r, the mean and the variance."""
    centred, mean = centre(x, axis)
    variance = np.square(centred).mean(axis=axis, keepdims=True)
    inverse = 1 / np.sqrt(variance + eps)
    return centred * inverse, inverse, mean, variance


def _keep_size(g: Array, normal: Array, axis: Axis) -> Array:
    r"""Return :math:`g - \hat x\,\langle g\hat x \rangle`: g without a change of the size of :math:`\hat x`."""
    return g - normal * (g * normal).mean(axis=axis, keepdims=True)


def _project(g: Array, normal: Array, axis: Axis) -> Array:
    r"""Return :math:`\Pi g`."""
    return _keep_size(g, normal, axis) - g.mean(axis=axis, keepdims=True)


def _differentiate(
    ddx: Array,
    g: Array,
    normal: Array,
    inverse: Array,
    axis: Axis,
    project: Callable[[Array, Array, Axis], Array] = _project,
) -> tuple[Array, Array]:
    r"""Differentiate :math:`dx = r\,\Pi g`: return q and :math:`\partial P/\partial x`, see the top of this file."""
    first, q = (inverse * project(a, normal, axis) for a in (g, ddx))
    gain, change = ((a * normal).mean(axis=axis, keepdims=True) for a in (g, ddx))
    h = inverse * (ddx * gain + g * change)
    by_size = normal * (ddx * first).mean(axis=axis, keepdims=True)
    return q, -inverse * (project(h, normal, axis) + by_size)


def _unscale(
    dy: Array, normal: Array, weight: Array, dweight: Array | None, dbias: Array | None
) -> Array:
    """Go back through ``normal * weight + bias``: return the gradient of ``normal``, add those of the others."""
    if dweight is not None and dbias is not None:
        others = tuple(range(dy.ndim - 1))
        dweight += (dy * normal).sum(axis=others)
        dbias += dy.sum(axis=others)
    return dy * weight


@operation("x (n, D), weight (D,), bias (D,), eps")
def layer_norm_forward(
    x: Array, weight: Array, bias: Array, eps: float
) -> tuple[Array, Array, Array]:
    r"""Normalise each sample over its features: :math:`y_n = w \odot \hat x_n + b` (Ba et al. 2016).

    x: (n, d); weight, bias: (d,); eps is added to the variance. It returns y (n, d) and what the backward pass
    needs, :math:`\hat x` (n, d) and r (n, 1).

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


@operation(
    "dy (n, D), normal (n, D), inverse (n, 1), weight (D,), dweight (D,) changed or None, "
    "dbias (D,) changed or None"
)
def layer_norm_backward(
    dy: Array,
    normal: Array,
    inverse: Array,
    weight: Array,
    dweight: Array | None = None,
    dbias: Array | None = None,
) -> Array:
    r"""Return :math:`dx = r\,\Pi(dy \odot w)`, see the top of this file; :math:`\Pi` acts on each sample's features.

    .. math:: dw = \sum_n dy_n \odot \hat x_n, \qquad db = \sum_n dy_n

    ``normal`` and ``inverse`` are as :func:`layer_norm_forward` returned them. ``dweight`` and ``dbias`` are added
    to, or None if they are not wanted.

    If eps = 0, any two different numbers become -1 and 1, so their gradients are 0.

    >>> _, normal, inverse = layer_norm_forward(np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2), 0.0)
    >>> layer_norm_backward(np.array([[5.0, 7.0]]), normal, inverse, np.ones(2))
    array([[0., 0.]])
    """
    return inverse * _project(_unscale(dy, normal, weight, dweight, dbias), normal, 1)


@operation(
    "ddx (n, D), dy (n, D), normal (n, D), inverse (n, 1), weight (D,), "
    "dweight (D,) changed or None"
)
def layer_norm_double_backward(
    ddx: Array,
    dy: Array,
    normal: Array,
    inverse: Array,
    weight: Array,
    dweight: Array | None = None,
) -> tuple[Array, Array]:
    r"""Differentiate :func:`layer_norm_backward`: return ``ddy`` and :math:`\partial P/\partial x`.

    That pass returned :math:`dx = r\,\Pi g`, with :math:`g = dy \odot w`. The top of this file differentiates it. Its
    derivative with respect to g is :math:`q = r\,\Pi(ddx)`, so

    .. math:: ddy = q \odot w, \qquad dw = \sum_n q_n \odot dy_n.

    The bias has no part in it.

    ``ddx`` and both results are (n, d). The other parameters are as for :func:`layer_norm_backward`.

    For two different numbers and eps = 0 both derivatives are 0.

    >>> _, normal, inverse = layer_norm_forward(np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2), 0.0)
    >>> dy, ddx = np.array([[5.0, 7.0]]), np.array([[1.0, 2.0]])
    >>> ddy, dx = layer_norm_double_backward(ddx, dy, normal, inverse, np.ones(2))
    >>> float(abs(ddy).max()), float(abs(dx).max())
    (0.0, 0.0)
    """
    q, dx = _differentiate(ddx, dy * weight, normal, inverse, 1)
    if dweight is not None:
        dweight += (q * dy).sum(axis=0)
    return q * weight, dx


def check_minibatch(n: int) -> None:
    """Refuse a minibatch of one sample, which has no variance."""
    if n < 2:
        raise InputError("batch normalisation needs at least 2 samples in training, not 1")


@operation(
    "x (N, d), weight (d,), bias (d,), running_mean (d,) changed, running_var (d,) changed, "
    "batches (1,) changed, momentum, eps"
)
def batch_norm_forward(
    x: Array,
    weight: Array,
    bias: Array,
    running_mean: Array,
    running_var: Array,
    batches: Array,
    momentum: float,
    eps: float,
) -> tuple[Array, Array, Array]:
    r"""Normalise each feature over the samples of the minibatch (Ioffe and Szegedy 2015, algorithm 1).

    The running moments, with which a trained network normalises, are updated in place. At the t-th minibatch

    .. math:: \bar\mu \leftarrow \bar\mu + \rho_t(\mu - \bar\mu), \qquad
        \bar v \leftarrow \bar v + \rho_t\Big(\frac{n}{n - 1}\sigma^2 - \bar v\Big), \qquad
        \rho_t = \frac{\rho}{1 - (1 - \rho)^t}.

    With the constant rate :math:`\rho_t = \rho` of PyTorch, a share of :math:`(1 - \rho)^t` of them would still be
    their initial values, which come from no data. Let :math:`s_t = 1 - (1 - \rho)^t = (1 - \rho)s_{t-1} + \rho`.
    The rule above is then :math:`s_t\bar\mu_t = (1 - \rho)s_{t-1}\bar\mu_{t-1} + \rho\mu_t`: a weighted sum that
    starts at 0, divided by the sum of its weights, as Adam's moments are (Kingma and Ba 2015, sec. 3).
    The running variance estimates that of all data and is the unbiased one; the minibatch itself is
    normalised by its own. No gradient flows through the running moments.

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
    check_minibatch(len(x))
    normal, inverse, mean, variance = _normalize(x, 0, eps)
    batches += 1
    share = momentum / (1 - (1 - momentum) ** float(batches[0].real))
    running_mean += share * (mean[0] - running_mean)
    running_var += share * (variance[0] * (len(x) / (len(x) - 1)) - running_var)
    return normal * weight + bias, normal, inverse


@operation(
    "dy (N, D), normal (N, D), inverse (1, D), weight (D,), dweight (D,) changed or None, "
    "dbias (D,) changed or None"
)
def batch_norm_backward(
    dy: Array,
    normal: Array,
    inverse: Array,
    weight: Array,
    dweight: Array | None = None,
    dbias: Array | None = None,
) -> Array:
    r"""Return :math:`dx = r\,\Pi(dy \odot w)`, see the top of this file; :math:`\Pi` acts on each feature's samples.

    Every sample's gradient depends on the whole minibatch. Parameters, ``dw`` and ``db`` are those of
    :func:`layer_norm_backward`, except that inverse is (1, d).

    >>> moments = np.zeros(1), np.ones(1), np.zeros(1)
    >>> _, normal, inverse = batch_norm_forward(
    ...     np.array([[0.0], [0.0], [3.0]]), np.ones(1), np.zeros(1), *moments, 0.1, 0.0)
    >>> dweight, dbias = np.zeros(1), np.zeros(1)
    >>> dx = batch_norm_backward(np.array([[1.0], [0], [0]]), normal, inverse, np.ones(1), dweight, dbias)
    >>> dx.ravel()[:2].round(3), dbias
    (array([ 0.354, -0.354]), array([1.]))
    """
    return inverse * _project(_unscale(dy, normal, weight, dweight, dbias), normal, 0)


@operation("x (n, d), weight (d,), bias (d,), mean (d,), var (d,), eps")
def frozen_batch_norm_forward(
    x: Array, weight: Array, bias: Array, mean: Array, var: Array, eps: float
) -> tuple[Array, Array, Array]:
    r"""Normalise with given moments, :math:`\hat x = (x - \bar\mu)\,r`, :math:`r = (\bar v + \epsilon)^{-1/2}`.

    ``mean`` (d,) is :math:`\bar\mu` and ``var`` (d,) is :math:`\bar v`. The other parameters and the results are as for
    :func:`batch_norm_forward`, except that inverse is (d,) and n may be 1.

    >>> frozen_batch_norm_forward(
    ...     np.array([[5.0]]), np.array([10.0]), np.zeros(1), np.ones(1), np.array([4.0]), 0.0)[0]
    array([[20.]])
    """
    inverse = 1 / np.sqrt(var + eps)
    normal = (x - mean) * inverse
    return normal * weight + bias, normal, inverse


@operation(
    "dy (n, D), normal (n, D), inverse (D,), weight (D,), dweight (D,) changed or None, "
    "dbias (D,) changed or None"
)
def frozen_batch_norm_backward(
    dy: Array,
    normal: Array,
    inverse: Array,
    weight: Array,
    dweight: Array | None = None,
    dbias: Array | None = None,
) -> Array:
    r"""Return :math:`dx = r\,w \odot dy`, since the moments do not depend on x.

    >>> frozen_batch_norm_backward(np.ones((1, 1)), np.ones((1, 1)), np.array([0.5]), np.array([10.0]))
    array([[5.]])
    """
    return inverse * _unscale(dy, normal, weight, dweight, dbias)
