"""One network by hand, forwards and backwards (chapter 2).

x (k,) is one row of inputs, W1 (k, m) and W2 (m,) are the weights. The network computes z = x W1,
h = max(z, 0) and the logit l = h W2. The label is 1, so that the loss is -ln sigma(l) =
ln(1 + e^-l).

1. Forwards, keep z and h. Backwards begins with delta = sigma(l) - 1, a single number.
2. dW2 = delta h and dh = delta W2. The ReLU lets dh through where z is positive: that is dz.
3. A weight of W1 has the derivative x_i dz_j (np.outer), and dx_i is the sum of (W1)_ij dz_j over j.
"""

import numpy as np


def loss(x, W1, W2):
    """Return the loss, a number."""
    # write
    return np.log(1 + np.exp(-np.maximum(x @ W1, 0) @ W2))
    # end


def gradient(x, W1, W2):
    """Return dx (k,), dW1 (k, m) and dW2 (m,)."""
    # write
    z = x @ W1
    h = np.maximum(z, 0)
    delta = 1 / (1 + np.exp(-(h @ W2))) - 1
    dz = delta * W2 * (z > 0)
    return W1 @ dz, np.outer(x, dz), delta * h
    # end
