"""Find the bug: R1's second derivative (chapter 10).

D(x) = tanh(x W) u. The slope is g = e W^T with e = u (1 - h^2) and h = tanh(x W). The penalty is
gamma / 2 times the mean of the squared lengths of g.

1. The penalty itself is right.
2. The weight W is in the slope twice: as a factor, and inside h.
3. One of the two ways is missing.
"""

import numpy as np


def penalty(x, W, u, gamma):
    """Return the penalty, a number."""
    g = (u * (1 - np.tanh(x @ W) ** 2)) @ W.T
    return gamma / 2 * (g**2).sum() / len(x)


def gradient(x, W, u, gamma):
    """Return the derivatives with respect to W (d, m) and u (m,)."""
    h = np.tanh(x @ W)
    e = u * (1 - h**2)
    t = gamma * (e @ W.T) / len(x)
    de = t @ W
    da = de * u * -2 * h * (1 - h**2)
    dW = t.T @ e + x.T @ da  # bug: dW = t.T @ e
    return dW, (de * (1 - h**2)).sum(axis=0)
