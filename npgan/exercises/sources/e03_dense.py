"""A dense layer, forwards and backwards (chapter 3).

The rows of x (n, k) are samples. The layer computes y = x W + b with the weight W (k, m) and the
bias b (m,). For the backward pass you are given dy (n, m), the derivatives of a loss with respect
to y.

1. Each row of y depends on the same row of x. The bias is added to every row.
2. Entry (i, j) of the weight takes x[s, i] to y[s, j], in every sample s. Its derivative is a sum
   over the samples.
3. The shapes tell where the transposes go: (n, m) and (k, m) make (n, k), (n, k) and (n, m) make
   (k, m).
"""

import numpy as np


def forward(x, weight, bias):
    """Return y (n, m)."""
    # write
    return x @ weight + bias
    # end


def backward(dy, x, weight):
    """Return dx (n, k), dweight (k, m) and dbias (m,)."""
    # write
    return dy @ weight.T, x.T @ dy, dy.sum(axis=0)
    # end
