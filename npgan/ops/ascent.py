r"""Projected gradient ascent: towards more loss, but not out of a box. This is how adversarial examples are found."""

import numpy as np

from npgan.shapes import Array, operation


@operation("x (n, d), g (n, d), low (n, d), high (n, d), alpha")
def projected_ascent(x: Array, g: Array, low: Array, high: Array, alpha: float) -> Array:
    r"""Follow the sign of the gradient g, and come back to the box between ``low`` and ``high``.

    :math:`\Pi(x + \alpha\,\mathrm{sign}(g))`, where :math:`\Pi` clips each number to its own range. Before
    that, all numbers whose derivative is not 0 move equally far, however small it is (Madry et al. 2018, sec. 2.1).
    NaN in any array stays NaN. There is no backward pass: training does not differentiate an attack.

    >>> x = np.array([[0.1, 0.8]])
    >>> projected_ascent(x, np.array([[3.0, -0.01]]), x - 0.3, x + 0.2, 0.25)
    array([[0.3 , 0.55]])
    """
    return np.clip(x + alpha * np.sign(g), low, high)
