"""The cross-entropy of a softmax, from logits (chapter 4).

logits (n, classes) and labels (n,), whole numbers. With p = softmax(logits) of a row, its loss is
-ln p[label]. The loss of the batch is the mean over its rows. Logits of 1000 must not overflow.

1. -ln p[c] is ln(sum of e^l) - l[c]. No probability is needed for that.
2. Subtract the largest logit of each row from all of them: it changes neither the loss nor the
   probabilities.
3. The derivative of ln(sum of e^l) is the softmax. That of -l[c] is -1, at c alone. Do not forget
   the mean.
"""

import numpy as np


def loss(logits, labels):
    """Return the mean loss, a number."""
    # write
    shifted = logits - logits.max(axis=1, keepdims=True)
    return (np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]).mean()
    # end


def gradient(logits, labels):
    """Return the derivative of the loss with respect to the logits (n, classes)."""
    # write
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(labels)), labels] -= 1
    return p / len(labels)
    # end
