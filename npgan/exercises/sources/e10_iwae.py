"""The importance-weighted bound and its weights (chapter 7).

a (n, k) are the logarithms of the weights of k draws for each of n samples. The bound of a sample
is ln((1/k) sum e^a). The result is the mean over the samples. Numbers of -1000 must not become 0
before the logarithm.

1. Subtract the largest a of each row before np.exp, and add it to the logarithm.
2. The derivative of ln(sum e^a) with respect to a[j] is e^a[j] / (sum e^a): the draw's share.
3. The mean over the samples divides by n.
"""

import numpy as np


def bound(a):
    """Return the mean bound, a number."""
    # write
    top = a.max(axis=1, keepdims=True)
    return (np.log(np.exp(a - top).mean(axis=1)) + top[:, 0]).mean()
    # end


def gradient(a):
    """Return the derivative of the bound with respect to a (n, k)."""
    # write
    w = np.exp(a - a.max(axis=1, keepdims=True))
    return w / w.sum(axis=1, keepdims=True) / len(a)
    # end
