r"""Adversarial training: a loss is made small where it is largest near each row (Madry et al. 2018, sec. 2.1).

.. math:: \min_\theta \sum_i \max_{\|\delta\|_\infty \le \epsilon} L(x_i + \delta, y_i)

The inner maximum is looked for by projected gradient descent of :math:`-L`.
"""

from collections.abc import Callable

import numpy as np

from npgan.backend import run
from npgan.shapes import Array

STRIDE = 2.5
"""Steps of 2.5 epsilon / steps can cross the box, which is 2 epsilon wide."""


def worst_case(
    gradient: Callable[[Array], Array],
    x: Array,
    epsilon: float,
    limits: tuple[float, float],
    *,
    steps: int,
    step: float | None = None,
    rng: np.random.Generator | None = None,
) -> Array:
    r"""Take steps of :func:`npgan.ops.projected_ascent` along the gradient of each row's own loss.

    .. math:: x_{t+1} = \Pi\big(x_t + \alpha\,\mathrm{sign}(\partial L(x_t)/\partial x_t)\big)

    Parameters
    ----------
    gradient : x -> the derivative of each row's loss with respect to it
    x : (n, d) floats
    epsilon : the most that a number may change
    limits : the data's range; what becomes of x stays in it, or in the range of x if that is wider
    steps : how many
    step : alpha; by default 2.5 epsilon / steps
    rng : draws where it begins, anywhere in the box; None: at x

    Examples
    --------
    >>> worst_case(lambda x: 0.5 - x, np.array([[0.1, 0.8]]), 0.2, (0, 1), steps=1)
    array([[0.3, 0.6]])
    """
    within = x.min(initial=limits[0]), x.max(initial=limits[1])
    low, high = (np.clip(x + sign * epsilon, *within).astype(x.dtype) for sign in (-1, 1))
    alpha = x.dtype.type(STRIDE * epsilon / steps if step is None else step)
    moved = x
    if rng is not None:
        moved = low + (high - low) * rng.random(x.shape, x.dtype)
    for _ in range(steps):
        moved = run.projected_ascent(moved, gradient(moved), low, high, alpha)
    return moved
