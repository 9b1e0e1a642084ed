r"""Normalisation of images over their channels: in groups, or all channels of a pixel.

Both act on each sample by itself, and on rows as on images of one pixel. The derivations are those at the top of
:mod:`npgan.ops.normalisation`: only what makes up a group of numbers is different here, and a pixel's mean
is not subtracted.

``*s`` stands for height and width, or for nothing where x are rows.
"""

import math

import numpy as np

from npgan.errors import InputError, count
from npgan.ops.normalisation import _differentiate, _keep_size, _normalize, _project, _unscale
from npgan.shapes import Array, operation

EPS = 1e-8
GROUP = (1, 3)


def _grouped(x: Array, groups: int) -> Array:
    """Return x as (n, pixels, groups, channels of a group); a group's numbers lie along the axes ``GROUP``."""
    n, *size, channels = x.shape
    if channels % groups:
        raise InputError(f"{groups} groups do not divide {channels} channels")
    return x.reshape(n, math.prod(size), groups, channels // groups)


@operation("x (n, *S, D), weight (D,), bias (D,), groups, eps")
def group_norm_forward(
    x: Array, weight: Array, bias: Array, groups: int, eps: float
) -> tuple[Array, Array, Array]:
    r"""Normalise each sample over groups of channels: :math:`y = w \odot \hat x + b` (Wu and He 2018, eq. 1, 2, 6, 7).

    A group is all pixels of c / groups neighbouring channels. With one group for rows it is
    :func:`layer_norm_forward`; with as many groups as channels it is instance normalisation (Ulyanov et al. 2016).

    x: ``(n, *s, c)``; weight, bias: (c,); eps is added to the variance. It returns y ``(n, *s, c)`` and what the
    backward pass needs, :math:`\hat x` ``(n, *s, c)`` and r (n, groups).

    Raises InputError if the groups do not divide the channels.

    >>> x = np.array([1.0, 10.0, 3.0, 50.0]).reshape(1, 1, 2, 2)  # two pixels, two channels
    >>> group_norm_forward(x, np.ones(2), np.zeros(2), 2, 0.0)[0]
    array([[[[-1., -1.],
             [ 1.,  1.]]]])
    """
    parts = _grouped(x, count("the number of groups", groups, 1))
    normal, inverse, *_ = _normalize(parts, GROUP, eps)
    normal = normal.reshape(x.shape)
    return normal * weight + bias, normal, inverse[:, 0, :, 0]


@operation(
    "dy (n, *S, D), normal (n, *S, D), inverse (n, G), weight (D,), dweight (D,) changed or None, "
    "dbias (D,) changed or None"
)
def group_norm_backward(
    dy: Array,
    normal: Array,
    inverse: Array,
    weight: Array,
    dweight: Array | None = None,
    dbias: Array | None = None,
) -> Array:
    r"""Return :math:`dx = r\,\Pi(dy \odot w)`; :math:`\Pi` acts on the numbers of each group.

    .. math:: dw = \sum_{n,s} dy_{ns} \odot \hat x_{ns}, \qquad db = \sum_{n,s} dy_{ns}

    Parameters are those of :func:`layer_norm_backward`, except that inverse is (n, groups), and dy and normal are
    ``(n, *s, c)``.

    If eps = 0, any two different numbers become -1 and 1, so their gradients are 0.

    >>> x, dy = np.array([1.0, 10.0, 3.0, 50.0]).reshape(1, 1, 2, 2), np.arange(4.0).reshape(1, 1, 2, 2)
    >>> _, normal, inverse = group_norm_forward(x, np.ones(2), np.zeros(2), 2, 0.0)
    >>> float(abs(group_norm_backward(dy, normal, inverse, np.ones(2))).max())
    0.0
    """
    given = _unscale(dy, normal, weight, dweight, dbias), normal
    g, normal = (_grouped(array, inverse.shape[1]) for array in given)
    return (inverse[:, None, :, None] * _project(g, normal, GROUP)).reshape(dy.shape)


@operation(
    "ddx (n, *S, D), dy (n, *S, D), normal (n, *S, D), inverse (n, G), weight (D,), "
    "dweight (D,) changed or None"
)
def group_norm_double_backward(
    ddx: Array,
    dy: Array,
    normal: Array,
    inverse: Array,
    weight: Array,
    dweight: Array | None = None,
) -> tuple[Array, Array]:
    r"""Differentiate :func:`group_norm_backward`: return ``ddy`` and :math:`\partial P/\partial x`.

    With :math:`q = r\,\Pi(ddx)`, as in :func:`layer_norm_double_backward`,

    .. math:: ddy = q \odot w, \qquad dw = \sum_{n,s} q_{ns} \odot dy_{ns}.

    ``ddx`` and both results are ``(n, *s, c)``. The other parameters are as for :func:`group_norm_backward`.

    >>> x, dy = np.array([1.0, 10.0, 3.0, 50.0]).reshape(1, 1, 2, 2), np.arange(4.0).reshape(1, 1, 2, 2)
    >>> _, normal, inverse = group_norm_forward(x, np.ones(2), np.zeros(2), 2, 0.0)
    >>> ddy, dx = group_norm_double_backward(dy, dy, normal, inverse, np.ones(2))
    >>> float(abs(ddy).max()), float(abs(dx).max())
    (0.0, 0.0)
    """
    t, g, normal = (_grouped(array, inverse.shape[1]) for array in (ddx, dy * weight, normal))
    q, dx = _differentiate(t, g, normal, inverse[:, None, :, None], GROUP)
    q = q.reshape(dy.shape)
    if dweight is not None:
        dweight += (q * dy).sum(axis=tuple(range(dy.ndim - 1)))
    return q * weight, dx.reshape(dy.shape)


@operation("x (n, *s, D)")
def pixel_norm_forward(x: Array) -> tuple[Array, Array]:
    r"""Divide each pixel's channels by their root mean square (Karras et al. 2018, sec. 4.2).

    .. math:: y = r\,x, \qquad r = (\langle x^2 \rangle + \epsilon)^{-1/2}, \qquad \epsilon = 10^{-8},

    with the mean over the channels of a pixel. x: ``(n, *s, c)``. It returns y ``(n, *s, c)`` and r ``(n, *s, 1)``.

    >>> pixel_norm_forward(np.array([[3.0, 3.0], [-1.0, 7.0]]))[0].round(3)
    array([[ 1. ,  1. ],
           [-0.2,  1.4]])
    """
    inverse = 1 / np.sqrt(np.square(x).mean(axis=-1, keepdims=True) + EPS)
    return inverse * x, inverse


@operation("dy (n, *s, D), y (n, *s, D), inverse (n, *s, 1)")
def pixel_norm_backward(dy: Array, y: Array, inverse: Array) -> Array:
    r"""Return :math:`dx = r\,Q\,dy`, where :math:`Q g = g - y\,\langle g y \rangle`.

    x is divided by its size without being centred. :math:`\partial r/\partial x_i = -r^3 x_i/c = -r^2 y_i/c`, so

    .. math:: dx_i = r\,dy_i - \frac{r^2 y_i}{c}\sum_j dy_j x_j = r\,(dy_i - y_i\,\langle dy\,y \rangle).

    ``y`` and ``inverse`` are as :func:`pixel_norm_forward` returned them.

    But for :math:`\epsilon`, the length of x has no effect, so a dy along x gives dx = 0.

    >>> x = np.array([[3.0, 4.0]])
    >>> bool(abs(pixel_norm_backward(x, *pixel_norm_forward(x))).max() < 1e-8)
    True
    """
    return inverse * _keep_size(dy, y, -1)


@operation("ddx (n, *s, D), dy (n, *s, D), y (n, *s, D), inverse (n, *s, 1)")
def pixel_norm_double_backward(
    ddx: Array, dy: Array, y: Array, inverse: Array
) -> tuple[Array, Array]:
    r"""Differentiate :func:`pixel_norm_backward`: return :math:`ddy = r\,Q\,ddx` and :math:`\partial P/\partial x`.

    Q is symmetric as :math:`\Pi` is, and y is in it in the same way. So the second derivative at the top of
    :mod:`npgan.ops.normalisation` holds with y in place of :math:`\hat x` and Q in place of :math:`\Pi`.

    >>> x = np.array([[3.0, 4.0]])
    >>> ddy, _ = pixel_norm_double_backward(x, np.array([[1.0, 2.0]]), *pixel_norm_forward(x))
    >>> bool(abs(ddy).max() < 1e-8)
    True
    """
    return _differentiate(ddx, dy, y, inverse, -1, _keep_size)
