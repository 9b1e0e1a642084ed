"""The Fréchet distance: how far apart the Gaussians fitted to two sets of features lie."""

import numpy as np

from npgan.metrics.checks import sets
from npgan.ops.normalisation import centre

__all__ = ["frechet_distance"]


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    r"""Return the (squared) Fréchet distance of the Gaussians fitted to two sets of features.

    .. math:: d^2 = |\mu_a - \mu_b|^2
        + \operatorname{tr}\bigl(\Sigma_a + \Sigma_b - 2(\Sigma_a\Sigma_b)^{1/2}\bigr)

    :math:`\mu` are the means and :math:`\Sigma` the unbiased covariances. The product's root is
    not symmetric, but its trace is the sum of the singular values of
    :math:`\Sigma_a^{1/2}\Sigma_b^{1/2}`: their squares are the eigenvalues of
    :math:`\Sigma_a^{1/2}\Sigma_b\Sigma_a^{1/2}`, which are those of :math:`\Sigma_a\Sigma_b`. In place of the roots
    any factors do, :math:`\Sigma = FF^\top`: the singular values are then those of :math:`F_a^\top F_b`.
    Sources: Dowson and Landau 1982; Heusel et al. 2017, eq. 6.

    Parameters
    ----------
    a, b : (n, d) and (m, d), with at least two rows each

    Examples
    --------
    >>> a = np.array([[-1.0], [0.0], [1.0]])
    >>> round(frechet_distance(a, 3 * a + 5), 9)  # 5² + (3 - 1)²
    29.0
    """
    a, b = (np.asarray(x, np.float64) for x in sets(rows=2, a=a, b=b))
    origin = a.mean(axis=0)
    (a, mean_a), (b, mean_b) = (centre(x - origin, 0) for x in (a, b))
    factor_a, factor_b = _factor_of_covariance(a), _factor_of_covariance(b)
    means = np.square(mean_a - mean_b).sum()
    traces = np.square(factor_a).sum() + np.square(factor_b).sum()
    return float(means + traces - 2 * np.linalg.norm(factor_a.T @ factor_b, "nuc"))


def _factor_of_covariance(x: np.ndarray) -> np.ndarray:
    r"""Return F with :math:`FF^\top = \Sigma`, of x (n, d) of mean 0: x itself if that is the smaller matrix.

    Otherwise it is :math:`\Sigma^{1/2} = V\operatorname{diag}(\sqrt\lambda)V^\top`.
    """
    n, d = x.shape
    if n <= d:
        return x.T / np.sqrt(n - 1)
    values, vectors = np.linalg.eigh(x.T @ x / (n - 1))
    return vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
