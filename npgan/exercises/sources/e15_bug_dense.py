"""Find the bug: a dense layer (chapter 3).

y = x W + b, with x (n, k), W (k, m) and b (m,). One line is wrong. The shapes are right.

1. npgan exercise 15 --check says which gradient is wrong.
2. Losses divide by the number of samples. Do layers?
3. The bias is added to each row, so its derivative is a sum over the rows.
"""

import numpy as np


def forward(x, weight, bias):
    """Return y (n, m)."""
    return x @ weight + bias


def backward(dy, x, weight):
    """Return dx (n, k), dweight (k, m) and dbias (m,)."""
    dx = dy @ weight.T
    dweight = x.T @ dy
    dbias = dy.sum(axis=0)  # bug: dbias = dy.mean(axis=0)
    return dx, dweight, dbias
