"""The generator's step, through the discriminator (chapter 8).

The generator makes x = tanh(z A) of the noise z (n, k), with A (k, d). The discriminator answers
with the logits l = max(x W, 0) u, with W (d, m) and u (m,). The generator's loss is non-saturating:
the mean of -ln sigma(l) = ln(1 + e^-l).

1. Forwards: x, then h = max(x W, 0), then l = h u. Keep x and h.
2. The derivative of ln(1 + e^-l) with respect to l is sigma(l) - 1, divided by n for the mean.
3. Go back through D to x, although none of its weights is changed: dh = dl u, ReLU's mask, then W
   transposed. Then tanh, then A.
"""

import numpy as np


def loss(z, A, W, u):
    """Return the generator's loss, a number."""
    # write
    logits = np.maximum(np.tanh(z @ A) @ W, 0) @ u
    return np.log1p(np.exp(-logits)).mean()
    # end


def gradient(z, A, W, u):
    """Return the derivative with respect to A (k, d)."""
    # write
    x = np.tanh(z @ A)
    h = np.maximum(x @ W, 0)
    dl = (1 / (1 + np.exp(-(h @ u))) - 1) / len(z)
    dx = (np.outer(dl, u) * (h > 0)) @ W.T
    return z.T @ (dx * (1 - x**2))
    # end
