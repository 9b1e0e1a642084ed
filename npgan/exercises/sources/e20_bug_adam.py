"""Find the bug: Adam (chapter 5).

w, g, m and v (p,) are the weights, their gradient, and the two means so far. t is 1 in the first
step.

1. It moves the weights too fast in the first steps, and is right after thousands.
2. Both means start at 0.
3. Is v corrected for that?
"""

import numpy as np


def update(w, g, m, v, t, lr, beta1, beta2, eps):
    """Return the new w, m and v."""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    mean = m / (1 - beta1**t)
    square = v / (1 - beta2**t)  # bug: square = v
    return w - lr * mean / (np.sqrt(square) + eps), m, v
