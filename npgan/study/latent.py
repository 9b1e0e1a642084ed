r"""Ways through a latent space: the code of an image that only a decoder knows, and from one to another."""

from collections.abc import Callable
from typing import Any

import numpy as np

from npgan import errors
from npgan.errors import (
    TAME,
    InputError,
    NonFiniteError,
    array,
    count,
    instance,
    not_negative,
    shaped,
)
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
    r"""Return, for each row of x, the best z found: one whose :math:`G(z)` is like it where it is known.

    .. math:: L(z) = \sum_i m_i\,(G(z)_i - x_i)^2 + \frac\lambda2\|z\|^2, \qquad
        \frac{\partial L}{\partial z}
        = \Big(\frac{\partial G}{\partial z}\Big)^{\!\top} 2m(G(z) - x) + \lambda z

    Adam follows it from ``restarts`` points of :math:`N(0, I)` at once. With all pixels known that is
    the projection on the generator's range (Bora et al. 2017), with a mask what completes an image.
    Yeh et al. 2017 do so with another loss: absolute errors, which count more near the hole, and in
    place of :math:`\|z\|^2` the discriminator's opinion.

    Parameters
    ----------
    decoder : z (n, k) -> x (n, d)
    x : (n, d) floats
    rng : draws where the search begins
    known : m, (n, d) or (d,) or a number: 1 where a pixel counts and 0 where not
    steps, restarts, lr : of the search
    prior : lambda
    progress : takes a range and returns it, showing how far it got

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
    shown = array("known", known, None, dtype=dtype, limits=(0, 1))
    shaped("known", shown, {0: (), 1: x.shape[1:]}.get(shown.ndim, x.shape))
    restarts, steps = count("restarts", restarts, 1), count("steps", steps, 1)
    prior, rng = not_negative("prior", prior), errors.generator(rng)
    z = rng.standard_normal((len(x) * restarts, decoder.in_width)).astype(dtype)
    target = np.repeat(x, restarts, axis=0)
    shown = np.broadcast_to(shown, x.shape).repeat(restarts, axis=0)
    rule = Adam(lr, beta2=0.99)
    with np.errstate(all="ignore"):  # what is not finite is named below
        for _ in progress(range(steps)):
            output, cache = decoder.forward(z)
            dz = decoder.backward(2 * shown * (output - target), cache) + dtype.type(prior) * z
            rule.step(z.reshape(-1), np.ascontiguousarray(dz).reshape(-1))
        loss = (shown * np.square(decoder(z) - target)).sum(axis=1)
        loss += prior / 2 * np.square(z).sum(axis=1)
    if not np.isfinite(loss).all():
        raise NonFiniteError("the search left all numbers behind: try a smaller lr or prior")
    best = loss.reshape(len(x), restarts).argmin(axis=1)
    return z.reshape(len(x), restarts, -1)[np.arange(len(x)), best]


def lerp(a: np.ndarray, b: np.ndarray, t: np.ndarray) -> np.ndarray:
    r"""Go straight from a to b (k,): :math:`(1 - t)a + tb`, a row for each of t (m,).

    >>> lerp(np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.array([0.5]))
    array([[0.5, 0.5]])
    """
    a, b, t = _way(a, b, t)
    return (1 - t) * a + t * b


def _way(a: Any, b: Any, t: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the ends (k,) of a way, and how far along it to go, (m, 1)."""
    a = array("a", a, ("k",), rows=1, limits=TAME)
    b = array("b", b, a.shape, limits=TAME)
    return a, b, array("t", t, ("m",), limits=TAME)[:, None]


def slerp(a: np.ndarray, b: np.ndarray, t: np.ndarray) -> np.ndarray:
    r"""Go from a to b (k,) at a constant angular speed, the length changing evenly.

    .. math:: r(t)\left(\frac{\sin((1 - t)\theta)}{\sin\theta}\frac{a}{\|a\|}
        + \frac{\sin(t\theta)}{\sin\theta}\frac{b}{\|b\|}\right), \qquad
        r(t) = (1 - t)\|a\| + t\|b\|

    with :math:`\theta` the angle between them. Points of :math:`N(0, I)` in many dimensions lie near a
    sphere, which a straight way cuts short (Shoemake 1985; White 2016). Parallel vectors have one
    direction, which is kept.

    >>> slerp(np.array([1.0, 0.0]), np.array([0.0, 3.0]), np.array([0.0, 0.5, 1.0])).round(3)
    array([[1.   , 0.   ],
           [1.414, 1.414],
           [0.   , 3.   ]])

    Raises
    ------
    InputError
        If one of them is 0, or they are opposite: there is no direction, or no shortest way.
    """
    a, b, t = _way(a, b, t)
    lengths, (u, v) = polar(np.stack([a, b]))
    if not lengths.all():
        raise InputError("there is no way along a sphere from or to 0")
    theta = 2 * np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v))
    if np.isclose(theta, np.pi, rtol=0, atol=1e-6):
        raise InputError("opposite vectors have no shortest way along a sphere between them")
    if theta < 1e-6:
        directions = (1 - t) * u + t * v
    else:
        directions = (np.sin((1 - t) * theta) * u + np.sin(t * theta) * v) / np.sin(theta)
    return ((1 - t) * lengths[0] + t * lengths[1]) * directions
