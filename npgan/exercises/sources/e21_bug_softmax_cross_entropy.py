"""Find the bug: the gradient of the softmax cross-entropy (chapter 4).

logits (n, classes) and labels (n,), whole numbers. The loss is the mean of -ln p[label] over the
rows.

1. The loss is right.
2. The derivatives of a row must sum to 0.
3. Over which axis does a softmax sum?
"""

import numpy as np


def loss(logits, labels):
    """Return the mean loss, a number."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return (np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]).mean()


def gradient(logits, labels):
    """Return the derivative of the loss with respect to the logits (n, classes)."""
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)  # bug: p /= p.sum()
    p[np.arange(len(labels)), labels] -= 1
    return p / len(labels)
