"""Find the bug: the sigmoid (chapter 4).

y = 1 / (1 + e^-x). The backward pass is given y, and not x.

1. The derivative of the sigmoid is y (1 - y).
2. What is handed to the backward pass?
3. y is already the sigmoid. It must not be put through it again.
"""

import numpy as np


def forward(x):
    """Return y."""
    return 1 / (1 + np.exp(-x))


def backward(dy, y):
    """Return dx."""
    s = y  # bug: s = 1 / (1 + np.exp(-y))
    return dy * s * (1 - s)
