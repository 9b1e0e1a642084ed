"""A step of Adam (chapter 5).

w, g, m and v (p,) are the weights, their gradient, and the two means so far, which start at 0. t is
1 in the first step. eps is added to the root.

1. m is a mean of the gradients, v of their squares: m = beta1 m + (1 - beta1) g.
2. Both start at 0 and are too small at first. Divide by 1 - beta1^t and by 1 - beta2^t.
3. Return the means as they are, not divided: the next step goes on from them.
"""

import numpy as np


def update(w, g, m, v, t, lr, beta1, beta2, eps):
    """Return the new w, m and v."""
    # write
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    mean, square = m / (1 - beta1**t), v / (1 - beta2**t)
    return w - lr * mean / (np.sqrt(square) + eps), m, v
    # end
