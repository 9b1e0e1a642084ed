r"""In a latent space: search for the code of an image, and paths from one code to another."""

from collections.abc import Callable
from typing import Any

import numpy as np

from npgan import errors
from npgan.errors import TAME, InputError, NonFiniteError, array, count, instance, not_negative
from npgan.layers import Sequential
from npgan.ops.normalisation import polar
from npgan.optim import Adam


def search(
    decoder: Sequential,
    x: np.ndarray,
    rng: np.random.Generator,
    *,
    known: np.ndarray | float = 1.0,
    steps: int = 300,
    restarts: int = 4,
    lr: float = 0.1,
    prior: float = 0.01,
    progress: Callable = iter,
) -> np.ndarray:
    r"""Return, for each row of x, the best z found: its :math:`G(z)` is like the row where that is known.

    .. math:: L(z) = \sum_i m_i\,(G(z)_i - x_i)^2 + \frac\lambda2\|z\|^2, \qquad
        \frac{\partial L}{\partial z}
        = \Big(\frac{\partial G}{\partial z}\Big)^{\!\top} 2m(G(z) - x) + \lambda z

    Adam minimises it from ``restarts`` points of :math:`N(0, I)` at once. With all pixels known this is
    the projection onto the generator's range (Bora et al. 2017); with a mask it completes an image.
    Yeh et al. 2017 complete images with another loss: absolute errors, weighted more near the hole, and the
    discriminator's loss in place of :math:`\|z\|^2`.

    Parameters
    ----------
    decoder : z (n, k) -> x (n, d)
    x : (n, d) floats
    rng : draws the starting points
    known : the mask m, (n, d) or (d,) or a number: 1 where a pixel is known, 0 where not
    steps, restarts, lr : of the search
    prior : lambda
    progress : takes a range and returns an iterable of it, a progress bar for example

    Returns
    -------
    z : (n, k)

    Examples
    --------
    >>> from npgan import Dense
    >>> net = Sequential(Dense(2, 3), rng=0)
    >>> x = net(np.float32([[1, -1]]))
    >>> z = search(net, x, np.random.default_rng(0), prior=0)
    >>> abs(net(z) - x).max() < 1e-2
    np.True_
    """
    instance("decoder", decoder, Sequential)
    dtype = decoder.parameters.flat.dtype
    x = array("x", x, ("n", decoder.out_width), "floats", rows=1, dtype=dtype)
    mask = array("known", known, None, dtype=dtype, limits=(0, 1))
    errors.shaped("known", mask, {0: (), 1: x.shape[1:]}.get(mask.ndim, x.shape))
    restarts, steps = count("restarts", restarts, 1), count("steps", steps, 1)
    prior, rng = not_negative("prior", prior), errors.generator(rng)
    z = rng.standard_normal((len(x) * restarts, decoder.in_width)).astype(dtype)
    target = np.repeat(x, restarts, axis=0)
    mask = np.broadcast_to(mask, x.shape).repeat(restarts, axis=0)
    rule = Adam(lr, beta2=0.99)
    with np.errstate(all="ignore"):  # numbers that are not finite are reported below
        for _ in progress(range(steps)):
            output, cache = decoder.forward(z)
            dz = decoder.backward(2 * mask * (output - target), cache) + dtype.type(prior) * z
            rule.step(z.ravel(), dz.ravel())
        loss = (mask * np.square(decoder(z) - target)).sum(axis=1)
        loss += prior / 2 * np.square(z).sum(axis=1)
    if not np.isfinite(loss).all():
        raise NonFiniteError("the search diverged: try a smaller lr or prior")
    best = loss.reshape(len(x), restarts).argmin(axis=1)
    return z.reshape(len(x), restarts, decoder.in_width)[np.arange(len(x)), best]


def lerp(a: np.ndarray, b: np.ndarray, t: np.ndarray) -> np.ndarray:
    r"""Return points on the straight line from a to b (k,): :math:`(1 - t)a + tb`, a row for each t (m,).

    >>> lerp(np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.array([0.5]))
    array([[0.5, 0.5]])
    """
    a, b, t = _ends(a, b, t)
    return (1 - t) * a + t * b


def _ends(a: Any, b: Any, t: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the ends (k,) of a path, and how far along it each point lies, (m, 1)."""
    a = array("a", a, ("k",), rows=1, limits=TAME)
    b = array("b", b, a.shape, limits=TAME)
    return a, b, array("t", t, ("m",), limits=TAME)[:, None]


def slerp(a: np.ndarray, b: np.ndarray, t: np.ndarray) -> np.ndarray:
    r"""Return points from a to b (k,) along a sphere: spherical linear interpolation.

    .. math:: r(t)\left(\frac{\sin((1 - t)\theta)}{\sin\theta}\frac{a}{\|a\|}
        + \frac{\sin(t\theta)}{\sin\theta}\frac{b}{\|b\|}\right), \qquad
        r(t) = (1 - t)\|a\| + t\|b\|

    with :math:`\theta` the angle between them: the angular speed is constant and the length changes linearly.
    Draws from :math:`N(0, I)` in many dimensions lie near a sphere, and a straight line between two of them
    goes through its inside (Shoemake 1985; White 2016). Between parallel vectors the direction stays the same.

    >>> slerp(np.array([1.0, 0.0]), np.array([0.0, 3.0]), np.array([0.0, 0.5, 1.0])).round(3)
    array([[1.   , 0.   ],
           [1.414, 1.414],
           [0.   , 3.   ]])

    Raises InputError if one of them is 0 and has no direction, or they are opposite and have no shortest path.
    """
    a, b, t = _ends(a, b, t)
    lengths, (u, v) = polar(np.stack([a, b]))
    if not lengths.all():
        raise InputError("there is no path along a sphere from or to 0")
    theta = 2 * np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v))
    if np.pi - theta < 1e-6:
        raise InputError("opposite vectors have no shortest path along a sphere between them")
    if theta < 1e-6:
        directions = (1 - t) * u + t * v
    else:
        directions = (np.sin((1 - t) * theta) * u + np.sin(t * theta) * v) / np.sin(theta)
    return ((1 - t) * lengths[0] + t * lengths[1]) * directions
