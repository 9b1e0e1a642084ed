"""Find the bug: the reparameterisation (chapter 7).

z = mean + sigma eps, with sigma = e^(log_var / 2).

1. npgan exercise 18 --check says which factor is wrong.
2. Differentiate e^(s / 2) with respect to s.
3. The chain rule gives 1/2.
"""

import numpy as np


def forward(mean, log_var, eps):
    """Return z."""
    return mean + np.exp(log_var / 2) * eps


def backward(dz, log_var, eps):
    """Return dmean and dlog_var."""
    sigma = np.exp(log_var / 2)
    dlog_var = dz * eps * sigma / 2  # bug: dlog_var = dz * eps * sigma
    return dz.copy(), dlog_var
