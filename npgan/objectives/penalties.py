r"""Gradient penalties: what a discriminator pays for being steep.

Each is a measure of the input gradients :math:`g_i = \partial D(x_i)/\partial x_i` at some points
:math:`x_i`, added to the discriminator's loss:

======== ============================================ ==========================================
name     points                                       measure, times its coefficient
======== ============================================ ==========================================
r1       real data                                    :math:`\frac12\,\overline{\|g\|^2}`
r2       generated data                               :math:`\frac12\,\overline{\|g\|^2}`
wgan-gp  between a real and a generated sample each   :math:`\overline{(\|g\| - 1)^2}`
dragan   around real data                             :math:`\overline{(\|g\| - 1)^2}`
======== ============================================ ==========================================

D treats each sample by itself, so that :math:`g_i` is row i of the gradient of
:math:`\sum_i D(x_i)`: one backward pass from ones gives them all. Where a layer compares the samples of
a batch (:mod:`npgan.layers.minibatch`) that row is what is meant by :math:`g_i`.

A discriminator that also takes a condition k, a label or a translator's source, is a function of x for each
k: the points keep their k, and g is the gradient with respect to x alone, as in the program of Mescheder et
al. 2018.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from npgan import errors
from npgan.backend import run
from npgan.errors import InputError, chosen, instance, not_negative, positive, shown
from npgan.layers import Layer, Sequential
from npgan.ops.normalisation import polar
from npgan.optim import schedules
from npgan.optim.schedules import Schedule, Varying
from npgan.parameters import Parameters
from npgan.shapes import Array, takes

DRAGAN_NOISE = 0.5
EVERY = slice(None)


@takes("g (N, d)")
def squared_norm(g: Array) -> tuple[np.floating, Array]:
    r"""Return :math:`P = \frac{1}{2n}\sum_i\|g_i\|^2` and :math:`dg = g/n`, for g (n, d).

    With the coefficient :math:`\gamma` this is Mescheder et al. 2018, eq. 9 (at real data) and
    eq. 10 (at generated data).

    >>> value, dg = squared_norm(np.array([[3.0, 4.0], [0.0, 0.0]]))
    >>> float(value), dg.tolist()
    (6.25, [[1.5, 2.0], [0.0, 0.0]])
    """
    return np.square(g).sum() / (2 * len(g)), g / g.dtype.type(len(g))


@takes("g (N, d)")
def distance_from_one(g: Array) -> tuple[np.floating, Array]:
    r"""Return :math:`P = \frac1n\sum_i(\|g_i\| - 1)^2` and its gradient, for g (n, d).

    :math:`\partial\|g\|/\partial g = g/\|g\|`, the direction of g, so that
    :math:`dg_i = \frac2n(\|g_i\| - 1)\,g_i/\|g_i\|`. A g of 0 has no direction, and dg is 0 there.
    Source: Gulrajani et al. 2017, eq. 3.

    >>> value, dg = distance_from_one(np.array([[3.0, 4.0], [0.0, 0.0]]))
    >>> float(value), dg[0].round(1).tolist(), float(abs(dg[1]).max())
    (8.5, [2.4, 3.2], 0.0)
    """
    norm, direction = polar(g)
    return np.square(norm - 1).mean(), (norm - 1) * (2 / len(g)) * direction


@takes("real (N, d), fake (M, d)")
def at_real(real: Array, fake: Array, rng: np.random.Generator | None) -> Array:
    """Return the real samples."""
    return real


@takes("real (N, d), fake (M, d)")
def at_fake(real: Array, fake: Array, rng: np.random.Generator | None) -> Array:
    """Return the generated samples."""
    return fake


@takes("real (N, d), fake (M, d)")
def between(real: Array, fake: Array, rng: np.random.Generator | None) -> Array:
    r"""Return :math:`\epsilon x + (1 - \epsilon)\tilde x` for real x and generated :math:`\tilde x`.

    :math:`\epsilon \sim U[0, 1]`, one for each pair. Source: Gulrajani et al. 2017, algorithm 1.

    >>> between(np.ones((2, 1)), np.ones((2, 1)), np.random.default_rng(0))
    array([[1.],
           [1.]])
    """
    errors.pairs(real, fake)
    return fake + _uniform(real, rng) * (real - fake)


@takes("real (N, d), fake (M, d)")
def around_real(real: Array, fake: Array, rng: np.random.Generator | None) -> Array:
    r"""Return :math:`x + \alpha\delta` for real x: points on the way to a noisy copy of each.

    :math:`\delta \sim N(0, (s/2)^2)`, s the standard deviation of all the batch's numbers, and
    :math:`\alpha \sim U[0, 1]`, one for each sample. Source: Kodali et al. 2017 (Gaussian noise), and their
    program (its size and :math:`\alpha`).

    >>> around_real(np.zeros((2, 1)), np.zeros((2, 1)), np.random.default_rng(0))
    array([[0.],
           [0.]])
    """
    alpha = _uniform(real, rng)
    noise = run.standard_normal(_drawn(rng), real.shape, real.dtype)
    return real + alpha * (DRAGAN_NOISE * real.std()) * noise


def _uniform(x: Array, rng: np.random.Generator | None) -> Array:
    return _drawn(rng).random((len(x), 1)).astype(x.dtype)


def _drawn(rng: np.random.Generator | None) -> np.random.Generator:
    if rng is None:
        raise InputError("this penalty draws its points at random: give it an rng")
    return errors.generator(rng)


class Penalty(NamedTuple):
    """Where a penalty is taken, and of what.

    Attributes
    ----------
    points : (real, fake, rng) -> x (n, d)
    measure : g (n, d) -> its value and its gradient (n, d)
    """

    points: Callable[[Array, Array, np.random.Generator | None], Array]
    measure: Callable[[Array], tuple[np.floating, Array]]


PENALTIES: dict[str, Penalty] = {
    "r1": Penalty(at_real, squared_norm),
    "r2": Penalty(at_fake, squared_norm),
    "wgan-gp": Penalty(between, distance_from_one),
    "dragan": Penalty(around_real, distance_from_one),
}


def gradient_penalty(
    discriminator: Layer,
    x: Array,
    measure: Callable[[Array], tuple[np.floating, Array]],
    coefficient: float = 1.0,
    grads: Parameters | None = None,
    rng: np.random.Generator | None = None,
    data: Array | slice = EVERY,
) -> np.floating:
    r"""Return :math:`P = c\,m(g)`, :math:`g = \partial D/\partial x`; add its gradient to ``grads``.

    .. math:: \frac{\partial P}{\partial\theta}
        = \sum_{i} v_i \cdot \frac{\partial g_i}{\partial\theta}, \qquad v = c\,\frac{\partial m}{\partial g}

    which is what the network's ``double_backward`` of v adds: the derivative of a derivative.

    Parameters
    ----------
    discriminator : x (n, d) -> logits (n, 1)
    x : (n, d) the points
    measure : see :class:`Penalty`
    coefficient : c
    grads : the discriminator's gradients, added to; None: they are not wanted
    rng : the randomness of the discriminator's pass
    data : which columns of x are data, whose slope counts; by default all

    Examples
    --------
    >>> from npgan import Dense
    >>> net = Dense(2, 1)
    >>> net.parameters["weight"][...] = [[3], [4]]  # D(x) = 3 x1 + 4 x2 + b
    >>> float(gradient_penalty(net, np.zeros((5, 2), np.float32), squared_norm))
    12.5
    """
    instance("discriminator", discriminator, Layer)
    instance("measure", measure, Callable)
    coefficient = not_negative("coefficient", coefficient)
    logits, cache = discriminator.forward(x, rng)
    g, record = discriminator.input_gradient(np.ones_like(logits), cache)
    value, dg = measure(g[:, data])
    if grads is not None:
        ddx = np.zeros_like(g)
        ddx[:, data] = coefficient * dg
        discriminator.double_backward(ddx, record, cache, grads, input_grad=False)
    return coefficient * value


def penalized_backward(
    discriminator: Layer,
    network: Layer,
    coefficients: Callable[[], Mapping[str, float]],
    dlogits: Array,
    cache: Any,
    real: Array,
    fake: Array,
    grads: Parameters | None = None,
    rng: np.random.Generator | None = None,
    data: Array | None = None,
) -> list[np.floating]:
    r"""Go back through D for its loss and its penalties; return the penalties' values, R1 and R2 as one.

    R1 and R2 are taken on the very batch that the loss looks at, with the coefficients
    :math:`c_i = \gamma_1/n` of real samples and :math:`\gamma_2/n` of generated ones, so that one
    backward pass does for all three: :meth:`npgan.layers.Layer.penalized_backward`. The others look
    elsewhere, and need passes of their own.

    Parameters
    ----------
    discriminator : x (n, d) -> logits (n, 1)
    network : the same as it took real and generated samples, as one batch or as two
    coefficients : returns name -> coefficient, as they are at this step
    dlogits : (2n, 1) the loss's gradient with respect to the logits of real, then of generated samples
    cache : of the pass that made those logits
    real, fake : (n, d) the samples
    grads : the discriminator's gradients, added to; None: they are not wanted
    rng : draws the points of the penalties that do so, and the randomness of their passes
    data : (d,) True where a column is data, False where it is a condition; None: all are data
    """
    every = EVERY if data is None else data
    penalties, values = coefficients(), []
    others = [name for name in penalties if name not in ("r1", "r2")]
    if len(others) < len(penalties):
        n, counted = len(real), np.ones(1, bool) if data is None else data
        c = np.empty((len(dlogits), counted.size), dlogits.dtype)

        def fill() -> None:
            now = coefficients()
            c[:n] = counted * (now.get("r1", 0.0) / n)
            c[n:] = counted * (now.get("r2", 0.0) / len(fake))

        run.each(fill)
        values.append(network.penalized_backward(dlogits, c, cache, grads))
    elif grads is not None:
        network.backward(dlogits, cache, grads, input_grad=False)
    for name in others:
        points, measure = PENALTIES[name]
        x = real.copy()
        x[:, every] = points(real[:, every], fake[:, every], rng)
        given = discriminator, x, measure, penalties[name], grads, rng, every
        values.append(gradient_penalty(*given))
    return values


def geometric(start: float, end: float, steps: int) -> Schedule:
    r"""Let a coefficient go from ``start`` to ``end`` by equal factors: :math:`c_t = a (b/a)^{t/T}`.

    A large one balances the modes before any has formed, a small one then lets them sharpen.

    >>> [round(geometric(0.1, 0.001, 4)(t), 4) for t in (0, 2, 4, 5)]
    [0.1, 0.01, 0.001, 0.001]

    Raises InputError unless both are above 0.
    """
    positive("a penalty's start", start)
    positive("a penalty's end", end)
    return Schedule("geometric", start, end, steps)


def scheduled(penalties: Any, steps: int) -> Any:
    """Return penalties of which each ``{"start": a, "end": b}`` is :func:`geometric` over ``steps``.

    >>> scheduled({"r1": {"start": 0.1, "end": 0.001}}, steps=100)["r1"](50).__round__(4)
    0.01
    """
    if not isinstance(penalties, Mapping):
        return penalties  # check_penalties says what is wrong with it
    result = dict(penalties)
    for name, value in penalties.items():
        if isinstance(value, Mapping):
            if "shape" in value:
                result[name] = schedules.read(value)
            elif value.keys() == {"start", "end"}:
                result[name] = geometric(**value, steps=steps)
            else:
                raise InputError(f"the penalty {name} must be a coefficient, or its start and end")
    return result


def check_penalties(
    penalties: Mapping[str, Varying], discriminator: Sequential
) -> dict[str, Varying]:
    """Return penalties, name -> coefficient, that this discriminator can be given.

    Raises InputError for an unknown penalty, a coefficient that is negative or no number, or a layer without a
    second derivative: a pass of one row finds it.
    """
    if not isinstance(penalties, Mapping):
        raise InputError(f"penalties must be a table, name -> coefficient, not {shown(penalties)}")
    instance("discriminator", discriminator, Sequential)
    for name in penalties:
        chosen("penalty", name, PENALTIES)
    if penalties:
        row = np.zeros((1, discriminator.in_width), discriminator.parameters.flat.dtype)
        gradient_penalty(discriminator, row, squared_norm, 0.0, discriminator.parameters.like())
    return {
        name: value if callable(value) else not_negative(f"the coefficient of {name}", value)
        for name, value in penalties.items()
    }
