"""The KL divergence of normal distributions from the standard one (chapter 7).

mean and log_var (n, d). The divergence of N(mean, sigma^2) from N(0, 1) is (mean^2 + sigma^2 - 1 -
ln sigma^2) / 2. It is summed over d and averaged over the n rows.

1. sigma^2 is e^log_var, and its logarithm is log_var itself.
2. A sum over d and a mean over n: divide by n, and not by n d.
3. e^log_var is its own derivative.
"""

import numpy as np


def divergence(mean, log_var):
    """Return the divergence, a number."""
    # write
    return (mean**2 + np.exp(log_var) - 1 - log_var).sum() / (2 * len(mean))
    # end


def gradient(mean, log_var):
    """Return the derivatives with respect to the mean and to log_var."""
    # write
    return mean / len(mean), (np.exp(log_var) - 1) / (2 * len(mean))
    # end
