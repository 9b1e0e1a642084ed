"""The reparameterisation of a normal draw (chapter 7).

z = mean + sigma eps, with sigma = e^(log_var / 2). All arrays are (n, d). eps was drawn and stays
fixed.

1. log_var is the logarithm of the variance, so half of it is that of sigma.
2. The derivative of z with respect to the mean is 1.
3. The derivative of e^(s / 2) with respect to s is half of itself.
"""

import numpy as np


def forward(mean, log_var, eps):
    """Return z."""
    # write
    return mean + np.exp(log_var / 2) * eps
    # end


def backward(dz, log_var, eps):
    """Return dmean and dlog_var."""
    # write
    return dz.copy(), dz * eps * np.exp(log_var / 2) / 2
    # end
