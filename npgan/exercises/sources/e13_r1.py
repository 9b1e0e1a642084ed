"""R1 and its derivative: a second derivative by hand (chapter 10).

The discriminator is D(x) = tanh(x W) u, with x (n, d), W (d, m) and u (m,). The slope of a sample
is g = dD/dx (d,), and the penalty is gamma / 2 times the mean over the samples of the squared
length of g.

1. With h = tanh(x W) the slope is g = e W^T, where e = u (1 - h^2), a row for each sample.
2. Now differentiate that. t = gamma g / n is the derivative of the penalty with respect to g. g = e
   W^T gives dW = t^T e and de = t W.
3. e depends on u, and through h also on W: the derivative of 1 - h^2 with respect to a = x W is -2
   h (1 - h^2). So there is a second part, x^T da.
"""

import numpy as np


def penalty(x, W, u, gamma):
    """Return the penalty, a number."""
    # write
    g = (u * (1 - np.tanh(x @ W) ** 2)) @ W.T
    return gamma / 2 * (g**2).sum() / len(x)
    # end


def gradient(x, W, u, gamma):
    """Return the derivatives with respect to W (d, m) and u (m,)."""
    # write
    h = np.tanh(x @ W)
    e = u * (1 - h**2)
    t = gamma * (e @ W.T) / len(x)
    de = t @ W
    da = de * u * -2 * h * (1 - h**2)
    return t.T @ e + x.T @ da, (de * (1 - h**2)).sum(axis=0)
    # end
