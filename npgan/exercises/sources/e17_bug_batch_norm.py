"""Find the bug: batch normalisation (chapter 13).

Each column of x (n, d) is brought to mean 0 and variance 1. The backward pass is given the
normalised numbers and the inverse standard deviations (d,).

1. The variance depends on x, and so does the mean.
2. Three ways lead from x to the loss. How many are there in the code?
3. If all samples move by the same number, nothing changes. So the sum of dx over the samples must
   be 0.
"""

import numpy as np


def forward(x):
    """Return the normalised numbers (n, d) and the inverse standard deviations (d,)."""
    inverse = 1 / np.sqrt(((x - x.mean(axis=0)) ** 2).mean(axis=0) + 1e-5)
    return (x - x.mean(axis=0)) * inverse, inverse


def backward(dy, normal, inverse):
    """Return dx (n, d)."""
    through_scale = normal * (dy * normal).mean(axis=0)
    through_mean = dy.mean(axis=0)  # bug: through_mean = 0
    return inverse * (dy - through_mean - through_scale)
