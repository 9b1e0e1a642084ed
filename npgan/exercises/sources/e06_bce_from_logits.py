"""The binary cross-entropy, from logits (chapter 4).

logits and labels (n,); a label is 0 or 1. With p = sigma(logit) the loss of a sample is -ln p if
the label is 1, and -ln(1 - p) if it is 0. The loss of the batch is the mean. Logits of 1000 and
-1000 must give no overflow.

1. -ln sigma(l) is ln(1 + e^-l), and -ln(1 - sigma(l)) is ln(1 + e^l), which is ln(1 + e^-l) + l.
2. So the loss is ln(1 + e^l) - t l. For large l take l out: ln(1 + e^l) = max(l, 0) + ln(1 +
   e^-|l|).
3. The derivative is sigma(l) - t, divided by n. np.tanh never overflows: sigma(l) = (1 + tanh(l /
   2)) / 2.
"""

import numpy as np


def loss(logits, labels):
    """Return the mean loss, a number."""
    # write
    return (np.maximum(logits, 0) + np.log1p(np.exp(-abs(logits))) - labels * logits).mean()
    # end


def gradient(logits, labels):
    """Return the derivative of the loss with respect to the logits (n,)."""
    # write
    return ((1 + np.tanh(logits / 2)) / 2 - labels) / len(logits)
    # end
